# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The loops that cut a page into blocks, compiled: in Python they were a third of a cleaning's time.

`Cutter` takes the elements and texts of any parser in document order, so that every input is cut by the same rules. `scan` feeds
it from HTML as lexbor writes it: well nested, with every attribute in double quotes and ``<`` nowhere but in tags and raw text.

A string is read where it lies, by loops that are compiled for each of the three widths that its characters can have (`Unit`).
None of them looks beyond the string's end: a place is compared with the length, or the character before it was read and is not
the NUL that CPython keeps after the last one.
"""

import re
from collections.abc import Sequence

import numpy as np

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.unicode cimport (
    PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_4BYTE_KIND, PyUnicode_DATA, PyUnicode_FromKindAndData, PyUnicode_KIND,
    PyUnicode_READ, Py_UNICODE_ISSPACE,
)
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcpy

from paywallclf.characters cimport Unit, begins, unescaped
from paywallclf.document import Layout
from paywallclf.html.segment import BLOCK_LEVEL, MAX_DEPTH, NO_BLOCKS, PLAYERS, SERVANTS, Segments, UnreadableError

#: What an element's name means, as bits.
cdef enum:
    BLOCK = 1  # block-level
    HIDDEN = 2  # holds no blocks
    SERVANT = 4
    PLAYER = 8
    LINK = 16
    BREAK = 32
    VOID = 64  # written without an end tag (HTML standard, "Serializing HTML fragments")
    RAW = 128  # its text holds no tags
    PADDED = 256  # a newline that it begins with is dropped
    FORM = 512
    ENDLESS = 1024
    FOREIGN = 2048  # its elements are not HTML's, whatever their names
    SCRIPT = 4096
    FIGURE = 8192

cdef dict _ROLES = {}
for _role, _members in (
    (BLOCK, BLOCK_LEVEL),
    (HIDDEN, NO_BLOCKS),
    (SERVANT, SERVANTS),
    (PLAYER, PLAYERS),
    (LINK, ["a"]),
    (BREAK, ["br"]),
    (VOID, "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split()),
    (PADDED, ["pre", "listing", "textarea"]),
    (FORM, ["form"]),
    (ENDLESS, ["plaintext"]),
    (RAW, "style xmp iframe noembed noframes noscript plaintext".split()),
    (FOREIGN, ["svg", "math"]),
    (SCRIPT, ["script"]),
    (FIGURE, ["figure"]),
):
    for _member in _members:
        _ROLES[_member] = _ROLES.get(_member, 0) | _role

#: What changes whether ``</script`` ends a script (HTML standard, "Script data double escaped state").
_SCRIPT_STEP = re.compile(r"<!--|-->|<(/?)script(?=[ \t\n\f\r/>])", re.IGNORECASE | re.ASCII)

cdef Py_ssize_t _MOST_OPEN = MAX_DEPTH

_NOT_CANONICAL = "its tags are not well nested after parsing"


class UnstableError(ValueError):
    """HTML that would be another tree if it was parsed.

    A form in a form, ``plaintext``, a newline that would be dropped, or a style or script within SVG or MathML: written as it
    is, what was only text there is markup when it is parsed again.
    """


# -- cutting -------------------------------------------------------------------------------------------------------------


cdef class Numbers:
    """A growing array of int64."""

    cdef int64_t *at
    cdef Py_ssize_t n, room  # how many it holds, and how many there is room for

    def __cinit__(self):
        self.at = NULL
        self.n = self.room = 0

    def __dealloc__(self):
        PyMem_Free(self.at)

    cdef inline int append(self, int64_t value) except -1:
        if self.n == self.room:
            self.grow()
        self.at[self.n] = value
        self.n += 1
        return 0

    cdef int grow(self) except -1:
        cdef Py_ssize_t room = 2 * self.room + 64
        cdef int64_t *grown = <int64_t *>PyMem_Realloc(self.at, room * sizeof(int64_t))
        if grown == NULL:
            raise MemoryError
        self.at, self.room = grown, room
        return 0

    def asarray(self):
        result = np.empty(self.n, np.int64)
        cdef int64_t[::1] copied = result
        if self.n:
            memcpy(&copied[0], self.at, self.n * sizeof(int64_t))
        return result


cdef class Cutter:
    """Cuts a tree into blocks, told of its elements and texts in document order.

    An element is a start and an end, `open` and `close`; for those of `NO_BLOCKS` `pass_over`. Comments are not told of.
    """

    cdef list tags, texts
    cdef Numbers parents, starts, ends, containers, link_lengths
    cdef Numbers inlines, enclosed  # of one block after the other
    cdef Numbers inline_starts, enclosed_starts, node_starts  # for each block where its own begin; the last is the run's
    cdef Numbers serving, media
    cdef Numbers opened, roles  # elements, and what their names mean
    cdef Numbers blocks  # those of them that are block-level
    cdef Py_ssize_t n_nodes  # text nodes of the blocks and the run
    cdef Py_ssize_t n_started  # how many of the opened elements hold text so far: the outer ones
    cdef Py_ssize_t links  # how many of them are links
    # the run of inline text that is being read
    cdef uint32_t *text_  # its characters, white space folded
    cdef Py_ssize_t length, room  # how many they are, and how many there is room for
    cdef bint gap  # whether white space stands after them
    cdef Numbers loose  # elements without text after the run's last text
    cdef Py_ssize_t link_length
    cdef bint waiting_break

    def __cinit__(self):
        self.tags, self.texts = [], []
        self.parents, self.starts, self.ends = Numbers(), Numbers(), Numbers()
        self.containers, self.link_lengths = Numbers(), Numbers()
        self.inlines, self.enclosed = Numbers(), Numbers()
        self.inline_starts, self.enclosed_starts, self.node_starts = Numbers(), Numbers(), Numbers()
        self.serving, self.media = Numbers(), Numbers()
        self.opened, self.roles, self.blocks, self.loose = Numbers(), Numbers(), Numbers(), Numbers()
        self.n_nodes = self.n_started = self.links = self.room = 0
        self.text_ = NULL
        self._begin_run()

    def __dealloc__(self):
        PyMem_Free(self.text_)

    def open(self, str name not None):
        """An element that is none of `NO_BLOCKS` begins."""
        self._open(name, _ROLES.get(name, 0))

    cdef int _open(self, str name, int role) except -1:
        cdef Py_ssize_t element = self.parents.n
        if self.opened.n > _MOST_OPEN:
            raise UnreadableError(f"more than {MAX_DEPTH} elements are open at once")
        if role & BLOCK:
            self._flush(-1)
            self.blocks.append(element)
        else:
            if role & LINK:
                self.links += 1
            elif role & BREAK:
                if self.waiting_break:
                    self._flush(element)
                self.gap = True
                self.waiting_break = True
            elif role & SERVANT and self.opened.n:
                self.serving.append(self._innermost())
            self.inlines.append(element)
        self.tags.append(name)
        self.parents.append(self._innermost())
        self.starts.append(0)
        self.ends.append(0)
        self.opened.append(element)
        self.roles.append(role)
        return 0

    def close(self):
        """The element that was opened last, and is not closed yet, ends."""
        if not self.opened.n:
            raise ValueError("no element is open")
        self._close()

    cdef int _close(self) except -1:
        cdef Py_ssize_t element = self._innermost()
        cdef int role = self._role()
        self.opened.n -= 1
        self.roles.n -= 1
        if role & BLOCK:
            self._flush(-1)
            self.blocks.n -= 1
        elif role & LINK:
            self.links -= 1
        self.ends.at[element] = self._n_begun()
        if self.n_started > self.opened.n:
            self.n_started = self.opened.n
        else:  # it holds no text
            self.starts.at[element] = self.ends.at[element]
            if role & FIGURE:
                self.media.append(self._innermost())
                self.media.append(self.ends.at[element])
            if self.length:
                self.loose.append(element)
        return 0

    cpdef pass_over(self, str name):
        """An element of `NO_BLOCKS` stands here."""
        self._pass_over(_ROLES[name])

    cdef int _pass_over(self, int role) except -1:
        if self.opened.n:
            if role & SERVANT:
                self.serving.append(self._innermost())
            elif role & PLAYER:
                self.media.append(self._innermost())
                self.media.append(self._n_begun())
        return 0

    def text(self, str text not None):
        """A text node. Whether it is one of a block's: white space outside of text is not."""
        cdef int kind = PyUnicode_KIND(text)
        if kind == PyUnicode_1BYTE_KIND:
            return _add_text(self, <const uint8_t *>PyUnicode_DATA(text), len(text), False)
        if kind == PyUnicode_2BYTE_KIND:
            return _add_text(self, <const uint16_t *>PyUnicode_DATA(text), len(text), False)
        return _add_text(self, <const uint32_t *>PyUnicode_DATA(text), len(text), False)

    def segments(self, elements, text_nodes, attributes, bint rewritable=True):
        """The blocks, after the last element has been closed.

        Parameters
        ----------
        elements : sequence
            The parser's node of each element that was opened.
        text_nodes : sequence
            That of each text of a block.
        attributes : sequence of mapping
            Of each element.
        rewritable : bool
            As in `Segments`.
        """
        self._flush(-1)
        layout = Layout(
            self.texts, self.containers.asarray(), self.inlines.asarray(), self.inline_starts.asarray(),
            self.link_lengths.asarray(), self.parents.asarray(), self.tags, attributes, self.starts.asarray(), self.ends.asarray(),
        )
        return Segments(
            layout, elements, text_nodes, self.node_starts.asarray(), self.enclosed.asarray(), self.enclosed_starts.asarray(),
            self.serving.asarray(), self.media.asarray().reshape(-1, 2), rewritable,
        )

    cdef inline Py_ssize_t _innermost(self) noexcept:
        return self.opened.at[self.opened.n - 1] if self.opened.n else -1

    cdef inline int _role(self) noexcept:
        """What the name of the innermost element means; one is open."""
        return self.roles.at[self.roles.n - 1]

    cdef inline Py_ssize_t _n_begun(self) noexcept:
        """How many blocks there are, with the run that is being read if it becomes one."""
        return len(self.texts) + (self.length > 0)

    cdef int _begin_run(self) except -1:
        """The next block's own begin here. Inline elements of a run that had no text are forgotten."""
        if self.inline_starts.n > len(self.texts):
            self.inlines.n = self.inline_starts.at[len(self.texts)]
        else:
            self.inline_starts.append(self.inlines.n)
            self.enclosed_starts.append(self.enclosed.n)
            self.node_starts.append(self.n_nodes)
        self.length = self.link_length = self.loose.n = 0
        self.gap = self.waiting_break = False
        return 0

    cdef int _reserve(self, Py_ssize_t more) except -1:
        """Make room for so many characters more."""
        cdef Py_ssize_t room = 2 * (self.length + more)
        cdef uint32_t *grown
        if self.length + more > self.room:
            grown = <uint32_t *>PyMem_Realloc(self.text_, room * sizeof(uint32_t))
            if grown == NULL:
                raise MemoryError
            self.text_, self.room = grown, room
        return 0

    cdef int _continue_run(self) except -1:
        """Text stands here: in all elements that are open."""
        cdef Py_ssize_t at
        while self.n_started < self.opened.n:
            self.starts.at[self.opened.at[self.n_started]] = len(self.texts)
            self.n_started += 1
        for at in range(self.loose.n):
            self.enclosed.append(self.loose.at[at])
        self.loose.n = 0
        self.waiting_break = False
        return 0

    cdef int _flush(self, Py_ssize_t line_break) except -1:
        """End the run, before what comes next or at a line break that belongs to it; it is a block if it has text."""
        cdef Py_ssize_t at
        if self.length:
            for at in range(self.loose.n):
                if self.tags[self.loose.at[at]] == "br":
                    self.enclosed.append(self.loose.at[at])
            if line_break >= 0:
                self.enclosed.append(line_break)
            self.containers.append(self.blocks.at[self.blocks.n - 1] if self.blocks.n else -1)
            self.link_lengths.append(self.link_length)
            self.texts.append(PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, self.text_, self.length))
        return self._begin_run()


