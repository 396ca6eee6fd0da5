"""Steps of a fit: sparse matrices of the features, and what scikit-learn's estimators learned as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from paywallclf import scoring
from paywallclf.document import Layout
from paywallclf.features import markup


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


def features_of(arrays: dict[str, NDArray[Any]], jobs: list[tuple[Layout, NDArray[np.float32]]]) -> NDArray[np.float32]:
    """The second stage's features of some layouts with their first stage's scores, one below the other."""
    return np.vstack([scoring.second_stage_features(arrays, layout, scores) for layout, scores in jobs])


def decision_function(estimator: Any, matrix: Any) -> Any:
    """Log-odds of the rows; a constant stands for an estimator where there was one class only."""
    return np.full(matrix.shape[0], estimator) if isinstance(estimator, float) else estimator.decision_function(matrix)


def weights_of(estimator: Any, width: int) -> NDArray[np.float64]:
    """What a linear estimator learned for each column."""
    return np.zeros(width) if isinstance(estimator, float) else np.asarray(estimator.coef_[0])


def intercept_of(estimator: Any) -> float:
    """What a linear estimator learned beside its columns."""
    return estimator if isinstance(estimator, float) else float(estimator.intercept_[0])


def store_network(arrays: dict[str, NDArray[Any]], prefix: str, members: list[Any], width: int) -> None:
    """Several networks with one hidden layer as one wider network that gives their mean log-odds.

    All members saw the same rows and so have the same standardiser.
    """
    if any(isinstance(member, float) for member in members):
        arrays[f"{prefix}_mean"], arrays[f"{prefix}_scale"] = np.zeros(width), np.ones(width)
        arrays[f"{prefix}_hidden_weights"], arrays[f"{prefix}_hidden_intercept"] = np.zeros((width, 1)), np.zeros(1)
        arrays[f"{prefix}_output_weights"] = np.zeros(1)
        arrays[f"{prefix}_output_intercept"] = np.array([next(member for member in members if isinstance(member, float))])
    else:
        scaler, networks = members[0][0], [network for _, network in members]
        arrays[f"{prefix}_mean"], arrays[f"{prefix}_scale"] = scaler.mean_, scaler.scale_
        arrays[f"{prefix}_hidden_weights"] = np.hstack([network.coefs_[0] for network in networks])
        arrays[f"{prefix}_hidden_intercept"] = np.concatenate([network.intercepts_[0] for network in networks])
        arrays[f"{prefix}_output_weights"] = np.concatenate([network.coefs_[1][:, 0] for network in networks]) / len(networks)
        arrays[f"{prefix}_output_intercept"] = np.mean([network.intercepts_[1] for network in networks], axis=0)
    arrays[f"{prefix}_calibration"] = np.array([1.0, 0.0])


def rounded(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The arrays as a model's file holds them: tables in half precision, the others in single."""
    return {name: array.astype(np.float16 if name.endswith("_table") else np.float32) for name, array in arrays.items()}


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
