"""Features are functions of one page: finite, the same in every process, and none of another page's business."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tiny import documents, fitted

import paywallclf
from paywallclf import parse_html, parse_text
from paywallclf.features import hashing, markup, ngrams

any_text = st.text(st.characters(), max_size=60)


def columns_of(text: str, bits: int = 20) -> Counter[int]:
    columns, _ = ngrams.hash_texts([text], bits)
    return Counter(columns.tolist())


# -- n-grams -------------------------------------------------------------------------------------------------------------


@given(texts=st.lists(any_text, max_size=6))
def test_a_block_has_the_same_ngrams_alone_and_among_others(texts: list[str]) -> None:
    columns, counts = ngrams.hash_texts(texts, 20)
    assert len(columns) == counts.sum()
    for text, own in zip(texts, np.split(columns, np.cumsum(counts)[:-1]), strict=False):
        assert Counter(own.tolist()) == columns_of(text)


@given(text=st.text("ab ", max_size=40))
@example(text="aa ab ba aa")
def test_names_stand_for_columns(text: str) -> None:
    """A name for each n-gram, in the order of the columns: characters, then words; the same n-gram, the same column."""
    names, columns = ngrams.name_features(text), ngrams.hash_texts([text], 24)[0].tolist()
    length = len(text) + 2  # with its edges
    characters = sum(max(length - n + 1, 0) for n in ngrams.CHARACTER_NGRAMS)
    column_of: dict[tuple[bool, str], int] = {}
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        assert column_of.setdefault((place < characters, name), column) == column
    assert len(set(column_of.values())) >= len(column_of) - 1  # two of the hashes may meet by chance


def test_ngrams_are_those_of_the_text() -> None:
    names = set(ngrams.name_features("Pay 25 now"))
    assert {"|p", "pay", "ow|", "y 00 ", "pay 00", "00 now"} <= names  # case and digits made equal
    assert not {"Pay", "25"} & names


@pytest.mark.parametrize(
    ("one", "other"), [("SUBSCRIBE NOW", "subscribe now"), ("Ｓubscribe １", "subscribe 9"), ("ﾒﾙﾏｶﾞ", "メルマガ")]
)
def test_width_case_and_digits_do_not_matter(one: str, other: str) -> None:
    assert columns_of(one) == columns_of(other)


def test_lower_case_is_that_of_python() -> None:
    """Of every character, and of those whose lower case hangs on what stands around them."""
    texts = [*map(chr, range(0x110000)), "ΑΣ", "ΑΣ Α", "İİ", "ΣA"]
    codes, lengths = hashing.fold_characters(list(texts), "|")
    for text, found in zip(texts, np.split(codes, np.cumsum(lengths)[:-1]), strict=True):
        expected = "0" if text in set("123456789") else text.lower()
        assert found.tolist() == [*map(ord, f"|{expected}|")]


@pytest.mark.parametrize("text", ["無料会員登録", "اشترك الآن", "Εγγραφή τώρα", "구독하기", "สมัครสมาชิก", "подписаться"])
def test_every_script_has_ngrams(text: str) -> None:
    assert sum(columns_of(text).values()) >= 3 * len(text)
    assert columns_of(text) != columns_of(text[::-1])


@given(text=any_text, bits=st.integers(1, 24))
def test_columns_fit_the_table(text: str, bits: int) -> None:
    columns, _ = ngrams.hash_texts([text], bits)
    assert ((columns >= 0) & (columns < 1 << bits)).all()


def test_fewer_bits_are_the_leading_ones() -> None:
    many, few = (ngrams.hash_texts(["Subscribe to read on."], bits)[0] for bits in (20, 12))
    np.testing.assert_array_equal(many >> 8, few)


def test_long_text_is_read_by_its_head_and_tail() -> None:
    middle = "x" * 100_000
    long = "The ferry left. " * 100 + "{}" + "Subscribe now. " * 100
    assert columns_of(long.format("")) == columns_of(long.format(middle))
    assert sum(columns_of(long).values()) < 6 * 1000


# -- markup --------------------------------------------------------------------------------------------------------------


def test_markup_tells_class_names_apart_by_their_words() -> None:
    names = markup.token_names("div", {"class": "newsletter-signup formBox", "data-x": None})
    assert {"<div", "@class", "=newsletter", "=signup", "=newsletter-signup", "=form", "=box", "@data-x"} <= set(names)
    assert "@class-newsletter" not in names


MARKUP = (
    '<div class="page mainBox"><nav id=m><a href="/x/y">A</a> b</nav><div><form class="offer"><label>c <input name=e></label>'
    "<button>d</button></form></div><main><p>" + "Rain is expected in the north. " * 20 + "</p></main></div>"
)


@pytest.mark.parametrize("html", [MARKUP, MARKUP * 3, "<p>a</p>", "a<br><br><b class=c>d</b>", "<ul><li class=x>y<li>z</ul>"])
def test_scores_of_levels_are_those_of_their_pairs(html: str) -> None:
    """What scoring sums without making pairs, fitting and explaining sum pair by pair."""
    layout = parse_html(html).layout
    random = np.random.default_rng(0)
    sums, counts = random.normal(size=(len(layout.tags), 6)), random.integers(0, 9, len(layout.tags))
    expected = np.zeros((len(layout.texts), 2))
    for level, (blocks, elements) in enumerate(markup.standing(layout)):
        part, number = np.zeros_like(expected), np.zeros(len(expected))
        np.add.at(part, blocks, sums[elements, 2 * level : 2 * level + 2])
        np.add.at(number, blocks, counts[elements])
        expected += part / np.sqrt(np.maximum(number, 1))[:, None]
    np.testing.assert_allclose(markup.level_scores(layout, sums, counts), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "html",
    [
        MARKUP * 3,
        '<p class="one">a</p><p class="one">b</p><p class="two">c</p>' * 2,
        '<a href="/x?y=1&amp;z=&quot;two words&quot;">a</a><b title="&amp;" data-x="a&nbsp;b">c</b>',
        f'<p class="{"a " * 59}&amp;">a</p><p class="{"a " * 60}&amp;">as long as a value may be, and longer</p>',
        f'<p class="{"&amp; " * 60}">escapes do not count</p>',
        '<p class="\u0430\u0431 \U0001f4f0 x\U0001d400">a</p>' * 2,
    ],
)
def test_sums_are_those_of_the_tokens(html: str) -> None:
    """Of start tags that stand in a page twice, and of attributes with escapes, as of attributes in a dictionary."""
    layout = parse_html(html).layout
    table = np.random.default_rng(0).normal(size=(1 << 12, 6)).astype(np.float32)
    copied = replace(layout, attributes=list(layout.attributes))
    tokens, counts = markup.hash_markup(copied, 12)
    expected = np.zeros((len(counts), 6))
    np.add.at(expected, np.repeat(np.arange(len(counts)), counts), table[tokens])
    for other in (layout, copied):
        np.testing.assert_array_equal(markup.hash_markup(other, 12)[0], tokens)
        sums, numbers = markup.sum_markup(table, other)
        np.testing.assert_array_equal(numbers, counts)
        np.testing.assert_allclose(sums, expected, atol=1e-9)


def test_tokens_are_named_in_their_order() -> None:
    layout = parse_html(MARKUP).layout
    tokens, counts = markup.hash_markup(layout, 30)
    of_element = np.split(tokens, np.cumsum(counts)[:-1])
    hashes: dict[str, int] = {}
    for element, (tag, attributes) in enumerate(zip(layout.tags, layout.attributes, strict=True)):
        own = of_element[element].tolist()
        for name, value in zip(markup.token_names(tag, attributes), own, strict=True):
            assert hashes.setdefault(name, value) == value
    assert len(set(hashes.values())) == len(hashes)


def test_hostile_attributes_are_cut_short() -> None:
    many = {f"data-{n}": "a b c" for n in range(10_000)}
    assert len(markup.token_names("div", many)) < 1000
    assert len(markup.token_names("div", {"class": "x" * 100_000})) < 10
    assert len(markup.token_names("div", {"class": "a " * 50})) < 130


def test_of_the_many_images_in_a_block_the_first_are_read() -> None:
    layout = parse_html("<p>a" + "<img>" * 100).layout
    _, counts = markup.hash_markup(layout, 10)
    read = [tag for tag, count in zip(layout.tags, counts, strict=True) if count]
    assert read == ["p", *["img"] * markup.MOST_INLINES]


# -- pages ---------------------------------------------------------------------------------------------------------------


def test_probabilities_do_not_hang_on_the_hash_seed() -> None:
    """A model must say the same in every process: no feature may come from Python's own, seeded hash."""
    code = (
        "from paywallclf import classify_html\n"
        'page = \'<div class="offer box"><p id="x">Subscribe</p></div><p>The ferry left.</p>\' * 3\n'
        "print([block.probabilities for block in classify_html(page).blocks])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(paywallclf.__file__).parents[1],
            env={"PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": "1"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_time_grows_with_the_page_not_with_its_square() -> None:
    """Ten times the blocks take less than thirty times as long, in one flat list and nested."""
    for unit in ('<div class="row"><p>The ferry left at six. <b>Subscribe</b></p></div>', '<div class="in"><p>Rain.</p>'):
        seconds = []
        for n in (300, 3000):
            document = parse_html(unit * n)
            fitted().predict_proba([document])
            began = time.perf_counter()
            fitted().predict_proba([document])
            seconds.append(time.perf_counter() - began)
        assert seconds[1] < 30 * seconds[0]


@pytest.mark.parametrize(
    "text", ["\ud800 \udfff\n\n\x00\n\n\ufffe", "!?¿€$%\n\n" * 50, "x" * 200_000, "\U0001f4f0\u200b\u202e\n\n" * 5]
)
def test_odd_pages_have_finite_scores(text: str) -> None:
    paragraphs = "".join(f'<p class="a">{paragraph}</p>' for paragraph in text.split("\n\n"))
    for document in (parse_text(text), parse_html(paragraphs)):
        assert document.blocks
        assert np.isfinite(fitted().predict_proba([document])[0]).all()


def test_a_block_far_away_matters_little() -> None:
    """Context is near: the score of a paragraph of a long text hangs on its neighbours, hardly on the far end."""
    texts = [block.text for document in documents()[0] if document.form == "text" for block in document.blocks] * 5
    one, other = (parse_text("\n\n".join([*texts, last])) for last in ("Rain fell.", "Snow fell."))
    here, there = fitted().predict_proba([one])[0][0], fitted().predict_proba([other])[0][0]
    np.testing.assert_allclose(here, there, atol=0.02)
