"""The label file format: read, check, write.

JSON lines in UTF-8, a document a line: ``{"id", "group"?, "html" | "text" | "path", "labels": [{"fingerprint" | "index",
"label", "kind"?}]}``. A path is of an HTML file, relative to the label file. A block that no entry names is left out of training
and evaluation. The short form, a block a line: ``{"text", "label", "kind"?, "group"?}``; each is a text of one block. The short
form may also be CSV, with these names in its first line. A row of any form may name its "language", else it is what the page states.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paywallclf.api import parse_html, parse_text
from paywallclf.document import KINDS, LABELS, Document, fold

#: Labels that a file may give: those of a block, not known which of two, and don't care.
FILE_LABELS = (*LABELS, "not_promo", "any")

#: Ends of the names of files that are read as CSV, and the marks that may part their cells.
CSV_SUFFIXES = (".csv", ".tsv")
_DELIMITERS = ",;\t"
_NOT_UTF8 = "not UTF-8: save the table as CSV in UTF-8"

#: Of the problems of one row, as many are told.
_MOST_REASONS = 3

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


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of a label file that cannot be used.

    Attributes
    ----------
    path : Path
    line : int
        From 1; of a row of several lines, the first.
    reason : str
    """

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


def read_labels(path: str | Path) -> Iterator[LabelledDocument]:
    """The labelled documents of a file, in its order.

    Raises
    ------
    LabelError
        At the first line that does not follow the format; `check_labels` goes on.
    OSError
        The file cannot be read.
    """
    for found in check_labels(path):
        if isinstance(found, Problem):
            raise LabelError(str(found))
        yield found


def check_labels(path: str | Path) -> Iterator[LabelledDocument | Problem]:
    """The labelled documents of a file, in its order, and in place of each row that cannot be used the reason.

    Parameters
    ----------
    path : str or Path
        CSV by the end of its name (``.csv``, ``.tsv``), else JSON lines.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    path = Path(path)
    for number, row in (_csv_rows if path.suffix.lower() in CSV_SUFFIXES else _json_rows)(path):
        try:
            if isinstance(row, LabelError):
                raise row
            yield _read_row(row, path, number)
        except OSError as error:
            yield Problem(path, number, f"{error.filename}: {error.strerror or error}")
        except KeyError as error:
            yield Problem(path, number, f"{error} is missing")
        except ValueError as error:
            yield Problem(path, number, str(error))


#: The number of the line, and the row or why there is none.
_Numbered = Iterator[tuple[int, Any]]


def _json_rows(path: Path) -> _Numbered:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _parsed(line)


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return LabelError(f"not UTF-8 (byte {error.start} of the line)")
    except RecursionError:
        return LabelError("not JSON that can be read: nested too deep")
    except json.JSONDecodeError as error:
        return LabelError(f"not JSON ({error.msg} at character {error.pos + 1} of the line)")
    except ValueError as error:  # a number of thousands of digits
        return LabelError(f"not JSON ({error})")


def _csv_rows(path: Path) -> _Numbered:
    # a byte that is no UTF-8 becomes half a surrogate pair, so that only its own row is lost
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
        first = lines.readline()
        delimiter = max(_DELIMITERS, key=first.count)
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
        if _SURROGATE.search(first) or "\0" in first:
            yield 1, LabelError(_NOT_UTF8)
            return
        if not {"text", "label"} <= set(names):
            yield (
                1,
                LabelError(
                    f"the first line must name the columns text, label, and if need be kind and group, not {first!r:.60}"
                ),
            )
            return
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            number = reader.line_num + 2
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, LabelError(f"not CSV ({error})")
                continue
            if any(cell.strip() for cell in cells):
                yield number, _named(names, cells)


def _named(names: list[str], cells: list[str]) -> Any:
    if len(cells) != len(names):
        return LabelError(f"the row has {len(cells)} cells, the first line {len(names)}: quote a text that holds the delimiter")
    if any(_SURROGATE.search(cell) for cell in cells):
        return LabelError(_NOT_UTF8)
    row = dict(zip(names, cells, strict=True))
    # an empty cell says nothing; a spreadsheet has one in every column
    given = {name: row[name].strip() for name in ("label", "kind", "group", "language") if row.get(name, "").strip()}
    return {"label": "", "text": row["text"], **given}


def _read_row(row: Any, path: Path, number: int) -> LabelledDocument:
    _check_type(row, dict, "the line")
    if "label" in row:  # the short form
        document = parse_text(fold(_check_type(row["text"], str, "text")))
        if not document.blocks:
            raise ValueError("text is empty")
        identity = f"{path.name}:{number}"
        return LabelledDocument(identity, _read_group(row, identity), _in_language(document, row), (_read_label(row),))
    identity = _read_name(row["id"], "id")
    document = _read_document(row, path.parent)
    labels = _read_entries(_check_type(row["labels"], list, "labels"), document)
    return LabelledDocument(identity, _read_group(row, identity), _in_language(document, row), tuple(labels))


def _in_language(document: Document, row: dict[str, Any]) -> Document:
    if row.get("language") is None:
        return document
    return replace(document, language=_check_type(row["language"], str, "language"))


def _read_group(row: dict[str, Any], identity: str) -> str:
    return identity if row.get("group") is None else _read_name(row["group"], "group")


def _read_name(value: Any, name: str) -> str:
    if not isinstance(value, (str, int)):
        raise ValueError(f"{name} must be a string, not {value!r:.60}")
    return str(value)


def _read_document(row: dict[str, Any], folder: Path) -> Document:
    sources = [name for name in ("html", "text", "path") if name in row]
    if len(sources) != 1:
        raise ValueError("one of html, text and path must be there, and no other")
    source = _check_type(row[sources[0]], str, sources[0])
    if sources[0] == "path":
        path = folder / source
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe or a device might never end
            raise ValueError(f"{source!r:.60} is no file")
        return parse_html(path.read_bytes())
    return parse_html(source) if sources[0] == "html" else parse_text(source)


def _read_entries(entries: list[Any], document: Document) -> list[str | None]:
    """A label for each block; None for those that no entry names."""
    places: dict[Any, int] = {block.fingerprint: block.index for block in document.blocks}
    labels: list[str | None] = [None] * len(document.blocks)
    reasons: list[str] = []
    for entry in entries:
        try:
            _read_entry(_check_type(entry, dict, "an entry of labels"), places, labels)
        except KeyError as error:
            reasons.append(f"{error} is missing in an entry of labels")
        except ValueError as error:
            reasons.append(str(error))
    if reasons:
        more = len(reasons) - _MOST_REASONS
        raise ValueError("; ".join(reasons[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else ""))
    return labels


def _read_entry(entry: dict[str, Any], places: dict[Any, int], labels: list[str | None]) -> None:
    named = "fingerprint" if "fingerprint" in entry else "index"
    value = entry[named]
    index = value if named == "index" else places.get(value) if isinstance(value, str) else None
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(labels):
        changed = ": it is not the document that was labelled; label it again" if named == "fingerprint" else ""
        raise ValueError(f"the document has no block with {named} {value!r:.60}{changed}")
    label = _read_label(entry)
    if labels[index] not in (None, label):
        raise ValueError(f"the block with {named} {value!r} is labelled both {labels[index]} and {label}")
    labels[index] = label


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
