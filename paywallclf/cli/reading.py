"""Paths of the command line in, pages out: files, folders, standard input, JSON lines."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from paywallclf.cli.messages import Messages

#: What a file holds, by the end of its name; a folder is searched for these. Other files and standard input hold JSON lines
#: where they begin with a brace, else HTML.
FORMS = {".html": "html", ".htm": "html", ".xhtml": "html", ".txt": "text", ".jsonl": "jsonl"}

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Input:
    """A file, or standard input.

    Attributes
    ----------
    name : str
        The path as it was given or found; ``"-"`` for standard input.
    relative : Path
        The path below the folder that was given, else the file's name: where the output goes in an output folder.
    form : {"html", "text", "jsonl"} or None
        None: decided by how it begins.
    """

    name: str
    relative: Path
    form: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """One document of an input.

    Attributes
    ----------
    input : Input
    where : str
        For messages: the input's name, in JSON lines with the number of the line.
    source : str or bytes
    form : {"html", "text"}
    row : dict or None
        The line of JSON that it came in.
    """

    input: Input
    where: str
    source: str | bytes
    form: str
    row: dict[str, Any] | None = None


def find_inputs(paths: Iterable[str], *, as_text: bool, skip: Path | None, messages: Messages) -> list[Input]:
    """The inputs that some paths name, those of a folder in the order of their names.

    Parameters
    ----------
    paths : iterable of str
        Files, folders (searched with their subfolders) and ``"-"``; none is standard input.
    as_text : bool
        What is no JSON lines by its name is plain text.
    skip : Path, optional
        A folder not to search: that of the output.
    messages : Messages
        Told of folders that cannot be read.

    Raises
    ------
    ValueError
        A path does not exist, or a folder holds no file with an ending that is known.
    """
    inputs: list[Input] = []
    for path in paths or ("-",):
        if path == "-":
            inputs.append(Input("-", Path("stdin.html"), "text" if as_text else None))
        elif os.path.isdir(path):
            found = [Path(file) for file in _search(path, skip, messages)]
            if not found:
                raise ValueError(f"{path}: no {', '.join(FORMS)} file in this folder")
            inputs += [Input(str(file), file.relative_to(path), _form(file, as_text)) for file in found]
        elif os.path.exists(path):
            inputs.append(Input(path, Path(os.path.basename(path)), _form(Path(path), as_text)))
        else:
            raise ValueError(f"{path}: no such file or folder")
    return inputs


def _search(folder: str, skip: Path | None, messages: Messages) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        messages.error(str(error.filename), error.strerror or str(error))

    skipped = skip.resolve() if skip is not None else None
    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in sorted(folders) if skipped is None or Path(parent, name).resolve() != skipped]
        yield from (os.path.join(parent, name) for name in sorted(files) if Path(name).suffix.lower() in FORMS)


def _form(path: Path, as_text: bool) -> str | None:
    form = FORMS.get(path.suffix.lower())
    return "text" if as_text and form != "jsonl" else form


def read_pages(inputs: Iterable[Input], *, messages: Messages) -> Iterator[Page]:
    """The pages of the inputs, each read when it is asked for; what cannot be read is told to `messages` and left out."""
    for source in inputs:
        try:
            if source.name == "-" and sys.stdin is None:
                raise OSError("standard input is closed")
            if source.name == "-":
                yield from _pages(source, sys.stdin.buffer, messages)
            else:
                with open(source.name, "rb") as stream:
                    yield from _pages(source, stream, messages)
        except OSError as error:
            messages.error(source.name, error.strerror or str(error))


def _pages(source: Input, stream: BinaryIO, messages: Messages) -> Iterator[Page]:
    first = stream.readline()
    form = source.form or ("jsonl" if first.removeprefix(_BOM).lstrip().startswith(b"{") else "html")
    if form != "jsonl":
        yield Page(source, source.name, first + stream.read(), form)
        return
    for number, line in enumerate(itertools.chain([first.removeprefix(_BOM)], stream), 1):
        if line.strip():
            where = f"{source.name}:{number}"
            try:
                row = _row(line)
            except ValueError as error:
                messages.error(where, str(error))
                continue
            fields = [name for name in ("html", "text") if isinstance(row.get(name), str)]
            if fields:
                yield Page(source, where, row[fields[0]], fields[0], row)
            elif "labels" in row and "path" in row:
                messages.warn(source.name, "a label file, left out: its pages are files of their own")
                return
            else:
                messages.error(where, "the field html or text must be there, and be a string")


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except RecursionError:
        raise ValueError("not JSON that can be read: nested too deep") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte {error.start} of the line)") from None
    except ValueError as error:
        raise ValueError(f"not JSON ({error})") from None
    if not isinstance(row, dict):
        raise ValueError("expected a JSON object")
    return row
