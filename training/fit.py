"""From labelled pages to a model folder."""

from __future__ import annotations

from collections.abc import Sequence

from paywallclf import PaywallClassifier
from training.corpus import LabelledPage


def labels_of(page: LabelledPage) -> list[str]:
    """A page's labels as `PaywallClassifier.fit` takes them.

    On a page where nobody searched for promos every block is left out; where the body is not known, what is no promo is
    only that.
    """
    if not page.reviewed:
        return ["any"] * len(page.labels)
    return [
        f"promo:{kind}" if label == "promo" and kind else label for label, kind in zip(page.labels, page.kinds, strict=True)
    ]


def fit(pages: Sequence[LabelledPage], classifier: PaywallClassifier) -> PaywallClassifier:
    """Fit a classifier to the pages, by their groups."""
    return classifier.fit(
        [page.document for page in pages], [labels_of(page) for page in pages], [page.group for page in pages]
    )
