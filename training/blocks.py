"""The blocks that were written for this project, as documents to learn words from: languages that the pages hardly show."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from paywallclf.document import Document, Layout, document
from paywallclf.labels import check_label

#: A file a language, named by it.
BLOCKS = Path(__file__).parents[1] / "datasets" / "blocks"

#: Blocks that make one document: about as many as an article has.
_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class WrittenBlocks:
    """Some blocks of one language that stand on no page."""

    language: str
    document: Document
    labels: list[str]


def read_blocks(folder: Path = BLOCKS, *, without: Collection[str] = ()) -> list[WrittenBlocks]:
    """The written blocks of a folder, some twenty a document, but for those of the languages `without`.

    A language is named as a page names it: ``zh`` stands for ``zh-Hans`` and ``zh-Hant``.
    """
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem.split("-")[0] in without:
            continue
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        for start in range(0, len(rows), _TOGETHER):
            some = rows[start : start + _TOGETHER]
            texts = [row["text"] for row in some]
            labels = [check_label(row["label"], row.get("kind")) for row in some]
            found.append(WrittenBlocks(path.stem, document("\n\n".join(texts), "text", Layout.of_text(texts)), labels))
    return found
