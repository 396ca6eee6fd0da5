"""What a block is: the one table of tags, and what a tree is once it has been cut into blocks (by `paywallclf.html.scan`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout

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

#: Media that are an article's more often than a promo's; images are either's. A ``figure`` counts where it has no text.
PLAYERS = frozenset(("video", "audio"))

#: More elements open at once than this are no page that someone made: browsers themselves stop nesting at 512.
MAX_DEPTH = 4000


class UnreadableError(Exception):
    """A page that is not cut into blocks; the message says why."""


@dataclass(frozen=True, slots=True)
class Segments:
    """A cut tree: the layout, and the nodes that it was read from.

    Attributes
    ----------
    layout : Layout
    elements : sequence
        The parser's node of each of the layout's elements.
    text_nodes : sequence
        The parser's text nodes of the first block, then of the second, and so on.
    node_starts : array of int64, shape (n_blocks + 1,)
        Where each block's own begin among the text nodes, and where the last one's end.
    enclosed : array of int64
        Block after block, the elements without text that stand within it: images between its words, and line breaks after it.
    enclosed_starts : array of int64, shape (n_blocks + 1,)
    serving : array of int64
        The elements that hold a script, a meta or a link, as its parent.
    media : array of int64, shape (n_media, 2)
        For each video, audio and figure without text, the element that holds it, as its parent, and the index of the block
        that follows it.
    rewritable : bool
        Whether the page may be written out. Not where it would be parsed as another page: a template holds a style or script
        within SVG or MathML, say, whose text looks like markup there.
    """

    layout: Layout = field(default_factory=lambda: Layout.of_text([]))
    elements: Sequence[Any] = ()
    text_nodes: Sequence[Any] = ()
    node_starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    enclosed: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    enclosed_starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    serving: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    media: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    rewritable: bool = True
