# cython: language_level=3, boundscheck=False, wraparound=False
"""Pages that a tree builder would take minutes or gigabytes over: told from the source, before it is parsed.

Three things cost time with their square in a parser that follows the HTML standard: the elements open at once, the formatting
elements (``<b>``, ``<font>``) that a page forgets to close and that are opened anew in each paragraph, and the attributes of
one tag. The bounds err towards complexity; no page of thousands of well-closed elements is near them.

What is a tag, and what an end tag closes, is read as the standard says (WHATWG, "Tokenization" and "Tree construction"): whatever
a guard closes and a parser does not is a way around the guard.
"""

import re
from collections import Counter

import numpy as np

from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memchr, memset

from paywallclf.html.segment import MAX_DEPTH

#: Elements that the standard may open anew; time 1 microsecond and 200 bytes each.
MAX_COPIES = 500_000

#: Attributes of one tag: 7 ms at 1,000, 30 s at 60,000.
MAX_ATTRIBUTES = 1000

#: The rest of a tag. Possessive, as all here that could be read in two ways: no source makes the search go back.
_INSIDE = rb"(?:[^>=]|=\s*+(?:\"[^\"]*\"|'[^']*')?+)*+"
_BYTES_TAG = re.compile(rb"<[a-zA-Z]" + _INSIDE)
_ATTRIBUTE = re.compile(rb"[^\s/>=\"'][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*+))?+")

#: Formatting elements that are alike, of which so many are opened anew at most.
cdef enum:
    _MOST_ALIKE = 3

#: What the name of an element says of it.
cdef enum:
    _SCOPE = 1  # no end tag reaches over it but one of its own, or of a template
    _SPECIAL = 2  # no end tag of an inline element reaches over it
    _ENDS_PARAGRAPH = 4  # its start tag ends an open paragraph, if no scope and no button stands between
    _ENDS_ITSELF = 8  # its start tag ends an open one of its own
    _DOES_NOT_NEST = 16  # in one another it cannot stand without an element that is counted
    _FORMATTING = 32  # it may be opened anew; ``a`` and ``nobr``, which close one another, need not be counted
    _RAW = 64  # holds text, whatever that looks like
    _LEAVES_FOREIGN = 128  # its start tag ends SVG and MathML
    _POINT_OF_SVG = 256  # within, HTML begins again
    _POINT_OF_MATH = 512
    _CLOSES_ON_TOP = 1024  # its end tag takes nothing else with it
    _OF_SELECT = 2048  # a select holds nothing else
    _OF_RUBY = 4096  # its start tag ends what may be ended without an end tag, in a ruby
    _IMPLIED = 8192  # and this is that
    _VOID = 16384  # holds nothing
    _HEADINGS = 32768
    _BLOCK = 65536  # its start tag opens nothing anew

_HEADING_NAMES = "h1 h2 h3 h4 h5 h6"
_SCOPE_NAMES = "applet marquee object table template select"
_BLOCK_NAMES = (
    "address article aside blockquote center dd details dir div dl dt fieldset figcaption figure footer form header hgroup listing"
    f" main menu nav ol p plaintext pre search section summary ul {_HEADING_NAMES}"
)

_FLAGS_OF = {
    _SCOPE: _SCOPE_NAMES,
    _SPECIAL: f"{_SCOPE_NAMES} {_BLOCK_NAMES} button frameset",
    _ENDS_PARAGRAPH: f"{_BLOCK_NAMES} hr li",
    _ENDS_ITSELF: "a nobr",
    _VOID: "area base br col embed hr img input link meta param source track wbr",
    # most with optional end tags; the others of those can: ``<li><dd><li><dd>``, ``<optgroup><option><optgroup>``
    _DOES_NOT_NEST: "li tr td th thead tbody tfoot caption option colgroup html head body",
    _FORMATTING: "b big code em font i s small strike strong tt u",
    _RAW: "script style title textarea xmp iframe noembed noframes noscript",
    _LEAVES_FOREIGN: (
        "b big blockquote body br center code dd div dl dt em embed head hr i img li listing menu meta nobr ol p pre ruby s small span"
        f" strong strike sub sup table tt u ul var {_HEADING_NAMES}"
    ),
    _POINT_OF_SVG: "foreignobject desc title",
    _POINT_OF_MATH: "mi mo mn ms mtext",
    _CLOSES_ON_TOP: "form frameset",
    _OF_SELECT: "option optgroup hr script template",
    _OF_RUBY: "rb rp rt rtc",
    _IMPLIED: "dd dt optgroup p rb rp rt rtc",
    _HEADINGS: _HEADING_NAMES,
    _BLOCK: f"{_BLOCK_NAMES} frameset table template",
}

