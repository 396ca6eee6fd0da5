"""The tables of article mode, of access and of fragments: what counts as found, as left out, and as stated."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from tiny import fitted

from paywallclf import parse_html
from training.__main__ import main
from training.access_table import access_table
from training.article_table import HTML, TEXT, article_table, overlap
from training.corpus import GoldBlock, LabelledPage
from training.evaluate import PARTS, evaluate
from training.fragment_table import fragment_table
from training.tables import Tables

BODY = "The ferry left the harbour at six, an hour late, with forty lorries on its lower deck."
OFFER = "Unlimited access on every device, cancel any time"


def page(site: str, html: str, **changes: Any) -> LabelledPage:
    """A page whose paragraphs are editorial, whose asides are promos, and of whose other blocks nothing is known."""
    document = parse_html(html)
    labels = [{"p": "editorial", "aside": "promo", "nav": "other"}.get(block.tag, "not_promo") for block in document.blocks]
    gold = [GoldBlock(block.text, label, None, {block.index: 1}) for block, label in zip(document.blocks, labels, strict=True)]
    made = {
        "id": site, "source": "own", "group": site, "language": "en", "type": "article", "reviewed": True, "body_known": True,
        "document": document, "labels": labels, "kinds": [None] * len(labels), "gold": gold,
    }  # fmt: skip
    return LabelledPage(**{**made, **changes})


def pages(html: str, count: int = 5, **changes: Any) -> list[LabelledPage]:
    return [page(f"site{number}", html, **changes) for number in range(count)]


def rows(tables: Tables, name: str) -> dict[Any, dict[str, Any]]:
    return {
        row.get("tool", row.get("isAccessibleForFree")): row
        for row in tables.figures[name]
        if row.get("type of page") in ("all", None)
    }


# -- overlap -------------------------------------------------------------------------------------------------------------


def test_words_are_counted_as_often_as_they_stand() -> None:
    found = overlap("rain and rain", "", "Rain, and sun!")
    assert (found.found, found.extra, found.missing) == (2, 1, 1)
    assert found.precision == found.recall == found.f1 == pytest.approx(2 / 3)


def test_shingles_see_the_order_of_words() -> None:
    assert overlap("one two three four five", "", "five four three two one").f1 == 1
    assert overlap("one two three four five", "", "five four three two one", 4).f1 == 0
    assert overlap("one two three four five", "", "one two three four", 4).recall == 0.5
    assert overlap("one two one", "", "one three one", 2).found == 0


def test_text_that_counts_for_neither_side_is_no_error() -> None:
    assert overlap("rain is expected", "the quay in rain", "rain is expected the quay in").f1 == 1
    assert overlap("rain is expected", "the quay in rain", "rain is expected").f1 == 1
    assert overlap("rain is expected", "the quay", "rain is expected the quay the quay").extra == 2


@pytest.mark.parametrize(("gold", "output"), [("rain", ""), ("rain", "sun"), ("", "sun")])
def test_nothing_found_is_nought(gold: str, output: str) -> None:
    found = overlap(gold, "", output)
    assert found.precision == found.recall == found.f1 == 0


# -- article mode --------------------------------------------------------------------------------------------------------


def article_rows(html: str, **changes: Any) -> dict[str, dict[str, Any]]:
    tables = Tables()
    article_table(tables, pages(html, **changes), [fitted()] * 5, n_jobs=1, with_peers=False)
    return rows(tables, "article_mode")


def test_article_mode_is_measured_as_text_and_as_html_alike() -> None:
    html = (
        f"<h1>The ferry was late on Tuesday</h1><article class=story><p class=text>{BODY}</p></article>"
        f"<aside class=offer>{OFFER}</aside>"
    )
    found = article_rows(html)
    assert found[TEXT]["pages"] == 5
    assert found[TEXT]["empty pages"] == 0
    assert found[TEXT]["promo blocks leaked"]["whole"] == 5
    assert found[TEXT]["headlines kept"]["whole"] == 5
    for column in ("word F1", "precision", "recall", "promo blocks leaked", "headlines kept"):
        assert found[TEXT][column] == found[HTML][column]


def test_pages_without_known_editorial_text_are_not_measured() -> None:
    html = f"<p>{BODY}</p>"
    known = pages(html)
    unknown = [page("unknown", html, body_known=False), page("empty", "<nav>Home</nav>")]
    tables = Tables()
    article_table(tables, [*known, *unknown], [fitted()] * 5, n_jobs=1, with_peers=False)
    assert rows(tables, "article_mode")[TEXT]["pages"] == 5


def test_an_extractor_is_measured_on_the_same_pages() -> None:
    pytest.importorskip("trafilatura")
    tables = Tables()
    article_table(tables, pages(f"<article><p>{BODY}</p></article>"), [fitted()] * 5, n_jobs=1, with_peers=True)
    found = rows(tables, "article_mode")
    assert found["trafilatura"]["pages"] == found[TEXT]["pages"] == 5
    gain = found[TEXT]["word F1, gain on trafilatura"]["value"]
    assert gain == pytest.approx(found[TEXT]["word F1"]["value"] - found["trafilatura"]["word F1"]["value"])


# -- access --------------------------------------------------------------------------------------------------------------


def test_a_part_can_be_evaluated_alone() -> None:
    assert set(evaluate(pages(statement("true")), [fitted()] * 5, n_jobs=1, only=("access",)).figures) == {"access"}
    refused = CliRunner().invoke(main, ["evaluate", "--only", "article,speed"])
    assert refused.exit_code == 2
    assert ", ".join(PARTS) in refused.stderr


def statement(free: str) -> str:
    return f'<meta itemprop="isAccessibleForFree" content="{free}"><article><p>{BODY}</p></article>'


def test_the_statement_is_counted_and_not_shown() -> None:
    stated = [*pages(statement("true")), page("sold", statement("false")), page("silent", f"<p>{BODY}</p>")]
    tables = Tables()
    access_table(tables, stated, [fitted()] * 5, n_jobs=1)
    found = rows(tables, "access")
    assert found["true"]["pages"] == 5
    assert found["false"]["pages"] == 1
    assert found["true"]["open"] == 0, "a page that says it is free is open, unless that is hidden"


# -- fragments -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_fragments_are_cut_from_long_pages_and_judged_by_their_own_threshold(threshold: float) -> None:
    classifier = copy(fitted())
    thresholds = {"html": 0.5, "text": 0.5, "html_fragment": threshold, "text_fragment": threshold}
    classifier.model_ = replace(classifier.model_, config={**classifier.model_.config, "thresholds": thresholds})
    long = "".join(f"<p>{BODY} Lorry {number} left.</p>" for number in range(20))
    several = [
        *pages(f"{long}<aside>{OFFER}</aside>"),
        page("bare", "<aside>Join</aside>"),
        page("a", f"<p>{BODY}</p>", body_known=False),
    ]
    tables = Tables()
    fragment_table(tables, several, [classifier] * 5, n_jobs=1)
    short, *_, long_ones = [row for row in tables.figures["fragments"] if row["read as"] == "html"]
    assert (short["blocks"], long_ones["blocks"]) == ("1 to 8", "17 to 48")
    assert short["fragments"] == short["promo blocks leaked"]["whole"] > long_ones["fragments"]
    assert short["promo blocks leaked"]["value"] == threshold
    assert short["editorial words lost"]["value"] == 1 - threshold
    for form in ("html", "text"):
        drawn = [row for row in tables.figures["fragments"] if row["read as"] == form]
        assert sum(row["fragments"] for row in drawn) == 3 * 5
        assert 15 * 20 <= sum(row["editorial words lost"]["whole"] for row in drawn) <= 15 * 16 * 20
