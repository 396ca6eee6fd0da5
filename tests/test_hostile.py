"""Pages that someone made to break us: no crash, no hang, no lost text, and nothing in the output that the input could not do."""

from __future__ import annotations

import codecs
import gzip
import html as escaping
import random
import time
import warnings
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import webencodings
from bs4 import BeautifulSoup, Tag
from conftest import labelled

from paywallclf import Document, clean_html, clean_text, ensemble, load_model, parse_html, render, scoring
from paywallclf.features import elements, hashing, tokens
from paywallclf.html import lexbor
from paywallclf.html.scan import Attributes, Cutter, UnstableError, scan
from paywallclf.html.segment import UnreadableError

#: Much of what is dropped here is nearly all of a page, and some pages come back as they are.
pytestmark = pytest.mark.filterwarnings("ignore::paywallclf.PaywallWarning")

PAGE = "<!doctype html><html><head><title>t</title></head><body>{}</body></html>"


def texts(html: str) -> list[str]:
    return [block.text for block in parse_html(html).blocks]


# -- no hang -------------------------------------------------------------------------------------------------------------

#: A cleaning may take so many times what lexbor takes to parse an ordinary page of that length, and seconds more. Ordinary
#: pages take 3 to 5 times as long; a time that grows with the square of the length would be thousands of times as long here.
MULTIPLE, SECONDS_MORE = 150, 1.0


