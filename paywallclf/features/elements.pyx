# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The tree of a page's elements, walked: how much text they hold, what stands around a block, and whose ancestors those are.

Compiled, as every element is looked at. What a loop indexes was checked before it.
"""

import numpy as np

from libc.math cimport fmax, sqrt
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy, memset

from paywallclf.features.checks cimport check_inlines, check_parents, check_spans


def wide_elements(list texts not None, const int64_t[::1] starts not None, const int64_t[::1] ends not None, double share):
    """Which elements hold more than a share of the texts' characters, as an array of uint8."""
    cdef Py_ssize_t n = len(texts), n_elements = len(starts), at
    cdef int64_t[::1] before = np.zeros(n + 1, np.int64)  # each text, so many characters
    check_spans(starts, ends, n)
    for at in range(n):
        before[at + 1] = before[at] + len(<str?>texts[at])
    wide = np.empty(n_elements, np.uint8)
    cdef uint8_t[::1] is_wide = wide
    for at in range(n_elements):
        is_wide[at] = before[ends[at]] - before[starts[at]] > share * before[n]
    return wide


def telling_elements(
    const int64_t[::1] starts not None, const int64_t[::1] ends not None, const int64_t[::1] inlines not None,
    const int64_t[::1] inline_starts not None, Py_ssize_t most,
):
    """Which elements hold a block, or stand in one as one of its first `most` inline elements, as an array of uint8."""
    cdef Py_ssize_t n_elements = len(starts), block, at
    if len(ends) != n_elements:
        raise ValueError("the arrays do not agree in length")
    check_inlines(inlines, inline_starts, n_elements)
    telling = np.empty(n_elements, np.uint8)
    cdef uint8_t[::1] tells = telling
    for at in range(n_elements):
        tells[at] = ends[at] > starts[at]
    for block in range(<Py_ssize_t>len(inline_starts) - 1):
        for at in range(inline_starts[block], min(inline_starts[block + 1], inline_starts[block] + most)):
            tells[inlines[at]] = True
    return telling


def count_named(const uint8_t[::1] named not None, const int64_t[::1] starts not None, const int64_t[::1] ends not None):
    """How many of the elements that hold a block are named."""
    cdef Py_ssize_t element, count = 0
    if not len(named) == len(starts) == len(ends):
        raise ValueError("the arrays do not agree in length")
    for element in range(len(named)):
        count += (named[element] != 0) & (ends[element] > starts[element])
    return count


def score_levels(
    const double[:, ::1] sums not None, const int64_t[::1] counts not None, const int64_t[::1] containers not None,
    const int64_t[::1] inlines not None, const int64_t[::1] inline_starts not None, const int64_t[::1] parents not None,
    const uint8_t[::1] wide not None, Py_ssize_t most,
):
    """For each block, what its elements count for at three levels: see `paywallclf.features.markup.level_scores`.

    Parameters
    ----------
    sums : array of float64, shape (n_elements, 3 * k)
    counts : array of int64, shape (n_elements,)
    containers, inlines, inline_starts, parents
        As in a layout.
    wide : array of uint8, shape (n_elements,)
    most : int
        Inline elements that count of a block.

    Returns
    -------
    array of float32, shape (n_blocks, k)
    """
    cdef Py_ssize_t n = len(containers), n_elements = sums.shape[0], k = sums.shape[1] // 3, block, column, at, level
    cdef int64_t element
    if not (len(counts) == len(parents) == len(wide) == n_elements and len(inline_starts) == n + 1 and sums.shape[1] == 3 * k):
        raise ValueError("the arrays do not agree in length")
    check_parents(parents)
    check_inlines(inlines, inline_starts, n_elements)
    around_ = np.zeros((n_elements, k + 1))
    cdef double[:, ::1] around = around_  # what stands in an element and around it, up to the first wide one
    for element in range(n_elements):
        if not wide[element]:
            _add_element(&around[element, 0], sums, counts, element, 2, k)
            for column in range(k + 1 if parents[element] >= 0 else 0):
                around[element, column] += around[parents[element], column]
    result = np.zeros((n, k), np.float32)
    cdef float[:, ::1] score = result
    cdef double[:, ::1] own = np.empty((3, k + 1))  # the block's sums at each level, and their numbers
    for block in range(n):
        if not -1 <= containers[block] < n_elements:
            raise ValueError("a block stands in no element")
        memset(&own[0, 0], 0, 3 * (k + 1) * sizeof(double))
        for at in range(inline_starts[block], min(inline_starts[block + 1], inline_starts[block] + most)):
            _add_element(&own[0, 0], sums, counts, inlines[at], 0, k)
        element = containers[block]
        if element >= 0:
            _add_element(&own[0, 0], sums, counts, element, 0, k)
        for at in range(3):
            if element >= 0:
                element = parents[element]
            if element < 0 or wide[element]:  # what is around a wide element is wide
                break
            if at < 2:
                _add_element(&own[1, 0], sums, counts, element, 1, k)
            else:
                memcpy(&own[2, 0], &around[element, 0], (k + 1) * sizeof(double))
        for level in range(3):
            for column in range(k):
                own[level, column] /= sqrt(fmax(own[level, k], 1))
        for column in range(k):
            score[block, column] = own[0, column] + own[1, column] + own[2, column]
    return result


cdef inline void _add_element(
    double *total, const double[:, ::1] sums, const int64_t[::1] counts, Py_ssize_t element, Py_ssize_t level, Py_ssize_t k
) noexcept:
    """Add an element's sums at a level, and after them their number."""
    cdef Py_ssize_t column
    for column in range(k):
        total[column] += sums[element, level * k + column]
    total[k] += counts[element]


def growing_ancestors(const int64_t[::1] parents not None, const int64_t[::1] starts not None, const int64_t[::1] ends not None):
    """For each element, its nearest ancestor whose subtree has more blocks, or -1."""
    cdef Py_ssize_t element, parent
    check_parents(parents)
    if not len(parents) == len(starts) == len(ends):
        raise ValueError("the arrays do not agree in length")
    result = np.empty(len(parents), np.int64)
    cdef int64_t[::1] up = result
    for element in range(len(parents)):
        parent = parents[element]
        if parent >= 0 and ends[parent] - starts[parent] == ends[element] - starts[element]:
            parent = up[parent]
        up[element] = parent
    return result
