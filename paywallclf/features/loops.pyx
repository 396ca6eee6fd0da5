# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The loops over single characters, hashes and elements, compiled: in NumPy and Python they took half of a cleaning's time.

The hashes are polynomial rolling hashes (Karp and Rabin, 1987) finished by multiplicative hashing (Knuth, TAOCP 3, 6.4).
"""

import numpy as np

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport (
    PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND, Py_UNICODE_TOLOWER,
)
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from paywallclf.characters cimport Unit
from paywallclf.html.scan import Attributes

ctypedef float float32_t

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define PREFETCH(address) __builtin_prefetch(address)
    #else
    #define PREFETCH(address)
    #endif
    """
    void PREFETCH(const void *address) noexcept  # fetch what will be read soon; of any address, also of none

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


cdef inline bint _is_letter(Py_UCS4 code) noexcept:
    if code < 128:
        return 97 <= (<uint32_t>code | 32) <= 122
    return code.isalpha()


cdef inline bint _is_word(Py_UCS4 code) noexcept:
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
        Lengths of the character n-grams, at most eight of them.
    bits : int

    Returns
    -------
    columns : array of int32, shape (n_features,)
        Numbers below ``2**bits``: for each text its character n-grams, by their length, then its words, then its pairs of words.
    counts : array of int64, shape (n_texts,)
        How many features each text has.
    """
    cdef Py_ssize_t n = len(lengths), text, begin = 0, filled = 0
    cdef NgramHasher hasher = NgramHasher(codes, lengths, sizes, bits)
    counts = np.zeros(n, np.int64)
    columns = np.empty((hasher.n_sizes + 2) * len(codes) + 1, np.int32)
    cdef int64_t[::1] count = counts
    cdef int32_t[::1] column = columns
    for text in range(n):
        count[text] = hasher.hash(&codes[0] + begin, lengths[text], &column[filled])
        filled += count[text]
        begin += lengths[text]
    return columns[:filled].copy(), counts


def sum_ngrams(
    const float32_t[:, ::1] table not None, const uint32_t[::1] codes not None, const int64_t[::1] lengths not None, sizes
):
    """The sums of a table's rows over the n-grams of texts: what `sum_rows` gives for `hash_ngrams`, without keeping the columns.

    Parameters
    ----------
    table : array of float32, shape (2**bits, n_columns)
    codes, lengths, sizes
        As for `hash_ngrams`.

    Returns
    -------
    sums : array of float64, shape (n_texts, n_columns)
    counts : array of int64, shape (n_texts,)
    """
    cdef Py_ssize_t n = len(lengths), text, begin = 0, height = table.shape[0], width = table.shape[1]
    if height < 1:
        raise ValueError("the table is empty")
    cdef NgramHasher hasher = NgramHasher(codes, lengths, sizes, min(int(height).bit_length() - 1, 31))
    sums, counts = np.zeros((n, width)), np.zeros(n, np.int64)
    cdef double[:, ::1] total = sums
    cdef int64_t[::1] count = counts
    cdef int32_t[::1] column = np.empty((hasher.n_sizes + 2) * hasher.longest + 1, np.int32)
    if width:
        hasher.table, hasher.width = &table[0, 0], width
    for text in range(n):
        count[text] = hasher.hash(&codes[0] + begin, lengths[text], &column[0])
        if width:
            _sum_rows(&table[0, 0], width, &column[0], count[text], &total[text, 0])  # each is below 2**bits <= height
        begin += lengths[text]
    return sums, counts


cdef class NgramHasher:
    """Hashes the n-grams of one text after the other; checks that the texts are those of the array."""

    cdef int sizes[8]
    cdef int n_sizes, shift
    cdef Py_ssize_t longest  # of the texts
    cdef const float32_t *table  # whose rows the columns will be looked up in, if any, and how long a row is
    cdef Py_ssize_t width
    cdef uint64_t[::1] room

    def __cinit__(self, const uint32_t[::1] codes, const int64_t[::1] lengths, sizes, int bits):
        _check_bits(bits)
        _check_lengths(lengths, len(codes))
        if len(sizes) > 8 or any(size < 1 for size in sizes):
            raise ValueError("an n-gram has at least one character, and there are eight lengths of them at most")
        self.n_sizes = len(sizes)
        for number in range(self.n_sizes):
            self.sizes[number] = sizes[number]
        self.shift = 63 - bits  # after a shift by one: all 64 at once are none to C
        self.longest = np.max(lengths, initial=0)
        self.table, self.width = NULL, 0
        self.room = np.empty(self.longest + 1, np.uint64)

    cdef Py_ssize_t hash(self, const uint32_t *text, Py_ssize_t n, int32_t *column) noexcept:
        """Write the columns of a text of the array, fewer than n for each of the sizes, for words and for pairs; how many."""
        cdef Py_ssize_t at, size, filled = 0, n_words
        cdef int number, shift = self.shift
        cdef uint64_t hash, power, base = _BASE
        cdef uint64_t *before = &self.room[0]
        before[0] = 0
        for at in range(n):  # of the characters before each place, as digits of one number
            before[at + 1] = before[at] * base + text[at]
        for number in range(self.n_sizes):
            size = self.sizes[number]
            power = 1
            for at in range(size - 1):
                power *= base
            for at in range(n - size + 1):
                # the digits from here to the n-gram's end, the first of them raised by one
                hash = before[at + size] - before[at] * power * base + power
                column[filled] = _mix(hash, size) >> 1 >> shift
                PREFETCH(self.table + column[filled] * self.width)
                filled += 1
        n_words = _hash_words(text, n, before)
        for at in range(n_words):
            column[filled + at] = _mix(before[at], _WORD) >> 1 >> shift
        filled += n_words
        for at in range(1, n_words):
            column[filled] = _mix(_mix(before[at - 1], _PAIR) + before[at], _PAIR) >> 1 >> shift
            filled += 1
        return filled


cdef Py_ssize_t _hash_words(const uint32_t *text, Py_ssize_t n, uint64_t *words) noexcept:
    """The hashes of a text's words, fewer than n + 1; how many. Without branches, which would be guessed wrong at every word."""
    cdef Py_ssize_t at, n_words = 0
    cdef uint64_t hash = 0, power = 1, inside = 0, is_word, base = _BASE
    for at in range(n):
        is_word = _is_word(text[at]) != 0
        words[n_words] = hash
        n_words += inside & ~is_word
        hash = (hash + (text[at] + <uint64_t>1) * power) & -is_word
        power = ((power * base - 1) & -is_word) + 1
        inside = is_word
    if inside:
        words[n_words] = hash
        n_words += 1
    return n_words


