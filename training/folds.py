"""The five folds of the evaluation: which pages a model may not see, and the models that did not see them."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from paywallclf import PaywallClassifier
from training.corpus import LabelledPage
from training.fit import fit, labels_of

FOLDS = 5


def fold_of_pages(pages: Sequence[LabelledPage]) -> NDArray[np.int64]:
    """The fold in which each page is held out. Pages of one group share it."""
    groups = np.array([page.group for page in pages])
    fold = np.zeros(len(pages), np.int64)
    for number, (_, test) in enumerate(GroupKFold(FOLDS).split(groups, groups=groups)):
        fold[test] = number
    return fold


def fingerprint(pages: Sequence[LabelledPage], classifier: PaywallClassifier) -> str:
    """A hash of what a fit depends on: the texts, the labels, the groups and the parameters."""
    digest = hashlib.sha256()
    parameters = {name: value for name, value in classifier.get_params().items() if name != "n_jobs"}
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    for page in pages:
        row = [page.id, page.group, labels_of(page), [block.fingerprint for block in page.document.blocks]]
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()[:16]


def fold_models(pages: Sequence[LabelledPage], classifier: PaywallClassifier, folder: Path) -> list[PaywallClassifier]:
    """A model for each fold, fitted without its pages; those that `folder` holds for the same data are read."""
    fold = fold_of_pages(pages)
    models = []
    for number in range(FOLDS):
        chosen = [page for page, of in zip(pages, fold, strict=True) if of != number]
        stamp = fingerprint(chosen, classifier)
        place = folder / f"fold{number}-{stamp}"
        if not (place / "config.json").exists():
            start = time.perf_counter()
            fit(chosen, model := clone(classifier)).save(place)
            print(f"fold {number}: fitted to {len(chosen)} pages in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            del model
        models.append(PaywallClassifier.load(place))
    return models
