"""HTML as a BeautifulSoup tree, for people who have one already: cut and rewritten in a copy, with any of its parsers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import CData, PreformattedString

from paywallclf.html.rewrite import Removal
from paywallclf.html.segment import MAX_DEPTH, NO_BLOCKS, Segments, segment


def copied(soup: Tag) -> Tag:
    """A tree of its own, so that the caller's is never changed; one too deep to be cut comes back itself.

    A copy takes a time that grows with the square of the depth: a minute at 20,000.
    """
    if _too_deep(soup):
        return soup
    result = copy.copy(soup)
    # html5lib's copies begin with the tree of an empty page, which the constructor makes (Beautiful Soup 4.15)
    for extra in result.contents[: len(result.contents) - len(soup.contents)]:
        extra.extract()
    return result


def _too_deep(soup: Tag) -> bool:
    depths = {id(soup): 0}
    for tag in soup.descendants:
        if isinstance(tag, Tag):
            depths[id(tag)] = depth = depths[id(tag.parent)] + 1
            if depth > MAX_DEPTH:
                return True
    return False


def cut(soup: Tag) -> Segments:
    """The blocks of a tree; those of a tag that is no whole soup begin with the tag itself."""
    return segment(_nodes(soup), _attributes, str)


def _nodes(soup: Tag) -> Iterator[tuple[Any, str, int]]:
    waiting = [iter(soup.contents if isinstance(soup, BeautifulSoup) else [soup])]
    while waiting:
        for node in waiting[-1]:
            name = _name(node)
            yield node, name, len(waiting) - 1
            if isinstance(node, Tag) and name not in NO_BLOCKS:
                waiting.append(iter(node.contents))
                break
        else:
            waiting.pop()


def _name(node: Any) -> str:
    if isinstance(node, Tag):
        return node.name.lower()
    if isinstance(node, PreformattedString) and not isinstance(node, CData):
        return "-comment"
    return "-text"


def _attributes(node: Any) -> Mapping[str, str | None]:
    values = node.attrs.items()
    return {name.lower(): (" ".join(value) if isinstance(value, list) else value) or None for name, value in values}


def remove(removal: Removal) -> None:
    """Take the nodes out of their tree."""
    for node, _ in removal.text_nodes:
        node.extract()
    for node, _ in removal.emptied:
        node.clear()
    for node, _ in removal.elements:
        if node.parent is None:  # the tag that the caller gave
            node.clear()
        else:
            node.extract()


def mark(removal: Removal, labels: list[str]) -> None:
    """Set ``data-paywallclf`` to the label on what a removal would take; bare text gets a ``span`` for it."""
    marked = set()
    for node, block in [*removal.elements, *removal.emptied]:
        node["data-paywallclf"] = labels[block]
        marked.add(id(node))
    for node, block in removal.text_nodes:
        if not node.isspace() and marked.isdisjoint(map(id, node.parents)):
            node.wrap(Tag(name="span", attrs={"data-paywallclf": labels[block]}))
