"""Open or locked: whether this copy of a page holds the whole text.

A page that its publisher declares not free may hold the text all the same: most of those that corpora hold do. So what the
text shows outranks that declaration.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paywallclf.document import Access, Block, Document, Layout
from paywallclf.html import lexbor

#: Bytes of UTF-8 (a Chinese character says more than a Latin letter) that make a paragraph; a barrier, where a shorter block
#: is a button; and that are little text for an article.
_PARAGRAPH, _BARRIER, _LITTLE = 80, 20, 600
#: Headlines, captions and labels need not end like a sentence.
_NO_PARAGRAPH = frozenset("h1 h2 h3 h4 h5 h6 figcaption caption th td dt button label".split())
#: Share of the text that may follow the barrier where it stops, and blocks (tags, share links) that may stand between the two.
_NEXT_TO_NONE, _NEAR = 0.1, 8
#: Unicode's Sentence_Terminal characters of living scripts, and the ellipsis.
_SENTENCE_ENDS = frozenset(".!?‼⁇⁈⁉。！？｡．։؟۔؞।॥၊။።፧፨។៕᠃᠉꓿꛳꛷꧈꧉꫰꫱…")
_STATEMENT = "isAccessibleForFree"
#: Where JSON-LD speaks of the page itself, and not of a picture or of another article.
_OWN = ("@graph", "mainEntity", "mainEntityOfPage", "hasPart")
#: The first bracket of a script's JSON, which may stand in a comment or a CDATA section.
_JSON_START = re.compile(r"(?:[^\[{]*<!\[CDATA\[)?[^\[{]*([\[{])")
#: The pieces of a selector of a name, classes and an id; and the most that are read. Lexbor could read all of CSS, but what a
#: page says is not trusted, and four names on 100 nested elements take it 9 s.
_SIMPLE, _MOST_SELECTORS = re.compile(r"[.#]?[\w-]+"), 20


@dataclass(frozen=True, slots=True)
class _Statement:
    """Whether the publisher declares the page free, where, and whether the part declared locked has text (None: not known)."""

    free: bool
    where: str
    held: bool | None


def access_of(document: Document) -> Access:
    """Whether this copy of a page holds the whole text.

    Parameters
    ----------
    document : Document
        With labels, as `classify_html` makes it.

    Returns
    -------
    Access
        ``locked``: the text breaks off at a barrier; or the page is not declared free, and its text stops at a barrier, or has
        one and ends in an ellipsis; or the page is declared not free, and its text breaks off at an offer or ends in an ellipsis,
        or the part declared locked has none. ``open``: the page is declared free, or its text goes on after a barrier,
        or the part declared locked has text: an article that the publisher sells is open in a copy that holds it. ``unknown``:
        nothing shows it, or the evidence is at odds.
    """
    editorial = [block for block in document.blocks if block.label == "editorial" and block.tag not in _NO_PARAGRAPH]
    paragraphs = [block for block in editorial if _size(block) >= _PARAGRAPH]
    seen = _statement(document, paragraphs), *_ending(document.blocks, paragraphs)
    return Access(_state(*seen), tuple(_evidence(*seen)))


def declared_free(document: Document) -> bool | None:
    """Whether the publisher declares the page free (``isAccessibleForFree``); None where the page does not say."""
    statement = _statement(document, ())
    return statement.free if statement else None


def _state(statement: _Statement | None, barrier: str | None, breaks_off: bool) -> str:
    free, held = (statement.free, statement.held) if statement else (None, None)
    sold = statement is not None and not free
    # an offer under a text whose last line has no full stop is no barrier, unless the publisher sells the page
    if breaks_off and (barrier == "end" or sold or (barrier in ("within", "apart") and not free)):
        return "locked"
    if free:
        return "open"
    if barrier == "end" or held is False:
        return "unknown" if held else "locked"
    return "open" if held or barrier == "within" else "unknown"


def _evidence(statement: _Statement | None, barrier: str | None, breaks_off: bool) -> Iterator[str]:
    if statement:
        yield f"The publisher declares the page {'free' if statement.free else 'not free'} ({_STATEMENT} in {statement.where})."
        if statement.held is not None:
            yield f"The part declared locked has {'its' if statement.held else 'no'} text in this copy."
    if barrier:
        places = {"end": "stops at a barrier", "offer": "stops at an offer", "within": "goes on after a barrier or a meter"}
        yield f"The editorial text {places.get(barrier, 'stands apart from a barrier or a meter')}."
    if breaks_off:
        yield "The editorial text breaks off."


def _statement(document: Document, paragraphs: Sequence[Block]) -> _Statement | None:
    html = "" if document.form == "text" else str(document.source)
    if _STATEMENT not in html or not document.blocks:  # a page that is too deep to be parsed has no blocks
        return None
    tree = lexbor.parse(html)
    nodes = [node for script in tree.css('script[type*="ld+json"]') for node in _nodes(script.text())]
    read = [
        (node, _truth(node.get(_STATEMENT)), "cssSelector" in node or node.get("@type") == "WebPageElement") for node in nodes
    ]
    of_page = [free for _, free, is_part in read if free is not None and not is_part]
    locked = [node for node, free, is_part in read if free is False and is_part]
    if of_page or locked:
        free = all(of_page) and bool(of_page)
        return _Statement(free, "JSON-LD", None if free else _held(document.layout, locked, paragraphs))
    properties = [(node.attributes, node.text()) for node in tree.css(f'[itemprop="{_STATEMENT}"]')]
    words = [_truth(attributes.get("content") or attributes.get("href") or text) for attributes, text in properties]
    return _Statement(False not in words, "microdata", None) if {True, False}.intersection(words) else None


def _nodes(script: str) -> Iterator[dict[str, Any]]:
    """The JSON-LD objects that speak of the page itself; none from broken JSON."""
    start = _JSON_START.match(script)
    try:
        waiting = [json.JSONDecoder(strict=False).raw_decode(script, start.start(1))[0]] if start else []
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            yield value
            waiting += [value[key] for key in _OWN if key in value]


def _truth(value: Any) -> bool | None:
    """What ``true``, ``"False"``, ``"http://schema.org/True"`` or ``0`` says, or None."""
    word = str(value).strip().rsplit("/", 1)[-1].lower() if isinstance(value, (str, int)) else ""
    return {"true": True, "1": True, "false": False, "0": False}.get(word)


def _held(layout: Layout, parts: Sequence[dict[str, Any]], paragraphs: Sequence[Block]) -> bool | None:
    """Whether the parts have text. A selector that matches nothing, as those of other templates do, counts on short pages only."""
    values = [value if isinstance(value := part.get("cssSelector"), list) else [value] for part in parts]
    lists = ",".join(value for listed in values for value in listed if isinstance(value, str))
    selectors = [selector.strip() for selector in lists.split(",")[:_MOST_SELECTORS]]
    wanted = [set(_SIMPLE.findall(selector)) for selector in selectors if selector and not _SIMPLE.sub("", selector)]
    found, indices = False, [block.index for block in paragraphs]
    for tag, attributes, start, end in zip(
        layout.tags, layout.attributes, layout.starts.tolist(), layout.ends.tolist(), strict=True
    ):
        names = {tag, f"#{attributes.get('id')}", *(f".{name}" for name in (attributes.get("class") or "").split())}
        if any(selector <= names for selector in wanted):
            if bisect_left(indices, start) < bisect_left(indices, end):
                return True
            found = True
    return False if found or (wanted and sum(map(_size, paragraphs)) < _LITTLE) else None


def _size(block: Block) -> int:
    return len(block.text.encode("utf-8", "surrogatepass"))


def _ending(blocks: Sequence[Block], paragraphs: Sequence[Block]) -> tuple[str | None, bool]:
    """Where a barrier stands, at the ``"end"`` of the text, ``"within"`` it or ``"apart"``, and whether the text breaks off.

    ``"offer"``: the text breaks off where an offer stands, which is what a classifier may take a barrier for.
    """
    sizes: dict[str, int] = {}
    for block in paragraphs:
        sizes[block.path] = sizes.get(block.path, 0) + _size(block)
    column = max(sizes, key=sizes.__getitem__, default="")
    places = _places(blocks, {block.index: _size(block) for block in paragraphs}, column)
    for place in ("end", "offer"):
        breaks_off = _breaks_off([_end(block.text) for block in paragraphs if block.index < places.get(place, 0)])
        if place in places and (place == "end" or breaks_off):
            return place, breaks_off
    barrier = next((place for place in ("within", "apart") if place in places), None)
    ends = [_end(block.text) for block in paragraphs if block.path == column]
    return barrier, ends[-1:] == ["…"]


def _places(blocks: Sequence[Block], sizes: dict[int, int], column: str) -> dict[str, int]:
    """The places of the barriers, with the index of the last one at each; `column` is the path under which most text stands."""
    places: dict[str, int] = {}
    before, after, gap = 0, sum(sizes.values()), _NEAR + 1
    after_in_column = sum(sizes.get(block.index, 0) for block in blocks if block.path == column)
    for block in blocks:
        size = sizes.get(block.index, 0)
        before, after, after_in_column = before + size, after - size, after_in_column - size * (block.path == column)
        if block.label != "promo":
            gap = 0 if block.label == "editorial" else gap + 1
        elif block.kind in ("paywall", "subscribe", "register") and _size(block) >= _BARRIER and _is_likely(block):
            # teasers and comments, in another column, are the text only where they outweigh it
            going_on = after_in_column > _NEXT_TO_NONE * before or after > before
            at_end = not going_on and gap <= _NEAR
            if block.kind != "paywall":
                places.update({"offer": block.index} if at_end else {})
                gap = _NEAR + 1 if block.kind == "subscribe" else gap  # a barrier comes before its offers
            elif at_end and not _is_meter(block.text):
                places["end"] = block.index
            else:
                places["within" if going_on and before else "apart"] = block.index
    return places


def _is_likely(block: Block) -> bool:
    """Whether a block is a promo more likely than not: the default threshold is so low that hardly any leaks."""
    return block.probabilities.get("promo", 1.0) >= 0.5


def _is_meter(text: str) -> bool:
    """Whether a notice only counts articles: it holds a number that is no price."""
    return any(map(str.isdigit, text)) and not any(unicodedata.category(character) == "Sc" for character in text)


def _breaks_off(ends: Sequence[str]) -> bool:
    """Whether the last paragraph ends in an ellipsis, or without the sentence end that most others have."""
    if not ends or ends[-1] == "…":
        return bool(ends)
    return ends[-1] not in _SENTENCE_ENDS and sum(end in _SENTENCE_ENDS for end in ends) >= max(2, 0.7 * len(ends))


def _end(text: str) -> str:
    """The last character, quotation marks and brackets aside; ``…`` for an ellipsis of any form."""
    text = text[-_PARAGRAPH:]
    while text and (unicodedata.category(text[-1]) in ("Pe", "Pf", "Pi") or text[-1] in "\"'`"):
        text = text[:-1].rstrip()
    return "…" if text.endswith(("...", "⋯", "。。。")) else text[-1:]
