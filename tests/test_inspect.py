"""The inspect page as a file: what stands in it, that nothing of a page is markup in it, and how the command ends."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner, Result
from selectolax.lexbor import LexborHTMLParser

from paywallclf import PaywallClassifier, classify_html, classify_text, explain, report
from paywallclf.cli import main
from paywallclf.report import InspectedPage, breakable, payload_of, percent, render_report, sureness

SENTENCES = ["The ferry left the harbour at six, an hour late.", "The council will vote on the new pier in March."]
PROMOS = ["Subscribe now for one pound a week", "Unlimited access on every device, cancel any time"]
PAGE = tiny.page("harbour", SENTENCES, PROMOS)

#: Texts that would break out of a report that forgets to escape them.
HOSTILE = [
    "<script>window.hostile = true</script>",
    "<img src=x onerror='window.hostile = true'>",
    "</span></li></ul></section></script><script>window.hostile = true</script>",
    "<!-- <script> ]]> {{ 7 * 7 }} {% raw %} &lt;b&gt;",
    "\" onclick='window.hostile = true' x=\"",
    "javascript:window.hostile=true",
    "a right-to-left override \u202e and a lone surrogate \ud800",
]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def hostile_page() -> str:
    """A page of those texts, and with classes, attributes and a script as bad."""
    texts = "".join(f"<p>{text.replace('&', '&amp;').replace('<', '&lt;')}</p>" for text in HOSTILE)
    return (
        '<html lang="en&quot; onload=&quot;window.hostile=true"><body onload="window.hostile = true">'
        '<div class="&lt;img/src=x/onerror=window.hostile=true&gt; subscribe" id="&lt;script&gt;window.hostile=true&lt;/script&gt;">'
        f'{texts}<a href="javascript:window.hostile=true">Subscribe now for one pound a week</a></div>'
        "<script>window.hostile = true; '</script>';</script></body></html>"
    )


def reported(html: str, identity: str = "page.html", group: str | None = None, model: Any = None) -> bytes:
    model = model or tiny.fitted()
    document = classify_html(html, model=model)
    return render_report([InspectedPage(identity, group, document.blocks, payload_of(document, model=model))])


def payloads(written: bytes | Path) -> list[Any]:
    tree = LexborHTMLParser(written if isinstance(written, bytes) else written.read_bytes())
    return [json.loads(gzip.decompress(base64.b64decode(node.text()))) for node in tree.css(".payload")]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny.fitted().save(folder)
    return folder


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text(PAGE, encoding="utf-8")
    return path


# -- what stands in the report ---------------------------------------------------------------------------------------------


def test_shows_every_block_in_order_with_label_kind_and_probability() -> None:
    document = classify_html(PAGE, model=tiny.fitted())
    options = LexborHTMLParser(reported(PAGE)).css("[role=option]")
    assert [option.css_first(".text").text() for option in options] == [block.text for block in document.blocks]
    assert [option.css_first(".label").text() for option in options] == [block.label for block in document.blocks]
    assert [option.css_first(".kind").text() for option in options] == [block.kind or "" for block in document.blocks]
    assert [option.css_first(".sure").text() for option in options] == [percent(sureness(block)) for block in document.blocks]
    assert {"promo", "editorial"} <= {block.label for block in document.blocks}


def test_gives_the_reasons_that_explain_gives() -> None:
    document = classify_html(PAGE, model=tiny.fitted())
    [payload] = payloads(reported(PAGE))
    index = next(block.index for block in document.blocks if block.text == PROMOS[0])
    reasons, wanted = payload["blocks"][index]["reasons"], explain(document, index, model=tiny.fitted())
    assert reasons["groups"] == pytest.approx(wanted.groups, abs=1e-3)
    assert reasons["log_odds"] == pytest.approx(wanted.log_odds, abs=1e-3)
    assert [name for name, _ in reasons["ngrams"]] == [name for name, _ in wanted.ngrams[: report.MOST_FEATURES]]
    assert [name for name, _ in reasons["markup"]] == [name for name, _ in wanted.markup[: report.MOST_FEATURES]]


def test_gives_reasons_to_the_least_sure_blocks_of_a_page_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_EXPLAINED", 3)
    document = classify_html(PAGE, model=tiny.fitted())
    [payload] = payloads(reported(PAGE))
    explained = [sureness(block) for block, entry in zip(document.blocks, payload["blocks"], strict=True) if entry["reasons"]]
    assert len(explained) == 3
    assert sorted(explained) == sorted(map(sureness, document.blocks))[:3]


@pytest.mark.parametrize("source", [PAGE.replace("<p", "\r\n<p"), "<p>half a pair \ud83d, a nul \x00 and an é</p>"])
def test_carries_the_source_unchanged_to_the_character(source: str) -> None:
    [payload] = payloads(reported(source))
    assert (payload["form"], payload["source"]) == ("html", source)


def test_carries_text_as_text() -> None:
    source = "\n\n".join(SENTENCES)
    document = classify_text(source, model=tiny.fitted())
    written = render_report([InspectedPage("notes.txt", None, document.blocks, payload_of(document, model=tiny.fitted()))])
    [payload] = payloads(written)
    assert (payload["form"], payload["source"]) == ("text", source)


def test_a_page_without_text_says_so() -> None:
    tree = LexborHTMLParser(reported("<img src=a.png>"))
    assert "No text" in tree.css_first("#page-1").text()


def test_several_pages_have_an_index() -> None:
    document = classify_html(PAGE, model=tiny.fitted())
    pages = [InspectedPage(name, None, document.blocks, payload_of(document, model=tiny.fitted())) for name in ("a", "b")]
    tree = LexborHTMLParser(render_report(pages))
    links = tree.css("#index a")
    assert [link.text() for link in links] == ["a", "b"]
    sections = [tree.css_first(link.attributes["href"] or "") for link in links]
    assert [section.attributes["data-id"] for section in sections if section] == ["a", "b"]
    assert LexborHTMLParser(render_report(pages[:1])).css_first("#index") is None


@pytest.mark.parametrize(
    ("probability", "wanted"), [(1.0, "> 99 %"), (0.991, "> 99 %"), (0.5, "50 %"), (0.023, "2 %"), (0.0, "< 1 %")]
)
def test_no_probability_is_shown_as_certain(probability: float, wanted: str) -> None:
    assert percent(probability) == wanted


# -- nothing of a page is markup -----------------------------------------------------------------------------------------


def test_hostile_text_stays_text() -> None:
    tame, hostile = (
        LexborHTMLParser(reported(html, identity)) for html, identity in [(PAGE, "tame"), (hostile_page(), HOSTILE[2])]
    )
    texts = [option.css_first(".text").text() for option in hostile.css("[role=option]")]
    assert texts[:6] == HOSTILE[:6]
    assert hostile.css_first(".page").attributes["data-id"] == HOSTILE[2]
    assert hostile.css_first("h2").text() == HOSTILE[2]
    for selector in ("script", "img", "style", "a", "section", "meta"):
        assert len(hostile.css(selector)) == len(tame.css(selector)), selector
    for node in hostile.css("*"):
        assert not any(name.startswith("on") for name in node.attributes), node.html


def test_the_policy_allows_our_script_and_style_and_no_connection() -> None:
    tree = LexborHTMLParser(reported(PAGE))
    [policy] = [node.attributes["content"] or "" for node in tree.css("meta[http-equiv=Content-Security-Policy]")]
    directives = dict(part.split(maxsplit=1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    for name, selector in (("script-src", "script:not([type])"), ("style-src", "style")):
        [node] = tree.css(selector)
        digest = base64.b64encode(hashlib.sha256(node.text().encode()).digest()).decode()
        assert directives[name] == f"'sha256-{digest}'"


def test_refers_to_nothing_outside_the_file() -> None:
    tree = LexborHTMLParser(reported(PAGE))
    assert not tree.css("[src], link, iframe, object, embed, base, form[action]")
    assert all((node.attributes["href"] or "").startswith("#") for node in tree.css("[href]"))
    assert not any(word in node.text() for node in tree.css("style") for word in ("url(", "@import"))


# -- the command -----------------------------------------------------------------------------------------------------------


def test_writes_a_report_and_says_where(page: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("inspect", page, "--model", model)
    assert result.exit_code == 0, result.stderr
    [line] = result.stderr.splitlines()
    assert "paywallclf-report.html: 1 page," in line
    assert payloads(tmp_path / "paywallclf-report.html")[0]["source"] == PAGE


def test_inspects_a_folder_and_records_in_one_report(page: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "crawl.jsonl").write_text(json.dumps({"id": "https://example.org/1", "group": "example", "html": PAGE}))
    (tmp_path / "notes.txt").write_text("\n\n".join(SENTENCES))
    assert run("inspect", tmp_path, "--model", model, "-o", tmp_path / "report.html").exit_code == 0
    sections = LexborHTMLParser((tmp_path / "report.html").read_bytes()).css(".page")
    assert [section.attributes["data-id"] for section in sections] == [
        "https://example.org/1", str(tmp_path / "notes.txt"), str(page),
    ]  # fmt: skip
    assert [section.attributes.get("data-group") for section in sections] == ["example", None, None]


def test_group_names_the_site_of_all_pages(page: Path, model: Path, tmp_path: Path) -> None:
    run("inspect", page, "--model", model, "--group", "harbour", "-o", tmp_path / "report.html")
    [section] = LexborHTMLParser((tmp_path / "report.html").read_bytes()).css(".page")
    assert section.attributes["data-group"] == "harbour"


def test_a_threshold_decides_the_labels(page: Path, model: Path, tmp_path: Path) -> None:
    run("inspect", page, "--model", model, "--threshold", 0, "-o", tmp_path / "report.html")
    options = LexborHTMLParser((tmp_path / "report.html").read_bytes()).css("[role=option]")
    assert {option.css_first(".label").text() for option in options} == {"promo"}


def test_several_processes_write_the_same_report(page: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text(PAGE)
    for jobs in (1, 2):
        paths = (page, tmp_path / "other.html")
        assert run("inspect", *paths, "--model", model, "--jobs", jobs, "-o", tmp_path / f"{jobs}.report").exit_code == 0
    assert (tmp_path / "1.report").read_bytes() == (tmp_path / "2.report").read_bytes()


def test_the_report_goes_to_standard_output_for_a_dash(page: Path, model: Path) -> None:
    result = run("inspect", page, "--model", model, "-o", "-")
    assert result.exit_code == 0
    assert payloads(result.stdout_bytes)[0]["source"] == PAGE


def test_a_report_that_lies_in_the_folder_is_written_anew_not_inspected(
    page: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run("inspect", ".", "--model", model).exit_code == 0
    assert len(payloads(tmp_path / "paywallclf-report.html")) == 1


def test_never_overwrites_an_input(page: Path, model: Path) -> None:
    result = run("inspect", page, "--model", model, "-o", page)
    assert result.exit_code == 2
    assert "would be overwritten" in result.stderr
    assert page.read_text() == PAGE


def test_a_failing_input_does_not_stop_the_others(page: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "crawl.jsonl").write_text("no JSON\n")
    result = run("inspect", tmp_path / "crawl.jsonl", page, "--model", model, "-o", tmp_path / "report.html")
    assert result.exit_code == 1
    assert "crawl.jsonl:1: not JSON" in result.stderr
    assert len(payloads(tmp_path / "report.html")) == 1


def test_an_older_report_stays_where_no_page_could_be_read(model: Path, tmp_path: Path) -> None:
    (tmp_path / "crawl.jsonl").write_text("no JSON\n")
    (tmp_path / "report.html").write_text("older")
    assert run("inspect", tmp_path / "crawl.jsonl", "--model", model, "-o", tmp_path / "report.html").exit_code == 2
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"crawl.jsonl": "no JSON\n", "report.html": "older"}


@pytest.mark.parametrize("output", ["missing/report.html", "page.html/report.html"])
def test_says_in_one_line_that_the_report_cannot_be_written(page: Path, model: Path, tmp_path: Path, output: str) -> None:
    result = run("inspect", page, "--model", model, "-o", tmp_path / output)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert "cannot be written" in line


def test_a_long_name_breaks_where_a_word_in_it_ends() -> None:
    assert breakable("pages/fr_a&b.html") == "pages/<wbr>fr_<wbr>a&amp;<wbr>b.html"


def test_a_full_device_is_said_with_its_name(page: Path, model: Path) -> None:
    result = run("inspect", page, "--model", model, "-o", "/dev/full")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "paywallclf: /dev/full cannot be written: No space left on device; make room, or give another place"
    ]


def test_an_input_without_a_page_is_said(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    result = run("inspect", tmp_path / "empty.jsonl", "--model", model, "-o", tmp_path / "report.html")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [f"paywallclf: {tmp_path / 'empty.jsonl'}: no page in it"]


def test_explains_with_the_model_that_labelled(page: Path, tmp_path: Path) -> None:
    documents, labels, groups = tiny.documents()
    other: PaywallClassifier = tiny.small(random_state=7).fit(documents, labels, groups)
    other.save(tmp_path / "other")
    run("inspect", page, "--model", tmp_path / "other", "-o", tmp_path / "report.html")
    [payload] = payloads(tmp_path / "report.html")
    document = classify_html(PAGE, model=other)
    assert payload["blocks"][0]["reasons"]["log_odds"] == pytest.approx(explain(document, 0, model=other).log_odds, abs=1e-3)
