"""Plain data: what a page is made of, once it has been read."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABELS = ("editorial", "promo", "other")
KINDS = ("paywall", "subscribe", "newsletter", "register", "donate", "follow", "app")

#: Share of a page's words that may go before a cleaning warns; a page of promos only is rarer than a wrong model.
NEARLY_ALL = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The blocks of a page and the elements around them, as parallel lists and arrays.

    Elements are numbered in document order, so a parent comes before its children. Plain text has no elements.

    Attributes
    ----------
    texts : list of str
        Text of each block, white space folded.
    containers : array of int64, shape (n_blocks,)
        For each block, the number of the block-level element that it stands in, or -1.
    inlines : array of int64, shape (n_inlines,)
        The numbers of the inline elements inside the first block, then of those inside the second, and so on.
    inline_starts : array of int64, shape (n_blocks + 1,)
        Where each block's own begin among the inlines, and where the last one's end.
    link_lengths : array of int64, shape (n_blocks,)
        For each block, how many of its characters (white space aside) stand in a link.
    parents : array of int64, shape (n_elements,)
        For each element, the number of its parent, or -1.
    tags : list of str
        For each element, its name in lower case.
    attributes : sequence of mapping
        For each element, its attributes; a value may be None.
    starts, ends : array of int64, shape (n_elements,)
        For each element, its subtree's blocks: ``starts[e]`` to ``ends[e]`` (exclusive).
    """

    texts: list[str]
    containers: NDArray[np.int64]
    inlines: NDArray[np.int64]
    inline_starts: NDArray[np.int64]
    link_lengths: NDArray[np.int64]
    parents: NDArray[np.int64]
    tags: list[str]
    attributes: Sequence[Mapping[str, str | None]]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of_text(cls, texts: list[str]) -> Layout:
        """The layout of plain text: blocks without elements."""
        import numpy as np  # the names of labels and kinds are to be had without it

        n = len(texts)
        none = np.zeros(0, np.int64)
        return cls(texts, np.full(n, -1), none, np.zeros(n + 1, np.int64), np.zeros(n, np.int64), none, [], [], none, none)

    def path(self, element: int) -> str:
        """Names of an element and its ancestors, root first: ``"html/body/p"``; empty for -1."""
        names = []
        while element >= 0:
            names.append(self.tags[element])
            element = self.parents[element]
        return "/".join(reversed(names))


@dataclass(frozen=True, slots=True)
class Block:
    """A maximal run of inline text inside one block-level element, or a paragraph of plain text.

    Attributes
    ----------
    index : int
        Place among the document's blocks, from 0.
    text : str
        The text, white space folded.
    tag : str
        Name of the block-level element that holds it (``""`` in plain text).
    path : str
        Names of that element and its ancestors, root first, joined by ``/``.
    fingerprint : str
        12 hexadecimal digits of the SHA-256 of the normalised text, a hyphen, and which occurrence of that text it is.
    label : {"editorial", "promo", "other"} or None
        None before classification.
    kind : str or None
        The most probable kind of a promo block, else None.
    probabilities : dict of str to float
        For each label; they sum to 1. Empty before classification.
    kinds : dict of str to float
        For each kind of promo, given that the block is a promo; they sum to 1. Empty before classification.
    """

    index: int
    text: str
    tag: str
    path: str
    fingerprint: str
    label: str | None = None
    kind: str | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)

    def probability(self, drop: Iterable[str] = ("promo",), kinds: Iterable[str] | None = None) -> float:
        """Summed probability of the labels in `drop`; of promo, only of the `kinds`, if given."""
        total = 0.0
        for label in drop:
            share = self.probabilities[label]
            if label == "promo" and kinds is not None:
                some = 0.0
                for kind in kinds:  # one after the other, as over arrays: `sum` compensates from Python 3.12 on
                    some += self.kinds[kind]
                share *= some
            total += share
        return total


