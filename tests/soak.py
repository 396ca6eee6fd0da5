"""A soak: ``python tests/soak.py [--pages 100000] [--jobs 1]`` cleans many pages, and counts what went in and what came out.

The pages of the corpus (``PAYWALLCLF_CORPUS``, or ``../shared/corpus``), or where it is not, the project's own: each as it is, then
mutated ones. Ends with an error if a page is missing or failed, if the output is not the input without the blocks that were to
go, or if memory grows. On the pages as they are, every editorial block is counted as kept or dropped.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import random
import re
import sys
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # for training/, which is not installed

from paywallclf import api, classify_html, clean_many, parse_html
from paywallclf.labels import read_labels
from training import corpus

ROOT = Path(__file__).parents[1]

#: A page's source, and if it is known a label for each of its blocks.
Page = tuple[str, list[str | None] | None]

#: Memory may grow by so much, in parts and in MB, from when all pages were seen once to the end.
GROWTH, GROWTH_MB = 0.15, 50
#: Of the mutated pages, one in so many is read again to see what is missing.
CHECKED = 20
SAMPLES = 20

_TAG = re.compile(r"<[^>]*>")


@dataclass
class Report:
    """What came out."""

    pages: int = 0
    checked: int = 0
    faults: list[str] = field(default_factory=list)
    #: Of the pages as they are, by whether the blocks were kept or dropped: editorial blocks and their words.
    editorial: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)


def main() -> None:
    """Clean, count, and say what was counted."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # pages that are left as they are, or lose nearly all
    sound = _corpus_pages() if (corpus.default_folder() / "gold.jsonl.gz").exists() else _own_pages()
    report = soak(sound, options.pages, options.jobs, random.Random(options.seed))
    _print(report)
    sys.exit(bool(report.faults))


def _corpus_pages() -> tuple[Callable[[], Iterator[Page]], list[Path]]:
    folder = corpus.default_folder()

    def pages() -> Iterator[Page]:
        for row in corpus.read_rows(folder):
            html = corpus.read_page(folder, row["page"])
            labels = corpus.label_page(row, html).labels
            # where the body is not known, what is no promo is not told apart
            yield html, list(labels) if row["body_known"] else None

    return pages, sorted((folder / "pages").rglob("*.html.gz"))


def _own_pages() -> tuple[Callable[[], Iterator[Page]], list[Path]]:
    folder = ROOT / "datasets" / "pages"

    def pages() -> Iterator[Page]:
        for found in read_labels(folder / "labels.jsonl"):
            yield found.document.source, list(found.labels)

    return pages, sorted(folder.glob("*.html"))


def soak(sound: tuple[Callable[[], Iterator[Page]], list[Path]], n: int, n_jobs: int, rng: random.Random) -> Report:
    """Clean n pages: those that are sound once, then mutations of them."""
    pages, paths = sound
    waiting: deque[tuple[str | bytes, list[str | None] | None, bool]] = deque()
    report = Report()
    n_sound = 0

    def source() -> Iterator[str | bytes]:
        nonlocal n_sound
        for html, labels in pages():
            if n_sound == n:
                return
            n_sound += 1
            waiting.append((html, labels, True))
            yield html
        for number in range(n - n_sound):
            page = mutated(rng, _read(rng.choice(paths)), _read(rng.choice(paths)))
            checked = number % CHECKED == 0
            waiting.append((page if checked else "", None, checked))
            yield page

    start = time.monotonic()
    for result in clean_many(source(), n_jobs=n_jobs):
        page, labels, checked = waiting.popleft()
        if result.index != report.pages or result.error is not None or type(result.output) is not str:
            report.faults.append(f"page {report.pages}: {result.index}, {result.error!r}, {type(result.output).__name__}")
        elif checked:
            report.checked += 1
            _check(report, page, labels, result.output)
        report.pages += 1
        if report.pages % max(n // SAMPLES, 1) == 0 and report.pages >= n_sound:
            report.memory.append(_memory())
            minutes = (time.monotonic() - start) / 60
            print(f"{report.pages:>8,} pages  {minutes:6.1f} min  {report.memory[-1]:6.0f} MB", flush=True)
    if report.pages != n or waiting:
        report.faults.append(f"{n} pages were to go in, {report.pages} came out, {len(waiting)} are missing")
    if report.memory and report.memory[-1] > report.memory[0] * (1 + GROWTH) + GROWTH_MB:
        report.faults.append(f"memory grew from {report.memory[0]:.0f} to {report.memory[-1]:.0f} MB")
    return report


def _read(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


def mutated(rng: random.Random, page: str, other: str) -> str | bytes:
    """The page cut short, spliced to another, without some of its tags, or with some of its bytes changed."""
    at = rng.randrange(len(page) + 1)
    match rng.randrange(4):
        case 0:
            return page[:at]
        case 1:
            return page[:at] + other[rng.randrange(len(other) + 1) :]
        case 2:
            return _TAG.sub(lambda tag: "" if rng.random() < 0.03 else tag[0], page)
        case _:
            data = bytearray(page.encode())
            for _ in range(rng.randrange(1, 20) if data else 0):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return bytes(data)


def _check(report: Report, page: str | bytes, labels: list[str | None] | None, output: str) -> None:
    """The output holds the blocks that were to stay, in order, and no others."""
    document = classify_html(page)
    rewritable = api._read(document.source, None).segments.rewritable  # else it comes back as it is
    gone = {block.index for block in document.dropped()} if rewritable else set()
    kept = [block.text for block in document.blocks if block.index not in gone]
    found = [block.text for block in parse_html(output).blocks]
    if found != kept:
        report.faults.append(f"page {report.pages}: {len(kept)} blocks were to stay, {len(found)} did, or others")
    if labels is None:
        return
    for block, label in zip(document.blocks, labels, strict=True):
        if label == "editorial":
            outcome = "dropped" if block.index in gone else "kept"
            report.editorial[outcome] += 1
            report.words[outcome] += len(block.text.split())


def _memory() -> float:
    """Resident memory of this process and its workers, in MB."""
    total = 0
    for pid in ("self", *(child.pid for child in multiprocessing.active_children())):
        total += int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return total * 4096 / 1e6


def _print(report: Report) -> None:
    blocks, words = report.editorial.total(), report.words.total()
    print(f"pages in and out           {report.pages:,}")
    print(f"of them read again         {report.checked:,}")
    print(f"editorial blocks           {blocks:,}: {report.editorial['kept']:,} kept, {report.editorial['dropped']:,} dropped")
    print(
        f"editorial words            {words:,}: {report.words['dropped']:,} dropped ({report.words['dropped'] / max(words, 1):.3%})"
    )
    if report.memory:
        print(
            f"memory                     {report.memory[0]:.0f} MB after all were seen once, {report.memory[-1]:.0f} MB at the end"
        )
    print("faults                     " + json.dumps(report.faults[:20]) + f" ({len(report.faults)})")


if __name__ == "__main__":
    main()