#: Names by number, and what each says; a page's other names are numbered after them.
_NUMBERS = {}
_FLAGS = []
for _flag, _names in _FLAGS_OF.items():
    for _name in _names.encode().split():
        if _NUMBERS.setdefault(_name, len(_FLAGS)) == len(_FLAGS):
            _FLAGS.append(0)
        _FLAGS[_NUMBERS[_name]] |= _flag
for _name in (b"svg", b"math", b"font", b"annotation-xml", b"ruby", b""):
    if _NUMBERS.setdefault(_name, len(_FLAGS)) == len(_FLAGS):
        _FLAGS.append(0)
for _name in (b"h2", b"h3", b"h4", b"h5", b"h6"):  # the end tag of one closes any other
    _NUMBERS[_name] = _NUMBERS[b"h1"]

#: The start tags of these do not open formatting elements anew.
cdef int _OPENS_NOTHING_ANEW = _BLOCK | _RAW | _DOES_NOT_NEST | _OF_RUBY

cdef Py_ssize_t _P = _NUMBERS[b"p"], _BR = _NUMBERS[b"br"], _BUTTON = _NUMBERS[b"button"], _TEMPLATE = _NUMBERS[b"template"]
cdef Py_ssize_t _SELECT = _NUMBERS[b"select"], _SCRIPT = _NUMBERS[b"script"]
cdef Py_ssize_t _PLAINTEXT = _NUMBERS[b"plaintext"], _SVG = _NUMBERS[b"svg"], _MATH = _NUMBERS[b"math"]
cdef Py_ssize_t _RUBY = _NUMBERS[b"ruby"], _NAMELESS = _NUMBERS[b""]
cdef Py_ssize_t _FONT = _NUMBERS[b"font"], _ANNOTATION = _NUMBERS[b"annotation-xml"]

_FONT_ATTRIBUTE = re.compile(rb"\b(?:color|face|size)\b", re.IGNORECASE)
_ANNOTATION_OF_HTML = re.compile(rb"text/html|application/xhtml\+xml", re.IGNORECASE)

#: By the first two bytes of a tag's name in lower case: whether it may be a formatting element's. A name of one letter ends there.
cdef uint8_t _MAYBE_FORMATTING[256 * 256]
memset(_MAYBE_FORMATTING, 0, 256 * 256)
for _name in _FLAGS_OF[_FORMATTING].split():
    for _second in _name[1:2] or "> /\n\t\r\f":
        _MAYBE_FORMATTING[256 * ord(_name[0]) + (ord(_second) | 32)] = True


def too_complex(bytes source not None):
    """Whether parsing a page, in UTF-8, would take far longer than its length allows.

    Cheap bounds over the bytes clear nearly every page; the others are read tag by tag.
    """
    cdef const uint8_t *codes = source
    cdef Py_ssize_t n = len(source), at, following, n_tags = 0, n_opened = 0, n_formatting = 0, long_tag = 2 * MAX_ATTRIBUTES
    cdef int first
    at = _find(codes, n, 0, c"<")
    while at < n:
        following = _find(codes, n, at + 1, c"<")
        if following - at > long_tag and _has_too_many_attributes(source, at):
            return True
        n_tags += 1
        if at + 2 < n:  # the last bytes make no tag
            first = codes[at + 1] | 32
            n_opened += c"a" <= first <= c"z"
            n_formatting += _MAYBE_FORMATTING[256 * first + (codes[at + 2] | 32)]
        at = following
    if n_opened <= MAX_DEPTH and n_formatting * n_tags <= MAX_COPIES:
        return False
    return OpenElements(source).are_too_many()


