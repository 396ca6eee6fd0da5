# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The loops over single characters, hashes and elements, compiled: in NumPy and Python they took half of a cleaning's time.

The hashes are polynomial rolling hashes (Karp and Rabin, 1987) finished by multiplicative hashing (Knuth, TAOCP 3, 6.4).
"""

import numpy as np

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport (
    PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND, Py_UNICODE_TOLOWER,
)
from libc.math cimport fmax, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from paywallclf.characters cimport Unit, unescaped
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


#: Of each character of ASCII, whether it stands in words.
cdef uint8_t _ASCII_WORD[128]
for _code in range(128):
    _ASCII_WORD[_code] = chr(_code).isalnum()


cdef inline uint64_t _is_word(Py_UCS4 code) noexcept:
    """1 for a letter or a digit, else 0."""
    return _ASCII_WORD[code] if code < 128 else code.isalnum() != 0


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
        is_word = _is_word(text[at])
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
    cdef Py_ssize_t element, n = len(tags), before
    cdef Tokens tokens = Tokens(tags, attributes, silent, longest, most)
    _check_bits(bits)
    if len(wanted) != n:
        raise ValueError("there is not one element for each that may be wanted")
    counts = np.zeros(n, np.int64)
    cdef int64_t[::1] count = counts
    for element in range(n):
        if wanted[element]:
            before = tokens.filled
            tokens.read(element)
            count[element] = tokens.filled - before
    rows = np.empty(tokens.filled, np.int32)
    cdef int32_t[::1] row = rows
    if tokens.filled:
        memcpy(&row[0], tokens.rows(bits), tokens.filled * sizeof(int32_t))
    return rows, counts


def sum_attributes(
    const float32_t[:, ::1] table not None, list tags not None, attributes not None, const uint8_t[::1] wanted not None,
    frozenset silent not None, Py_ssize_t longest, Py_ssize_t most,
):
    """The sums of a table's rows over elements' tokens: what `sum_rows` gives for `hash_attributes`, for less.

    A page repeats its start tags: of those that are alike, most are read once.

    Parameters
    ----------
    table : array of float32, shape (2**bits, n_columns)
    tags, attributes, wanted, silent, longest, most
        As for `hash_attributes`.

    Returns
    -------
    sums : array of float64, shape (n_elements, n_columns)
    counts : array of int64, shape (n_elements,)
    """
    cdef Py_ssize_t element, same, n = len(tags), height = table.shape[0], width = table.shape[1]
    cdef Tokens tokens = Tokens(tags, attributes, silent, longest, most)
    if height < 1 or len(wanted) != n:
        raise ValueError("the table is empty, or there is not one element for each that may be wanted")
    cdef int bits = min(int(height).bit_length() - 1, 31)
    sums, counts = np.zeros((n, width)), np.zeros(n, np.int64)
    cdef double[:, ::1] total = sums
    cdef int64_t[::1] count = counts
    for element in range(n if width else 0):
        if not wanted[element]:
            continue
        same = tokens.alike(element)
        if same == element:
            tokens.filled = tokens.first = 0
            tokens.read(element)
            count[element] = tokens.filled
            _sum_rows(&table[0, 0], width, tokens.rows(bits), tokens.filled, &total[element, 0])  # each is below 2**bits
        else:
            count[element] = count[same]
            memcpy(&total[element, 0], &total[same, 0], width * sizeof(double))
    return sums, counts


#: Where a word stands. Links and styles speak for themselves.
cdef enum:
    TAG = 1
    NAME = 2
    VALUE = 3
    LINK = 4
    STYLE = 5
    N_SILENT = 32
    N_SEEN = 1024


cdef void *_grown(void *memory, size_t size) except NULL:
    cdef void *grown = PyMem_Realloc(memory, size)
    if grown == NULL:
        raise MemoryError
    return grown


cdef class Tokens:
    """The elements of a page, and a growing array of the hashes of those that are read."""

    cdef list tags
    cdef object attributes
    cdef str html  # where the attributes are read in place, and None where they are mappings
    cdef const int64_t[:, ::1] places
    cdef int32_t seen[N_SEEN]  # by the hash of a start tag, the last element that had it
    cdef uint64_t *place
    cdef int32_t *row  # room for the row of a table that each hash stands for
    cdef Py_ssize_t filled, room  # how many it holds, and how many there is room for
    cdef Py_ssize_t first  # the first word whose pairs are still to come
    cdef Py_ssize_t parted  # of these words, the first one of the value
    cdef uint64_t silent[N_SILENT]
    cdef uint64_t maybe_silent  # a bit for each of them, by `_bit`
    cdef int n_silent
    cdef Py_ssize_t longest, most
    cdef uint32_t[::1] value  # of an attribute, without its escapes

    def __cinit__(self, list tags, attributes, frozenset silent, Py_ssize_t longest, Py_ssize_t most):
        self.place = NULL
        self.row = NULL
        self.filled = self.room = self.first = self.parted = self.n_silent = self.maybe_silent = 0
        self.tags, self.attributes, self.longest, self.most = tags, attributes, longest, most
        if len(tags) != len(attributes):
            raise ValueError("the elements' names and attributes do not agree in number")
        if isinstance(attributes, Attributes):
            self.html, self.places = attributes.html, attributes.places
        memset(self.seen, -1, sizeof(self.seen))
        self.value = np.empty(longest + 1, np.uint32)
        if len(silent) > N_SILENT:
            raise ValueError(f"at most {N_SILENT} attributes are silent")
        for name in silent:
            self.silent[self.n_silent] = _packed(name)
            self.maybe_silent |= _bit(_packed(name))
            self.n_silent += 1

    def __dealloc__(self):
        PyMem_Free(self.place)
        PyMem_Free(self.row)

    cdef int reserve(self, Py_ssize_t more) except -1:
        cdef Py_ssize_t room = 2 * (self.filled + more) + 1024
        if self.filled + more > self.room:
            self.place = <uint64_t *>_grown(self.place, room * sizeof(uint64_t))
            self.row = <int32_t *>_grown(self.row, room * sizeof(int32_t))
            self.room = room
        return 0

    cdef int read(self, Py_ssize_t element) except -1:
        """Add an element's tokens. One that is read in place is a start tag as lexbor writes it."""
        cdef Py_ssize_t start, n
        if self.html is None:
            return self.add_element(self.tags[element], self.attributes[element])
        start = self.start(element)
        n = self.places[element, 1] - start
        cdef int kind = PyUnicode_KIND(self.html)
        if kind == PyUnicode_1BYTE_KIND:
            return _add_tag(self, <const uint8_t *>PyUnicode_DATA(self.html) + start, n)
        if kind == PyUnicode_2BYTE_KIND:
            return _add_tag(self, <const uint16_t *>PyUnicode_DATA(self.html) + start, n)
        return _add_tag(self, <const uint32_t *>PyUnicode_DATA(self.html) + start, n)

    cdef Py_ssize_t start(self, Py_ssize_t element) except -1:
        """Where an element's start tag stands; it ends within the page."""
        if not 0 <= self.places[element, 0] <= self.places[element, 1] <= len(self.html):
            raise ValueError("an element stands beyond its page")
        return self.places[element, 0]

    cdef Py_ssize_t alike(self, Py_ssize_t element) except -1:
        """An element before this one that has the same start tag, or itself."""
        cdef Py_ssize_t same, size
        cdef const uint8_t *page
        cdef const uint8_t *tag
        if self.html is None:
            return element
        page = <const uint8_t *>PyUnicode_DATA(self.html)
        tag = page + PyUnicode_KIND(self.html) * self.start(element)
        size = PyUnicode_KIND(self.html) * (self.places[element, 1] - self.places[element, 0])
        cdef int32_t *seen = &self.seen[_hash_bytes(tag, size) % N_SEEN]
        same = seen[0]
        seen[0] = element
        if same >= 0 and size == PyUnicode_KIND(self.html) * (self.places[same, 1] - self.places[same, 0]):
            if memcmp(tag, page + PyUnicode_KIND(self.html) * self.places[same, 0], size) == 0:
                return same
        return element

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

    cdef const int32_t *rows(self, int bits) noexcept:
        """The rows of a table that the hashes stand for, up to the next call of any method."""
        cdef Py_ssize_t at
        for at in range(self.filled):
            self.row[at] = _mix(self.place[at], 2) >> 1 >> (63 - bits)
        return self.row


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


