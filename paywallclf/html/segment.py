"""What a block is: the one table of tags, and the walk that cuts a tree into blocks.

The walk takes the nodes of any parser in document order, so that every input is cut by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from paywallclf.document import Layout, fold

#: Elements that end a run of inline text. Those that the HTML standard renders as a block, a list item or a part of a
#: table (Rendering, "Flow content" and "Tables"), and the controls that a reader sees as a box of their own.
BLOCK_LEVEL = frozenset(
    "html body address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol optgroup option p plaintext pre search section"
    " summary table caption colgroup col tbody td tfoot th thead tr ul xmp frameset noframes"
    " button label".split()
)

#: Elements whose text a reader never sees as text of the page.
NO_BLOCKS = frozenset(
    "head script style template svg math noscript iframe object select textarea canvas video audio noembed noframes".split()
)

#: Elements that serve the whole page wherever they stand: a removal leaves them, and the element that holds them.
SERVANTS = frozenset(("script", "meta", "link"))


@dataclass(frozen=True, slots=True)
class Segments:
    """A cut tree: the layout, and the nodes that it was read from.

    Attributes
    ----------
    layout : Layout
    elements : list
        The parser's node of each of the layout's elements.
    text_nodes : list of list
        The parser's text nodes of each block.
    serving : list of int
        The elements that hold a script, a meta or a link, as its parent.
    """

    layout: Layout
    elements: list[Any]
    text_nodes: list[list[Any]]
    serving: list[int]


class _Run:
    """The run of inline text that is being read."""

    __slots__ = ("inlines", "link_length", "nodes", "parts", "waiting_break")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.nodes: list[Any] = []
        self.inlines: list[int] = []
        self.link_length = 0
        self.waiting_break = False


def segment(nodes: Iterable[tuple[Any, str, Any, Any]], attributes_of: Any, text_of: Any) -> Segments:
    """Cut a tree into blocks.

    Parameters
    ----------
    nodes : iterable of (node, name, key, parent's key)
        Elements and text nodes in document order. The name of a text node is ``"-text"``; other names that begin with
        ``-`` are passed over. A key is any hashable value that tells nodes apart.
    attributes_of : callable
        Gives an element's attributes.
    text_of : callable
        Gives a text node's text.

    Returns
    -------
    Segments
    """
    texts: list[str] = []
    containers: list[int] = []
    inlines: list[list[int]] = []
    link_lengths: list[int] = []
    parents: list[int] = []
    tags: list[str] = []
    attributes: list[Mapping[str, str | None]] = []
    starts: list[int] = []
    ends: list[int] = []
    elements: list[Any] = []
    text_nodes: list[list[Any]] = []
    serving: list[int] = []

    run = _Run()
    container = -1
    links = 0
    # (key, element, name, the container outside it); element -1 stands for an element that holds no blocks
    stack: list[tuple[Any, int, str, int]] = []

    def flush() -> None:
        nonlocal run
        if run.nodes:
            text = fold("".join(run.parts))
            if text:
                texts.append(text)
                containers.append(container)
                inlines.append(run.inlines)
                link_lengths.append(run.link_length)
                text_nodes.append(run.nodes)
        if run.nodes or run.inlines or run.waiting_break:
            run = _Run()

    def close() -> None:
        nonlocal container, links
        _, element, name, outside = stack.pop()
        if element < 0:
            return
        if name in BLOCK_LEVEL:
            flush()
            container = outside
            ends[element] = len(texts)
            return
        if name == "a":
            links -= 1
        # text that waits to become a block belongs to the inline elements around it
        ends[element] = len(texts) + (not all(map(str.isspace, run.parts)))

    for node, name, key, parent_key in nodes:
        while stack and stack[-1][0] != parent_key:
            close()
        if stack and stack[-1][1] < 0:
            if name[0] != "-":
                stack.append((key, -1, name, container))
            continue
        if name == "-text":
            text = text_of(node)
            run.nodes.append(node)
            run.parts.append(text)
            if not text.isspace():
                run.waiting_break = False
                if links:
                    run.link_length += len("".join(text.split()))
            continue
        if name[0] == "-":
            continue
        if name in SERVANTS and stack:
            serving.append(stack[-1][1])
        if name in NO_BLOCKS:
            stack.append((key, -1, name, container))
            continue
        if name in BLOCK_LEVEL:
            flush()
        element = len(tags)
        tags.append(name)
        parents.append(stack[-1][1] if stack else -1)
        attributes.append(attributes_of(node))
        starts.append(len(texts))
        ends.append(len(texts))
        elements.append(node)
        stack.append((key, element, name, container))
        if name in BLOCK_LEVEL:
            container = element
        else:
            if name == "a":
                links += 1
            elif name == "br":
                if run.waiting_break:
                    flush()
                run.parts.append("\n")
                run.waiting_break = True
            run.inlines.append(element)
    while stack:
        close()
    flush()
    ends = [min(end, len(texts)) for end in ends]
    layout = Layout(texts, containers, inlines, link_lengths, parents, tags, attributes, starts, ends)
    return Segments(layout, elements, text_nodes, serving)
