"""HTML as a BeautifulSoup tree, for people who have one already: cut and rewritten in a copy, with any of its parsers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import CData, NavigableString, PreformattedString

from paywallclf.html.rewrite import Removal
from paywallclf.html.segment import Segments, segment


def copied(soup: Tag) -> Tag:
    """A tree of its own, so that the caller's is never changed."""
    return copy.copy(soup)


def cut(soup: Tag) -> Segments:
    """The blocks of a tree; those of a tag that is no whole soup begin with the tag itself."""
    return segment(_nodes(soup), _attributes, str)


def _nodes(soup: Tag) -> Iterator[tuple[Any, str, Any, Any]]:
    if not isinstance(soup, BeautifulSoup):
        yield soup, soup.name.lower(), id(soup), None
    for node in soup.descendants:
        yield node, _name(node), id(node), id(node.parent)


def _name(node: Any) -> str:
    if isinstance(node, Tag):
        return node.name.lower()
    if isinstance(node, PreformattedString) and not isinstance(node, CData):
        return "-comment"
    return "-text"


def _attributes(node: Any) -> Mapping[str, str | None]:
    return {name.lower(): " ".join(value) if isinstance(value, list) else value for name, value in node.attrs.items()}


def remove(removal: Removal) -> None:
    """Take the nodes out of their tree."""
    for node, _ in removal.text_nodes:
        node.extract()
    for node, _ in removal.emptied:
        node.clear()
    for node, _ in removal.elements:
        node.extract()


def mark(removal: Removal, labels: list[str]) -> None:
    """Set ``data-paywallclf`` to the label on what a removal would take; bare text gets a ``span`` for it."""
    for node, block in [*removal.elements, *removal.emptied]:
        node["data-paywallclf"] = labels[block]
    for node, block in removal.text_nodes:
        if isinstance(node, NavigableString) and not node.isspace():
            node.wrap(Tag(name="span", attrs={"data-paywallclf": labels[block]}))


def is_soup(value: Any) -> bool:
    """Whether a value is a BeautifulSoup or a Tag."""
    return isinstance(value, Tag)
