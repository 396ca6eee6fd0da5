"""How well, on the project's own pages (``datasets/pages``), which no model was trained on: leak, loss, average precision.

These pages show that it works and let anyone compare; figures of real sites come from ``python -m training evaluate``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Table
from sklearn.metrics import average_precision_score

from paywallclf import PaywallWarning, classify_html, clean_html
from paywallclf.evaluation import is_long_enough
from paywallclf.labels import LabelledDocument, read_labels
from training.baselines import regex_scores
from training.peers import PEERS, available, is_in, squeeze

PAGES = Path(__file__).parents[2] / "datasets" / "pages" / "labels.jsonl"

LEAK_AND_LOSS = "quality: what is left of the project's own pages"
PRECISION = "quality: average precision on the project's own pages"


@lru_cache(maxsize=1)
def labelled_pages() -> list[LabelledDocument]:
    return list(read_labels(PAGES))


def labels(page: LabelledDocument) -> list[str]:
    """The label of each block, without its kind; a block without one counts for neither side."""
    return [(label or "any").partition(":")[0] for label in page.labels]


@dataclass
class Outcome:
    """Counts over pages, for one tool."""

    promos: int = 0
    leaked: int = 0
    pages: int = 0
    leaking_pages: int = 0
    words: int = 0
    lost_words: int = 0

    def cells(self) -> list[str]:
        return [
            _share(self.leaked, self.promos), _share(self.leaking_pages, self.pages), _share(self.lost_words, self.words),
        ]  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} % ({part:,} of {whole:,})"


def outcome(is_left: Callable[[LabelledDocument], list[bool]]) -> Outcome:
    """What of each page's blocks is left. Promos of a few letters do not count: any long text holds them by chance."""
    total = Outcome()
    for page in labelled_pages():
        blocks = zip(page.document.blocks, labels(page), is_left(page), strict=True)
        leaks = []
        for block, label, left in blocks:
            if label == "promo" and is_long_enough(block.text):
                leaks.append(left)
            elif label == "editorial":
                words = len(block.text.split())
                total.words += words
                total.lost_words += 0 if left else words
        total.promos += len(leaks)
        total.leaked += sum(leaks)
        total.pages += bool(leaks)
        total.leaking_pages += any(leaks)
    return total


def left_in_text(extract: Callable[[str], str], page: LabelledDocument) -> list[bool]:
    """The blocks whose text stands in what a tool gives."""
    output = squeeze(extract(page.document.source))
    return [is_in(block.text, output) for block in page.document.blocks]


def quietly_cleaned(html: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PaywallWarning)
        cleaned: str = clean_html(html)
    return cleaned


def report(tables: dict[str, Table], name: str, result: Outcome) -> None:
    columns = ("promo blocks left", "pages with one left", "editorial words lost")
    note = f"{len(labelled_pages())} pages; blocks of a tool's text are found by searching it, those of ours by their place"
    table = tables.setdefault(LEAK_AND_LOSS, Table(columns, {}, note))
    table.rows[name] = result.cells()


def test_clean_html_takes_promos_rather_than_editorial_text(tables: dict[str, Table]) -> None:
    def is_left(page: LabelledDocument) -> list[bool]:
        document = classify_html(page.document.source)
        kept = {block.index for block in document.kept()}
        return [block.index in kept for block in page.document.blocks]

    result = outcome(is_left)
    report(tables, "clean_html", result)
    # a floor for any model that has learned; how far above it the shipped one is, the table says
    assert 1 - result.leaked / result.promos > 5 * result.lost_words / result.words


def test_regular_expressions(tables: dict[str, Table]) -> None:
    result = outcome(lambda page: (regex_scores([block.text for block in page.document.blocks]) < 0.5).tolist())
    report(tables, "regular expressions", result)
    assert 0 < result.leaked < result.promos


@pytest.mark.parametrize("peer", PEERS)
def test_extractors_alone_and_after_clean_html(peer: str, tables: dict[str, Table]) -> None:
    extract = available().get(peer)
    if extract is None:
        pytest.skip(f"{peer} is not installed: pip install 'paywallclf[peers]'")
    alone = outcome(lambda page: left_in_text(extract, page))
    after = outcome(lambda page: left_in_text(lambda html: extract(quietly_cleaned(html)), page))
    report(tables, peer, alone)
    report(tables, f"clean_html, then {peer}", after)
    assert after.leaked <= alone.leaked, "an extractor must not leave more promos of a page that was cleaned first"


def average_precisions(scores: Callable[[LabelledDocument], Any]) -> list[str]:
    """Of promo against all blocks that have a label, and against editorial ones only, with the counts of both sides."""
    label = np.concatenate([labels(page) for page in labelled_pages()])
    score = np.concatenate([np.asarray(scores(page), np.float64) for page in labelled_pages()])
    cells = []
    for others in (("editorial", "other", "not_promo"), ("editorial",)):
        counted = np.isin(label, ("promo", *others))
        is_promo = label[counted] == "promo"
        value = average_precision_score(is_promo, score[counted])
        cells.append(f"{value:.3f} ({is_promo.sum():,} against {(~is_promo).sum():,})")
    return cells


def test_average_precision(tables: dict[str, Table]) -> None:
    def ours(page: LabelledDocument) -> list[float]:
        return [block.probabilities["promo"] for block in classify_html(page.document.source).blocks]

    rows = {
        "paywallclf": average_precisions(ours),
        "regular expressions": average_precisions(lambda page: regex_scores([block.text for block in page.document.blocks])),
    }
    tables[PRECISION] = Table(("against all others", "against editorial"), rows, "one threshold for all pages")
    ours_all, theirs_all = (float(row[0].split()[0]) for row in rows.values())
    assert ours_all > theirs_all, "a model that ranks no better than a list of expressions is broken"