cdef bint _add_text(Cutter cutter, const Unit *text, Py_ssize_t n, bint escaped) except -1:
    """Put a text node into the run that is being read, white space folded; whether it belongs to the run.

    `escaped`: ``&amp;`` and the like stand for characters.
    """
    cdef Py_ssize_t at = 0, length = cutter.length, gaps = 0
    cdef bint gap = cutter.gap
    cdef uint32_t code
    cutter._reserve(n + 1)  # no more than one for each of the node's, and a space for what stood before it
    cdef uint32_t *run = cutter.text_
    while at < n:
        code = text[at]
        at += 1
        if code == c"&" and escaped:
            code = unescaped(text, n, &at)
        if _is_space(code):
            gap = True
            continue
        if gap:
            gap = False
            if length:
                run[length] = c" "
                length += 1
                gaps += 1
        run[length] = code
        length += 1
    cutter.gap = gap
    if length > cutter.length:
        cutter._continue_run()
        if cutter.links:
            cutter.link_length += length - cutter.length - gaps
        cutter.length = length
    elif not length:
        return False
    cutter.n_nodes += 1
    return True


cdef inline bint _is_space(uint32_t code) noexcept:
    """White space as `str.split` has it."""
    # between the ranges stand letters of Europe and Africa, and after them those of East Asia
    return (code <= 32 or 128 <= code <= 0xA0 or 0x1680 <= code <= 0x3000) and Py_UNICODE_ISSPACE(code)


