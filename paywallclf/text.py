"""Plain text in, blocks out, text back: paragraphs by blank lines, else lines."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from paywallclf.document import fold

# Atomic, or the two characters of one CRLF would be read as two line ends.
_BLANK_LINE = re.compile(r"(?>\r\n|\r|\n)[^\S\r\n]*(?>\r\n|\r|\n)\s*")
_NEWLINE = re.compile(r"(?>\r\n|\r|\n)\s*")

_LINE_END = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """A text in pieces that join to it again: ``separators[0] + pieces[0] + separators[1] + ...``.

    Attributes
    ----------
    pieces : list of str
        Paragraphs, each as it stands in the source. A piece that is only white space is no block.
    separators : list of str
        One more than pieces.
    """

    pieces: list[str]
    separators: list[str]


def split(source: str) -> Paragraphs:
    """Cut a text at its blank lines, or where it has none, at its line ends.

    White space at the ends of a line belongs to the line, not to what stands between the paragraphs.
    """
    stripped = source.strip()
    if not stripped:
        return Paragraphs([], [source])
    text_start = source.index(stripped[0])
    start = _line_start(source[:text_start])
    line_end = _LINE_END.search(source, text_start + len(stripped))
    end = line_end.start() if line_end else len(source)
    body = source[start:end]
    separator = _BLANK_LINE if _BLANK_LINE.search(stripped) else _NEWLINE
    pieces, separators, at = [], [source[:start]], 0
    for match in separator.finditer(body):
        cut_at = match.start() + _line_start(match.group())
        pieces.append(body[at : match.start()])
        separators.append(body[match.start() : cut_at])
        at = cut_at
    pieces.append(body[at:])
    return Paragraphs(pieces, [*separators, source[end:]])


def _line_start(white_space: str) -> int:
    """Where the last line begins."""
    return max(white_space.rfind("\n"), white_space.rfind("\r")) + 1


def blocks(source: str) -> list[str]:
    """The folded text of each paragraph."""
    return [fold(piece) for piece in split(source).pieces]


def without(source: str, dropped: Collection[int]) -> str:
    """The text without some of its paragraphs; those that stay keep every character, and the text its ends."""
    if not dropped:
        return source
    parts = split(source)
    kept = [index for index in range(len(parts.pieces)) if index not in dropped]
    if not kept:
        return ""
    result = [parts.separators[0]]
    for place, index in enumerate(kept):
        if place:
            result.append(parts.separators[index])
        result.append(parts.pieces[index])
    return "".join([*result, parts.separators[-1]])
