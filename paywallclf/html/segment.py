"""What a block is: the one table of tags, and the walk that cuts a tree into blocks.

The walk takes the nodes of any parser in document order, so that every input is cut by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from paywallclf.document import Layout, fold

#: Elements that end a run of inline text. Those that the HTML standard renders as a block, a list item or a part of a
#: table (Rendering, "Flow content" and "Tables"), and the controls that a reader sees as a box of their own.
BLOCK_LEVEL = frozenset(
    "html body address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure footer form"
    " h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol optgroup option p plaintext pre search section"
    " summary table caption colgroup col tbody td tfoot th thead tr ul xmp frameset"
    " button label".split()
)

#: Elements whose text a reader never sees as text of the page.
NO_BLOCKS = frozenset(
    "head title script style template svg math noscript iframe object select textarea canvas video audio noembed noframes".split()
)

#: Elements that serve the whole page wherever they stand: a removal leaves them, and the element that holds them.
SERVANTS = frozenset(("script", "meta", "link"))

#: Media that are an article's more often than a promo's; images are either's. A ``figure`` is told by its own tag.
PLAYERS = frozenset(("video", "audio"))

#: More elements open at once than this are no page that someone made: browsers themselves stop nesting at 512.
MAX_DEPTH = 4000


class TooDeepError(Exception):
    """More than `MAX_DEPTH` elements are open at once."""


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
    enclosed : list of list of int
        For each block, the elements without text that stand within it: images between its words, and line breaks after it.
    serving : list of int
        The elements that hold a script, a meta or a link, as its parent.
    players : list of (int, int)
        For each video or audio, the element that holds it, as its parent, and the index of the block that follows it.
    """

    layout: Layout = field(default_factory=lambda: Layout([], [], [], [], [], [], [], [], []))
    elements: list[Any] = field(default_factory=list)
    text_nodes: list[list[Any]] = field(default_factory=list)
    enclosed: list[list[int]] = field(default_factory=list)
    serving: list[int] = field(default_factory=list)
    players: list[tuple[int, int]] = field(default_factory=list)


class _Run:
    """A run of inline text that is being read."""

    __slots__ = ("enclosed", "inlines", "link_length", "loose", "nodes", "parts", "waiting_break", "with_text")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.nodes: list[Any] = []
        self.inlines: list[int] = []
        self.enclosed: list[int] = []
        self.loose: list[int] = []  # elements without text after the last text
        self.link_length = 0
        self.with_text = False
        self.waiting_break = False


def segment(
    nodes: Iterable[tuple[Any, str, int]],
    attributes_of: Callable[[Any], Mapping[str, str | None]],
    text_of: Callable[[Any], str],
) -> Segments:
    """Cut a tree into blocks.

    Parameters
    ----------
    nodes : iterable of (node, name, depth)
        Elements and text nodes in document order, without what is inside `NO_BLOCKS`. The name of a text node is ``"-text"``;
        other names that begin with ``-`` are passed over. The depth is the number of elements around the node.
    attributes_of : callable
        Gives an element's attributes.
    text_of : callable
        Gives a text node's text.

    Returns
    -------
    Segments

    Raises
    ------
    TooDeepError
    """
    # Half of the time of a cleaning goes through this loop: it keeps to local names and calls nothing without need.
    segments = Segments()
    layout, elements = segments.layout, segments.elements
    tags, parents, starts, ends, texts = layout.tags, layout.parents, layout.starts, layout.ends, layout.texts
    opened: list[int] = []
    containers = [-1]  # the block-level elements among the opened
    unstarted: list[int] = []  # the opened elements that hold no text so far: the innermost ones
    links = 0
    run = _Run()

    def close() -> None:
        nonlocal links, run
        element = opened.pop()
        name = tags[element]
        if name in BLOCK_LEVEL:
            run = _flush(run, segments, containers.pop())
        elif name == "a":
            links -= 1
        ends[element] = len(texts) + run.with_text  # the run that is being read becomes a block if it has text
        if unstarted and unstarted[-1] == element:
            unstarted.pop()
            starts[element] = ends[element]
            if run.with_text:
                run.loose.append(element)

    for node, name, depth in nodes:
        if name == "-text":
            text = text_of(node)
            words = text.split()
            if not words and not run.with_text:
                continue  # nothing, wherever it stands
            while len(opened) > depth:
                close()
            if words:
                if unstarted:
                    for element in unstarted:
                        starts[element] = len(texts)
                    unstarted.clear()
                if run.loose:
                    run.enclosed += run.loose
                    run.loose.clear()
                run.with_text = True
                run.waiting_break = False
                if links:
                    run.link_length += sum(map(len, words))
            elif not run.with_text:
                continue
            run.nodes.append(node)
            run.parts.append(text)
            continue
        if name[0] == "-":
            continue
        while len(opened) > depth:
            close()
        if name in NO_BLOCKS:
            if opened:
                if name in SERVANTS:
                    segments.serving.append(opened[-1])
                elif name in PLAYERS:
                    segments.players.append((opened[-1], len(texts) + run.with_text))
            continue
        element = len(tags)
        if name in BLOCK_LEVEL:
            run = _flush(run, segments, containers[-1])
            containers.append(element)
        else:
            if name == "a":
                links += 1
            elif name == "br":
                if run.waiting_break:
                    run = _flush(run, segments, containers[-1], element)
                run.parts.append("\n")
                run.waiting_break = True
            elif name in SERVANTS and opened:
                segments.serving.append(opened[-1])
            run.inlines.append(element)
        tags.append(name)
        parents.append(opened[-1] if opened else -1)
        starts.append(0)
        ends.append(0)
        elements.append(node)
        opened.append(element)
        unstarted.append(element)
        if depth > MAX_DEPTH:
            raise TooDeepError
    while opened:
        close()
    _flush(run, segments, -1)
    layout.attributes.extend(map(attributes_of, elements))
    return segments


def _flush(run: _Run, segments: Segments, container: int, line_break: int | None = None) -> _Run:
    """End a run, at a line break that belongs to it or before what comes next; it is a block if it has text.

    Returns
    -------
    _Run
        The next one.
    """
    if run.with_text:
        layout = segments.layout
        layout.texts.append(fold("".join(run.parts)))
        layout.containers.append(container)
        layout.inlines.append(run.inlines)
        layout.link_lengths.append(run.link_length)
        segments.text_nodes.append(run.nodes)
        breaks = [element for element in run.loose if layout.tags[element] == "br"]
        segments.enclosed.append(run.enclosed + breaks + ([] if line_break is None else [line_break]))
    elif not run.inlines:
        return run
    return _Run()
