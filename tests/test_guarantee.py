"""The removal guarantee, as properties over generated HTML, tag soup and the project's own pages."""

from __future__ import annotations

import html as escaping
import re
from collections import Counter

import pytest
from bs4 import BeautifulSoup
from conftest import PAGES, labelled
from hypothesis import given, settings
from hypothesis import strategies as st

from paywallclf import parse_html, render

#: Much of what is dropped here is nearly all of a page.
pytestmark = pytest.mark.filterwarnings("ignore:nearly all")

WORDS = ["Rain", "fell", "5 < 6", "a & b", "<script>", "&amp;", "ça", "日本", "\u00a0", "now.", "\n", " ", "  x"]
BLOCKS = ["div", "p", "section", "ul", "li", "table", "tr", "td", "form", "button", "label", "h2", "article", "pre", "aside"]
SCRIPT = "<script>'<p>x</p>'</script>"
INLINES = ["b", "a", "span", "font", "i", "nobr", "custom-tag"]
LEAVES = [
    "<br>", "<br><br>", "<img src='a'>", "<input>", "<hr>", "<!-- c -->", SCRIPT, "<svg><path/></svg>",
    "<style>p{}</style>", "<template><p>x</p></template>", "<select><option>x</select>", "<meta name=a>", "<link rel=a>",
    "<noscript><p>x</p></noscript>", "<iframe>x</iframe>", "<textarea>\n\nx</textarea>", "<figure><img></figure>",
    "<![CDATA[x]]>", "<wbr>",
]  # fmt: skip

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
leaves = st.one_of(words.map(escaping.escape), words.map(escaping.escape), st.sampled_from(LEAVES))


def element(children):
    return st.tuples(st.sampled_from(BLOCKS + INLINES), st.lists(children, max_size=4).map("".join)).map(
        lambda pair: "<{0}>{1}</{0}>".format(*pair)
    )


#: Elements properly closed, though in places where the standard does not allow them.
trees = st.lists(st.recursive(leaves, element, max_leaves=12), max_size=5).map("".join)

#: Tags in any order, closed or not, with text between them.
tag_soup = st.lists(
    st.one_of(
        leaves,
        st.sampled_from([f"<{name}>" for name in BLOCKS + INLINES + ["plaintext", "xmp", "body", "html", "col", "caption"]]),
        st.sampled_from([f"</{name}>" for name in BLOCKS + INLINES + ["body", "html", "noscript"]]),
        st.sampled_from(["<p a='", "<", "</", "<!", "&#0;", "&lt", "<a href=x"]),
    ),
    max_size=25,
).map("".join)

PAGE = "<!doctype html><html><head><title>t</title></head><body>{}</body></html>"


def as_page_or_fragment(body):
    # what a fragment's rows and cells are read as depends on what it begins with, so dropping that can join their texts
    if re.search("<(t[dr]|ca|co)", body):
        return st.just(PAGE.format(body))
    return st.sampled_from([body, PAGE.format(body)])


pages = st.one_of(trees, tag_soup).flatmap(as_page_or_fragment)


def texts(document):
    return [block.text for block in document.blocks]


def render_without(source, data):
    """A document of the source, the texts of the blocks that stay, and what is rendered of it."""
    document = parse_html(source)
    dropped = data.draw(st.sets(st.sampled_from(range(len(document.blocks)))) if document.blocks else st.just(set()))
    document = labelled(document, dropped)
    return document, [block.text for block in document.kept()], render(document)


# -- str -----------------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(source=pages, data=st.data())
def test_the_kept_blocks_and_no_others_are_in_the_output_in_order(source, data):
    _, kept, output = render_without(source, data)
    assert texts(parse_html(output)) == kept


@settings(max_examples=100, deadline=None)
@given(source=pages, data=st.data())
def test_rendering_again_with_nothing_more_to_drop_changes_nothing(source, data):
    document, _, output = render_without(source, data)
    again = labelled(parse_html(output), set())
    assert render(again) == output
    assert render(document) == output


@settings(max_examples=100, deadline=None)
@given(source=pages)
def test_a_page_with_nothing_to_drop_comes_back_to_the_character(source):
    assert render(labelled(parse_html(source), set())) == source


@settings(max_examples=100, deadline=None)
@given(source=pages, data=st.data())
def test_marking_loses_no_text(source, data):
    document = labelled(parse_html(source), data.draw(st.sets(st.integers(0, 9))))
    marked = parse_html(render(document, mark=True))
    assert characters("".join(texts(marked))) == characters("".join(texts(document)))


@settings(max_examples=100, deadline=None)
@given(source=trees, data=st.data())
def test_scripts_of_a_page_outlive_every_removal(source, data):
    _, _, output = render_without(PAGE.format(source), data)
    assert output.count(SCRIPT) == source.count(SCRIPT)


# -- BeautifulSoup -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parser", ["html.parser", "lxml", "html5lib"])
@settings(max_examples=80, deadline=None)
@given(source=trees, data=st.data())
def test_a_soup_gives_a_new_soup_with_the_kept_blocks_and_stays_as_it_was(parser, source, data):
    soup = BeautifulSoup(source, parser)
    before = str(soup)
    _, kept, output = render_without(soup, data)
    assert type(output) is BeautifulSoup
    assert output is not soup
    assert str(soup) == before
    assert texts(parse_html(output)) == kept


@settings(max_examples=100, deadline=None)
@given(source=trees, data=st.data())
def test_rendering_a_soup_again_with_nothing_more_to_drop_changes_nothing(source, data):
    _, _, output = render_without(BeautifulSoup(source, "html.parser"), data)
    assert str(render(labelled(parse_html(output), set()))) == str(output)


# -- own pages -----------------------------------------------------------------------------------------------------------


def characters(text):
    return Counter("".join(text.split()))


def all_text(html):
    """The characters of a page, read by another parser than ours."""
    soup = BeautifulSoup(html, "html5lib")
    for hidden in soup(["script", "style", "template", "noscript", "head", "svg", "select", "textarea", "iframe"]):
        hidden.decompose()
    return characters(soup.get_text())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
@pytest.mark.parametrize("as_soup", [False, True], ids=["str", "soup"])
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_on_a_page_as_publishers_build_them(path, as_soup, data):
    html = path.read_text(encoding="utf-8")
    document, kept, output = render_without(BeautifulSoup(html, "html5lib") if as_soup else html, data)
    assert texts(parse_html(output)) == kept
    lost = all_text(html) - all_text(str(output))
    assert lost == characters("".join(block.text for block in document.dropped()))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_both_parsers_cut_well_formed_html_into_the_same_blocks(path):
    html = path.read_text(encoding="utf-8")
    ours, soup = parse_html(html), parse_html(BeautifulSoup(html, "html5lib"))
    assert ours.blocks == soup.blocks
    # a soup does not tell an empty value from none
    attributes = [{name: value or None for name, value in element.items()} for element in ours.layout.attributes]
    for name in ("containers", "inlines", "inline_starts", "link_lengths", "parents", "tags", "starts", "ends"):
        assert list(getattr(ours.layout, name)) == list(getattr(soup.layout, name))
    assert attributes == soup.layout.attributes
