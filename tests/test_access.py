"""Whether a copy of a page holds the whole text. Blocks are labelled by hand: ``data-is`` names a label, or the kind of a promo."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from paywallclf import Document, classify_html, parse_html, parse_text
from paywallclf.access import access_of, declared_free
from paywallclf.document import KINDS
from paywallclf.labels import read_labels

PAGES = Path(__file__).parents[1] / "datasets" / "pages"

TEXT = [
    "The ferry left the harbour at six, an hour late, with forty lorries on its lower deck and a band on the upper one.",
    "Nobody on the quay could say when the next one would sail, and the timetable had been taken down for painting.",
    "The council will vote on the new pier in March, after a winter in which the old one lost two of its seven piles.",
    "“We have waited nine years for this,” said the harbour master, who has counted every storm since the last repair.",
]
CUT = "What the engineers found under the third pile in November was something that nobody in the town hall"
BARRIER = '<p data-is="paywall">This story is for our members. Become one to read on.</p>'
METER = '<p data-is="paywall">You have read 2 of 5 free stories this month.</p>'
OFFER = '<p data-is="subscribe">All stories on every device for one pound a week.</p>'
MORE = '<ul class="more"><li><a href="/1">A pier for the north bay</a></li><li><a href="/2">Gulls return</a></li></ul>'


def paragraphs(*texts: str) -> str:
    return "".join(f'<p data-is="editorial">{text}</p>' for text in texts)


def json_ld(*values: object) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


def article(free: object, selector: object = None) -> dict[str, object]:
    """A statement as publishers make it, with a locked part if there is a selector."""
    stated: dict[str, object] = {"@context": "https://schema.org", "@type": "NewsArticle", "isAccessibleForFree": free}
    if selector is not None:
        stated["hasPart"] = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": selector}
    return stated


def labelled(parsed: Document) -> Document:
    def label(index: int) -> tuple[str, str | None]:
        element = parsed.layout.containers[index]
        name = parsed.layout.attributes[element].get("data-is") or "other"
        return ("promo", name) if name in KINDS else (name, None)

    blocks = [replace(block, label=label(block.index)[0], kind=label(block.index)[1]) for block in parsed.blocks]
    return replace(parsed, blocks=tuple(blocks))


def access(body: str, head: str = "") -> tuple[str, str]:
    """State and evidence of a page."""
    html = (
        f'<html><head>{head}</head><body><h1 data-is="editorial">The old pier</h1><article>{body}</article>{MORE}</body></html>'
    )
    found = access_of(labelled(parse_html(html)))
    return found.state, " ".join(found.evidence)


def state(body: str, head: str = "") -> str:
    return access(body, head)[0]


# -- nothing to go by ----------------------------------------------------------------------------------------------------


def test_a_page_without_barrier_or_statement_is_unknown() -> None:
    assert access(paragraphs(*TEXT)) == ("unknown", "")


@pytest.mark.parametrize("html", ["", "   ", "<p></p>", json_ld(article(True))])
def test_a_page_without_text_is_unknown(html: str) -> None:
    assert access_of(parse_html(html)).state == "unknown"


def test_a_document_without_labels_is_unknown() -> None:
    assert access_of(parse_html(paragraphs(*TEXT) + BARRIER)).state == "unknown"


# -- what the publisher declares -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [True, "True", "true", "http://schema.org/True", "https://schema.org/True", 1, "1"])
def test_a_page_declared_free_is_open(word: object) -> None:
    found, evidence = access(paragraphs(*TEXT), json_ld(article(word)))
    assert found == "open"
    assert evidence == "The publisher declares the page free (isAccessibleForFree in JSON-LD)."


@pytest.mark.parametrize("word", [False, "False", "false", "http://schema.org/False", 0, "0"])
def test_that_a_page_is_declared_not_free_does_not_lock_a_copy_with_text(word: object) -> None:
    found, evidence = access(paragraphs(*TEXT), json_ld(article(word)))
    assert found == "unknown"
    assert "not free" in evidence


@pytest.mark.parametrize("word", ["maybe", None, "", {"a": 1}, [[]], 2, 1e400])
def test_a_statement_that_says_neither_is_passed_over(word: object) -> None:
    assert access(paragraphs(*TEXT), json_ld(article(word))) == ("unknown", "")


@pytest.mark.parametrize(
    "head",
    [
        json_ld({"@context": "https://schema.org", "@graph": [{"@type": "Organization"}, article(True)]}),
        json_ld([[article(True)]]),
        json_ld({"@type": "Organization", "name": "The Tide"}, article(True)),
        json_ld({"@type": "WebPage", "mainEntity": article(True)}),
        json_ld({"@type": "Recipe", "isAccessibleForFree": True}),
        '<script type="application/ld+json">{"@type": "NewsArticle", </script>' + json_ld(article(True)),
        f'<script type="application/ld+json">\n<!-- {json.dumps(article(True))} -->\n</script>',
        f'<script type="application/ld+json">//<![CDATA[\n{json.dumps(article(True))}\n//]]></script>',
        f'<script type="application/ld+json">/*<![CDATA[*/[{json.dumps(article(True))}]/*]]>*/</script>',
        f'<script type="Application/LD+JSON; charset=utf-8">{json.dumps(article(True))};</script>',
        '<script type="application/ld+json">{"isAccessibleForFree": true, "description": "two\nlines"}</script>',
        '<meta itemprop="isAccessibleForFree" content="true">',
        '<link itemprop="isAccessibleForFree" href="https://schema.org/True">',
    ],
    ids="graph lists several main_entity other_type after_broken comment cdata cdata_comment type newline meta link".split(),
)
def test_reads_the_statement_as_publishers_write_it(head: str) -> None:
    assert state(paragraphs(*TEXT), head) == "open"


def test_what_the_publisher_declares_can_be_asked_alone() -> None:
    assert declared_free(parse_html(json_ld(article("True")) + paragraphs(*TEXT))) is True
    assert declared_free(parse_html(json_ld(article(False, ".text")) + paragraphs(*TEXT))) is False
    assert declared_free(parse_html(paragraphs(*TEXT))) is None


def test_reads_microdata_in_the_text() -> None:
    found, evidence = access(f'<span itemprop="isAccessibleForFree">true</span>{paragraphs(*TEXT)}')
    assert found == "open"
    assert "microdata" in evidence


def test_microdata_can_say_that_a_page_is_not_free() -> None:
    _, evidence = access(paragraphs(*TEXT), '<meta itemprop="isAccessibleForFree" content="False">')
    assert evidence == "The publisher declares the page not free (isAccessibleForFree in microdata)."


@pytest.mark.parametrize(
    "head",
    [
        json_ld({"@type": "NewsArticle", "associatedMedia": {"@type": "ImageObject", "isAccessibleForFree": True}}),
        json_ld({"@type": "NewsArticle", "isPartOf": {"@type": "CreativeWork", "isAccessibleForFree": True}}),
        '<script>var page = {"isAccessibleForFree": true}</script>',
        '<meta name="description" content="isAccessibleForFree">',
        '<script type="application/ld+json">' + '[{"isAccessibleForFree":true,"hasPart":' * 50_000 + "</script>",
        '<script type="application/ld+json">{"isAccessibleForFree": ' + "9" * 5000 + "}</script>",
        '<script type="application/ld+json">isAccessibleForFree</script>',
    ],
    ids="picture site other_script description deep_json long_number no_json".split(),
)
def test_passes_over_what_does_not_speak_of_the_page(head: str) -> None:
    assert access(paragraphs(*TEXT), head) == ("unknown", "")


def test_a_page_is_not_free_where_its_statements_disagree() -> None:
    head = json_ld({"@type": "WebPage", "isAccessibleForFree": True}, article(False))
    assert "not free" in access(paragraphs(*TEXT), head)[1]


def test_the_statement_on_the_page_outranks_the_one_on_a_part() -> None:
    assert state(paragraphs(*TEXT), json_ld(article(True, ".rest"))) == "open"


def test_a_locked_part_alone_says_that_the_page_is_not_free() -> None:
    stated = article(None, ".rest")
    assert "not free" in access(paragraphs(*TEXT), json_ld(stated))[1]


# -- the part declared locked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "selector", [".rest", "div.rest", "#r", "div.rest.paid", [".none", ".rest"], ".none, .rest", " .rest "]
)
def test_a_copy_that_holds_the_locked_part_is_open(selector: object) -> None:
    body = f'{paragraphs(*TEXT[:2])}<div class="paid rest" id="r">{paragraphs(*TEXT[2:])}</div>'
    found, evidence = access(body, json_ld(article(False, selector)))
    assert found == "open"
    assert "has its text in this copy" in evidence


def test_a_copy_whose_locked_part_is_empty_is_locked() -> None:
    found, evidence = access(f'{paragraphs(*TEXT * 3)}<div class="rest"></div>', json_ld(article(False, ".rest")))
    assert found == "locked"
    assert "has no text in this copy" in evidence


def test_a_barrier_is_no_text_of_the_locked_part() -> None:
    body = f'{paragraphs(*TEXT)}<div class="rest"><p data-is="other">Loading</p>{BARRIER}</div>'
    assert state(body, json_ld(article(False, ".rest"))) == "locked"


def test_a_free_part_does_not_stand_for_the_locked_one() -> None:
    stated = article(False)
    stated["hasPart"] = [
        {"@type": "WebPageElement", "isAccessibleForFree": True, "cssSelector": ".start"},
        {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": ".rest"},
    ]
    assert state(f'<div class="start">{paragraphs(*TEXT)}</div><div class="rest"></div>', json_ld(stated)) == "locked"


def test_a_selector_that_matches_nothing_locks_only_a_page_of_little_text() -> None:
    head = json_ld(article(False, ".rest"))
    assert state(paragraphs(TEXT[0]), head) == "locked"
    assert state(paragraphs(*TEXT * 3), head) == "unknown"


@pytest.mark.parametrize(
    "selector", ["", ":::", "div[", "..", "{}", ",", "*", "p:has(p)", "a b c d e f", 7, None, [7], {"a": 1}]
)
def test_a_selector_that_cannot_be_read_is_passed_over(selector: object) -> None:
    stated = article(False, ".x")
    stated["hasPart"]["cssSelector"] = selector  # type: ignore[index]
    assert state(paragraphs(TEXT[0]), json_ld(stated)) == "unknown"


def test_a_page_cannot_make_its_selectors_slow() -> None:
    selectors = ["x" + " div" * 8, *[f".c{number}" for number in range(100_000)]]
    body = "<div>" * 150 + paragraphs(*TEXT * 100) + "</div>" * 150
    start = time.perf_counter()
    state(body, json_ld(article(False, selectors)))
    assert time.perf_counter() - start < 2


# -- where the text ends -------------------------------------------------------------------------------------------------


def test_a_text_that_stops_at_a_barrier_is_locked() -> None:
    assert access(paragraphs(*TEXT) + BARRIER + OFFER) == ("locked", "The editorial text stops at a barrier.")


def test_a_text_that_goes_on_after_a_barrier_is_open() -> None:
    found = access(paragraphs(*TEXT[:3]) + BARRIER + OFFER + paragraphs(*TEXT[3:]))
    assert found == ("open", "The editorial text goes on after a barrier or a meter.")


def test_teasers_after_the_barrier_are_not_the_rest_of_the_text() -> None:
    teasers = f"<section><div>{paragraphs(TEXT[0].replace('six', 'nine'))}</div></section>"
    assert state(paragraphs(*TEXT) + BARRIER + teasers) == "locked"


def test_the_rest_of_the_text_may_stand_in_other_elements() -> None:
    assert state(paragraphs(TEXT[0]) + BARRIER + f'<div class="rest">{paragraphs(*TEXT[1:])}</div>') == "open"
    rest = "".join(f"<{tag}>{paragraphs(TEXT[0])}</{tag}>" for tag in ("div", "section", "main"))
    assert state(paragraphs(*TEXT[:2]) + BARRIER + rest) == "open"


def test_tags_and_share_links_may_stand_before_the_barrier() -> None:
    assert state(paragraphs(*TEXT) + "<ul><li>Piers</li><li>Ferries</li><li>Share</li></ul>" + BARRIER) == "locked"


def test_a_barrier_far_from_the_text_proves_nothing() -> None:
    links = "".join(f"<li>Page {number}</li>" for number in range(20))
    assert state(f"{paragraphs(*TEXT)}<ul>{links}</ul>{BARRIER}") == "unknown"


def test_a_barrier_above_the_text_proves_nothing() -> None:
    assert state(BARRIER + "<p>Menu</p>" + paragraphs(*TEXT)) == "unknown"


def test_a_page_of_a_headline_and_a_barrier_is_locked() -> None:
    assert state(BARRIER) == "locked"


def test_a_meter_alone_does_not_lock() -> None:
    assert state(paragraphs(*TEXT) + METER) == "unknown"
    assert state(paragraphs(*TEXT[:2]) + METER + paragraphs(*TEXT[2:])) == "open"


def test_a_barrier_with_a_price_is_no_meter() -> None:
    assert state(paragraphs(*TEXT) + '<p data-is="paywall">Read on with a pass for £1.</p>') == "locked"


def test_an_offer_under_a_whole_text_is_no_barrier() -> None:
    assert state(paragraphs(*TEXT) + OFFER) == "unknown"
    assert state(paragraphs(*TEXT) + OFFER + '<p data-is="paywall">Already a member? Log in here.</p>') == "unknown"


def test_a_text_that_breaks_off_at_an_offer_is_locked_where_the_publisher_sells_it() -> None:
    body = f'<div class="body">{paragraphs(*TEXT, CUT)}</div>{OFFER}'
    assert state(body, json_ld(article(False, ".body"))) == "locked"
    assert state(body) == "unknown"
    assert state(body, json_ld(article(True))) == "open"
    assert state(f'<div class="body">{paragraphs(*TEXT)}</div>{OFFER}', json_ld(article(False, ".body"))) == "open"


def test_an_ellipsis_on_a_page_with_a_barrier_elsewhere_breaks_the_text_off() -> None:
    links = "".join(f"<li>Page {number}</li>" for number in range(20))
    body = f"{paragraphs(*TEXT, CUT + '…')}<ul>{links}</ul>{BARRIER}"
    assert state(body) == "locked"
    assert state(body, json_ld(article(True))) == "open"


@pytest.mark.parametrize(("chance", "expected"), [(0.9, "locked"), (0.5, "locked"), (0.1, "unknown")])
def test_what_is_more_likely_no_promo_does_not_lock(chance: float, expected: str) -> None:
    """The default threshold of promo is low, so that few leak; a notice that comes just above it is no barrier."""
    document = labelled(parse_html(f"<article>{paragraphs(*TEXT)}{BARRIER}</article>"))
    sure = {"promo": chance, "other": 1 - chance}
    blocks = [replace(block, probabilities=sure) if block.label == "promo" else block for block in document.blocks]
    assert access_of(replace(document, blocks=tuple(blocks))).state == expected


def test_a_button_is_no_barrier() -> None:
    assert state(paragraphs(*TEXT) + '<button data-is="paywall">Log in</button>') == "unknown"


def test_a_text_that_breaks_off_at_a_barrier_is_locked_even_where_the_page_is_declared_free() -> None:
    found, evidence = access(paragraphs(*TEXT, CUT) + BARRIER, json_ld(article(True)))
    assert found == "locked"
    assert "breaks off" in evidence


def test_the_declaration_that_a_page_is_free_outranks_a_barrier_under_a_whole_text() -> None:
    assert state(paragraphs(*TEXT) + BARRIER, json_ld(article(True))) == "open"


def test_a_preview_in_the_part_declared_locked_does_not_open_the_page() -> None:
    head = json_ld(article(False, ".body"))
    assert state(f'<div class="body">{paragraphs(*TEXT, CUT)}</div>{BARRIER}', head) == "locked"
    # a whole text or a preview that ends with a paragraph: the evidence is at odds
    assert state(f'<div class="body">{paragraphs(*TEXT)}</div>{BARRIER}', head) == "unknown"


@pytest.mark.parametrize("end", ["…", "...", "…”", "[...]", "(…)", "。。。"])
def test_an_ellipsis_breaks_off_a_text_that_is_not_free(end: str) -> None:
    assert state(paragraphs(*TEXT, CUT + end), json_ld(article(False))) == "locked"
    assert state(paragraphs(*TEXT, CUT + end)) == "unknown"


@pytest.mark.parametrize("tag", ["figcaption", "h3", "td"])
def test_a_caption_or_headline_does_not_break_off(tag: str) -> None:
    caption = f'<{tag} data-is="editorial">{CUT}</{tag}>'
    caption = f"<table><tr>{caption}</tr></table>" if tag == "td" else caption
    assert access(paragraphs(*TEXT) + caption + BARRIER)[1] == "The editorial text stops at a barrier."


def test_a_byline_does_not_break_off() -> None:
    assert access(paragraphs(*TEXT, "Ada Ferreiro") + BARRIER)[1] == "The editorial text stops at a barrier."


def test_a_teaser_with_an_ellipsis_does_not_break_off() -> None:
    assert state(f"{paragraphs(*TEXT)}<section>{paragraphs(CUT + '…')}</section>", json_ld(article(False))) == "unknown"


def test_a_last_line_without_full_stop_alone_does_not_lock() -> None:
    assert (
        state(
            paragraphs(*TEXT, "Additional reporting by the harbour desk, the weather desk and the wire services of the coast")
        )
        == "unknown"
    )
    assert state(paragraphs(*TEXT, CUT), json_ld(article(False))) == "unknown"


@pytest.mark.parametrize(
    "sentence",
    [
        "渡し船は六時に港を出たが、一時間遅れで、下の甲板にはトラックが四十台載っていた。",
        "Il battello è partito alle sei, con un’ora di ritardo e quaranta camion a bordo, «come sempre».",
        "नाव छह बजे बंदरगाह से एक घंटे की देरी से निकली और उस पर चालीस ट्रक थे।",
    ],
)
def test_a_sentence_ends_in_every_script(sentence: str) -> None:
    found, evidence = access(paragraphs(*[sentence] * 4) + BARRIER)
    assert found == "locked"
    assert "breaks off" not in evidence
    assert "breaks off" in access(paragraphs(*[sentence] * 4, sentence[:-6]) + BARRIER)[1]


def test_a_script_without_sentence_ends_does_not_break_off() -> None:
    sentence = "เรือข้ามฟากออกจากท่าตอนหกโมง ช้ากว่ากำหนดหนึ่งชั่วโมง พร้อมรถบรรทุกสี่สิบคัน"
    assert "breaks off" not in access(paragraphs(*[sentence] * 4) + BARRIER)[1]


# -- the other forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parser", ["html.parser", "lxml", "html5lib"])
def test_a_soup_gives_what_its_html_gives(parser: str) -> None:
    html = (
        f"<html><head>{json_ld(article(False, '.rest'))}</head><body>{paragraphs(*TEXT)}<div class='rest'></div></body></html>"
    )
    assert access_of(labelled(parse_html(BeautifulSoup(html, parser)))) == access_of(labelled(parse_html(html)))


def test_a_fragment_can_state_it() -> None:
    assert access_of(labelled(parse_html(json_ld(article(True)) + paragraphs(*TEXT)))).state == "open"


def test_plain_text_has_barriers_too() -> None:
    parsed = parse_text("\n\n".join([*TEXT, CUT, "Become a member to read on."]))
    labels = [("editorial", None)] * 5 + [("promo", "paywall")]
    blocks = [replace(block, label=label, kind=kind) for block, (label, kind) in zip(parsed.blocks, labels, strict=True)]
    assert access_of(replace(parsed, blocks=tuple(blocks))).state == "locked"


def test_plain_text_states_nothing() -> None:
    parsed = parse_text("\n\n".join([*TEXT, json_ld(article(True))]))
    assert (
        access_of(replace(parsed, blocks=tuple(replace(block, label="editorial") for block in parsed.blocks))).state
        == "unknown"
    )


def test_time_is_linear_in_the_number_of_barriers_and_quotation_marks() -> None:
    body = (paragraphs(TEXT[0]) + BARRIER) * 5000 + paragraphs(TEXT[0] + "”" * 200_000)
    document = labelled(parse_html(body))
    start = time.perf_counter()
    access_of(document)
    assert time.perf_counter() - start < 2


# -- own-written pages ---------------------------------------------------------------------------------------------------

OWN_PAGES = {
    "de_plus_barrier_truncated": "locked",
    "en_metered_barrier_offers_truncated": "locked",
    "fi_trial_gate": "locked",
    "ja_members_only_register": "locked",
    "nl_premium_barrier_app_banner": "locked",
    "sv_plus_barrier_trial": "locked",
    "zh_subscriber_wechat_app": "locked",
    "en_article_about_paywalls": "open",
    "en_inline_newsletter_mid_article": "open",
    "fr_meter_offer_bullets": "open",
}


def test_own_written_pages() -> None:
    states = {}
    for page in read_labels(PAGES / "labels.jsonl"):
        labels = [(label or "other").partition(":") for label in page.labels]
        blocks = [
            replace(block, label=label, kind=kind or None)
            for block, (label, _, kind) in zip(page.document.blocks, labels, strict=True)
        ]
        states[page.id] = access_of(replace(page.document, blocks=tuple(blocks))).state
    assert {page: found for page, found in states.items() if found != "unknown"} == OWN_PAGES


def test_classify_html_says_whether_the_copy_is_whole() -> None:
    assert classify_html('<meta itemprop="isAccessibleForFree" content="true"><p>Text.</p>').access.state == "open"
