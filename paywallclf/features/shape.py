"""Dense features of a block by itself: lengths, punctuation, digits, currency, capitals, links, position."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout
from paywallclf.features.loops import count_bits, inherit

#: Classes of characters that are counted, by Unicode category.
_CLASSES = ("letter", "capital", "digit", "punctuation", "sentence", "currency", "space", "ideograph")
_SENTENCE_ENDS = frozenset(".!?。!?…؟।:")

#: Elements whose presence says what a block is for.
_TAGS = ("p", "li", "h1", "h2", "h3", "h4", "td", "button", "label", "div", "span", "a", "figcaption", "blockquote", "pre")
_AROUND = ("form", "button", "dialog", "aside", "nav", "footer", "header", "article", "main", "table", "ul", "figure")

TEXT_SHAPE = (
    "log_length", "log_words", "word_length", "capitals", "digits", "punctuation", "sentence_ends", "currency",
    "ideographs", "ends_sentence", "ends_question", "ends_exclamation", "ends_colon", "position", "position_end",
    "log_blocks", "log_copies", "copies_before",
)  # fmt: skip
MARKUP_SHAPE = (
    "link_share", "inlines", "depth", "log_fields_near", "log_fields_around",
    *(f"tag_{tag}" for tag in _TAGS), *(f"in_{tag}" for tag in _AROUND),
)  # fmt: skip

#: Where the columns of `_TAGS` begin.
_FIRST_TAG = 5

#: What an element's name says: in the low bits its column among `_TAGS`, if any, above them a bit for each of `_AROUND`.
_SHIFT = 8
_COLUMN = (1 << _SHIFT) - 1
_ROLES = {tag: _FIRST_TAG + k for k, tag in enumerate(_TAGS)}
for _k, _tag in enumerate(_AROUND):
    _ROLES[_tag] = _ROLES.get(_tag, 0) | 1 << (_SHIFT + _k)

_FIELDS = frozenset(("input", "button"))
#: Form fields looked at on one page; more is a hostile page.
_MOST_FIELDS = 500


@lru_cache(maxsize=1)
def _table() -> NDArray[np.uint8]:
    """For each code point of the first two planes, its classes as bits."""
    table = np.zeros(0x20000, np.uint8)
    for code in range(len(table)):
        character = chr(code)
        category = unicodedata.category(character)
        bits = 0
        bits |= (category[0] == "L") << 0
        bits |= (category == "Lu") << 1
        bits |= (category[0] == "N") << 2
        bits |= (category[0] == "P") << 3
        bits |= (character in _SENTENCE_ENDS) << 4
        bits |= (category == "Sc") << 5
        bits |= character.isspace() << 6
        bits |= (category == "Lo" and code >= 0x2E80) << 7
        table[code] = bits
    return table


def text_shape(layout: Layout) -> NDArray[np.float32]:
    """Features of the text alone, one row a block, one column for each of `TEXT_SHAPE`."""
    texts = layout.texts
    n = len(texts)
    result = np.zeros((n, len(TEXT_SHAPE)), np.float32)
    if n == 0:
        return result
    lengths = np.fromiter(map(len, texts), np.int64, n)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    table = _table()
    counts = dict(zip(_CLASSES, count_bits(codes, lengths, table).T, strict=True))
    words = counts["space"] + 1
    last = codes[np.cumsum(lengths) - 1]
    order = np.arange(n)
    copies, before = _copies(texts)
    result[:, 0] = np.log1p(lengths)
    result[:, 1] = np.log1p(words)
    result[:, 2] = np.minimum(lengths / words, 20)
    result[:, 3] = counts["capital"] / np.maximum(counts["letter"], 1)
    result[:, 4] = counts["digit"] / lengths
    result[:, 5] = counts["punctuation"] / lengths
    result[:, 6] = np.minimum(counts["sentence"], 10)
    result[:, 7] = np.minimum(counts["currency"], 5)
    result[:, 8] = counts["ideograph"] / lengths
    result[:, 9] = (table[np.minimum(last, len(table) - 1)] >> 4) & 1
    for column, character in ((10, "?"), (11, "!"), (12, ":")):
        result[:, column] = last == ord(character)
    result[:, 13] = order / n
    result[:, 14] = np.log1p(n - 1 - order)
    result[:, 15] = np.log1p(n)
    result[:, 16] = np.log(copies)
    result[:, 17] = np.minimum(before, 5)
    return result


def _copies(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each text stands on the page, and how often before this place."""
    numbers: dict[str, int] = {}
    number = np.array([numbers.setdefault(text, len(numbers)) for text in texts])
    total = np.bincount(number)
    order = np.argsort(number, kind="stable")
    before = np.empty(len(texts), np.int64)
    before[order] = np.arange(len(texts)) - np.repeat(np.cumsum(total) - total, total)
    return total[number], before


def markup_shape(layout: Layout) -> NDArray[np.float32]:
    """Features of the elements, one row a block, one column for each of `MARKUP_SHAPE`; zeros for plain text."""
    n = len(layout.texts)
    result = np.zeros((n, len(MARKUP_SHAPE)), np.float32)
    if not layout.tags or n == 0:
        return result
    containers = layout.containers
    # one row more than there are elements: -1, no element, is the last
    parents = np.append(layout.parents, -1)
    roles = np.array([*map(_ROLES.get, layout.tags, repeat(0)), 0], np.int64)
    fields = np.zeros(len(parents))
    for element, count in _fields(layout).items():
        fields[element] = count
    fields = np.log1p(fields)
    depths, around = inherit(parents, roles)
    n_inlines = np.diff(layout.inline_starts)
    result[:, 0] = layout.link_lengths / np.fromiter(map(len, layout.texts), np.int64, n)
    result[:, 1] = np.minimum(n_inlines, 10)
    result[:, 2] = np.minimum(depths[containers], 40)
    result[:, 3] = fields[parents[containers]]
    result[:, 4] = fields[parents[parents[containers]]]
    blocks = np.concatenate((np.arange(n), np.repeat(np.arange(n), n_inlines)))
    columns = roles[np.concatenate((containers, layout.inlines))] & _COLUMN
    known = columns > 0
    result[blocks[known], columns[known]] = 1
    result[:, _FIRST_TAG + len(_TAGS) :] = (around[containers, None] >> np.arange(_SHIFT, _SHIFT + len(_AROUND))) & 1
    return result


def _fields(layout: Layout) -> dict[int, int]:
    """How many form fields and buttons stand in each element's subtree, for the elements that have any."""
    counts: dict[int, int] = {}
    found = [element for element, tag in enumerate(layout.tags) if tag in _FIELDS][:_MOST_FIELDS]
    for element in found:
        if layout.attributes[element].get("type") == "hidden":
            continue
        element = int(layout.parents[element])
        while element >= 0:
            counts[element] = counts.get(element, 0) + 1
            element = int(layout.parents[element])
    return counts
