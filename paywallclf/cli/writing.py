"""What the command line writes: bytes in UTF-8, to standard output, one file, or a folder's files."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import webencodings

from paywallclf.cli.reading import FORMS, Input
from paywallclf.document import Block

#: The end of an output's name where its form is not that of the input.
SUFFIXES = {"text": ".txt", "jsonl": ".jsonl"}

#: Where a page says what it is encoded in: a meta, or XML's first line; looked for as far as the reader does.
_CHARSET = re.compile(r"""(<\s*meta[^>]+?charset\s*=\s*["']?|<\?xml[^>]+?encoding\s*=\s*["'])([^\s"'/>;]+)""", re.IGNORECASE)
_SEARCHED = 8_192

#: A file for each input, one for all, or None for standard output.
Targets = Mapping[Input, Path] | Path | None

#: Control characters of a page have no business on a terminal; a terminal obeys some of them.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def html_bytes(html: str) -> bytes:
    """A page in UTF-8, which must then not claim another charset: a browser would believe it and show the text garbled."""

    def as_utf8(match: re.Match[str]) -> str:
        known = webencodings.lookup(match[2])
        return match[0] if known is None or known.name == "utf-8" else match[1] + "utf-8"

    head = _CHARSET.sub(as_utf8, html[:_SEARCHED])
    return (head + html[_SEARCHED:]).encode("utf-8", "replace")


def json_line(row: Mapping[str, Any]) -> bytes:
    """A row as a line of JSON; readable in every language, but for lone surrogates, which UTF-8 cannot hold."""
    try:
        return json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n"
    except UnicodeEncodeError:
        return json.dumps(row).encode("ascii") + b"\n"


def block_line(block: Block, probability: float, width: int | None = None) -> str:
    """Index, label, kind, probability and text of a block, aligned; cut to `width` columns, if given."""
    row = f"{block.index:5}  {block.label or '':9}  {block.kind or '-':10}  {probability:5.3f}  {block.text}"
    row = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", row)
    return row if width is None else _cut(row, width)


def _cut(row: str, width: int) -> str:
    """The row in `width` columns of a terminal, where Chinese, Japanese and Korean characters take two."""
    used = fitting = 0
    for place, character in enumerate(row):
        used += 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width:
            return row[:fitting] + "…"
        if used < width:
            fitting = place + 1
    return row


def dropped_entry(block: Block, probability: float) -> dict[str, Any]:
    """What a record says of a block that was dropped, and of the probability that decided it."""
    entry = {"index": block.index, "label": block.label, "kind": block.kind, "probability": round(probability, 6)}
    return {**entry, "fingerprint": block.fingerprint, "text": block.text}


def label_entry(block: Block) -> dict[str, Any]:
    """A block in a label file, with what a person who corrects it, or a program, may want to know."""
    kind = {"kind": block.kind} if block.kind is not None else {}
    entry = {"index": block.index, "fingerprint": block.fingerprint, "label": block.label, **kind}
    rounded = {
        name: {key: round(value, 6) for key, value in getattr(block, name).items()} for name in ("probabilities", "kinds")
    }
    return {**entry, **rounded, "text": block.text}


def choose_targets(inputs: Sequence[Input], output: str | None, form: str | None, *, several: bool) -> Targets:
    """Where the outputs go.

    Parameters
    ----------
    inputs : sequence of Input
    output : str or None
        A folder for several inputs, a file for one; a name ending in .jsonl takes the records of several.
    form : {"html", "text", "jsonl"} or None
        The form that was asked for.
    several : bool
        Whether more than one file, or a folder, was given.

    Raises
    ------
    ValueError
        The output would overwrite an input, two outputs would have one name, or several inputs would go to one file.
    """
    if output is None:
        return None
    path = Path(output)
    is_folder = path.is_dir() or output.endswith(("/", os.sep))
    if not is_folder and (not several or (form == "jsonl" and path.suffix == ".jsonl")):
        _refuse_inputs(inputs, [path])
        return path
    if not is_folder and (path.exists() or path.suffix.lower() in FORMS):
        raise ValueError(f"-o {output}: several inputs need a folder, or with --format jsonl a name that ends in .jsonl")
    targets = _in_folder(inputs, path, form)
    _refuse_inputs(inputs, targets.values())
    return targets


def _in_folder(inputs: Iterable[Input], folder: Path, form: str | None) -> dict[Input, Path]:
    targets: dict[Input, Path] = {}
    taken: dict[Path, Input] = {}
    for source in inputs:
        target = folder / source.relative
        if form in SUFFIXES and source.form not in (form, "jsonl"):
            target = target.with_suffix(SUFFIXES[form])
        if (other := taken.setdefault(target, source)) is not source:
            raise ValueError(f"{other.name} and {source.name} would both be written to {target}: give each a folder of its own")
        targets[source] = target
    return targets


def _refuse_inputs(inputs: Iterable[Input], targets: Iterable[Path]) -> None:
    existing = {_identity(target): target for target in targets if target.exists()}
    if existing:
        for source in inputs:
            if source.name != "-" and (target := existing.get(_identity(Path(source.name)))) is not None:
                raise ValueError(f"{target} is an input and would be overwritten: choose another output")


def _identity(path: Path) -> tuple[int, int]:
    """What tells a file from others, whatever names and links lead to it."""
    status = path.stat()
    return status.st_dev, status.st_ino


class Writer:
    """Writes the outputs of inputs that come one after the other; at most one file is open.

    Parameters
    ----------
    targets : mapping of Input to Path, Path or None
        As `choose_targets` gives them.
    """

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        if not isinstance(targets, Mapping):
            self._open(targets)

    def _open(self, path: Path | None) -> BinaryIO:
        self.close()
        if path is None and sys.stdout is None:
            raise OSError("standard output is closed")
        self._file, self._path = sys.stdout.buffer if path is None else path.open("wb"), path
        return self._file

    def write(self, source: Input, data: bytes) -> None:
        """Write a piece of the output of an input; it is flushed, so that what reads a pipe has it at once."""
        file = self._file
        if isinstance(self._targets, Mapping) and (path := self._targets[source]) != self._path:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._open(path)
        assert file is not None
        file.write(data)
        file.flush()

    def close(self) -> None:
        """Close the file, unless it is standard output."""
        if self._file is not None and self._path is not None:
            self._file.close()
