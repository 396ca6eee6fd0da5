"""The label file format: read, check, write.

JSON lines in UTF-8, a document a line: ``{"id", "group"?, "html" | "text" | "path", "labels": [{"fingerprint" | "index",
"label", "kind"?}]}``. A path is of an HTML file, relative to the label file. A block that no entry names is left out of training
and evaluation. The short form, a block a line: ``{"text", "label", "kind"?, "group"?}``; each is a text of one block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywallclf.api import parse_html, parse_text
from paywallclf.document import KINDS, LABELS, Document, fold

#: Labels that a file may give: those of a block, not known which of two, and don't care.
FILE_LABELS = (*LABELS, "not_promo", "any")

_SURROGATE = re.compile("[\ud800-\udfff]")


class LabelError(ValueError):
    """A label file that cannot be used; the message names the file, the line and the reason."""


@dataclass(frozen=True, slots=True)
class LabelledDocument:
    """A document and its labels, as `PaywallClassifier.fit` takes them.

    Attributes
    ----------
    id, group : str
        In the short form, the id is the file's name and the line. The group is the id where the file gives none.
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
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json.loads(line.decode("utf-8-sig"))
                    yield _read_row(row, path, number)
                except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
                    reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                    raise LabelError(f"{path}:{number}: {reason}") from None


def _read_row(row: Any, path: Path, number: int) -> LabelledDocument:
    _check_type(row, dict, "the line")
    if "label" in row:  # the short form
        document = parse_text(fold(_check_type(row["text"], str, "text")))
        if not document.blocks:
            raise ValueError("text is empty")
        identity = f"{path.name}:{number}"
        return LabelledDocument(identity, str(row.get("group", identity)), document, (_read_label(row),))
    identity = str(row["id"])
    document = _read_document(row, path.parent)
    labels = _read_entries(_check_type(row["labels"], list, "labels"), document)
    return LabelledDocument(identity, str(row.get("group", identity)), document, tuple(labels))


def _read_document(row: dict[str, Any], folder: Path) -> Document:
    sources = [name for name in ("html", "text", "path") if name in row]
    if len(sources) != 1:
        raise ValueError("one of html, text and path must be there, and no other")
    source = _check_type(row[sources[0]], str, sources[0])
    if sources[0] == "path":
        return parse_html((folder / source).read_bytes())
    return parse_html(source) if sources[0] == "html" else parse_text(source)


def _read_entries(entries: list[Any], document: Document) -> list[str | None]:
    """A label for each block; None for those that no entry names."""
    places = {block.fingerprint: block.index for block in document.blocks}
    labels: list[str | None] = [None] * len(document.blocks)
    for entry in entries:
        _check_type(entry, dict, "an entry of labels")
        named = "fingerprint" if "fingerprint" in entry else "index"
        index = places.get(entry[named]) if named == "fingerprint" else entry[named]
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(labels):
            raise ValueError(f"the document has no block with {named} {entry[named]!r}")
        label = _read_label(entry)
        if labels[index] not in (None, label):
            raise ValueError(f"the block with {named} {entry[named]!r} is labelled both {labels[index]} and {label}")
        labels[index] = label
    return labels


def _read_label(entry: dict[str, Any]) -> str:
    return check_label(entry["label"], entry.get("kind"))


def _check_type(value: Any, expected: type, name: str) -> Any:
    names: dict[type, str] = {dict: "a JSON object", list: "a list", str: "a string"}
    if not isinstance(value, expected):
        raise ValueError(f"{name} must be {names[expected]}, not {value!r:.60}")
    return value


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
    with Path(path).open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False)
            # half a surrogate pair, as broken pages have them, is no UTF-8; escaped it comes back as it was
            file.write((json.dumps(row) if _SURROGATE.search(line) else line) + "\n")
