"""Pages that a tree builder would take minutes or gigabytes over: told from the source, before it is parsed.

Three things cost time with their square in a parser that follows the HTML standard: the elements open at once, the formatting
elements (``<b>``, ``<font>``) that a page forgets to close and that are opened anew in each paragraph, and the attributes of
one tag. The bounds err towards complexity; no page of thousands of well-closed elements is near them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import numpy as np

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
_MAYBE_FORMATTING = np.zeros(256 * 256, np.bool_)
for _name in _FORMATTING:
    for _second in _name[1:2] or "> /\n\t\r\f":
        _MAYBE_FORMATTING[256 * ord(_name[0]) + (ord(_second) | 32)] = True


def too_complex(html: str) -> bool:
    """Whether parsing a page would take far longer than its length allows.

    Cheap bounds over the bytes clear nearly every page; the others are read tag by tag.
    """
    source = html.encode("utf-8", "replace")
    codes = np.frombuffer(source + b"\0\0", np.uint8)
    opening = np.flatnonzero(codes == ord("<"))
    if _too_many_attributes(source, opening):
        return True
    first = codes[opening + 1] | 32
    n_opened = np.count_nonzero((first >= ord("a")) & (first <= ord("z")))
    if n_opened > MAX_DEPTH and _depth(html) > MAX_DEPTH:
        return True
    n_formatting = np.count_nonzero(_MAYBE_FORMATTING[256 * first.astype(np.int64) + (codes[opening + 2] | 32)])
    return bool(n_formatting * len(opening) > MAX_COPIES) and _copies(html) > MAX_COPIES


def _too_many_attributes(source: bytes, opening: Any) -> bool:
    lengths = np.diff(opening, append=len(source))
    for at in opening[lengths > 2 * MAX_ATTRIBUTES].tolist():
        tag = _BYTES_TAG.match(source, at)
        if tag is not None and len(tag[0]) > 2 * MAX_ATTRIBUTES and len(_ATTRIBUTE.findall(tag[0])) > MAX_ATTRIBUTES:
            return True
    return False


class _Open:
    """The elements that are open, or may be: an end tag closes nothing unless its element can be reached."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.places: dict[str, list[int]] = defaultdict(list)  # of each name among the names
        self.scopes: list[int] = [-1]
        self.specials: list[int] = [-1]

    def push(self, name: str) -> None:
        place = len(self.names)
        self.names.append(name)
        self.places[name].append(place)
        if name in _SPECIAL:
            self.specials.append(place)
            if name in _SCOPES:
                self.scopes.append(place)

    def close(self, name: str, barrier: int) -> None:
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


def _depth(html: str) -> int:
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


def _copies(html: str) -> int:
    """How many formatting elements stand open, summed over the tags; of those that are alike, three at most are reopened."""
    tags: dict[str, list[str]] = defaultdict(list)
    alike: dict[tuple[str, str], int] = defaultdict(int)
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