def seconds_to_parse(length: int) -> float:
    page = "<p>Rain fell on <b>Friday</b>.</p>\n" * (length // 34 + 1)
    start = time.process_time()
    lexbor.parse(page)
    return time.process_time() - start


def _attributes(n: int) -> str:
    return " ".join(f"a{i}=1" for i in range(n))


#: Much of something that a page should have little of.
LARGE = [
    "<div>" * 200_000 + "text",
    "<p>" * 200_000 + "text",
    "<span>" * 200_000 + "text",
    "<custom-tag>" * 200_000 + "text" + "</custom-tag>" * 200_000,
    "</div>" * 200_000 + "text",
    f"<p {_attributes(1_000_000)}>text",
    f"<p {_attributes(500)}>text</p>" * 2000,
    "<p a=1 A=2 a=3>text</p>" * 50_000,
    "<p class='" + "word " * 400_000 + "'>text",
    "<p " + "a" * 2_000_000 + ">text",
    "<" + "a" * 2_000_000 + ">text",
    "x" * 5_000_000,
    "<p>" + "Rain fell & " * 500_000,
    "<p>" + "\0" * 1_000_000 + "text",
    "<p>" + "\ud800" * 500_000 + "text",
    "".join(f"<p>Rain {number}</p>" for number in range(200_000)),
    "\u00a0" * 1_000_000 + "text",
    "<p>" + "\ufdfa" * 300_000,
    "&lt;" * 300_000,
    "&nbsp;" * 300_000 + "text",
    "&#x10FFFF;" * 200_000,
    "&notanentity;" * 200_000,
    "<!-- a -->" * 100_000 + "text",
    "<!--" + "<!" * 500_000,
    "<?a>" * 100_000 + "text",
    "<![CDATA[" * 100_000 + "text",
    "<svg>" + "<![CDATA[ </svg> ]]>" * 50_000 + "</svg>text",
    "<script>//</script>" * 50_000 + "text",
    "<script><!-- <script></script>" * 50_000 + "text",
    "<script><!-- </script>" * 50_000 + "text",
    "<style></styl" * 100_000,
    "<textarea>" * 100_000,
    "<title></titl" * 100_000,
    "<template>" * 1000 + "text",
    "<select><option>a</select>" * 20_000 + "text",
    "<svg><title><svg><title>" * 500 + "text",
    "<table><tr><td>" * 1000 + "text",
    "<table>loose" * 1000,
    "<br>" * 200_000 + "text",
    "text<br><br>" * 50_000,
    "<b>text</b> " * 50_000,
    "<a href=x>text</a>" * 50_000,
    "<form>" * 100_000 + "text",
    "<pre>\n\ntext</pre>" * 20_000,
    "<svg>" + "<g>" * 3000 + "<style>&lt;</style>" * 20_000 + "</svg>text",
    "<svg>" + "<g><style>&lt;</style>" * 3000 + "</svg>text",
]


@pytest.mark.parametrize("source", LARGE, ids=lambda source: f"{source[:24]}...")
def test_takes_no_longer_than_an_ordinary_page_of_its_length(source: str) -> None:
    bound = MULTIPLE * seconds_to_parse(len(source)) + SECONDS_MORE
    start = time.process_time()
    cleaned = clean_html(source, threshold=1.0)
    assert time.process_time() - start < bound
    assert cleaned == source


@pytest.mark.parametrize("source", LARGE, ids=lambda source: f"{source[:24]}...")
def test_loses_what_is_dropped_and_no_more_however_large(source: str) -> None:
    bound = MULTIPLE * seconds_to_parse(len(source)) + SECONDS_MORE
    start = time.process_time()
    document = parse_html(source)
    dropped = {block.index for block in document.blocks if block.index % 3 == 0}
    output = render(labelled(document, dropped))
    assert time.process_time() - start < bound
    assert texts(output) == [block.text for block in document.blocks if block.index not in dropped]


@pytest.mark.parametrize("source", ["one", "<p>one</p>", "<html><body>one", "<td>one", "<b>one"])
def test_a_page_of_one_block_can_lose_it(source: str) -> None:
    assert texts(source) == ["one"]
    assert texts(render(labelled(parse_html(source), {0}))) == []


@pytest.mark.parametrize(
    "source", ["word " * 400_000, "\n" * 1_000_000, "line\n" * 20_000, "a\n\n" * 20_000, "\r\n \r" * 200_000]
)
def test_plain_text_takes_a_time_that_grows_with_its_length(source: str) -> None:
    bound = MULTIPLE * seconds_to_parse(len(source)) + 3 * SECONDS_MORE
    start = time.process_time()
    assert clean_text(source, threshold=1.0) == source
    assert time.process_time() - start < bound


# -- bytes that are no page, or not in the encoding that they claim ---------------------------------------------------------

CODECS = ["utf-8", "windows-1252", "windows-1251", "koi8-r", "shift_jis", "euc-jp", "iso-2022-jp", "gb18030", "big5", "euc-kr"]
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
SENTENCE = "Rain fell on Friday, and the river rose. Подписка 購読 구독."

#: The encodings that a page may declare: those of the standard, and what is none.
DECLARED = sorted({*webencodings.LABELS.values(), "utf-7", "utf-32", "hz-gb-2312", "no-such-charset"})
NAMED = sorted(set(webencodings.LABELS.values()) - {"replacement", "x-user-defined"})
REAL = sorted({webencodings.lookup(name).codec_info.name for name in NAMED} | set(WIDE))


@pytest.mark.parametrize("declared", DECLARED)
def test_any_declared_encoding_over_any_real_one_gives_a_page(declared: str) -> None:
    page = f"<html><head><meta charset='{declared}'></head><body><p>{SENTENCE}</p><p>The end.</p></body></html>"
    for real in REAL:
        source = page.encode(real, "ignore")
        for given in (None, declared):
            cleaned = clean_html(source, encoding=given, threshold=1.0)
            if real not in WIDE and not real.startswith("utf-16"):  # of which all others share the letters of English
                assert "Rain fell on Friday, and the river rose." in texts(cleaned)[0]
                assert texts(cleaned)[-1] == "The end."
            else:
                assert isinstance(cleaned, str)


@pytest.mark.parametrize("name", NAMED)
def test_a_page_in_the_encoding_that_it_is_said_to_have_keeps_its_text(name: str) -> None:
    codec = webencodings.lookup(name).codec_info
    sentence = " ".join(codec.decode(codec.encode(SENTENCE, "ignore")[0])[0].split())
    source = codec.encode(f"<p>{sentence}</p>", "ignore")[0]
    assert texts(clean_html(source, encoding=name, threshold=1.0)) == [sentence]


@pytest.mark.parametrize("codec", WIDE)
def test_wide_encodings_with_and_without_a_byte_order_mark(codec: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    mark |= {"utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}
    page = f"<p>{SENTENCE}</p>"
    assert clean_html(mark[codec] + page.encode(codec), threshold=1.0) == page
    assert isinstance(clean_html(page.encode(codec)), str)
    if codec in ("utf-16-le", "utf-16-be"):  # those that browsers know
        assert clean_html(page.encode(codec), encoding=codec, threshold=1.0) == page


@pytest.mark.parametrize("codec", [*CODECS, *WIDE])
def test_a_page_cut_short_within_a_character_keeps_its_text(codec: str) -> None:
    whole = f"<p>Rain fell.</p><p>{SENTENCE}".encode(codec, "ignore")
    for missing in range(1, 9):
        cut = whole[:-missing]
        assert isinstance(clean_html(cut), str)
        if codec in CODECS:
            assert texts(clean_html(cut, encoding=codec, threshold=1.0))[0] == "Rain fell."


@pytest.mark.parametrize(
    "source",
    [
        gzip.compress(PAGE.format("<p>Rain fell.</p>").encode() * 100, mtime=0),
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 100,
        b"\x7fELF" + bytes(10_000),
        b"PK\x03\x04" + b"<html>" * 100 + b"\xff\xfe\x00",
        random.Random(5).randbytes(200_000),
        b"\0" * 200_000,
        b"\xff" * 200_000,
        b"\xef\xbb\xbf" * 1000,
        b"\xff\xfe<\0p\0>\0\xd8",
    ],
    ids=lambda source: repr(source[:8]),
)
def test_binary_files_give_a_page(source: bytes) -> None:
    bound = MULTIPLE * seconds_to_parse(len(source)) + 3 * SECONDS_MORE  # a charset is guessed, which is slow
    start = time.process_time()
    assert isinstance(clean_html(source), str)
    assert time.process_time() - start < bound


def test_of_an_attribute_that_stands_twice_the_first_counts() -> None:
    document = parse_html("<p class=a CLASS=b class>one</p><p>promo</p>")
    assert document.layout.attributes[0] == {"class": "a"}
    assert render(labelled(document, {1})) == '<p class="a">one</p>'


# -- odd pages keep their text ----------------------------------------------------------------------------------------------

AMP = (
    "<!doctype html><html ⚡ lang=en><head><script async src='https://cdn.example/v0.js'></script>"
    "<style amp-custom>p > b { color: red }</style></head><body><amp-img src=a></amp-img><p>one</p>"
    "<section amp-access='NOT subscriber' amp-access-hide><p>two</p></section><amp-sidebar><ul><li>three</ul></amp-sidebar>"
)
XHTML = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "a.dtd">'
    '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><p>one<br/></p><div/><p>two</p></body></html>'
)

#: Pages, and their blocks: what a browser shows as text.
ODD = {
    "frames": (
        "<html><frameset cols=1><frame src=a><noframes><p>none</p></noframesx></noframes></frameset></html>",
        [],
    ),
    "iframe": (
        PAGE.format("<p>one</p><iframe srcdoc='<p>none</p>'><p>none</iframe><p>two</p>"),
        ["one", "two"],
    ),
    "plaintext": (
        PAGE.format("<p>one</p><div>two</div><plaintext><p>three</p></plaintext>"),
        ["one", "two", "<p>three</p></plaintext></body></html>"],
    ),
    "noscript": (
        PAGE.format("<noscript><p>none</noscript><p>one</p><noscript></noscriptx></noscript><p>two</p>"),
        ["one", "two"],
    ),
    "template": (
        PAGE.format("<template><tr><td>none</template><p>one</p><template><template></template>none</template><p>two</p>"),
        ["one", "two"],
    ),
    "html in svg": (
        PAGE.format("<p>one</p><svg><foreignObject><p>none</p></foreignObject><desc><div>none</div></desc></svg><p>two</p>"),
        ["one", "two"],
    ),
    "out of svg": (
        PAGE.format("<svg><g><p>one</p></g></svg><p>two</p>"),
        ["one", "two"],
    ),
    "title in title of svg": (
        PAGE.format("<svg><title><svg><title></title></svg></title></svg><p>one</p><p>two</p>"),
        ["one", "two"],
    ),
    "html in math": (
        PAGE.format("<p>one</p><math><mi><div>none</div></mi><annotation-xml encoding=text/html><p>none</p></annotation-xml></math>two"),
        ["one", "two"],
    ),
    "comments": (
        "<!-- a --><html><!-- b --><head><!-- c --></head><!----><body><!-->one<!--->--><p>two</p></body></html><!-- d -->three<!--",
        ["one-->", "two", "three"],
    ),
    "comment within words": (
        PAGE.format("<p>o<!-- > -->ne</p><p>two<!--a--!></p><p>three<!a></p>"),
        ["one", "two", "three"],
    ),
    "cdata": (
        PAGE.format("<p>one</p><![CDATA[<p>two</p>]]><svg><![CDATA[</svg>none]]></svg><p>three</p>"),
        ["one", "two", "]]>", "three"],
    ),
    "quirks mode": (
        "<html><body><p>one<table><tr><td>two</table>three</body></html>",
        ["one", "two", "three"],
    ),
    "xhtml": (
        XHTML,
        ["one", "two"],
    ),
    "amp": (
        AMP,
        ["one", "two", "three"],
    ),
    "scripts": (
        PAGE.format("<p>one</p><script><!-- <script> </script> </scripts> --></script><script>'</script\v>'</script><p>two</p>"),
        ["one", "two"],
    ),
    "long s": (
        PAGE.format("<script><!-- <\u017fcript> --></script><p>one</p><script><!-- </script\u00a0> --></script><p>two</p>"),
        ["one", "two"],
    ),
    "raw text that nearly ends": (
        PAGE.format("<p>one</p><style></stylex></style><xmp></xmpx></xmp><textarea></textareax></textarea><p>two"),
        ["one", "</xmpx>", "two"],
    ),
    "names": (
        PAGE.format("<a<b c<d='e' \"='f' =g=h>one</a<b><p =\"\">two</p><p x='>'>three"),
        ["one", "two", "three"],
    ),
    "misnested": (
        PAGE.format("<b><p>one</b>two</p><a href=x><div>three</a>four</div><i><table><tr></i>five<td>six"),
        ["onetwo", "threefour", "five", "six"],
    ),
    "nuls and surrogates": (
        PAGE.format("<p>o\0ne</p><p>\ud800two</p><p title=\0\udfff>th\0ree</p>"),
        ["one", "\ufffdtwo", "three"],
    ),
    "white space": (
        PAGE.format("<p>\u2003one\u2028two\x1c</p>\u00a0<p>\u200b</p>\x0b<p>\x85three</p>"),
        ["one two", "\u200b", "three"],
    ),
    "forms in forms": (
        PAGE.format("<form><div></form><form>one</form>two</div><form><p>three<form><p>four</form>"),
        ["one", "two", "three", "four"],
    ),
    "select": (
        PAGE.format("<select><option>none<p>none</p><script>'</select>'</script></select><p>one</p><p>two</p>"),
        ["one", "two"],
    ),
}  # fmt: skip


def documents_without_some(html: str) -> list[tuple[Document, list[str]]]:
    """The page with each block dropped alone, every other one, and all, and the texts of those that stay."""
    document = parse_html(html)
    n = len(document.blocks)
    choices = [set(), *({index} for index in range(n)), set(range(0, n, 2)), set(range(1, n, 2)), set(range(n))]
    return [
        (labelled(document, dropped), [block.text for block in document.blocks if block.index not in dropped])
        for dropped in choices
    ]


@pytest.mark.parametrize(("html", "blocks"), ODD.values(), ids=ODD)
def test_an_odd_page_keeps_the_kept_and_loses_the_dropped(html: str, blocks: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "the page is left as it is")
        assert texts(html) == blocks
        for document, kept in documents_without_some(html):
            assert texts(render(document)) == kept
        assert isinstance(clean_html(html.encode("utf-8", "replace")), str)


# -- nothing executes that could not before ---------------------------------------------------------------------------------

_URLS = frozenset(
    (
        "href",
        "src",
        "action",
        "formaction",
        "data",
        "xlink:href",
        "srcset",
        "srcdoc",
        "poster",
        "background",
        "content",
        "values",
        "to",
        "style",
    )
)

PAYLOADS = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "</title><svg onload=alert(1)>",
    "</textarea><a href=javascript:alert(1)>a</a>",
    "</xmp></noscript></iframe></template><img src=x onerror=alert(1)>",
    "--><img src=x onerror=alert(1)><!--",
    "--!><img src=x onerror=alert(1)>",
    "]]><img src=x onerror=alert(1)>",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "`><img src=x onerror=alert(1)>",
    "</p></svg></math><img src=x onerror=alert(1)>",
    "<a title=\"</style><img src=x onerror=alert(1)>\">",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<!--<script><img src=x onerror=alert(1)>",
]  # fmt: skip

#: Where an attacker may put text: {0} is the payload as it is, {1} escaped.
CONTEXTS = [
    "<p>{1}</p>",
    "<p>{0}</p>",
    '<p title="{1}">x</p>',
    "<p title='{1}'>x</p>",
    "<p title={0}>x</p>",
    "<!-- {0} -->",
    "<!{0}>",
    "<?{0}>",
    "<title>{0}</title>",
    "<title>{1}</title>",
    "<textarea>{0}</textarea>",
    "<textarea>{1}</textarea>",
    "<xmp>{0}</xmp>",
    "<noscript>{0}</noscript>",
    "<noscript>{1}</noscript>",
    '<noscript><p title="{0}"></noscript>',
    "<style>{0}</style>",
    "<style>{1}</style>",
    "<script>'{1}'</script>",
    "<iframe>{0}</iframe>",
    "<noembed>{1}</noembed>",
    "<pre>\n{1}</pre>",
    "<select><option>{1}</select>",
    "<template>{1}</template>",
    "<template><p title='{1}'></template>",
    "<svg><text>{1}</text></svg>",
    "<svg><title>{1}</title></svg>",
    "<svg><desc>{1}</desc><a title='{1}'></a></svg>",
    "<svg><![CDATA[{0}]]></svg>",
    "<svg><textarea>{1}</textarea></svg>",
    "<math><mi>{1}</mi><mtext title='{1}'></mtext></math>",
    "<math><mtext><style>{0}</style></mtext></math>",
    "<svg><style>{1}</style></svg>",
    "<svg><style>{1}{0}{1}</style></svg>",
    "<svg><style><![CDATA[{0}]]></style></svg>",
    "<svg><script>{1}</script></svg>",
    "<svg><xmp>{1}</xmp><noscript>{1}</noscript></svg>",
    "<svg><iframe>{1}</iframe></svg>",
    "<svg><plaintext>{1}</plaintext></svg>",
    "<svg><desc><svg><style>{1}</style></svg></desc></svg>",
    "<math><style>{1}</style></math>",
    "<math><mtext><mglyph><style>{1}</style></mglyph></mtext></math>",
    "<math><mtext><table><mglyph><style><!--</style></table></mtext></math><style>{0}</style>",
    "<math><annotation-xml><svg><style>{1}</style></svg></annotation-xml></math>",
    "<math><svg><desc><style>{1}</style></desc></svg></math>",
    "<template><svg><style>{1}</style></svg></template>",
    "<svg><foreignObject><style>{1}</style></foreignObject></svg>",
    "<table><td>{1}<tr>{1}",
    "<form><math><mtext></form><form><mglyph>{1}</mglyph></form></mtext></math>",
    "<plaintext>{0}",
    "<svg></p><style>{1}</style></svg>",
    "<svg><p><style>{1}</style></p></svg>",
    "<svg><font color=a><style>{1}</style></font></svg>",
    "<p><table><svg><style>{1}</style></svg></table>",
    "<table><svg><desc><table><style>{1}</style></table></desc></svg></table>",
    "<math><annotation-xml encoding='text/html'><svg><style>{1}</style></svg></annotation-xml></math>",
    "<math><annotation-xml encoding=a><style>{1}</style></annotation-xml></math>",
    "<math><mi><malignmark><style>{1}</style></malignmark></mi></math>",
    "<math><mtext><p><math><style>{1}</style></math></p></mtext></math>",
    "<svg><a><svg><style>{1}</style></svg></a></svg>",
    "<svg><title><noscript>{1}</noscript><style>{1}</style></title></svg>",
    "<svg><foreignObject><math><mi><style>{1}</style></mi></math></foreignObject></svg>",
    "<noscript><style></noscript>{1}</style>",
    "<select><svg><style>{1}</style></svg></select>",
    "<select><template><style>{1}</style></template></select>",
    "<form><div></form><form><svg><style>{1}</style></svg></form></div>",
    "<a href=x><svg><a href=y><style>{1}</style></a></svg></a>",
    "<b><p><svg><style>{1}</style></b></svg></p>",
    "<listing>\n\n{1}</listing><image title='{1}'>",
    "<table><caption><svg><style>{1}</caption></style></svg></table>",
    "<frameset><noframes>{1}</noframes></frameset>",
    "<meta http-equiv=refresh content='{1}'><base href='{1}'>",
    "<svg><animate attributeName=href values='{1}'><set to='{1}'></svg>",
    "<p style='{1}' {0} =>x</p>",
    "<div>" * 30 + "<svg><style>{1}</style></svg>",
    "<template><template><math><style>{1}</style></math></template></template>",
    "<![CDATA[{0}]]><svg><desc><![CDATA[{0}]]></desc></svg>",
    "<iframe srcdoc='{1}'></iframe><object data='{1}'>{1}</object>",
]


def can_do(html: str) -> Counter[tuple[str, str]]:
    """The scripts, handlers and URLs of a page, as two parsers see it.

    One runs scripts, as browsers do, and one does not; they differ by design over a ``noscript``, which the first decides.
    """
    found: Counter[tuple[str, str]] = Counter()
    for node in lexbor.parse(html).css("*"):
        attributes = {name: value or "" for name, value in node.attributes.items()}
        found.update(_active("lexbor", node.tag or "", attributes, node.inner_html or ""))
    for tag in BeautifulSoup("" if "<noscript" in html else html, "html5lib").find_all(True):
        assert isinstance(tag, Tag)
        attributes = {name: str(value) for name, value in tag.attrs.items()}
        found.update(_active("html5lib", tag.name, attributes, tag.decode_contents(formatter=None)))
    return found


def _active(parser: str, tag: str, attributes: dict[str, str], script: str) -> list[tuple[str, str]]:
    what = [(f"{parser} {name}", value) for name, value in attributes.items() if name.startswith("on") or name in _URLS]
    return [*what, (f"{parser} script", script)] if tag == "script" else what


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_cleaned_page_has_no_script_handler_or_url_that_the_input_did_not_have(context: str) -> None:
    for payload, frame in product(PAYLOADS, ("{}", PAGE)):
        html = frame.format(f"<p>kept</p>{context.format(payload, escaping.escape(payload))}<p>promo</p>")
        document = parse_html(html)
        promos = {block.index for block in document.blocks if "promo" in block.text}
        output = render(labelled(document, promos or {0}))
        assert not can_do(output) - can_do(html), (html, output)
        again = render(labelled(parse_html(output), {0}))
        assert not can_do(again) - can_do(html), (html, again)


def test_what_a_page_can_do_is_seen_where_it_can() -> None:
    """The tests above would not see anything if this did not."""
    found = can_do("<a href=javascript:1 onclick=2>x</a><script>3</script>")
    assert {value for _, value in found} == {"javascript:1", "2", "3"}
    assert sum(found.values()) == 6


def test_styles_and_scripts_within_svg_keep_their_meaning() -> None:
    html = "<svg><style>a > b { c: d }</style><script><![CDATA[a < b && c]]></script><desc><style>e > f</style></desc></svg>"
    written, _ = lexbor.read(html)
    meant = ["a > b { c: d }", "a < b && c", "e > f"]
    for source in (html, written):
        assert [node.first_child.text_content for node in lexbor.parse(source).css("svg style, svg script")] == meant


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_that_looks_like_markup_is_the_same_text_in_the_output(payload: str) -> None:
    html = f"<p>{escaping.escape(payload)}</p><xmp>{escaping.escape(payload)}</xmp><p>promo</p>"
    document = parse_html(html)
    output = render(labelled(document, {2}))
    assert texts(output) == texts(html)[:2]
    assert texts(output)[0] == " ".join(payload.split())


# -- compiled code: what no parser writes, and arrays that do not agree ------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<", "</", "<a", "<a ", "<a b", "<a b=", '<a b="', '<a b="c', '<a b="c"', "<a b=c>", "<a></a", "<a></b>", "</a>",
        "<a>", "<!", "<!-", "<!--", "<?", "<textarea", "<textarea ", "<svg", "<svg><textarea", "<svg><a", "<svg><!",
        "<svg></", "<svg></svg", "<script", "<script>", "<script></script", "<script><!--", "<xmp>", "<xmp></xmp",
        "<plaintext>", "<br", "<a\0b>", "\0<\0", "<template><svg><style>",
    ],
)  # fmt: skip
def test_html_that_no_parser_wrote_is_refused(text: str) -> None:
    for stable, before in product(
        (False, True), ("", "\u0101", "\U0001f600")
    ):  # strings of one, two and four bytes a character
        with pytest.raises((UnreadableError, UnstableError)):
            scan(before + text, stable)