# -- names and attributes ------------------------------------------------------------------------------------------------


#: The names of a page are few; those of up to eight ASCII characters are found by these, packed into a number.
cdef enum:
    N_NAMES = 256


cdef class Names:
    """Elements' names and what they mean: made once, found again by their characters."""

    cdef list names
    cdef int roles[N_NAMES + 1]
    cdef uint64_t packed[N_NAMES + 1]

    def __cinit__(self):
        self.names = [""] * (N_NAMES + 1)
        for place in range(N_NAMES + 1):
            self.packed[place] = 0


cdef int _find_name(Names names, const Unit *html, Py_ssize_t at, Py_ssize_t end) except -1:
    """The place of the name among the names; up to the next call. The name's characters are those from `at` to `end`."""
    cdef uint64_t packed = 0
    cdef Py_ssize_t place
    cdef int found = N_NAMES  # that of any other name
    if end - at <= 8:
        for place in range(at, end):
            if not 0 < html[place] < 128:
                packed = 0
                break
            packed = packed << 8 | html[place]
        if packed:
            found = packed * <uint64_t>0x9E3779B97F4A7C15 >> 56
            if names.packed[found] == packed:
                return found
    name = _slice(html, at, end)
    names.packed[found] = packed
    names.names[found] = name
    names.roles[found] = _ROLES.get(name, 0)
    return found