cdef inline uint64_t _hash_bytes(const uint8_t *text, Py_ssize_t n) noexcept:
    cdef uint64_t hash = n, part = 0
    while n >= 8:
        memcpy(&part, text, 8)
        hash = (hash ^ part) * _MIX
        text += 8
        n -= 8
    part = 0
    memcpy(&part, text, n)
    return (hash ^ part) * _MIX >> 32


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


cdef int _add_tag(Tokens tokens, const Unit *tag, Py_ssize_t n) except -1:
    """The tokens of a start tag as lexbor writes it, ``<name attribute="value">``. Of any other, no more than its end is read."""
    cdef Py_ssize_t at = 1, start, end, number = 0
    cdef uint64_t name
    cdef bint escaped
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
        escaped = False
        while at < n and tag[at] != c'"':
            escaped |= tag[at] == c"&"
            at += 1
        if at >= n:
            break
        if not tokens.is_silent(name):
            _add_words(tokens, tag + start, end - start, NAME)
            if escaped:
                _add_escaped(tokens, tag + end + 2, at - end - 2, _standing(name))
            elif at - end - 2 <= tokens.longest:
                _add_words(tokens, tag + end + 2, at - end - 2, _standing(name))
            tokens.add_pairs()
        at += 1
    return 0


cdef int _add_escaped(Tokens tokens, const Unit *text, Py_ssize_t n, uint64_t standing) except -1:
    """The words of a value with an ampersand, unless it is too long without its escapes."""
    cdef Py_ssize_t at = 0, length = 0
    while at < n and length <= tokens.longest:
        tokens.value[length] = text[at]
        at += 1
        if text[at - 1] == c"&":
            tokens.value[length] = unescaped(text, n, &at)
        length += 1
    return _add_words(tokens, &tokens.value[0], length, standing) if length <= tokens.longest else 0


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


