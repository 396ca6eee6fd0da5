"""The table of the extractors: each alone, and with paywallclf before or after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from paywallclf import PaywallClassifier, classify_html, classify_text, parse_html, render
from paywallclf.document import Document
from paywallclf.evaluation import Rate, is_long_enough, rate
from training import peers
from training.corpus import LabelledPage
from training.folds import fold_of_pages
from training.tables import Tables

#: Shares of editorial words that may be lost: by `clean_text` of what an extractor keeps, by `clean_html` of the page's.
BUDGETS = (0.001, 0.003)

#: The thresholds that are tried.
THRESHOLDS = np.geomspace(0.002, 0.7, 48)

#: Which gold promos, and which editorial blocks, stand in an output.
Standing = tuple[list[bool], list[bool]]


def peer_tables(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """Each extractor alone, with `clean_html` before it and with `clean_text` after it.

    Found by string containment in the output, for all alike. "Removed" is of the promo blocks that the extractor alone leaks;
    "lost" is of the editorial words that it alone keeps. Both are measured at their default threshold, and at those that lose
    at most a share of the words on the other folds' pages: for `clean_text` of what the extractor keeps, for `clean_html` of
    what the page holds.
    """
    fold = fold_of_pages(pages)
    extractors = peers.available()
    tables.heading("Extractors alone and with paywallclf")
    versions = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
    tables.lines += [f"Versions: {versions}.", ""]
    rows = []
    reviewed, models_of = zip(*((page, of) for page, of in zip(pages, fold, strict=True) if page.reviewed), strict=True)
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_peer_page)(page, list(extractors), models[of].model_) for page, of in zip(reviewed, models_of, strict=True)
    )
    fold_of = np.array(models_of)
    whole = [part["clean_html", "whole"] for part in parts]
    before = {
        budget: _thresholds(reviewed, fold_of, whole, [part["clean_html", "curve"] for part in parts], budget)
        for budget in BUDGETS
    }
    cleaned_first = Parallel(n_jobs=n_jobs)(
        delayed(_cleaned_first)(page, list(extractors), models[of].model_, {b: THRESHOLDS[before[b][number]] for b in BUDGETS})
        for number, (page, of) in enumerate(zip(reviewed, models_of, strict=True))
    )
    for name in extractors:
        standing = {way: [part[name, way] for part in parts] for way in WAYS}
        curves = [part[name, "curve"] for part in parts]
        for budget in BUDGETS:
            after = _thresholds(reviewed, fold_of, standing["alone"], curves, budget)
            aim = f"aim {100 * budget:g} %"
            standing[f"clean_html before, {aim}"] = [found[name, budget] for found in cleaned_first]
            standing[f"clean_text after, {aim}"] = [curve[at] for curve, at in zip(curves, after, strict=True)]
        for way in sorted(standing):
            found = standing[way]
            rows.append((name, way, *_peer_rates(reviewed, standing["alone"], found, compared=way != "alone")))
    cleaned = {"clean_html": [part["clean_html", "cleaned"] for part in parts]}
    for budget in BUDGETS:
        cleaned[f"clean_html, aim {100 * budget:g} %"] = [
            part["clean_html", "curve"][at] for part, at in zip(parts, before[budget], strict=True)
        ]
    rows += [("none", way, *_peer_rates(reviewed, whole, found, compared=True)) for way, found in cleaned.items()]
    header = (
        "extractor", "how", "promo blocks leaked", "pages leaking", "editorial words kept",
        "leaked promos removed", "editorial words lost",
    )  # fmt: skip
    tables.table("peers", header, rows)


WAYS = ("alone", "clean_html before", "clean_text after")


def _peer_page(page: LabelledPage, names: Sequence[str], model: Any) -> dict[tuple[str, str], Any]:
    """For each extractor and way: which gold promos leak, which editorial blocks stay."""
    source = page.document.source
    page_document = classify_html(source, model=model)
    cleaned = render(page_document)  # what clean_html gives
    extractors = peers.available()
    found: dict[tuple[str, str], Any] = {}
    for name in names:
        extract: Callable[[str], str] = extractors[name]
        plain = extract(source)
        found[name, "alone"] = _standing(page, plain)
        found[name, "clean_html before"] = _standing(page, extract(cleaned))
        document = classify_text(plain, model=model)
        found[name, "clean_text after"] = _standing(page, render(document))  # what clean_text gives
        found[name, "curve"] = _curve(page, document)
    found["clean_html", "whole"] = _standing(page, _text(page.document))
    found["clean_html", "cleaned"] = _standing(page, _text(parse_html(cleaned)))
    found["clean_html", "curve"] = _curve(page, page_document)
    return found


def _cleaned_first(
    page: LabelledPage, names: Sequence[str], model: Any, thresholds: dict[float, float]
) -> dict[tuple[str, float], Standing]:
    """For each extractor and budget: which gold promos leak, and which editorial blocks stay, if `clean_html` comes first."""
    extractors = peers.available()
    found: dict[tuple[str, float], Standing] = {}
    document = classify_html(page.document.source, model=model)
    for budget, threshold in thresholds.items():
        cleaned = render(document, threshold=threshold)
        found |= {(name, budget): _standing(page, extractors[name](cleaned)) for name in names}
    return found


def _text(document: Document) -> str:
    return " ".join(block.text for block in document.blocks)


def _curve(page: LabelledPage, document: Document) -> list[Standing]:
    """What stands in a cleaned text at each of `THRESHOLDS`."""
    curve: list[Standing] = []
    kept: list[int] = []
    for threshold in THRESHOLDS:
        blocks = document.kept(threshold=threshold)
        if not curve or [block.index for block in blocks] != kept:
            kept = [block.index for block in blocks]
            curve.append(_standing(page, " ".join(block.text for block in blocks)))
        else:
            curve.append(curve[-1])
    return curve


def _thresholds(
    pages: Sequence[LabelledPage],
    fold: NDArray[np.int64],
    alone: Sequence[Standing],
    curves: Sequence[Sequence[Standing]],
    budget: float,
) -> NDArray[np.int64]:
    """For each page the lowest of `THRESHOLDS` (its number) that loses at most the share `budget` on the other folds' pages."""
    had, lost = np.zeros(len(pages)), np.zeros((len(pages), len(THRESHOLDS)))
    for number, (page, (_, before), curve) in enumerate(zip(pages, alone, curves, strict=True)):
        words = _words(page) * np.array(before, bool)
        had[number] = words.sum()
        lost[number] = [words @ ~np.array(after, bool) for _, after in curve]
    chosen = np.zeros(len(pages), np.int64)
    for number in np.unique(fold):
        other = fold != number
        chosen[~other] = np.argmax(lost[other].sum(axis=0) <= budget * had[other].sum())
    return chosen


