"""BeautifulSoup in, a new one out."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup, CData, Tag

from paywallclf import clean_html, parse_html, render

pytestmark = pytest.mark.filterwarnings("ignore:nearly all")

PARSERS = ["html.parser", "lxml", "html5lib"]
HTML = "<html><head><title>t</title></head><body><p class='a b'>kept</p><div><img/><p>promo</p></div></body></html>"


@pytest.fixture(params=PARSERS)
def soup(request):
    return BeautifulSoup(HTML, request.param)


def test_a_soup_gives_a_new_soup_and_stays_as_it_was(soup, html_document):
    before = str(soup)
    output = render(html_document(soup, "promo"))
    assert type(output) is BeautifulSoup
    assert str(soup) == before
    assert str(output) == before.replace("<div><img/><p>promo</p></div>", "")


def test_a_soup_with_nothing_to_drop_gives_an_equal_new_soup(soup, html_document):
    for output in (render(html_document(soup)), clean_html(soup, threshold=1.0)):
        assert output is not soup
        assert output.body is not soup.body
        assert str(output) == str(soup)


def test_a_tag_gives_a_new_tag_and_its_tree_stays_as_it_was(soup, html_document):
    before = str(soup)
    output = render(html_document(soup.body, "promo"))
    assert type(output) is Tag
    assert str(output) == '<body><p class="a b">kept</p></body>'
    assert str(soup) == before


def test_blocks_of_a_tag_begin_with_the_tag_itself(soup):
    assert [(block.text, block.path) for block in parse_html(soup.div).blocks] == [("promo", "div/p")]


def test_a_tag_of_dropped_blocks_only_comes_back_empty(html_document):
    tag = BeautifulSoup("<div><p>promo</p></div>", "html.parser").p
    assert render(html_document(tag, "promo")).get_text() == ""


def test_marking_a_soup(soup, html_document):
    output = render(html_document(soup, "promo"), mark=True)
    assert output.div["data-paywallclf"] == "promo"
    assert "data-paywallclf" not in str(soup)
    assert output.get_text() == soup.get_text()


def test_text_form_of_a_soup(soup, html_document):
    assert render(html_document(soup, "promo"), form="text") == "kept"


def test_comments_and_declarations_are_no_text_and_character_data_is():
    soup = BeautifulSoup("<!DOCTYPE html><p>one<!-- no --><?no?></p>", "html.parser")
    soup.p.append(CData(" two"))
    assert [block.text for block in parse_html(soup).blocks] == ["one two"]


def test_a_soup_of_upper_case_xml_is_cut_alike():
    soup = BeautifulSoup("<DIV>one<P>two</P></DIV>", "xml")
    assert [(block.text, block.tag) for block in parse_html(soup).blocks] == [("one", "div"), ("two", "p")]


@pytest.mark.parametrize("soup", PARSERS, indirect=True)
def test_a_changed_tree_is_refused_rather_than_cut_in_the_wrong_place(soup, html_document):
    document = html_document(soup, "promo")
    soup.p.insert_before("new")
    with pytest.raises(ValueError, match="has changed"):
        render(document)
