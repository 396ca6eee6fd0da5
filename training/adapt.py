"""What `adapt` is worth: leak and loss on a publisher's other pages, and on other publishers', before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from paywallclf import PaywallClassifier
from paywallclf.document import fold as fold_space
from paywallclf.evaluation import is_long_enough, rate
from paywallclf.scoring import Model, score_promo
from training.corpus import LabelledPage, labels_of
from training.folds import FOLDS, fold_of_pages, is_locked
from training.tables import Tables

#: A publisher (group) is measured if it has so many reviewed pages and, on them, so many promos that count in the leak.
LEAST_PAGES, LEAST_PROMOS = 6, 10

#: What a user labels: so many blocks, of so many pages; of them so many errors, if there are as many.
LABELLED, LABELLED_PAGES, ERRORS = 20, 3, 10

#: How often pages and blocks are drawn for each publisher.
DRAWS = 5

#: Pages of other publishers of the fold on which it is looked for harm.
OTHER_PAGES = 200

#: What is counted of a page: part and whole of each.
COUNTS = ("promo blocks leaked", "editorial words lost", "other and not_promo words dropped")

Decisions = Mapping[int, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Draw:
    """Twenty labelled blocks of a publisher.

    Attributes
    ----------
    pages : list of int
        The pages that they are of.
    labels : list of list
        For each of these pages, a label for each block; None for those that are not among the twenty.
    promos : set of str
        The texts of the promos among them.
    leaks : int
        How many of these the model does not drop.
    """

    pages: list[int]
    labels: list[list[str | None]]
    promos: set[str]
    leaks: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """One draw's counts, of shape (2, 3), part and whole of each of `COUNTS`, before and after."""

    group: str
    draw: Draw
    own: tuple[NDArray[np.float64], NDArray[np.float64]]
    others: tuple[NDArray[np.float64], NDArray[np.float64]]


def adapt_table(pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], *, n_jobs: int) -> Tables:
    """The tables; `models` are those of `training.folds.fold_models`."""
    fold = fold_of_pages(pages)
    tasks = publishers(pages)
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_measure)(
            group, {number: pages[number] for number in own}, _others(pages, fold == fold[own[0]], group), models[fold[own[0]]]
        )
        for group, own in tasks.items()
    )
    outcomes = [outcome for part in parts for outcome in part]
    tables = Tables()
    tables.lines.append(
        f"{len(tasks)} publishers with at least {LEAST_PAGES} reviewed pages and {LEAST_PROMOS} promos, none of the locked "
        f"groups, each by the model of the {FOLDS} folds that did not see it. {DRAWS} times for each, {LABELLED} blocks of "
        f"{LABELLED_PAGES} random pages are labelled: up to {ERRORS} errors (leaked promos and lost editorial first), the rest "
        "half found promos, half kept blocks. Measured at the default threshold on the publisher's other pages, over promos "
        f"whose text is not among the {LABELLED}, and on {OTHER_PAGES} pages of other publishers. Counts are summed over the "
        "draws; intervals: 95 %, bootstrap over publishers."
    )
    tables.heading("All draws, before and after")
    _sums(tables, "all", outcomes)
    tables.heading("Draws with a leaked promo among the labelled blocks: those in which there is something to learn about leak")
    _sums(tables, "with_leaks", [outcome for outcome in outcomes if outcome.draw.leaks])
    tables.heading("By publisher: counts before → after, summed over the draws")
    _by_publisher(tables, outcomes)
    return tables


def publishers(pages: Sequence[LabelledPage]) -> dict[str, list[int]]:
    """The reviewed pages of each publisher with enough of them."""
    of_group: dict[str, list[int]] = defaultdict(list)
    for number, page in enumerate(pages):
        if page.reviewed and not is_locked(page):
            of_group[page.group].append(number)
    return {
        group: own
        for group, own in sorted(of_group.items())
        if len(own) >= LEAST_PAGES and sum(len(_promos(pages[number])) for number in own) >= LEAST_PROMOS
    }


def _others(pages: Sequence[LabelledPage], in_fold: NDArray[np.bool_], group: str) -> list[LabelledPage]:
    """Pages that the fold's model did not see either."""
    chosen = [number for number in np.flatnonzero(in_fold).tolist() if pages[number].reviewed and pages[number].group != group]
    return [pages[number] for number in np.random.default_rng(0).permutation(chosen)[:OTHER_PAGES].tolist()]


def _promos(page: LabelledPage) -> list[tuple[str, list[int]]]:
    """The gold promos that count in the leak: text, and the blocks of ours that hold it."""
    return [(_normal(gold.text), list(gold.ours)) for gold in page.gold if gold.label == "promo" and is_long_enough(gold.text)]


def _normal(text: str) -> str:
    return fold_space(text).casefold()


