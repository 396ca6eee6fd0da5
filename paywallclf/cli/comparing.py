"""Before and after: two models on documents whose group the new one was not fitted to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from paywallclf import scoring
from paywallclf.cli.figures import ENOUGH_GROUPS, ERRORS, Items, Prediction, Truth, change, measure, predict, truth_of
from paywallclf.cli.tables import Table
from paywallclf.evaluation import average_precision_estimate
from paywallclf.labels import LabelledDocument

#: Fits a model to documents.
Learn = Callable[[Sequence[LabelledDocument]], scoring.Model]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before and after.

    Attributes
    ----------
    table : Table or None
        None where nothing could be held out.
    notes : tuple of str
        What to know before reading it.
    """

    table: Table | None
    notes: tuple[str, ...]


def compare(
    documents: Sequence[LabelledDocument], before: scoring.Model, learn: Learn, *, folds: int, n_jobs: int
) -> Comparison:
    """Hold each group out once; compare what `before`, and what a model fitted to the other groups, do on it.

    Parameters
    ----------
    documents : sequence of LabelledDocument
    before : Model
    learn : callable
        Raises ValueError where documents are too few to learn from.
    folds : int
        Shares that the groups are parted into, at most; each costs a fit.
    n_jobs : int
    """
    documents, notes = _grouped(documents)
    groups = [labelled.group for labelled in documents]
    n_groups = len(set(groups))
    if n_groups < 2:
        return Comparison(None, ("Nothing could be held out: there is one document only.",))
    splitter = GroupKFold(min(folds, n_groups), shuffle=True, random_state=0)
    shares = [(train.tolist(), test.tolist()) for train, test in splitter.split(groups, groups=groups)]
    truth = truth_of(documents)
    try:
        after = _held_out(truth, shares, learn, n_jobs)
    except ValueError as error:
        return Comparison(None, (f"Too little data to hold a share of it out and learn from the rest: {error}",))
    notes += _selected(documents)
    return Comparison(_table(truth, predict(before, documents, n_jobs), after), notes)


def _grouped(documents: Sequence[LabelledDocument]) -> tuple[Sequence[LabelledDocument], tuple[str, ...]]:
    """The documents with the groups to hold out, and what to say of those."""
    if len({labelled.group for labelled in documents}) == 1:
        single = [replace(labelled, group=str(number)) for number, labelled in enumerate(documents)]
        note = (
            "All labels are of one group: documents were held out instead. The figures hold for more pages of that group alone."
        )
        return single, (note,)
    if all(labelled.group == labelled.id for labelled in documents):
        note = (
            'No row names its "group" (the site), so each document counts as one. Pages of one site have promos in common, which '
            "flatters the figures."
        )
        return documents, (note,)
    return documents, ()


def _selected(documents: Sequence[LabelledDocument]) -> tuple[str, ...]:
    """What to say of documents of which only some blocks are labelled, as those that somebody corrected."""
    labels = [label for labelled in documents for label in labelled.labels]
    if 2 * sum(label is not None for label in labels) >= len(labels):
        return ()
    return (
        "Most blocks of these documents have no label. Where only what was wrong is labelled, before is wrong by that choice, and what "
        "after newly gets wrong is not counted: for figures to rely on, label some pages whole.",
    )


def _held_out(truth: Truth, shares: Sequence[tuple[list[int], list[int]]], learn: Learn, n_jobs: int) -> Prediction:
    """What the model of each share, fitted to the others, says of its documents."""
    n_rows = len(truth.texts)
    promo, kind, threshold = np.zeros(n_rows), np.full(n_rows, "", dtype="U10"), np.zeros(len(truth.documents))
    for train, test in tqdm(shares, desc="held-out shares", unit=" fits", disable=None, leave=False):
        model = learn([truth.documents[index] for index in train])
        found = predict(model, [truth.documents[index] for index in test], n_jobs)
        rows = np.isin(truth.rows.page, test)
        promo[rows], kind[rows], threshold[test] = found.promo, found.kind, found.threshold
    return Prediction(promo, kind, threshold)


def _table(truth: Truth, before: Prediction, after: Prediction) -> Table:
    rows: list[tuple[str, str, Any]] = []
    decisions = [found.promo >= truth.of_documents(found.threshold) for found in (before, after)]
    for name, error in ERRORS.items():
        old, new = (error(truth, dropped) for dropped in decisions)
        difference = change(old, new)
        verdict = _verdict(_n_groups(new), difference.low, difference.high, lower_is_better=True)
        shown = _signed(100 * difference.value, 100 * difference.low, 100 * difference.high, ".2f", " points")
        rows += [(name, "before", measure(old)), ("", "after", measure(new)), ("", "change", f"{shown}: {verdict}")]
    known = truth.rows.known
    promo, group = truth.rows.promo[known], truth.group[known]
    figures = [average_precision_estimate(promo, found.promo[known], group) for found in (before, after)]
    gain = average_precision_estimate(promo, after.promo[known], group, before.promo[known])
    verdict = _verdict(len(np.unique(group[promo])), gain.low, gain.high, lower_is_better=False)
    shown = _signed(gain.value, gain.low, gain.high, ".3f", "")
    rows += [("average precision", "before", figures[0]), ("", "after", figures[1]), ("", "change", f"{shown}: {verdict}")]
    return Table("held_out", "Before and after, on held-out groups", ("figure", "model", "value"), rows)


def _signed(value: float, low: float, high: float, form: str, unit: str) -> str:
    """A difference with its interval, where it has one."""
    if math.isnan(value):
        return "-"
    return f"{value:+{form}}{unit}" + ("" if math.isnan(low) else f" ({low:+{form}} to {high:+{form}})")


def _n_groups(items: Items) -> int:
    return len(np.unique(items[1]))


def _verdict(n_groups: int, low: float, high: float, *, lower_is_better: bool) -> str:
    if n_groups == 0:
        return "nothing to count"
    if n_groups < ENOUGH_GROUPS:
        return f"too little data to tell ({n_groups} of at least {ENOUGH_GROUPS} groups)"
    if low <= 0 <= high:
        return "no difference that the data can tell"
    return "better" if (high < 0) == lower_is_better else "worse"
