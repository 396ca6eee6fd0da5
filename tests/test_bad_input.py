"""What no page should be: a sane result or a clear error, and soon."""

from __future__ import annotations

import os
import time
import warnings
from random import Random

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from paywallclf import PaywallWarning, clean_html, clean_text, parse_html, parse_text, render
from paywallclf.html.guard import too_complex
from paywallclf.labels import check_labels, write_labels

#: Much of what is dropped here is nearly all of a page.
pytestmark = pytest.mark.filterwarnings("ignore:nearly all")

TEN_SECONDS = 10.0  # a hundred times what each of these takes on a machine with nothing else to do


@pytest.fixture(autouse=True)
def _ends_soon():
    start = time.process_time()
    yield
    assert time.process_time() - start < TEN_SECONDS


@pytest.mark.parametrize(
    "source", ["", " ", "\n\t", "<", "<!", "</", "&", "\0", "no markup at all", "{'a': 1}", "%PDF-1.4 \x01\x02"]
)
def test_what_is_no_html_comes_back(source):
    assert clean_html(source, threshold=1.0) == source
    assert clean_html(source.encode(), threshold=1.0) == source
    assert clean_text(source, threshold=1.0) == source


@pytest.mark.parametrize("value", [None, 1, ["<p>"], object(), bytearray(b"<p>")])
def test_another_type_is_a_type_error_that_names_the_right_ones(value):
    for function in (clean_html, parse_html):
        with pytest.raises(TypeError, match=f"str, bytes, BeautifulSoup or Tag, not {type(value).__name__}"):
            function(value)


@pytest.mark.parametrize("value", [None, 1, b"text"])
def test_text_that_is_no_str_is_a_type_error(value):
    for function in (clean_text, parse_text):
        with pytest.raises(TypeError, match=f"must be str, not {type(value).__name__}"):
            function(value)


@settings(deadline=None, max_examples=100)
@given(source=st.binary(max_size=300))
def test_any_bytes_give_a_page(source):
    assert isinstance(clean_html(source), str)


@settings(deadline=None, max_examples=100)
@given(source=st.text(st.characters(exclude_categories=[]), max_size=100))
def test_any_text_gives_a_page_and_a_text(source):
    assert isinstance(clean_html(source), str)
    assert isinstance(clean_text(source), str)


def test_lone_surrogates_are_replaced_in_a_page_that_is_rewritten_and_pairs_joined(html_document):
    output = render(html_document("<p>one \ud800 \ud83d\ude00 two</p><p>promo</p>", "promo"))
    assert output == "<p>one \ufffd \U0001f600 two</p>"


def test_lone_surrogates_in_plain_text_survive(text_document):
    assert render(text_document("one \ud800\n\npromo", 1)) == "one \ud800"


def test_nuls_do_not_cut_a_page_short(html_document):
    assert render(html_document("<p>on\0e</p>\0<p>promo</p><p>two\0</p>", "promo")) == "<p>one</p><p>two</p>"


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 100_000 + "text",
        "<b>" * 100_000 + "text",
        "<div></p>" * 50_000 + "text",
        "<div><table></div></table>" * 20_000 + "text",
        "<li><dd>" * 50_000 + "text",
        "<optgroup><option>" * 50_000 + "text",
        "<div><script>'</div>'</script>" * 20_000 + "text",
        "<div title='</div>'>" * 20_000 + "text",
        # what looks like raw text, or like an end, and is none
        "<title-x>" + "<div>" * 20_000,
        "<svg><title>" + "<div>" * 20_000,
        "<svg><xmp>" * 20_000,
        "<svg>" + "<link>" * 20_000,
        "<svg>" + "<g><![CDATA[></g>]]>" * 20_000,
        "<svg>" + "<g a=b/>" * 20_000,
        "<div><noframes></div></noframes>" * 20_000,
        "<div><script><!--<script></script></div>--></script>" * 20_000,
        "<div><!-- --!x></div> -->" * 20_000,
        # what a parser does not close
        "<form><div></form>" * 20_000,
        "<button><button></button><div></button>" * 20_000,
        "<caption><div></caption>" * 20_000,
        "<object><table></object>" * 20_000,
        "<h1><h2></h2><div></h1>" * 20_000,
        "<select><div><input><span></div></select>" * 20_000,
        # what it opens anew
        "<b><a>" * 20_000,
        "<button><i>" * 20_000,
        "<p><b>bold</p> " * 20_000,
        "".join(f"<p><font id={i}>text" for i in range(3000)),
        "".join(f"<div><b id={i}>text</div>" for i in range(5000)),
        "<p " + " ".join(f"a{i}=1" for i in range(100_000)) + ">text",
        "<p " + " ".join(f"a{i}='>'" for i in range(100_000)) + ">text",
    ],
    ids=lambda source: source[:24],
)
def test_a_page_that_would_take_minutes_comes_back_as_it_is_with_a_warning(source):
    with pytest.warns(PaywallWarning, match="left as it is"):
        assert clean_html(source) == source
    with pytest.warns(PaywallWarning, match="left as it is"):
        assert render(parse_html_labelled(source)) == source


#: Elements that the standard has rules for.
NAMES = (
    "div span p b i a table tr td th tbody caption li ul dd dt dl option optgroup select form button object svg g title style script"
    " foreignObject desc math mi mo annotation-xml h1 h2 font nobr template noframes noscript img br input textarea applet ruby rt rp"
    " section xmp iframe head body html center em"
).split()


