"""Article mode: ``drop=("promo", "other")`` leaves the article alone, as HTML and as plain text."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paywallclf import (
    Document,
    PaywallWarning,
    classify_html,
    classify_text,
    clean_html,
    clean_text,
    parse_html,
    parse_text,
    render,
)
from paywallclf.document import LABELS, best_threshold
from paywallclf.labels import LabelledDocument, read_labels

ARTICLE = ("promo", "other")
OWN_PAGES = list(read_labels(Path(__file__).parents[1] / "datasets" / "pages" / "labels.jsonl"))

chance = st.floats(0, 1)


def scored(parsed: Document, editorial: Sequence[float], promo: Sequence[float], threshold: float = 0.1) -> Document:
    """The document with these probabilities; no model is asked."""
    blocks = [
        replace(block, probabilities=dict(zip(LABELS, (e, p, max(0.0, 1 - e - p)), strict=True)))
        for block, e, p in zip(parsed.blocks, editorial, promo, strict=True)
    ]
    return replace(parsed, blocks=tuple(blocks), threshold=threshold)


def lines(*editorial: float, promo: Sequence[float] = (), **options: float) -> Document:
    """A text of equally long paragraphs with these probabilities."""
    return scored(
        parse_text("\n\n".join(f"Line {n}." for n in range(len(editorial)))),
        editorial,
        promo or [0] * len(editorial),
        **options,
    )


def article(document: Document) -> list[int]:
    return [block.index for block in document.kept(ARTICLE)]


# -- the decision --------------------------------------------------------------------------------------------------------


def test_keeps_what_is_likely_editorial_and_drops_the_rest() -> None:
    assert article(lines(0.01, 0.98, 0.95, 0.6, 0.4, 0.02)) == [1, 2, 3]


def test_editorial_text_in_doubt_stays_on_a_page_that_is_all_in_doubt() -> None:
    """A forum or a product page: the same 0.3 that would be dropped beside a sure article is its likeliest text."""
    assert article(lines(0.98, 0.95, 0.3)) == [0, 1]
    assert article(lines(0.02, 0.35, 0.3, 0.05)) == [1, 2]


def test_a_page_where_nothing_is_likely_keeps_its_likeliest_text() -> None:
    assert article(lines(0.001, 0.02, 0.001)) == [1]


def test_long_blocks_count_for_more_than_short_ones() -> None:
    """A long paragraph at 0.6 makes the page's text less sure than a short label at 0.6 does."""
    sure, doubtful = "A line of the article. " * 10, "Share"
    parts = [sure, doubtful, "A line in doubt."]
    short = scored(parse_text("\n\n".join(parts)), [0.95, 0.3, 0.45], [0, 0, 0])
    long = scored(parse_text("\n\n".join([parts[1], parts[0], parts[2]])), [0.95, 0.3, 0.45], [0, 0, 0])
    assert article(short) == [0]
    assert article(long) == [0, 1, 2]


def test_a_promo_goes_whatever_else_is_dropped() -> None:
    """What plain cleaning takes out does not come back in article mode."""
    assert article(lines(0.98, 0.85, 0.98, promo=[0, 0.12, 0], threshold=0.1)) == [0, 2]
    assert article(lines(0.98, 0.85, 0.98, promo=[0, 0.12, 0], threshold=0.2)) == [0, 1, 2]


@given(st.lists(st.tuples(chance, chance), min_size=1, max_size=8), chance)
def test_article_mode_drops_all_that_plain_cleaning_drops(pairs: list[tuple[float, float]], threshold: float) -> None:
    document = lines(*((1 - p) * e for e, p in pairs), promo=[p for _, p in pairs], threshold=threshold)
    gone = {block.index for block in document.dropped(ARTICLE)}
    promos = {block.index for block in document.dropped()}
    assert promos <= gone or all(document.blocks[index].probabilities["promo"] < 0.5 for index in promos - gone)


