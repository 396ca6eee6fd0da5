"""The label file format: read, check, write.

JSON lines in UTF-8, a document a line: ``{"id", "group", "html" | "text" | "path", "labels": [{"fingerprint" | "index", "label",
"kind"?}]}``. A path is relative to the file. A block that no row names is left out of training and evaluation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywallclf.api import parse_html, parse_text
from paywallclf.document import KINDS, LABELS, Document

#: Labels that a file may give: those of a block, not known which of two, and don't care.
FILE_LABELS = (*LABELS, "not_promo", "any")


class LabelError(ValueError):
    """A label file that cannot be used; the message names the file, the line and the reason."""


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A document and its labels, as `PaywallClassifier.fit` takes them.

    Attributes
    ----------
    id, group : str
        The group is the id where the file gives none.
    document : Document
    labels : tuple of (str or None)
        For each block a label, ``promo:KIND``, or None.
    """

    id: str
    group: str
    document: Document
    labels: tuple[str | None, ...]


def read_labels(path: str | Path) -> Iterator[LabelledDocument]:
    """The labelled documents of a file, in its order.

    Raises
    ------
    LabelError
        At the first line that does not follow the format.
    OSError
        The file cannot be read.
    """
    path = Path(path)
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _read_row(json.loads(line), path.parent)
                except (ValueError, KeyError, TypeError, OSError) as error:
                    reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                    raise LabelError(f"{path}:{number}: {reason}") from None


def _read_row(row: Any, folder: Path) -> LabelledDocument:
    if not isinstance(row, dict):
        raise ValueError("expected a JSON object")
    if "html" in row:
        document = parse_html(row["html"])
    elif "text" in row:
        document = parse_text(row["text"])
    elif "path" in row:
        document = parse_html((folder / row["path"]).read_bytes())
    else:
        raise ValueError("one of html, text and path must be there")
    places = {block.fingerprint: block.index for block in document.blocks}
    labels: list[str | None] = [None] * len(document.blocks)
    for entry in row["labels"]:
        index = places.get(entry["fingerprint"]) if "fingerprint" in entry else entry["index"]
        if not isinstance(index, int) or not 0 <= index < len(labels):
            raise ValueError(f"no such block: {entry.get('fingerprint', index)!r}")
        labels[index] = check_label(entry["label"], entry.get("kind"))
    identity = str(row["id"])
    return LabelledDocument(identity, str(row.get("group", identity)), document, tuple(labels))


def check_label(label: str, kind: str | None = None) -> str:
    """A label as `PaywallClassifier.fit` takes it: ``promo`` with its kind as ``promo:KIND``.

    Raises
    ------
    ValueError
        There is no such label or kind.
    """
    if label not in FILE_LABELS:
        raise ValueError(f"no such label: {label!r}; expected one of {', '.join(FILE_LABELS)}")
    if label != "promo" or kind is None:
        return label
    if kind not in KINDS:
        raise ValueError(f"no such kind: {kind!r}; expected one of {', '.join(KINDS)}")
    return f"promo:{kind}"


def write_labels(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows of the format, one a line."""
    with Path(path).open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
