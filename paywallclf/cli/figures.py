"""What a model does on labelled documents, in figures: leak, loss, average precision, over thresholds and by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from paywallclf import scoring
from paywallclf.document import KINDS
from paywallclf.evaluation import Rate, is_long_enough, rate
from paywallclf.labels import LabelledDocument
from paywallclf.rows import Rows, gather

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

#: With fewer groups, an interval drawn over them is too narrow to be believed.
ENOUGH_GROUPS = 10

#: Documents that a process scores at once.
_PORTION = 50


@dataclass(frozen=True, slots=True)
class Truth:
    """The labelled blocks of many documents, one row each.

    Attributes
    ----------
    documents : sequence of LabelledDocument
    rows : Rows
    group, language : array of str, shape (n_rows,)
        The language is what the page states, without its region; empty where it states none.
    texts : list of str
    words : array of float, shape (n_rows,)
    long : array of bool, shape (n_rows,)
        Whether a promo of that text counts in the leak.
    """

    documents: Sequence[LabelledDocument]
    rows: Rows
    group: NDArray[np.str_]
    language: NDArray[np.str_]
    texts: list[str]
    words: Floats
    long: Bools

    @property
    def editorial(self) -> Bools:
        """Whether a row is known to be editorial."""
        return np.equal(self.rows.label, "editorial")

    @property
    def leaking(self) -> Bools:
        """Whether a row is a promo that counts in the leak."""
        return self.rows.promo & self.long

    def of_documents(self, values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
        """A value of each document for each of its rows."""
        return np.asarray(values)[self.rows.page]


def truth_of(documents: Sequence[LabelledDocument]) -> Truth:
    """The rows of labelled documents."""
    rows = gather(
        [labelled.document for labelled in documents],
        [labelled.labels for labelled in documents],
        [labelled.group for labelled in documents],
    )
    texts = [block.text for labelled in documents for block in labelled.document.blocks]
    languages = [(labelled.document.language or "").replace("_", "-").split("-")[0].lower() for labelled in documents]
    return Truth(
        documents,
        rows,
        np.array([labelled.group for labelled in documents])[rows.page],
        np.array(languages, dtype=str)[rows.page],
        texts,
        np.array([len(text.split()) for text in texts], np.float64),
        np.array([is_long_enough(text) for text in texts], bool),
    )


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of the rows.

    Attributes
    ----------
    promo : array of float, shape (n_rows,)
        The probability of promo.
    kind : array of str, shape (n_rows,)
        The likeliest kind, given promo.
    threshold : array of float, shape (n_documents,)
        The model's default.
    """

    promo: Floats
    kind: NDArray[np.str_]
    threshold: Floats


def predict(model: scoring.Model, documents: Sequence[LabelledDocument], n_jobs: int) -> Prediction:
    """What a model says of labelled documents."""
    layouts = [labelled.document.layout for labelled in documents]
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_score)(model.arrays, layouts[start : start + _PORTION]) for start in range(0, len(layouts), _PORTION)
    )
    scores = [score for part in parts for score in part]
    kinds = np.concatenate([np.zeros(0, np.int64), *(score.kinds.argmax(axis=1) for score in scores)])
    return Prediction(
        np.concatenate([np.zeros(0), *(score.promo for score in scores)]),
        np.array(KINDS)[kinds],
        np.array([model.threshold(layout, score.promo) for layout, score in zip(layouts, scores, strict=True)]),
    )


def _score(arrays: Any, layouts: Sequence[Any]) -> list[Any]:
    return [scoring.score(arrays, layout, kinds=True) for layout in layouts]


#: Hits, groups and weights, as `paywallclf.evaluation.rate` takes them.
Items = tuple[Bools, NDArray[np.str_], Floats]


def leak(truth: Truth, dropped: Bools) -> Items:
    """Of the promos that are long enough, those that stay."""
    chosen = truth.leaking
    return ~dropped[chosen], truth.group[chosen], np.ones(int(chosen.sum()))


def leaking_documents(truth: Truth, dropped: Bools) -> Items:
    """Of the documents that have such a promo, those where one stays."""
    chosen = truth.leaking
    pages, first = np.unique(truth.rows.page[chosen], return_index=True)
    return np.isin(pages, truth.rows.page[chosen & ~dropped]), truth.group[chosen][first], np.ones(len(pages))


def loss(truth: Truth, dropped: Bools) -> Items:
    """Of the editorial words, those that go."""
    chosen = truth.editorial
    return dropped[chosen], truth.group[chosen], truth.words[chosen]


def other_dropped(truth: Truth, dropped: Bools) -> Items:
    """Of the words that are neither promo nor known to be editorial, those that go."""
    chosen = np.isin(truth.rows.label, ("other", "not_promo"))
    return dropped[chosen], truth.group[chosen], truth.words[chosen]


#: The errors of a decision, by the names that they have in tables.
ERRORS = {
    "promo blocks leaked": leak,
    "documents leaking": leaking_documents,
    "editorial words lost": loss,
}


def measure(items: Items) -> Rate:
    """A share with its counts and interval."""
    return rate(*items)


def change(before: Items, after: Items) -> Rate:
    """The difference of two shares of the same items, with its interval."""
    return rate(after[0].astype(np.float64) - before[0], after[1], after[2])
