"""HTML as text: made canonical by lexbor (through selectolax), which builds the tree that a browser builds, and cut from."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from paywallclf.html.guard import too_complex
from paywallclf.html.rewrite import Removal
from paywallclf.html.scan import UnstableError, scan
from paywallclf.html.segment import MAX_DEPTH, Segments, UnreadableError

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

#: A mark that an element has already.
_MARK = re.compile(r' data-paywallclf="[^"]*"')

#: Elements whose text lexbor writes as it is, by their names alone: of SVG and MathML, it would be read as markup.
_RAW_WITHIN_FOREIGN = ", ".join(
    f"{root} {name}"
    for root in ("svg", "math")
    for name in ("style", "script", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext")
)

#: Elements of SVG and MathML whose content is HTML again (HTML standard, "Tree construction": integration points).
_HOLDS_HTML = {"svg": ("foreignObject", "desc", "title"), "math": ("mi", "mo", "mn", "ms", "mtext")}
_ANNOTATIONS_OF_HTML = ("text/html", "application/xhtml+xml")


def is_fragment(html: str) -> bool:
    """Whether the text has none of the tags that make a page."""
    return not any(match["page"] for match in _PAGE.finditer(html))


def parse(html: str) -> LexborHTMLParser:
    """The tree of a page or of a fragment.

    It is built as by a browser that runs scripts: a ``noscript`` holds plain text, and one in the head with an image in it
    does not end the head. Lone surrogates become U+FFFD.
    """
    return _parse(html, _encode(html))


def _encode(html: str) -> bytes:
    html = html.removeprefix("\ufeff")
    try:
        return html.encode()
    except UnicodeEncodeError:
        return html.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _parse(html: str, source: bytes) -> LexborHTMLParser:
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


def read(html: str) -> tuple[str, Segments]:
    """A page or a fragment as lexbor writes its tree, and its blocks.

    Written so, it is well nested and its tags and attributes are all spelled alike; parsed again it gives the same tree.

    Raises
    ------
    UnreadableError
    """
    source = _encode(html)
    if too_complex(source):
        raise UnreadableError(f"more than {MAX_DEPTH} elements are open at once, or a tag has far too many attributes")
    tree = _parse(html, source)
    written = tree.html or ""
    try:
        return written, scan(written)
    except UnstableError:
        written = _prepared(tree)
        segments = scan(written, stable=True)
        # in SVG and MathML, text that moved is read by other rules
        if ("<svg" in written or "<math" in written) and _prepared(parse(written)) != written:
            segments = replace(segments, rewritable=False)
        return written, segments


def _prepared(tree: LexborHTMLParser) -> str:
    """The tree written out, changed where a parser would not read it back (HTML standard, "Serializing HTML fragments")."""
    inside: dict[int, str] = {}
    foreign = [node for node in tree.css(_RAW_WITHIN_FOREIGN) if _language_of(node, inside) != "html"]
    for node in foreign:
        for child in list(node.iter(include_text=True)):
            if child.tag == "-text":
                child.replace_with(escape(child.text_content or "", quote=False))
    staying = {node.mem_id for node in foreign}
    for form in reversed(tree.css("form form")):  # only misnested tags put one in another, and a parser drops the inner tag
        _rename(form, "div")
    for node in tree.css("plaintext"):  # has no end: all that follows would be its text
        if node.mem_id not in staying:
            _rename(node, "pre")
    for node in tree.css("pre, listing, textarea"):  # a first newline is dropped
        first = node.first_child
        if first is not None and first.tag == "-text" and (first.text_content or "").startswith("\n"):
            first.insert_before("\n")
    return tree.html or ""


def _language_of(node: Any, known: dict[int, str]) -> str:
    """What a parser would take an element that stands there for one of: html, svg or math.

    What is known of other elements, by their `mem_id`, is used and added to.
    """
    waiting = []
    at = node
    while at is not None and at.mem_id not in known:
        waiting.append(at)
        at = at.parent
    for element in reversed(waiting):
        tag, parent = element.tag, element.parent
        around, name = (known[parent.mem_id], parent.tag) if parent is not None else ("html", "")
        of_html = around == "html" or name in _HOLDS_HTML[around]
        if name == "annotation-xml" and around == "math":
            of_html = tag == "svg" or (parent.attributes.get("encoding") or "").lower() in _ANNOTATIONS_OF_HTML
        if not of_html:
            found = around
        elif around == "math" and tag in ("mglyph", "malignmark"):
            found = "math"
        else:
            found = tag if tag in _HOLDS_HTML else "html"
        known[element.mem_id] = found
    return known[node.mem_id]


def _rename(node: Any, tag: str) -> None:
    """Put an element of another name in an element's place."""
    element: Any = LexborHTMLParser(f"<{tag}></{tag}>", is_fragment=True).css_first(tag)
    for name, value in node.attributes.items():
        element.attrs[name] = value or ""
    child = node.first_child
    while child is not None:
        following = child.next
        element.insert_child(child)
        child = following
    node.replace_with(element)


def without(html: str, removal: Removal) -> str:
    """Canonical HTML without the nodes of a removal."""
    spans = [(start, end) for (start, _, _, end), _ in removal.elements]
    spans += [(start, end) for (_, start, end, _), _ in removal.emptied]
    spans += [(start, end) for (start, end), _ in removal.text_nodes]
    kept = []
    at = 0
    for start, end in sorted(spans):  # one may lie within another
        kept.append(html[at:start])
        at = max(at, end)
    return "".join([*kept, html[at:]])


def marked(html: str, removal: Removal, labels: list[str]) -> str:
    """Canonical HTML with ``data-paywallclf`` set to the label on what a removal would take; bare text gets a ``span`` for it."""
    nodes = [(start, end, after, block) for (start, end, _, after), block in [*removal.elements, *removal.emptied]]
    nodes += [(start, start, end, block) for (start, end), block in removal.text_nodes]
    written = []
    at = inside = 0  # up to where all is written, and up to where a marked element goes
    for start, end, after, block in sorted(nodes):
        mark = f' data-paywallclf="{labels[block]}">'
        if end > start:
            written += [html[at:start], _MARK.sub("", html[start : end - 1]), mark]
            at, inside = end, max(inside, after)
        elif start >= inside and not html[start:after].replace("&nbsp;", " ").isspace():
            written += [html[at:start], "<span", mark, html[start:after], "</span>"]
            at = after
    return "".join([*written, html[at:]])


def as_declared(html: str, source: str) -> str:
    """Canonical HTML with the byte-order mark, XML declaration and doctype of its source."""
    declared = _DOCTYPE.match(source.removeprefix("\ufeff"))
    written = _DOCTYPE.match(html)
    if declared and written and declared[1] != written[1]:
        html = html[: written.start(1)] + declared[1] + html[written.end(1) :]
    if html.startswith("<!--?") and _XML_DECLARATION.match(source.removeprefix("\ufeff")):
        declaration, _, rest = html.removeprefix("<!--").partition("-->")
        html = f"<{declaration}>{rest}"
    return "\ufeff" + html if source.startswith("\ufeff") else html
