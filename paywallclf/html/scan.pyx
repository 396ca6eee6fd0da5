# cython: language_level=3, boundscheck=False, wraparound=False
"""The loops that cut a page into blocks, compiled: in Python they were a third of a cleaning's time.

`Cutter` takes the elements and texts of any parser in document order, so that every input is cut by the same rules. `scan` feeds
it from HTML as lexbor writes it: well nested, with every attribute in double quotes and ``<`` nowhere but in tags and raw text.
"""

import re

import numpy as np

from cpython.array cimport array, resize_smart
from cpython.unicode cimport PyUnicode_DATA, PyUnicode_KIND, PyUnicode_READ
from libc.stdint cimport int64_t

from paywallclf.document import Layout, fold
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
):
    for _member in _members:
        _ROLES[_member] = _ROLES.get(_member, 0) | _role

#: What changes whether ``</script`` ends a script (HTML standard, "Script data double escaped state").
_SCRIPT_STEP = re.compile(r"<!--|-->|<(/?)script(?=[ \t\n\f\r/>])", re.IGNORECASE | re.ASCII)


_NOT_CANONICAL = "its tags are not well nested after parsing"


class UnstableError(ValueError):
    """HTML that would be another tree if it was parsed.

    A form in a form, ``plaintext``, a newline that would be dropped, or a style or script within SVG or MathML: written as it
    is, what was only text there is markup when it is parsed again.
    """


cdef class Numbers:
    """A growing array of int64."""

    cdef array values
    cdef int64_t *at
    cdef Py_ssize_t n

    def __cinit__(self):
        self.values = array("q")
        self.n = 0

    cdef inline int append(self, int64_t value) except -1:
        if self.n == len(self.values):
            resize_smart(self.values, 2 * self.n + 64)
            self.at = <int64_t *>self.values.data.as_longlongs
        self.at[self.n] = value
        self.n += 1
        return 0

    def asarray(self):
        return np.array(self.values[: self.n], np.int64)


cdef class Cutter:
    """Cuts a tree into blocks, told of its elements and texts in document order.

    An element is a start and an end, `open` and `close`; for those of `NO_BLOCKS` `pass_over`. Comments are not told of.
    """

    cdef list tags, attributes, texts, inlines, text_nodes, enclosed, serving, players
    cdef Numbers parents, starts, ends, containers, link_lengths
    cdef Numbers opened  # elements
    cdef Numbers blocks  # those of them that are block-level
    cdef Py_ssize_t n_started  # how many of the opened elements hold text so far: the outer ones
    cdef Py_ssize_t links  # how many of them are links
    # the run of inline text that is being read
    cdef list parts, run_nodes, run_inlines, run_enclosed
    cdef list loose  # elements without text after the run's last text
    cdef Py_ssize_t link_length
    cdef bint with_text, waiting_break

    def __cinit__(self):
        self.tags, self.attributes = [], []
        self.parents, self.starts, self.ends = Numbers(), Numbers(), Numbers()
        self.texts, self.inlines, self.text_nodes, self.enclosed = [], [], [], []
        self.containers, self.link_lengths = Numbers(), Numbers()
        self.serving, self.players = [], []
        self.opened, self.blocks = Numbers(), Numbers()
        self.n_started = self.links = 0
        self._begin_run()

    def open(self, str name not None, attributes):
        """An element that is none of `NO_BLOCKS` begins."""
        self._open(name, _ROLES.get(name, 0), attributes)

    cdef int _open(self, str name, int role, object attributes) except -1:
        cdef Py_ssize_t element = self.parents.n
        if self.opened.n > MAX_DEPTH:
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
                self.parts.append("\n")
                self.waiting_break = True
            elif role & SERVANT and self.opened.n:
                self.serving.append(self._innermost())
            self.run_inlines.append(element)
        self.tags.append(name)
        self.attributes.append(attributes)
        self.parents.append(self._innermost())
        self.starts.append(0)
        self.ends.append(0)
        self.opened.append(element)
        return 0

    def close(self):
        """The element that was opened last, and is not closed yet, ends."""
        if not self.opened.n:
            raise ValueError("no element is open")
        self._close(_ROLES.get(self.tags[self._innermost()], 0))

    cdef int _close(self, int role) except -1:
        cdef Py_ssize_t element = self._innermost()
        self.opened.n -= 1
        if role & BLOCK:
            self._flush(-1)
            self.blocks.n -= 1
        elif role & LINK:
            self.links -= 1
        self.ends.at[element] = len(self.texts) + self.with_text  # the run being read becomes a block if it has text
        if self.n_started > self.opened.n:
            self.n_started = self.opened.n
        else:  # it holds no text
            self.starts.at[element] = self.ends.at[element]
            if self.with_text:
                self.loose.append(element)
        return 0

    cpdef pass_over(self, str name):
        """An element of `NO_BLOCKS` stands here."""
        cdef int role = _ROLES[name]
        if self.opened.n:
            if role & SERVANT:
                self.serving.append(self._innermost())
            elif role & PLAYER:
                self.players.append((self._innermost(), len(self.texts) + self.with_text))

    cpdef text(self, str text, object node):
        """A text node."""
        if not text or text.isspace():
            if not self.with_text:
                return  # nothing, wherever it stands
        else:
            while self.n_started < self.opened.n:
                self.starts.at[self.opened.at[self.n_started]] = len(self.texts)
                self.n_started += 1
            if self.loose:
                self.run_enclosed += self.loose
                self.loose.clear()
            self.with_text = True
            self.waiting_break = False
            if self.links:
                self.link_length += sum(map(len, text.split()))
        self.run_nodes.append(node)
        self.parts.append(text)

    def segments(self, elements):
        """The blocks, after the last element has been closed.

        Parameters
        ----------
        elements : sequence
            The parser's node of each element that was opened.
        """
        self._flush(-1)
        layout = Layout(
            self.texts, self.containers.asarray(), self.inlines, self.link_lengths.asarray(),
            self.parents.asarray(), self.tags, self.attributes, self.starts.asarray(), self.ends.asarray(),
        )
        return Segments(layout, elements, self.text_nodes, self.enclosed, self.serving, self.players)

    cdef inline Py_ssize_t _innermost(self):
        return self.opened.at[self.opened.n - 1] if self.opened.n else -1

    cdef int _begin_run(self) except -1:
        self.parts, self.run_nodes, self.run_inlines, self.run_enclosed, self.loose = [], [], [], [], []
        self.link_length = 0
        self.with_text = self.waiting_break = False
        return 0

    cdef int _flush(self, Py_ssize_t line_break) except -1:
        """End the run, before what comes next or at a line break that belongs to it; it is a block if it has text."""
        if self.with_text:
            self.texts.append(fold("".join(self.parts)))
            self.containers.append(self.blocks.at[self.blocks.n - 1] if self.blocks.n else -1)
            self.inlines.append(self.run_inlines)
            self.link_lengths.append(self.link_length)
            self.text_nodes.append(self.run_nodes)
            for element in self.loose:
                if self.tags[element] == "br":
                    self.run_enclosed.append(element)
            if line_break >= 0:
                self.run_enclosed.append(line_break)
            self.enclosed.append(self.run_enclosed)
        elif not self.run_inlines:
            return 0
        return self._begin_run()