def fold_characters(list texts not None, str edge not None):
    """The code points of texts in lower case, with an edge at both ends of each and 0 for 1 to 9.

    Returns
    -------
    codes : array of uint32
    lengths : array of int64, shape (n_texts,)
    """
    cdef Py_ssize_t n = len(texts), text, length, filled = 0, room = 0
    cdef Py_UCS4 limit = ord(edge)
    cdef str given
    lengths = np.empty(n, np.int64)
    cdef int64_t[::1] long_ = lengths
    for text in range(n):
        given = texts[text]
        # of these alone is the lower case more than that of each character by itself (Unicode, SpecialCasing)
        if PyUnicode_KIND(given) != PyUnicode_1BYTE_KIND and (u"\u0130" in given or u"\u03a3" in given):
            texts[text] = given = given.lower()
        long_[text] = len(given) + 2
        room += long_[text]
    codes = np.empty(room, np.uint32)
    cdef uint32_t[::1] code = codes
    for text in range(n):
        given = texts[text]
        length = len(given)
        code[filled] = code[filled + length + 1] = limit
        if length == 0:
            pass
        elif PyUnicode_KIND(given) == PyUnicode_1BYTE_KIND:
            _fold(<const uint8_t *>PyUnicode_DATA(given), length, &code[filled + 1])
        elif PyUnicode_KIND(given) == PyUnicode_2BYTE_KIND:
            _fold(<const uint16_t *>PyUnicode_DATA(given), length, &code[filled + 1])
        else:
            _fold(<const uint32_t *>PyUnicode_DATA(given), length, &code[filled + 1])
        filled += length + 2
    return codes, lengths


