"""What stands around a block: the first stage's scores of its neighbours, of its ancestors' subtrees, and of the page.

A promo is a subtree and comes in runs; editorial text stands in columns. All features here are functions of the scores
and of the layout, so that a document without markup simply has no ancestors.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout

#: Columns of the first stage's scores.
SCORES = ("text_promo", "text_editorial", "markup_promo", "markup_editorial")

#: Neighbours on each side, and ancestors whose subtree grows, that are looked at.
NEIGHBOURS = 4
ANCESTORS = 5

#: Half-lives, in blocks, of the running means.
HALF_LIVES = (2.0, 8.0)

_AGGREGATES = ("mean_promo", "max_promo", "mean_editorial", "log_blocks", "log_length", "share_promo", "mean_length")

CONTEXT = (
    *(
        f"{side}{n}_{name}"
        for n in range(1, NEIGHBOURS + 1) for side in ("before", "after") for name in ("promo", "editorial", "log_length", "same")
    ),
    *(f"{side}_{int(half)}_{name}" for half in HALF_LIVES for side in ("before", "after") for name in ("promo", "editorial")),
    *(f"ancestor{n}_{name}" for n in range(ANCESTORS) for name in _AGGREGATES),
    "page_max_promo", "page_mean_promo", "page_share_promo", "page_editorial_length",
    "editorial_before", "editorial_after", "since_editorial", "until_editorial", "since_promo", "until_promo",
)  # fmt: skip


def context(layout: Layout, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Context features of each block.

    Parameters
    ----------
    layout : Layout
    scores : array of float, shape (n_blocks, 2)
        The first stage's log-odds of promo and of editorial.

    Returns
    -------
    array of float32, shape (n_blocks, len(CONTEXT))
    """
    n = len(layout.texts)
    if n == 0:
        return np.zeros((0, len(CONTEXT)), np.float32)
    promo = np.clip(scores[:, 0], -8, 8).astype(np.float64)
    editorial = np.clip(scores[:, 1], -8, 8).astype(np.float64)
    lengths = np.fromiter(map(len, layout.texts), np.float64, n)
    containers = np.array(layout.containers, np.int64)
    columns = [
        *_neighbours(promo, editorial, lengths, containers, np.array(layout.parents, np.int64)),
        *_running(promo, editorial),
        *_subtrees(layout, promo, editorial, lengths, containers),
        *_page(promo, editorial, lengths),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-log_odds))


