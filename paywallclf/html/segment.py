"""What a block is: the one table of tags, and the walk that cuts a tree into blocks.

The walk takes the nodes of any parser in document order, so that every input is cut by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
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


def segment(
    nodes: Iterable[tuple[Any, str]],
    key_of: Callable[[Any], Hashable],
    parent_of: Callable[[Any], Any],
    attributes_of: Callable[[Any], Mapping[str, str | None]],
    text_of: Callable[[Any], str],
) -> Segments:
    """Cut a tree into blocks.

    Parameters
    ----------
    nodes : iterable of (node, name)
        Elements and text nodes in document order. The name of a text node is ``"-text"``; other names that begin with
        ``-`` are passed over.
    key_of, parent_of : callable
        Give what tells a node apart, and a node's parent or None.
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
    walk = _Walk()
    keys, silent = walk.keys, walk.silent
    for node, name in nodes:
        text = None
        if name == "-text":
            text = text_of(node)
            # white space before a run's first word, which most text nodes are, is nothing wherever it stands
            if not walk.with_text and (not text or text.isspace()):
                continue
        elif name[0] == "-":
            continue
        parent = parent_of(node)
        parent_key = None if parent is None else key_of(parent)
        while keys and keys[-1] != parent_key:
            walk.close()
        if text is not None:
            if not silent:
                walk.read(node, text)
        elif silent or name in NO_BLOCKS:
            walk.open_silent(name, key_of(node))
        else:
            walk.open(node, name, key_of(node), attributes_of(node))
        if len(keys) > MAX_DEPTH:
            raise TooDeepError
    while keys:
        walk.close()
    walk.flush()
    return walk.segments


class _Walk:
    """Where a walk over a tree stands: the open elements, and the run of inline text that is being read."""

    __slots__ = (
        "container", "enclosed", "inlines", "keys", "link_length", "links", "loose", "open_elements", "outside", "parts",
        "run_nodes", "segments", "silent", "unstarted", "waiting_break", "with_text",
    )  # fmt: skip

    def __init__(self) -> None:
        self.segments = Segments()
        self.container = -1
        self.links = 0
        self.keys: list[Any] = []
        self.open_elements: list[int] = []  # without the silent ones
        self.silent: list[Any] = []  # keys of the open elements that hold no blocks, and of what is in them
        self.outside: list[int] = []  # for each open block-level element, the container around it
        self.unstarted: list[int] = []  # the open elements that hold no text so far: the innermost ones
        self._begin_run()

    def _begin_run(self) -> None:
        self.parts: list[str] = []
        self.run_nodes: list[Any] = []
        self.inlines: list[int] = []
        self.enclosed: list[int] = []
        self.loose: list[int] = []  # elements without text after the last text
        self.link_length = 0
        self.with_text = False
        self.waiting_break = False

    def read(self, node: Any, text: str) -> None:
        words = text.split()
        if not words:
            if self.with_text:
                self.run_nodes.append(node)
                self.parts.append(text)
            return
        self.run_nodes.append(node)
        self.parts.append(text)
        self.with_text = True
        self.waiting_break = False
        if self.unstarted:
            starts, block = self.segments.layout.starts, len(self.segments.layout.texts)
            for element in self.unstarted:
                starts[element] = block
            self.unstarted.clear()
        if self.loose:
            self.enclosed.extend(self.loose)
            self.loose.clear()
        if self.links:
            self.link_length += sum(map(len, words))

    def open_silent(self, name: str, key: Any) -> None:
        if not self.silent and self.open_elements:
            if name in SERVANTS:
                self.segments.serving.append(self.open_elements[-1])
            elif name in PLAYERS:
                self.segments.players.append((self.open_elements[-1], self._next_block()))
        self.keys.append(key)
        self.silent.append(key)

    def open(self, node: Any, name: str, key: Any, attributes: Mapping[str, str | None]) -> None:
        layout = self.segments.layout
        element = len(layout.tags)
        if name in BLOCK_LEVEL:
            self.flush()
            self.outside.append(self.container)
            self.container = element
        else:
            if name == "a":
                self.links += 1
            elif name == "br":
                if self.waiting_break:
                    self.flush(element)
                self.parts.append("\n")
                self.waiting_break = True
            elif name in SERVANTS and self.open_elements:
                self.segments.serving.append(self.open_elements[-1])
            self.inlines.append(element)
        layout.tags.append(name)
        layout.parents.append(self.open_elements[-1] if self.open_elements else -1)
        layout.attributes.append(attributes)
        layout.starts.append(0)
        layout.ends.append(0)
        self.segments.elements.append(node)
        self.keys.append(key)
        self.open_elements.append(element)
        self.unstarted.append(element)

    def close(self) -> None:
        self.keys.pop()
        if self.silent:
            self.silent.pop()
            return
        element = self.open_elements.pop()
        layout = self.segments.layout
        name = layout.tags[element]
        if name in BLOCK_LEVEL:
            self.flush()
            self.container = self.outside.pop()
        elif name == "a":
            self.links -= 1
        layout.ends[element] = self._next_block()
        if self.unstarted and self.unstarted[-1] == element:
            self.unstarted.pop()
            layout.starts[element] = layout.ends[element]
            if self.with_text:
                self.loose.append(element)

    def _next_block(self) -> int:
        # the run that is being read becomes a block if it has text
        return len(self.segments.layout.texts) + self.with_text

    def flush(self, line_break: int | None = None) -> None:
        """End the run, at a line break that belongs to it or before what comes next; it is a block if it has text."""
        if self.with_text:
            segments, layout = self.segments, self.segments.layout
            layout.texts.append(fold("".join(self.parts)))
            layout.containers.append(self.container)
            layout.inlines.append(self.inlines)
            layout.link_lengths.append(self.link_length)
            segments.text_nodes.append(self.run_nodes)
            breaks = [element for element in self.loose if layout.tags[element] == "br"]
            segments.enclosed.append(self.enclosed + breaks + ([] if line_break is None else [line_break]))
        if self.with_text or self.inlines:
            self._begin_run()
