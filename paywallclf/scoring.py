"""The learned arrays applied to a page: NumPy only, no scikit-learn on the way.

First stage: two linear models, one over the n-grams of the text and one over the tokens of the markup, each with a head for
promo and one for editorial. Second stage: small neural networks and gradient-boosted trees over those scores, the block's
shape and its context.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import KINDS, LABELS, Layout
from paywallclf.ensemble import join, mix_trees, output_units, probability, standardise
from paywallclf.features import context, markup, ngrams, shape
from paywallclf.features.elements import growing_ancestors

Floats = NDArray[np.float32]

#: Heads of both stages: promo against the rest, and editorial against other among what is no promo.
HEADS = ("promo", "editorial")

#: A page with elements and plain text have a second stage each.
FORMS = ("html", "text")

#: A default threshold each: for a page, or a text, and for one of few blocks, where little tells the labels apart.
THRESHOLDS = (*FORMS, *(f"{form}_fragment" for form in FORMS))

#: A document of at most so many blocks has the threshold of fragments, and one of so many that of whole pages.
FRAGMENT, WHOLE = 8, 64

#: Names of the second stage's features, in order.
FEATURES = (*context.SCORES, *HEADS, *shape.TEXT_SHAPE, *shape.MARKUP_SHAPE, *context.CONTEXT)

#: Where what a block looks like by itself begins among them.
_FIRST_SHAPE = len(context.SCORES) + len(HEADS)

#: A page with fewer classes and ids than this share of its blocks is read as text.
NAMED_SHARE = 0.1

#: Standardised features are cut off here, so that nothing unheard of outweighs the rest; the first stage's scores a little farther out.
CLIP, FIRST_CLIP = 5.0, 6.0

#: Where the networks' log-odds are lower, a block is so surely none of the head's that the trees are not asked.
DOUBT = -6.0

#: What the trees' log-odds weigh in the mean, where they are asked, and the networks' the rest: they err a little less.
TREES_WEIGHT = 0.65

#: What stands near a block says of what kind it is, too: the blocks in the largest element around it that has at most so many; where
#: that holds no other, and in plain text, so many before it and after it. Their squared probabilities of promo sum to this at least:
#: where none of them is a promo, none counts.
NEAR, NEAR_LINES, LEAST_PROMO = 12, 3, 0.1

#: Where an array begins, so that the processor reads it in whole lines, and where their memory begins, so that it can be of large
#: pages: NumPy asks for them where 4 MB or more are taken at once. In bytes.
_LINE, _LARGE_PAGE = 64, 1 << 21

#: Multiplications of a matrix product that OpenBLAS does in one thread (its GEMM_MULTITHREAD_THRESHOLD, 4, times 65,536).
_ONE_THREAD = 4 * 65_536


@dataclass(frozen=True, slots=True)
class Scores:
    """What a model says of a page's blocks.

    Attributes
    ----------
    labels : array of float64, shape (n_blocks, 3)
        Probabilities of editorial, promo and other (the order of `paywallclf.document.LABELS`); rows sum to 1.
    kinds : array of float64, shape (n_blocks, 7) or None
        Probabilities of the kinds, given promo; rows sum to 1. None where they were not asked for.
    """

    labels: NDArray[np.float64]
    kinds: NDArray[np.float64] | None

    @property
    def promo(self) -> NDArray[np.float64]:
        """The probability of promo of every block."""
        return self.labels[:, LABELS.index("promo")]


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model: learned arrays and settings. Its arrays are copies, and read-only, so that threads share one.

    Attributes
    ----------
    arrays : mapping of str to array
        As `SHAPES` lists them.
    config : mapping
        ``name``, ``version``, ``thresholds`` (each of `THRESHOLDS` → probability), and what the model was trained on.
    """

    arrays: Mapping[str, NDArray[Any]] = field(repr=False)
    config: Mapping[str, Any]

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrays", _side_by_side(self.arrays))

    def __reduce__(self) -> tuple[type[Model], tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]]:
        return Model, (self.arrays, self.config)

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.config.get('name', 'model')} {self.config.get('version', '0')}"

    def threshold(self, layout: Layout, promo: NDArray[np.float64]) -> float:
        """The default threshold for a page whose blocks have these probabilities of promo, shape (n_blocks,).

        That of fragments, the higher one, is also for a page that would lose half of its text: the model is likelier to be
        wrong about an article than the page to be half promo. Between `FRAGMENT` and `WHOLE` blocks, the threshold's logarithm
        falls with that of their number.
        """
        form, n = form_of(layout), len(layout.texts)
        usual, careful = (float(self.config["thresholds"][name]) for name in (form, f"{form}_fragment"))
        share = min(max(math.log(WHOLE / max(n, 1)) / math.log(WHOLE / FRAGMENT), 0.0), 1.0)
        threshold = careful**share * usual ** (1 - share)
        going = sum(len(layout.texts[index]) for index in np.flatnonzero(promo >= threshold).tolist())
        return careful if going and 2 * going >= sum(map(len, layout.texts)) else threshold


