"""What the command line writes, in UTF-8, and the names of the files that it goes to."""

from __future__ import annotations

import base64
import datetime
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import webencodings

from paywallclf.cli.compression import SUFFIXES as COMPRESSED
from paywallclf.cli.reading import FORMS, Input, plain_suffix
from paywallclf.document import Block

#: The forms that are records, and the ends of the names of files that hold them.
RECORD_SUFFIXES = {"jsonl": ".jsonl", "parquet": ".parquet"}

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
    """A row as a line of JSON."""
    return json_text(row).encode("utf-8") + b"\n"


def json_text(value: Any) -> str:
    """A value in JSON; readable in every language, but for lone surrogates, which UTF-8 cannot hold."""
    text = json.dumps(value, ensure_ascii=False, default=_in_json)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, default=_in_json)
    return text


def _in_json(value: Any) -> Any:
    """What Parquet has and JSON lacks: times in ISO 8601, bytes in Base64, and decimal numbers as they are written."""
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


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


def choose_targets(
    inputs: Sequence[Input], output: str | None, form: str | None, *, several: bool, listing: bool = False
) -> Targets:
    """Where the outputs go.

    Parameters
    ----------
    inputs : sequence of Input
    output : str or None
        A folder for several inputs, a file for one; a name for JSONL or Parquet takes the records of several.
    form : {"html", "text", "jsonl", "parquet"} or None
        The form that was asked for.
    several : bool
        Whether more than one file, or a folder, was given.
    listing : bool
        Whether ``form="text"`` makes plain text of records too.

    Raises
    ------
    ValueError
        The output would overwrite an input, two outputs would have one name, or several inputs would go to one file.
    """
    if output is None:
        return None
    path = Path(output)
    is_folder = path.is_dir() or output.endswith(("/", os.sep))
    if not is_folder and (not several or record_form(path) is not None):
        _refuse_inputs(inputs, [path])
        return path
    if not is_folder and (path.exists() or plain_suffix(path) in FORMS):
        raise ValueError(f"-o {output}: several inputs need a folder, or a name that ends in .jsonl or .parquet")
    targets = _in_folder(inputs, path, form, listing)
    _refuse_inputs(inputs, targets.values())
    return targets


def record_form(path: Path) -> str | None:
    """The form of the records that a file of this name holds: JSONL can be compressed; None where it is another file."""
    if path.suffix.lower() == ".parquet":
        return "parquet"
    return "jsonl" if plain_suffix(path) == ".jsonl" else None


def _in_folder(inputs: Iterable[Input], folder: Path, form: str | None, listing: bool) -> dict[Input, Path]:
    targets: dict[Input, Path] = {}
    taken: dict[Path, Input] = {}
    for source in inputs:
        suffix = _new_suffix(source, form, listing)
        target = folder / (source.relative if suffix is None else _without_suffixes(source.relative).with_suffix(suffix))
        if (other := taken.setdefault(target, source)) is not source:
            raise ValueError(f"{other.name} and {source.name} would both be written to {target}: give each a folder of its own")
        targets[source] = target
    return targets


def _new_suffix(source: Input, form: str | None, listing: bool) -> str | None:
    """The end of an output's name, where it is not that of the input."""
    is_record = source.form in (*RECORD_SUFFIXES, "warc")
    if form == source.form:
        return None
    if form in RECORD_SUFFIXES:
        return RECORD_SUFFIXES[form]
    if form == "text" and (listing or not is_record):
        return ".txt"
    return ".jsonl" if source.form == "warc" else None


def _without_suffixes(path: Path) -> Path:
    if path.suffix.lower() in COMPRESSED:
        path = path.with_suffix("")
    return path.with_name(path.stem + ".x") if path.suffix.lower() in FORMS else path.with_name(path.name + ".x")


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