cdef inline Py_ssize_t _find(const uint8_t *codes, Py_ssize_t n, Py_ssize_t at, uint8_t wanted) noexcept:
    """Where a byte stands next, or the end."""
    cdef const void *found = memchr(codes + at, wanted, n - at) if at < n else NULL
    return n if found == NULL else <const uint8_t *>found - codes


def _has_too_many_attributes(source, at):
    tag = _BYTES_TAG.match(source, at)
    return tag is not None and len(tag[0]) > 2 * MAX_ATTRIBUTES and len(_ATTRIBUTE.findall(tag[0])) > MAX_ATTRIBUTES


cdef inline bint _is_space(uint8_t code) noexcept:
    return code == c" " or 9 <= code <= 13 and code != 11


cdef inline bint _is_letter(uint8_t code) noexcept:
    return c"a" <= (code | 32) <= c"z"


cdef inline bint _ends_name(uint8_t code) noexcept:
    return _is_space(code) or code == c"/" or code == c">"


cdef Py_ssize_t _tag_end(const uint8_t *codes, Py_ssize_t n, Py_ssize_t at, bint *is_closed) noexcept:
    """Where the ``>`` of a tag stands whose name ends at a place, or the end; whether a slash stands before it that closes it."""
    cdef uint8_t quote
    is_closed[0] = False
    while at < n:
        while at < n and (_is_space(codes[at]) or codes[at] == c"/"):
            is_closed[0] = codes[at] == c"/"
            at += 1
        if at >= n or codes[at] == c">":
            return at
        is_closed[0] = False
        at += 1  # a name's first character may be =
        while at < n and not _ends_name(codes[at]) and codes[at] != c"=":
            at += 1
        while at < n and _is_space(codes[at]):
            at += 1
        if at >= n or codes[at] != c"=":
            continue
        at += 1
        while at < n and _is_space(codes[at]):
            at += 1
        if at < n and (codes[at] == c'"' or codes[at] == c"'"):
            quote = codes[at]
            at = _find(codes, n, at + 1, quote) + 1
        else:
            while at < n and not _is_space(codes[at]) and codes[at] != c">":
                at += 1
    return n


cdef Py_ssize_t _comment_end(const uint8_t *codes, Py_ssize_t n, Py_ssize_t start) noexcept:
    """What follows a comment whose ``<!--`` ends at a place, or the end."""
    cdef Py_ssize_t at = start, dash
    if at < n and codes[at] == c">":
        return at + 1
    if at + 1 < n and codes[at] == c"-" and codes[at + 1] == c">":
        return at + 2
    while True:
        at = _find(codes, n, at, c">")
        if at >= n:
            return n
        dash = at - 2 if codes[at - 1] == c"!" else at - 1  # two dashes end it, perhaps with an exclamation mark
        if dash - 1 >= start and codes[dash] == c"-" and codes[dash - 1] == c"-":
            return at + 1
        at += 1


cdef bint _stands(const uint8_t *codes, Py_ssize_t n, Py_ssize_t at, bytes name) noexcept:
    """Whether a tag's name stands at a place."""
    cdef Py_ssize_t k, length = len(name)
    cdef const uint8_t *letters = name
    if at + length >= n or not _ends_name(codes[at + length]):
        return False
    for k in range(length):
        if (codes[at + k] | 32 if _is_letter(codes[at + k]) else codes[at + k]) != letters[k]:
            return False
    return True


cdef Py_ssize_t _raw_end(const uint8_t *codes, Py_ssize_t n, Py_ssize_t at, bytes name, bint is_script) noexcept:
    """What follows the end tag's ``</`` that ends the raw text from a place on, or the end."""
    cdef bint escaped = False, doubled = False  # a script with a comment in it, and with a script in that
    cdef Py_ssize_t dashes = 0
    while True:
        if escaped:
            if dashes < at:
                dashes = _find(codes, n, at, c"-")
            at = _find(codes, dashes, at, c"<")
            if at >= dashes:
                if dashes >= n:
                    return n
                while at < n and codes[at] == c"-":
                    at += 1
                if at - dashes >= 2 and at < n and codes[at] == c">":
                    escaped = doubled = False
                continue
        else:
            at = _find(codes, n, at, c"<")
        if at + 3 >= n:
            return n
        if codes[at + 1] == c"/" and _stands(codes, n, at + 2, name):
            if not doubled:
                return at + 2
            doubled = False
        elif escaped and _stands(codes, n, at + 1, name):
            doubled = True
        elif is_script and not escaped and codes[at + 1] == c"!" and codes[at + 2] == c"-" and codes[at + 3] == c"-":
            escaped = True
            at += 1  # its dashes may be those of its end
        at += 1