def _side_by_side(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Copies in one piece of memory: in large pages, what a score looks up all over the tables is found sooner."""
    sizes = [-(-array.nbytes // _LINE) * _LINE for array in arrays.values()]
    memory = np.empty(sum(sizes) + _LARGE_PAGE, np.uint8)
    start = -memory.ctypes.data % _LARGE_PAGE
    copies = {}
    for (name, array), size in zip(arrays.items(), sizes, strict=True):
        copies[name] = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
        copies[name][...] = array
        copies[name].flags.writeable = False
        start += size
    return copies


def _shapes() -> dict[str, tuple[int | str, ...]]:
    heads, scores, features, kinds = len(HEADS), len(context.SCORES), len(FEATURES), len(KINDS)
    shapes: dict[str, tuple[int | str, ...]] = {
        "text_table": ("text rows", heads),
        "text_intercept": (heads,),
        "markup_table": ("markup rows", len(markup.LEVELS) * heads),
        "markup_intercept": (heads,),
        "first_scale": (scores,),
        "kind_text_table": (
            "kind text rows",
            2 * kinds,
        ),  # what the block's own text says, then what that of those near it does
        "kind_markup_table": ("kind markup rows", len(markup.LEVELS) * kinds),
        "kind_intercept": (kinds,),
        "kind_weights": (6 * kinds, kinds),
        "kind_second_intercept": (kinds,),
    }
    for form in FORMS:
        shapes[f"{form}_joint_weights"] = (scores, heads)
        shapes[f"{form}_joint_intercept"] = (heads,)
        for head in HEADS:
            prefix = f"{form}_{head}"
            shapes[f"{prefix}_mean"] = shapes[f"{prefix}_scale"] = (features,)
            shapes[f"{prefix}_hidden_weights"] = (features, f"{prefix} hidden")
            shapes[f"{prefix}_hidden_intercept"] = shapes[f"{prefix}_output_weights"] = (f"{prefix} hidden",)
            shapes[f"{prefix}_output_intercept"] = (1,)
            shapes[f"{prefix}_tree_nodes"] = (f"{prefix} trees", 2, f"{prefix} nodes")
            shapes[f"{prefix}_tree_values"] = (f"{prefix} trees", f"{prefix} nodes")
            shapes[f"{prefix}_calibration"] = (2,)
    return shapes


def first_stage(arrays: Mapping[str, NDArray[Any]], layout: Layout) -> Floats:
    """Log-odds of the first stage, one column for each of `paywallclf.features.context.SCORES`."""
    heads = len(HEADS)
    result = np.zeros((len(layout.texts), 2 * heads), np.float32)
    result[:, :heads] = ngrams.score_texts(arrays["text_table"], layout.texts) + arrays["text_intercept"]
    if layout.tags:
        result[:, heads:] = markup_scores(arrays["markup_table"], layout) + arrays["markup_intercept"]
    return result


def bits_of(table: NDArray[Any]) -> int:
    """How many bits number the rows of a hashed table."""
    return len(table).bit_length() - 1


def markup_scores(table: NDArray[Any], layout: Layout) -> Floats:
    """Sums of a table's weights over the tokens of each block's elements, each level divided by the square root of its number.

    The table's columns are the heads at the first level, then at the second, and so on.
    """
    return markup.level_scores(layout, *markup.sum_markup(table, layout))


def second_stage_features(arrays: Mapping[str, NDArray[Any]], layout: Layout, first: Floats) -> Floats:
    """The second stage's input, one row a block, one column for each of `FEATURES`.

    The layout is one that `as_form` gave. `first` may come from models that did not see the page: out-of-fold scores in
    training.
    """
    form = "html" if layout.tags else "text"
    features = np.zeros((len(layout.texts), len(FEATURES)), np.float32)
    scale, weights, intercept = arrays["first_scale"], arrays[f"{form}_joint_weights"], arrays[f"{form}_joint_intercept"]
    joint = join(first, scale, weights, intercept, FIRST_CLIP, features)
    shape.text_shape(layout, features, _FIRST_SHAPE)
    shape.markup_shape(layout, features, _FIRST_SHAPE + len(shape.TEXT_SHAPE))
    context.context(layout, joint, features, len(FEATURES) - len(context.CONTEXT))
    return features


def form_of(layout: Layout) -> str:
    """Which second stage a layout is for: ``"html"``, or ``"text"`` where its elements say next to nothing.

    Bare paragraphs, as extractors give them back, are read as the text that they are: to a model of whole pages, a plain
    ``<p>`` in an ``<article>`` is the very picture of editorial text.
    """
    return "html" if markup.count_named(layout) > NAMED_SHARE * len(layout.texts) else "text"


def as_form(layout: Layout) -> Layout:
    """The layout as its second stage reads it: without elements where its form is text."""
    return layout if not layout.tags or form_of(layout) == "html" else Layout.of_text(layout.texts)


def second_stage(arrays: Mapping[str, NDArray[Any]], prefix: str, features: Floats) -> NDArray[np.float64]:
    """Calibrated log-odds of a form's head: the weighted mean of what its networks and its trees say, where there are trees."""
    log_odds = network(arrays, prefix, features)
    nodes, values = arrays[f"{prefix}_tree_nodes"], arrays[f"{prefix}_tree_values"]
    mix_trees(nodes, values, features, log_odds, DOUBT, TREES_WEIGHT)
    slope, intercept = arrays[f"{prefix}_calibration"]
    return np.asarray(slope * log_odds + intercept)


def network(arrays: Mapping[str, NDArray[Any]], prefix: str, features: Floats) -> NDArray[np.float64]:
    """Log-odds from a network with one hidden layer of rectified units over standardised features.

    Several networks whose log-odds are averaged are one wider network; that is how they are stored.
    """
    weights = arrays[f"{prefix}_hidden_weights"]
    # a few rows at a time: a larger product makes OpenBLAS start a thread for each processor, which costs more than a page's
    # product takes, and a hundred times more where other processes keep them busy
    height = max(1, _ONE_THREAD // weights.size)
    n, width = features.shape
    parts = -(-n // height)
    standard = standardise(features, arrays[f"{prefix}_mean"], arrays[f"{prefix}_scale"], CLIP, parts * height)
    hidden = (standard.reshape(parts, height, width) @ weights).reshape(parts * height, weights.shape[1])
    log_odds = output_units(hidden, arrays[f"{prefix}_hidden_intercept"], arrays[f"{prefix}_output_weights"], n)
    return np.asarray(log_odds + np.float64(arrays[f"{prefix}_output_intercept"][0]))


def score(arrays: Mapping[str, NDArray[Any]], layout: Layout, *, kinds: bool = False) -> Scores:
    """Probabilities of the labels, and of the kinds if asked for, of every block."""
    if not layout.texts:
        return Scores(np.zeros((0, 3)), np.zeros((0, len(KINDS))) if kinds else None)
    layout = as_form(layout)
    promo, editorial = _second_stage(arrays, layout, HEADS)
    labels = np.stack([(1 - promo) * editorial, promo, (1 - promo) * (1 - editorial)], axis=1)
    return Scores(labels, kind_probabilities(arrays, layout, promo) if kinds else None)


def score_promo(arrays: Mapping[str, NDArray[Any]], layout: Layout) -> NDArray[np.float64]:
    """The probability of promo of every block: what `score` says of it, for less."""
    return _second_stage(arrays, as_form(layout), ("promo",))[0] if layout.texts else np.zeros(0)


def _second_stage(arrays: Mapping[str, NDArray[Any]], layout: Layout, heads: Sequence[str]) -> list[NDArray[np.float64]]:
    features = second_stage_features(arrays, layout, first_stage(arrays, layout))
    form = "html" if layout.tags else "text"
    return [probability(second_stage(arrays, f"{form}_{head}", features)) for head in heads]


def near_spans(layout: Layout) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each block the first of those that stand near, it among them, and the one after the last: see `NEAR`."""
    n = len(layout.texts)
    index = np.arange(n)
    before, after = np.maximum(index - NEAR_LINES, 0), np.minimum(index + NEAR_LINES + 1, n)
    if not layout.tags:
        return before, after
    up, starts, ends = _subtrees(layout)
    low, high, element = index, index + 1, layout.containers
    while True:
        small = (element >= 0) & (ends[element] - starts[element] <= NEAR)
        if not small.any():
            alone = high - low == 1
            return np.where(alone, before, low), np.where(alone, after, high)
        low, high = np.where(small, starts[element], low), np.where(small, ends[element], high)
        element = up[element]


def near_sums(values: Floats, promo: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """For each block, the sum of what the blocks near it have in `values`, shape (n_blocks, k), without its own.

    Each counts by its probability of promo, and the sum is divided by the root of the sum of those squared, as the n-grams of a text
    are by the root of their number.
    """
    low, high = near_spans(layout)
    weights = promo[:, None]
    sums, squares = _running_sums(values * weights), _running_sums(weights**2)
    norm = np.sqrt(np.maximum(squares[high] - squares[low] - weights**2, LEAST_PROMO))
    return np.asarray((sums[high] - sums[low] - values * weights) / norm)


def _running_sums(values: NDArray[Any]) -> NDArray[np.float64]:
    """Sums of the rows before each, and of all: one row more than there are values."""
    return np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)))


def _subtrees(layout: Layout) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each element its nearest ancestor with more blocks, or -1, and its own blocks' start and end; last, for -1, those of the page."""
    up = np.append(growing_ancestors(layout.parents, layout.starts, layout.ends), -1)
    return up, np.append(layout.starts, 0), np.append(layout.ends, len(layout.texts))


def kind_features(first: Floats, promo: NDArray[np.float64], layout: Layout) -> Floats:
    """Input of the kinds' second stage: a block's own log-probabilities, and those of the promos around it.

    Around are the subtrees of the block's ancestors, the blocks within three places, and the page, each weighted by promo.
    """
    n = len(first)
    logs = first - np.log(np.exp(first - first.max(1, keepdims=True)).sum(1, keepdims=True)) - first.max(1, keepdims=True)
    logs = np.maximum(logs, -6.0)
    weight = promo + 1e-6
    prefix, mass = _running_sums(logs * weight[:, None]), _running_sums(weight)

    def mean(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.asarray((prefix[high] - prefix[low]) / np.maximum(mass[high] - mass[low], 1e-9)[:, None])

    index = np.arange(n)
    parts = [logs, mean(np.maximum(index - 3, 0), np.minimum(index + 4, n)), mean(np.zeros_like(index), np.full_like(index, n))]
    up, starts, ends = _subtrees(layout)
    element = layout.containers
    for _ in range(3):
        element = up[element]
        parts.append(mean(starts[element], np.maximum(ends[element], starts[element] + 1)))
    return np.hstack(parts).astype(np.float32)


def kind_first_stage(arrays: Mapping[str, NDArray[Any]], layout: Layout, promo: NDArray[np.float64]) -> Floats:
    """Log-odds of the kinds from the block's own text, that of the promos near it and, where there is any, markup."""
    own, near = np.split(ngrams.score_texts(arrays["kind_text_table"], layout.texts), 2, axis=1)
    result = own + near_sums(near, promo, layout)
    if layout.tags:
        result = result + markup_scores(arrays["kind_markup_table"], layout)
    return np.asarray(result + arrays["kind_intercept"], np.float32)


def kind_probabilities(arrays: Mapping[str, NDArray[Any]], layout: Layout, promo: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of the kinds, given promo, of every block."""
    features = kind_features(kind_first_stage(arrays, layout, promo), promo, layout)
    log_odds = features.astype(np.float64) @ arrays["kind_weights"] + arrays["kind_second_intercept"]
    exponentials = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


#: The arrays of a model and their shapes; equal names stand for equal lengths.
SHAPES = _shapes()
