"""The tables of the evaluation: how good, against what, and where not. Every figure is of pages whose group the model never saw."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from paywallclf import PaywallClassifier
from paywallclf.document import KINDS
from paywallclf.evaluation import Rate, calibration_error, is_long_enough, macro_rate, precision_recall_f1, rate
from paywallclf.scoring import score
from training.access_table import access_table
from training.article_table import article_table
from training.baselines import TfidfBaseline, regex_scores
from training.corpus import LabelledPage
from training.folds import FOLDS, fold_of_pages
from training.fragment_table import fragment_table
from training.peer_tables import peer_tables
from training.tables import Tables

#: What can be evaluated alone.
PARTS = ("promo", "corrections", "fragments", "article", "access", "peers")

#: Shares of editorial words that may be lost.
BUDGETS = (0.0005, 0.001, 0.003, 0.01)

#: Editorial blocks that speak of subscriptions (the design's published expression).
HARD_NEGATIVE = re.compile(r"subscri|abonn|abbonat|newsletter|paywall|donat|suscri|iscri|購読|会員|구독|подпис", re.IGNORECASE)

#: A language is told apart from so many promo blocks on.
ENOUGH_PROMOS = 40


@dataclass(frozen=True, slots=True)
class Blocks:
    """Our blocks of all pages, one row each, and the gold blocks that count in leak and loss."""

    label: NDArray[np.str_]
    kind: NDArray[np.str_]
    group: NDArray[np.str_]
    language: NDArray[np.str_]
    source: NDArray[np.str_]
    fold: NDArray[np.int64]
    reviewed: NDArray[np.bool_]
    words: NDArray[np.float64]
    texts: list[str]
    first_row: NDArray[np.int64]
    promos: list[tuple[int, list[int], str, str]]
    """Gold promos: page, rows of ours that hold it, kind, text."""
    long: NDArray[np.bool_]
    """Which of the gold promos are long enough to count in the leak."""

    @property
    def counted(self) -> NDArray[np.bool_]:
        return np.not_equal(self.label, "any") & self.reviewed

    @property
    def promo(self) -> NDArray[np.bool_]:
        return np.equal(self.label, "promo")

    @property
    def editorial(self) -> NDArray[np.bool_]:
        return np.equal(self.label, "editorial") & self.reviewed


def gather(pages: Sequence[LabelledPage]) -> Blocks:
    """The rows of all pages."""
    sizes = [len(page.labels) for page in pages]
    of_page = np.repeat(np.arange(len(pages)), sizes)
    first_row = np.concatenate(([0], np.cumsum(sizes)))
    texts = [block.text for page in pages for block in page.document.blocks]
    promos = []
    for number, page in enumerate(pages):
        if page.reviewed:
            promos += [
                (number, [int(first_row[number]) + index for index in gold.ours], gold.kind or "", gold.text)
                for gold in page.gold
                if gold.label == "promo"
            ]

    def spread(values: Iterable[Any]) -> NDArray[Any]:
        return np.array(list(values))[of_page]

    return Blocks(
        label=np.array([label for page in pages for label in page.labels]),
        kind=np.array([kind or "" for page in pages for kind in page.kinds]),
        group=spread(page.group for page in pages),
        language=spread(page.language for page in pages),
        source=spread(page.source for page in pages),
        fold=spread(fold_of_pages(pages)),
        reviewed=spread(page.reviewed for page in pages),
        words=np.array([len(text.split()) for text in texts], np.float64),
        texts=texts,
        first_row=first_row,
        promos=promos,
        long=np.array([is_long_enough(text) for *_, text in promos], bool),
    )


def evaluate(
    pages: Sequence[LabelledPage],
    models: Sequence[PaywallClassifier],
    *,
    n_jobs: int,
    with_peers: bool = True,
    only: Collection[str] = PARTS,
) -> Tables:
    """The tables of some parts of the evaluation.

    Parameters
    ----------
    pages : sequence of LabelledPage
    models : sequence of PaywallClassifier
        Those of `training.folds.fold_models`.
    n_jobs : int
    with_peers : bool
        Compare with the extractors that are installed.
    only : collection of str
        Some of `PARTS`.
    """
    tables = Tables()
    promos = sum(label == "promo" for page in pages if page.reviewed for label in page.labels)
    counted = sum(label != "any" for page in pages if page.reviewed for label in page.labels)
    tables.lines.append(
        f"{len(pages)} pages of {len({page.group for page in pages})} groups; {promos} promo blocks among {counted}. "
        "Five folds by group, pooled. Intervals: 95 %, bootstrap over groups."
    )
    if "promo" in only:
        promo_tables(tables, pages, models, n_jobs)
    if "corrections" in only:
        from training.corrections import corrections_table  # stands on what is defined here

        corrections_table(tables, pages, models, n_jobs)
    if "fragments" in only:
        fragment_table(tables, pages, models, n_jobs)
    if "article" in only:
        article_table(tables, pages, models, n_jobs, with_peers=with_peers)
    if "access" in only:
        access_table(tables, pages, models, n_jobs)
    if "peers" in only and with_peers:
        peer_tables(tables, pages, models, n_jobs)
    return tables


def promo_tables(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """How well promos are found, against baselines, and where not."""
    blocks = gather(pages)
    chances, kinds = predictions(pages, models, blocks, n_jobs)
    scores = {
        "regular expressions": regex_scores(blocks.texts),
        "TF-IDF + logistic regression": tfidf_scores(blocks),
        "paywallclf": chances[:, 1],
    }
    _agreement(tables, blocks, scores)
    _breakdown(tables, blocks, _curve(tables, blocks, scores))
    _default(tables, pages, models, blocks, chances, kinds)


def predictions(
    pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], blocks: Blocks, n_jobs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities of the labels and of the kinds, of every row, by the model that did not see its page."""
    fold = fold_of_pages(pages)

    def one(number: int) -> list[tuple[int, Any]]:
        arrays = models[number].model_.arrays
        return [
            (page, score(arrays, pages[page].document.layout, kinds=True)) for page in np.flatnonzero(fold == number).tolist()
        ]

    chances = np.zeros((len(blocks.texts), 3))
    kinds = np.zeros((len(blocks.texts), len(KINDS)))
    for part in Parallel(n_jobs=n_jobs, prefer="threads")(delayed(one)(number) for number in range(FOLDS)):
        for page, scored in part:
            rows = slice(blocks.first_row[page], blocks.first_row[page + 1])
            chances[rows], kinds[rows] = scored.labels, scored.kinds
    return chances, kinds