def test_an_article_that_reads_a_little_like_a_promo_is_better_than_nothing() -> None:
    assert article(lines(0.8, 0.7, 0.01, promo=[0.15, 0.2, 0.9])) == [0, 1]
    assert article(lines(0.95, 0.8, 0.7, 0.01, promo=[0.01, 0.15, 0.2, 0.9])) == [0, 1, 2]


def test_a_page_of_promos_alone_comes_back_empty() -> None:
    assert article(lines(0.04, 0.01, promo=[0.95, 0.98])) == []


def test_a_threshold_that_is_given_is_kept_to() -> None:
    document = lines(0.98, 0.6, 0.4, 0.02, promo=[0, 0.2, 0, 0])
    for threshold in (0.01, 0.3, 0.5, 0.99):
        assert [block.index for block in document.kept(ARTICLE, threshold=threshold)] == [
            block.index for block in document.blocks if block.probability(ARTICLE) < threshold
        ]


def test_navigation_alone_can_be_dropped() -> None:
    document = lines(0.97, 0.02, 0.02, promo=[0.01, 0.97, 0.02])
    assert [block.index for block in document.kept(("other",))] == [0, 1]


@given(st.lists(st.tuples(st.floats(0.01, 1), st.integers(1, 500)), min_size=1, max_size=10))
def test_no_cut_through_the_blocks_has_a_higher_expected_f1(blocks: list[tuple[float, int]]) -> None:
    chances, sizes = [c for c, _ in blocks], [size for _, size in blocks]
    expected = sum(c * size for c, size in blocks)

    def f1(kept: list[int]) -> float:
        return 2 * sum(chances[n] * sizes[n] for n in kept) / (sum(sizes[n] for n in kept) + expected)

    threshold = best_threshold([1 - c for c in chances], sizes)
    chosen = [n for n, c in enumerate(chances) if 1 - c < threshold]
    assert chosen
    assert f1(chosen) >= max(f1([n for n, c in enumerate(chances) if c >= cut]) for cut in chances) - 1e-9


# -- pages ---------------------------------------------------------------------------------------------------------------


def paragraphs_of(page: LabelledDocument) -> list[str]:
    return [text for text in texts_of(page, "editorial") if len(text) > 80]


def texts_of(page: LabelledDocument, label: str) -> list[str]:
    return [block.text for block, of in zip(page.document.blocks, page.labels, strict=True) if str(of).startswith(label)]


