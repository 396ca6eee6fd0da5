"""The README's examples run, in its order, as a reader would paste them; and the texts that the project was started for."""

from __future__ import annotations

import html
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from paywallclf import classify_text, clean_html, clean_text
from paywallclf.labels import LabelledDocument, read_labels
from training.corpus import default_folder

ROOT = Path(__file__).parents[1]
SHARED = default_folder().parent


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    names: dict[str, object] = {"response": SimpleNamespace(text="<p>Rain is expected on Friday.</p>")}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert names["article"] == "<p>Rain is expected on Friday.</p>"
    assert "Vous avez lu 4 articles" not in str(names["text"])  # the meter of the example page
    assert "L’odeur de chlore" in str(names["text"])  # how its article begins
    assert "subscribe" in capsys.readouterr().out


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