@dataclass(frozen=True, slots=True)
class Access:
    """Whether the page gives its whole text.

    Attributes
    ----------
    state : {"open", "locked", "unknown"}
    evidence : tuple of str
        What that rests on, in words.
    """

    state: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A page or a text, read into blocks. Plain data: it can be pickled and compared.

    Attributes
    ----------
    source : str, bs4.BeautifulSoup or bs4.Tag
        What was read (bytes decoded).
    form : {"html", "soup", "text"}
        How it was read.
    blocks : tuple of Block
        In document order.
    layout : Layout
        What the classifier's features are made from.
    access : Access
        ``unknown`` before classification.
    language : str or None
        The page's own ``<html lang>``; it can lie.
    model : str or None
        Name and version of the model that labelled it.
    threshold : float or None
        The threshold that its labels were decided by.
    """

    source: Any
    form: str
    blocks: tuple[Block, ...]
    layout: Layout = field(repr=False, compare=False)
    access: Access = Access("unknown", ())
    language: str | None = None
    model: str | None = None
    threshold: float | None = None

    def dropped(
        self,
        drop: Iterable[str] = ("promo",),
        kinds: Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> list[Block]:
        """Blocks whose summed probability of the labels in `drop` reaches `threshold`.

        The default threshold for promos is the one that the document was labelled by. Where more is dropped, the default keeps
        what best agrees with the page's probabilities, and such promos go too: see `decide`.

        Raises
        ------
        ValueError
            The document has no labels yet, or a label, kind or threshold is none.
        """
        drop, kinds, threshold = check_decision(drop, kinds, threshold)
        default = threshold if self.threshold is None else self.threshold
        if default is None or (self.blocks and not self.blocks[0].probabilities):
            raise ValueError("this document has no labels yet: make it with classify_html or classify_text")
        if not drop or kinds == ():  # nothing is named: a threshold of 0 must not take all
            return []
        totals = [block.probability(drop, kinds) for block in self.blocks]
        promos = [block.probability(("promo",), kinds) for block in self.blocks] if "promo" in drop else []
        texts = [block.text for block in self.blocks]
        return [self.blocks[index] for index in decide(drop, totals, promos, texts, threshold, default)]

    def kept(
        self,
        drop: Iterable[str] = ("promo",),
        kinds: Iterable[str] | None = None,
        threshold: float | None = None,
    ) -> list[Block]:
        """The other blocks than `dropped`, which takes the same arguments."""
        gone = {block.index for block in self.dropped(drop, kinds, threshold)}
        return [block for block in self.blocks if block.index not in gone]


def decide(
    drop: Sequence[str],
    totals: Sequence[float],
    promos: Sequence[float],
    texts: Sequence[str],
    threshold: float | None,
    promo_threshold: float,
) -> list[int]:
    """The one decision rule: the indices of the blocks that go.

    With a `threshold`, those whose total reaches it. Without one:

    - where `drop` is promo alone, those that reach `promo_threshold`;
    - where it is more, those that `best_threshold` leaves out, and the promos that reach `promo_threshold`. Where those would
      take half of what is left, only promos that are more likely than not go: the model is then likelier to be wrong about an
      article than the page is to be half promo.

    Parameters
    ----------
    drop : sequence of str
        Labels, at least one.
    totals, promos : sequence of float, length n_blocks
        Summed probability of the labels in `drop`, and the part of it that is promo (empty where promo is not in `drop`).
    texts : sequence of str, length n_blocks
        What the blocks say.
    threshold : float or None
    promo_threshold : float
        The model's default.
    """
    blocks = range(len(totals))
    if threshold is None and set(drop) == {"promo"}:
        threshold = promo_threshold
    if threshold is not None:
        return [index for index, total in enumerate(totals) if total >= threshold]
    sizes = [len(text) for text in texts]
    best = best_threshold(totals, sizes)
    kept = [index for index in blocks if totals[index] < best]
    if promos:
        likely, sure = ([index for index in kept if promos[index] < limit] for limit in (0.5, promo_threshold))
        kept = sure if 2 * sum(sizes[index] for index in sure) > sum(sizes[index] for index in likely) else likely
    staying = set(kept)
    return [index for index in blocks if index not in staying]


def best_threshold(totals: Sequence[float], sizes: Sequence[int]) -> float:
    """The threshold that leaves the text with the highest expected F1, by the probabilities of one page.

    A block belongs to what is wanted with the probability ``1 - total``. Of all cuts through the blocks in that order, one has
    the highest F1 of kept against wanted characters, and a block is worth keeping where its probability is above half of that
    F1 (Lipton et al., 2014). So a page whose article stands out is cut at about 0.5, one that is hard to read
    (a forum, a product) higher, and a page on which nothing is likely keeps its likeliest blocks instead of coming back empty.
    """
    wanted = sorted(((max(0.0, 1.0 - total), size) for total, size in zip(totals, sizes, strict=True)), reverse=True)
    expected = sum(chance * size for chance, size in wanted)
    best = hits = kept = 0.0
    for chance, size in wanted:
        hits += chance * size
        kept += size
        best = max(best, 2 * hits / (kept + expected))
    return 1.0 - best / 2


def check_decision(
    drop: Iterable[str], kinds: Iterable[str] | None, threshold: float | None
) -> tuple[tuple[str, ...], tuple[str, ...] | None, float | None]:
    """`drop` and `kinds` as tuples, checked, and the threshold.

    Raises
    ------
    ValueError
        A label or kind that does not exist, or a threshold outside 0 to 1.
    """
    labels = _names(drop, LABELS, "drop")
    if kinds is not None:
        kinds = _names(kinds, KINDS, "kinds")
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must be a probability between 0 and 1, not {threshold!r}")
    return labels, kinds, threshold


def _names(values: Iterable[str], allowed: Sequence[str], argument: str) -> tuple[str, ...]:
    names = (values,) if isinstance(values, str) else tuple(values)
    for name in names:
        if name not in allowed:
            raise ValueError(f"{argument}={name!r}: expected some of {', '.join(allowed)}")
    return tuple(dict.fromkeys(names))


def fold(text: str) -> str:
    """The text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def fingerprints(texts: Iterable[str]) -> list[str]:
    """For each text, a hash of its normalised form (NFKC, case folded, white space folded) and its occurrence number.

    The same text on the same page keeps its fingerprint when other blocks of the page change.
    """
    seen: dict[str, int] = {}
    result = []
    for text in texts:
        normal = fold(unicodedata.normalize("NFKC", text).casefold())
        digest = hashlib.sha256(normal.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        seen[digest] = occurrence = seen.get(digest, 0) + 1
        result.append(f"{digest}-{occurrence}")
    return result


def document(source: Any, form: str, layout: Layout, language: str | None = None) -> Document:
    """A document without labels."""
    paths: dict[int, str] = {}
    blocks = []
    rows = zip(layout.texts, fingerprints(layout.texts), layout.containers.tolist(), strict=True)
    for index, (text, fingerprint, element) in enumerate(rows):
        if element not in paths:
            paths[element] = layout.path(element)
        tag = layout.tags[element] if element >= 0 else ""
        blocks.append(Block(index, text, tag, paths[element], fingerprint))
    return Document(source, form, tuple(blocks), layout, language=language)
