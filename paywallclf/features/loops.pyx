# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The loops over single characters, hashes and elements, compiled: in NumPy and Python they took half of a cleaning's time.

The hashes are polynomial rolling hashes (Karp and Rabin, 1987) finished by multiplicative hashing (Knuth, TAOCP 3, 6.4).
"""

import numpy as np

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from paywallclf.html.scan import Attributes

#: A character of a string, as it lies in memory.
ctypedef fused Unit:
    uint8_t
    uint16_t
    uint32_t

ctypedef float float32_t

cdef uint64_t _BASE = 0x9E3779B97F4A7C15
cdef uint64_t _MIX = 0xD6E8FEB86659FD93
cdef uint64_t _SALT = 0xA0761D6478BD642F

#: Salts of words and of pairs of words; character n-grams have their length.
cdef uint64_t _WORD = 11, _PAIR = 12


cdef int _check_bits(int bits) except -1:
    if not 0 <= bits <= 31:
        raise ValueError(f"a table has 2**0 to 2**31 rows, not 2**{bits}")
    return 0


cdef int _check_lengths(const int64_t[::1] lengths, Py_ssize_t total) except -1:
    """Nothing that follows looks beyond an array of `total` items if its parts have these lengths."""
    cdef Py_ssize_t item
    for item in range(len(lengths)):
        if not 0 <= lengths[item] <= total:
            raise ValueError("the lengths do not agree with the array that they divide")
        total -= lengths[item]
    return 0


cdef int _check_parents(const int64_t[::1] parents, Py_ssize_t n) except -1:
    cdef Py_ssize_t element
    if len(parents) < n:
        raise ValueError("the arrays do not agree in length")
    for element in range(n):
        if not -1 <= parents[element] < element:
            raise ValueError("a parent must stand before its children")
    return 0


cdef inline uint64_t _mix(uint64_t hash, uint64_t salt) noexcept nogil:
    """A hash whose leading bits depend on all bits, and on a salt."""
    hash ^= salt * _SALT
    return (hash ^ (hash >> 32)) * _MIX


cdef inline bint _is_letter(Py_UCS4 code):
    if code < 128:
        return 97 <= (<uint32_t>code | 32) <= 122
    return code.isalpha()


cdef inline bint _is_word(Py_UCS4 code):
    if code < 128:
        return 97 <= (<uint32_t>code | 32) <= 122 or 48 <= <uint32_t>code <= 57
    return code.isalnum()


def hash_ngrams(const uint32_t[::1] codes not None, const int64_t[::1] lengths not None, sizes, int bits):
    """Hashed character and word n-grams of texts.

    Parameters
    ----------
    codes : array of uint32
        The code points of all texts, one after the other.
    lengths : array of int64, shape (n_texts,)
    sizes : sequence of int
        Lengths of the character n-grams.
    bits : int

    Returns
    -------
    columns : array of int32, shape (n_features,)
        Numbers below ``2**bits``: for each text its character n-grams, by their length, then its words, then its pairs of words.
    counts : array of int64, shape (n_texts,)
        How many features each text has.
    """
    cdef Py_ssize_t n = len(lengths), text, begin = 0, end, at, size, place, filled = 0, first, words
    cdef int shift = 63 - bits  # after a shift by one: all 64 at once are none to C
    cdef uint64_t hash, power
    _check_bits(bits)
    _check_lengths(lengths, len(codes))
    if any(size < 1 for size in sizes):
        raise ValueError("an n-gram has at least one character")
    counts = np.zeros(n, np.int64)
    cdef int64_t[::1] count = counts
    columns = np.empty((len(sizes) + 2) * len(codes), np.int32)
    cdef int32_t[::1] column = columns
    cdef uint64_t[::1] word = np.empty(np.max(lengths, initial=0), np.uint64)
    for text in range(n):
        first = filled
        end = begin + lengths[text]
        for size in sizes:
            for at in range(begin, end - size + 1):
                hash = codes[at] + <uint64_t>1
                for place in range(at + 1, at + size):
                    hash = hash * _BASE + codes[place]
                column[filled] = _mix(hash, size) >> 1 >> shift
                filled += 1
        words = 0
        at = begin
        while at < end:
            if not _is_word(codes[at]):
                at += 1
                continue
            hash = 0
            power = 1
            while at < end and _is_word(codes[at]):
                hash += (codes[at] + <uint64_t>1) * power
                power *= _BASE
                at += 1
            word[words] = hash
            words += 1
            column[filled] = _mix(hash, _WORD) >> 1 >> shift
            filled += 1
        for at in range(1, words):
            column[filled] = _mix(word[at - 1] * _BASE + word[at], _PAIR) >> 1 >> shift
            filled += 1
        count[text] = filled - first
        begin = end
    return columns[:filled].copy(), counts


def hash_attributes(
    list tags not None, attributes not None, const uint8_t[::1] wanted not None, frozenset silent not None,
    Py_ssize_t longest, Py_ssize_t most, int bits,
):
    """Hashed words of elements' names, attribute names and values, and pairs of neighbouring words.

    Parameters
    ----------
    tags : list of str, length n_elements
    attributes : sequence of mapping
        `paywallclf.html.scan.Attributes` are read where they stand.
    wanted : array of uint8, shape (n_elements,)
        The elements that are read.
    silent : frozenset of str
        Attributes that are passed over, names of up to eight ASCII characters.
    longest : int
        Of a longer value, only the attribute's name is read.
    most : int
        Attributes read of one element.
    bits : int

    Returns
    -------
    rows : array of int32, shape (n_tokens,)
        Numbers below ``2**bits``: for each element those of its name, then those of each attribute: the words, then the pairs.
    counts : array of int64, shape (n_elements,)
    """
    cdef Py_ssize_t element, n = len(tags), start, end
    cdef Tokens tokens = Tokens(silent, longest, most)
    cdef const int64_t[:, ::1] places = None
    cdef str html = ""
    _check_bits(bits)
    if not n == len(attributes) == len(wanted):
        raise ValueError("the elements' names and attributes do not agree in number")
    if isinstance(attributes, Attributes):
        html, places = attributes.html, attributes.places
    counts = np.zeros(n, np.int64)
    cdef int64_t[::1] count = counts
    for element in range(n):
        if not wanted[element]:
            continue
        count[element] = -tokens.filled
        start = end = 0
        if places is not None:
            start, end = places[element, 0], places[element, 1]
            if not 0 <= start <= end <= len(html):
                raise ValueError("an element stands beyond its page")
        if start == end or not tokens.add_tag(html, start, end):
            tokens.add_element(tags[element], attributes[element])
        count[element] += tokens.filled
    return tokens.rows(bits), counts


#: Where a word stands. Links and styles speak for themselves.
cdef enum:
    TAG = 1
    NAME = 2
    VALUE = 3
    LINK = 4
    STYLE = 5
    N_SILENT = 32


cdef class Tokens:
    """A growing array of hashes, and what is read of an element."""

    cdef uint64_t *place
    cdef Py_ssize_t filled, room  # how many it holds, and how many there is room for
    cdef Py_ssize_t first  # the first word whose pairs are still to come
    cdef Py_ssize_t parted  # of these words, the first one of the value
    cdef uint64_t silent[N_SILENT]
    cdef int n_silent
    cdef Py_ssize_t longest, most

    def __cinit__(self, frozenset silent, Py_ssize_t longest, Py_ssize_t most):
        self.place = NULL
        self.filled = self.room = self.first = self.parted = self.n_silent = 0
        self.longest, self.most = longest, most
        if len(silent) > N_SILENT:
            raise ValueError(f"at most {N_SILENT} attributes are silent")
        for name in silent:
            self.silent[self.n_silent] = _packed(name)
            self.n_silent += 1

    def __dealloc__(self):
        PyMem_Free(self.place)

    cdef int reserve(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t room = 2 * (self.filled + more) + 1024
        cdef uint64_t *grown
        if self.filled + more > self.room:
            grown = <uint64_t *>PyMem_Realloc(self.place, room * sizeof(uint64_t))
            if grown == NULL:
                raise MemoryError
            self.place, self.room = grown, room
        return 0

    cdef int add_element(self, str tag, attributes) except -1:
        """The tokens of an element whose attributes are a mapping."""
        cdef Py_ssize_t number = 0
        cdef uint64_t name
        self.add(tag, TAG)
        self.add_pairs()
        for key, content in attributes.items():
            if number == self.most:
                break
            number += 1
            name = _packed(str(key))
            if self.is_silent(name):
                continue
            self.add(str(key), NAME)  # a soup's names and values may be of classes of their own
            if content is not None and len(content) <= self.longest:
                self.add(str(content), _standing(name))
            self.add_pairs()
        return 0

    cdef bint add_tag(self, str html, Py_ssize_t start, Py_ssize_t end) except -1:
        """The same of an element's start tag, unless it needs more than to be read: a value has an ampersand."""
        cdef int kind = PyUnicode_KIND(html)
        if kind == PyUnicode_1BYTE_KIND:
            return _add_tag(self, <const uint8_t *>PyUnicode_DATA(html) + start, end - start)
        if kind == PyUnicode_2BYTE_KIND:
            return _add_tag(self, <const uint16_t *>PyUnicode_DATA(html) + start, end - start)
        return _add_tag(self, <const uint32_t *>PyUnicode_DATA(html) + start, end - start)

    cdef bint is_silent(self, uint64_t name) noexcept:
        cdef int number
        for number in range(self.n_silent):
            if self.silent[number] == name and name:
                return True
        return False

    cdef int add(self, str text, uint64_t standing) except -1:
        """The words of a text."""
        cdef int kind = PyUnicode_KIND(text)
        if kind == PyUnicode_1BYTE_KIND:
            return _add_words(self, <const uint8_t *>PyUnicode_DATA(text), len(text), standing)
        if kind == PyUnicode_2BYTE_KIND:
            return _add_words(self, <const uint16_t *>PyUnicode_DATA(text), len(text), standing)
        return _add_words(self, <const uint32_t *>PyUnicode_DATA(text), len(text), standing)

    cdef int add_pairs(self) except -1:
        """The pairs of the words since the last call; a name and its value make none."""
        cdef Py_ssize_t end = self.filled, at
        self.reserve(end - self.first)
        for at in range(self.first + 1, end):
            if at != self.parted:
                self.place[self.filled] = _mix(self.place[at - 1], 1) + self.place[at]
                self.filled += 1
        self.first = self.filled
        return 0

    cdef rows(self, int bits):
        cdef Py_ssize_t at
        result = np.empty(self.filled, np.int32)
        cdef int32_t[::1] row = result
        for at in range(self.filled):
            row[at] = _mix(self.place[at], 2) >> 1 >> (63 - bits)
        return result