def depth(source):
    """The most elements that stand in one another, in the tree that the parser builds."""
    deepest, waiting = 0, [(LexborHTMLParser(source, scripting=True).root, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in node.iter()]
    return deepest


def test_tags_that_nest_ever_deeper_are_seen_before_they_are_parsed():
    random = Random(0)
    growing = 0
    for _ in range(1500):
        tags = "".join(random.choice(("<{}>", "<{}>", "<{}>", "</{}>", "</{}>")).format(random.choice(NAMES)) for _ in range(6))
        if depth("<!doctype html><body>" + tags * 60) >= 60:
            growing += 1
            assert too_complex((tags * 5000).encode()), tags
    assert growing > 300


def parse_html_labelled(source):
    from conftest import labelled

    return labelled(parse_html(source), set())


@pytest.mark.parametrize(
    "source",
    [
        "<" * 1_000_000,
        "<a" * 500_000,
        "&" * 1_000_000,
        "<!--" * 200_000,
        "<script>" * 100_000,
        "<a = = =" * 50_000,
        "<p>" + "<i> </i>" * 50_000 + "text",
        "<p><font color=red>text</p>" * 20_000,
        "<p><b>bold</p>" * 20_000,
        "<a>text" * 50_000,
        "<li>text" * 20_000,
        "<tr><td>text" * 20_000,
        "<div><span>text</div>" * 5000,
        "<table><tr><td>text<td>text<tr><td>text</table>" * 3000,
        "<h1>text</h1><h2>text</h2>" * 5000,
        "<ruby>text<rt>text<rt>text</ruby>" * 5000,
        "<button>text</button><form><p>text</p></form>" * 5000,
        "<svg><title>text</title><style>.a{}</style><path d='M0 0'/><g><path/></g></svg>text" * 5000,
        "<math><mi>x</mi><mo>=</mo><mfrac><mn>1</mn><mn>2</mn></mfrac></math>" * 5000,
        "<script>document.write('<div><p>')</script><noscript><div></noscript>" * 5000,
        "<!-- <div> --><div title='<div>'>text</div>" * 5000,
        "<p>text<br>" * 20_000,
        "<div></div>" * 100_000,
        "<svg>" + "<path d='M0 0'/>" * 9000 + "</svg><p>text",
        "<img src='data:" + "A" * 3_000_000 + "'>",
        "<p>" + "word " * 400_000,
    ],
    ids=lambda source: source[:24],
)
def test_a_page_that_is_only_large_or_odd_is_read(source):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        blocks = parse_html(source).blocks
    assert bool(blocks) == ("text" in source or "word" in source or "bold" in source or source[:2] in ("<<", "&&"))


def test_dropping_ten_thousand_paragraphs_takes_a_time_that_grows_with_their_number(html_document):
    html = "<div>" + "<p>promo</p><p>kept</p>" * 10 + "<p>promo</p>" * 20_000 + "</div>"
    assert render(html_document(html, "promo")).count("kept") == 10


def test_a_page_of_ten_megabytes_is_read_in_a_time_that_grows_with_its_length():
    paragraph = f"<p class=a>{'Rain fell on <b>Friday</b>, and the river rose. ' * 40}</p>\n"
    assert len(parse_html(paragraph * (10_000_000 // len(paragraph))).blocks) == 10_000_000 // len(paragraph)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system")
def test_a_page_of_a_label_file_that_would_never_end_to_be_read_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    rows = [{"id": path, "path": path, "labels": []} for path in ("pipe", "zero")]
    write_labels(tmp_path / "labels.jsonl", rows)
    problems = [str(problem) for problem in check_labels(tmp_path / "labels.jsonl")]
    assert len(problems) == 2
    assert all("is no file" in problem for problem in problems)


@pytest.mark.parametrize("style", [".a { fill: red }", "&lt;/style>&lt;img src=x onerror=alert(1)>"])
def test_a_page_that_cannot_be_written_out_is_read_and_comes_back_as_it_is(html_document, style):
    """What stands in a template cannot be reached, and in SVG a style's text is read as markup."""
    source = f"<p>kept</p><template><svg><style>{style}</style></svg></template><p>promo</p>"
    document = html_document(source, "promo")
    assert [block.text for block in document.blocks] == ["kept", "promo"]
    assert render(document, form="text") == "kept"
    with pytest.warns(PaywallWarning, match="left as it is"):
        assert render(document) == source
    with pytest.warns(PaywallWarning, match="left as it is"):
        assert clean_html(source, threshold=0.0) == source
    assert clean_html(source, threshold=1.0) == source


def deep_soup(depth):
    soup = BeautifulSoup("", "html.parser")
    tag = soup
    for _ in range(depth):
        tag.append(child := soup.new_tag("div"))
        tag = child
    tag.append("text")
    return soup


def test_a_deep_soup_is_read_without_recursion():
    assert [block.text for block in parse_html(deep_soup(2000)).blocks] == ["text"]
    assert clean_html(deep_soup(2000), threshold=1.0).get_text() == "text"


def test_a_soup_that_is_too_deep_to_copy_comes_back_itself_with_a_warning():
    soup = deep_soup(5000)
    with pytest.warns(PaywallWarning, match="left as it is"):
        assert clean_html(soup) is soup