cdef inline str _slice(const Unit *html, Py_ssize_t at, Py_ssize_t end):
    return PyUnicode_FromKindAndData(sizeof(Unit), html + at, end - at)


cdef class Attributes:
    """The attributes of a page's elements: a sequence of dictionaries, each made when it is asked for.

    Most never are: what scoring reads of attributes it reads where they stand.

    Attributes
    ----------
    html : str
        As lexbor wrote it.
    places : array of int64, shape (n_elements, 4)
        The start and the end of each element's start tag stand in the first two columns.
    named : array of uint8, shape (n_elements,)
        Whether an element has a class or an id.
    """

    cdef readonly str html
    cdef readonly object places, named
    cdef const int64_t[:, ::1] _places

    def __init__(self, str html not None, places not None, named not None):
        self.html, self.places, self._places, self.named = html, places, places, named
        if self._places.shape[1] != 4 or len(named) != self._places.shape[0]:
            raise ValueError("an element has four places, and is named or not")

    def __len__(self):
        return self._places.shape[0]

    def __getitem__(self, element):
        cdef Py_ssize_t number = element
        if not 0 <= number < self._places.shape[0]:
            raise IndexError(element)
        return _attributes(self.html[self._places[number, 0] : self._places[number, 1]])

    def hold(self, Py_ssize_t element, str name not None, str value not None):
        """Whether one of an element's attributes has a name and a value, which needs no escaping."""
        if not 0 <= element < self._places.shape[0]:
            raise IndexError(element)
        return self.html.find(f' {name}="{value}"', self._places[element, 0], self._places[element, 1]) >= 0

    def __reduce__(self):
        return list, (list(self),)


