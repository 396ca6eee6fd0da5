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
        Percentile bootstrap over groups; nan where there is nothing to count.
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
        low, high = (f"{100 * bound:.{digits}f}" for bound in (self.low, self.high))
        return f"{100 * self.value:.{digits}f} % ({low}-{high}; {self.part:,.0f} of {self.whole:,.0f})"


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
    hits : array of bool or of float between 0 and 1, shape (n,)
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
    draws = np.random.default_rng(seed).multinomial(len(part), np.full(len(part), 1 / len(part)), size=samples)
    shares = (draws @ part) / np.maximum(draws @ whole, 1e-9)
    low, high = np.percentile(shares, (2.5, 97.5))
    return Rate(float(part.sum()), float(whole.sum()), float(low), float(high))


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
    chosen = np.flatnonzero(chances >= lowest)
    order = chosen[np.argsort(chances[chosen])]
    parts = [part for part in np.array_split(order, bins) if len(part)]
    if not parts:
        return float("nan")
    return float(sum(len(part) * abs(truth[part].mean() - chances[part].mean()) for part in parts) / len(order))
