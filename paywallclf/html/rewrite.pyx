# cython: language_level=3, wraparound=False
"""What goes when blocks go: the elements and text nodes of a cut tree that hold only dropped blocks.

Compiled, as every element is looked at; the arrays' bounds are checked.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from libc.stdint cimport int64_t, uint8_t

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


def plan_removal(segments: Segments, dropped):
    """Decide what to take out so that the dropped blocks are gone and all other text stays, in order and apart.

    An element that holds only dropped blocks goes whole, unless it is of the page's frame or holds an element that serves
    the page (a script, meta or link) or media that stand beside kept text: a figure without text, a video or an audio.
    An image or a line break without an element of its own goes where it stands within a dropped block.

    Parameters
    ----------
    segments : Segments
    dropped : iterable of int
        The blocks' indices.

    Returns
    -------
    Removal
    """
    cdef list tags = segments.layout.tags
    cdef const int64_t[::1] parents = segments.layout.parents, containers = segments.layout.containers
    cdef const int64_t[::1] starts = segments.layout.starts, ends = segments.layout.ends
    cdef const int64_t[::1] node_starts = segments.node_starts
    cdef const int64_t[::1] enclosed = segments.enclosed, enclosed_starts = segments.enclosed_starts
    cdef Py_ssize_t n = len(containers), n_elements = len(parents), element, block, at
    cdef int64_t before, parted = -1  # the kept block after which an element was left as a shell
    cdef uint8_t[::1] gone = bytearray(n), covered = bytearray(n)
    cdef uint8_t[::1] inside = bytearray(n_elements)  # of what goes
    for block in dropped:
        gone[block] = True
    cdef uint8_t[::1] staying = _staying(segments, gone)
    # of each place between blocks: how many dropped ones stand before it, the last kept one before it, and the first after it
    cdef int64_t[::1] counts = np.zeros(n + 1, np.int64), lasts = np.full(n + 1, -1, np.int64), nexts = np.full(n + 1, n, np.int64)
    for block in range(n):
        counts[block + 1] = counts[block] + gone[block]
        lasts[block + 1] = lasts[block] if gone[block] else block
    for block in range(n - 1, -1, -1):
        nexts[block] = nexts[block + 1] if gone[block] else block
    cdef list whole = [], emptied = [], texts = []
    for element in range(n_elements):
        if starts[element] == ends[element] or counts[ends[element]] - counts[starts[element]] < ends[element] - starts[element]:
            continue
        tag = tags[element]
        if parents[element] >= 0 and inside[parents[element]]:
            inside[element] = True
            continue
        if tag in FRAME or staying[element]:
            continue
        before = _kept_before(tags, parents, containers, element, lasts[starts[element]], nexts[ends[element]])
        if before == parted:
            before = -1
        is_block = tag in BLOCK_LEVEL
        if not is_block and before >= 0 and _breaks_line(tags, parents, element):
            continue
        inside[element] = True
        if is_block:
            covered[starts[element] : ends[element]] = True
        if is_block and before >= 0:
            parted = before
            emptied.append((element, starts[element]))
        else:
            whole.append((element, starts[element]))
    for block in range(n):
        if gone[block] and not covered[block]:
            for at in range(node_starts[block], node_starts[block + 1]):
                texts.append((at, block))
            for at in range(enclosed_starts[block], enclosed_starts[block + 1]):
                if not staying[enclosed[at]]:
                    whole.append((enclosed[at], block))
    return Removal(
        _of_nodes(segments.elements, whole), _of_nodes(segments.elements, emptied), _of_nodes(segments.text_nodes, texts)
    )


cdef list _of_nodes(nodes, list pairs):
    """Pairs of (node, block index) from pairs of (number, block index)."""
    if not pairs:
        return []
    if isinstance(nodes, np.ndarray):
        return list(zip(nodes[[number for number, _ in pairs]].tolist(), [block for _, block in pairs]))
    return [(nodes[number], block) for number, block in pairs]


cdef uint8_t[::1] _staying(segments, const uint8_t[::1] gone):
    """Which elements hold what serves the page, or media next to a kept block."""
    cdef const int64_t[::1] parents = segments.layout.parents, serving = segments.serving
    cdef const int64_t[:, ::1] media = segments.media
    cdef uint8_t[::1] staying = bytearray(len(parents))
    cdef Py_ssize_t at
    cdef int64_t following
    for at in range(len(serving)):
        _mark_with_ancestors(staying, parents, serving[at])
    for at in range(len(media)):
        following = media[at, 1]
        if (following > 0 and not gone[following - 1]) or (following < len(gone) and not gone[following]):
            _mark_with_ancestors(staying, parents, media[at, 0])
    return staying


cdef int _mark_with_ancestors(uint8_t[::1] marks, const int64_t[::1] parents, int64_t element) except -1:
    while element >= 0 and not marks[element]:
        marks[element] = True
        element = parents[element]
    return 0


cdef int64_t _kept_before(
    list tags, const int64_t[::1] parents, const int64_t[::1] containers, Py_ssize_t element, int64_t before, int64_t after
) except -2:
    """The kept block before an element, where it and the kept block after are runs of the element's container, else -1.

    Without what the element holds, the two would run together.
    """
    cdef int64_t container
    if before < 0 or after == len(containers) or containers[before] != containers[after]:
        return -1
    container = parents[element]
    while container >= 0 and tags[container] not in BLOCK_LEVEL:
        container = parents[container]
    return before if containers[before] == container else -1


cdef bint _breaks_line(list tags, const int64_t[::1] parents, Py_ssize_t element) except -1:
    """Whether an inline element holds what parts two runs: a block-level element or a line break."""
    cdef Py_ssize_t within = element + 1
    while within < len(tags) and parents[within] >= element:
        if tags[within] == "br" or tags[within] in BLOCK_LEVEL:
            return True
        within += 1
    return False
