"""The table of fragments: some blocks of a page, as small pages are, and for who has no more of one to clean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from joblib import Parallel, delayed

from paywallclf import PaywallClassifier, scoring
from paywallclf.document import Layout
from paywallclf.evaluation import rate
from paywallclf.fitting import MOST_OF_A_LABEL, fragment_of, part_of
from training.corpus import LabelledPage
from training.folds import fold_of_pages
from training.tables import Tables

#: Fragments of up to so many blocks are counted together; none has more.
_SIZES = (scoring.FRAGMENT, 2 * scoring.FRAGMENT, 3 * MOST_OF_A_LABEL)

#: How many fragments are cut from a page.
_DRAWN = 3


def fragment_table(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """Leak and loss on fragments of each page, as HTML and as text, at the default threshold, by number of blocks."""
    fragments = Parallel(n_jobs=n_jobs)(
        delayed(_fragment)(page, models[of].model_, _DRAWN * number + drawn)
        for number, (page, of) in enumerate(zip(pages, fold_of_pages(pages), strict=True))
        if page.reviewed and page.body_known and "editorial" in page.labels
        for drawn in range(_DRAWN)
    )
    sizes = np.array([len(blocks) for blocks in fragments])
    group, label, words, *dropped = map(np.array, zip(*(block for blocks in fragments for block in blocks), strict=True))
    tables.heading("Fragments, at the default threshold")
    rows = []
    for form, gone in zip(scoring.FORMS, dropped, strict=True):
        for fewer, most in pairwise((0, *_SIZES)):
            counted = (fewer < sizes) & (sizes <= most)
            here = np.repeat(counted, sizes)
            promo, editorial = here & (label == "promo"), here & (label == "editorial")
            leak, loss = rate(~gone[promo], group[promo]), rate(gone[editorial], group[editorial], words[editorial])
            rows.append((form, f"{fewer + 1} to {most}", np.count_nonzero(counted), leak, loss))
    tables.table("fragments", ("read as", "blocks", "fragments", "promo blocks leaked", "editorial words lost"), rows)


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