cdef uint64_t _packed(str name) except? 0:
    """A name of up to eight ASCII characters as a number; 0 for any other."""
    cdef uint64_t packed = 0
    cdef Py_UCS4 code
    if len(name) > 8:
        return 0
    for code in name:
        if not 0 < code < 128:
            return 0
        packed = packed << 8 | <uint64_t>code
    return packed


cdef uint64_t _HREF = _packed("href"), _STYLE = _packed("style")


cdef inline uint64_t _standing(uint64_t name) noexcept:
    """Where the words of an attribute's value stand."""
    return LINK if name == _HREF else STYLE if name == _STYLE else VALUE


cdef int _add_words(Tokens tokens, const Unit *text, Py_ssize_t n, uint64_t standing) except -1:
    """The words of a text: runs of letters, camel case parted, A to Z in lower case."""
    cdef Py_ssize_t at = 0
    cdef uint32_t code, before
    cdef uint64_t hash, power, salt = _mix(standing, 0)
    tokens.parted = tokens.filled
    tokens.reserve(n)  # no more than one for each character
    while at < n:
        code = text[at]
        if not _is_letter(code):
            at += 1
            continue
        hash = 0
        power = 1
        while True:
            hash += (<uint64_t>code + (33 if 65 <= code <= 90 else 1)) * power  # A to Z in lower case
            power *= _BASE
            at += 1
            if at == n:
                break
            before = code
            code = text[at]
            if not _is_letter(code) or (97 <= before <= 122 and 65 <= code <= 90):
                break
        tokens.place[tokens.filled] = hash ^ salt
        tokens.filled += 1
    return 0


