"""Metrics: functions of truth and prediction."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Letters or digits that a promo must have to count in the leak: shorter ones ("Close", "Email") are told apart.
SHORTEST_PROMO = 15
#: The same for Chinese, Japanese, Korean and Thai.
SHORTEST_PROMO_DENSE = 6

_DENSE_SCRIPTS = ((0x0E00, 0x0E7F), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF))


def is_long_enough(text: str) -> bool:
    """Whether a promo's text is long enough to count in the leak."""
    letters = [character for character in text if character.isalnum()]
    dense = sum(any(low <= ord(character) <= high for low, high in _DENSE_SCRIPTS) for character in letters)
    return len(letters) >= (SHORTEST_PROMO_DENSE if 2 * dense > len(letters) else SHORTEST_PROMO)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its counts and a 95 % interval.

    Attributes
    ----------
    part, whole : float
        Counts (of blocks, pages or words).
    low, high : float
        Percentile bootstrap over groups; nan where there is nothing to count, or one group only.
    """

    part: float
    whole: float
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share, nan of nothing."""
        return self.part / self.whole if self.whole else float("nan")

    def __str__(self) -> str:
        if not self.whole:
            return "-"
        digits = 1 if self.value >= 0.01 or self.value == 0 else 3
        interval = "" if np.isnan(self.low) else f"{100 * self.low:.{digits}f}-{100 * self.high:.{digits}f}; "
        return f"{100 * self.value:.{digits}f} % ({interval}{self.part:,.0f} of {self.whole:,.0f})"


def rate(
    hits: Sequence[float] | NDArray[np.generic],
    groups: Sequence[Hashable] | NDArray[np.generic],
    weights: Sequence[float] | NDArray[np.float64] | None = None,
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Rate:
    """The weighted share of hits, with a bootstrap over groups (Efron, 1979): sites are drawn, not blocks.

    Parameters
    ----------
    hits : array of bool or of float, shape (n,)
        Of float, between 0 and 1; of differences of two decisions on the same items, between -1 and 1.
    groups : sequence of length n
    weights : array of shape (n,), optional
    """
    hit = np.asarray(hits, np.float64)
    weight = np.ones(len(hit)) if weights is None else np.asarray(weights, np.float64)
    if len(hit) == 0 or weight.sum() == 0:
        return Rate(0.0, 0.0, float("nan"), float("nan"))
    _, number = np.unique(np.asarray(groups), return_inverse=True)
    part = np.bincount(number, hit * weight)
    whole = np.bincount(number, weight)
    if len(part) == 1:
        return Rate(float(part.sum()), float(whole.sum()), float("nan"), float("nan"))
    draws = _draws(len(part), samples, seed)
    shares = (draws @ part) / np.maximum(draws @ whole, 1e-9)
    low, high = np.percentile(shares, (2.5, 97.5))
    return Rate(float(part.sum()), float(whole.sum()), float(low), float(high))


def _draws(n_groups: int, samples: int, seed: int) -> NDArray[np.int64]:
    """How often each group is drawn, of shape (samples, n_groups); the same for all figures of the same groups."""
    return np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=samples)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure that is no share, with a 95 % interval by bootstrap over groups; nan where one is undefined."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "-"
        return f"{self.value:.3f}" + ("" if np.isnan(self.low) else f" ({self.low:.3f}-{self.high:.3f})")


def average_precision(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Average precision, as scikit-learn defines it; nan without a positive."""
    return _ranked_precision(truth, *_descending(scores), np.ones(len(scores)))


def _ranked_precision(
    truth: NDArray[np.bool_], order: NDArray[np.int64], ends: NDArray[np.int64], weights: NDArray[np.float64]
) -> float:
    hits = np.cumsum(weights[order] * truth[order])[ends]
    taken = np.cumsum(weights[order])[ends]
    if not len(hits) or hits[-1] <= 0:
        return float("nan")
    return float(np.sum(np.diff(hits, prepend=0.0) * hits / np.maximum(taken, 1e-12)) / hits[-1])


def _descending(scores: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order from the highest score, and the last place of each run of equal ones."""
    order = np.argsort(-scores, kind="stable")
    falling = np.append(np.diff(scores[order]) != 0, True) if len(scores) else np.zeros(0, bool)
    return order, np.flatnonzero(falling)


def average_precision_estimate(
    truth: NDArray[np.bool_],
    scores: NDArray[np.float64],
    groups: Sequence[Hashable] | NDArray[np.generic],
    before: NDArray[np.float64] | None = None,
    *,
    samples: int = 500,
    seed: int = 0,
) -> Estimate:
    """Average precision with its interval.

    Parameters
    ----------
    truth : array of bool, shape (n,)
    scores : array of shape (n,)
    groups : sequence of length n
    before : array of shape (n,), optional
        Scores to subtract the average precision of, draw by draw.
    """
    _, number = np.unique(np.asarray(groups), return_inverse=True)
    models = [scores] if before is None else [scores, before]
    ranked = [_descending(model) for model in models]

    def figure(weights: NDArray[np.float64]) -> float:
        found = [_ranked_precision(truth, order, ends, weights) for order, ends in ranked]
        return found[0] - (found[1] if len(found) > 1 else 0.0)

    # without a negative it would be 1 whatever the scores
    value = float("nan") if truth.all() else figure(np.ones(len(scores)))
    if np.isnan(value) or not number.any():
        return Estimate(value, float("nan"), float("nan"))
    drawn = [figure(draw[number].astype(np.float64)) for draw in _draws(int(number.max()) + 1, samples, seed)]
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    return Estimate(value, float(low), float(high))


def macro_rate(hits: NDArray[np.float64], groups: NDArray[np.generic], weights: NDArray[np.float64]) -> float:
    """The mean over groups of each group's weighted share of hits."""
    _, number = np.unique(groups, return_inverse=True)
    whole = np.bincount(number, weights)
    part = np.bincount(number, hits * weights)
    return float((part[whole > 0] / whole[whole > 0]).mean())


def precision_recall_f1(truth: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Precision, recall and F1 of a decision; nan where undefined."""
    hits = int((truth & predicted).sum())
    precision = hits / int(predicted.sum()) if predicted.any() else float("nan")
    recall = hits / int(truth.sum()) if truth.any() else float("nan")
    return precision, recall, 2 * hits / max(int(truth.sum()) + int(predicted.sum()), 1)


def calibration_error(truth: NDArray[np.bool_], chances: NDArray[np.float64], *, lowest: float = 0.05, bins: int = 10) -> float:
    """Expected calibration error over bins of equal mass, of the probabilities of at least `lowest` (Naeini et al., 2015)."""
    parts = calibration_bins(truth, chances, lowest=lowest, bins=bins)
    if not parts:
        return float("nan")
    return sum(count * abs(share - mean) for mean, share, count in parts) / sum(count for *_, count in parts)


def calibration_bins(
    truth: NDArray[np.bool_], chances: NDArray[np.float64], *, lowest: float = 0.05, bins: int = 10
) -> list[tuple[float, float, int]]:
    """Of bins of equal mass, of the probabilities of at least `lowest`: mean probability, share of positives, count."""
    chosen = np.flatnonzero(chances >= lowest)
    order = chosen[np.argsort(chances[chosen])]
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(chances[part].mean()), float(truth[part].mean()), len(part)) for part in parts]