def _words(page: LabelledPage) -> NDArray[np.float64]:
    """Words of the editorial blocks that `_standing` looks for."""
    return np.array([len(text.split()) for text in _editorial(page)], np.float64)


def _editorial(page: LabelledPage) -> list[str]:
    """The texts that count as editorial words: none where the body is not known."""
    return [gold.text for gold in page.gold if gold.label == "editorial" and page.body_known]


def _standing(page: LabelledPage, output: str) -> Standing:
    squeezed = peers.squeeze(output)
    promos = [peers.is_in(gold.text, squeezed) for gold in page.gold if gold.label == "promo" and is_long_enough(gold.text)]
    return promos, [peers.is_in(text, squeezed) for text in _editorial(page)]


def _peer_rates(
    pages: Sequence[LabelledPage], alone: Sequence[Standing], standing: Sequence[Standing], *, compared: bool
) -> tuple[Rate | str, ...]:
    """Promos leaked, pages leaking, editorial words kept; and of what the extractor alone gives, promos removed and words lost."""
    groups_p = np.array([page.group for page, (promos, _) in zip(pages, standing, strict=True) for _ in promos])
    groups_e = np.array([page.group for page, (_, editorial) in zip(pages, standing, strict=True) for _ in editorial])
    weights = np.concatenate([_words(page) for page in pages])
    leaked, kept = (np.concatenate([np.array(found[side], bool) for found in standing]) for side in (0, 1))
    had_promos, had_words = (np.concatenate([np.array(found[side], bool) for found in alone]) for side in (0, 1))
    with_promos = [(page.group, any(promos)) for page, (promos, _) in zip(pages, standing, strict=True) if promos]
    return (
        rate(leaked, groups_p),
        rate(np.array([leaks for _, leaks in with_promos]), np.array([group for group, _ in with_promos])),
        rate(kept, groups_e, weights),
        rate(~leaked[had_promos], groups_p[had_promos]) if compared else "-",
        rate(~kept[had_words], groups_e[had_words], weights[had_words]) if compared else "-",
    )