Sequence.register(Attributes)

#: A name and a value, in a tag that lexbor wrote; a name may begin with =.
_ATTRIBUTE = re.compile(r' (.[^=]*)="([^"]*)"', re.DOTALL)


def _attributes(str tag not None):
    """The attributes of a start tag."""
    return {name: _as_text(value) if value else None for name, value in _ATTRIBUTE.findall(tag)}


cdef str _as_text(str written):
    if "&" not in written:
        return written
    return (
        written.replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    )


# -- scanning ------------------------------------------------------------------------------------------------------------


def scan(str html not None, bint stable=False):
    """The blocks of HTML that lexbor wrote.

    Parameters
    ----------
    html : str
    stable : bool
        The HTML is not to be checked for what is an `UnstableError`.

    Returns
    -------
    Segments
        The node of an element is a row of places: start, end of the start tag, start of the end tag, end; that of a text is
        a row (start, end).

    Raises
    ------
    UnreadableError
        Too many elements are open at once, or lexbor did not write this.
    UnstableError
    """
    cdef int kind = PyUnicode_KIND(html)
    if kind == PyUnicode_1BYTE_KIND:
        return _scan(html, <const uint8_t *>PyUnicode_DATA(html), len(html), stable)
    if kind == PyUnicode_2BYTE_KIND:
        return _scan(html, <const uint16_t *>PyUnicode_DATA(html), len(html), stable)
    return _scan(html, <const uint32_t *>PyUnicode_DATA(html), len(html), stable)


cdef _scan(str source, const Unit *html, Py_ssize_t length, bint stable):
    cdef Py_ssize_t at = 0, end, element, forms = 0
    cdef Cutter cutter = Cutter()
    cdef Names names = Names()
    cdef Numbers places = Numbers(), spans = Numbers(), named = Numbers()
    cdef int found, role
    cdef bint is_named, rewritable = True
    while at < length:
        if html[at] != c"<":
            end = _find(html, length, <Unit>c"<", at)
            if (cutter.length or not _is_blank(html, at, end)) and _add_text(cutter, html + at, end - at, True):
                spans.append(at)
                spans.append(end)
            at = end
        elif html[at + 1] == c"/":
            element = cutter._innermost()
            end = _after_end_tag(html, length, at, cutter.tags[element]) if element >= 0 else 0
            if not end:
                raise UnreadableError(_NOT_CANONICAL)
            forms -= cutter._role() & FORM
            cutter._close()
            places.at[4 * element + 2] = at
            places.at[4 * element + 3] = end
            at = end
        elif html[at + 1] == c"!" or html[at + 1] == c"?":
            at = _after_declaration(html, length, at)
        else:
            end = _find_name_end(html, length, at + 1)
            found = _find_name(names, html, at + 1, end)
            role = names.roles[found]
            if role & HIDDEN:
                cutter._pass_over(role)
                end = _after_tag(html, length, end)
                if role & PADDED and not stable and html[end] == c"\n":
                    raise UnstableError
                at = _after_element(source, html, length, names, names.names[found], role, end, stable, &rewritable)
                continue
            is_named = False
            end = _after_attributes(html, length, end, &is_named)
            cutter._open(names.names[found], role)
            named.append(is_named)
            places.append(at)
            places.append(end)
            places.append(end)
            places.append(end)
            at = end
            if role & (PADDED | ENDLESS | FORM) and not stable:
                if (forms and role & FORM) or role & ENDLESS or (role & PADDED and html[at] == c"\n"):
                    raise UnstableError
                forms += role & FORM
            if role & VOID:
                cutter._close()
            elif role & RAW:  # of those, xmp alone holds a block
                end = _start_of_end(html, length, names.names[found], at)
                if _add_text(cutter, html + at, end - at, False):
                    spans.append(at)
                    spans.append(end)
                at = end
    if cutter.opened.n:
        raise UnreadableError(_NOT_CANONICAL)
    rows = places.asarray().reshape(-1, 4)
    attributes = Attributes(source, rows, named.asarray().astype(np.uint8))
    return cutter.segments(rows, spans.asarray().reshape(-1, 2), attributes, rewritable)