#: What is known of an open element: its name, the element of the same name before it, the last scope, special element and element
#: of HTML before it, and whose element it is.
cdef enum:
    _NAME = 0
    _SAME = 1
    _SCOPE_BEFORE = 2
    _SPECIAL_BEFORE = 3
    _HTML_BEFORE = 4
    _LANGUAGE = 5
    _N_KNOWN = 6

#: Whose: of HTML, SVG or MathML, or one of those within which HTML begins again.
cdef enum:
    _OF_HTML = 0
    _OF_SVG = 1
    _OF_MATH = 2
    _POINT = 3


cdef class OpenElements:
    """The elements that are open, or may be, as a page is read: an end tag closes nothing unless its element can be reached."""

    cdef bytes source
    cdef const uint8_t *codes
    cdef Py_ssize_t n
    cdef dict numbers
    cdef list flags, last  # of each name: what it says, and the last open element
    cdef list insides  # of each open element the attributes, where it is one that may be opened anew
    cdef list waiting  # formatting elements that were closed with another and will be opened anew: number and attributes
    cdef int64_t[:, ::1] elements
    cdef Py_ssize_t n_open, scope, special, html, most
    cdef dict formatting, alike  # those that may be opened anew: by name their tags, and of each tag how many
    cdef Py_ssize_t n_formatting, copies

    def __cinit__(self, bytes source not None):
        self.source, self.codes, self.n = source, source, len(source)
        self.numbers, self.flags, self.last = dict(_NUMBERS), list(_FLAGS), [-1] * len(_FLAGS)
        self.insides, self.waiting = [None] * (MAX_DEPTH + 2), []
        self.most = MAX_DEPTH
        self.elements = np.empty((self.most + 2, _N_KNOWN), np.int64)  # with those that are too many: one of old, and a new one
        self.n_open = self.n_formatting = self.copies = 0
        self.scope = self.special = self.html = -1
        self.formatting, self.alike = {}, {}

    def are_too_many(self):
        """Whether more stand open at once, or would be opened anew, than the bounds allow, or nobody can say."""
        cdef const uint8_t *codes = self.codes
        cdef Py_ssize_t n = self.n, at = 0, begin, end, number, most_copies = MAX_COPIES
        cdef bint is_end, is_closed
        cdef bytes name
        while True:
            begin = at
            at = _find(codes, n, at, c"<")
            if at + 2 >= n:
                return False
            if at > begin and self.waiting and self.language() != _OF_SVG and self.language() != _OF_MATH:
                self.open_anew()
            is_end = codes[at + 1] == c"/"
            begin = end = at + 1 + is_end
            if not _is_letter(codes[begin]):
                at = self.after_declaration(at, is_end)
                continue
            while end < n and not _ends_name(codes[end]):
                end += 1
            at = _tag_end(codes, n, end, &is_closed) + 1
            if at > n:
                return False
            name = self.source[begin:end].lower()
            number = self.number(name)
            self.copies += self.n_formatting
            if is_end:
                self.end(number)
            elif not self.start_foreign(number, self.source[end:at], is_closed):
                if self.is_unclear(number):
                    return True
                self.start(number, self.source[end:at], is_closed)
                if number == _PLAINTEXT:
                    return False  # all that follows is text
                if <int>self.flags[number] & _RAW:
                    end = _raw_end(codes, n, at, name, number == _SCRIPT)
                    at = min(_tag_end(codes, n, end + len(name), &is_closed) + 1, n)
            if self.n_open > self.most or self.copies > most_copies:
                return True

    cdef Py_ssize_t after_declaration(self, Py_ssize_t at, bint is_end) except -1:
        """What follows a comment or the like, or a ``<`` that is text."""
        cdef const uint8_t *codes = self.codes
        cdef Py_ssize_t n = self.n, end
        if not is_end and codes[at + 1] != c"!" and codes[at + 1] != c"?":
            return at + 1
        if codes[at + 1] == c"!" and at + 3 < n and codes[at + 2] == c"-" and codes[at + 3] == c"-":
            return _comment_end(codes, n, at + 4)
        if self.language() != _OF_HTML and self.source[at:at + 9] == b"<![CDATA[":
            end = self.source.find(b"]]>", at + 9)
            return n if end < 0 else end + 3
        return min(_find(codes, n, at + 1 + is_end, c">") + 1, n)

    cdef Py_ssize_t number(self, bytes name) except -1:
        number = self.numbers.get(name)
        if number is None:
            number = self.numbers[name] = len(self.flags)
            self.flags.append(0)
            self.last.append(-1)
        return number

    cdef int language(self) noexcept:
        """Whose the last open element is."""
        return self.elements[self.n_open - 1, _LANGUAGE] if self.n_open else _OF_HTML

    cdef bint is_unclear(self, Py_ssize_t number) except -1:
        """Whether parsers of different age drop this start tag or read it: a select held no more than options once."""
        cdef bint in_select = self.scope >= 0 and self.elements[self.scope, _NAME] == _SELECT
        return in_select and not <int>self.flags[number] & _OF_SELECT

    cdef bint start_foreign(self, Py_ssize_t number, bytes inside, bint is_closed) except -1:
        """Read a start tag within SVG or MathML, unless it ends them or there are none."""
        cdef int language = self.language(), flags = self.flags[number]
        if language != _OF_SVG and language != _OF_MATH:
            return False
        if flags & _LEAVES_FOREIGN or (number == _FONT and _FONT_ATTRIBUTE.search(inside)):
            self.leave_foreign()
            return False
        if is_closed:
            return True
        if flags & (_POINT_OF_SVG if language == _OF_SVG else _POINT_OF_MATH) or (
            number == _ANNOTATION and language == _OF_MATH and _ANNOTATION_OF_HTML.search(inside)
        ):
            language = _POINT
        elif number == _SVG and self.elements[self.n_open - 1, _NAME] == _ANNOTATION:
            language = _OF_SVG
        self.push(number, 0, language)
        return True

    cdef int leave_foreign(self) except -1:
        """Go on in HTML after SVG or MathML."""
        cdef Py_ssize_t place = self.n_open - 1
        while place >= 0 and (self.elements[place, _LANGUAGE] == _OF_SVG or self.elements[place, _LANGUAGE] == _OF_MATH):
            self.forget_one(place)
            place -= 1
        self.html = self.n_open - 1
        return 0

    cdef int forget(self, int flags) except -1:
        """Forget the innermost elements that have one of some flags."""
        cdef Py_ssize_t place = self.n_open - 1
        while place >= 0 and <int>self.flags[self.elements[place, _NAME]] & flags:
            self.forget_one(place)
            place -= 1
        return 0

    cdef int forget_one(self, Py_ssize_t place) except -1:
        """Count an element on that a parser closes, without a name that an end tag could close it by: who knows what goes with it."""
        cdef int64_t[:, ::1] elements = self.elements
        if elements[place, _NAME] != _NAMELESS:
            self.last[elements[place, _NAME]] = elements[place, _SAME]
        elements[place, _NAME], elements[place, _LANGUAGE] = _NAMELESS, _OF_HTML
        return 0

    cdef int start(self, Py_ssize_t number, bytes inside, bint is_closed) except -1:
        """Read a start tag of HTML."""
        cdef int flags = self.flags[number]
        cdef bint is_foreign = number == _SVG or number == _MATH
        if flags & _ENDS_PARAGRAPH and <Py_ssize_t>self.last[_P] > max(self.scope, <Py_ssize_t>self.last[_BUTTON]):
            self.close(self.last[_P], _P)
        elif number == _BUTTON and <Py_ssize_t>self.last[number] > self.scope:
            self.close(self.last[number], number)
        elif flags & _ENDS_ITSELF:
            if self.waiting:
                self.waiting = [one for one in self.waiting if one[0] != number]
            if <Py_ssize_t>self.last[number] > self.special:
                self.close(self.last[number], number)
        if flags & _HEADINGS:
            self.forget(_HEADINGS)
        elif flags & _OF_RUBY and <Py_ssize_t>self.last[_RUBY] > self.scope:
            self.forget(_IMPLIED)
        if self.waiting and not flags & _OPENS_NOTHING_ANEW:
            self.open_anew()
        if flags & _FORMATTING and self.alike.get((number, inside), 0) < _MOST_ALIKE:
            self.alike[number, inside] = self.alike.get((number, inside), 0) + 1
            self.formatting.setdefault(number, []).append(inside)
            self.n_formatting += 1
        # within SVG and MathML, ones that are not counted would hide whose end tags close what
        if self.language() == _POINT:
            flags &= ~_DOES_NOT_NEST
        if not flags & (_RAW | _VOID | _DOES_NOT_NEST) and not (is_foreign and is_closed):
            self.insides[self.n_open] = inside
            self.push(number, flags, _OF_HTML if not is_foreign else _OF_SVG if number == _SVG else _OF_MATH)
        return 0

    cdef int open_anew(self) except -1:
        """Open the formatting elements anew that were closed with another, as text and inline elements make a parser do."""
        cdef list waiting = self.waiting
        self.waiting = []
        for number, inside in reversed(waiting):
            if self.n_open > self.most:
                break
            self.insides[self.n_open] = inside
            self.push(number, self.flags[number], _OF_HTML)
        return 0

    cdef int end(self, Py_ssize_t number) except -1:
        """Read an end tag."""
        cdef int flags = self.flags[number], language = self.language()
        cdef Py_ssize_t place = self.last[number], barrier, at
        if language != _OF_HTML:
            if number == _P or number == _BR:
                self.leave_foreign()
            elif place > self.html:
                self.close(place, number)
                return 0
        if flags & _FORMATTING and self.formatting.get(number):
            self.alike[number, self.formatting[number].pop()] -= 1
            self.n_formatting -= 1
        if number == _TEMPLATE:
            barrier = -1
        elif flags & _CLOSES_ON_TOP:
            barrier = self.n_open - 2
        elif number == _P:
            barrier = max(self.scope, <Py_ssize_t>self.last[_BUTTON])
        elif flags & _SCOPE:
            barrier = self.scope - 1
        else:
            barrier = self.scope if flags & _SPECIAL else self.special
        if place > max(barrier, -1):
            self.close(place, number)
        else:
            for at in range(<Py_ssize_t>len(self.waiting) - 1, -1, -1):
                if self.waiting[at][0] == number:
                    del self.waiting[at]
                    break
        return 0

    cdef int push(self, Py_ssize_t number, int flags, int language) except -1:
        cdef int64_t[:, ::1] elements = self.elements
        cdef Py_ssize_t place = self.n_open
        elements[place, _NAME], elements[place, _LANGUAGE] = number, language
        elements[place, _SAME], self.last[number] = self.last[number], place
        elements[place, _SCOPE_BEFORE], elements[place, _SPECIAL_BEFORE] = self.scope, self.special
        elements[place, _HTML_BEFORE] = self.html
        if flags & _SCOPE or language == _POINT:
            self.scope = place
        if flags & _SPECIAL or language == _POINT:
            self.special = place
        if language == _OF_HTML:
            self.html = place
        self.n_open += 1
        return 0

    cdef int close(self, Py_ssize_t place, Py_ssize_t number) except -1:
        """Close the element at a place, which has a name of this number, with all in it."""
        cdef int64_t[:, ::1] elements = self.elements
        cdef Py_ssize_t name
        alike = None
        while self.n_open > place:
            self.n_open -= 1
            name = elements[self.n_open, _NAME]
            if name == _NAMELESS:
                continue
            self.last[name] = elements[self.n_open, _SAME]
            if <int>self.flags[name] & (_FORMATTING | _ENDS_ITSELF) and not (self.n_open == place and name == number):
                again = name, self.insides[self.n_open]
                alike = Counter(self.waiting) if alike is None else alike
                if alike[again] < _MOST_ALIKE:
                    alike[again] += 1
                    self.waiting.append(again)
        self.scope, self.special = elements[place, _SCOPE_BEFORE], elements[place, _SPECIAL_BEFORE]
        self.html = elements[place, _HTML_BEFORE]
        return 0