@pytest.mark.parametrize("cut", range(1, 90))
def test_html_cut_anywhere_is_refused_or_read(cut: int) -> None:
    whole = '<p a="b">x</p><svg><g a="&lt;"></g></svg><textarea>\n</textarea><script><!--<script></script>--></script><!--a-->'
    try:
        assert set(scan(whole[:cut]).layout.texts) <= {"x"}
    except (UnreadableError, UnstableError):
        assert cut < len(whole)


def test_a_cutter_refuses_an_end_without_a_start() -> None:
    with pytest.raises(ValueError, match="no element is open"):
        Cutter().close()
    with pytest.raises(KeyError):
        Cutter().pass_over("span")


CODES = np.frombuffer("ab cd".encode("utf-32-le"), np.uint32)
TABLE = np.ones((4, 2), np.float32)
BYTES = np.zeros(8, np.uint8)
VALUES = np.ones((2, 3))


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def places(*values: int) -> np.ndarray:
    return ints(*values)[None]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (hashing.hash_ngrams, (CODES, ints(6), (2,), 4)),
        (hashing.hash_ngrams, (CODES, ints(-1, 6), (2,), 4)),
        (hashing.hash_ngrams, (CODES, ints(1 << 62, 1 << 62, 1 << 62, 1 << 62), (2,), 4)),
        (hashing.hash_ngrams, (CODES, ints(5), (0,), 4)),
        (hashing.hash_ngrams, (CODES, ints(5), (-3,), 4)),
        (hashing.hash_ngrams, (CODES, ints(5), (2,), 32)),
        (hashing.hash_ngrams, (CODES, ints(5), (2,), -1)),
        (hashing.hash_ngrams, (CODES.astype(np.int64), ints(5), (2,), 4)),
        (hashing.hash_ngrams, (CODES[::2], ints(1), (2,), 4)),
        (hashing.hash_ngrams, (None, ints(5), (2,), 4)),
        (tokens.hash_attributes, (["a"], [], BYTES[:1], frozenset(), 9, 9, 4)),
        (tokens.hash_attributes, (["a"], [{}], BYTES[:0], frozenset(), 9, 9, 4)),
        (tokens.hash_attributes, (["a"], [{}], BYTES[:1], frozenset(), 9, 9, 64)),
        (hashing.score_ngrams, (TABLE, CODES, ints(6), (2,))),
        (hashing.score_ngrams, (TABLE, CODES, ints(-1, 6), (2,))),
        (hashing.score_ngrams, (TABLE, CODES, ints(5), (0,))),
        (hashing.score_ngrams, (TABLE[:0], CODES, ints(5), (2,))),
        (hashing.score_ngrams, (TABLE[:, ::2], CODES, ints(5), (2,))),
        (elements.telling_elements, (ints(0), ints(1, 1), ints(), ints(0, 0), 9)),
        (elements.telling_elements, (ints(0), ints(1), ints(1), ints(0, 1), 9)),
        (elements.telling_elements, (ints(0), ints(1), ints(-1), ints(0, 1), 9)),
        (elements.telling_elements, (ints(0), ints(1), ints(0), ints(0, 2), 9)),
        (elements.telling_elements, (ints(0), ints(1), ints(0), ints(1, 0), 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(2), ints(), ints(0, 0), ints(-1, 0), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(-2), ints(), ints(0, 0), ints(-1, 0), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(1), ints(), ints(0, 1), ints(-1, 0), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(1), ints(2), ints(0, 1), ints(-1, 0), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(1), ints(0), ints(0, 1), ints(-1, 1), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(1), ints(0), ints(0), ints(-1, 0), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1, 1), ints(1), ints(0), ints(0, 1), ints(-1, 0), BYTES[:1], 9)),
        (elements.score_levels, (VALUES[:, :2].copy(), ints(1, 1), ints(1), ints(0), ints(0, 1), ints(-1, 0), BYTES[:2], 9)),
        (elements.score_levels, (VALUES, ints(1), ints(1), ints(0), ints(0, 1), ints(-1, 0), BYTES[:2], 9)),
        (tokens.sum_attributes, (TABLE, ["a"], [], BYTES[:1], frozenset(), 9, 9)),
        (tokens.sum_attributes, (TABLE, ["a"], [{}], BYTES[:0], frozenset(), 9, 9)),
        (tokens.sum_attributes, (TABLE[:0], ["a"], [{}], BYTES[:1], frozenset(), 9, 9)),
        (tokens.sum_attributes, (TABLE[:, ::2], ["a"], [{}], BYTES[:1], frozenset(), 9, 9)),
        (
            tokens.sum_attributes,
            (TABLE, ["a"], Attributes("<a>", places(0, 4, 0, 0), BYTES[:1]), BYTES[:1] + 1, frozenset(), 9, 9),
        ),
        (
            tokens.sum_attributes,
            (TABLE, ["a"], Attributes("<a>", places(2, 1, 0, 0), BYTES[:1]), BYTES[:1] + 1, frozenset(), 9, 9),
        ),
        (Attributes, ("<a>", places(0, 3), BYTES[:1])),
        (Attributes, ("<a>", places(0, 3, 3, 3), BYTES[:2])),
        (ensemble.join, (TABLE, TABLE[0, :1], TABLE[:2], TABLE[0], 6, np.ones((4, 4), np.float32))),
        (ensemble.join, (TABLE, TABLE[0], TABLE[:1], TABLE[0], 6, np.ones((4, 4), np.float32))),
        (ensemble.join, (TABLE, TABLE[0], TABLE[:2], TABLE[0, :1], 6, np.ones((4, 4), np.float32))),
        (ensemble.join, (TABLE, TABLE[0], TABLE[:2], TABLE[0], 6, np.ones((3, 4), np.float32))),
        (ensemble.join, (TABLE, TABLE[0], TABLE[:2], TABLE[0], 6, np.ones((4, 3), np.float32))),
        (ensemble.standardise, (TABLE, TABLE[0], TABLE[0], 5, 3)),
        (ensemble.standardise, (TABLE, TABLE[0, :1], TABLE[0], 5, 4)),
        (ensemble.standardise, (TABLE, TABLE[0], TABLE[0, :1], 5, 4)),
        (ensemble.output_units, (TABLE, TABLE[0], TABLE[0], 5)),
        (ensemble.output_units, (TABLE, TABLE[0], TABLE[0], -1)),
        (ensemble.output_units, (TABLE, TABLE[0, :1], TABLE[0], 4)),
        (ensemble.output_units, (TABLE, TABLE[0], TABLE[0, :1], 4)),
        (elements.wide_elements, (["a"], ints(0), ints(2), 0.5)),
        (elements.wide_elements, (["a"], ints(1), ints(0), 0.5)),
        (elements.wide_elements, (["a"], ints(0, 0), ints(1), 0.5)),
        (elements.wide_elements, ([None], ints(0), ints(1), 0.5)),
        (elements.count_named, (BYTES[:2], ints(0), ints(1))),
        (elements.count_named, (BYTES[:1], ints(0, 0), ints(1))),
        (elements.count_named, (BYTES[:1], ints(0), ints(1, 1))),
        (elements.growing_ancestors, (ints(-1, 2, 0), ints(0, 0, 0), ints(1, 1, 1))),
        (elements.growing_ancestors, (ints(-1, 0), ints(0), ints(1))),
    ],
)
def test_the_loops_refuse_arrays_that_do_not_agree(function, arguments) -> None:
    with pytest.raises((ValueError, IndexError, TypeError)):
        function(*arguments)


