"""What stands around a block: the first stage's scores of its neighbours, of its ancestors' subtrees, and of the page.

A promo is a subtree and comes in runs; editorial text stands in columns. All features here are functions of the scores
and of the layout, so that a document without markup simply has no ancestors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout
from paywallclf.features.loops import growing_ancestors

#: Columns of the first stage's scores.
SCORES = ("text_promo", "text_editorial", "markup_promo", "markup_editorial")

#: Neighbours on each side, and ancestors whose subtree grows, that are looked at.
NEIGHBOURS = 4
ANCESTORS = 5

#: What stands beyond the first and the last block.
_NO_NEIGHBOUR = np.array([[-8.0], [-8.0], [0.0], [-2.0], [-2.0]])

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
    containers = layout.containers
    columns = [
        *_neighbours(promo, editorial, lengths, containers, layout.parents),
        *_running(promo, editorial),
        *_subtrees(layout, promo, editorial, lengths, containers),
        *_page(promo, editorial, lengths),
    ]
    return np.array(columns, np.float32).T


def _probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-log_odds))


def _neighbours(
    promo: NDArray[np.float64],
    editorial: NDArray[np.float64],
    lengths: NDArray[np.float64],
    containers: NDArray[np.int64],
    parents: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    n = len(promo)
    # of each neighbour: promo, editorial, the logarithm of its length, its container and what stands around that
    values = np.empty((5, n + 2 * NEIGHBOURS))
    values[:] = _NO_NEIGHBOUR
    inner = slice(NEIGHBOURS, NEIGHBOURS + n)
    values[:, inner] = promo, editorial, np.log1p(lengths), containers, np.append(parents, -1)[containers]
    owner, parent = values[3:, inner].copy()
    columns = np.empty((2 * NEIGHBOURS, 4, n))
    for row, offset in enumerate(offset for k in range(1, NEIGHBOURS + 1) for offset in (-k, k)):
        there = values[:, NEIGHBOURS + offset : NEIGHBOURS + offset + n]
        columns[row, :3] = there[:3]
        columns[row, 3] = 2.0 * (there[3] == owner) + (there[4] == parent)
    columns[:, 3, containers < 0] = 0.0
    return list(columns.reshape(-1, n))


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


def _subtrees(
    layout: Layout,
    promo: NDArray[np.float64],
    editorial: NDArray[np.float64],
    lengths: NDArray[np.float64],
    containers: NDArray[np.int64],
) -> list[NDArray[np.float64]]:
    """Aggregates over the block itself's element and the subtrees of the ancestors above it."""
    n = len(promo)
    starts, ends = np.append(layout.starts, 0), np.append(layout.ends, n)
    up = np.append(growing_ancestors(layout.parents, layout.starts, layout.ends), -1)
    elements = [containers]
    for _ in range(ANCESTORS - 1):
        elements.append(up[elements[-1]])
    low, high = starts[np.stack(elements)], ends[np.stack(elements)]  # (ancestor, block)
    count = np.maximum(high - low, 1)
    prefix = np.zeros((4, n + 1))
    np.cumsum((promo, editorial, lengths, _probability(promo) * lengths), axis=1, out=prefix[:, 1:])
    promos, editorials, length, promo_length = prefix[:, high] - prefix[:, low]
    aggregates = [
        promos / count,
        _range_maximum(promo, low, high),
        editorials / count,
        np.log1p(count),
        np.log1p(length),
        promo_length / np.maximum(length, 1),
        np.log1p(length / count),
    ]
    return list(np.stack(aggregates, axis=1).reshape(-1, n))


def _range_maximum(values: NDArray[np.float64], low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float64]:
    """The maxima of ``values[low:high]``, by a sparse table (Bender and Farach-Colton, 2000)."""
    n = len(values)
    table = np.empty((n.bit_length(), n))
    table[0] = values
    for level in range(1, len(table)):
        step = 1 << (level - 1)
        np.maximum(table[level - 1, :-step], table[level - 1, step:], out=table[level, :-step])
        table[level, -step:] = table[level - 1, -step:]
    level = np.log2(np.maximum(high - low, 1)).astype(np.int64)
    maxima: NDArray[np.float64] = np.maximum(
        table[level, np.minimum(low, n - 1)], table[level, np.maximum(high - (1 << level), 0)]
    )
    return maxima


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
