"""What goes when blocks go: the elements and text nodes of a cut tree that hold only dropped blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout
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
    parents = layout.parents.tolist()
    gone = np.zeros(len(layout.texts), np.bool_)
    gone[list(dropped)] = True
    staying = _with_ancestors([*segments.serving.tolist(), *_beside_kept_text(segments, gone.tolist())], parents)
    candidates = _of_dropped_blocks(layout, gone)
    starts, ends = (dict(zip(candidates, array[candidates].tolist(), strict=True)) for array in (layout.starts, layout.ends))
    separations = _Separations(layout, gone, parents)
    whole: list[int] = []
    emptied: list[int] = []
    inside: set[int] = set()
    covered = np.zeros(len(gone), np.bool_)
    separated: set[int] = set()
    for element in candidates:
        tag = layout.tags[element]
        if parents[element] in inside:
            inside.add(element)
            continue
        if tag in FRAME or element in staying:
            continue
        before = separations.kept_before(element, starts[element], ends[element])
        if before in separated:
            before = None
        if tag not in BLOCK_LEVEL:
            if before is None or not separations.breaks_line(element):
                inside.add(element)
                whole.append(element)
            continue
        inside.add(element)
        covered[starts[element] : ends[element]] = True
        if before is not None:
            separated.add(before)
            emptied.append(element)
        else:
            whole.append(element)
    elements = [(element, starts[element]) for element in whole]
    texts: list[tuple[int, int]] = []
    for block in np.flatnonzero(gone & ~covered).tolist():
        texts += [(node, block) for node in range(*segments.node_starts[block : block + 2].tolist())]
        enclosed = segments.enclosed[slice(*segments.enclosed_starts[block : block + 2])].tolist()
        elements += [(element, block) for element in enclosed if element not in staying]
    return Removal(
        _of_nodes(segments.elements, elements),
        _of_nodes(segments.elements, [(element, starts[element]) for element in emptied]),
        _of_nodes(segments.text_nodes, texts),
    )


def _of_nodes(nodes: Sequence[Any], pairs: list[tuple[int, int]]) -> list[tuple[Any, int]]:
    """Pairs of (node, block index) from pairs of (number, block index)."""
    numbers = [number for number, _ in pairs]
    found = nodes[numbers].tolist() if isinstance(nodes, np.ndarray) else [nodes[number] for number in numbers]
    return [(node, block) for node, (_, block) in zip(found, pairs, strict=True)]


def _of_dropped_blocks(layout: Layout, gone: NDArray[np.bool_]) -> list[int]:
    """The elements that hold blocks, and only dropped ones."""
    counts = np.concatenate(([0], np.cumsum(gone)))
    sizes = layout.ends - layout.starts
    found: list[int] = np.flatnonzero((sizes > 0) & (counts[layout.ends] - counts[layout.starts] == sizes)).tolist()
    return found


def _beside_kept_text(segments: Segments, gone: list[bool]) -> list[int]:
    """The elements that hold media next to a kept block."""
    return [parent for parent, following in segments.media.tolist() if not all(gone[max(following - 1, 0) : following + 1])]


def _with_ancestors(elements: list[int], parents: list[int]) -> set[int]:
    found: set[int] = set()
    for element in elements:
        while element >= 0 and element not in found:
            found.add(element)
            element = parents[element]
    return found


class _Separations:
    """Which elements stand between two kept runs of one container, which would run together without them."""

    def __init__(self, layout: Layout, gone: NDArray[np.bool_], parents: list[int]) -> None:
        self.tags, self.parents, self.containers = layout.tags, parents, layout.containers
        order = np.arange(len(gone))
        # for each block, the nearest kept one up to it and from it on
        self.before = np.maximum.accumulate(np.where(gone, -1, order))
        self.after = np.minimum.accumulate(np.where(gone, len(gone), order)[::-1])[::-1]

    def kept_before(self, element: int, start: int, end: int) -> int | None:
        """The kept block before an element, where it and the kept block after are runs of the same container, else None."""
        if start == 0 or end == len(self.containers):
            return None
        before, after = int(self.before[start - 1]), int(self.after[end])
        if before < 0 or after == len(self.containers) or self.containers[before] != self.containers[after]:
            return None
        container = self.parents[element]
        while container >= 0 and self.tags[container] not in BLOCK_LEVEL:
            container = self.parents[container]
        return before if self.containers[before] == container else None

    def breaks_line(self, element: int) -> bool:
        """Whether an inline element holds what parts two runs: a block-level element or a line break."""
        tags, parents = self.tags, self.parents
        within = element + 1
        while within < len(tags) and parents[within] >= element:
            if tags[within] == "br" or tags[within] in BLOCK_LEVEL:
                return True
            within += 1
        return False
