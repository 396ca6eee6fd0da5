"""The own-written pages and texts: whole, ours, labelled to the last block, and counted right in the data card."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from paywallclf import render
from paywallclf.document import KINDS, LABELS
from paywallclf.labels import LabelledDocument, read_labels

DATASETS = Path(__file__).parents[1] / "datasets"
CARD = (DATASETS / "README.md").read_text(encoding="utf-8")
PAGES = list(read_labels(DATASETS / "pages" / "labels.jsonl"))
TEXTS = list(read_labels(DATASETS / "texts" / "labels.jsonl"))
BLOCKS = {
    path.stem: [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for path in sorted((DATASETS / "blocks").glob("*.jsonl"))
}
#: The largest languages of news on the web that the public pages hardly show: they have twice as much.
LARGE = "es fr pt it nl pl ru ja ko zh-Hans ar tr id sv cs".split()
HTML = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DATASETS / "pages").glob("*.html"))}

#: What the evaluation calls a hard negative, when the block is editorial.
HARD = re.compile(r"subscri|abonn|abbonat|newsletter|paywall|donat|suscri|iscri|購読|会員|구독|подпис", re.IGNORECASE)

#: Hosts after ``//`` or ``@``, and bare domains under the top-level domains that publishers have.
HOST = re.compile(
    r"(?:(?<=//)|(?<=@))[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w./-])[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|info|news|eu|uk|de|at|ch|fr|nl|it|es|pt|br|se|dk|fi|pl|cz|gr|tr|ru|ua|jp|kr|cn|in|id|us|au)\b"
)
#: Hosts of no publisher: standards, and platforms that a page links to.
PLATFORMS = {"schema.org", "cdn.ampproject.org", "www.drupal.org", "news.google.com", "x.com", "t.me"}


def is_nobodys(host: str) -> bool:
    return host in PLATFORMS or bool(re.search(r"(^|\.)(example|example\.(com|org|net))$", host))


def labels_of(document: LabelledDocument) -> Counter[str]:
    return Counter(str(label).partition(":")[0] for label in document.labels)


def kinds_of(documents: list[LabelledDocument]) -> Counter[str]:
    return Counter(label.partition(":")[2] for one in documents for label in one.labels if label and label.startswith("promo"))


def language(page: LabelledDocument) -> str:
    return (page.document.language or "").split("-")[0]


def table(head: list[str], rows: list[list[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def card_tables() -> list[str]:
    """The tables of the data card, as the data have it."""
    columns = [*LABELS, "any"]
    groups = {code: [page for page in PAGES if language(page) == code] for code in sorted({language(page) for page in PAGES})}
    rows: list[list[object]] = []
    for name, pages in [*groups.items(), ("all", PAGES)]:
        count = sum((labels_of(page) for page in pages), Counter())
        rows.append([name, len(pages), count.total(), *(count[label] for label in columns)])
    texts: list[list[object]] = [[text.id, *(labels_of(text)[label] for label in ("editorial", "promo"))] for text in TEXTS]
    in_pages, in_texts = kinds_of(PAGES), kinds_of(TEXTS)
    return [
        table(["language", "pages", "blocks", *columns], rows),
        table(
            ["kind of promo", "blocks of pages", "blocks of texts"], [[kind, in_pages[kind], in_texts[kind]] for kind in KINDS]
        ),
        table(["text", "editorial", "promo"], texts),
    ]


@pytest.mark.parametrize("folder", ["pages", "texts"])
def test_every_block_has_one_label_and_every_label_a_block(folder):
    rows = [json.loads(line) for line in (DATASETS / folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    documents = PAGES if folder == "pages" else TEXTS
    for row, labelled in zip(rows, documents, strict=True):
        labelled_blocks = [entry["fingerprint"] for entry in row["labels"]]
        assert labelled_blocks == [block.fingerprint for block in labelled.document.blocks], row["id"]


@pytest.mark.parametrize("labelled", PAGES + TEXTS, ids=lambda labelled: labelled.id)
def test_labels_are_definite_and_promos_have_a_kind(labelled):
    allowed = {"editorial", "other", "any", *(f"promo:{kind}" for kind in KINDS)}
    assert set(labelled.labels) <= allowed
    assert labels_of(labelled)["editorial"] >= 5


def test_every_page_file_is_labelled_and_described_in_the_card():
    assert [page.id for page in PAGES] == sorted(HTML)
    assert [name for name in HTML if f"| {name} |" not in CARD] == []


def test_pages_say_their_language_in_their_name():
    assert [page.id for page in PAGES if not page.id.startswith(f"{language(page)}_")] == []


def test_pages_cover_what_publishers_build():
    assert len(PAGES) >= 30
    assert len({language(page) for page in PAGES}) >= 8
    assert set(kinds_of(PAGES)) == set(KINDS)
    assert sum(labels_of(page)["promo"] == 0 for page in PAGES) >= 3, "pages without promo"
    for shape in (
        "<html amp",
        "<aside",
        'role="dialog"|class="modal',
        'type="email"',
        "fixed-bottom|sticky",
        "wp-comments",
        "<pre",
    ):
        assert any(re.search(shape, html) for html in HTML.values()), shape


def test_pages_hold_editorial_text_about_subscriptions():
    hard = [
        block.text
        for page in PAGES
        for block, label in zip(page.document.blocks, page.labels, strict=True)
        if label == "editorial" and HARD.search(block.text)
    ]
    assert len(hard) >= 20


def test_promo_stands_before_within_and_after_the_article():
    places = Counter()
    for page in PAGES:
        article = [index for index, label in enumerate(page.labels) if label == "editorial"]
        for index, label in enumerate(page.labels):
            if str(label).startswith("promo"):
                places["before" if index < article[0] else "after" if index > article[-1] else "within"] += 1
    assert min(places[place] for place in ("before", "within", "after")) >= 10


@pytest.mark.parametrize("name", HTML)
def test_pages_name_no_real_publishers_domain(name):
    assert [host for host in HOST.findall(HTML[name]) if not is_nobodys(host)] == []


def test_real_domains_would_be_found():
    assert HOST.findall('<a href="https://www.a-paper.com/x">a</a> write to me@a-paper.fr, Paper.id says') == [
        "www.a-paper.com",
        "a-paper.fr",
        "Paper.id",
    ]
    assert not is_nobodys("www.a-paper.com")
    assert is_nobodys("shop.a-paper.example")


@pytest.mark.parametrize("labelled", TEXTS, ids=lambda labelled: labelled.id)
def test_texts_are_an_article_and_then_its_publishers_promos(labelled):
    count = labels_of(labelled)
    assert 6 <= count["editorial"] <= 8
    assert 12 <= count["promo"] <= 18
    assert [str(label).partition(":")[0] for label in labelled.labels] == ["editorial"] * count["editorial"] + [
        "promo"
    ] * count["promo"]


@pytest.mark.parametrize("labelled", TEXTS, ids=lambda labelled: labelled.id)
def test_dropping_the_labelled_promos_of_a_text_leaves_its_article_exactly(labelled):
    sure = [
        replace(block, probabilities={name: float(str(label).startswith(name)) for name in LABELS})
        for block, label in zip(labelled.document.blocks, labelled.labels, strict=True)
    ]
    paragraphs = labelled.document.source.split("\n\n")
    article = "\n\n".join(paragraphs[: labels_of(labelled)["editorial"]])
    assert render(replace(labelled.document, blocks=tuple(sure)), threshold=0.5) == article


def test_one_text_is_an_article_about_a_newsletter():
    article = next(text for text in TEXTS if text.id == "it_article_about_a_newsletter")
    editorial = [block for block, label in zip(article.document.blocks, article.labels, strict=True) if label == "editorial"]
    assert sum(bool(HARD.search(block.text)) for block in editorial) >= 4


def test_the_card_counts_what_is_there():
    missing = [wanted for wanted in card_tables() if wanted not in CARD]
    assert not missing, "datasets/README.md should hold:\n\n" + "\n\n".join(missing)


# -- blocks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", BLOCKS)
def test_blocks_are_labelled_and_none_stands_twice(language):
    rows = BLOCKS[language]
    assert [labelled.labels for labelled in read_labels(DATASETS / "blocks" / f"{language}.jsonl")] == [
        (f"promo:{row['kind']}" if "kind" in row else row["label"],) for row in rows
    ]
    assert {row["language"] for row in rows} == {language}
    assert len({re.sub(r"[\W\d_]+", "", row["text"]).casefold() for row in rows}) == len(rows)


@pytest.mark.parametrize("language", BLOCKS)
def test_blocks_show_every_kind_of_promo_whole_and_in_single_lines(language):
    promos = [row for row in BLOCKS[language] if row["label"] == "promo"]
    units = Counter(row["unit"] for row in promos if "unit" in row)
    times = 2 if language in LARGE else 1
    for kind in KINDS:
        whole = [unit for unit, count in units.items() if f"-{kind}-" in unit and count >= 4]
        assert len(whole) >= 3 * times, kind
        assert sum(row.get("kind") == kind and "unit" not in row for row in promos) >= 9 * times, kind  # some lost their kind
    assert len(promos) <= len(BLOCKS[language]) / 2, "fewer blocks against promo than for it"


def test_blocks_cover_the_languages():
    assert set(LARGE) <= set(BLOCKS)
    assert len(BLOCKS) >= len(LARGE) + 30


def test_blocks_repeat_no_block_of_the_pages_and_texts():
    def letters(text):
        return re.sub(r"[\W\d_]+", "", text).casefold()

    known = {letters(block.text) for labelled in PAGES + TEXTS for block in labelled.document.blocks}
    assert [
        row["text"]
        for rows in BLOCKS.values()
        for row in rows
        if letters(row["text"]) in known and len(letters(row["text"])) >= 24
    ] == []


def test_the_card_counts_the_blocks():
    for language, rows in BLOCKS.items():
        count = Counter(row["label"] for row in rows)
        units = len({row["unit"] for row in rows if "unit" in row and row["label"] == "promo"})
        assert f"| {language} | {len(rows)} | {' | '.join(str(count[label]) for label in LABELS)} | {units} |" in CARD