cdef bint _add_tag(Tokens tokens, const Unit *tag, Py_ssize_t n) except -1:
    """The tokens of a start tag as lexbor writes it, ``<name attribute="value">``. Of any other, no more than its end is read."""
    cdef Py_ssize_t at, start, end, number = 0
    cdef uint64_t name
    for at in range(n):
        if tag[at] == c"&":
            return False
    at = 1
    while at < n and tag[at] != c" " and tag[at] != c">":
        at += 1
    _add_words(tokens, tag + 1, at - 1, TAG)
    tokens.add_pairs()
    while at < n and tag[at] == c" " and number < tokens.most:
        number += 1
        start = at + 1
        at += 2
        name = tag[start] if start < n and 0 < tag[start] < 128 else 0
        while at < n and tag[at] != c"=":
            name = name << 8 | tag[at] if name and at - start < 8 and 0 < tag[at] < 128 else 0
            at += 1
        end = at
        at += 2
        while at < n and tag[at] != c'"':
            at += 1
        if at >= n:
            break
        if not tokens.is_silent(name):
            _add_words(tokens, tag + start, end - start, NAME)
            if at - end - 2 <= tokens.longest:
                _add_words(tokens, tag + end + 2, at - end - 2, _standing(name))
            tokens.add_pairs()
        at += 1
    return True


