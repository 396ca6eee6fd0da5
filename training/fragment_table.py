"""The table of fragments: a few blocks of a page, for who has no more of it to clean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed

from paywallclf import PaywallClassifier, scoring
from paywallclf.document import Layout
from paywallclf.evaluation import rate
from paywallclf.fitting import fragment_of, part_of
from training.corpus import LabelledPage
from training.folds import fold_of_pages
from training.tables import Tables


def fragment_table(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """Leak and loss on one fragment of each page, as HTML and as text, at the default threshold.

    A fragment is up to four blocks of editorial text in a row, and up to four of promo, or where the page has none, of other.
    """
    fragments = Parallel(n_jobs=n_jobs)(
        delayed(_fragment)(page, models[of].model_, number)
        for number, (page, of) in enumerate(zip(pages, fold_of_pages(pages), strict=True))
        if page.reviewed and page.body_known and "editorial" in page.labels
    )
    group, label, words, *dropped = map(np.array, zip(*(block for blocks in fragments for block in blocks), strict=True))
    promo, editorial = label == "promo", label == "editorial"
    tables.heading("Fragments of two to eight blocks, at the default threshold")
    tables.table(
        "fragments",
        ("read as", "fragments", "promo blocks leaked", "editorial words lost"),
        [
            (form, len(fragments), rate(~gone[promo], group[promo]), rate(gone[editorial], group[editorial], words[editorial]))
            for form, gone in zip(scoring.FORMS, dropped, strict=True)
        ],
    )


def _fragment(page: LabelledPage, model: scoring.Model, seed: int) -> list[tuple[str, str, int, bool, bool]]:
    """Of each block of a page's fragment its group, label and words, and whether it goes from HTML, and from text."""
    random = np.random.default_rng(seed)
    labels = np.array(page.labels)
    rows = fragment_of(labels, random)
    layout = part_of(page.document.layout, rows)
    forms = (layout, Layout.of_text(layout.texts))
    chances = [scoring.score_promo(model.arrays, form) for form in forms]
    html, text = (promo >= model.threshold(form, promo) for form, promo in zip(forms, chances, strict=True))
    words = [len(block.split()) for block in layout.texts]
    return list(zip([page.group] * len(rows), labels[rows].tolist(), words, html.tolist(), text.tolist(), strict=True))
