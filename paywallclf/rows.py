"""Labelled documents as rows: the blocks of all of them, one after the other, with what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from paywallclf import scoring
from paywallclf.document import KINDS, LABELS, Document, Layout

#: Labels that fitting leaves out. ``not_promo`` is editorial or other, not known which: it counts against promo only.
LEFT_OUT = ("any", None)
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
    """

    layouts: list[Layout]
    page: NDArray[np.int64]
    label: NDArray[np.str_]
    kind: NDArray[np.str_]
    group: NDArray[Any]

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


def gather(documents: Sequence[Document], labels: Sequence[Sequence[str | None]], groups: ArrayLike | None) -> Rows:
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
    page = np.repeat(np.arange(len(documents)), [len(document.blocks) for document in documents])
    layouts = [scoring.as_form(document.layout) for document in documents]
    return Rows(layouts, page, np.array(label, dtype="U10"), np.array(kind, dtype="U10"), group)


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


def page_weights(rows: Rows) -> NDArray[np.float64]:
    """Each page weighs as the square root of its blocks, so that a giant one does not rule; the mean is 1."""
    sizes = np.bincount(rows.page, minlength=len(rows.layouts))
    weights = 1 / np.sqrt(np.maximum(sizes, 1))[rows.page]
    return np.asarray(weights / weights.mean())
