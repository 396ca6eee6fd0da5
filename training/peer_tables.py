"""The table of the extractors: each alone, and with paywallclf before or after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from paywallclf import PaywallClassifier, clean_html, clean_text, parse_html
from paywallclf.evaluation import is_long_enough, rate
from training import peers
from training.corpus import LabelledPage
from training.folds import fold_of_pages
from training.tables import Tables


def peer_tables(tables: Tables, pages: Sequence[LabelledPage], models: Sequence[PaywallClassifier], n_jobs: int) -> None:
    """Each extractor alone, with `clean_html` before it and with `clean_text` after it.

    Found by string containment in the output, for all alike. "Removed" is of the promo blocks that the extractor alone leaks;
    "lost" is of the editorial words that it alone keeps.
    """
    fold = fold_of_pages(pages)
    extractors = peers.available()
    tables.heading("Extractors alone and with paywallclf (default threshold)")
    versions = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
    tables.lines += [f"Versions: {versions}.", ""]
    rows = []
    parts = Parallel(n_jobs=n_jobs)(
        delayed(_peer_page)(page, list(extractors), models[of].model_)
        for page, of in zip(pages, fold, strict=True)
        if page.reviewed
    )
    reviewed = [page for page in pages if page.reviewed]
    for name in (*extractors, "clean_html alone"):
        alone, *combined = (_peer_outcome(reviewed, [part[name, way] for part in parts]) for way in WAYS)
        for way, result in zip(WAYS, (alone, *combined), strict=True):
            leak, leaking, kept, leaked, words, groups_p, groups_e = result
            removed: Any = "-"
            lost: Any = "-"
            if way != "alone" and name != "clean_html alone":
                had, had_words = alone[3], alone[4]
                removed = rate(~leaked[had], groups_p[had])
                lost = rate((~words[0] & had_words[0])[had_words[0]], groups_e[had_words[0]], words[1][had_words[0]])
            if name != "clean_html alone" or way == "clean_html before":
                rows.append((name, way, leak, leaking, kept, removed, lost))
    header = (
        "extractor", "how", "promo blocks leaked", "pages leaking", "editorial words kept",
        "leaked promos removed", "editorial words lost",
    )  # fmt: skip
    tables.table("peers", header, rows)


WAYS = ("alone", "clean_html before", "clean_text after")


def _peer_page(page: LabelledPage, names: Sequence[str], model: Any) -> dict[tuple[str, str], Any]:
    """For each extractor and way: which gold promos leak, which editorial blocks stay."""
    source = page.document.source
    cleaned = clean_html(source, model=model)
    extractors = peers.available()
    found = {}
    for name in names:
        extract: Callable[[str], str] = extractors[name]
        plain = extract(source)
        found[name, "alone"] = _standing(page, plain)
        found[name, "clean_html before"] = _standing(page, extract(cleaned))
        found[name, "clean_text after"] = _standing(page, clean_text(plain, model=model))
    whole = _standing(page, " ".join(block.text for block in page.document.blocks))
    kept = _standing(page, " ".join(block.text for block in parse_html(cleaned).blocks))
    found["clean_html alone", "alone"] = found["clean_html alone", "clean_text after"] = whole
    found["clean_html alone", "clean_html before"] = kept
    return found


def _standing(page: LabelledPage, output: str) -> tuple[list[bool], list[bool]]:
    squeezed = peers.squeeze(output)
    promos = [peers.is_in(gold.text, squeezed) for gold in page.gold if gold.label == "promo" and is_long_enough(gold.text)]
    editorial = [peers.is_in(gold.text, squeezed) for gold in page.gold if gold.label == "editorial" and page.body_known]
    return promos, editorial


def _peer_outcome(pages: Sequence[LabelledPage], standing: Sequence[tuple[list[bool], list[bool]]]) -> Any:
    leaked, groups_p, page_leaks, page_groups, kept, weights, groups_e = [], [], [], [], [], [], []
    for page, (promos, editorial) in zip(pages, standing, strict=True):
        leaked += promos
        groups_p += [page.group] * len(promos)
        if promos:
            page_leaks.append(any(promos))
            page_groups.append(page.group)
        kept += editorial
        if page.body_known:
            weights += [len(gold.text.split()) for gold in page.gold if gold.label == "editorial"]
        groups_e += [page.group] * len(editorial)
    leaks, keeps = np.array(leaked, bool), np.array(kept, bool)
    words = (keeps, np.array(weights, np.float64))
    groups_promo, groups_editorial = np.array(groups_p), np.array(groups_e)
    return (
        rate(leaks, groups_promo), rate(page_leaks, page_groups), rate(keeps, groups_editorial, words[1]),
        leaks, words, groups_promo, groups_editorial,
    )  # fmt: skip
