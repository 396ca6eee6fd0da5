"""Paths of the command line in, pages out: files, folders, standard input, and the records that they hold."""

from __future__ import annotations

import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paywallclf.cli import compression
from paywallclf.cli.messages import Messages

#: What a file holds, by the end of its name, .gz and .zst aside; a folder is searched for these. Other files and standard input
#: are looked into.
FORMS = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".txt": "text",
    ".jsonl": "jsonl", ".warc": "warc", ".parquet": "parquet",
}  # fmt: skip

#: Forms that hold any number of pages.
RECORDS = ("jsonl", "warc", "parquet")

#: The end of the name of a file that names the failed records of a run: no input, though it lies beside outputs.
ERRORS_SUFFIX = ".errors.jsonl"

#: Where a record stands that ends its input: after all others.
END = sys.maxsize

BOM = b"\xef\xbb\xbf"

#: What people give by mistake, by how it begins.
_FOREIGN = {
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"PK\x03\x04": "a ZIP file",
    b"\xd0\xcf\x11\xe0": "an Office document",
}

#: What JSON that is no JSON lines begins with: an array of documents, or a document over several lines.
_WHOLE_JSON = re.compile(rb"\s*(\[\s*[{\]]|\{\s*[\r\n])")

#: What could be a tag; in UTF-16 a NUL stands between.
_TAG = re.compile(rb"<\0?[a-zA-Z!/?]")

#: How far a document is looked into, in bytes, and the share of NULs from which it is no text.
_LOOKED, _NULS = 1 << 16, 1e-3