def wide_elements(list texts not None, const int64_t[::1] starts not None, const int64_t[::1] ends not None, double share):
    """Which elements hold more than a share of the texts' characters, as an array of uint8."""
    cdef Py_ssize_t n = len(texts), n_elements = len(starts), at
    cdef int64_t[::1] before = np.zeros(n + 1, np.int64)  # each text, so many characters
    if len(ends) != n_elements:
        raise ValueError("the arrays do not agree in length")
    for at in range(n):
        before[at + 1] = before[at] + len(<str?>texts[at])
    wide = np.empty(n_elements, np.uint8)
    cdef uint8_t[::1] is_wide = wide
    for at in range(n_elements):
        if not 0 <= starts[at] <= ends[at] <= n:
            raise ValueError("an element holds blocks that there are none of")
        is_wide[at] = before[ends[at]] - before[starts[at]] > share * before[n]
    return wide


def score_levels(
    const double[:, ::1] sums not None, const int64_t[::1] counts not None, const int64_t[::1] containers not None,
    const int64_t[::1] inlines not None, const int64_t[::1] inline_starts not None, const int64_t[::1] parents not None,
    const uint8_t[::1] wide not None, Py_ssize_t most,
):
    """For each block, what its elements count for at three levels: see `paywallclf.features.markup.level_scores`.

    Parameters
    ----------
    sums : array of float64, shape (n_elements, 3 * k)
    counts : array of int64, shape (n_elements,)
    containers, inlines, inline_starts, parents
        As in a layout.
    wide : array of uint8, shape (n_elements,)
    most : int
        Inline elements that count of a block.

    Returns
    -------
    array of float32, shape (n_blocks, k)
    """
    cdef Py_ssize_t n = len(containers), n_elements = sums.shape[0], k = sums.shape[1] // 3, block, column, at, level
    cdef int64_t element
    _check_parents(parents, n_elements)
    if not (len(counts) == len(parents) == len(wide) == n_elements and len(inline_starts) == n + 1 and sums.shape[1] == 3 * k):
        raise ValueError("the arrays do not agree in length")
    around_ = np.zeros((n_elements, k + 1))
    cdef double[:, ::1] around = around_  # what stands in an element and around it, up to the first wide one
    for element in range(n_elements):
        if not wide[element]:
            _add_element(&around[element, 0], sums, counts, element, 2, k)
            for column in range(k + 1 if parents[element] >= 0 else 0):
                around[element, column] += around[parents[element], column]
    result = np.zeros((n, k), np.float32)
    cdef float32_t[:, ::1] score = result
    cdef double[:, ::1] own = np.empty((3, k + 1))  # the block's sums at each level, and their numbers
    for block in range(n):
        if not (-1 <= containers[block] < n_elements and 0 <= inline_starts[block] <= inline_starts[block + 1] <= len(inlines)):
            raise ValueError("a block stands in no element")
        memset(&own[0, 0], 0, 3 * (k + 1) * sizeof(double))
        for at in range(inline_starts[block], min(inline_starts[block + 1], inline_starts[block] + most)):
            if not 0 <= inlines[at] < n_elements:
                raise ValueError("an inline element is none of the page")
            _add_element(&own[0, 0], sums, counts, inlines[at], 0, k)
        element = containers[block]
        if element >= 0:
            _add_element(&own[0, 0], sums, counts, element, 0, k)
        for at in range(3):
            if element >= 0:
                element = parents[element]
            if element < 0 or wide[element]:  # what is around a wide element is wide
                break
            if at < 2:
                _add_element(&own[1, 0], sums, counts, element, 1, k)
            else:
                memcpy(&own[2, 0], &around[element, 0], (k + 1) * sizeof(double))
        for level in range(3):
            for column in range(k):
                own[level, column] /= sqrt(fmax(own[level, k], 1))
        for column in range(k):
            score[block, column] = own[0, column] + own[1, column] + own[2, column]
    return result


