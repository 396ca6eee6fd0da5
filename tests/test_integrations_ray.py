"""Ray Data's map_batches with a class that loads the model once an actor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import documents, fitted

from paywallclf import ModelError, api, clean_html, clean_text
from paywallclf.integrations.ray import PromoCleaner

PAGE, TEXT = documents()[0][6].source, documents()[0][8].source
PROMO, EDITORIAL = "Cet article est réservé à nos abonnés", "Les camions devront encore attendre l'été."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    fitted().save(folder)
    return str(folder)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason='needs Ray Data: pip install ".[ray]"')
    pytest.importorskip("ray.data", reason='needs Ray Data: pip install ".[ray]"')
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "300")  # a busy machine takes longer than Ray's default
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, ignore_reinit_error=True)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield ray
    ray.shutdown()
    monkeypatch.undo()


def test_two_actors_clean_a_dataset_and_load_the_model_once_each(ray: Any, model: str, tmp_path: Path) -> None:
    class Watched(PromoCleaner):
        """Tells who cleaned, and begins only when there are two."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            (tmp_path / str(os.getpid())).touch()
            until = time.monotonic() + 60
            while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
                time.sleep(0.05)

        def __call__(self, batch: Any) -> Any:
            time.sleep(0.2)  # leaves the other one its share
            cleaned = super().__call__(batch)
            rows = len(batch["id"])
            return {**cleaned, "actor": [os.getpid()] * rows, "loaded": [api._load.cache_info().misses] * rows}

    pages = [{"id": number, "html": None if number == 7 else PAGE} for number in range(24)]
    dataset = ray.data.from_items(pages, override_num_blocks=12)
    options = {"model": model, "threshold": 0.4}
    pool = ray.data.ActorPoolStrategy(size=2)
    cleaned = dataset.map_batches(
        Watched, fn_constructor_args=["html"], fn_constructor_kwargs=options, batch_size=2, compute=pool
    )
    rows = sorted(cleaned.take_all(), key=lambda row: row["id"])

    assert [row["id"] for row in rows] == list(range(24))
    expected = clean_html(PAGE, **options)
    assert PROMO not in expected
    assert EDITORIAL in expected
    assert [row["html"] for row in rows] == [None if number == 7 else expected for number in range(24)]
    actors = {row["actor"] for row in rows}
    assert len(actors) == 2
    assert {path.name for path in tmp_path.iterdir()} == {str(actor) for actor in actors}, "an actor is made once"
    assert {row["loaded"] for row in rows} == {1}


def test_the_other_columns_and_the_input_stay(model: str) -> None:
    batch = {"html": np.array([PAGE, None], dtype=object), "id": np.array([1, 2])}
    cleaned = PromoCleaner("html", output="article", threshold=0.4, model=model)(batch)
    assert list(cleaned) == ["html", "id", "article"]
    assert cleaned["html"].tolist() == batch["html"].tolist() == [PAGE, None]
    assert cleaned["id"].tolist() == [1, 2]
    assert cleaned["article"].tolist() == [clean_html(PAGE, threshold=0.4, model=model), None]


def test_cleans_texts(model: str) -> None:
    (cleaned,) = PromoCleaner("text", form="text", threshold=0.4, model=model)({"text": np.array([TEXT])})["text"]
    assert cleaned == clean_text(TEXT, threshold=0.4, model=model)
    assert PROMO not in cleaned


def test_a_batch_without_rows_stays_one(model: str) -> None:
    assert PromoCleaner("html", model=model)({"html": np.array([], dtype=object)})["html"].tolist() == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"form": "pdf"}, ValueError, "form must be 'html' or 'text'"),
        ({"threshold": 2}, ValueError, "threshold must be"),
        ({"drop": ["advert"]}, ValueError, "drop='advert'"),
        ({"model": "no-such-folder"}, ModelError, "no-such-folder"),
    ],
)
def test_a_wrong_argument_is_told_before_the_first_batch(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PromoCleaner("html", **arguments)


def test_a_column_that_is_not_there_is_named(model: str) -> None:
    with pytest.raises(KeyError, match="no column 'body' to clean; there are html, id"):
        PromoCleaner("body", model=model)({"html": np.array([PAGE]), "id": np.array([1])})
