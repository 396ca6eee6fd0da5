"""What the written blocks are worth: languages that a model has seen on no page, with the written blocks and without."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np

from paywallclf import PaywallClassifier
from paywallclf.evaluation import average_precision_estimate
from paywallclf.scoring import score_promo
from training.blocks import WrittenBlocks
from training.corpus import LabelledPage
from training.evaluate import ENOUGH_PROMOS, Blocks, gather, outcome
from training.fit import fit
from training.tables import Tables


def languages_table(pages: Sequence[LabelledPage], written: Sequence[WrittenBlocks], *, n_jobs: int) -> Tables:
    """Leave-language-out: for each language with enough promos, two models that saw no page of it, nor of its groups.

    Each decides at its own default threshold. One network, not several, and three folds: two fits a language take long.
    """
    promos = Counter(page.language for page in pages if page.reviewed for label in page.labels if label == "promo")
    languages = [name for name, count in promos.most_common() if count >= ENOUGH_PROMOS and name != "unknown"]
    tables = Tables()
    tables.heading("Leave-language-out: what the written blocks are worth")
    header = ("language", "written blocks", "average precision", "leak", "pages with a leak", "editorial words lost")
    rows = []
    for language in languages:
        test = [page for page in pages if page.language == language]
        groups = {page.group for page in test}
        train = [page for page in pages if page.group not in groups]
        for name, learned in (("without", ()), ("with", written)):
            print(f"{language} {name}: fitted to {len(train)} pages", file=sys.stderr)
            model = fit(train, PaywallClassifier(members=1, cv=3, n_jobs=n_jobs), learned)
            rows.append((language, name, *_figures(gather(test), test, model)))
    tables.table("languages", header, rows)
    return tables


def _figures(blocks: Blocks, pages: Sequence[LabelledPage], classifier: PaywallClassifier) -> tuple[object, ...]:
    model = classifier.model_
    layouts = [page.document.layout for page in pages]
    promo = [score_promo(model.arrays, layout) for layout in layouts]
    chances = np.concatenate(promo)
    found = outcome(
        blocks, np.concatenate([of >= model.threshold(layout, of) for layout, of in zip(layouts, promo, strict=True)])
    )
    counted = blocks.counted
    precision = average_precision_estimate(blocks.promo[counted], chances[counted], blocks.group[counted])
    return precision, found.leak, found.pages, found.loss