cdef inline bint _is_blank(const Unit *html, Py_ssize_t at, Py_ssize_t end) noexcept:
    """Whether a stretch is white space of ASCII; what has other white space is looked at as text."""
    while at < end and (html[at] == 32 or 9 <= html[at] <= 13):
        at += 1
    return at == end


cdef inline Py_ssize_t _find(const Unit *html, Py_ssize_t length, Unit what, Py_ssize_t at) noexcept:
    """The place of the next such character, of ASCII, or the end."""
    cdef const uint8_t *byte
    cdef Py_ssize_t distance
    # the lowest byte of the character is looked for: memchr is many times faster than a loop, and the byte is hardly ever another's
    while at < length:
        byte = <const uint8_t *>memchr(html + at, <int>what, (length - at) * sizeof(Unit))
        if byte == NULL:
            return length
        distance = byte - <const uint8_t *>(html + at)
        at += distance // <Py_ssize_t>sizeof(Unit)
        if html[at] == what:
            break
        at += 1
    return at


cdef inline Py_ssize_t _find_name_end(const Unit *html, Py_ssize_t length, Py_ssize_t at) noexcept:
    while at < length and html[at] != c" " and html[at] != c">":
        at += 1
    return at


cdef inline Py_ssize_t _place_of(const Unit *html, Py_ssize_t length, Unit what, Py_ssize_t at) except -1:
    """The place of the next such character, of ASCII, which must be there."""
    at = _find(html, length, what, at)
    if at >= length:
        raise UnreadableError(_NOT_CANONICAL)
    return at


cdef inline Py_ssize_t _after_tag(const Unit *html, Py_ssize_t length, Py_ssize_t at) except -1:
    """The place after the tag that stands here."""
    return _place_of(html, length, <Unit>c">", at) + 1


cdef Py_ssize_t _after_end_tag(const Unit *html, Py_ssize_t length, Py_ssize_t at, str name):
    """The place after an element's end tag, or 0 where another tag stands."""
    cdef Py_ssize_t place, size = len(name)
    if at + 2 + size >= length or html[at + 2 + size] != c">":
        return 0
    for place in range(size):
        if html[at + 2 + place] != PyUnicode_READ(PyUnicode_KIND(name), PyUnicode_DATA(name), place):
            return 0
    return at + 3 + size


cdef Py_ssize_t _after_attributes(const Unit *html, Py_ssize_t length, Py_ssize_t at, bint *named) except -1:
    """The place after the start tag whose name ends here; whether it has a class or an id."""
    cdef Py_ssize_t equals
    while html[at] == c" ":
        equals = _find(html, length, <Unit>c"=", at + 2)  # a name may begin with =
        if equals + 1 >= length or html[equals + 1] != c'"':
            raise UnreadableError(_NOT_CANONICAL)
        if (equals - at == 3 and begins(html, length, at + 1, b"id", 2)) or (
            equals - at == 6 and begins(html, length, at + 1, b"class", 5)
        ):
            named[0] = True
        at = _place_of(html, length, <Unit>c'"', equals + 2) + 1
    if at >= length or html[at] != c">":
        raise UnreadableError(_NOT_CANONICAL)
    return at + 1


