"""What must hold for any page or text: cleaning, cutting, taking out."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))  # what runs this need not be pytest

from conftest import PAGES, labelled

from paywallclf import clean_html, clean_text, load_model, parse_text, render, scoring
from paywallclf.html import lexbor
from paywallclf.html.rewrite import plan_removal
from paywallclf.html.scan import UnstableError, scan
from paywallclf.html.segment import Segments, UnreadableError

#: What a page is made of, for mutations to put in.
TOKENS = [
    "<div>", "</div>", "<p>", "</p>", "<p class=a>", "<b>", "</b>", "<a href=x>", "</a>", "<br>", "<br><br>", "<ul><li>", "<table>",
    "<tr><td>", "</table>", "<form>", "</form>", "<button>", "<label>", "<pre>\n\n", "</pre>", "<textarea>\n\n", "</textarea>",
    "<plaintext>", "<xmp>", "</xmp>", "</xmpx>", "<script>", "</script>", "<!--", "-->", "--!>", "<!-->", "<script><!--<script>",
    "</script\v", "<style>", "</style>", "</stylex>", "<title>", "</title>", "<template>", "</template>", "<noscript>",
    "</noscript>", "<iframe>", "</iframe>", "<svg>", "</svg>", "<math>", "</math>", "<mtext>", "<mglyph>", "<foreignObject>",
    "<desc>", "<annotation-xml encoding=text/html>", "<![CDATA[", "]]>", "<select>", "<option>", "</select>", "<object>",
    "</object>", "<frameset>", "<noframes>", "</noframes>", "<body>", "</body>", "<html>", "<head>", "</head>", "<!doctype html>",
    "<?xml version='1.0' encoding='utf-16'?>", "<meta charset=shift_jis>", "<link rel=a>", "<img src=a>", "<figure>", "<video>",
    "<col>", "<caption>", "&lt;", "&amp;", "&lt", "&#0;", "&#xD800;", "&nbsp;", "\u00a0", "\u2028", "\0", "\r\n", "\n\n", "\ufeff",
    "a='", 'b="', "=", "<", ">", "</", "<!", "<?", "/>", "Subscribe now for one pound a week", "Rain fell on Friday. ",
]  # fmt: skip


def _drawn(data: bytes, n: int) -> set[int]:
    """Some of n blocks, chosen by the input itself."""
    return {index for index in range(n) if (data[(7 * index) % len(data)] + index) % 3 == 0} if data else set()


def html(source: str | bytes) -> None:
    """Cleaning ends in a page, whatever is dropped of it."""
    for options in ({}, {"threshold": 0.3}, {"drop": ("promo", "other")}):
        assert type(clean_html(source, **options)) is str


def html_of_bytes(data: bytes) -> None:
    html(data)


def html_of_str(data: bytes) -> None:
    html(_text_of(data))


def removal(data: bytes) -> None:
    """The text nodes of the kept blocks stay, in order and apart; those of the dropped ones are gone."""
    try:
        written, segments = lexbor.read(_text_of(data))
    except UnreadableError:
        return
    _check_segments(segments, len(written))
    texts = segments.layout.texts
    dropped = _drawn(data, len(texts))
    output = lexbor.without(written, plan_removal(segments, dropped))
    assert scan(output, stable=True).layout.texts == [text for index, text in enumerate(texts) if index not in dropped]


def scan_of_anything(data: bytes) -> None:
    """What no parser wrote is refused or read, and what is read can be scored."""
    text = _text_of(data)
    for stable in (False, True):
        try:
            segments = scan(text, stable)
        except (UnreadableError, UnstableError):
            continue
        _check_segments(segments, len(text))
        scores = scoring.score(load_model().arrays, segments.layout, kinds=True)
        assert np.isfinite(scores.labels).all()


def plain_text(data: bytes) -> None:
    """Kept paragraphs stay to the character."""
    text = _text_of(data)
    assert type(clean_text(text)) is str
    document = parse_text(text)
    assert render(labelled(document, set())) == text
    dropped = _drawn(data, len(document.blocks))
    kept = [block.text for block in document.blocks if block.index not in dropped]
    # where the last blank line goes, what is left is parted by its lines
    assert " ".join(render(labelled(document, dropped)).split()) == " ".join(kept)


def all_hold(data: bytes) -> None:
    """Every property, for one input."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for check in (html_of_bytes, html_of_str, removal, scan_of_anything, plain_text):
            check(data)


def seeds(longest: int) -> dict[str, bytes]:
    """The project's own pages, in pieces."""
    found = {}
    for path in PAGES:
        page = path.read_bytes()
        for part in range(0, len(page), longest):
            found[f"{path.stem}_{part}"] = page[part : part + longest]
    return found


def _text_of(data: bytes) -> str:
    """Surrogates among the text, as a str can have them."""
    return data.decode("utf-8", "surrogateescape")


def _check_segments(segments: Segments, length: int) -> None:
    layout = segments.layout
    n, n_elements = len(layout.texts), len(layout.tags)
    assert all(layout.texts)
    assert len(layout.containers) == n
    for starts, members in (
        (layout.inline_starts, layout.inlines),
        (segments.node_starts, segments.text_nodes),
        (segments.enclosed_starts, segments.enclosed),
    ):
        assert len(starts) == n + 1
        assert starts[0] == 0
        assert starts[-1] == len(members)
        assert (np.diff(starts) >= 0).all()
    assert len(layout.parents) == len(layout.starts) == len(layout.ends) == len(segments.elements) == n_elements
    assert (layout.parents < np.arange(n_elements)).all()
    assert (layout.parents >= -1).all()
    assert ((layout.starts >= 0) & (layout.starts <= layout.ends) & (layout.ends <= n)).all()
    assert ((layout.containers >= -1) & (layout.containers < n_elements)).all()
    spans = np.asarray(segments.text_nodes).tolist()
    assert all(0 <= start < end <= length for start, end in spans)
    assert spans == sorted(spans)
    for places in np.asarray(segments.elements).tolist():
        assert 0 <= places[0] < places[1] <= places[2] <= places[3] <= length