cdef struct Characters:
    int kind
    void *data
    Py_ssize_t length


cdef inline Py_UCS4 _at(Characters characters, Py_ssize_t place) noexcept:
    """The character at a place; NUL at the end, which is no part of canonical HTML."""
    return PyUnicode_READ(characters.kind, characters.data, place)


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
        the pair (start, end).

    Raises
    ------
    UnreadableError
        Too many elements are open at once, or lexbor did not write this.
    UnstableError
    """
    cdef Characters characters = Characters(PyUnicode_KIND(html), PyUnicode_DATA(html), len(html))
    cdef Py_ssize_t at = 0, end, element, forms = 0
    cdef Cutter cutter = Cutter()
    cdef Numbers places = Numbers()
    cdef Py_UCS4 following
    cdef str name
    cdef int role
    cdef dict attributes, none = {}  # most elements have no attributes, and a dictionary is not small
    while at < characters.length:
        if _at(characters, at) != "<":
            end = _find(characters, "<", at)
            if cutter.with_text or not _is_space(characters, at, end):
                cutter.text(_unescaped(html[at:end]), (at, end))
            at = end
            continue
        following = _at(characters, at + 1)
        if following == "/":
            end = _after_tag(characters, at)
            element = cutter._innermost()
            if element < 0 or html[at + 2 : end - 1] != <str>cutter.tags[element]:
                raise UnreadableError(_NOT_CANONICAL)
            role = _ROLES.get(cutter.tags[element], 0)
            forms -= role & FORM
            cutter._close(role)
            places.at[4 * element + 2] = at
            places.at[4 * element + 3] = end
            at = end
        elif following == "!" or following == "?":
            at = _after_declaration(html, at)
        else:
            end = _find_name_end(characters, at + 1)
            name = html[at + 1 : end]
            role = _ROLES.get(name, 0)
            if role & HIDDEN:
                cutter.pass_over(name)
                end = _after_tag(characters, end)
                if role & PADDED and not stable and _at(characters, end) == "\n":
                    raise UnstableError
                at = _after_element(html, characters, name, end, stable)
                continue
            attributes = none if _at(characters, end) == ">" else {}
            end = _read_attributes(html, characters, end, attributes)
            cutter._open(name, role, attributes)
            places.append(at)
            places.append(end)
            places.append(end)
            places.append(end)
            at = end
            if role & (PADDED | ENDLESS | FORM) and not stable:
                if (forms and role & FORM) or role & ENDLESS or (role & PADDED and _at(characters, at) == "\n"):
                    raise UnstableError
                forms += role & FORM
            if role & VOID:
                cutter._close(role)
            elif role & RAW:  # of those, xmp alone holds a block
                end = _after(html, f"</{name}>", at) - len(name) - 3
                cutter.text(html[at:end], (at, end))
                at = end
    if cutter.opened.n:
        raise UnreadableError(_NOT_CANONICAL)
    return cutter.segments(places.asarray().reshape(-1, 4))


cdef inline bint _is_space(Characters characters, Py_ssize_t at, Py_ssize_t end) noexcept:
    """Whether a stretch is white space of ASCII; what has other white space is looked at as text."""
    while at < end and (_at(characters, at) == 32 or 9 <= _at(characters, at) <= 13):
        at += 1
    return at == end


cdef str _unescaped(str text):
    if "&" not in text:
        return text
    return (
        text.replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
    )


cdef inline Py_ssize_t _find(Characters characters, Py_UCS4 what, Py_ssize_t at) noexcept:
    """The place of the next such character, or the end."""
    while at < characters.length and _at(characters, at) != what:
        at += 1
    return at


cdef inline Py_ssize_t _find_name_end(Characters characters, Py_ssize_t at) noexcept:
    while at < characters.length and _at(characters, at) != " " and _at(characters, at) != ">":
        at += 1
    return at


cdef Py_ssize_t _after(str html, str what, Py_ssize_t at) except -1:
    """The place after the next occurrence of a string."""
    cdef Py_ssize_t found = html.find(what, at)
    if found < 0:
        raise UnreadableError(_NOT_CANONICAL)
    return found + len(what)


cdef inline Py_ssize_t _after_tag(Characters characters, Py_ssize_t at) except -1:
    """The place after the tag that stands here."""
    at = _find(characters, ">", at)
    if at >= characters.length:
        raise UnreadableError(_NOT_CANONICAL)
    return at + 1


cdef Py_ssize_t _after_declaration(str html, Py_ssize_t at) except -1:
    """The place after a comment, a doctype or a processing instruction."""
    if html.startswith("<!--", at):
        return _after(html, "-->", at + 4)
    return _after(html, ">", at)


cdef Py_ssize_t _read_attributes(str html, Characters characters, Py_ssize_t at, dict attributes) except -1:
    """Read the attributes that follow a tag's name; the place after the tag."""
    cdef Py_ssize_t equals, end
    while _at(characters, at) == " ":
        equals = _find(characters, "=", at + 2)  # a name may begin with =
        if equals + 1 >= characters.length or _at(characters, equals + 1) != '"':
            raise UnreadableError(_NOT_CANONICAL)
        end = _find(characters, '"', equals + 2)
        if end >= characters.length:
            raise UnreadableError(_NOT_CANONICAL)
        attributes[html[at + 1 : equals]] = _unescaped(html[equals + 2 : end]) if end > equals + 2 else None
        at = end + 1
    if at >= characters.length or _at(characters, at) != ">":
        raise UnreadableError(_NOT_CANONICAL)
    return at + 1


