"""Labelled documents as rows: the blocks of all of them, one after the other, with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from paywallclf import scoring
from paywallclf.document import KINDS, LABELS, Document, Layout

#: Labels that fitting leaves out. ``not_promo`` is editorial or other, not known which: it counts against promo only.
LEFT_OUT = ("any", None)

#: What share of the background's blocks counts as promo. Who writes blocks to learn from writes promos, half of all; on pages
#: they are few, and a linear model would take the language itself for the reason.
BACKGROUND_PROMO = 0.05
_KNOWN = frozenset((*LABELS, "not_promo", *LEFT_OUT, *(f"promo:{kind}" for kind in KINDS)))


@dataclass(frozen=True, slots=True)
class Rows:
    """The blocks of many documents, one row each.

    Attributes
    ----------
    layouts : list of Layout
    page : array of int, shape (n_rows,)
        The document of each row.
    label, kind : array of str, shape (n_rows,)
        Empty where unknown or left out.
    group : array, shape (n_documents,)
    background : array of bool, shape (n_documents,)
        The documents that are learned from and never held out.
    weight : array of float64, shape (n_rows,)
        What each row counts for.
    """

    layouts: list[Layout]
    page: NDArray[np.int64]
    label: NDArray[np.str_]
    kind: NDArray[np.str_]
    group: NDArray[Any]
    background: NDArray[np.bool_]
    weight: NDArray[np.float64]

    @property
    def held(self) -> NDArray[np.bool_]:
        """Whether a row is of a document that is held out in some fold: all but those in the background."""
        return ~self.background[self.page]

    @property
    def promo(self) -> NDArray[np.bool_]:
        """Whether a row is a promo."""
        return np.equal(self.label, "promo")

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether a row has a label that is not left out."""
        return np.not_equal(self.label, "")

    @property
    def told_apart(self) -> NDArray[np.bool_]:
        """Whether a row is known to be editorial or known to be other."""
        return np.isin(self.label, ("editorial", "other"))

    def of_page(self, index: int) -> slice:
        """The rows of a document."""
        first, last = np.searchsorted(self.page, (index, index + 1))
        return slice(int(first), int(last))


def gather(
    documents: Sequence[Document],
    labels: Sequence[Sequence[str | None]],
    groups: Sequence[Any] | NDArray[Any] | None = None,
) -> Rows:
    """Documents and their labels as rows; what is wrong with them is a ValueError or a TypeError that names it."""
    documents = checked(documents)
    if len(documents) != len(labels):
        raise ValueError(f"{len(documents)} documents but labels for {len(labels)}")
    label, kind = [], []
    for number, (document, row) in enumerate(zip(documents, labels, strict=True)):
        if len(document.blocks) != len(row):
            raise ValueError(f"document {number} has {len(document.blocks)} blocks but {len(row)} labels")
        for value in row:
            if not isinstance(value, (str, type(None))) or value not in _KNOWN:
                raise ValueError(
                    f"document {number}: no such label: {value!r}; expected one of {', '.join(LABELS)}, promo:KIND, not_promo, any"
                )
            name, _, sort = ("" if value in LEFT_OUT else str(value)).partition(":")
            label.append(name)
            kind.append(sort)
    group = np.arange(len(documents)) if groups is None else np.asarray(groups)
    if group.shape != (len(documents),):
        raise ValueError(f"groups must have one entry for each of the {len(documents)} documents, not shape {group.shape}")
    background = np.array([value is None for value in group], bool)
    page = np.repeat(np.arange(len(documents)), [len(document.blocks) for document in documents])
    layouts = [scoring.as_form(document.layout) for document in documents]
    names = np.array(label, dtype="U10")
    weight = _page_weights(page) * _background_weights(background[page], names == "promo")
    return Rows(layouts, page, names, np.array(kind, dtype="U10"), group, background, weight)


def _page_weights(page: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each page weighs as the square root of its blocks, so that a giant one does not rule; the mean is 1."""
    weights = 1 / np.sqrt(np.bincount(page))[page]
    return np.asarray(weights / weights.mean()) if len(page) else weights


def _background_weights(background: NDArray[np.bool_], promo: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights that make `BACKGROUND_PROMO` of the background's blocks promo, be they ever so many."""
    n_promo, n = int(np.count_nonzero(background & promo)), int(np.count_nonzero(background))
    wanted = BACKGROUND_PROMO / (1 - BACKGROUND_PROMO) * (n - n_promo)
    return np.asarray(np.where(background & promo, min(wanted / max(n_promo, 1), 1.0), 1.0))


def checked(documents: Sequence[Document]) -> Sequence[Document]:
    """The documents as a list, if they are documents."""
    if isinstance(documents, Document):
        raise TypeError("expected a sequence of documents, not one Document: put it in a list")
    documents = list(documents)
    for document in documents:
        if not isinstance(document, Document):
            raise TypeError(f"expected documents made by parse_html or parse_text, not {type(document).__name__}")
    return documents


def head_rows(rows: Rows, head: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The target of a head, and the rows that it learns from."""
    if head == "promo":
        return rows.promo, rows.known
    return rows.label == "editorial", rows.told_apart
