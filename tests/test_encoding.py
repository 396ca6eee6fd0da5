"""Bytes to text, in the order of the HTML standard."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paywallclf import parse_html

RUSSIAN = "Привет, это статья о погоде в городе: завтра будет дождь, а в пятницу снова солнце. " * 4


def read(source, encoding=None):
    return parse_html(source, encoding=encoding).source


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_outranks_all(mark, codec):
    page = "<meta charset=windows-1251><p>日本 Ünï</p>"
    assert read(mark + page.encode(codec), encoding="koi8-r") == page


def test_the_given_charset_outranks_the_meta():
    page = f"<meta charset=utf-8><p>{RUSSIAN}"
    assert read(page.encode("koi8-r"), encoding="KOI8-R ") == page


@pytest.mark.parametrize("encoding", [None, "", "no-such-charset", "é"])
def test_a_charset_that_no_browser_knows_is_passed_over(encoding):
    page = f"<meta charset='windows-1251'><p>{RUSSIAN}"
    assert read(page.encode("windows-1251"), encoding=encoding) == page


@pytest.mark.parametrize(
    "declaration",
    [
        "<meta charset=windows-1251>",
        "<META http-equiv='Content-Type' content='text/html; charset=windows-1251'>",
        "<?xml version='1.0' encoding='windows-1251'?>",
        "<!-- <meta charset=koi8-r> --><meta charset=windows-1251>",
        "<!--" + "x" * 3000 + "--><meta charset=windows-1251>",
    ],
)
def test_the_page_says_its_charset(declaration):
    page = declaration + "<p>ёж</p>"
    assert read(page.encode("windows-1251")) == page


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16le", "UTF-16BE"])
def test_a_header_that_says_utf_16_over_a_page_that_cannot_be_does_not_lose_its_text(encoding):
    page = f"<meta charset=windows-1251><p>{RUSSIAN}"
    assert read(page.encode("windows-1251"), encoding=encoding) == page
    assert read("<p>日本".encode("utf-16-le"), encoding="utf-16le") == "<p>日本"


def test_latin_1_is_windows_1252_as_in_browsers():
    assert read("<meta charset=iso-8859-1>“€”".encode("windows-1252")) == "<meta charset=iso-8859-1>“€”"


def test_a_meta_that_was_read_as_ascii_cannot_mean_utf_16():
    page = "<meta charset=utf-16><p>Ünï</p>"
    assert read(page.encode()) == page


@pytest.mark.parametrize("codec", ["utf-8", "windows-1251", "koi8-r"])
def test_a_page_that_says_nothing_is_guessed(codec):
    assert read(f"<p>{RUSSIAN}".encode(codec)) == f"<p>{RUSSIAN}"


def test_utf_8_cut_short_within_a_character_is_still_utf_8():
    assert read("<p>Zürich, 5 €".encode()[:-1]) == "<p>Zürich, 5 \ufffd"


def test_bytes_that_the_charset_does_not_know_are_replaced_and_the_rest_is_read():
    assert read(b"<meta charset=utf-8><p>one \xff two \xe9</p>three") == "<meta charset=utf-8><p>one \ufffd two \ufffd</p>three"


def test_a_charset_that_is_no_name_is_a_type_error():
    with pytest.raises(TypeError, match="encoding must be the name of a charset, not int"):
        read(b"x", encoding=8)


@settings(deadline=None)
@given(source=st.binary(max_size=200), encoding=st.sampled_from([None, "utf-8", "big5", "utf-16", "iso-2022-jp", "gb18030"]))
def test_any_bytes_are_read(source, encoding):
    assert isinstance(read(source, encoding), str)