cdef Py_ssize_t _after_element(str html, Characters characters, str name, Py_ssize_t at, bint stable) except -1:
    """The place after the end tag of an element of `NO_BLOCKS`, from the end of its start tag on."""
    cdef Py_ssize_t depth = 1
    cdef int role = _ROLES[name], around = role
    cdef bint in_template = name == "template"
    cdef Py_UCS4 following
    cdef str inner
    if role & RAW or name == "script":
        return _after_raw(html, name, at)
    while True:
        at = _find(characters, "<", at)
        if at >= characters.length:
            raise UnreadableError(_NOT_CANONICAL)
        following = _at(characters, at + 1)
        if following == "!" or following == "?":
            at = _after_declaration(html, at)
        elif following == "/":
            inner = html[at + 2 : _find(characters, ">", at)]
            at = _after_tag(characters, at)
            depth -= inner == name
            if depth == 0:
                return at
        else:
            inner = html[at + 1 : _find_name_end(characters, at)]
            at = _after_tag(characters, at)
            depth += inner == name
            role = _ROLES.get(inner, 0)
            around |= role
            in_template |= inner == "template"
            if not stable and (role & (FORM | ENDLESS) or (role & PADDED and _at(characters, at) == "\n")):
                raise UnstableError
            if role & RAW or inner == "script":
                if around & FOREIGN and in_template:  # out of reach of what would make it stable
                    raise UnreadableError("a template holds a style or script within SVG or MathML")
                if around & FOREIGN and not stable:
                    raise UnstableError
                at = _after_raw(html, inner, at)


cdef Py_ssize_t _after_raw(str html, str name, Py_ssize_t at) except -1:
    """The place after the end tag of an element whose text holds no tags."""
    return _after_script(html, at) if name == "script" else _after(html, f"</{name}>", at)


cdef Py_ssize_t _after_script(str html, Py_ssize_t at) except -1:
    cdef Py_ssize_t end = _after(html, "</script>", at)
    if html.find("<!--", at, end) < 0:
        return end
    escaped = doubly = False
    while (step := _SCRIPT_STEP.search(html, at)) is not None:
        at = step.end()
        if step[0] == "<!--":
            escaped = True
            at -= 2  # the dashes may be those of the end, too
        elif step[0] == "-->":
            escaped = doubly = False
        elif step[1]:
            if not doubly:
                return _after(html, ">", at)
            doubly = False
        elif escaped:
            doubly = True
    raise UnreadableError(_NOT_CANONICAL)
