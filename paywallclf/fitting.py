"""Steps of a fit: sparse matrices of the features, and what scikit-learn's estimators learned as arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from paywallclf import scoring, storage
from paywallclf.document import Layout
from paywallclf.features import markup

#: A fragment has at most so many blocks of a label.
MOST_OF_A_LABEL = 16


def normalised_matrix(columns: Any, counts: Any, width: int) -> Any:
    """A sparse matrix with a one for each feature of a row, divided by the square root of their number."""
    values = np.repeat((1 / np.sqrt(np.maximum(counts, 1))).astype(np.float32), counts)
    return scipy.sparse.csr_matrix((values, columns, np.concatenate(([0], np.cumsum(counts)))), shape=(len(counts), width))


def markup_rows(layouts: list[Layout], bits: int) -> Any:
    """The markup tokens of some layouts as a sparse matrix: a row for each block, ``2**bits`` columns for each level."""
    parts = []
    for layout in layouts:
        columns, counts = markup.hash_markup(layout, bits)
        n, n_elements = len(layout.texts), len(layout.tags)
        ends = np.concatenate(([0], np.cumsum(counts)))
        of_elements = scipy.sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), (n_elements, 1 << bits))
        levels = []
        for rows, elements in markup.standing(layout):
            here = scipy.sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, elements)), (n, n_elements))
            scale = 1 / np.sqrt(np.maximum(here @ counts, 1))
            levels.append(scipy.sparse.diags(scale.astype(np.float32)) @ here @ of_elements)
        parts.append(scipy.sparse.hstack(levels, format="csr"))
    return scipy.sparse.vstack(parts, format="csr", dtype=np.float32)


def fewer_bits(matrix: Any, bits: int, fewer: int) -> Any:
    """The same matrix over smaller hashed tables: of each level's ``2**bits`` columns, the leading bits of the hash."""
    level, row = matrix.indices >> bits, matrix.indices & ((1 << bits) - 1)
    columns = (level << fewer) | (row >> (bits - fewer))
    return scipy.sparse.csr_matrix((matrix.data, columns, matrix.indptr), (matrix.shape[0], matrix.shape[1] >> (bits - fewer)))


def as_table(weights: NDArray[Any], bits: int) -> NDArray[Any]:
    """From weights of shape (levels * 2**bits, heads) to a table of shape (2**bits, levels * heads)."""
    by_level = weights.reshape(-1, 1 << bits, weights.shape[1])
    return by_level.transpose(1, 0, 2).reshape(1 << bits, -1)


def near_matrix(layout: Layout, promo: NDArray[np.float64]) -> Any:
    """The square sparse matrix that, times values of shape (n_blocks, k), gives what `paywallclf.scoring.near_sums` gives."""
    low, high = scoring.near_spans(layout)
    ends = np.cumsum(high - low)
    columns = np.arange(ends[-1]) - np.repeat(ends - high, high - low)
    near = scipy.sparse.csr_matrix((promo[columns], columns, np.concatenate(([0], ends))), shape=(len(low), len(low)))
    near.setdiag(0)
    norm = np.sqrt(np.maximum(np.asarray(near.power(2).sum(axis=1)).ravel(), scoring.LEAST_PROMO))
    return scipy.sparse.diags(1 / norm) @ near


def features_of(arrays: dict[str, NDArray[Any]], jobs: list[tuple[Layout, NDArray[np.float32]]]) -> NDArray[np.float32]:
    """The second stage's features of some layouts with their first stage's scores, one below the other."""
    return np.vstack([scoring.second_stage_features(arrays, layout, scores) for layout, scores in jobs])


def part_of(layout: Layout, rows: NDArray[np.int64]) -> Layout:
    """Some blocks of a layout, with the elements that they stand in."""
    if not layout.tags:
        return Layout.of_text([layout.texts[row] for row in rows])
    starts, ends = np.searchsorted(rows, layout.starts), np.searchsorted(rows, layout.ends)
    inlines = [layout.inlines[layout.inline_starts[row] : layout.inline_starts[row + 1]] for row in rows]
    stays = ends > starts
    stays[np.concatenate(inlines)] = True  # a field or an image in a block holds no block
    kept = np.flatnonzero(stays)
    number = np.full(len(layout.tags) + 1, -1)  # one more than there are elements: -1, no element, is the last
    number[kept] = np.arange(len(kept))
    return Layout(
        texts=[layout.texts[row] for row in rows],
        containers=number[layout.containers[rows]],
        inlines=number[np.concatenate(inlines)],
        inline_starts=np.concatenate(([0], np.cumsum([len(part) for part in inlines]))),
        link_lengths=layout.link_lengths[rows],
        parents=number[layout.parents[kept]],
        tags=[layout.tags[element] for element in kept.tolist()],
        attributes=[layout.attributes[element] for element in kept.tolist()],
        starts=starts[kept],
        ends=ends[kept],
    )


def fragment_of(labels: NDArray[np.str_], random: np.random.Generator) -> NDArray[np.int64]:
    """The rows of a fragment: some editorial blocks, some of promo or, where there is none, of other, and perhaps more of other.

    Each are neighbours among their like, and at most 1 to 16 of them, small numbers as often as large ones. None where no block
    is editorial.
    """
    most = int(math.exp(random.uniform(0, math.log(MOST_OF_A_LABEL + 1))))
    body = _run_of(labels == "editorial", int(random.integers(1, most + 1)), random)
    rest = _run_of(labels == ("promo" if "promo" in labels else "other"), int(random.integers(1, most + 1)), random)
    more = _run_of(labels == "other", int(random.integers(most + 1)), random)
    return np.unique(np.concatenate((body, rest, more))) if len(body) else body