def _measure(
    group: str, own: Mapping[int, LabelledPage], others: Sequence[LabelledPage], classifier: PaywallClassifier
) -> list[Outcome]:
    """All draws of one publisher."""
    before = {number: dropped(classifier.model_, page) for number, page in own.items()}
    others_before = sum_counts((page, dropped(classifier.model_, page)) for page in others)
    outcomes = []
    for seed in range(DRAWS):
        drawn = draw(own, before, seed)
        adapted = classifier.adapt([own[number].document for number in drawn.pages], drawn.labels).model_
        test = {number: page for number, page in own.items() if number not in drawn.pages}
        outcomes.append(
            Outcome(
                group,
                drawn,
                (
                    sum_counts(((page, before[number]) for number, page in test.items()), drawn.promos),
                    sum_counts(((page, dropped(adapted, page)) for page in test.values()), drawn.promos),
                ),
                (others_before, sum_counts((page, dropped(adapted, page)) for page in others)),
            )
        )
    return outcomes


def dropped(model: Model, page: LabelledPage) -> NDArray[np.bool_]:
    """Which blocks the model drops at its default threshold."""
    promo = score_promo(model.arrays, page.document.layout)
    return np.asarray(promo >= model.threshold(page.document.layout, promo))


def draw(own: Mapping[int, LabelledPage], before: Decisions, seed: int) -> Draw:
    """Pages with promos, and blocks of them to label, as somebody who corrects a model's decisions would."""
    random = np.random.default_rng(seed)
    with_promos = [number for number, page in own.items() if "promo" in page.labels]
    chosen = [int(number) for number in random.permutation(with_promos)[:LABELLED_PAGES]]
    sorts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number in chosen:
        for index, (label, goes) in enumerate(zip(own[number].labels, before[number].tolist(), strict=True)):
            if label == "any":
                continue
            error = "error" if label in ("promo", "editorial") else "lesser error"
            right = "found" if goes else "kept"
            sorts[right if (label == "promo") == goes else error].append((number, index))

    def pick(sort: str, n: int) -> list[tuple[int, int]]:
        return [sorts[sort][place] for place in random.permutation(len(sorts[sort]))[:n]]

    blocks = pick("error", ERRORS)
    blocks += pick("lesser error", ERRORS - len(blocks))
    blocks += pick("found", (LABELLED - len(blocks)) // 2)
    blocks += pick("kept", LABELLED - len(blocks))
    labels: dict[int, list[str | None]] = {number: [None] * len(own[number].labels) for number in chosen}
    for number, index in blocks:
        labels[number][index] = labels_of(own[number])[index]
    promos = [(number, index) for number, index in blocks if own[number].labels[index] == "promo"]
    return Draw(
        pages=chosen,
        labels=list(labels.values()),
        promos={_normal(own[number].document.blocks[index].text) for number, index in promos},
        leaks=sum(not before[number][index] for number, index in promos),
    )


def sum_counts(decisions: Iterable[tuple[LabelledPage, NDArray[np.bool_]]], seen: Collection[str] = ()) -> NDArray[np.float64]:
    """Part and whole of each of `COUNTS`, over promos whose text is not in `seen`."""
    total = np.zeros((2, len(COUNTS)))
    for page, goes in decisions:
        leaked = [not (ours and goes[ours].all()) for text, ours in _promos(page) if text not in seen]
        words = np.array([len(block.text.split()) for block in page.document.blocks], np.float64)
        labels = np.array(page.labels)
        total += np.array([[sum(leaked)], [len(leaked)]]) * [1, 0, 0]
        for place, names in ((1, ("editorial",)), (2, ("other", "not_promo"))):
            here = np.isin(labels, names)
            total[:, place] += words[here & goes].sum(), words[here].sum()
    return total


def _sums(tables: Tables, name: str, outcomes: Sequence[Outcome]) -> None:
    """Each count over all outcomes, and how it changed."""
    rows = []
    groups = [outcome.group for outcome in outcomes]
    for where in ("own", "others"):
        for place, count in enumerate(COUNTS):
            counts = np.array([[side[:, place] for side in getattr(outcome, where)] for outcome in outcomes]).reshape(-1, 2, 2)
            whole = counts[:, 0, 1]
            shares = counts[:, :, 0] / np.maximum(whole, 1)[:, None]
            before, after = (rate(shares[:, side], groups, whole) for side in (0, 1))
            rows.append((where, count, before, after, rate(shares[:, 1] - shares[:, 0], groups, whole)))
    tables.lines += [f"{len(outcomes)} draws of {len(set(groups))} publishers.", ""]
    tables.table(name, ("pages", "what", "before", "after", "change"), rows)


def _by_publisher(tables: Tables, outcomes: Sequence[Outcome]) -> None:
    rows = []
    for group in dict.fromkeys(outcome.group for outcome in outcomes):
        of_group = [outcome for outcome in outcomes if outcome.group == group]
        cells = []
        for where, place in (("own", 0), ("own", 1), ("own", 2), ("others", 0), ("others", 1)):
            before, after = (sum(getattr(outcome, where)[side][:, place] for outcome in of_group) for side in (0, 1))
            cells.append(f"{before[0]:,.0f} → {after[0]:,.0f} of {before[1]:,.0f}")
        rows.append((group, sum(outcome.draw.leaks for outcome in of_group), *cells))
    header = (
        "publisher", "leaks labelled", "promo blocks leaked", "editorial words lost", "other words dropped",
        "elsewhere: promo blocks leaked", "elsewhere: editorial words lost",
    )  # fmt: skip
    tables.table("publishers", header, rows)
