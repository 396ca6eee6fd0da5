# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""What the second stage does with the rows of a page: joint scores, networks, trees, probabilities.

Compiled: with arrays of a page's size, of some hundred rows, most of the time went into making them.
"""

import numpy as np

from libc.math cimport exp
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset

#: What is worked on side by side: rows that go down a tree, which alone would wait at every node for the one before, and sums.
cdef enum:
    LANES = 8


def join(
    const float[:, ::1] first not None, const float[::1] scale not None, const float[:, ::1] weights not None,
    const float[::1] intercept not None, float most, float[:, ::1] features not None,
):
    """The first columns of the features: the first stage's scores on one scale, cut off at `most` on both sides, and their joint ones.

    Parameters
    ----------
    first : array of float32, shape (n_rows, n_scores)
    scale : array of float32, shape (n_scores,)
    weights : array of float32, shape (n_scores, n_heads)
    intercept : array of float32, shape (n_heads,)
    most : float
    features : array of float32, shape (n_rows, at least n_scores + n_heads)
        Written to.

    Returns
    -------
    array of float32, shape (n_rows, n_heads)
        The joint scores: for each head, the weighted sum of the scores on one scale and an intercept.
    """
    cdef Py_ssize_t n = first.shape[0], n_scores = len(scale), n_heads = len(intercept), row, column, head
    cdef float scaled
    if not (
        first.shape[1] == weights.shape[0] == n_scores and weights.shape[1] == n_heads
        and features.shape[0] == n and features.shape[1] >= n_scores + n_heads
    ):
        raise ValueError("the arrays of the joint scores do not agree")
    result = np.empty((n, n_heads), np.float32)
    cdef float[:, ::1] joint = result
    for row in range(n):
        for head in range(n_heads):
            joint[row, head] = intercept[head]
        for column in range(n_scores):
            scaled = first[row, column] / scale[column]
            for head in range(n_heads):
                joint[row, head] += scaled * weights[column, head]
            features[row, column] = _cut_off(scaled, most)
        for head in range(n_heads):
            features[row, n_scores + head] = joint[row, head]
    return result


def standardise(
    const float[:, ::1] features not None, const float[::1] mean not None, const float[::1] scale not None,
    float most, Py_ssize_t n_rows,
):
    """Standardised features, cut off at `most` on both sides, and rows of zeros below, `n_rows` in all.

    Returns
    -------
    array of float32, shape (n_rows, n_features)
    """
    cdef Py_ssize_t n = features.shape[0], width = features.shape[1], row, column
    if not len(mean) == len(scale) == width or n_rows < n:
        raise ValueError("the arrays of the standardiser do not agree")
    result = np.empty((n_rows, width), np.float32)
    cdef float[:, ::1] out = result
    for row in range(n):
        for column in range(width):
            out[row, column] = _cut_off((features[row, column] - mean[column]) / scale[column], most)
    if n < n_rows and width:
        memset(&out[n, 0], 0, (n_rows - n) * width * sizeof(float))
    return result


cdef inline float _cut_off(float value, float most) noexcept:
    value = most if value > most else value
    return -most if value < -most else value


def output_units(
    const float[:, ::1] hidden not None, const float[::1] intercept not None, const float[::1] weights not None,
    Py_ssize_t n,
):
    """For each of the first `n` rows, the weighted sum of what a layer of rectified units says, given all but its intercept.

    Returns
    -------
    array of float64, shape (n,)
    """
    cdef Py_ssize_t width = hidden.shape[1], row, part, column, lane
    if not len(intercept) == len(weights) == width or not 0 <= n <= hidden.shape[0]:
        raise ValueError("the arrays of the network do not agree")
    result = np.empty(n)
    cdef double[::1] out = result
    cdef float sums[LANES]  # which the compiler adds to at once
    for row in range(n):
        memset(sums, 0, sizeof(sums))
        for part in range(width // LANES):
            for lane in range(LANES):
                column = part * LANES + lane
                sums[lane] += _rectified(hidden[row, column] + intercept[column]) * weights[column]
        for column in range(width - width % LANES, width):
            sums[0] += _rectified(hidden[row, column] + intercept[column]) * weights[column]
        out[row] = 0
        for lane in range(LANES):
            out[row] += sums[lane]
    return result


cdef inline float _rectified(float value) noexcept:
    return value if value > 0 else 0


def mix_trees(
    const int32_t[:, :, ::1] nodes not None, const float[:, ::1] values not None, const float[:, ::1] features not None,
    double[::1] log_odds not None, double doubt, double weight,
):
    """Where log-odds are above `doubt`, put in their place the weighted mean of them and of the sum of what the trees say.

    Parameters
    ----------
    nodes : array of int32, shape (n_trees, 2, n_nodes)
        Of each node the feature that it looks at, then of each node its first child; the second one is the next node after that.
        A leaf has none (0). Children stand after their parent.
    values : array of float32, shape (n_trees, n_nodes)
        What a leaf says. At any other node, a row goes to the first child where the feature is at most this, else to the second.
    features : array of float32, shape (n_rows, n_features)
    log_odds : array of float64, shape (n_rows,)
        Written to.
    doubt : float
    weight : float
        That of the trees, between 0 and 1.
    """
    cdef Py_ssize_t n_trees = nodes.shape[0], n_rows = features.shape[0], n = 0, tree, node, part, first, lane
    if nodes.shape[1] != 2 or values.shape[0] != n_trees or values.shape[1] != nodes.shape[2] or not 0 < nodes.shape[2] < 1 << 30:
        raise ValueError("the arrays of the trees do not agree")
    if len(log_odds) != n_rows:
        raise ValueError("the arrays of the rows do not agree")
    cdef int32_t n_nodes = nodes.shape[2], width = min(features.shape[1], 1 << 30), at, following, bad, moved
    cdef int32_t places[LANES]
    cdef const int32_t *feature
    cdef const int32_t *child
    cdef const float *value
    cdef const float *row[LANES]
    cdef int64_t[::1] asked = np.empty(n_rows, np.int64)  # the rows that go down the trees, and the sums of those
    cdef double[::1] total = np.zeros(n_rows)
    for part in range(n_rows):
        asked[n] = part
        n += log_odds[part] > doubt
    for tree in range(n_trees):
        feature, child, value = &nodes[tree, 0, 0], &nodes[tree, 1, 0], &values[tree, 0]
        bad = 0  # negative where one of these differences is, which takes no comparison
        for node in range(n_nodes):
            bad |= feature[node] | (width - 1 - feature[node])
            # a child after its parent: no walk goes round
            bad |= (child[node] | (child[node] - <int32_t>node - 1) | (n_nodes - 2 - child[node])) & -(child[node] != 0)
        if bad < 0:
            raise ValueError(f"a node of tree {tree} has a feature or a child that is not there")
        for part in range((n + LANES - 1) // LANES):
            first = part * LANES
            for lane in range(LANES):
                places[lane] = 0
                row[lane] = &features[asked[min(first + lane, n - 1)], 0]
            moved = child[0]
            while moved:
                moved = 0
                for lane in range(LANES):
                    at = places[lane]
                    following = child[at] + (row[lane][feature[at]] > value[at]) - at
                    places[lane] = at + (following & -(child[at] != 0))  # no branch, which would be guessed wrong half the time
                    moved |= child[at]
            for lane in range(min(n - first, LANES)):
                total[first + lane] += value[places[lane]]
    for part in range(n if n_trees else 0):
        log_odds[asked[part]] = (1 - weight) * log_odds[asked[part]] + weight * total[part]


def probability(const double[:] log_odds not None):
    """The logistic function, as an array of float64 of the same length."""
    result = np.empty(len(log_odds))
    cdef double[::1] chances = result
    cdef Py_ssize_t at
    for at in range(len(log_odds)):
        chances[at] = 1 / (1 + exp(-log_odds[at]))
    return result
