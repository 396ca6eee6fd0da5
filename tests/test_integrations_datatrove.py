"""Steps in a real datatrove pipeline: web archives in, JSON lines out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny import documents, fitted
from warcs import Record, write_warc

from paywallclf import ModelError, api, classify_html, clean_html, clean_text, render

REASON = 'needs datatrove and libmagic: pip install ".[datatrove]"; apt-get install libmagic1'
pytest.importorskip("datatrove", reason=REASON)
pytest.importorskip("warcio", reason=REASON)
pytest.importorskip("magic", reason=REASON, exc_type=ImportError)  # it looks for libmagic when it is imported

from datatrove.data import Document  # noqa: E402
from datatrove.executor import LocalPipelineExecutor  # noqa: E402
from datatrove.pipeline.readers import JsonlReader, WarcReader  # noqa: E402
from datatrove.pipeline.writers import JsonlWriter  # noqa: E402

from paywallclf.integrations.datatrove import ArticleExtractor, PromoFormatter  # noqa: E402

PAGES = [document.source for document in documents()[0] if document.form == "html"]
TEXTS = [document.source for document in documents()[0] if document.form == "text"]
PROMO, EDITORIAL = "Cet article est réservé à nos abonnés", "Les camions devront encore attendre l'été."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    fitted().save(folder)
    return str(folder)


def run(steps: list[Any], folder: Path, tasks: int = 1) -> list[dict[str, Any]]:
    """Run a pipeline; gives the statistics of its steps."""
    LocalPipelineExecutor(steps, tasks=tasks, workers=tasks, logging_dir=str(folder)).run()
    stats: list[dict[str, Any]] = json.loads((folder / "stats.json").read_text(encoding="utf-8"))
    return stats


def written(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text(encoding="utf-8").splitlines()]
    return sorted(rows, key=lambda row: str(row["id"]))


def writer(folder: Path) -> JsonlWriter:
    return JsonlWriter(str(folder), compression=None)


def test_turns_web_archives_into_articles(tmp_path: Path, model: str) -> None:
    crawl = tmp_path / "crawl"
    crawl.mkdir()
    records = [Record(number, html.encode()) for number, html in enumerate(PAGES)]
    write_warc(crawl / "1.warc.gz", records[:5])
    empty = Record(9, b"<!DOCTYPE html><html><head><title>Nothing</title></head><body></body></html>")
    image = Record(10, b"\x89PNG\r\n\x1a\n", headers="Content-Type: image/png")
    write_warc(crawl / "2.warc.gz", [*records[5:], empty, image])

    steps = [WarcReader(str(crawl)), ArticleExtractor(model=model, timeout=60), writer(tmp_path / "out")]
    _, extracted, _ = run(steps, tmp_path / "logs", tasks=2)

    rows = written(tmp_path / "out")
    assert [row["metadata"]["url"] for row in rows] == [record.url for record in records]
    for row, html in zip(rows, PAGES, strict=True):
        assert row["text"] == render(classify_html(html, model=model), drop=("promo", "other"), form="text")
    assert EDITORIAL in rows[5]["text"]
    assert not any(PROMO in row["text"] for row in rows)
    stats = extracted["stats"]
    assert (stats["total"], stats["forwarded"], stats["dropped"]) == (9, 8, 1)


def test_cleans_texts_and_counts_what_it_changed(tmp_path: Path, model: str) -> None:
    (tmp_path / "in").mkdir()
    texts = [*TEXTS, "Le maire a inauguré jeudi le pont de pierre, fermé depuis la crue du printemps."]
    lines = [json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts)]
    (tmp_path / "in" / "texts.jsonl").write_text("\n".join(lines), encoding="utf-8")

    steps = [JsonlReader(str(tmp_path / "in")), PromoFormatter(threshold=0.5, model=model), writer(tmp_path / "out")]
    _, formatted, _ = run(steps, tmp_path / "logs")

    expected = [clean_text(text, threshold=0.5, model=model) for text in texts]
    assert [row.get("text", "") for row in written(tmp_path / "out")] == expected  # datatrove writes no empty text
    changed = [len(text) - len(clean) for text, clean in zip(texts, expected, strict=True) if text != clean]
    assert 0 < len(changed) < len(texts)
    stats = formatted["stats"]
    assert stats["total"] == len(texts)
    assert stats["changed"] == len(changed)
    assert stats["removed"]["total"] == sum(changed)


def test_cleans_html_before_another_extractor(model: str) -> None:
    step = PromoFormatter(form="html", threshold=0.5, model=model)
    (document,) = step.run([Document(PAGES[4], "1")])
    assert document.text == clean_html(PAGES[4], threshold=0.5, model=model)
    assert PROMO not in document.text
    assert "<article" in document.text


def test_the_model_is_loaded_before_the_seconds_of_a_page_are_counted(model: str) -> None:
    step = ArticleExtractor(model=model, timeout=60)
    api._load.cache_clear()  # as in a worker, to which the step was sent
    assert [document.text for document in step.run([Document(PAGES[4], "1")])]
    assert api._load.cache_info().misses == 1, "not in the child process alone, which gets the first page when its time is over"


@pytest.mark.parametrize(
    ("step", "arguments", "error", "message"),
    [
        (ArticleExtractor, {"threshold": 2}, ValueError, "threshold must be"),
        (ArticleExtractor, {"drop": ["advert"]}, ValueError, "drop='advert'"),
        (ArticleExtractor, {"model": "no-such-folder"}, ModelError, "no-such-folder"),
        (PromoFormatter, {"form": "pdf"}, ValueError, "form must be 'text' or 'html'"),
        (PromoFormatter, {"kinds": ["advert"]}, ValueError, "kinds='advert'"),
        (PromoFormatter, {"model": "no-such-folder"}, ModelError, "no-such-folder"),
    ],
)
def test_a_wrong_argument_is_told_before_the_run(
    step: type[Any], arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        step(**arguments)