@dataclass(frozen=True, slots=True)
class Input:
    """A file, or standard input.

    Attributes
    ----------
    name : str
        The path as it was given or found; ``"-"`` for standard input.
    relative : Path
        The path below the folder that was given, else the file's name: where the output goes in an output folder.
    form : {"html", "text", "jsonl", "warc", "parquet"} or None
        None: decided by how it begins.
    number : int
        Its place among the inputs, from 0.
    """

    name: str
    relative: Path
    form: str | None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One document of an input.

    Attributes
    ----------
    input : Input
    where : str
        For messages: the input's name, with the number of the line or row, or in a WARC file the byte.
    source : str or bytes
    form : {"html", "text"}
    row : dict or None
        The record that it came in.
    record : int
        Its number among the input's records, from 1.
    """

    input: Input
    where: str
    source: str | bytes
    form: str
    row: dict[str, Any] | None = None
    record: int = 1


@dataclass(frozen=True, slots=True)
class Failure:
    """A record, or what is left of an input (its `record` is END), that could not be read.

    Attributes
    ----------
    input : Input
    where, reason : str
    record : int
    id : str or None
        What the record calls itself.
    """

    input: Input
    where: str
    reason: str
    record: int = END
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """Records of an input, up to a number, that are no pages: how many, by reason."""

    input: Input
    record: int
    reasons: Mapping[str, int]


Event = Page | Failure | Skipped


# -- which inputs ----------------------------------------------------------------------------------------------------------


def find_inputs(paths: Iterable[str], *, as_text: bool, skip: Path | None, messages: Messages) -> list[Input]:
    """The inputs that some paths name, those of a folder in the order of their names.

    Parameters
    ----------
    paths : iterable of str
        Files, folders (searched with their subfolders) and ``"-"``; none is standard input.
    as_text : bool
        What holds no records by its name is plain text.
    skip : Path, optional
        A folder not to search: that of the output.
    messages : Messages
        Told of folders that cannot be read.

    Raises
    ------
    ValueError
        A path does not exist, or a folder cannot be read or holds no file with an ending that is known.
    """
    inputs: list[Input] = []
    for path in paths or ("-",):
        if path == "-":
            inputs.append(Input("-", Path("stdin.html"), "text" if as_text else None, len(inputs)))
        elif os.path.isdir(path):
            found = [Path(file) for file in _search(path, skip, messages)]
            if not found:
                raise ValueError(f"{path}: no {', '.join(FORMS)} file in this folder")
            for file in found:
                inputs.append(Input(str(file), file.relative_to(path), _form(file, as_text), len(inputs)))
        elif os.path.exists(path):
            inputs.append(Input(path, Path(os.path.basename(path)), _form(Path(path), as_text), len(inputs)))
        else:
            raise ValueError(f"{path}: no such file or folder")
    return inputs


def _search(folder: str, skip: Path | None, messages: Messages) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        if error.filename == folder:
            raise ValueError(f"{folder}: {_reason(error, 0)}") from None
        messages.error(str(error.filename), _reason(error, 0))

    skipped = skip.resolve() if skip is not None else None
    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in sorted(folders) if skipped is None or Path(parent, name).resolve() != skipped]
        yield from (os.path.join(parent, name) for name in sorted(files) if _is_known(Path(name)))


def _is_known(path: Path) -> bool:
    return FORMS.get(plain_suffix(path)) is not None and not path.name.endswith(ERRORS_SUFFIX)


def plain_suffix(path: Path) -> str:
    """The end of a name in lower case, without what says that the file is compressed."""
    path = Path(path.name.lower())
    return (path.with_suffix("") if path.suffix in compression.SUFFIXES else path).suffix


def _form(path: Path, as_text: bool) -> str | None:
    form = FORMS.get(plain_suffix(path))
    return "text" if as_text and form not in RECORDS else form


def number_of_pages(inputs: Sequence[Input]) -> int | None:
    """How many pages the inputs hold, where that is known before they are read."""
    return None if any(source.form is None or source.form in RECORDS for source in inputs) else len(inputs)


# -- what they hold --------------------------------------------------------------------------------------------------------


def read_pages(inputs: Sequence[Input], *, messages: Messages) -> Iterator[Page]:
    """The pages of the inputs, each read when it is asked for; what cannot be read is told to `messages` and left out."""
    for event in read_events(inputs, messages=messages):
        if isinstance(event, Page):
            yield event
        elif isinstance(event, Failure):
            messages.error(event.where, event.reason)


def read_events(inputs: Sequence[Input], *, messages: Messages, after: tuple[int, int] = (0, 0)) -> Iterator[Event]:
    """The pages of the inputs, and what could not be read or is none, in order.

    Parameters
    ----------
    inputs : sequence of Input
    messages : Messages
        Told of label files.
    after : tuple of int
        Number of an input and of a record in it: what stands up to there is passed over.
    """
    first, last = after
    for source in inputs[first:]:
        done = last if source.number == first else 0
        if done == END:
            continue
        found = 0
        try:
            for event in _events(source, messages):
                found = event.record
                if found > done:
                    yield event
        except compression.ERRORS as error:
            yield Failure(source, source.name, _reason(error, found))


def _reason(error: BaseException, found: int) -> str:
    if isinstance(error, PermissionError):
        return "Permission denied: make it readable for this user"
    reason = getattr(error, "strerror", None) or str(error)
    if found:
        return f"damaged after record {found}: {reason}; fetch the file again"
    if isinstance(error, (EOFError, gzip.BadGzipFile, zlib.error)):
        return f"damaged: {reason}; fetch the file again"
    return reason


def _events(source: Input, messages: Messages) -> Iterator[Event]:
    with _opened(source) as raw:
        form, stream = _looked_into(source, raw)
        if form == "parquet":
            from paywallclf.cli import parquet

            yield from parquet.read(source)
        elif form == "warc":
            from paywallclf.cli import warc

            yield from warc.read(source, stream)
        elif form == "jsonl":
            from paywallclf.cli import jsonl

            yield from jsonl.read(source, stream, messages)
        else:
            data = stream.read()
            yield Page(source, source.name, data, form or _form_of(data))


@contextmanager
def _opened(source: Input) -> Iterator[io.BufferedReader]:
    if source.name != "-":
        with open(source.name, "rb") as stream:
            yield stream
    elif sys.stdin is None:
        raise OSError("standard input is closed")
    else:
        given: Any = sys.stdin.buffer
        # not closed, as it is not ours
        yield given if isinstance(given, io.BufferedReader) else io.BufferedReader(given)


def _looked_into(source: Input, raw: io.BufferedReader) -> tuple[str | None, io.BufferedReader]:
    """What an input holds (None: one document, HTML or text), and the stream to read that from."""
    if source.form in ("warc", "parquet"):
        return source.form, raw
    stream = compression.decompressed(raw)
    head = stream.peek(8)
    foreign = next((name for magic, name in _FOREIGN.items() if head.startswith(magic)), None)
    if foreign is not None:
        raise OSError(f"{foreign}: give pages as HTML, text, JSONL, WARC or Parquet")
    if source.form is not None:
        return source.form, stream
    if head.startswith(b"PAR1"):
        return "parquet", raw
    if head.startswith(b"WARC/"):
        if stream is not raw and raw.seekable():
            raw.seek(0)  # fastwarc is better at compressed records than we are: it knows where each begins
            stream = raw
        return "warc", stream
    if (table := plain_suffix(Path(source.name))) in (".csv", ".tsv"):
        raise OSError(f"a table ({table}): give its rows as JSON lines or Parquet")
    head = head.removeprefix(BOM)
    if _WHOLE_JSON.match(head):
        raise OSError("JSON, but no JSON lines: give a document a line, as jq -c '.[]' writes the elements of an array")
    return "jsonl" if head.lstrip().startswith(b"{") else None, stream


def _form_of(document: bytes) -> str:
    """Plain text, unless something in the document could be a tag."""
    head = document[:_LOOKED]
    nuls = head[::2].count(0), head[1::2].count(0)
    # the NULs of UTF-16 stand on one side of the characters
    if sum(nuls) > _NULS * len(head) and 10 * min(nuls) > max(nuls):
        raise OSError("no text, but binary data: give pages as HTML, text, JSONL, WARC or Parquet")
    return "html" if _TAG.search(head) else "text"


def page_of(source: Input, where: str, record: int, row: dict[str, Any]) -> Page | Failure:
    """The page that a record holds, in its field html or text."""
    for name in ("html", "text"):
        if isinstance(row.get(name), (str, bytes)):
            return Page(source, where, row[name], name, row, record)
    return Failure(source, where, "the field html or text must be there, and be a string", record, id_of(row))


def id_of(row: dict[str, Any] | None) -> str | None:
    """What a record calls itself."""
    name = (row or {}).get("id")
    return None if name is None else str(name)
