"""The metrics: equal to scikit-learn's where it has them, honest where there is little to count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from paywallclf.evaluation import average_precision, average_precision_estimate, calibration_bins, calibration_error, rate


def sample(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, scores with ties, and groups."""
    random = np.random.default_rng(seed)
    truth = random.random(n) < 0.2
    scores = np.round(np.clip(truth * 0.3 + random.random(n) * 0.7, 0, 1), 2)
    return truth, scores, random.integers(0, 30, n)


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_is_that_of_scikit_learn(seed: int) -> None:
    truth, scores, _ = sample(seed=seed)
    assert average_precision(truth, scores) == pytest.approx(average_precision_score(truth, scores))


def test_average_precision_is_undefined_without_a_positive() -> None:
    assert math.isnan(average_precision(np.zeros(3, bool), np.arange(3.0)))
    assert math.isnan(average_precision(np.zeros(0, bool), np.zeros(0)))
    estimate = average_precision_estimate(np.zeros(3, bool), np.arange(3.0), ["a", "b", "c"])
    assert str(estimate) == "-"


def test_average_precision_says_nothing_where_all_are_positive() -> None:
    assert str(average_precision_estimate(np.ones(3, bool), np.arange(3.0), ["a", "b", "c"])) == "-"


def test_an_interval_holds_the_figure_and_narrows_with_more_groups() -> None:
    truth, scores, groups = sample(4000)
    many = average_precision_estimate(truth, scores, np.arange(4000), samples=200)
    few = average_precision_estimate(truth, scores, groups % 4, samples=200)
    small = average_precision_estimate(*sample(200), samples=200)
    for estimate in (many, few, small):
        assert estimate.low < estimate.value < estimate.high
    assert many.high - many.low < small.high - small.low


def test_the_difference_of_a_model_and_itself_is_nothing() -> None:
    truth, scores, groups = sample()
    same = average_precision_estimate(truth, scores, groups, scores, samples=50)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    better = average_precision_estimate(truth, truth.astype(float), groups, scores, samples=50)
    assert 0 < better.low <= better.value <= better.high


def test_one_group_has_no_interval() -> None:
    """A bootstrap that draws the same group each time would call any figure certain."""
    share = rate([True, False, False, False], ["a"] * 4)
    assert str(share) == "25.0 % (1 of 4)"
    truth, scores, _ = sample()
    assert str(average_precision_estimate(truth, scores, ["a"] * len(truth))).count("(") == 0
    assert "-" in str(rate([True, False, False, False], list("abcd")))


def test_the_rate_of_a_difference_is_the_difference_of_the_rates() -> None:
    random = np.random.default_rng(1)
    before, after, groups = random.random(300) < 0.3, random.random(300) < 0.1, random.integers(0, 20, 300)
    difference = rate(after.astype(float) - before, groups)
    assert difference.value == pytest.approx(rate(after, groups).value - rate(before, groups).value)
    assert difference.low < difference.value < difference.high < 0


def test_calibration_error_is_the_mean_distance_of_its_bins_from_the_diagonal() -> None:
    random = np.random.default_rng(2)
    chances = random.random(5000)
    truth = random.random(5000) < chances
    assert calibration_error(truth, chances) < 0.03
    assert calibration_error(np.zeros(5000, bool), chances) == pytest.approx(chances[chances >= 0.05].mean())
    bins = calibration_bins(truth, chances)
    assert len(bins) == 10
    assert sum(count for *_, count in bins) == (chances >= 0.05).sum()
    assert calibration_bins(truth, np.zeros(5000)) == []
    assert math.isnan(calibration_error(truth, np.zeros(5000)))
