"""The texts that the project was started for, and own ones like them."""

from __future__ import annotations

import html
from pathlib import Path

import pytest

from paywallclf import classify_text, clean_html, clean_text
from paywallclf.labels import LabelledDocument, read_labels
from training.corpus import default_folder

ROOT = Path(__file__).parents[1]
SHARED = default_folder().parent


# -- a French article and its publisher's promos: what the project was started for --------------------------------------------


@pytest.fixture
def seed() -> tuple[str, str]:
    """The text, and its article: the first six paragraphs."""
    path = SHARED / "seed" / "numerama.txt"
    if not path.is_file():
        pytest.skip(f"no {path.name} beside the corpus: set PAYWALLCLF_CORPUS")
    source = path.read_text(encoding="utf-8").strip()
    return source, "\n\n".join(source.split("\n\n")[:6])


def test_keeps_the_seed_article_alone(seed: tuple[str, str]) -> None:
    source, article = seed
    assert clean_text(source) == article


def test_keeps_the_seed_article_alone_as_html(seed: tuple[str, str]) -> None:
    def page(text: str) -> str:
        return "<article>" + "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n")) + "</article>"

    source, article = seed
    assert html.unescape(clean_html(page(source))) == html.unescape(page(article))


OWN = [pytest.param(row, id=row.id) for row in read_labels(ROOT / "datasets" / "texts" / "labels.jsonl")]


@pytest.mark.parametrize("row", OWN)
def test_keeps_every_paragraph_of_own_articles_before_a_tail_of_promos(row: LabelledDocument) -> None:
    kept = clean_text(row.document.source)
    for block, label in zip(row.document.blocks, row.labels, strict=True):
        if label == "editorial":
            assert block.text in " ".join(kept.split())


@pytest.mark.parametrize(("threshold", "share"), [(None, 0.3), (0.05, 0.5)])
@pytest.mark.parametrize("row", OWN)
def test_drops_promos_after_own_articles(row: LabelledDocument, threshold: float | None, share: float) -> None:
    """The default spends a thousandth of the editorial words; who would rather lose promos can lower it."""
    dropped = {block.index for block in classify_text(row.document.source).dropped(threshold=threshold)}
    promos = {index for index, label in enumerate(row.labels) if label is not None and label.startswith("promo")}
    assert len(dropped & promos) > share * len(promos)