cdef Py_ssize_t _start_of_end(const Unit *html, Py_ssize_t length, str name, Py_ssize_t at) except -1:
    """Where the end tag of an element stands whose text holds no tags."""
    while True:
        at = _place_of(html, length, <Unit>c"<", at)
        if html[at + 1] == c"/" and _after_end_tag(html, length, at, name):
            return at
        at += 1


cdef Py_ssize_t _after_declaration(const Unit *html, Py_ssize_t length, Py_ssize_t at) except -1:
    """The place after a comment, a doctype or a processing instruction."""
    if not begins(html, length, at, b"<!--", 4):
        return _after_tag(html, length, at)
    at += 6
    while True:
        at = _after_tag(html, length, at)
        if html[at - 2] == c"-" and html[at - 3] == c"-":
            return at


cdef Py_ssize_t _after_element(
    str source, const Unit *html, Py_ssize_t length, Names names, str name, int role, Py_ssize_t at, bint stable,
    bint *rewritable,
) except -1:
    """The place after the end tag of an element of `NO_BLOCKS`, from the end of its start tag on; whether it may be written out."""
    cdef Py_ssize_t depth = 1, end
    cdef int around = role, found
    cdef bint in_template = name == "template"
    cdef str inner
    if role & (RAW | SCRIPT):
        return _after_raw(source, html, length, name, at)
    while True:
        at = _place_of(html, length, <Unit>c"<", at)
        if html[at + 1] == c"!" or html[at + 1] == c"?":
            at = _after_declaration(html, length, at)
        elif html[at + 1] == c"/":
            end = _after_end_tag(html, length, at, name)
            if end:
                depth -= 1
                if depth == 0:
                    return end
            at = _after_tag(html, length, at)
        else:
            found = _find_name(names, html, at + 1, _find_name_end(html, length, at + 1))
            inner, role = names.names[found], names.roles[found]
            at = _after_tag(html, length, at)
            depth += inner == name
            around |= role
            in_template |= inner == "template"
            if not stable and (role & (FORM | ENDLESS) or (role & PADDED and html[at] == c"\n")):
                raise UnstableError
            if role & (RAW | SCRIPT):
                if around & FOREIGN and in_template:  # out of reach of what would make it stable
                    rewritable[0] = False
                elif around & FOREIGN and not stable:
                    raise UnstableError
                at = _after_raw(source, html, length, inner, at)


cdef Py_ssize_t _after_raw(str source, const Unit *html, Py_ssize_t length, str name, Py_ssize_t at) except -1:
    """The place after the end tag of an element whose text holds no tags."""
    if name == "script":
        return _after_script(source, html, length, at)
    return _start_of_end(html, length, name, at) + len(name) + 3


cdef Py_ssize_t _after_script(str source, const Unit *html, Py_ssize_t length, Py_ssize_t at) except -1:
    cdef Py_ssize_t end
    while True:
        at = _place_of(html, length, <Unit>c"<", at)
        if html[at + 1] == c"/":
            end = _after_end_tag(html, length, at, "script")
            if end:
                return end
        elif begins(html, length, at, b"<!--", 4):
            break
        at += 1
    escaped = doubly = False
    while (step := _SCRIPT_STEP.search(source, at)) is not None:
        at = step.end()
        if step[0] == "<!--":
            escaped = True
            at -= 2  # the dashes may be those of the end, too
        elif step[0] == "-->":
            escaped = doubly = False
        elif step[1]:
            if not doubly:
                return _after_tag(html, length, at)
            doubly = False
        elif escaped:
            doubly = True
    raise UnreadableError(_NOT_CANONICAL)