def sum_rows(const float32_t[:, ::1] table not None, const int32_t[::1] rows not None, const int64_t[::1] counts not None):
    """Sums of a table's rows: of the first ``counts[0]`` of the rows given, of the next ``counts[1]``, and so on.

    Returns
    -------
    array of float64, shape (len(counts), n_columns)
    """
    cdef Py_ssize_t n = len(counts), height = table.shape[0], width = table.shape[1], item, at = 0, end, column
    cdef const float32_t *row
    cdef double *total
    _check_lengths(counts, len(rows))
    result = np.zeros((n, width))
    cdef double[:, ::1] totals = result
    for item in range(n if width else 0):
        end = at + counts[item]
        total = &totals[item, 0]
        while at < end:
            if not 0 <= rows[at] < height:
                raise IndexError(f"row {rows[at]} of a table of {height} rows")
            row = &table[rows[at], 0]
            for column in range(width):
                total[column] += row[column]
            at += 1
    return result


def add_ancestors(const int64_t[::1] parents not None, double[:, ::1] values not None):
    """Add to each element's row those of all its ancestors, in place. A parent stands before its children; -1 is none."""
    cdef Py_ssize_t element, column
    _check_parents(parents, values.shape[0])
    for element in range(values.shape[0]):
        if parents[element] >= 0:
            for column in range(values.shape[1]):
                values[element, column] += values[parents[element], column]


def growing_ancestors(const int64_t[::1] parents not None, const int64_t[::1] starts not None, const int64_t[::1] ends not None):
    """For each element, its nearest ancestor whose subtree has more blocks, or -1."""
    cdef Py_ssize_t element, parent
    _check_parents(parents, len(parents))
    if not len(parents) == len(starts) == len(ends):
        raise ValueError("the arrays do not agree in length")
    result = np.empty(len(parents), np.int64)
    cdef int64_t[::1] up = result
    for element in range(len(parents)):
        parent = parents[element]
        if parent >= 0 and ends[parent] - starts[parent] == ends[element] - starts[element]:
            parent = up[parent]
        up[element] = parent
    return result


def inherit(const int64_t[::1] parents not None, const int64_t[::1] bits not None):
    """The depth of each element, from 1, and the bits of itself and its ancestors; a last one that is none has neither."""
    cdef Py_ssize_t element, n = len(parents) - 1
    _check_parents(parents, n)
    if n < 0 or len(bits) < n:
        raise ValueError("the arrays do not agree in length")
    depths, around = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    cdef int64_t[::1] depth = depths, bit = around
    for element in range(n):
        depth[element] = 1
        bit[element] = bits[element]
        if parents[element] >= 0:
            depth[element] += depth[parents[element]]
            bit[element] |= bit[parents[element]]
    return depths, around


def count_bits(const uint32_t[::1] codes not None, const int64_t[::1] lengths not None, const uint8_t[::1] table not None):
    """How many of each text's characters have each of eight bits in a table; code points beyond it count as its last.

    Returns
    -------
    array of int64, shape (n_texts, 8)
    """
    cdef Py_ssize_t n = len(lengths), text, at = 0, end, last = len(table) - 1
    cdef int bit
    cdef uint8_t bits
    _check_lengths(lengths, len(codes))
    if last < 0:
        raise ValueError("the table is empty")
    counts = np.zeros((n, 8), np.int64)
    cdef int64_t[:, ::1] count = counts
    for text in range(n):
        end = at + lengths[text]
        while at < end:
            bits = table[min(<Py_ssize_t>codes[at], last)]
            for bit in range(8):
                count[text, bit] += (bits >> bit) & 1
            at += 1
    return counts