def tfidf_scores(blocks: Blocks) -> NDArray[np.float64]:
    """The TF-IDF baseline's scores, each by the model that did not see the row's page."""
    result = np.zeros(len(blocks.texts))
    for number in range(FOLDS):
        train = np.flatnonzero((blocks.fold != number) & blocks.counted)
        test = np.flatnonzero(blocks.fold == number)
        baseline = TfidfBaseline().fit([blocks.texts[row] for row in train], blocks.promo[train])
        result[test] = baseline.decision_function([blocks.texts[row] for row in test])
    return result


# -- tables --------------------------------------------------------------------------------------------------------------


def _agreement(tables: Tables, blocks: Blocks, scores: dict[str, NDArray[np.float64]]) -> None:
    tables.heading("Promo against the rest: average precision")
    counted, promo = blocks.counted, blocks.promo
    against = counted & (promo | blocks.editorial)
    tables.table(
        "average_precision",
        ("model", "over all blocks", "promo against editorial"),
        (
            (
                name,
                _average_precision(promo[counted], values[counted]),
                _average_precision(promo[against], values[against]),
            )
            for name, values in scores.items()
        ),
    )


def nested_thresholds(blocks: Blocks, scores: NDArray[np.float64], budget: float) -> NDArray[np.float64]:
    """For each fold, the lowest threshold that loses at most the share `budget` of the other folds' editorial words."""
    result = np.zeros(FOLDS)
    for number in range(FOLDS):
        other = blocks.editorial & (blocks.fold != number)
        order = np.argsort(-scores[other], kind="stable")
        lost = np.cumsum(blocks.words[other][order]) / blocks.words[other].sum()
        kept = scores[other][order][np.searchsorted(lost, budget, side="right")]
        result[number] = np.nextafter(kept, np.inf)
    return result


