"""Hashed tokens of a block's elements: names, classes, ids, roles, links, field types; the block's own, those near it, those around.

Which token means what is learned, never written here: the code knows no class name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout
from paywallclf.features import elements, tokens
from paywallclf.html.scan import Attributes

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

_CAMEL = re.compile("(?<=[a-z])(?=[A-Z])")


def hash_markup(layout: Layout, bits: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Words, and pairs of words, of the names and attributes of every element that holds a block or stands inside one.

    Returns
    -------
    rows : array of int32, shape (n_tokens,)
        Of each token the row in a table of ``2**bits`` rows, which has columns for each of the `LEVELS`; element after element.
    counts : array of int64, shape (n_elements,)
        How many tokens each element has.
    """
    return tokens.hash_attributes(*_read(layout), bits)


def sum_markup(table: NDArray[np.float32], layout: Layout) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each element the sum of a table's rows over the tokens that `hash_markup` gives, and how many those are.

    Parameters
    ----------
    table : array of float32, shape (2**bits, n_columns)
    layout : Layout

    Returns
    -------
    sums : array of float64, shape (n_elements, n_columns)
    counts : array of int64, shape (n_elements,)
    """
    return tokens.sum_attributes(table, *_read(layout))


def _read(
    layout: Layout,
) -> tuple[list[str], Sequence[Mapping[str, str | None]], NDArray[np.uint8], frozenset[str], int, int]:
    """Which elements are read, and how much of them."""
    wanted = elements.telling_elements(layout.starts, layout.ends, layout.inlines, layout.inline_starts, MOST_INLINES)
    return layout.tags, layout.attributes, wanted, SILENT, LONGEST_VALUE, MOST_ATTRIBUTES


def token_names(tag: str, attributes: Mapping[str, str | None]) -> list[str]:
    """The tokens of an element for people to read, in the order of `hash_markup`."""
    names = _named([("<", tag)])
    for name, value in islice(attributes.items(), MOST_ATTRIBUTES):
        if name not in SILENT:
            mark = f"{name}=" if name in ("href", "style") else "="  # links and styles speak for themselves
            names += _named([("@", name), (mark, value if value and len(value) <= LONGEST_VALUE else "")])
    return names


def _named(parts: list[tuple[str, str]]) -> list[str]:
    """The words of each part, then its pairs of words."""
    words = [
        [word.lower() for is_word, run in groupby(text, str.isalpha) if is_word for word in _CAMEL.split("".join(run))]
        for _, text in parts
    ]
    names = [mark + word for (mark, _), found in zip(parts, words, strict=True) for word in found]
    return names + [f"{mark}{a}-{b}" for (mark, _), found in zip(parts, words, strict=True) for a, b in pairwise(found)]


def count_named(layout: Layout) -> int:
    """How many of the elements that hold a block have a class or an id."""
    if isinstance(layout.attributes, Attributes):
        named = layout.attributes.named
    else:
        named = np.array(["class" in attributes or "id" in attributes for attributes in layout.attributes], np.uint8)
    return elements.count_named(named, layout.starts, layout.ends)


def wide_elements(layout: Layout) -> NDArray[np.bool_]:
    """Which elements hold more than `WIDE` of the page's text: they tell the page, not the block."""
    return elements.wide_elements(layout.texts, layout.starts, layout.ends, WIDE).view(np.bool_)


def standing(layout: Layout) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each of the `LEVELS`, pairs of (block, element): whose tokens count there for which block."""
    parents = layout.parents.tolist()
    wide = wide_elements(layout).tolist()
    blocks_at: list[list[int]] = [[], [], []]
    elements_at: list[list[int]] = [[], [], []]
    inlines, ends = layout.inlines.tolist(), layout.inline_starts.tolist()
    for block, (container, start, end) in enumerate(zip(layout.containers.tolist(), ends, ends[1:], strict=False)):
        chain = []
        element = parents[container] if container >= 0 else -1
        while element >= 0 and not wide[element]:  # what is around a wide element is wide
            chain.append(element)
            element = parents[element]
        own = inlines[start : min(end, start + MOST_INLINES)] + ([] if container < 0 else [container])
        for level, found in enumerate((own, chain[:2], chain[2:])):
            blocks_at[level] += [block] * len(found)
            elements_at[level] += found
    return [(np.array(b, np.int64), np.array(e, np.int64)) for b, e in zip(blocks_at, elements_at, strict=True)]


def level_scores(layout: Layout, sums: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """For each of the `LEVELS`, the sum over the pairs of `standing` divided by the square root of the number; of these, the sum.

    Parameters
    ----------
    sums : array of float64, shape (n_elements, 3 * k)
        What each element counts for: k columns for each level, one level after the other.
    counts : array of int64, shape (n_elements,)
        Of how many tokens that is the sum.

    Returns
    -------
    array of float32, shape (n_blocks, k)
    """
    wide = wide_elements(layout).view(np.uint8)
    arrays = layout.containers, layout.inlines, layout.inline_starts, layout.parents
    return elements.score_levels(sums, counts, *arrays, wide, MOST_INLINES)