#: What stands for each character of Latin-1.
cdef uint32_t _FOLDED[256]
for _code in range(256):
    _FOLDED[_code] = 48 if 49 <= _code <= 57 else Py_UNICODE_TOLOWER(_code)


cdef void _fold(const Unit *text, Py_ssize_t n, uint32_t *codes) noexcept:
    cdef Py_ssize_t at
    cdef uint32_t code
    for at in range(n):
        code = text[at]
        codes[at] = _FOLDED[code] if code < 256 else <uint32_t>Py_UNICODE_TOLOWER(code)


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
    cdef uint64_t maybe_silent  # a bit for each of them, by `_bit`
    cdef int n_silent
    cdef Py_ssize_t longest, most

    def __cinit__(self, frozenset silent, Py_ssize_t longest, Py_ssize_t most):
        self.place = NULL
        self.filled = self.room = self.first = self.parted = self.n_silent = self.maybe_silent = 0
        self.longest, self.most = longest, most
        if len(silent) > N_SILENT:
            raise ValueError(f"at most {N_SILENT} attributes are silent")
        for name in silent:
            self.silent[self.n_silent] = _packed(name)
            self.maybe_silent |= _bit(_packed(name))
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
        if not name or not self.maybe_silent & _bit(name):
            return False
        for number in range(self.n_silent):
            if self.silent[number] == name:
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


cdef inline uint64_t _bit(uint64_t name) noexcept:
    return <uint64_t>1 << (name * _MIX >> 58)


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
    cdef Py_ssize_t at = 1, start, end, number = 0, filled = tokens.filled
    cdef uint64_t name
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
            if tag[at] == c"&":
                tokens.filled = tokens.first = filled
                return False
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
    cdef Py_ssize_t n = len(counts), height = table.shape[0], width = table.shape[1], item, at = 0
    _check_lengths(counts, len(rows))
    for item in range(len(rows)):
        if not 0 <= rows[item] < height:
            raise IndexError(f"row {rows[item]} of a table of {height} rows")
    result = np.zeros((n, width))
    cdef double[:, ::1] totals = result
    if len(rows) and width:
        for item in range(n):
            _sum_rows(&table[0, 0], width, &rows[0] + at, counts[item], &totals[item, 0])
            at += counts[item]
    return result


cdef void _sum_rows(const float32_t *table, Py_ssize_t width, const int32_t *rows, Py_ssize_t n, double *total) noexcept:
    """Add some rows of a table to a total: two columns at a time, whose totals stay in registers."""
    cdef Py_ssize_t at, column
    cdef const float32_t *row
    cdef double first, second
    for column in range(0, width - 1, 2):
        first = second = 0
        for at in range(n):
            row = table + rows[at] * width + column
            first += row[0]
            second += row[1]
        total[column] += first
        total[column + 1] += second
    if width & 1:
        for at in range(n):
            total[width - 1] += table[rows[at] * width + width - 1]