@dataclass(frozen=True, slots=True)
class Outcome:
    """Leak and loss of one decision over all rows."""

    leak: Rate
    pages: Rate
    loss: Rate
    macro_loss: float
    short_leak: Rate
    not_promo: Rate
    any: Rate
    leaked: NDArray[np.bool_]


def outcome(blocks: Blocks, dropped: NDArray[np.bool_]) -> Outcome:
    """Leak and loss of a decision: which rows are dropped."""
    fold_group = blocks.group
    page_of = np.array([page for page, *_ in blocks.promos])
    long = blocks.long
    # a gold promo whose text we do not hold at all has leaked
    leaked = np.array([not rows or not all(dropped[row] for row in rows) for _, rows, _, _ in blocks.promos])
    groups = np.array([fold_group[blocks.first_row[page]] for page in page_of])
    pages = np.unique(page_of[long])
    leaky = np.isin(pages, page_of[long & leaked])
    page_groups = np.array([fold_group[blocks.first_row[page]] for page in pages])
    editorial = blocks.editorial
    lost = dropped[editorial].astype(np.float64)
    negative = np.isin(blocks.label, ("not_promo", "other")) & blocks.reviewed
    any_ = blocks.label == "any"
    return Outcome(
        leak=rate(leaked[long], groups[long]),
        pages=rate(leaky, page_groups),
        loss=rate(lost, fold_group[editorial], blocks.words[editorial]),
        macro_loss=macro_rate(lost, fold_group[editorial], blocks.words[editorial]),
        short_leak=rate(leaked[~long], groups[~long]),
        not_promo=rate(dropped[negative], fold_group[negative], blocks.words[negative]),
        any=rate(dropped[any_], fold_group[any_], blocks.words[any_]),
        leaked=leaked,
    )


def _curve(tables: Tables, blocks: Blocks, scores: dict[str, NDArray[np.float64]]) -> dict[float, Outcome]:
    """Leak at each budget; gives paywallclf's outcomes."""
    tables.heading("Leak and loss (thresholds chosen on the other folds)")
    rows = []
    ours: dict[float, Outcome] = {}
    for name, values in scores.items():
        for budget in BUDGETS:
            thresholds = nested_thresholds(blocks, values, budget)
            result = outcome(blocks, values >= thresholds[blocks.fold])
            if name == "paywallclf":
                ours[budget] = result
            rows.append(
                (
                    name, f"{100 * budget:g} %", result.leak, result.pages, result.loss, result.macro_loss,
                    result.short_leak, result.not_promo, result.any,
                )
            )  # fmt: skip
    header = (
        "model", "aim", "promo blocks leaked", "pages leaking", "editorial words lost", "lost, mean over groups",
        "short promos leaked", "other and not_promo words dropped", "any words dropped",
    )  # fmt: skip
    tables.table("leak_and_loss", header, rows)
    return ours


def _breakdown(tables: Tables, blocks: Blocks, results: dict[float, Outcome]) -> None:
    """Leak by kind, language and source."""
    long = blocks.long
    first = np.array([blocks.first_row[page] for page, *_ in blocks.promos])
    kinds = np.array([kind for _, _, kind, _ in blocks.promos])
    by = {"kind": kinds, "language": blocks.language[first], "source": blocks.source[first]}
    for name, values in by.items():
        tables.heading(f"Promo blocks leaked by {name}")
        found = sorted(set(values), key=lambda value: -int(((values == value) & long).sum()))
        if name == "language":
            found = [value for value in found if ((values == value) & long).sum() >= ENOUGH_PROMOS]
        rows = []
        for value in found:
            chosen = (values == value) & long
            cells = [rate(results[budget].leaked[chosen], blocks.group[first[chosen]]) for budget in BUDGETS]
            rows.append((value, *cells))
        tables.table(f"leak_by_{name}", (name, *(f"at {100 * budget:g} %" for budget in BUDGETS)), rows)


