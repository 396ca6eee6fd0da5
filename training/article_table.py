"""The table of article mode: how well ``drop=("promo", "other")`` finds the editorial text, against an extractor."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from paywallclf import PaywallClassifier, PaywallWarning, classify_html, clean_html, parse_html, render
from paywallclf.evaluation import Estimate, is_long_enough, rate
from paywallclf.scoring import Model
from training import peers
from training.corpus import LabelledPage
from training.folds import fold_of_pages
from training.tables import Tables

PEER, TEXT, HTML = "trafilatura", "paywallclf, as text", "paywallclf, as HTML"

#: Words in a shingle, as in the ScrapingHub benchmark.
SHINGLE = 4

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """How the words (or shingles) of an output agree with the gold text."""

    found: int
    extra: int
    missing: int

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.extra) if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missing) if self.found else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.found / (2 * self.found + self.extra + self.missing) if self.found else 0.0


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one tool's output of one page is worth."""

    words: Overlap
    shingles: Overlap
    leaks: list[bool]
    """For each gold promo that is long enough to count, whether it stands in the output."""
    headline: bool | None
    """Whether the first h1 that is no promo stands in the output; None on a page without one."""
    empty: bool


def overlap(gold: str, either: str, output: str, n: int = 1) -> Overlap:
    """The overlap of two texts as bags of n-word shingles.

    Parameters
    ----------
    gold, output : str
        What is wanted, and what a tool gave.
    either : str
        Text that counts for neither side: that a tool gives it is no error, and neither that it does not.
    n : int
    """
    wanted, free, given = (_shingles(text, n) for text in (gold, either, output))
    found = (wanted & given).total()
    return Overlap(found, ((given - wanted) - free).total(), wanted.total() - found)


def _shingles(text: str, n: int) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return Counter(tuple(words[start : start + n]) for start in range(max(1, len(words) - n + 1))) if words else Counter()


def article_table(
    tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int, *, with_peers: bool
) -> None:
    """Article mode against trafilatura on the pages whose editorial text is known, over all and by type of page.

    Word F1 is the mean over pages of the F1 of bags of lower-case words (``\\w+``), as in the Web Content Extraction Benchmark
    that most of the pages come from. The F1 of 4-word shingles is computed as in the ScrapingHub article extraction benchmark:
    the harmonic mean of the mean precision (of pages with an output) and the mean recall. Text that gold counts for neither side
    (don't-care blocks, and captions and first headlines outside the source's own body) is left out of both.
    """
    known = [
        (page, models[of].model_)
        for page, of in zip(pages, fold_of_pages(pages), strict=True)
        if page.body_known and any(gold.label == "editorial" for gold in page.gold)
    ]
    names = [PEER] * (with_peers and PEER in peers.available()) + [TEXT, HTML]
    parts = Parallel(n_jobs=n_jobs)(delayed(_page)(page, model, names) for page, model in known)
    types = np.array([page.type for page, _ in known])
    groups = np.array([page.group for page, _ in known])
    tables.heading("Article mode: the editorial text found")
    rows = []
    for type_ in ("all", *(name for name, _ in Counter(types.tolist()).most_common())):
        chosen = np.flatnonzero((types == type_) | (type_ == "all"))
        of_type = [parts[index] for index in chosen]
        shown = names if type_ == "all" else [name for name in names if name != HTML]  # HTML and text hold the same blocks
        rows += [(type_, name, *_cells(of_type, groups[chosen], name, names[0])) for name in shown]
    header = (
        "type of page", "tool", "pages", "word F1", "precision", "recall", f"{SHINGLE}-word shingles F1",
        f"word F1, gain on {names[0]}", "promo blocks leaked", "headlines kept", "empty pages",
    )  # fmt: skip
    tables.table("article_mode", header, rows)


def _cells(parts: Sequence[dict[str, Extraction]], groups: NDArray[np.str_], name: str, other: str) -> tuple[Any, ...]:
    mine = [part[name] for part in parts]
    f1 = np.array([one.words.f1 for one in mine])
    gain = f1 - np.array([part[other].words.f1 for part in parts])
    leaks = [(leak, group) for one, group in zip(mine, groups, strict=True) for leak in one.leaks]
    headlines = [(one.headline, group) for one, group in zip(mine, groups, strict=True) if one.headline is not None]
    return (
        len(mine),
        _mean(f1, groups),
        float(np.mean([one.words.precision for one in mine])),
        float(np.mean([one.words.recall for one in mine])),
        _shingle_f1(mine),
        "-" if name == other else _mean(gain, groups),
        rate(*zip(*leaks, strict=True)) if leaks else "-",
        rate(*zip(*headlines, strict=True)) if headlines else "-",
        sum(one.empty for one in mine),
    )


def _mean(values: NDArray[np.float64], groups: NDArray[np.str_]) -> Estimate:
    found = rate(values, groups)
    return Estimate(found.value, found.low, found.high)


def _shingle_f1(extractions: Sequence[Extraction]) -> float:
    precision = float(np.mean([one.shingles.precision for one in extractions if not one.empty] or [0.0]))
    recall = float(np.mean([one.shingles.recall for one in extractions]))
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _page(page: LabelledPage, model: Model, names: Sequence[str]) -> dict[str, Extraction]:
    source, drop = page.document.source, ("promo", "other")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PaywallWarning)  # a short article on a large page is nearly nothing of it
        outputs = {
            TEXT: render(classify_html(source, model=model), drop=drop, form="text"),
            HTML: "\n".join(block.text for block in parse_html(clean_html(source, drop=drop, model=model)).blocks),
        }
    if PEER in names:
        outputs[PEER] = peers.trafilatura(source)
    return {name: _extraction(page, output) for name, output in outputs.items()}


def _extraction(page: LabelledPage, output: str) -> Extraction:
    gold = "\n".join(block.text for block in page.gold if block.label == "editorial")
    either = "\n".join(block.text for block in page.gold if block.label in ("any", "not_promo"))
    squeezed = peers.squeeze(output)
    headline = next(
        (
            block.text
            for block, label in zip(page.document.blocks, page.labels, strict=True)
            if block.tag == "h1" and label in ("editorial", "not_promo") and is_long_enough(block.text)
        ),
        None,
    )
    return Extraction(
        words=overlap(gold, either, output),
        shingles=overlap(gold, either, output, SHINGLE),
        leaks=[
            peers.is_in(block.text, squeezed)
            for block in page.gold
            if block.label == "promo" and page.reviewed and is_long_enough(block.text)
        ],
        headline=None if headline is None else peers.is_in(headline, squeezed),
        empty=not output.strip(),
    )