def _run_of(marked: NDArray[np.bool_], length: int, random: np.random.Generator) -> NDArray[np.int64]:
    """At most so many of the marked rows, from one drawn at random on."""
    rows = np.flatnonzero(marked)
    first = int(random.integers(max(len(rows), 1)))
    return rows[first : first + length]


def decision_function(estimator: Any, matrix: Any) -> Any:
    """Log-odds of the rows; a constant stands for an estimator where there was one class only."""
    return np.full(matrix.shape[0], estimator) if isinstance(estimator, float) else estimator.decision_function(matrix)


def weights_of(estimator: Any, width: int) -> NDArray[np.float64]:
    """What a linear estimator learned for each column."""
    return np.zeros(width) if isinstance(estimator, float) else np.asarray(estimator.coef_[0])


def intercept_of(estimator: Any) -> float:
    """What a linear estimator learned beside its columns."""
    return estimator if isinstance(estimator, float) else float(estimator.intercept_[0])


def store_second(arrays: dict[str, NDArray[Any]], prefix: str, fitted: list[Any], width: int) -> None:
    """A head of the second stage, uncalibrated: its networks and, the last of those fitted, its trees.

    Several networks with one hidden layer are one wider network that gives their mean log-odds; all of them saw the same rows
    and so have the same standardiser.
    """
    *members, boosted = fitted
    if any(isinstance(member, float) for member in members):
        constant = next(member for member in members if isinstance(member, float))
        found = {
            "mean": np.zeros(width), "scale": np.ones(width), "hidden_weights": np.zeros((width, 1)), "hidden_intercept": np.zeros(1),
            "output_weights": np.zeros(1), "output_intercept": np.array([constant]),
        }  # fmt: skip
    else:
        scaler, networks = members[0][0], [network for _, network in members]
        found = {
            "mean": scaler.mean_,
            "scale": scaler.scale_,
            "hidden_weights": np.hstack([network.coefs_[0] for network in networks]),
            "hidden_intercept": np.concatenate([network.intercepts_[0] for network in networks]),
            "output_weights": np.concatenate([network.coefs_[1][:, 0] for network in networks]) / len(networks),
            "output_intercept": np.mean([network.intercepts_[1] for network in networks], axis=0),
        }
    found["tree_nodes"], found["tree_values"] = trees_of(boosted)
    found["calibration"] = np.array([1.0, 0.0])
    arrays |= storage.rounded({f"{prefix}_{name}": array for name, array in found.items()})


def trees_of(estimator: Any) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The trees of a histogram gradient boosting as `paywallclf.ensemble.mix_trees` takes them; none for a constant."""
    if isinstance(estimator, float):
        return np.zeros((0, 2, 1), np.int32), np.zeros((0, 1), np.float32)
    # scikit-learn has no public way to its trees; a test holds what is made of them against its own decision_function
    grown = [predictor.nodes for (predictor,) in estimator._predictors]
    nodes = np.zeros((len(grown), 2, max(map(len, grown))), np.int32)
    values = np.zeros((len(grown), nodes.shape[2]), np.float32)
    for tree, old_nodes in enumerate(grown):
        old, filled = [0], 1
        for new in range(len(old_nodes)):  # the children of a node side by side
            node = old_nodes[old[new]]
            if node["is_leaf"]:
                values[tree, new] = node["value"]
            else:
                nodes[tree, :, new], values[tree, new] = (node["feature_idx"], filled), _at_most(node["num_threshold"])
                old += [node["left"], node["right"]]
                filled += 2
    values[0, nodes[0, 1] == 0] += np.float32(estimator._baseline_prediction.item())
    return nodes, values


def _at_most(threshold: float) -> np.float32:
    """The largest number in single precision that is no larger: numbers in single precision lie on the same side of both."""
    nearest = np.float32(threshold)
    return nearest if nearest <= threshold else np.nextafter(nearest, np.float32(-np.inf))


def platt(log_odds: NDArray[np.float64], target: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Slope and intercept that make log-odds calibrated (Platt, 1999)."""
    if len(np.unique(target)) < 2:
        return np.array([1.0, 0.0])
    fitted = LogisticRegression(C=1e3).fit(log_odds[:, None], target)
    slope = float(fitted.coef_[0, 0])
    # a slope that is not positive comes from a handful of rows; it must not turn the model round
    return np.array([slope, float(fitted.intercept_[0])]) if slope > 0 else np.array([1.0, 0.0])


def loss_threshold(chances: NDArray[np.float64], words: NDArray[np.float64], budget: float) -> float:
    """The lowest threshold at which blocks with `chances` lose at most the share `budget` of their `words`; 0.5 without any.

    Parameters
    ----------
    chances : array of shape (n_blocks,)
        Probability of promo of editorial blocks.
    words : array of shape (n_blocks,)
    budget : float
        Between 0 and 1.
    """
    if len(chances) == 0 or words.sum() == 0:
        return 0.5
    order = np.argsort(-chances, kind="stable")
    lost = np.cumsum(words[order]) / words.sum()
    first_kept = int(np.searchsorted(lost, budget, side="right"))
    if first_kept == len(order):
        return 0.0
    return float(min(np.nextafter(chances[order[first_kept]], 2.0), 1.0))