def _default(
    tables: Tables,
    pages: Sequence[LabelledPage],
    models: Sequence[PaywallClassifier],
    blocks: Blocks,
    chances: NDArray[np.float64],
    kinds: NDArray[np.float64],
) -> None:
    """What the default threshold does: each fold's model decides by its own."""
    fold = fold_of_pages(pages)
    promos = np.split(chances[:, 1], blocks.first_row[1:-1])
    dropped = np.concatenate(
        [
            promo >= models[of].model_.threshold(page.document.layout, promo)
            for page, of, promo in zip(pages, fold, promos, strict=True)
        ]
    )
    result = outcome(blocks, dropped)
    counted, promo = blocks.counted, blocks.promo
    against = counted & (promo | blocks.editorial)
    hard = blocks.editorial & np.array([HARD_NEGATIVE.search(text) is not None for text in blocks.texts])
    tables.heading("At the default threshold (each fold's own)")
    precision, recall, f1 = precision_recall_f1(promo[counted], dropped[counted])
    precise, recalled, f1_against = precision_recall_f1(promo[against], dropped[against])
    found = promo & dropped & (blocks.kind != "")
    named = np.array(KINDS)[kinds.argmax(axis=1)]
    per_kind = [precision_recall_f1((blocks.kind == kind)[found], (named == kind)[found])[2] for kind in KINDS]
    told = np.isin(blocks.label, ("editorial", "other")) & blocks.reviewed & ~dropped
    body = chances[:, 0] >= chances[:, 2]
    tables.table(
        "default_threshold",
        ("figure", "value"),
        [
            ("promo blocks leaked", result.leak),
            ("pages leaking", result.pages),
            ("editorial words lost", result.loss),
            ("editorial words lost, mean over groups", result.macro_loss),
            ("precision, recall, F1 over all blocks", f"{precision:.3f}, {recall:.3f}, {f1:.3f}"),
            ("precision, recall, F1 against editorial", f"{precise:.3f}, {recalled:.3f}, {f1_against:.3f}"),
            ("hard negatives lost (blocks)", rate(dropped[hard], blocks.group[hard])),
            ("other and not_promo words dropped", result.not_promo),
            ("any words dropped", result.any),
            ("kind right of found promos", rate((named == blocks.kind)[found], blocks.group[found])),
            ("kind, macro F1", float(np.mean(per_kind))),
            (
                "editorial told from other (F1 over blocks)",
                precision_recall_f1((blocks.label == "editorial")[told], body[told])[2],
            ),
            ("calibration error", calibration_error(promo[counted], chances[counted, 1])),
        ],
    )
    _parts(tables, blocks, chances[:, 1], dropped)


def _parts(tables: Tables, blocks: Blocks, chances: NDArray[np.float64], dropped: NDArray[np.bool_]) -> None:
    """Both errors at the default threshold, by language and by source."""
    counted, promo, editorial = blocks.counted, blocks.promo, blocks.editorial
    for name, values in (("language", blocks.language), ("source", blocks.source)):
        rows = []
        for value, n_promos in Counter(values[counted & promo].tolist()).most_common():
            part = counted & (values == value)
            if n_promos < ENOUGH_PROMOS:
                continue
            precision, recall, f1 = precision_recall_f1(promo[part], dropped[part])
            against = part & (promo | editorial)
            body = editorial & part
            rows.append(
                (
                    value, n_promos, _average_precision(promo[part], chances[part]),
                    _average_precision(promo[against], chances[against]), f"{precision:.3f}, {recall:.3f}, {f1:.3f}",
                    rate(dropped[body], blocks.group[body], blocks.words[body]),
                )
            )  # fmt: skip
        tables.heading(f"At the default threshold by {name}")
        header = (
            name, "promo blocks", "average precision over all", "against editorial", "precision, recall, F1",
            "editorial words lost",
        )  # fmt: skip
        tables.table(f"default_by_{name}", header, rows)


def _average_precision(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    return float(average_precision_score(truth, scores)) if truth.any() else float("nan")
