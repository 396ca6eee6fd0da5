"""Hashed tokens of a block's elements: names, classes, ids, roles, links, field types; the block's own, those near it, those around.

Which token means what is learned, never written here: the code knows no class name.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout

#: Attributes that hold the page's content or its looks rather than what the element is for.
SILENT = frozenset(
    ("src", "srcset", "sizes", "alt", "title", "content", "width", "height", "value", "datetime", "d", "target", "rel", "lang")
)

#: A longer value is data, not a name.
LONGEST_VALUE = 120
#: Words read of one attribute's value.
MOST_WORDS = 12
#: Attributes read of one element, and inline elements of one block: more is a hostile page.
MOST_ATTRIBUTES = 24
MOST_INLINES = 24

#: Ancestors whose tokens count as near, and those beyond that count as around; outer ones are not looked at.
NEAR, AROUND = 2, 30

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+")

#: An element that holds more than this share of the page's text says nothing about one block of it.
WIDE = 0.5

#: Where the same token stands makes three different features.
LEVELS = ("own", "near", "around")
_LEVEL_SALTS = tuple(np.uint64(zlib.crc32(level.encode()) << 16) for level in LEVELS)
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Markup:
    """Tokens of the elements of a page.

    Attributes
    ----------
    tokens : array of uint64, shape (n_tokens,)
        Hashed tokens, element after element.
    starts : array of int64, shape (n_elements + 1,)
        Where each element's tokens begin. Elements that no block needs have none.
    """

    tokens: NDArray[np.uint64]
    starts: NDArray[np.int64]


def attribute_names(name: str, value: str | None) -> list[str]:
    """The tokens of an attribute: its name, its value's words and pairs of words, and its value's parts."""
    if name in SILENT:
        return []
    tokens = [f"@{name}"]
    if value and len(value) <= LONGEST_VALUE:
        prefix = name if name in ("href", "style") else "name"
        words = [word.lower() for word in _WORD.findall(value)[:MOST_WORDS]]
        tokens += [f"{prefix}={word}" for word in words]
        tokens += [f"{prefix}={a}-{b}" for a, b in pairwise(words)]
        if prefix == "name":
            tokens += [f"value={part}" for part in value.lower().split()[:MOST_WORDS]]
    return list(dict.fromkeys(tokens))


def element_names(tag: str, attributes: Mapping[str, str | None]) -> list[str]:
    """The tokens of an element, in the order of `element_tokens`."""
    some = islice(attributes.items(), MOST_ATTRIBUTES)
    return [f"<{tag}", *(token for name, value in some for token in attribute_names(name, value))]


@lru_cache(maxsize=1 << 16)
def attribute_tokens(name: str, value: str | None) -> tuple[int, ...]:
    """Hashes of the tokens of an attribute."""
    return tuple(map(hash_token, attribute_names(name, value)))


@lru_cache(maxsize=1 << 12)
def tag_token(tag: str) -> int:
    """Hash of an element's name."""
    return hash_token(f"<{tag}")


def hash_token(token: str) -> int:
    """CRC-32 of a token."""
    return zlib.crc32(token.encode("utf-8", "surrogatepass"))


def element_tokens(tag: str, attributes: Mapping[str, str | None]) -> list[int]:
    """Hashed tokens of one element."""
    tokens = [tag_token(tag)]
    for name, value in islice(attributes.items(), MOST_ATTRIBUTES):
        tokens += attribute_tokens(name, value)
    return tokens


def read_markup(layout: Layout) -> Markup:
    """The tokens of every element that holds a block or stands inside one."""
    needed = {element for inlines in layout.inlines for element in inlines[:MOST_INLINES]}
    tokens: list[int] = []
    starts = [0]
    for element, (tag, attributes) in enumerate(zip(layout.tags, layout.attributes, strict=True)):
        if layout.ends[element] > layout.starts[element] or element in needed:
            tokens += element_tokens(tag, attributes)
        starts.append(len(tokens))
    return Markup(np.array(tokens, np.uint64), np.array(starts, np.int64))


def token_columns(markup: Markup, level: int, bits: int) -> NDArray[np.int32]:
    """The column of each token at one of the `LEVELS`."""
    mixed = (markup.tokens ^ _LEVEL_SALTS[level]) * _MIX
    return (mixed >> np.uint64(64 - bits)).astype(np.int32)


def wide_elements(layout: Layout) -> set[int]:
    """Elements whose subtree holds more than `WIDE` of the page's text: they tell the page, not the block."""
    ends_at = [0, *accumulate(map(len, layout.texts))]
    limit = ends_at[-1] * WIDE
    return {
        element
        for element, (start, end) in enumerate(zip(layout.starts, layout.ends, strict=True))
        if ends_at[end] - ends_at[start] > limit
    }


def standing(layout: Layout) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each of the `LEVELS`, pairs of (block, element): whose tokens count there for which block."""
    parents = layout.parents
    wide = wide_elements(layout)
    rows: list[list[int]] = [[], [], []]
    elements: list[list[int]] = [[], [], []]
    chains: dict[int, list[int]] = {-1: []}
    for block, (container, inlines) in enumerate(zip(layout.containers, layout.inlines, strict=True)):
        chain = chains.get(container)
        if chain is None:
            chain, element = [], parents[container]
            while element >= 0 and len(chain) < NEAR + AROUND:
                if element not in wide:
                    chain.append(element)
                element = parents[element]
            chains[container] = chain
        own = inlines[:MOST_INLINES] if container < 0 else [*inlines[:MOST_INLINES], container]
        for level, found in enumerate((own, chain[:NEAR], chain[NEAR:])):
            elements[level] += found
            rows[level] += [block] * len(found)
    return [(np.array(r, np.int64), np.array(e, np.int64)) for r, e in zip(rows, elements, strict=True)]


def token_pairs(
    markup: Markup, pairs: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """From pairs of (block, element) to pairs of (block, place of a token in `markup.tokens`)."""
    rows, elements = pairs
    counts = markup.starts[elements + 1] - markup.starts[elements]
    first = np.repeat(markup.starts[elements] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
    return np.repeat(rows, counts), first + np.arange(len(first))
