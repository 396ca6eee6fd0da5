"""The labelled pages: gold v1 laid over our own blocks."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from paywallclf.api import parse_html
from paywallclf.document import Document
from training.align import align

#: The label of a block that counts for neither side.
ANY = "any"


@dataclass(frozen=True, slots=True)
class GoldBlock:
    """A block of the gold standard: its text, label and kind, and our blocks that hold its text with the shared characters."""

    text: str
    label: str
    kind: str | None
    ours: dict[int, int]


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page of the corpus with labels on our own blocks.

    Attributes
    ----------
    id, source, group, language, type : str
        As in the corpus; `language` is ``"unknown"`` where the page states none.
    reviewed, body_known : bool
        Whether promos were searched for; whether editorial and other are told apart.
    document : Document
    labels : list of str
        For each of our blocks: editorial, promo, other, not_promo or any. A block whose text is not in gold reads any.
    kinds : list of str or None
    gold : list of GoldBlock
    """

    id: str
    source: str
    group: str
    language: str
    type: str
    reviewed: bool
    body_known: bool
    document: Document
    labels: list[str]
    kinds: list[str | None]
    gold: list[GoldBlock]


@dataclass(slots=True)
class Alignment:
    """How much of the gold standard stands in our blocks: counts of gold blocks, and of those whose text was found."""

    pages: int = 0
    blocks: int = 0
    blocks_aligned: int = 0
    promos: int = 0
    promos_aligned: int = 0


def default_folder() -> Path:
    """Where the corpus lies: ``PAYWALLCLF_CORPUS``, or ``../shared/corpus`` beside the repository."""
    return Path(os.environ.get("PAYWALLCLF_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")


def load(folder: Path) -> Iterator[LabelledPage]:
    """The pages of a corpus folder (``gold.jsonl.gz`` and ``pages/``), in its order."""
    for row in read_rows(folder):
        yield label_page(row, read_page(folder, row["page"]))


def read_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The gold standard of a corpus folder, a page a row."""
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_page(folder: Path, name: str) -> str:
    """The HTML of a page."""
    return gzip.decompress((folder / "pages" / f"{name}.html.gz").read_bytes()).decode("utf-8")


def label_page(page: dict[str, Any], html: str) -> LabelledPage:
    """Lay a page's gold labels over our blocks: each block takes the label that most of its characters have."""
    document = parse_html(html)
    texts = [block.text for block in document.blocks]
    gold = [
        GoldBlock(block["text"], block["label"], block.get("kind"), ours)
        for block, ours in zip(page["blocks"], align(texts, [block["text"] for block in page["blocks"]]), strict=True)
    ]
    votes: list[Counter[tuple[str, str | None]]] = [Counter() for _ in texts]
    for block in gold:
        for index, shared in block.ours.items():
            votes[index][block.label, block.kind] += shared
    decided = [vote.most_common(1)[0][0] if vote else (ANY, None) for vote in votes]
    return LabelledPage(
        id=page["page"],
        source=page["source"],
        group=page["group"],
        language=page["lang"] or "unknown",
        type=page["type"] or "unknown",
        reviewed=page["reviewed"],
        body_known=page["body_known"],
        document=document,
        labels=[label for label, _ in decided],
        kinds=[kind if label == "promo" else None for label, kind in decided],
        gold=gold,
    )


def labels_of(page: LabelledPage) -> list[str]:
    """A page's labels as `PaywallClassifier.fit` takes them.

    On a page where nobody searched for promos every block is left out; where the body is not known, what is no promo is
    only that.
    """
    if not page.reviewed:
        return [ANY] * len(page.labels)
    return [
        f"promo:{kind}" if label == "promo" and kind else label for label, kind in zip(page.labels, page.kinds, strict=True)
    ]


def alignment(pages: Iterable[LabelledPage]) -> dict[str, Alignment]:
    """By source, and over ``all``."""
    found: dict[str, Alignment] = {}
    for page in pages:
        promos = [bool(block.ours) for block in page.gold if block.label == "promo"]
        counts = (1, len(page.gold), sum(bool(block.ours) for block in page.gold), len(promos), sum(promos))
        for key in (page.source, "all"):
            found[key] = Alignment(*map(sum, zip(astuple(found.get(key, Alignment())), counts, strict=True)))
    return dict(sorted(found.items(), key=lambda item: (item[0] == "all", item[0])))
