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
from training import peers
from training.blocks import WrittenBlocks
from training.corpus import LabelledPage, labels_of
from training.fit import fit

FOLDS = 5


#: What decides which groups are locked: with another, another fifth would be.
LOCK = "lock"


def is_locked(page: LabelledPage) -> bool:
    """Whether a page is of the fifth of the groups that no setting was chosen on; it is looked at once, for the record."""
    return int(hashlib.sha256(f"{LOCK} {page.group}".encode()).hexdigest(), 16) % 5 == 0


def fold_of_pages(pages: Sequence[LabelledPage]) -> NDArray[np.int64]:
    """The fold in which each page is held out. Pages of one group share it."""
    groups = np.array([page.group for page in pages])
    fold = np.zeros(len(pages), np.int64)
    n_folds = min(FOLDS, len(set(groups)))
    if n_folds > 1:
        for number, (_, test) in enumerate(GroupKFold(n_folds).split(groups, groups=groups)):
            fold[test] = number
    return fold


def fingerprint(pages: Sequence[LabelledPage], classifier: PaywallClassifier, written: Sequence[WrittenBlocks] = ()) -> str:
    """A hash of what a fit depends on: the texts, the labels, the groups, the extractors and the parameters."""
    digest = hashlib.sha256(json.dumps(peers.versions()).encode())
    parameters = {name: value for name, value in classifier.get_params().items() if name != "n_jobs"}
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    for page in pages:
        row = [page.id, page.group, labels_of(page), [block.fingerprint for block in page.document.blocks]]
        digest.update(json.dumps(row).encode())
    for blocks in written:
        digest.update(json.dumps([blocks.labels, [block.fingerprint for block in blocks.document.blocks]]).encode())
    return digest.hexdigest()[:16]


def fold_models(
    pages: Sequence[LabelledPage], classifier: PaywallClassifier, folder: Path, written: Sequence[WrittenBlocks] = ()
) -> list[PaywallClassifier]:
    """A model for each fold, fitted without its pages; those that `folder` holds for the same data are read.

    The written blocks are of no site: every fold learns from them, and none is measured on them.
    """
    fold = fold_of_pages(pages)
    models = []
    for number in range(FOLDS):
        chosen = [page for page, of in zip(pages, fold, strict=True) if of != number]
        stamp = fingerprint(chosen, classifier, written)
        place = folder / f"fold{number}-{stamp}"
        if not (place / "config.json").exists():
            start = time.perf_counter()
            fit(chosen, model := clone(classifier), written).save(place)
            print(f"fold {number}: fitted to {len(chosen)} pages in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            del model
        models.append(PaywallClassifier.load(place))
    return models
