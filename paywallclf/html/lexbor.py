"""HTML as text: parsed into the tree that a browser builds, by lexbor (through selectolax), and written back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from paywallclf.html.rewrite import Removal
from paywallclf.html.segment import NO_BLOCKS, Segments, segment

_COMMENT = r"<!--(?:-?>|.*?(?:--!?>|\Z))"

#: A page has one of these; anything else is a fragment. What stands in comments, scripts and the like is no tag.
_PAGE = re.compile(
    rf"{_COMMENT}|<(?P<raw>script|style|title|textarea|xmp|iframe|noembed|noscript)\b.*?(?:</(?P=raw)|\Z)"
    r"|<(?P<page>!doctype|(?:html|head|body|frameset)(?=[\s/>]))",
    re.IGNORECASE | re.DOTALL,
)

#: A ``col`` that no table holds.
_LONE_COLUMN = re.compile(r"<col[\s/>]", re.IGNORECASE)

#: What stands before a page's doctype, and the doctype.
_DOCTYPE = re.compile(rf"(?>\s|{_COMMENT}|<\?[^>]*>)*+(<!doctype[^>]*>)", re.IGNORECASE | re.DOTALL)

_XML_DECLARATION = re.compile(r"\s*<\?xml\b", re.IGNORECASE)

#: Elements that do not come back from being written as they are.
_REWRITTEN = re.compile(r"<(pre|listing|textarea|plaintext|form)\b", re.IGNORECASE)


def is_fragment(html: str) -> bool:
    """Whether the text has none of the tags that make a page."""
    return not any(match["page"] for match in _PAGE.finditer(html))


def parse(html: str) -> LexborHTMLParser:
    """The tree of a page or of a fragment.

    It is built as by a browser that runs scripts: a ``noscript`` holds plain text, and one in the head with an image in it
    does not end the head. Lone surrogates become U+FFFD.
    """
    html = html.removeprefix("\ufeff")
    try:
        source = html.encode()
    except UnicodeEncodeError:
        source = html.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    if not is_fragment(html):
        return LexborHTMLParser(source, scripting=True)
    return LexborHTMLParser(source, is_fragment=True, fragment_tag=_context(html), scripting=True)


def _context(html: str) -> str:
    """The element that a fragment is parsed as the content of.

    That is a ``template``, the one context in which the standard lets table rows and cells stand alone, if the fragment
    begins with them; but a column on its own would make it drop all text.
    """
    lowered = html.lower()
    return "table" if _LONE_COLUMN.search(html) and "<table" not in lowered and "<colgroup" not in lowered else "template"


def cut(tree: LexborHTMLParser) -> Segments:
    """The blocks of a tree."""
    return segment(_nodes(tree), attrgetter("attributes"), lambda node: node.text_content or "")


def _nodes(tree: LexborHTMLParser) -> Iterator[tuple[Any, str, int]]:
    """The nodes in document order, with their depth; what is inside elements without blocks is passed over.

    Stepping from node to node costs half of selectolax's own traversal and a look at each node's parent.
    """
    node: Any = tree.root
    above: list[Any] = []
    while node is not None:
        name = node.tag or "-unknown"
        yield node, name, len(above)
        child = None if name[0] == "-" or name in NO_BLOCKS else node.first_child
        if child is not None:
            above.append(node)
            node = child
            continue
        while (following := node.next) is None and above:
            node = above.pop()
        node = following


def remove(removal: Removal) -> None:
    """Take the nodes out of their tree."""
    for node, _ in removal.text_nodes:
        node.remove()
    for node, _ in removal.emptied:
        for child in _children(node):
            child.remove()
    for node, _ in removal.elements:
        node.remove()


def _children(node: Any) -> list[Any]:
    found = []
    child = node.first_child
    while child is not None:
        found.append(child)
        child = child.next
    return found


def mark(removal: Removal, labels: list[str]) -> None:
    """Set ``data-paywallclf`` to the label on what a removal would take; bare text gets a ``span`` for it."""
    marked = set()
    for node, block in [*removal.elements, *removal.emptied]:
        node.attrs["data-paywallclf"] = labels[block]
        marked.add(node.mem_id)
    for node, block in removal.text_nodes:
        if not node.text_content.isspace() and not _stands_in(node, marked):
            span = _element("span", {"data-paywallclf": labels[block]})
            span.insert_child(node.text_content)
            node.replace_with(span)


def _stands_in(node: Any, marked: set[int]) -> bool:
    parent = node.parent
    while parent is not None and parent.mem_id not in marked:
        parent = parent.parent
    return parent is not None


def _element(tag: str, attributes: dict[str, str | None]) -> Any:
    element: Any = LexborHTMLParser(f"<{tag}></{tag}>", is_fragment=True).css_first(tag)
    for name, value in attributes.items():
        element.attrs[name] = value or ""
    return element


def write(tree: LexborHTMLParser, source: str) -> str:
    """The tree as HTML, with the byte-order mark, XML declaration and doctype of the source."""
    _prepare(tree, [name.lower() for name in _REWRITTEN.findall(source)])
    html = tree.html or ""
    declared = _DOCTYPE.match(source.removeprefix("\ufeff"))
    written = _DOCTYPE.match(html)
    if declared and written:
        html = html[: written.start(1)] + declared[1] + html[written.end(1) :]
    if html.startswith("<!--?") and _XML_DECLARATION.match(source.removeprefix("\ufeff")):
        declaration, _, rest = html.removeprefix("<!--").partition("-->")
        html = f"<{declaration}>{rest}"
    return "\ufeff" + html if source.startswith("\ufeff") else html


def _prepare(tree: LexborHTMLParser, names: list[str]) -> None:
    """Change what a parser would not read back as it is written (HTML standard, "Serializing HTML fragments")."""
    if names.count("form") > 1:  # only misnested tags put one in another, and a parser drops the inner tag
        for form in reversed(tree.css("form form")):
            _rename(form, "div")
    if "plaintext" in names:  # has no end: all that follows would be its text
        for node in tree.css("plaintext"):
            _rename(node, "pre")
    if not {"pre", "listing", "textarea", "plaintext"}.isdisjoint(names):  # a first newline is dropped
        for node in tree.css("pre, listing, textarea"):
            first = node.first_child
            if first is not None and first.tag == "-text" and (first.text_content or "").startswith("\n"):
                first.insert_before("\n")


def _rename(node: Any, tag: str) -> None:
    element = _element(tag, node.attributes)
    for child in _children(node):
        element.insert_child(child)
    node.replace_with(element)
