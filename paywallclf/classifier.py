"""PaywallClassifier: a scikit-learn estimator over documents. scikit-learn learns; `paywallclf.scoring` applies what it learned."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from paywallclf import adapting, scoring, storage
from paywallclf.document import KINDS, LABELS, Document, Layout
from paywallclf.ensemble import probability
from paywallclf.features import ngrams
from paywallclf.fitting import (
    as_table,
    decision_function,
    features_of,
    fewer_bits,
    fragment_of,
    intercept_of,
    loss_threshold,
    markup_rows,
    near_matrix,
    normalised_matrix,
    part_of,
    platt,
    store_second,
    weights_of,
)
from paywallclf.rows import Rows, checked, gather, head_rows

#: A long block of editorial text weighs more, up to a limit: losing it is the worst error. In characters per unit of weight.
_LENGTH_UNIT, _MOST_LENGTH = 60.0, 6.0

#: How many times the budget of pages a fragment may cost: with the budget itself, hardly a promo of a fragment would be found.
_FRAGMENT_BUDGETS = 5

#: Settings of the boosted trees that nobody has had to change: each split looks at a random part of the features.
_LEARNING_RATE, _SMALLEST_LEAF, _LEAF_PENALTY, _FEATURES_OF_A_SPLIT = 0.06, 60, 5.0, 0.2

#: Of what an extractor would leave out, the share that a text to train on keeps.
_FURNITURE_KEPT = 0.15


class PaywallClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Editorial, promo or other: a label for every block of a document.

    Two stages. The first is linear, over hashed n-grams of the text and hashed tokens of the markup (Weinberger et al., 2009).
    The second reads the first one's scores, the block's shape, and its context: the scores of its neighbours and over the
    subtrees of its ancestors. It is a weighted mean of small neural networks and of gradient-boosted trees (Friedman, 2001; Ke et al.,
    2017), which err differently. It is fitted to scores that the first gave to pages of groups it had not seen (stacking;
    Wolpert, 1992), and its output is calibrated on such pages (Platt, 1999).

    Parameters
    ----------
    text_bits, markup_bits, kind_bits : int, default 18, 16, 16
        The hashed tables have ``2**bits`` rows; those of the kinds' markup a quarter of ``2**kind_bits``.
    alpha, epochs : float, default 3e-7; int, default 8
        L2 penalty and passes over the data of the first stage.
    kind_alpha, kind_epochs : float, default 1e-5; int, default 30
        The same of the kinds' first stage, which learns from promos alone and so from a fiftieth of the blocks.
    hidden, members : int, default 32, 2
        Hidden units of a network, and how many networks are averaged.
    network_alpha, network_epochs : float, default 0.03; int, default 4
        L2 penalty and passes over the data of a network.
    trees, leaves : int, default 250, 31
        How many trees are boosted, 0 for none, and the most leaves of each.
    cv : int, default 5
        Folds, split by groups, for the second stage's input, the calibration and the threshold.
    loss_budget : float, default 0.001
        Share of editorial words that the default threshold may cost, measured on unseen groups of the training data; five times
        that on pages of at most eight blocks, whose threshold also judges a page that would lose half of its text. Between
        eight blocks and 64 the threshold lies between the two.
    random_state : int, RandomState or None, default 0
        An int makes fits of the same data equal.
    n_jobs : int or None, default None
        Processes; None for one.

    Attributes
    ----------
    classes_ : array of str, shape (3,)
        ``editorial``, ``promo``, ``other``: the columns of `predict_proba`.
    model_ : paywallclf.scoring.Model
        The learned arrays and the thresholds.
    seed_ : int
        What `random_state` came to.
    estimators_ : dict of str to list
        The scikit-learn estimators behind the arrays; absent from a loaded model.

    Examples
    --------
    >>> from paywallclf import PaywallClassifier, parse_text
    >>> pages = [parse_text("The council met.\\n\\nSubscribe now."), parse_text("Join us today.\\n\\nRain is expected.")]
    >>> labels = [["editorial", "promo:subscribe"], ["promo:register", "editorial"]]
    >>> classifier = PaywallClassifier(text_bits=10, members=1).fit(pages, labels)
    >>> [len(page) for page in classifier.predict(pages)]
    [2, 2]
    """

    def __init__(
        self,
        *,
        text_bits: int = 18,
        markup_bits: int = 16,
        kind_bits: int = 16,
        alpha: float = 3e-7,
        epochs: int = 8,
        kind_alpha: float = 1e-5,
        kind_epochs: int = 30,
        hidden: int = 32,
        members: int = 2,
        network_alpha: float = 0.03,
        network_epochs: int = 4,
        trees: int = 250,
        leaves: int = 31,
        cv: int = 5,
        loss_budget: float = 0.001,
        random_state: int | np.random.RandomState | None = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.text_bits = text_bits
        self.markup_bits = markup_bits
        self.kind_bits = kind_bits
        self.alpha = alpha
        self.epochs = epochs
        self.kind_alpha = kind_alpha
        self.kind_epochs = kind_epochs
        self.hidden = hidden
        self.members = members
        self.network_alpha = network_alpha
        self.network_epochs = network_epochs
        self.trees = trees
        self.leaves = leaves
        self.cv = cv
        self.loss_budget = loss_budget
        self.random_state = random_state
        self.n_jobs = n_jobs

    # -- fitting ---------------------------------------------------------------------------------------------------------

    def fit(
        self,
        documents: Sequence[Document],
        labels: Sequence[Sequence[str | None]],
        groups: Sequence[Any] | NDArray[Any] | None = None,
    ) -> PaywallClassifier:
        """Learn from labelled documents.

        Parameters
        ----------
        documents : sequence of Document, length n_documents
        labels : sequence of sequences
            For each document a label for each block: ``editorial``, ``promo``, ``promo:KIND``, ``other``, ``not_promo``, or
            ``any`` or None for a block to leave out.
        groups : array-like of shape (n_documents,), optional
            Documents of one group (a site, a network of sites) share promo texts and are never split. Default: each document
            is a group. A document whose group is None stands in the background: every fold learns words from it, and none is
            measured, calibrated or given a threshold on it (blocks that stand on no page, say).

        Raises
        ------
        ValueError
            A parameter is out of its range, lengths do not agree, a label does not exist, or no block is promo or none is
            something else.
        TypeError
            Something else than documents.
        """
        self._check_parameters()
        seed = self.random_state
        self.seed_ = (
            int(seed) if isinstance(seed, (int, np.integer)) else check_random_state(seed).randint(2**31 - self.members)
        )
        rows = gather(documents, labels, groups)
        if not ((rows.promo & rows.held).any() and (rows.known & ~rows.promo & rows.held).any()):
            raise ValueError("fit needs at least one promo block and one block that is none")
        folds = self._folds(rows)
        text = self._text_matrix(rows)
        tokens = self._markup_matrix(rows)

        arrays: dict[str, NDArray[Any]] = {}
        self.estimators_: dict[str, list[Any]] = {}
        first = self._fit_first(rows, folds, text, tokens, arrays)
        thresholds: dict[str, float] = {}
        for form in scoring.FORMS:
            thresholds |= self._fit_second(form, rows, folds, first, arrays)
        self._fit_kinds(rows, folds, text, tokens, first, arrays)
        config = {
            "name": "paywallclf",
            "version": "custom",
            "thresholds": thresholds,
            "parameters": {
                **{name: value for name, value in self.get_params().items() if name != "n_jobs"},
                "random_state": self.seed_,
            },
            "documents": int((~rows.background).sum()),
            "groups": len({str(group) for group in rows.group[~rows.background]}),
            "blocks": int((rows.known & rows.held).sum()),
            "promo_blocks": int((rows.promo & rows.held).sum()),
            "background_blocks": int((rows.known & ~rows.held).sum()),
        }
        self.model_ = scoring.Model(storage.rounded(arrays), config)
        self.classes_ = np.array(LABELS)
        return self

    def _check_parameters(self) -> None:
        for name, least, most in (
            ("text_bits", 1, 24), ("markup_bits", 1, 24), ("kind_bits", 1, 24), ("epochs", 1, None), ("kind_epochs", 1, None),
            ("hidden", 1, None), ("members", 1, None), ("network_epochs", 1, None), ("trees", 0, None), ("leaves", 2, None),
            ("cv", 1, None), ("alpha", 0, None), ("kind_alpha", 0, None), ("network_alpha", 0, None), ("loss_budget", 0, 1),
        ):  # fmt: skip
            value = getattr(self, name)
            if not least <= value <= (math.inf if most is None else most):
                raise ValueError(
                    f"{name} must be at least {least}" + ("" if most is None else f" and at most {most}") + f", not {value!r}"
                )

    def _folds(self, rows: Rows) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Training and test rows of each fold; where there is one group only, everything twice."""
        pages = np.flatnonzero(~rows.background)
        _, group = np.unique(rows.group[pages].astype(str), return_inverse=True)
        everything = np.arange(len(rows.page))
        if group.max() < 1 or self.cv < 2:
            return [(everything, everything)]
        splitter = GroupKFold(min(self.cv, group.max() + 1))
        held_out = [np.isin(rows.page, pages[test]) for _, test in splitter.split(group, groups=group)]
        return [(np.flatnonzero(~test), np.flatnonzero(test)) for test in held_out]

    def _text_matrix(self, rows: Rows) -> Any:
        texts = [text for layout in rows.layouts for text in layout.texts]
        columns, counts = [], []
        for start in range(0, len(texts), 20_000):
            found, numbers = ngrams.hash_texts(texts[start : start + 20_000], self.text_bits)
            columns.append(found)
            counts.append(numbers)
        return normalised_matrix(np.concatenate(columns), np.concatenate(counts), 1 << self.text_bits)

    def _markup_matrix(self, rows: Rows) -> Any:
        parts = Parallel(n_jobs=self.n_jobs)(
            delayed(markup_rows)(rows.layouts[start : start + 100], self.markup_bits)
            for start in range(0, len(rows.layouts), 100)
        )
        return scipy.sparse.vstack(parts, format="csr")

    def _fit_first(
        self, rows: Rows, folds: Any, text: Any, tokens: Any, arrays: dict[str, NDArray[Any]]
    ) -> NDArray[np.float32]:
        """Fit the first stage on everything; give its scores out of fold."""
        has_markup = np.array([bool(layout.tags) for layout in rows.layouts])[rows.page]
        everything = np.ones(len(rows.page), bool)
        jobs = []
        for family, matrix, allowed in (("text", text, everything), ("markup", tokens, has_markup)):
            for head in scoring.HEADS:
                target, usable = head_rows(rows, head)
                jobs.append((family, head, matrix, target, usable & allowed))

        def one(matrix: Any, target: Any, usable: Any, train: Any, test: Any) -> tuple[Any, Any]:
            chosen = train[usable[train]]
            estimator = self._linear(matrix, target, rows.weight, chosen, self.alpha, self.epochs)
            return estimator, decision_function(estimator, matrix[test]) if test is not None else None

        def run(matrix: Any, target: Any, usable: Any) -> tuple[Any, Any]:
            scores = np.zeros(len(rows.page), np.float32)
            for train, test in folds:
                scores[test] = one(matrix, target, usable, train, test)[1]
            return one(matrix, target, usable, np.arange(len(rows.page)), None)[0], scores

        results = Parallel(n_jobs=self.n_jobs, prefer="threads")(
            delayed(run)(matrix, target, usable) for _, _, matrix, target, usable in jobs
        )
        first = np.stack([scores for _, scores in results], axis=1)
        first[~has_markup, len(scoring.HEADS) :] = 0
        for family, bits in (("text", self.text_bits), ("markup", self.markup_bits)):
            fitted = [estimator for (name, *_), (estimator, _) in zip(jobs, results, strict=True) if name == family]
            self.estimators_[family] = fitted
            width = text.shape[1] if family == "text" else tokens.shape[1]
            arrays[f"{family}_table"] = as_table(np.stack([weights_of(estimator, width) for estimator in fitted], axis=1), bits)
            arrays[f"{family}_intercept"] = np.array([intercept_of(estimator) for estimator in fitted])
        spread = first[rows.held].std(axis=0)
        arrays["first_scale"] = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)
        return first

    def _linear(self, matrix: Any, target: Any, weights: Any, chosen: Any, alpha: float, epochs: int) -> Any:
        """A linear model of one head, or the share of its only class where there is no other."""
        if len(chosen) == 0 or len(np.unique(target[chosen])) < 2:
            return 0.0 if len(chosen) == 0 else (4.0 if target[chosen[0]] else -4.0)
        estimator = SGDClassifier(
            loss="log_loss", alpha=alpha, max_iter=epochs, tol=None, average=True, random_state=self.seed_
        )
        return estimator.fit(matrix[chosen], target[chosen], sample_weight=weights[chosen])

    def _fit_second(
        self, form: str, rows: Rows, folds: Any, first: NDArray[np.float32], arrays: dict[str, NDArray[Any]]
    ) -> dict[str, float]:
        """Fit the second stage of a form; calibrate it out of fold, and give the thresholds chosen so."""
        scaled = first / arrays["first_scale"]
        heads = len(scoring.HEADS)
        joint = np.zeros((scaled.shape[1], heads), np.float32)
        intercept = np.zeros(heads, np.float32)
        seen = heads if form == "text" else scaled.shape[1]
        for column, head in enumerate(scoring.HEADS):
            target, usable = head_rows(rows, head)
            usable &= rows.held
            if len(np.unique(target[usable])) == 2:
                fitted = LogisticRegression().fit(scaled[usable][:, :seen], target[usable])
                joint[:seen, column], intercept[column] = fitted.coef_[0], fitted.intercept_[0]
        arrays[f"{form}_joint_weights"], arrays[f"{form}_joint_intercept"] = joint, intercept

        features, source, sizes = self._second_features(form, rows, first, scaled @ joint + intercept, arrays)
        lengths = np.fromiter((len(text) for layout in rows.layouts for text in layout.texts), np.float64)
        important = np.where(rows.promo, 1.0, np.clip(lengths / _LENGTH_UNIT, 1.0, _MOST_LENGTH))
        importance = (np.sqrt(rows.weight) * important)[source]
        whole = sizes == 0
        fold_of = np.zeros(len(rows.page), np.int64)
        for number, (_, test) in enumerate(folds):
            fold_of[test] = number
        fold_of = fold_of[source]

        for head in scoring.HEADS:
            target, usable = head_rows(rows, head)
            target, usable = target[source], usable[source]
            prefix = f"{form}_{head}"
            if head == "editorial":  # decides only which of two labels is likelier: one network, as it comes
                self.estimators_[prefix] = [self._network(features, target, importance, np.flatnonzero(usable), 0), 0.0]
                store_second(arrays, prefix, self.estimators_[prefix], len(scoring.FEATURES))
                continue
            seen_by = [np.flatnonzero(usable & ((fold_of != number) | (len(folds) == 1))) for number in range(len(folds))]
            jobs = [(np.flatnonzero(usable), self.members), *((chosen, 1) for chosen in seen_by)]
            self.estimators_[prefix], *estimates = Parallel(n_jobs=self.n_jobs)(
                delayed(self._head)(features, target, importance, chosen, members) for chosen, members in jobs
            )
            store_second(arrays, prefix, self.estimators_[prefix], len(scoring.FEATURES))
            held_out = np.zeros(len(source))
            for number, estimators in enumerate(estimates):
                part: dict[str, NDArray[Any]] = {}
                store_second(part, prefix, estimators, len(scoring.FEATURES))
                held_out[fold_of == number] = scoring.second_stage(part, prefix, features[fold_of == number])
            arrays[f"{prefix}_calibration"] = slope, offset = platt(held_out[usable & whole], target[usable & whole])
            chances = probability(slope * held_out + offset)
            words = np.fromiter((len(text.split()) for layout in rows.layouts for text in layout.texts), np.float64)[source]
            editorial = rows.label[source] == "editorial"
            pages, fragments = editorial & whole, editorial & ~whole & (sizes <= scoring.FRAGMENT)
            threshold = loss_threshold(chances[pages], words[pages], self.loss_budget)
            on_fragments = loss_threshold(chances[fragments], words[fragments], _FRAGMENT_BUDGETS * self.loss_budget)
        return {form: threshold, f"{form}_fragment": max(threshold, on_fragments)}

    def _second_features(
        self, form: str, rows: Rows, first: NDArray[np.float32], joint: NDArray[np.float32], arrays: dict[str, NDArray[Any]]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
        """Features of all pages in a form, the row that each of them is of, and the blocks of its fragment, 0 for a whole page.

        Pages with markup are trained on as text too: as an extractor would hand them over, and every second one also whole.
        Of each page a fragment is added: people clean small pages too, and what stands around a block on one of two hundred
        blocks says other things on one of three.
        """
        random = np.random.default_rng(self.seed_)
        jobs: list[tuple[Layout, NDArray[np.float32]]] = []
        sources, sizes = [], []
        for index, layout in enumerate(rows.layouts):
            if rows.background[index]:
                continue
            span = rows.of_page(index)
            every = np.arange(span.start, span.stop)
            if form == "html":
                variants = [every] if layout.tags else []
            else:
                likely = (joint[span, 1] > 0) | (joint[span, 0] > 0) | rows.promo[span] | (rows.label[span] == "editorial")
                extracted = likely & (rows.label[span] != "other") | (random.random(len(every)) < _FURNITURE_KEPT)
                variants = [every[extracted], every][: 1 + index % 2] if layout.tags else [every]
            variants = [chosen for chosen in variants if len(chosen)]
            n_pages = len(variants)
            fragment = fragment_of(rows.label[span], random)
            if n_pages and len(fragment):
                variants.append(every[fragment])
            kept = layout if form == "html" else Layout.of_text(layout.texts)
            for number, chosen in enumerate(variants):
                scores = first[chosen].copy()
                if form == "text":
                    scores[:, len(scoring.HEADS) :] = 0
                jobs.append((part_of(kept, chosen - span.start) if len(chosen) < len(every) else kept, scores))
                sources.append(chosen)
                sizes.append(np.full(len(chosen), 0 if number < n_pages else len(chosen)))
        if not jobs:
            return np.zeros((0, len(scoring.FEATURES)), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64)
        small = {name: array for name, array in arrays.items() if name.startswith((f"{form}_joint", "first_scale"))}
        parts = Parallel(n_jobs=self.n_jobs)(
            delayed(features_of)(small, jobs[start : start + 100]) for start in range(0, len(jobs), 100)
        )
        return np.vstack(parts), np.concatenate(sources), np.concatenate(sizes)

    def _head(self, features: Any, target: Any, importance: Any, chosen: Any, members: int) -> list[Any]:
        """Networks, and trees that learn from what the networks are not sure of: they are asked about nothing else."""
        networks = [self._network(features, target, importance, chosen, member) for member in range(members)]
        part: dict[str, NDArray[Any]] = {}
        store_second(part, "", [*networks, 0.0], len(scoring.FEATURES))
        doubtful = chosen[scoring.network(part, "", features[chosen]) > scoring.DOUBT]
        return [*networks, self._trees(features, target, importance, doubtful)]

    def _network(self, features: Any, target: Any, importance: Any, chosen: Any, member: int) -> Any:
        """A standardiser and a network, or a constant where there is one class only."""
        if len(chosen) == 0 or len(np.unique(target[chosen])) < 2:
            return 0.0 if len(chosen) == 0 else (4.0 if target[chosen[0]] else -4.0)
        scaler = StandardScaler().fit(features[chosen])
        network = MLPClassifier(
            (self.hidden,),
            alpha=self.network_alpha,
            batch_size=min(512, len(chosen)),
            max_iter=self.network_epochs if len(chosen) > 50_000 else 8 * self.network_epochs,
            random_state=self.seed_ + member,
        )
        standard = np.clip(scaler.transform(features[chosen]), -scoring.CLIP, scoring.CLIP)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of passes is the regularisation
            network.fit(standard, target[chosen], sample_weight=importance[chosen])
        return scaler, network

    def _trees(self, features: Any, target: Any, importance: Any, chosen: Any) -> Any:
        """Boosted trees, or a constant for none."""
        if self.trees == 0 or len(chosen) == 0 or len(np.unique(target[chosen])) < 2:
            return 0.0
        estimator = HistGradientBoostingClassifier(
            learning_rate=_LEARNING_RATE, max_iter=self.trees, max_leaf_nodes=self.leaves, min_samples_leaf=_SMALLEST_LEAF,
            l2_regularization=_LEAF_PENALTY, max_features=_FEATURES_OF_A_SPLIT, early_stopping=False, random_state=self.seed_,
        )  # fmt: skip
        return estimator.fit(features[chosen], target[chosen], sample_weight=importance[chosen])

    def _fit_kinds(
        self, rows: Rows, folds: Any, text: Any, tokens: Any, first: NDArray[np.float32], arrays: dict[str, NDArray[Any]]
    ) -> None:
        """Fit both stages of the kinds, on promo blocks alone."""
        text_bits, markup_bits = min(self.kind_bits, self.text_bits), min(max(self.kind_bits - 2, 1), self.markup_bits)
        small, tokens = fewer_bits(text, self.text_bits, text_bits), fewer_bits(tokens, self.markup_bits, markup_bits)
        joint = (first / arrays["first_scale"]) @ arrays["html_joint_weights"] + arrays["html_joint_intercept"]
        promo = np.where(rows.held, probability(joint[:, 0].astype(np.float64)), rows.promo)
        spans = [(layout, rows.of_page(index)) for index, layout in enumerate(rows.layouts) if layout.texts]
        near = scipy.sparse.block_diag(
            [near_matrix(layout, promo[span]) for layout, span in spans], format="csr", dtype=np.float32
        )
        usable = np.flatnonzero(rows.promo & (rows.kind != ""))
        matrix = scipy.sparse.hstack([small[usable], near[usable] @ small, tokens[usable]], format="csr")
        numbers = np.array([KINDS.index(rows.kind[row]) for row in usable])
        width = 1 << text_bits

        def fit(train: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            every = np.ones(len(usable))
            fitted = Parallel(n_jobs=self.n_jobs, prefer="threads")(
                delayed(self._linear)(
                    matrix, numbers == number, every, np.flatnonzero(train), self.kind_alpha, self.kind_epochs
                )
                for number in range(len(KINDS))
            )
            weights = np.stack([weights_of(estimator, matrix.shape[1]) for estimator in fitted], axis=1)
            return weights, np.array([intercept_of(estimator) for estimator in fitted])

        scores = np.zeros((len(rows.page), len(KINDS)), np.float32)
        for train, test in folds:
            weights, intercept = fit(np.isin(usable, train))
            around = near[test] @ (small @ weights[width : 2 * width])
            scores[test] = small[test] @ weights[:width] + around + tokens[test] @ weights[2 * width :] + intercept
        weights, intercept = fit(np.ones(len(usable), bool))
        measured = rows.held[usable]
        scale = max(float(np.abs(scores[usable[measured]]).std()), 1e-3) if measured.any() else 1.0
        arrays["kind_text_table"] = as_table(weights[: 2 * width] / scale, text_bits)
        arrays["kind_markup_table"] = as_table(weights[2 * width :] / scale, markup_bits)
        arrays["kind_intercept"] = intercept / scale
        features = np.vstack([scoring.kind_features(scores[span] / scale, promo[span], layout) for layout, span in spans])
        features, numbers = features[usable[measured]], numbers[measured]
        arrays["kind_weights"] = np.zeros((features.shape[1], len(KINDS)))
        arrays["kind_second_intercept"] = np.full(len(KINDS), -8.0)
        present = np.unique(numbers)
        if len(present) == 1:
            arrays["kind_second_intercept"][present[0]] = 8.0
        elif len(present) > 1:
            estimator = LogisticRegression(C=0.3, max_iter=1000, tol=1e-3).fit(features, numbers)
            self.estimators_["kind"] = [estimator]
            coefficients, offsets = estimator.coef_, estimator.intercept_
            if len(present) == 2:  # scikit-learn keeps one row of two
                coefficients, offsets = np.vstack([0 * coefficients, coefficients]), np.concatenate([0 * offsets, offsets])
            arrays["kind_weights"][:, present] = coefficients.T
            arrays["kind_second_intercept"][present] = offsets

    # -- use -------------------------------------------------------------------------------------------------------------

    def _model(self) -> scoring.Model:
        if not hasattr(self, "model_"):
            raise NotFittedError("this PaywallClassifier has learned nothing yet: call fit, or PaywallClassifier.load(folder)")
        return self.model_

    def predict_proba(self, documents: Sequence[Document]) -> NDArray[np.object_]:
        """Probabilities of the labels.

        Returns
        -------
        object array of shape (n_documents,)
            For each document an array of shape (n_blocks, 3): editorial, promo, other.
        """
        arrays = self._model().arrays
        return _objects([scoring.score(arrays, document.layout).labels for document in checked(documents)])

    def predict(self, documents: Sequence[Document]) -> NDArray[np.object_]:
        """Labels by the decision rule: promo where its probability reaches the threshold, else the likelier of the others.

        Returns
        -------
        object array of shape (n_documents,)
            For each document an array of str of shape (n_blocks,).
        """
        model = self._model()
        labels = []
        for document, chances in zip(documents, self.predict_proba(documents), strict=True):
            labels.append(decide(chances, model.threshold(document.layout, chances[:, 1])))
        return _objects(labels)

    def score(self, documents: Sequence[Document], labels: Sequence[Sequence[str | None]], sample_weight: Any = None) -> float:
        """Average precision of promo against the rest, over all blocks that are not left out; nan without a promo."""
        rows = gather(documents, labels, None)
        chances = np.concatenate([np.zeros((0, 3)), *self.predict_proba(documents)])[:, 1]
        if not rows.promo.any():
            return float("nan")
        weight = None if sample_weight is None else np.asarray(sample_weight)[rows.page][rows.known]
        return float(average_precision_score(rows.promo[rows.known], chances[rows.known], sample_weight=weight))

    def adapt(self, documents: Sequence[Document], labels: Sequence[Sequence[str | None]]) -> PaywallClassifier:
        """A new model fitted to one publisher, from about twenty labelled blocks of its pages.

        What it learns is what the publisher's own class names and phrases say of promo; pages without them are read as
        before. This model stays as it is, and may be one that was loaded.

        Parameters
        ----------
        documents : sequence of Document, length n_documents
            Two or three whole pages; what is common on them is not taken for a mark of promos.
        labels : sequence of sequences
            For each document a label for each block, as `fit` takes them: None for the many that nobody labelled. Errors that
            the model makes teach most.

        Returns
        -------
        PaywallClassifier
            Without `estimators_`; equal for equal labels.

        Raises
        ------
        NotFittedError
            This model has learned nothing yet.
        ValueError
            No block is labelled, lengths do not agree, or a label does not exist.
        TypeError
            Something else than documents.
        """
        adapted = PaywallClassifier(**self.get_params())
        adapted.model_ = adapting.adapt(self._model(), documents, labels)
        adapted.classes_ = np.array(LABELS)
        return adapted

    def save(self, folder: str | Path, card: str = "") -> None:
        """Write a model folder: safetensors, JSON, card."""
        model = self._model()
        storage.save(folder, model.arrays, model.config, card)

    @classmethod
    def load(cls, folder: str | Path | None = None) -> PaywallClassifier:
        """Read a model folder, that of the shipped model by default; no code in it is run.

        Raises
        ------
        ModelError
            The folder is missing, damaged, of a newer format, or no model.
        """
        arrays, config = storage.load(storage.SHIPPED if folder is None else folder, scoring.SHAPES)
        known = cls().get_params()
        parameters = {name: value for name, value in config.get("parameters", {}).items() if name in known}
        classifier = cls(**parameters)
        classifier.model_ = scoring.Model(arrays, config)
        classifier.classes_ = np.array(LABELS)
        return classifier

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")


def decide(chances: NDArray[np.float64], threshold: float) -> NDArray[np.str_]:
    """Labels from probabilities of shape (n_blocks, 3)."""
    labels = np.where(chances[:, 0] >= chances[:, 2], "editorial", "other")
    return np.where(chances[:, 1] >= threshold, "promo", labels)


def _objects(values: list[Any]) -> NDArray[np.object_]:
    result = np.empty(len(values), object)
    result[:] = values
    return result