def _neighbours(
    promo: NDArray[np.float64],
    editorial: NDArray[np.float64],
    lengths: NDArray[np.float64],
    containers: NDArray[np.int64],
    parents: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    n, k = len(promo), NEIGHBOURS
    logs = np.log1p(lengths)
    parent = np.append(parents, -1)[containers]
    padded = [np.pad(values, k, constant_values=empty) for values, empty in ((promo, -8.0), (editorial, -8.0), (logs, 0.0))]
    owner = np.pad(containers, k, constant_values=-2)
    above = np.pad(parent, k, constant_values=-2)
    columns = []
    for offset in range(1, k + 1):
        for start in (k - offset, k + offset):
            there = slice(start, start + n)
            columns += [values[there] for values in padded]
            same = 2.0 * (owner[there] == containers) + (above[there] == parent)
            columns.append(np.where(containers >= 0, same, 0.0))
    return columns


def _running(promo: NDArray[np.float64], editorial: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Exponentially weighted means of what comes before and after each block, itself left out."""
    columns = []
    chances = [_probability(promo), _probability(editorial)]
    n = len(promo)
    for half_life in HALF_LIVES:
        width = int(half_life * 4)
        weights = 0.5 ** (np.arange(width) / half_life)
        weights /= weights.sum()
        for backwards in (False, True):
            for values in chances:
                series = values[::-1] if backwards else values
                mean = np.convolve(series, weights)[: n - 1] if n > 1 else np.zeros(0)
                mean = np.concatenate(([0.0], mean))
                columns.append(mean[::-1] if backwards else mean)
    return columns


def growing_ancestors(layout: Layout) -> NDArray[np.int64]:
    """For each element, its nearest ancestor whose subtree has more blocks, or -1."""
    up: list[int] = []
    parents, starts, ends = layout.parents, layout.starts, layout.ends
    for element, parent in enumerate(parents):
        if parent >= 0 and ends[parent] - starts[parent] == ends[element] - starts[element]:
            parent = up[parent]
        up.append(parent)
    return np.array(up, np.int64)


def _subtrees(
    layout: Layout,
    promo: NDArray[np.float64],
    editorial: NDArray[np.float64],
    lengths: NDArray[np.float64],
    containers: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    """Aggregates over the block itself's element and the subtrees of the ancestors above it."""
    n = len(promo)
    starts = np.append(np.array(layout.starts, np.int64), 0)
    ends = np.append(np.array(layout.ends, np.int64), n)
    up = np.append(growing_ancestors(layout), -1)
    chance = _probability(promo)
    sums = {
        "promo": _prefix(promo),
        "editorial": _prefix(editorial),
        "length": _prefix(lengths),
        "promo_length": _prefix(chance * lengths),
    }
    highest = _range_maximum(promo)
    columns = []
    element = containers
    for _ in range(ANCESTORS):
        low, high = starts[element], ends[element]
        count = np.maximum(high - low, 1)
        length = sums["length"][high] - sums["length"][low]
        columns += [
            (sums["promo"][high] - sums["promo"][low]) / count,
            highest(low, high),
            (sums["editorial"][high] - sums["editorial"][low]) / count,
            np.log1p(count),
            np.log1p(length),
            (sums["promo_length"][high] - sums["promo_length"][low]) / np.maximum(length, 1),
            np.log1p(length / count),
        ]
        element = up[element]
    return columns


def _prefix(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(values)))


def _range_maximum(values: NDArray[np.float64]) -> Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]]:
    """A function of (low, high) that gives the maxima of ``values[low:high]``: a sparse table (Bender and Farach-Colton, 2000)."""
    table = [values]
    while 2 ** len(table) <= len(values):
        previous, step = table[-1], 2 ** (len(table) - 1)
        table.append(np.maximum(previous[:-step], previous[step:]))
    padded = np.stack([np.pad(row, (0, len(values) - len(row)), mode="edge") for row in table])

    def maximum(low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float64]:
        level = np.log2(np.maximum(high - low, 1)).astype(np.int64)
        low = np.minimum(low, len(values) - 1)
        return np.asarray(np.maximum(padded[level, low], padded[level, np.maximum(high - 2**level, 0)]))

    return maximum


def _page(
    promo: NDArray[np.float64], editorial: NDArray[np.float64], lengths: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    n = len(promo)
    chance = _probability(promo)
    article = (1 - chance) * _probability(editorial) * lengths
    total = max(article.sum(), 1.0)
    before = np.cumsum(article) - article
    likely_text = (editorial > 1) & (promo < 0) & (lengths > 80)
    likely_promo = promo > 1
    return [
        np.full(n, promo.max()),
        np.full(n, promo.mean()),
        np.full(n, (chance * lengths).sum() / lengths.sum()),
        np.full(n, np.log1p(article.sum())),
        before / total,
        (total - before - article) / total,
        *_distances(likely_text),
        *_distances(likely_promo),
    ]


def _distances(marks: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """How many blocks ago, and in how many blocks, a mark stands, as logarithms; a mark itself is left out."""
    n = len(marks)
    columns = []
    for backwards in (False, True):
        row = marks[::-1] if backwards else marks
        index = np.where(row, np.arange(n), -10_000)
        last = np.concatenate(([-10_000], np.maximum.accumulate(index)[:-1]))
        distance = np.log(np.minimum(np.arange(n) - last, 500).astype(np.float64))
        columns.append(distance[::-1] if backwards else distance)
    return columns
