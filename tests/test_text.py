"""Plain text in, blocks out, text back."""

from __future__ import annotations

import pytest
from conftest import labelled
from hypothesis import given, settings
from hypothesis import strategies as st

from paywallclf import parse_text, render

pytestmark = pytest.mark.filterwarnings("ignore:nearly all")


def texts(source):
    return [block.text for block in parse_text(source).blocks]


# -- what a paragraph is -------------------------------------------------------------------------------------------------


def test_paragraphs_are_parted_by_blank_lines():
    assert texts("One line\nand one more.\n\nTwo.\n \t\n\nThree.") == ["One line and one more.", "Two.", "Three."]


def test_lines_are_paragraphs_where_there_is_no_blank_line():
    assert texts("One.\nTwo.\nThree.") == ["One.", "Two.", "Three."]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_newline_style_parts_paragraphs(newline):
    assert texts(newline.join(["One", "line.", "", "Two."])) == ["One line.", "Two."]
    assert texts(newline.join(["One.", "Two."])) == ["One.", "Two."]


def test_blank_lines_at_the_ends_do_not_make_paragraphs_of_lines():
    assert texts("\n\nOne.\nTwo.\n\n") == ["One.", "Two."]


@pytest.mark.parametrize("source", ["", " ", "\n\n", "\r\n \t\r\n", "\u00a0"])
def test_white_space_has_no_paragraphs_and_comes_back(source):
    assert texts(source) == []
    assert render(labelled(parse_text(source), set())) == source


# -- what comes back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_newline_style_survives(newline, text_document):
    source = newline.join(["One.", "", "Promo.", "", "Two.", ""])
    assert render(text_document(source, 1)) == newline.join(["One.", "", "Two.", ""])


def test_bullets_and_indents_survive(text_document):
    source = "  * one\n  * promo\n\t- two\n    1. three\n"
    assert render(text_document(source, 1)) == "  * one\n\t- two\n    1. three\n"


def test_an_indent_survives_where_what_stands_before_it_goes(text_document):
    assert render(text_document("promo\n\n    one\n\n  two", 0)) == "    one\n\n  two"
    assert render(text_document("\n   promo\none", 0)) == "\none"


def test_trailing_white_space_of_a_kept_line_survives(text_document):
    assert render(text_document("one  \npromo\ntwo\t\nthree", 1)) == "one  \ntwo\t\nthree"


def test_nothing_is_left_where_everything_goes(text_document):
    assert render(text_document("\n one\n\n two \n", 0, 1)) == ""


# -- properties ----------------------------------------------------------------------------------------------------------

lines = st.text("ab.*-•  \t日\u00a0", min_size=1, max_size=8).filter(lambda line: not line.isspace())
newlines = st.sampled_from(["\n", "\r\n", "\r"])
any_text = st.text("ab \t\n\r\v\f\x1c\x85\u2028\u00a0-•", max_size=40)


@settings(deadline=None)
@given(paragraphs=st.lists(st.lists(lines, min_size=1, max_size=3), min_size=2, max_size=6), newline=newlines, data=st.data())
def test_dropping_some_paragraphs_leaves_the_others_with_every_character(paragraphs, newline, data):
    pieces = [newline.join(paragraph) for paragraph in paragraphs]
    dropped = data.draw(st.sets(st.integers(0, len(pieces) - 1)))
    kept = [piece for index, piece in enumerate(pieces) if index not in dropped]
    document = labelled(parse_text((newline * 2).join(pieces)), dropped)
    assert len(document.blocks) == len(pieces)
    assert render(document) == (newline * 2).join(kept)


@settings(deadline=None)
@given(source=any_text)
def test_a_text_with_nothing_to_drop_comes_back_to_the_character(source):
    assert render(labelled(parse_text(source), set())) == source


@settings(deadline=None, max_examples=300)
@given(source=any_text, data=st.data())
def test_the_kept_paragraphs_and_no_others_are_in_the_output(source, data):
    document = parse_text(source)
    assert all(block.text for block in document.blocks)
    document = labelled(document, data.draw(st.sets(st.integers(0, 9))))
    output = render(document)
    assert " ".join(output.split()) == " ".join(block.text for block in document.kept())
    assert all(line in source.splitlines() for line in output.splitlines())
