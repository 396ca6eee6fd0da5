# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What stands around a block: the first stage's scores of its neighbours, of its ancestors' subtrees, and of the page.

A promo is a subtree and comes in runs; editorial text stands in columns. All features here are functions of the scores
and of the layout, so that a document without markup simply has no ancestors.

Compiled: as arrays of a page's size, of some hundred numbers, most of the time went into making them. `context` checks that a
layout's arrays agree; what follows stays within them by that, and by the number of blocks.
"""

import numpy as np

from libc.math cimport exp, fmax, fmin, log, log1p, pow
from libc.stdint cimport int64_t

from paywallclf.features.checks cimport check_room, check_spans
from paywallclf.features.elements import growing_ancestors

#: Columns of the first stage's scores.
SCORES = ("text_promo", "text_editorial", "markup_promo", "markup_editorial")

cdef enum:
    _N_NEIGHBOURS = 4
    _N_ANCESTORS = 5
    _N_AGGREGATES = 7
    _WIDEST = 32

#: Neighbours on each side, and ancestors whose subtree grows, that are looked at.
NEIGHBOURS, ANCESTORS = _N_NEIGHBOURS, _N_ANCESTORS

#: Log-odds are cut off here; beyond the first and the last block stands what is surely neither.
cdef double _MOST = 8.0

#: Half-lives, in blocks, of the running means, and how many of them a mean reaches over: `_WIDEST` blocks at most.
HALF_LIVES = (2.0, 8.0)
cdef int _REACH = 4

#: More blocks away is no farther.
cdef Py_ssize_t _FARTHEST = 500

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

cdef Py_ssize_t _N_CONTEXT = len(CONTEXT)


cdef struct Blocks:
    # what is known of each block of a page, n long
    Py_ssize_t n
    const int64_t *containers
    const int64_t *owners  # what stands around the containers
    double *promo
    double *editorial
    double *promo_chance
    double *editorial_chance
    double *lengths
    double *log_lengths


def context(layout, const float[:, ::1] scores not None, float[:, ::1] out not None, Py_ssize_t column):
    """Write the context features of each block, one row a block, over zeros, from a column on one for each of `CONTEXT`.

    Parameters
    ----------
    layout : Layout
    scores : array of float32, shape (n_blocks, 2)
        The first stage's log-odds of promo and of editorial.
    out : array of float32, shape (n_blocks, n_columns)
    column : int

    Raises
    ------
    ValueError
        The layout's arrays do not agree, or there is no room for the features.
    """
    cdef list texts = layout.texts
    cdef Py_ssize_t n = len(texts), block
    cdef const int64_t[::1] containers = layout.containers, parents = layout.parents
    cdef const int64_t[::1] starts = layout.starts, ends = layout.ends
    check_room(out, n, column, _N_CONTEXT)
    if n == 0:
        return
    if not len(scores) == len(containers) == n or scores.shape[1] != 2 or not len(parents) == len(starts) == len(ends):
        raise ValueError("the layout's arrays do not agree")
    for block in range(n):
        if not -1 <= containers[block] < len(parents):
            raise ValueError("a block stands in no element of the layout")
    check_spans(starts, ends, n)
    cdef int64_t[::1] owners = np.empty(n, np.int64)
    cdef double[:, ::1] values = np.empty((6, n))
    cdef Blocks blocks = Blocks(
        n, &containers[0], &owners[0], &values[0, 0], &values[1, 0], &values[2, 0], &values[3, 0], &values[4, 0], &values[5, 0]
    )
    for block in range(n):
        owners[block] = parents[containers[block]] if containers[block] >= 0 else -1
        blocks.promo[block] = fmin(fmax(scores[block, 0], -_MOST), _MOST)
        blocks.editorial[block] = fmin(fmax(scores[block, 1], -_MOST), _MOST)
        blocks.lengths[block] = len(<str?>texts[block])
        blocks.log_lengths[block] = _log1p(blocks.lengths[block])
        blocks.promo_chance[block] = _probability(blocks.promo[block])
        blocks.editorial_chance[block] = _probability(blocks.editorial[block])
    _neighbours(blocks, out, column)
    column += 8 * _N_NEIGHBOURS
    for half_life in HALF_LIVES:
        _running(blocks, half_life, out, column)
        column += 4
    if len(parents):
        up = growing_ancestors(layout.parents, layout.starts, layout.ends)
    else:
        up = layout.parents
    _subtrees(blocks, starts, ends, up, out, column)
    _page(blocks, out, column + _N_ANCESTORS * _N_AGGREGATES)


#: The logarithms of 1 more than each of the smaller whole numbers.
cdef enum:
    _N_LOGARITHMS = 1024
cdef double[_N_LOGARITHMS] _LOGARITHMS
for _k in range(_N_LOGARITHMS):
    _LOGARITHMS[_k] = log1p(_k)


cdef inline double _log1p(double whole) noexcept:
    """`log1p` of a whole number, which is not negative."""
    return _LOGARITHMS[<Py_ssize_t>whole] if whole < _N_LOGARITHMS else log1p(whole)


cdef inline double _probability(double log_odds) noexcept:
    return 1.0 / (1.0 + exp(-log_odds))


cdef int _neighbours(Blocks blocks, float[:, ::1] out, Py_ssize_t column) noexcept:
    """Log-odds and length of the blocks before and after; 2 where one stands in the same element, 1 where in one beside it."""
    cdef Py_ssize_t block, distance, side, there
    cdef float *row
    for block in range(blocks.n):
        row = &out[block, column]
        for distance in range(1, _N_NEIGHBOURS + 1):
            for side in range(2):
                there = block + distance if side else block - distance
                if 0 <= there < blocks.n:
                    row[0] = blocks.promo[there]
                    row[1] = blocks.editorial[there]
                    row[2] = blocks.log_lengths[there]
                    if blocks.containers[block] >= 0:
                        row[3] = 2 * (blocks.containers[there] == blocks.containers[block])
                        row[3] += blocks.owners[there] == blocks.owners[block]
                else:
                    row[0] = row[1] = -_MOST
                row += 4
    return 0


cdef int _running(Blocks blocks, double half_life, float[:, ::1] out, Py_ssize_t column) except -1:
    """Exponentially weighted means of the chances of what comes before and after each block, itself left out."""
    cdef double weights[_WIDEST]
    cdef double total = 0, promo, editorial
    cdef Py_ssize_t block, k, width = <Py_ssize_t>(half_life * _REACH)
    if width > _WIDEST:
        raise ValueError("a running mean is too wide")
    for k in range(width):
        weights[k] = pow(0.5, k / half_life)
        total += weights[k]
    for k in range(width):
        weights[k] /= total
    for block in range(blocks.n):
        promo = editorial = 0
        for k in range(min(width, block)):
            promo += weights[k] * blocks.promo_chance[block - 1 - k]
            editorial += weights[k] * blocks.editorial_chance[block - 1 - k]
        out[block, column] = promo
        out[block, column + 1] = editorial
        promo = editorial = 0
        for k in range(min(width, blocks.n - 1 - block)):
            promo += weights[k] * blocks.promo_chance[block + 1 + k]
            editorial += weights[k] * blocks.editorial_chance[block + 1 + k]
        out[block, column + 2] = promo
        out[block, column + 3] = editorial
    return 0


cdef int _subtrees(
    Blocks blocks, const int64_t[::1] starts, const int64_t[::1] ends, const int64_t[::1] up, float[:, ::1] out, Py_ssize_t column
) except -1:
    """Aggregates over the block itself's element and the subtrees of the ancestors above it; beyond the root, over the page."""
    cdef Py_ssize_t n = blocks.n, block, ancestor, low, high, k, at
    cdef int64_t element
    cdef double count, length
    cdef double[:, ::1] sums = np.zeros((4, n + 1))  # up to each block: promo, editorial, length, promo's length
    cdef double[:, ::1] maxima = _range_maxima(blocks)
    for block in range(n):
        sums[0, block + 1] = sums[0, block] + blocks.promo[block]
        sums[1, block + 1] = sums[1, block] + blocks.editorial[block]
        sums[2, block + 1] = sums[2, block] + blocks.lengths[block]
        sums[3, block + 1] = sums[3, block] + blocks.promo_chance[block] * blocks.lengths[block]
    cdef int64_t before[_N_ANCESTORS]  # the elements of the block before
    for block in range(n):
        element = blocks.containers[block]
        for ancestor in range(_N_ANCESTORS):
            at = column + ancestor * _N_AGGREGATES
            if block and element == before[ancestor]:
                for k in range(_N_AGGREGATES):
                    out[block, at + k] = out[block - 1, at + k]
            else:
                low = starts[element] if element >= 0 else 0
                high = ends[element] if element >= 0 else n
                count = max(high - low, 1)
                length = sums[2, high] - sums[2, low]
                out[block, at] = (sums[0, high] - sums[0, low]) / count
                out[block, at + 1] = _maximum(maxima, low, high)
                out[block, at + 2] = (sums[1, high] - sums[1, low]) / count
                out[block, at + 3] = _log1p(count)
                out[block, at + 4] = _log1p(length)
                out[block, at + 5] = (sums[3, high] - sums[3, low]) / fmax(length, 1)
                out[block, at + 6] = log1p(length / count)
            before[ancestor] = element
            element = up[element] if element >= 0 else -1
    return 0


