"""HTML as text: parsed into the tree that a browser builds, by lexbor (through selectolax), and written back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from paywallclf.html.rewrite import Removal
from paywallclf.html.segment import Segments, segment

#: Lexbor's time grows with the square of the number of open elements: 25 ms at 4,000, 20 s at 100,000.
MAX_DEPTH = 4000

#: A page has one of these; anything else is a fragment.
_PAGE = re.compile(r"<(?:!doctype|html|head|body|frameset)\b", re.IGNORECASE)

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")

#: Elements that cannot nest in one another without an element that is counted: void ones and those with optional end tags.
_DO_NOT_NEST = frozenset(
    "area base br col embed hr img input link meta param source track wbr"
    " p li dt dd tr td th thead tbody tfoot option optgroup colgroup html head body".split()
)


def is_fragment(html: str) -> bool:
    """Whether the text has none of the tags that make a page."""
    return _PAGE.search(html) is None


def too_deep(html: str) -> bool:
    """Whether more than `MAX_DEPTH` elements are, or may be, open at once.

    Two bounds from the source: a fast one over its bytes, and only where that fails one over its tags. Both err towards
    depth, never away from it.
    """
    if html.count("<") <= MAX_DEPTH:
        return False
    source = np.frombuffer(html.encode("utf-8", "replace") + b"\0", np.uint8)
    opening = np.flatnonzero(source == ord("<"))
    following = source[opening + 1]
    steps = np.where(following == ord("/"), -1, ((following | 32) >= ord("a")) & ((following | 32) <= ord("z")))
    if _deepest(steps) <= MAX_DEPTH:
        return False
    steps = np.fromiter(
        (0 if name.lower() in _DO_NOT_NEST else -1 if slash else 1 for slash, name in _TAG.findall(html)), np.int64
    )
    return _deepest(steps) > MAX_DEPTH


def _deepest(steps: Any) -> int:
    """The most steps up above the lowest point so far: an end tag without a start tag closes nothing."""
    height = np.concatenate(([0], np.cumsum(steps)))
    return int((height - np.minimum.accumulate(height)).max())


def parse(html: str) -> LexborHTMLParser:
    """The tree of a page or of a fragment.

    A fragment is parsed as the content of a ``template``, the one context in which the HTML standard lets table rows and
    cells stand alone.
    """
    if is_fragment(html):
        return LexborHTMLParser(html, is_fragment=True, fragment_tag="template")
    return LexborHTMLParser(html)


def cut(tree: LexborHTMLParser) -> Segments:
    """The blocks of a tree."""
    return segment(_nodes(tree), _attributes, _text)


def _nodes(tree: LexborHTMLParser) -> Iterator[tuple[Any, str, Any, Any]]:
    if tree.root is None:
        return
    for node in tree.root.traverse(include_text=True):
        parent = node.parent
        yield node, node.tag or "-unknown", node.mem_id, parent.mem_id if parent is not None else None


def _attributes(node: Any) -> Mapping[str, str | None]:
    attributes: Mapping[str, str | None] = node.attributes
    return attributes


def _text(node: Any) -> str:
    return node.text_content or ""


def remove(removal: Removal) -> None:
    """Take the nodes out of their tree."""
    for node, _ in removal.text_nodes:
        node.remove()
    for node, _ in removal.emptied:
        child = node.first_child
        while child is not None:
            following = child.next
            child.remove()
            child = following
    for node, _ in removal.elements:
        node.remove()


def mark(removal: Removal, labels: list[str]) -> None:
    """Set ``data-paywallclf`` to the label on what a removal would take; bare text gets a ``span`` for it."""
    for node, block in [*removal.elements, *removal.emptied]:
        node.attrs["data-paywallclf"] = labels[block]
    for node, block in removal.text_nodes:
        if not _text(node).isspace():
            span = LexborHTMLParser(f'<span data-paywallclf="{labels[block]}"></span>', is_fragment=True).root
            assert span is not None
            span.insert_child(_text(node))
            node.replace_with(span)


def write(tree: LexborHTMLParser) -> str:
    """The tree as HTML.

    A ``pre`` whose text begins with a newline gets another: the parser drops the first (HTML standard, "Serializing HTML
    fragments").
    """
    for node in tree.css("pre, listing"):
        first = node.first_child
        if first is not None and first.tag == "-text" and _text(first).startswith("\n"):
            first.insert_before("\n")
    return tree.html or ""
