"""A model on labelled documents: the tables, the curves, and the errors to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from paywallclf.cli.figures import ENOUGH_GROUPS, ERRORS, Bools, Prediction, Truth, leak, loss, measure, other_dropped
from paywallclf.cli.tables import Table
from paywallclf.document import KINDS
from paywallclf.evaluation import (
    Estimate,
    average_precision_estimate,
    calibration_bins,
    calibration_error,
    macro_rate,
    precision_recall_f1,
    rate,
)

#: Thresholds of the table; the curves have more.
THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)

#: Points of a curve, at most, and the log-odds between which thresholds are tried.
_POINTS, _LOG_ODDS = 200, 7.0

#: Errors of each sort that are listed.
MOST_ERRORS = 30

FLATTERED = (
    "Labels that the model was trained on give flattering figures; only those of sites that it never saw tell what to expect."
)


@dataclass(frozen=True, slots=True)
class Error:
    """A block that a decision at the default threshold gets wrong.

    Attributes
    ----------
    document, group : str
    index : int
    label, kind : str
        What it is. The kind may be empty.
    probability : float
        Of promo, by the model.
    text : str
    """

    document: str
    group: str
    index: int
    label: str
    kind: str
    probability: float
    text: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """What there is to say of a model.

    Attributes
    ----------
    tables : sequence of Table
    curves : dict of str to list
        ``thresholds``, ``leak`` and ``loss`` over them; ``recall`` and ``precision``; ``calibration`` (mean probability, share
        of promos, count).
    misses, false_alarms : sequence of Error
        The worst first.
    notes : sequence of str
    """

    tables: Sequence[Table]
    curves: dict[str, Any]
    misses: Sequence[Error]
    false_alarms: Sequence[Error]
    notes: Sequence[str]


def assess(truth: Truth, found: Prediction) -> Assessment:
    """Judge what a model says by what the labels say."""
    dropped = found.promo >= truth.of_documents(found.threshold)
    tables = [_summary(truth, found, dropped), _over_thresholds(truth, found, dropped), _by_kind(truth, found, dropped)]
    if (truth.language != "").any():  # of text, NumPy has any() only from 2.0 on
        tables.append(_by_language(truth, found, dropped))
    known = truth.rows.known
    misses = _worst(truth, found, truth.rows.promo & ~dropped, found.promo)
    # editorial text first: losing it is the worst error
    alarms = _worst(truth, found, known & ~truth.rows.promo & dropped, -found.promo - 2.0 * truth.editorial)
    return Assessment(tables, _curves(truth, found), misses, alarms, _notes(truth))


def _notes(truth: Truth) -> list[str]:
    notes = [FLATTERED]
    n_groups = len({labelled.group for labelled in truth.documents})
    if n_groups < ENOUGH_GROUPS:
        notes.append(f"The intervals are drawn over few groups ({n_groups}): do not rely on them.")
    if not truth.rows.promo.any():
        notes.append("No block is labelled promo: leak and average precision cannot be told.")
    if not truth.editorial.any():
        notes.append("No block is labelled editorial: loss cannot be told.")
    return notes


def _average_precision(truth: Truth, found: Prediction, chosen: Bools) -> Estimate:
    return average_precision_estimate(truth.rows.promo[chosen], found.promo[chosen], truth.group[chosen])


def _summary(truth: Truth, found: Prediction, dropped: Bools) -> Table:
    known, promo = truth.rows.known, truth.rows.promo
    against = promo | truth.editorial
    precision, recall, f1 = precision_recall_f1(promo[known], dropped[known])
    named = promo & dropped & np.not_equal(truth.rows.kind, "")
    short = promo & ~truth.long
    hits, groups, words = loss(truth, dropped)
    rows: list[tuple[str, Any]] = [
        ("average precision, over all blocks", _average_precision(truth, found, known)),
        ("average precision, promo against editorial", _average_precision(truth, found, against)),
        *((name, measure(error(truth, dropped))) for name, error in ERRORS.items()),
        ("editorial words lost, mean over groups", macro_rate(hits.astype(float), groups, words) if len(hits) else np.nan),
        ("short promos leaked (told apart)", rate(~dropped[short], truth.group[short])),
        ("words of other and not_promo dropped", measure(other_dropped(truth, dropped))),
        ("precision", precision),
        ("recall", recall),
        ("F1", f1),
        ("kind right, of promos found", rate((found.kind == truth.rows.kind)[named], truth.group[named])),
        ("calibration error", calibration_error(promo[known], found.promo[known])),
    ]
    thresholds = ", ".join(f"{value:.4f}" for value in np.unique(found.threshold))
    return Table("default_threshold", f"At the default threshold ({thresholds})", ("figure", "value"), rows)


def _over_thresholds(truth: Truth, found: Prediction, dropped: Bools) -> Table:
    decisions = {"default": dropped, **{f"{threshold:g}": found.promo >= threshold for threshold in THRESHOLDS}}
    rows = [(name, *(measure(error(truth, decision)) for error in ERRORS.values())) for name, decision in decisions.items()]
    return Table("thresholds", "Leak and loss over thresholds", ("threshold", *ERRORS), rows)


def _by_kind(truth: Truth, found: Prediction, dropped: Bools) -> Table:
    rows = []
    for kind in (*KINDS, ""):
        part = np.equal(truth.rows.kind, kind) & truth.rows.promo
        if part.any():
            hits, groups, _ = leak(truth, dropped | ~part)
            chosen = part[truth.leaking]
            named = part & dropped
            right = rate((found.kind == kind)[named], truth.group[named]) if kind else "-"
            rows.append((kind or "not given", int(part.sum()), rate(hits[chosen], groups[chosen]), right))
    return Table("kinds", "By kind of promo", ("kind", "promo blocks", "leaked", "kind right, of those found"), rows)


def _by_language(truth: Truth, found: Prediction, dropped: Bools) -> Table:
    rows = []
    for language, count in Counter(truth.language[truth.rows.known].tolist()).most_common():
        part = np.equal(truth.language, language)
        promos, body = part[truth.leaking], part[truth.editorial]
        kept, promo_groups, _ = leak(truth, dropped)
        lost, body_groups, words = loss(truth, dropped)
        precise = _average_precision(truth, found, part & truth.rows.known)
        rows.append(
            (
                language or "not stated", count, precise,
                rate(kept[promos], promo_groups[promos]), rate(lost[body], body_groups[body], words[body]),
            )
        )  # fmt: skip
    header = ("language", "blocks", "average precision", "promo blocks leaked", "editorial words lost")
    return Table("languages", "By language, as the rows or the pages state it", header, rows)


def _curves(truth: Truth, found: Prediction) -> dict[str, Any]:
    known, promo = truth.rows.known, truth.rows.promo
    thresholds = 1 / (1 + np.exp(-np.linspace(-_LOG_ODDS, _LOG_ODDS, _POINTS)))
    curves: dict[str, Any] = {
        "thresholds": thresholds,
        "leak": _share_below(found.promo[truth.leaking], np.ones(int(truth.leaking.sum())), thresholds),
        "loss": 1 - _share_below(found.promo[truth.editorial], truth.words[truth.editorial], thresholds),
        "calibration": calibration_bins(promo[known], found.promo[known]),
        "recall": np.zeros(0),
        "precision": np.zeros(0),
    }
    if promo.any():
        precision, recall, _ = precision_recall_curve(promo[known], found.promo[known])
        places = np.unique(np.linspace(0, len(recall) - 1, _POINTS).astype(int))
        curves |= {"recall": recall[places], "precision": precision[places]}
    return curves


def _share_below(
    scores: NDArray[np.float64], weights: NDArray[np.float64], thresholds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """For each threshold, the weighted share of the scores that do not reach it."""
    if not weights.sum():
        return np.full(len(thresholds), np.nan)
    order = np.argsort(scores)
    below = np.concatenate(([0.0], np.cumsum(weights[order])))
    return np.asarray(below[np.searchsorted(scores[order], thresholds, side="left")] / below[-1])


def _worst(truth: Truth, found: Prediction, wrong: Bools, order: NDArray[np.float64]) -> list[Error]:
    """The wrong rows in that order."""
    first = np.searchsorted(truth.rows.page, np.arange(len(truth.documents)))
    errors = []
    chosen = np.flatnonzero(wrong)
    for row in chosen[np.argsort(order[chosen], kind="stable")][:MOST_ERRORS].tolist():
        page = int(truth.rows.page[row])
        labelled = truth.documents[page]
        label, kind = str(truth.rows.label[row]), str(truth.rows.kind[row])
        place = row - int(first[page])
        errors.append(Error(labelled.id, labelled.group, place, label, kind, float(found.promo[row]), truth.texts[row]))
    return errors