@pytest.fixture(scope="module")
def articles() -> list[tuple[LabelledDocument, str]]:
    """The own pages, and what the shipped model leaves of each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PaywallWarning)
        return [(page, render(classify_html(page.document.source), drop=ARTICLE, form="text")) for page in OWN_PAGES]


def test_no_page_comes_back_empty(articles: list[tuple[LabelledDocument, str]]) -> None:
    assert [page.id for page, text in articles if not text.strip()] == []


def test_an_article_keeps_its_headline(articles: list[tuple[LabelledDocument, str]]) -> None:
    headlines = [(block.text, text) for page, text in articles for block in page.document.blocks if block.tag == "h1"]
    assert sum(headline in text for headline, text in headlines) >= 0.9 * len(headlines) > 20


def test_an_article_keeps_its_paragraphs_in_their_order(articles: list[tuple[LabelledDocument, str]]) -> None:
    found = [(text.find(block), number) for number, (page, text) in enumerate(articles) for block in paragraphs_of(page)]
    assert sum(place >= 0 for place, _ in found) >= 0.9 * len(found) > 200
    assert [pair for pair in found if pair[0] >= 0] == sorted(
        (pair for pair in found if pair[0] >= 0), key=lambda pair: pair[::-1]
    )


def test_an_article_loses_its_promos_and_its_furniture(articles: list[tuple[LabelledDocument, str]]) -> None:
    for label in ("promo", "other"):
        found = [block in text for page, text in articles for block in texts_of(page, label) if len(block) > 25]
        assert sum(found) <= 0.25 * len(found)


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
@pytest.mark.parametrize("page", OWN_PAGES[::5], ids=lambda page: page.id)
def test_an_article_has_the_same_blocks_as_html_and_as_text(page: LabelledDocument) -> None:
    cleaned = parse_html(clean_html(page.document.source, drop=ARTICLE))
    kept = classify_html(page.document.source).kept(ARTICLE)
    assert [block.text for block in cleaned.blocks] == [block.text for block in kept]


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
@pytest.mark.parametrize("html", ["<nav><a href='/'>Home</a></nav><footer>Legal</footer>", "<p>Ok</p>", "x"])
def test_a_scrap_of_a_page_does_not_come_back_empty(html: str) -> None:
    assert render(classify_html(html), drop=ARTICLE, form="text").strip()


def test_nothing_comes_from_nothing() -> None:
    assert clean_html("", drop=ARTICLE) == ""
    assert clean_text("", drop=ARTICLE) == ""
    assert render(classify_html(""), drop=ARTICLE, form="text") == ""


@pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")
def test_plain_text_has_an_article_mode_too() -> None:
    page = next(page for page in OWN_PAGES if page.id == "en_council_news_no_promo")
    source = "\n\n".join(block.text for block in page.document.blocks)
    cleaned = clean_text(source, drop=ARTICLE)
    assert cleaned == render(classify_text(source), drop=ARTICLE)
    assert all(editorial in cleaned for editorial in paragraphs_of(page))


# -- as plain text -------------------------------------------------------------------------------------------------------


def as_text(html: str, *dropped: str) -> str:
    document = parse_html(html)
    promo = [float(block.text in dropped) for block in document.blocks]
    return str(render(scored(document, [1 - p for p in promo], promo), form="text"))


def test_paragraphs_are_parted_by_blank_lines_and_keep_their_order() -> None:
    html = "<h1>A pier</h1><figure><img><figcaption>The pier</figcaption></figure><div>One.<p>Two.</p>Three.</div><p>Offer</p>"
    assert as_text(html, "Offer") == "A pier\n\nThe pier\n\nOne.\n\nTwo.\n\nThree."


def test_list_items_stand_on_a_line_each() -> None:
    assert as_text(
        "<p>We need:</p><ul><li>flour</li><li><p>two <b>eggs</b></p></li></ul><ol><li>Stir.</li></ol><p>Done.</p>"
    ) == ("We need:\n\n- flour\n- two eggs\n\n- Stir.\n\nDone.")


def test_an_item_of_several_paragraphs_has_one_hyphen() -> None:
    assert as_text("<ul><li><p>Stir.</p><p>Rest an hour.</p></li><li>Bake.</li></ul>") == "- Stir.\n\nRest an hour.\n\n- Bake."


def test_cells_of_a_row_stand_on_one_line() -> None:
    html = (
        "<table><caption>Tides</caption><thead><tr><th>Port</th><th>High</th></tr></thead>"
        "<tbody><tr><td>Leith</td><td>5.6 m</td></tr><tr><td>Offer</td></tr><tr><td>Hull</td><td>7.1 m</td></tr></tbody></table><p>End.</p>"
    )
    assert as_text(html, "Offer") == "Tides\n\nPort | High\nLeith | 5.6 m\nHull | 7.1 m\n\nEnd."


def test_two_tables_are_parted() -> None:
    assert as_text("<table><tr><td>a</td></tr></table><table><tr><td>b</td></tr></table>") == "a\n\nb"


def test_an_article_laid_out_in_a_table_is_no_row() -> None:
    html = "<table><tr><td>Menu</td><td><p>One.</p><p>Two.</p></td></tr></table>"
    assert as_text(html) == "Menu\n\nOne.\n\nTwo."


def test_the_plain_text_of_deeply_nested_lists_takes_no_time() -> None:
    html = "<ul><li>" * 200 + "x" + "<p>y" * 20_000
    assert as_text(html).count("y") == 20_000