cdef _range_maxima(Blocks blocks):
    """A sparse table (Bender and Farach-Colton, 2000): in row k, the highest promo of each 2**k blocks from a block on."""
    cdef Py_ssize_t n = blocks.n, level, step, block
    table = np.empty((int(n).bit_length(), n))
    cdef double[:, ::1] maximum = table
    for block in range(n):
        maximum[0, block] = blocks.promo[block]
    for level in range(1, maximum.shape[0]):
        step = <Py_ssize_t>1 << (level - 1)
        for block in range(n):
            maximum[level, block] = maximum[level - 1, block]
            if block + step < n:
                maximum[level, block] = fmax(maximum[level, block], maximum[level - 1, block + step])
    return table


cdef double _maximum(double[:, ::1] table, Py_ssize_t low, Py_ssize_t high) noexcept:
    """The maximum of the blocks from `low` to `high`; of none, that of the next one."""
    cdef Py_ssize_t level = 0, last = table.shape[1] - 1
    while (<Py_ssize_t>2 << level) <= high - low:
        level += 1
    return fmax(table[level, min(low, last)], table[level, max(high - (<Py_ssize_t>1 << level), 0)])


cdef int _page(Blocks blocks, float[:, ::1] out, Py_ssize_t column) noexcept:
    """The page's promo and editorial text, how much of the latter comes before and after, and where the next is likely."""
    cdef Py_ssize_t n = blocks.n, block, k
    cdef Py_ssize_t since_text = _FARTHEST, since_promo = _FARTHEST
    cdef double most = blocks.promo[0], promo = 0, promo_length = 0, length = 0, editorial = 0, total, before = 0, article
    for block in range(n):
        most = fmax(most, blocks.promo[block])
        promo += blocks.promo[block]
        length += blocks.lengths[block]
        promo_length += blocks.promo_chance[block] * blocks.lengths[block]
        editorial += _article(blocks, block)
    total = fmax(editorial, 1)
    for block in range(n):
        article = _article(blocks, block)
        out[block, column] = most
        out[block, column + 1] = promo / n
        out[block, column + 2] = promo_length / length
        out[block, column + 3] = log1p(editorial)
        out[block, column + 4] = before / total
        out[block, column + 5] = (total - before - article) / total
        out[block, column + 6] = log(since_text)
        out[block, column + 8] = log(since_promo)
        before += article
        since_text = 1 if _is_text(blocks, block) else min(since_text + 1, _FARTHEST)
        since_promo = 1 if blocks.promo[block] > 1 else min(since_promo + 1, _FARTHEST)
    since_text = since_promo = _FARTHEST
    for k in range(n):
        block = n - 1 - k
        out[block, column + 7] = log(since_text)
        out[block, column + 9] = log(since_promo)
        since_text = 1 if _is_text(blocks, block) else min(since_text + 1, _FARTHEST)
        since_promo = 1 if blocks.promo[block] > 1 else min(since_promo + 1, _FARTHEST)
    return 0


cdef inline double _article(Blocks blocks, Py_ssize_t block) noexcept:
    """The characters of a block that are expected to be editorial."""
    return (1 - blocks.promo_chance[block]) * blocks.editorial_chance[block] * blocks.lengths[block]


cdef inline bint _is_text(Blocks blocks, Py_ssize_t block) noexcept:
    return blocks.editorial[block] > 1 and blocks.promo[block] < 0 and blocks.lengths[block] > 80
