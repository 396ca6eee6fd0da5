"""HTML as a BeautifulSoup tree, for people who have one already: cut and rewritten in a copy, with any of its parsers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.element import CData, PreformattedString

from paywallclf.html.rewrite import Removal
from paywallclf.html.scan import Cutter
from paywallclf.html.segment import MAX_DEPTH, NO_BLOCKS, Segments, UnreadableError


def read(soup: Tag) -> tuple[Tag, Segments]:
    """A copy of a tree, so that the caller's is never changed, and its blocks.

    Raises
    ------
    UnreadableError
        The tree is too deep: a copy takes a time that grows with the square of the depth, a minute at 20,000.
    """
    if _too_deep(soup):
        raise UnreadableError(f"more than {MAX_DEPTH} elements are open at once")
    tree = _copied(soup)
    return tree, cut(tree)


def _copied(soup: Tag) -> Tag:
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
    cutter = Cutter()
    elements: list[Tag] = []
    texts: list[Any] = []
    waiting = [iter(soup.contents if isinstance(soup, BeautifulSoup) else [soup])]
    while waiting:
        for node in waiting[-1]:
            if not isinstance(node, Tag):
                if (isinstance(node, CData) or not isinstance(node, PreformattedString)) and cutter.text(str(node)):
                    texts.append(node)
                continue
            name = node.name.lower()
            if name in NO_BLOCKS:
                cutter.pass_over(name)
                continue
            cutter.open(name)
            elements.append(node)
            waiting.append(iter(node.contents))
            break
        else:
            waiting.pop()
            if waiting:
                cutter.close()
    return cutter.segments(elements, texts, list(map(_attributes, elements)))


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
