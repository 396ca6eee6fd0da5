"""Hashed tokens of a block's elements: names, classes, ids, roles, links, field types; the block's own, those near it, those around.

Which token means what is learned, never written here: the code knows no class name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, count, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout
from paywallclf.features.ngrams import hash_spans, mix

#: Attributes that hold the page's content or its looks rather than what the element is for.
SILENT = frozenset(
    ("src", "srcset", "sizes", "alt", "title", "content", "width", "height", "value", "datetime", "d", "target", "rel", "lang")
)

#: A longer value is data, not a name.
LONGEST_VALUE = 120
#: Attributes read of one element, and inline elements of one block: more is a hostile page.
MOST_ATTRIBUTES = 24
MOST_INLINES = 24

#: An element that holds more than this share of the page's text says nothing about one block of it.
WIDE = 0.5

#: Where a token stands makes three different features: in the block's own elements, in the two around it, in those beyond.
LEVELS = ("own", "near", "around")

#: Characters that say what follows: an element's name, an attribute's name, its value; links and styles speak for themselves.
_TAG, _NAME, _VALUE, _LINK, _STYLE = "\x01\x02\x03\x04\x05"
_VALUE_MARKS = {"href": _LINK, "style": _STYLE}
_MARK_NAMES = {_TAG: "<", _NAME: "@", _VALUE: "=", _LINK: "href=", _STYLE: "style="}
_MARK_SALTS = mix(np.arange(6, dtype=np.uint64), 0)


@dataclass(frozen=True, slots=True)
class Markup:
    """Tokens of the elements of a page. An element's name and each of its attributes are a piece; equal ones are read once.

    Attributes
    ----------
    tokens : array of uint64, shape (n_tokens,)
        Hashed words, and pairs of words, of the pieces, one piece after the other.
    starts : array of int64, shape (n_pieces + 1,)
        Where each piece's tokens begin.
    pieces, elements : array of int64, shape (n_uses,)
        Which piece stands in which element.
    n_elements : int
    """

    tokens: NDArray[np.uint64]
    starts: NDArray[np.int64]
    pieces: NDArray[np.int64]
    elements: NDArray[np.int64]
    n_elements: int

    def counts(self) -> NDArray[np.int64]:
        """The number of tokens of each element."""
        return np.bincount(self.elements, np.diff(self.starts)[self.pieces], minlength=self.n_elements).astype(np.int64)

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of (element, place of a token in `tokens`), in the order of the page."""
        lengths = np.diff(self.starts)[self.pieces]
        begins = np.cumsum(lengths) - lengths
        owners = np.repeat(self.elements, lengths)
        return owners, np.arange(len(owners)) + np.repeat(self.starts[self.pieces] - begins, lengths)

    def sums(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """For each element the sum of its tokens' weights; from shape (n_tokens, k) to (n_elements, k)."""
        running = np.zeros((len(weights) + 1, weights.shape[1]))
        np.cumsum(weights, axis=0, out=running[1:])
        of_piece = running[self.starts[1:]] - running[self.starts[:-1]]
        columns = [np.bincount(self.elements, column[self.pieces], minlength=self.n_elements) for column in of_piece.T]
        return np.stack(columns, axis=1)


def _text(name: str, value: str | None) -> str:
    """An attribute as text with marks; empty for a silent one."""
    if name in SILENT:
        return ""
    if value and len(value) <= LONGEST_VALUE:
        return f"{_NAME}{name}{_VALUE_MARKS.get(name, _VALUE)}{value}"
    return f"{_NAME}{name}"


def read_markup(layout: Layout) -> Markup:
    """The tokens of every element that holds a block or stands inside one."""
    needed = {element for inlines in layout.inlines for element in inlines[:MOST_INLINES]}
    numbers: defaultdict[tuple[str, str | None] | str, int] = defaultdict(count().__next__)  # of names and of attributes
    pieces: list[int] = []
    elements: list[int] = []
    uses: list[int] = []
    rows = zip(layout.tags, layout.attributes, layout.starts, layout.ends, strict=True)
    for element, (tag, attributes, start, end) in enumerate(rows):
        if end > start or element in needed:
            pieces.append(numbers[tag])
            pieces += map(numbers.__getitem__, _some(attributes) if len(attributes) > MOST_ATTRIBUTES else attributes.items())
            elements.append(element)
            uses.append(1 + min(len(attributes), MOST_ATTRIBUTES))
    tokens, owners = _tokens([f"{_TAG}{piece}" if isinstance(piece, str) else _text(*piece) for piece in numbers])
    starts = np.concatenate(([0], np.cumsum(np.bincount(owners, minlength=len(numbers)))))
    return Markup(tokens, starts, np.array(pieces, np.int64), np.repeat(np.array(elements, np.int64), uses), len(layout.tags))


def _some(attributes: Mapping[str, str | None]) -> Iterable[tuple[str, str | None]]:
    return islice(attributes.items(), MOST_ATTRIBUTES)


def _tokens(texts: list[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of the words of each text, then of its pairs of neighbouring words; and the text of each."""
    if not texts:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    first, last, lowered = _words(codes)
    marks = np.flatnonzero((codes > 0) & (codes <= ord(_STYLE)))
    part = np.searchsorted(marks, first, side="right") - 1  # every text begins with a mark
    words = hash_spans(lowered, first, last) ^ _MARK_SALTS[codes[marks[part]].astype(np.int64)]
    offsets = np.cumsum([0, *map(len, texts[:-1])])
    owners = np.searchsorted(offsets, first, side="right") - 1
    together = part[1:] == part[:-1]
    pairs = mix(words[:-1], 1)[together] + words[1:][together]
    tokens, owners = np.concatenate([words, pairs]), np.concatenate([owners, owners[:-1][together]])
    order = np.argsort(owners, kind="stable")
    return tokens[order], owners[order]


@lru_cache(maxsize=1)
def _alphabet() -> NDArray[np.bool_]:
    """For each code point of the first two planes, whether it is a letter."""
    return np.fromiter((chr(code).isalpha() for code in range(0x20000)), np.bool_, 0x20000)


def _words(codes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Where each run of letters begins and ends, camel case parted, and the codes with A to Z in lower case."""
    letter = _alphabet().take(codes.view(np.int64), mode="clip")
    upper = (codes >= ord("A")) & (codes <= ord("Z"))
    lower = (codes >= ord("a")) & (codes <= ord("z"))
    parted = np.zeros(len(codes) + 1, np.bool_)  # between a code and the one before it
    parted[0] = parted[-1] = True
    parted[1:-1] = (letter[1:] != letter[:-1]) | (upper[1:] & lower[:-1])
    return np.flatnonzero(letter & parted[:-1]), np.flatnonzero(letter & parted[1:]) + 1, codes + np.uint64(32) * upper


def token_names(tag: str, attributes: Mapping[str, str | None]) -> list[str]:
    """The tokens of an element for people to read, in the order of `read_markup`."""
    names = []
    for text in filter(None, [f"{_TAG}{tag}", *(_text(*pair) for pair in _some(attributes))]):
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
        first, last, _ = _words(codes)
        spans = list(zip(first.tolist(), last.tolist(), strict=True))
        marks = [max(i for i in range(a) if "\0" < text[i] <= _STYLE) for a, _ in spans]
        words = [text[a:b].lower() for a, b in spans]
        names += [_MARK_NAMES[text[mark]] + word for mark, word in zip(marks, words, strict=True)]
        for (mark, word), (other, following) in pairwise(zip(marks, words, strict=True)):
            if mark == other:
                names.append(f"{_MARK_NAMES[text[mark]]}{word}-{following}")
    return names


def token_rows(markup: Markup, bits: int) -> NDArray[np.int64]:
    """The row of each token in a table of ``2**bits`` rows, which has columns for each of the `LEVELS`."""
    return (mix(markup.tokens, 2) >> np.uint64(64 - bits)).astype(np.int64)


def wide_elements(layout: Layout) -> NDArray[np.bool_]:
    """Which elements hold more than `WIDE` of the page's text: they tell the page, not the block."""
    ends_at = np.array([0, *accumulate(map(len, layout.texts))])
    return np.asarray(ends_at[layout.ends] - ends_at[layout.starts] > WIDE * ends_at[-1])


def standing(layout: Layout) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each of the `LEVELS`, pairs of (block, element): whose tokens count there for which block."""
    parents = layout.parents
    wide = wide_elements(layout).tolist()
    rows: list[list[int]] = [[], [], []]
    elements: list[list[int]] = [[], [], []]
    for block, (container, inlines) in enumerate(zip(layout.containers, layout.inlines, strict=True)):
        chain = []
        element = parents[container] if container >= 0 else -1
        while element >= 0 and not wide[element]:  # what is around a wide element is wide
            chain.append(element)
            element = parents[element]
        own = inlines[:MOST_INLINES] if container < 0 else [*inlines[:MOST_INLINES], container]
        for level, found in enumerate((own, chain[:2], chain[2:])):
            rows[level] += [block] * len(found)
            elements[level] += found
    return [(np.array(r, np.int64), np.array(e, np.int64)) for r, e in zip(rows, elements, strict=True)]


def level_sums(layout: Layout, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of the `LEVELS`, the sum over the pairs of `standing`, without making the pairs.

    Parameters
    ----------
    values : array of float, shape (n_elements, 3 * k)
        What each element counts for: k columns for each level, one level after the other.

    Returns
    -------
    array of float, shape (n_blocks, 3 * k)
    """
    k = values.shape[1] // len(LEVELS)
    values = np.vstack([values, np.zeros((1, 3 * k))])  # -1 is nowhere
    own, near, around = values[:, :k], values[:, k : 2 * k], values[:, 2 * k :]
    containers = np.array(layout.containers, np.int64)
    inlines = [found[:MOST_INLINES] for found in layout.inlines]
    blocks = np.repeat(np.arange(len(containers)), [len(found) for found in inlines])
    flat = own[np.array([element for found in inlines for element in found], np.int64)]
    inline_sums = [np.bincount(blocks, column, minlength=len(containers)) for column in flat.T]
    wide = np.append(wide_elements(layout), True)  # nowhere is as good as wide
    parents = np.append(np.array(layout.parents, np.int64), -1)
    parents[wide[parents]] = -1
    first = parents[containers]
    second = parents[first]
    around[wide] = 0
    beyond = _ancestor_sums(layout.parents, around[:-1])[parents[second]]
    return np.hstack([own[containers] + np.stack(inline_sums, axis=1), near[first] + near[second], beyond])


def _ancestor_sums(parents: list[int], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each element, the sum of values over itself and its ancestors; a row of zeros at the end.

    Elements stand in document order: what is open at an element is what was opened up to it less what was closed before it.
    """
    closed = list(range(1, len(parents) + 1))  # for each element, the first one after its subtree
    for element in range(len(parents) - 1, -1, -1):
        parent = parents[element]
        if parent >= 0 and closed[element] > closed[parent]:
            closed[parent] = closed[element]
    result = np.zeros((len(parents) + 1, values.shape[1]))
    for column in range(values.shape[1]):
        ended = np.bincount(closed, values[:, column], minlength=len(parents) + 1)[: len(parents)]
        result[:-1, column] = np.cumsum(values[:, column]) - np.cumsum(ended)
    return result
