# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The words of elements' names and attributes as rows of a hashed table, and the sums of its rows.

Compiled, as every character of every start tag is looked at.
"""

import numpy as np

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_DATA, PyUnicode_KIND
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from paywallclf.characters cimport Unit, unescaped
from paywallclf.features.hashing cimport BASE, MIX, add_rows, check_bits, mix
from paywallclf.html.scan import Attributes

#: Where a word stands. Links and styles speak for themselves.
cdef enum:
    TAG = 1
    NAME = 2
    VALUE = 3
    LINK = 4
    STYLE = 5
    N_SILENT = 32
    N_SEEN = 1024


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
    check_bits(bits)
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
    const float[:, ::1] table not None, list tags not None, attributes not None, const uint8_t[::1] wanted not None,
    frozenset silent not None, Py_ssize_t longest, Py_ssize_t most,
):
    """The sums of a table's rows over elements' tokens: those that `hash_attributes` gives, for less.

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
            add_rows(&table[0, 0], width, tokens.rows(bits), tokens.filled, &total[element, 0])  # each is below 2**bits
        else:
            count[element] = count[same]
            memcpy(&total[element, 0], &total[same, 0], width * sizeof(double))
    return sums, counts


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
                self.place[self.filled] = mix(self.place[at - 1], 1) + self.place[at]
                self.filled += 1
        self.first = self.filled
        return 0

    cdef const int32_t *rows(self, int bits) noexcept:
        """The rows of a table that the hashes stand for, up to the next call of any method."""
        cdef Py_ssize_t at
        for at in range(self.filled):
            self.row[at] = mix(self.place[at], 2) >> 1 >> (63 - bits)
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
        hash = (hash ^ part) * MIX
        text += 8
        n -= 8
    part = 0
    memcpy(&part, text, n)
    return (hash ^ part) * MIX >> 32


cdef inline uint64_t _bit(uint64_t name) noexcept:
    return <uint64_t>1 << (name * MIX >> 58)


cdef uint64_t _HREF = _packed("href"), _STYLE = _packed("style")


cdef inline uint64_t _standing(uint64_t name) noexcept:
    """Where the words of an attribute's value stand."""
    return LINK if name == _HREF else STYLE if name == _STYLE else VALUE


cdef inline bint _is_letter(Py_UCS4 code) noexcept:
    if code < 128:
        return 97 <= (<uint32_t>code | 32) <= 122
    return code.isalpha()


cdef int _add_words(Tokens tokens, const Unit *text, Py_ssize_t n, uint64_t standing) except -1:
    """The words of a text: runs of letters, camel case parted, A to Z in lower case."""
    cdef Py_ssize_t at = 0
    cdef uint32_t code, before
    cdef uint64_t hash, power, salt = mix(standing, 0)
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
            power *= BASE
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