def sum_levels(
    const double[:, ::1] values not None, const int64_t[::1] containers not None, const int64_t[::1] inlines not None,
    const int64_t[::1] inline_starts not None, const int64_t[::1] parents not None, const uint8_t[::1] wide not None,
    Py_ssize_t most,
):
    """For each block, sums of its elements' values at three levels: see `paywallclf.features.markup.level_sums`.

    Parameters
    ----------
    values : array of float64, shape (n_elements, 3 * k)
    containers, inlines, inline_starts, parents
        As in a layout.
    wide : array of uint8, shape (n_elements,)
    most : int
        Inline elements that count of a block.

    Returns
    -------
    array of float64, shape (n_blocks, 3 * k)
    """
    cdef Py_ssize_t n = len(containers), n_elements = values.shape[0], width = values.shape[1] // 3, block, column, at, step
    cdef int64_t element
    _check_parents(parents, n_elements)
    if not (len(parents) == len(wide) == n_elements and len(inline_starts) == n + 1 and values.shape[1] == 3 * width):
        raise ValueError("the arrays do not agree in length")
    around_ = np.zeros((n_elements, width))
    cdef double[:, ::1] around = around_  # what stands in an element and around it, up to the first wide one
    for element in range(n_elements):
        if not wide[element]:
            for column in range(width):
                around[element, column] = values[element, 2 * width + column]
                if parents[element] >= 0:
                    around[element, column] += around[parents[element], column]
    result = np.zeros((n, 3 * width))
    cdef double[:, ::1] sums = result
    for block in range(n):
        if not (-1 <= containers[block] < n_elements and 0 <= inline_starts[block] <= inline_starts[block + 1] <= len(inlines)):
            raise ValueError("a block stands in no element")
        for at in range(inline_starts[block], min(inline_starts[block + 1], inline_starts[block] + most)):
            if not 0 <= inlines[at] < n_elements:
                raise ValueError("an inline element is none of the page")
            for column in range(width):
                sums[block, column] += values[inlines[at], column]
        element = containers[block]
        for column in range(width if element >= 0 else 0):
            sums[block, column] += values[element, column]
        for step in range(3):
            if element >= 0:
                element = parents[element]
            if element < 0 or wide[element]:  # what is around a wide element is wide
                break
            for column in range(width):
                if step < 2:
                    sums[block, width + column] += values[element, width + column]
                else:
                    sums[block, 2 * width + column] = around[element, column]
    return result


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


#: Rows that go down a tree side by side: alone, each would wait at every node for the one before.
cdef enum:
    LANES = 8


def sum_trees(
    const int32_t[:, :, ::1] nodes not None, const float32_t[:, ::1] values not None, const float32_t[:, ::1] features not None
):
    """For each row of features, the sum of what the trees say.

    Parameters
    ----------
    nodes : array of int32, shape (n_trees, 2, n_nodes)
        Of each node the feature that it looks at, then of each node its first child; the second one is the next node after that.
        A leaf has none (0). Children stand after their parent.
    values : array of float32, shape (n_trees, n_nodes)
        What a leaf says. At any other node, a row goes to the first child where the feature is at most this, else to the second.
    features : array of float32, shape (n_rows, n_features)

    Returns
    -------
    array of float64, shape (n_rows,)
    """
    cdef Py_ssize_t n_trees = nodes.shape[0], n = features.shape[0], tree, first, lane
    if nodes.shape[1] != 2 or values.shape[0] != n_trees or values.shape[1] != nodes.shape[2] or not 0 < nodes.shape[2] < 1 << 30:
        raise ValueError("the arrays of the trees do not agree")
    cdef int32_t n_nodes = nodes.shape[2], width = min(features.shape[1], 1 << 30), at, following, bad, moved
    cdef int32_t places[LANES]
    cdef const int32_t *feature
    cdef const int32_t *child
    cdef const float32_t *value
    cdef const float32_t *row[LANES]
    sums = np.zeros(n)
    cdef double[::1] total = sums
    for tree in range(n_trees):
        feature, child, value = &nodes[tree, 0, 0], &nodes[tree, 1, 0], &values[tree, 0]
        bad = 0
        for at in range(n_nodes):
            # a child after its parent: no walk goes round
            bad |= (child[at] != 0) & ((child[at] <= at) | (child[at] > n_nodes - 2) | (feature[at] < 0) | (feature[at] >= width))
        if bad:
            raise ValueError(f"a node of tree {tree} has a feature or a child that is not there")
        for first in range(0, n, LANES):
            for lane in range(LANES):
                places[lane] = 0
                row[lane] = &features[min(first + lane, n - 1), 0]
            moved = child[0]
            while moved:
                moved = 0
                for lane in range(LANES):
                    at = places[lane]
                    following = child[at] + (row[lane][feature[at]] > value[at]) - at
                    places[lane] = at + (following & -(child[at] != 0))  # no branch, which would be guessed wrong half the time
                    moved |= child[at]
            for lane in range(min(n - first, LANES)):
                total[first + lane] += value[places[lane]]
    return sums
