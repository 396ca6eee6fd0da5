# cython: language_level=3
"""Pages that a tree builder would take minutes or gigabytes over: told from the source, before it is parsed.

Three things cost time with their square in a parser that follows the HTML standard: the elements open at once, the formatting
elements (``<b>``, ``<font>``) that a page forgets to close and that are opened anew in each paragraph, and the attributes of
one tag. The bounds err towards complexity; no page of thousands of well-closed elements is near them.
"""

import re
from collections import defaultdict

from libc.stdint cimport uint8_t
from libc.string cimport memchr, memset

from paywallclf.html.segment import MAX_DEPTH

#: Elements that the standard may open anew; time 1 microsecond and 200 bytes each.
MAX_COPIES = 500_000

#: Attributes of one tag: 7 ms at 1,000, 30 s at 60,000.
MAX_ATTRIBUTES = 1000

#: The rest of a tag. Possessive, as all here that could be read in two ways: no source makes the search go back.
_INSIDE = r"(?:[^>=]|=\s*+(?:\"[^\"]*\"|'[^']*')?+)*+"

#: Slash, name and attributes of each tag. Comments and raw text are passed over: their tags are none.
_TAG = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    rf"|<(?P<raw>script|style|title|textarea|xmp|iframe|noembed|noscript)\b{_INSIDE}>.*?(?:</(?P=raw)|\Z)"
    rf"|<(?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*)(?P<inside>{_INSIDE})",
    re.IGNORECASE | re.DOTALL,
)
_BYTES_TAG = re.compile(rb"<[a-zA-Z]" + _INSIDE.encode())
_ATTRIBUTE = re.compile(rb"[^\s/>=\"'][^\s/>=]*+(?:\s*+=\s*+(?:\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*+))?+")

#: Elements that cannot nest in one another without an element that is counted: void ones and most with optional end tags.
#: The others of those can: ``<li><dd><li><dd>``, ``<optgroup><option><optgroup>``.
_DO_NOT_NEST = frozenset(
    "area base br col embed hr img input link meta param source track wbr"
    " li tr td th thead tbody tfoot option colgroup html head body".split()
)

#: No end tag reaches over these but that of one of them.
_SCOPES = frozenset("applet caption marquee object table template svg math select".split())

#: No end tag of an inline element reaches over these (HTML standard, "special").
_SPECIAL = _SCOPES | frozenset(
    "address article aside blockquote button center dd details dir div dl dt fieldset figcaption figure footer form frameset"
    " h1 h2 h3 h4 h5 h6 header hgroup listing main menu nav noframes ol optgroup p plaintext pre search section summary ul".split()
)

#: Start tags that end an open paragraph, if nothing of `_SCOPES` and no button stands between.
_END_PARAGRAPH = (_SPECIAL - _SCOPES - {"button", "frameset", "noframes", "optgroup"}) | {"hr", "li"}

#: Elements whose start tag ends an open one of their own.
_END_THEMSELVES = frozenset(("a", "nobr"))

#: Formatting elements of the standard, without ``a`` and ``nobr``, which close one another.
_FORMATTING = frozenset("b big code em font i s small strike strong tt u".split())

#: By the first two bytes of a tag's name in lower case: whether it may be one of those. A name of one letter ends there.
cdef uint8_t _MAYBE_FORMATTING[256 * 256]
memset(_MAYBE_FORMATTING, 0, 256 * 256)
for _name in _FORMATTING:
    for _second in _name[1:2] or "> /\n\t\r\f":
        _MAYBE_FORMATTING[256 * ord(_name[0]) + (ord(_second) | 32)] = True


def too_complex(bytes source not None):
    """Whether parsing a page, in UTF-8, would take far longer than its length allows.

    Cheap bounds over the bytes clear nearly every page; the others are read tag by tag.
    """
    cdef const uint8_t *codes = source
    cdef Py_ssize_t n = len(source), at, following, n_tags = 0, n_opened = 0, n_formatting = 0, long_tag = 2 * MAX_ATTRIBUTES
    cdef int first
    at = _find_tag(codes, n, 0)
    while at < n:
        following = _find_tag(codes, n, at + 1)
        if following - at > long_tag and _has_too_many_attributes(source, at):
            return True
        n_tags += 1
        if at + 2 < n:  # the last bytes make no tag
            first = codes[at + 1] | 32
            n_opened += c"a" <= first <= c"z"
            n_formatting += _MAYBE_FORMATTING[256 * first + (codes[at + 2] | 32)]
        at = following
    if n_opened > MAX_DEPTH and _depth(source.decode()) > MAX_DEPTH:
        return True
    return n_formatting * n_tags > MAX_COPIES and _copies(source.decode()) > MAX_COPIES


cdef inline Py_ssize_t _find_tag(const uint8_t *codes, Py_ssize_t n, Py_ssize_t at) noexcept:
    """Where the next tag begins, or the end."""
    cdef const void *found = memchr(codes + at, c"<", n - at)
    return n if found == NULL else <const uint8_t *>found - codes


def _has_too_many_attributes(source, at):
    tag = _BYTES_TAG.match(source, at)
    return tag is not None and len(tag[0]) > 2 * MAX_ATTRIBUTES and len(_ATTRIBUTE.findall(tag[0])) > MAX_ATTRIBUTES


class _Open:
    """The elements that are open, or may be: an end tag closes nothing unless its element can be reached."""

    def __init__(self):
        self.names = []
        self.places = defaultdict(list)  # of each name among the names
        self.scopes = [-1]
        self.specials = [-1]

    def push(self, name):
        place = len(self.names)
        self.names.append(name)
        self.places[name].append(place)
        if name in _SPECIAL:
            self.specials.append(place)
            if name in _SCOPES:
                self.scopes.append(place)

    def close(self, name, barrier):
        """Close the innermost element of a name, with all in it, if it stands within the barrier."""
        if not self.places[name] or self.places[name][-1] <= barrier:
            return
        place = self.places[name][-1]
        for closed in self.names[place:]:
            self.places[closed].pop()
        del self.names[place:]
        while self.specials[-1] >= place:
            self.specials.pop()
        while self.scopes[-1] >= place:
            self.scopes.pop()


def _depth(html):
    """The most elements that are open at once."""
    open_ = _Open()
    deepest = 0
    for _, slash, name, inside in _TAG.findall(html):
        name = name.lower()
        if slash:
            open_.close(name, -1 if name in _SCOPES else (open_.scopes if name in _SPECIAL else open_.specials)[-1])
            continue
        if name in _END_PARAGRAPH:
            open_.close("p", max(open_.scopes[-1], *open_.places["button"][-1:], -1))
        elif name in _END_THEMSELVES:
            open_.close(name, open_.specials[-1])
        if not name or name in _DO_NOT_NEST or (inside.endswith("/") and (open_.places["svg"] or open_.places["math"])):
            continue
        open_.push(name)
        deepest = max(deepest, len(open_.names))
    return deepest


def _copies(html):
    """How many formatting elements stand open, summed over the tags; of those that are alike, three at most are reopened."""
    tags = defaultdict(list)
    alike = defaultdict(int)
    total = n_open = 0
    for _, slash, name, inside in _TAG.findall(html):
        name = name.lower()
        total += n_open
        if name not in _FORMATTING:
            continue
        if not slash and alike[name, inside] < 3:
            tags[name].append(inside)
            alike[name, inside] += 1
            n_open += 1
        elif slash and tags[name]:
            alike[name, tags[name].pop()] -= 1
            n_open -= 1
    return total