def test_a_table_of_one_row_holds_all_hashes() -> None:
    columns, counts = hashing.hash_ngrams(CODES, ints(5), (2, 3), 0)
    assert columns.tolist() == [0] * int(counts.sum())
    assert hashing.score_ngrams(TABLE[:1], CODES, ints(5), (2, 3)).tolist() == pytest.approx(
        np.full((1, 2), len(columns) ** 0.5)
    )


def test_the_loops_read_nothing_of_nothing() -> None:
    assert hashing.hash_ngrams(CODES[:0], ints(), (2,), 4)[0].tolist() == []
    assert hashing.hash_ngrams(CODES[:0], ints(0), (2,), 4)[1].tolist() == [0]
    assert elements.growing_ancestors(ints(), ints(), ints()).tolist() == []
    assert hashing.score_ngrams(TABLE, CODES[:0], ints(), (2,)).shape == (0, 2)
    assert hashing.score_ngrams(TABLE, CODES[:0], ints(0), (2,)).tolist() == [[0, 0]]
    assert elements.score_levels(VALUES[:0], ints(), ints(-1), ints(), ints(0, 0), ints(), BYTES[:0], 9).tolist() == [[0]]
    assert hashing.fold_characters([], "|")[0].tolist() == []


def test_a_soup_whose_attributes_are_of_classes_of_their_own_is_cleaned() -> None:
    """Beautiful Soup gives the charset of a meta as such a str."""
    soup = BeautifulSoup(
        "<div class=a id=b><p class=c>one <meta charset=utf-8> two</p><p class=d>three</p></div>", "html.parser"
    )
    soup.div["data-x"] = 5
    assert str(clean_html(soup, threshold=1.0)) == str(soup)


@pytest.mark.parametrize(
    "change",
    [
        {"containers": ints(0)},
        {"containers": ints(0, 9)},
        {"containers": ints(0, -2)},
        {"inlines": ints(9)},
        {"inlines": ints(-1)},
        {"inline_starts": ints(0, 1)},
        {"inline_starts": ints(0, 0, 2)},
        {"inline_starts": ints(1, 0, 1)},
        {"link_lengths": ints(0)},
        {"parents": ints(-1, 0)},
        {"parents": ints(-1, 1, 0)},
        {"parents": ints(-1, 0, -2)},
        {"starts": ints(0, 0, -1)},
        {"ends": ints(2, 1, 3)},
        {"ends": ints(2, 1)},
        {"texts": ["a"]},
        {"texts": ["a", ""]},
        {"attributes": [{"class": "a"}] * 2},
    ],
)
def test_features_refuse_a_layout_that_does_not_agree(change: dict[str, Any]) -> None:
    """A layout can come from a pickle that someone made."""
    layout = parse_html("<div class=a>a</div><p class=b><b class=c>b</b></p>").layout
    scoring.score(load_model().arrays, layout)
    with pytest.raises((ValueError, IndexError)):
        scoring.score(load_model().arrays, replace(layout, **change))
