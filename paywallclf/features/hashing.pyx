# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The n-grams of texts as rows of a hashed table, and the sums of its rows.

Compiled, as every character is looked at many times. What a loop indexes was checked by `check_bits` or `_check_lengths`.
The hash itself and the sum of rows, which the tokens of the markup need too, stand in `hashing.pxd`.
"""

import numpy as np

from cpython.unicode cimport (
    PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND, Py_UNICODE_TOLOWER,
)
from libc.math cimport fmax, sqrt
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from paywallclf.characters cimport Unit

# What will be read soon is fetched, from any address, also from none: into the second cache, which waits for more at once than the
# first one.
cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define PREFETCH(address) __builtin_prefetch(address, 0, 2)
    #else
    #define PREFETCH(address)
    #endif
    """
    void PREFETCH(const void *address) noexcept

#: Salts of words and of pairs of words; character n-grams have their length.
cdef uint64_t _WORD = 11, _PAIR = 12


cdef int _check_lengths(const int64_t[::1] lengths, Py_ssize_t total) except -1:
    """Nothing that follows looks beyond an array of `total` items if its parts have these lengths."""
    cdef Py_ssize_t item
    for item in range(len(lengths)):
        if not 0 <= lengths[item] <= total:
            raise ValueError("the lengths do not agree with the array that they divide")
        total -= lengths[item]
    return 0


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


def score_ngrams(
    const float[:, ::1] table not None, const uint32_t[::1] codes not None, const int64_t[::1] lengths not None, sizes
):
    """The sums of a table's rows over the n-grams of texts, those that `hash_ngrams` gives, divided by the root of their number.

    Parameters
    ----------
    table : array of float32, shape (2**bits, n_columns)
    codes, lengths, sizes
        As for `hash_ngrams`.

    Returns
    -------
    array of float32, shape (n_texts, n_columns)
    """
    cdef Py_ssize_t n = len(lengths), text, begin = 0, height = table.shape[0], width = table.shape[1], count, item
    if height < 1:
        raise ValueError("the table is empty")
    cdef NgramHasher hasher = NgramHasher(codes, lengths, sizes, min(int(height).bit_length() - 1, 31))
    result = np.empty((n, width), np.float32)
    if not width:
        return result
    cdef float[:, ::1] score = result
    cdef double[::1] total = np.empty(width)
    cdef int32_t[::1] column = np.empty((hasher.n_sizes + 2) * hasher.longest + 1, np.int32)
    hasher.table, hasher.width = &table[0, 0], width
    for text in range(n):
        count = hasher.hash(&codes[0] + begin, lengths[text], &column[0])
        memset(&total[0], 0, width * sizeof(double))
        add_rows(&table[0, 0], width, &column[0], count, &total[0])  # each is below 2**bits <= height
        for item in range(width):
            score[text, item] = total[item] / sqrt(fmax(count, 1))
        begin += lengths[text]
    return result


cdef class NgramHasher:
    """Hashes the n-grams of one text after the other; checks that the texts are those of the array."""

    cdef int sizes[8]
    cdef int n_sizes, shift
    cdef Py_ssize_t longest  # of the texts
    cdef const float *table  # whose rows the columns will be looked up in, if any, and how long a row is
    cdef Py_ssize_t width
    cdef uint64_t[::1] room

    def __cinit__(self, const uint32_t[::1] codes, const int64_t[::1] lengths, sizes, int bits):
        check_bits(bits)
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
        cdef uint64_t hash, power, beyond
        cdef uint64_t *before = &self.room[0]
        before[0] = 0
        for at in range(n):  # of the characters before each place, as digits of one number
            before[at + 1] = before[at] * BASE + text[at]
        for number in range(self.n_sizes):
            size = self.sizes[number]
            power, beyond = 1, BASE  # of the n-gram's first digit, and of those before it
            for at in range(1, size):
                power, beyond = beyond, beyond * BASE
            for at in range(n - size + 1):
                # the digits from here to the n-gram's end, the first of them raised by one
                hash = before[at + size] - before[at] * beyond + power
                column[filled] = mix(hash, size) >> 1 >> shift
                PREFETCH(self.table + column[filled] * self.width)
                filled += 1
        n_words = _hash_words(text, n, before)
        for at in range(n_words):
            column[filled + at] = mix(before[at], _WORD) >> 1 >> shift
        filled += n_words
        for at in range(1, n_words):
            column[filled] = mix(mix(before[at - 1], _PAIR) + before[at], _PAIR) >> 1 >> shift
            filled += 1
        return filled


cdef Py_ssize_t _hash_words(const uint32_t *text, Py_ssize_t n, uint64_t *words) noexcept:
    """The hashes of a text's words, fewer than n + 1; how many. Without branches, which would be guessed wrong at every word."""
    cdef Py_ssize_t at, n_words = 0
    cdef uint64_t hash = 0, power = 1, inside = 0, is_word
    for at in range(n):
        is_word = _is_word(text[at])
        words[n_words] = hash
        n_words += inside & ~is_word
        hash = (hash + (text[at] + <uint64_t>1) * power) & -is_word
        power = ((power * BASE - 1) & -is_word) + 1
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


cdef void add_rows(const float *table, Py_ssize_t width, const int32_t *rows, Py_ssize_t n, double *total) noexcept:
    """Add some rows of a table to a total: two columns at a time, whose totals stay in registers."""
    cdef Py_ssize_t at, column
    cdef const float *row
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
