# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Dense features of a block by itself: lengths, punctuation, digits, currency, capitals, links, position.

Compiled, as every character is looked at. What a loop indexes is a text, up to its length, or was checked by `_check`.
"""

import unicodedata
from functools import lru_cache

import numpy as np

from cpython.unicode cimport PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND
from libc.math cimport log, log1p
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from paywallclf.characters cimport Unit
from paywallclf.features.checks cimport check_inlines, check_parents, check_room
from paywallclf.html.scan import Attributes

#: Classes of characters that are counted: bits of `_table`, by Unicode category.
cdef enum:
    LETTER, CAPITAL, DIGIT, PUNCTUATION, SENTENCE, CURRENCY, SPACE, IDEOGRAPH, N_CLASSES
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

cdef Py_ssize_t _N_TEXT_SHAPE = len(TEXT_SHAPE), _N_MARKUP_SHAPE = len(MARKUP_SHAPE)

#: Where the columns of `_TAGS` and of `_AROUND` begin.
cdef int _FIRST_TAG = 5, _FIRST_AROUND = _FIRST_TAG + len(_TAGS), _N_AROUND = len(_AROUND)

#: What an element's name says: in the low bits its column among `_TAGS`, if any, then whether it is a form field or a button, and
#: above that a bit for each of `_AROUND`.
cdef int64_t _FIELD = 1 << 8
cdef int _SHIFT = 9
cdef int64_t _COLUMN = _FIELD - 1
cdef dict _ROLES = {tag: _FIRST_TAG + k for k, tag in enumerate(_TAGS)}
for _k, _tag in enumerate(_AROUND):
    _ROLES[_tag] = _ROLES.get(_tag, 0) | 1 << (_SHIFT + _k)
for _tag in ("input", "button"):
    _ROLES[_tag] = _ROLES.get(_tag, 0) | _FIELD

#: Form fields looked at on one page; more is a hostile page.
cdef Py_ssize_t _MOST_FIELDS = 500

cdef enum:
    _N_CODES = 0x20000  # code points of the first two planes


@lru_cache(maxsize=1)
def _table():
    """For each code point of the first two planes, its classes as bits."""
    table = np.zeros(_N_CODES, np.uint8)
    for code in range(_N_CODES):
        character = chr(code)
        category = unicodedata.category(character)
        bits = 0
        bits |= (category[0] == "L") << LETTER
        bits |= (category == "Lu") << CAPITAL
        bits |= (category[0] == "N") << DIGIT
        bits |= (category[0] == "P") << PUNCTUATION
        bits |= (character in _SENTENCE_ENDS) << SENTENCE
        bits |= (category == "Sc") << CURRENCY
        bits |= character.isspace() << SPACE
        bits |= (category == "Lo" and code >= 0x2E80) << IDEOGRAPH
        table[code] = bits
    return table


#: The eight bits of a byte, each as a byte of a number: sums of these count eight classes at once.
cdef uint64_t _SPREAD[256]
for _bits in range(256):
    _SPREAD[_bits] = sum(((_bits >> _bit) & 1) << (8 * _bit) for _bit in range(8))


cdef void _count(const Unit *text, Py_ssize_t n, const uint8_t *classes, int64_t *counts) noexcept:
    """Count the characters of each class; code points beyond the table count as its last."""
    cdef Py_ssize_t at = 0, stop
    cdef uint64_t sums
    cdef int number
    memset(counts, 0, N_CLASSES * sizeof(int64_t))
    while at < n:
        stop = min(n, at + 255)  # what a byte can count
        sums = 0
        while at < stop:
            sums += _SPREAD[classes[min(<uint32_t>text[at], <uint32_t>(_N_CODES - 1))]]
            at += 1
        for number in range(N_CLASSES):
            counts[number] += sums >> (8 * number) & 255


def text_shape(layout, float[:, ::1] out not None, Py_ssize_t column):
    """Write the features of the text alone, one row a block, from a column on one for each of `TEXT_SHAPE`."""
    cdef list texts = layout.texts
    cdef Py_ssize_t n = len(texts), block, length
    cdef const uint8_t[::1] classes = _table()
    cdef int64_t counts[N_CLASSES]
    cdef str text
    cdef Py_UCS4 last
    cdef double words, log_blocks = log1p(n)
    cdef float *row
    check_room(out, n, column, _N_TEXT_SHAPE)
    cdef int64_t[:, ::1] occurrences = _occurrences(texts)
    for block in range(n):
        row = &out[block, column]
        text = texts[block]
        length = len(text)
        if length == 0:
            raise ValueError("a block has no text")
        if PyUnicode_KIND(text) == PyUnicode_1BYTE_KIND:
            _count(<const uint8_t *>PyUnicode_DATA(text), length, &classes[0], counts)
        elif PyUnicode_KIND(text) == PyUnicode_2BYTE_KIND:
            _count(<const uint16_t *>PyUnicode_DATA(text), length, &classes[0], counts)
        else:
            _count(<const uint32_t *>PyUnicode_DATA(text), length, &classes[0], counts)
        last = text[length - 1]
        words = counts[SPACE] + 1
        row[0] = log1p(length)
        row[1] = log1p(words)
        row[2] = min(length / words, 20.0)
        row[3] = <double>counts[CAPITAL] / max(counts[LETTER], 1)
        row[4] = <double>counts[DIGIT] / length
        row[5] = <double>counts[PUNCTUATION] / length
        row[6] = min(counts[SENTENCE], 10)
        row[7] = min(counts[CURRENCY], 5)
        row[8] = <double>counts[IDEOGRAPH] / length
        row[9] = classes[min(<uint32_t>last, <uint32_t>(_N_CODES - 1))] >> SENTENCE & 1
        row[10] = last == u"?"
        row[11] = last == u"!"
        row[12] = last == u":"
        row[13] = <double>block / n
        row[14] = log1p(n - 1 - block)
        row[15] = log_blocks
        row[16] = log(<double>occurrences[occurrences[block, 0], 2])
        row[17] = min(occurrences[block, 1], <int64_t>5)


cdef _occurrences(list texts):
    """For each text, the first place where it stands, how often it stood before, and for the first one, how often in all."""
    cdef Py_ssize_t n = len(texts), place, first
    cdef dict places = {}
    result = np.empty((n, 3), np.int64)
    cdef int64_t[:, ::1] out = result
    for place in range(n):
        first = out[place, 0] = places.setdefault(texts[place], place)
        if first == place:
            out[place, 2] = 0
        out[place, 1] = out[first, 2]
        out[first, 2] += 1
    return result


def markup_shape(layout, float[:, ::1] out not None, Py_ssize_t column):
    """Write the features of the elements, one row a block, over zeros, from a column on one for each of `MARKUP_SHAPE`.

    Of plain text, they are zeros.
    """
    cdef list tags = layout.tags, texts = layout.texts
    cdef Py_ssize_t n = len(texts), n_elements = len(tags), block, element, at
    cdef const int64_t[::1] containers = layout.containers, parents = layout.parents
    cdef const int64_t[::1] inlines = layout.inlines, inline_starts = layout.inline_starts, links = layout.link_lengths
    cdef float *row
    check_room(out, n, column, _N_MARKUP_SHAPE)
    if n_elements == 0 or n == 0:
        return
    _check(n, n_elements, containers, parents, inlines, inline_starts, links)
    # for each element, of what its name says; of the bits above `_SHIFT`, also its ancestors'; how deep it stands
    cdef int64_t[::1] roles = np.empty(n_elements, np.int64), depths = np.empty(n_elements, np.int64)
    for element in range(n_elements):
        roles[element] = <int64_t>_ROLES.get(tags[element], 0)
        depths[element] = 1
        if parents[element] >= 0:
            roles[element] |= roles[parents[element]] >> _SHIFT << _SHIFT
            depths[element] += depths[parents[element]]
    cdef int64_t[::1] fields = _fields(layout, parents, roles)
    for block in range(n):
        row = &out[block, column]
        row[0] = links[block] / <double>len(<str>texts[block])
        row[1] = min(inline_starts[block + 1] - inline_starts[block], 10)
        for at in range(inline_starts[block], inline_starts[block + 1]):
            if roles[inlines[at]] & _COLUMN:
                row[roles[inlines[at]] & _COLUMN] = 1
        element = containers[block]
        if element < 0:
            continue
        if roles[element] & _COLUMN:
            row[roles[element] & _COLUMN] = 1
        for at in range(_N_AROUND):
            row[_FIRST_AROUND + at] = roles[element] >> (_SHIFT + at) & 1
        row[2] = min(depths[element], 40)
        element = parents[element]
        if element >= 0:
            row[3] = log1p(fields[element])
            element = parents[element]
        if element >= 0:
            row[4] = log1p(fields[element])


cdef int _check(
    Py_ssize_t n, Py_ssize_t n_elements, const int64_t[::1] containers, const int64_t[::1] parents, const int64_t[::1] inlines,
    const int64_t[::1] inline_starts, const int64_t[::1] links,
) except -1:
    """Nothing that is read of a layout lies beyond its arrays."""
    cdef Py_ssize_t at
    if not len(containers) == len(links) == len(inline_starts) - 1 == n or len(parents) != n_elements:
        raise ValueError("the layout's arrays do not agree in length")
    for at in range(n):
        if not -1 <= containers[at] < n_elements:
            raise ValueError("a block stands in no element of the layout")
    check_parents(parents)
    check_inlines(inlines, inline_starts, n_elements)
    return 0


cdef _fields(layout, const int64_t[::1] parents, const int64_t[::1] roles):
    """How many form fields and buttons stand in each element's subtree."""
    cdef int64_t[::1] counts = np.zeros(len(parents), np.int64)
    cdef Py_ssize_t element, above, left = _MOST_FIELDS
    attributes = layout.attributes
    in_place = isinstance(attributes, Attributes)
    for element in range(len(parents)):
        if not roles[element] & _FIELD:
            continue
        if left == 0:
            break
        left -= 1
        if attributes.hold(element, "type", "hidden") if in_place else attributes[element].get("type") == "hidden":
            continue
        above = parents[element]
        while above >= 0:
            counts[above] += 1
            above = parents[above]
    return counts