cdef inline void _add_element(
    double *total, const double[:, ::1] sums, const int64_t[::1] counts, Py_ssize_t element, Py_ssize_t level, Py_ssize_t k
) noexcept:
    """Add an element's sums at a level, and after them their number."""
    cdef Py_ssize_t column
    for column in range(k):
        total[column] += sums[element, level * k + column]
    total[k] += counts[element]


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


#: What is worked on side by side: rows that go down a tree, which alone would wait at every node for the one before, and sums.
cdef enum:
    LANES = 8


def standardise(
    const float32_t[:, ::1] features not None, const float32_t[::1] mean not None, const float32_t[::1] scale not None,
    float32_t most, Py_ssize_t n_rows,
):
    """Standardised features, cut off at `most` on both sides, and rows of zeros below, `n_rows` in all.

    Returns
    -------
    array of float32, shape (n_rows, n_features)
    """
    cdef Py_ssize_t n = features.shape[0], width = features.shape[1], row, column
    if not len(mean) == len(scale) == width or n_rows < n:
        raise ValueError("the arrays of the standardiser do not agree")
    result = np.empty((n_rows, width), np.float32)
    cdef float32_t[:, ::1] out = result
    cdef float32_t standard
    for row in range(n):
        for column in range(width):
            standard = (features[row, column] - mean[column]) / scale[column]
            standard = most if standard > most else standard
            out[row, column] = -most if standard < -most else standard
    if n < n_rows and width:
        memset(&out[n, 0], 0, (n_rows - n) * width * sizeof(float32_t))
    return result


def output_units(
    const float32_t[:, ::1] hidden not None, const float32_t[::1] intercept not None, const float32_t[::1] weights not None,
    Py_ssize_t n,
):
    """For each of the first `n` rows, the weighted sum of what a layer of rectified units says, given all but its intercept.

    Returns
    -------
    array of float64, shape (n,)
    """
    cdef Py_ssize_t width = hidden.shape[1], row, part, column, lane
    if not len(intercept) == len(weights) == width or not 0 <= n <= hidden.shape[0]:
        raise ValueError("the arrays of the network do not agree")
    result = np.empty(n)
    cdef double[::1] out = result
    cdef float32_t sums[LANES]  # which the compiler adds to at once
    for row in range(n):
        memset(sums, 0, sizeof(sums))
        for part in range(width // LANES):
            for lane in range(LANES):
                column = part * LANES + lane
                sums[lane] += _rectified(hidden[row, column] + intercept[column]) * weights[column]
        for column in range(width - width % LANES, width):
            sums[0] += _rectified(hidden[row, column] + intercept[column]) * weights[column]
        out[row] = 0
        for lane in range(LANES):
            out[row] += sums[lane]
    return result


cdef inline float32_t _rectified(float32_t value) noexcept:
    return value if value > 0 else 0


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
    cdef Py_ssize_t n_trees = nodes.shape[0], n = features.shape[0], tree, node, part, first, lane
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
        bad = 0  # negative where one of these differences is, which takes no comparison
        for node in range(n_nodes):
            bad |= feature[node] | (width - 1 - feature[node])
            # a child after its parent: no walk goes round
            bad |= (child[node] | (child[node] - <int32_t>node - 1) | (n_nodes - 2 - child[node])) & -(child[node] != 0)
        if bad < 0:
            raise ValueError(f"a node of tree {tree} has a feature or a child that is not there")
        for part in range((n + LANES - 1) // LANES):
            first = part * LANES
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
