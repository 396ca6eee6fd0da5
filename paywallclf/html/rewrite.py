"""What goes when blocks go: the elements and text nodes of a cut tree that hold only dropped blocks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from paywallclf.html.segment import BLOCK_LEVEL, Segments

#: The page's frame, which stays even when it is empty.
FRAME = frozenset(("html", "head", "body", "main", "article"))


@dataclass(frozen=True, slots=True)
class Removal:
    """Nodes to take out of a tree, each list in document order.

    Attributes
    ----------
    elements : list of (node, block index)
        Elements to remove whole, with the first block that each holds.
    emptied : list of (node, block index)
        Elements to leave as empty shells: they alone keep two runs of kept text apart.
    text_nodes : list of (node, block index)
        Text nodes of dropped blocks that stand in none of those elements.
    """

    elements: list[tuple[Any, int]]
    emptied: list[tuple[Any, int]]
    text_nodes: list[tuple[Any, int]]


def plan_removal(segments: Segments, dropped: Collection[int]) -> Removal:
    """Decide what to take out so that the dropped blocks are gone and all other text stays, in order and apart.

    An element that holds only dropped blocks goes whole, unless it is of the page's frame or holds an element that serves
    the page (a script, meta or link) or media that stand beside kept text: a figure without text, a video or an audio.
    An image or a line break without an element of its own goes where it stands within a dropped block.
    """
    layout = segments.layout
    n = len(layout.texts)
    gone = [index in dropped for index in range(n)]
    counts = [0, *accumulate(gone)]
    staying = _with_ancestors([*segments.serving, *_beside_kept_text(segments, gone)], layout.parents)
    removal = Removal([], [], [])
    inside: set[int] = set()
    covered = [False] * n
    separated: set[int] = set()
    for element, (tag, parent, start, end) in enumerate(
        zip(layout.tags, layout.parents, layout.starts, layout.ends, strict=True)
    ):
        if parent in inside:
            inside.add(element)
            continue
        if start == end or counts[end] - counts[start] < end - start or tag in FRAME or element in staying:
            continue
        inside.add(element)
        if tag not in BLOCK_LEVEL:
            removal.elements.append((segments.elements[element], start))
            continue
        covered[start:end] = [True] * (end - start)
        before = _separates(layout.containers, gone, _nearest_block_level(layout.tags, layout.parents, parent), start, end)
        if before is None or before in separated:
            removal.elements.append((segments.elements[element], start))
        else:
            separated.add(before)
            removal.emptied.append((segments.elements[element], start))
    for index in range(n):
        if gone[index] and not covered[index]:
            removal.text_nodes.extend((node, index) for node in segments.text_nodes[index])
            enclosed = [element for element in segments.enclosed[index] if element not in staying]
            removal.elements.extend((segments.elements[element], index) for element in enclosed)
    return removal


def _beside_kept_text(segments: Segments, gone: list[bool]) -> list[int]:
    """The elements that hold media next to a kept block."""
    layout = segments.layout
    figures = [
        (parent, start)
        for tag, parent, start, end in zip(layout.tags, layout.parents, layout.starts, layout.ends, strict=True)
        if tag == "figure" and start == end
    ]
    return [
        parent for parent, following in [*figures, *segments.players] if not all(gone[max(following - 1, 0) : following + 1])
    ]


def _with_ancestors(elements: list[int], parents: list[int]) -> set[int]:
    found: set[int] = set()
    for element in elements:
        while element >= 0 and element not in found:
            found.add(element)
            element = parents[element]
    return found


def _nearest_block_level(tags: list[str], parents: list[int], element: int) -> int:
    while element >= 0 and tags[element] not in BLOCK_LEVEL:
        element = parents[element]
    return element


def _separates(containers: list[int], gone: list[bool], container: int, start: int, end: int) -> int | None:
    """The kept block before an element, where it and the kept block after are two runs of one container, else None."""
    before = start - 1
    while before >= 0 and gone[before]:
        before -= 1
    after = end
    while after < len(gone) and gone[after]:
        after += 1
    if before < 0 or after == len(gone):
        return None
    return before if containers[before] == containers[after] == container else None
