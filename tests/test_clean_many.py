"""Many pages: in order, in flat memory, past pages that fail, and with no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from tiny import documents, fitted, page

import paywallclf
from paywallclf import PaywallClassifier, Result, clean_html, clean_many, clean_text

PAGE, TEXT = documents()[0][0].source, documents()[0][2].source


@pytest.fixture(scope="module")
def model() -> PaywallClassifier:
    return fitted()


@pytest.fixture(autouse=True)
def _leaves_no_process() -> Iterator[None]:
    before = set(multiprocessing.active_children())
    yield
    until = time.monotonic() + 10
    while (left := set(multiprocessing.active_children()) - before) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left


JOBS = pytest.mark.parametrize("n_jobs", [1, 2])
MANY = [page(f"site {n}", [f"Sentence {n} of the day."], [f"Subscribe to {n}"]) for n in range(70)]


@JOBS
def test_results_come_in_the_order_of_the_pages(n_jobs: int, model: PaywallClassifier) -> None:
    results = list(clean_many(MANY, n_jobs=n_jobs, threshold=0.4, model=model))
    assert results == [Result(n, clean_html(html, threshold=0.4, model=model)) for n, html in enumerate(MANY)]


@JOBS
def test_cleans_texts_too(n_jobs: int, model: PaywallClassifier) -> None:
    (result,) = clean_many([TEXT], n_jobs=n_jobs, form="text", threshold=0.4, model=model)
    assert result.output == clean_text(TEXT, threshold=0.4, model=model)


@JOBS
def test_nothing_gives_nothing(n_jobs: int, model: PaywallClassifier) -> None:
    assert list(clean_many([], n_jobs=n_jobs, model=model)) == []


@JOBS
def test_a_page_that_fails_stops_no_other(n_jobs: int, model: PaywallClassifier) -> None:
    first, failed, last = clean_many([PAGE, 7, PAGE], n_jobs=n_jobs, threshold=0.4, model=model)
    assert first.output == last.output == clean_html(PAGE, threshold=0.4, model=model)
    assert (failed.index, failed.output) == (1, 7)
    assert isinstance(failed.error, TypeError)
    assert first.error is last.error is None


@JOBS
def test_on_error_raise_gives_the_pages_before_and_stops(n_jobs: int, model: PaywallClassifier) -> None:
    results = clean_many([PAGE, 7, PAGE], n_jobs=n_jobs, on_error="raise", model=model)
    assert next(results).index == 0
    with pytest.raises(TypeError, match="must be str, bytes"):
        next(results)


@JOBS
def test_an_endless_input_is_read_as_far_as_needed(n_jobs: int, model: PaywallClassifier) -> None:
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield f"<p>Sentence {read} of the day.</p>"

    results = clean_many(endless(), n_jobs=n_jobs, model=model)
    ahead = [read - next(results).index for _ in range(300)]
    results.close()  # type: ignore[attr-defined]
    assert max(ahead) <= (1 if n_jobs == 1 else 200)


@JOBS
def test_a_page_that_cannot_be_sent_to_another_process_stops_no_other(n_jobs: int, model: PaywallClassifier) -> None:
    generator = (line for line in [PAGE])
    first, failed, last = clean_many([PAGE, generator, PAGE], n_jobs=n_jobs, threshold=0.4, model=model)
    assert first.output == last.output == clean_html(PAGE, threshold=0.4, model=model)
    assert failed.output is generator
    assert isinstance(failed.error, TypeError)


def test_takes_soups(model: PaywallClassifier) -> None:
    soup = BeautifulSoup(PAGE, "html.parser")
    (result,) = clean_many([soup], threshold=0.4, model=model)
    assert result.output == clean_html(soup, threshold=0.4, model=model)


@JOBS
def test_an_early_end_leaves_no_process(n_jobs: int, model: PaywallClassifier) -> None:
    for result in clean_many(MANY, n_jobs=n_jobs, model=model):
        if result.index == 3:
            break
    assert result.index == 3


@JOBS
def test_an_input_that_breaks_says_so_and_leaves_no_process(n_jobs: int, model: PaywallClassifier) -> None:
    def breaks() -> Iterator[str]:
        yield PAGE
        raise OSError("the archive ends here")

    with pytest.raises(OSError, match="the archive ends here"):
        list(clean_many(breaks(), n_jobs=n_jobs, model=model))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"on_error": "ignore"}, ValueError),
        ({"form": "pdf"}, ValueError),
        ({"n_jobs": 0}, ValueError),
        ({"n_jobs": -2}, ValueError),
        ({"n_jobs": 1.5}, ValueError),
        ({"model": "/no/such/folder"}, paywallclf.ModelError),
        ({"model": 7}, TypeError),
    ],
)
def test_wrong_arguments_are_told_at_once(options: dict[str, Any], error: type[Exception], model: PaywallClassifier) -> None:
    with pytest.raises(error):
        clean_many(iter(["never read"]), **{"model": model, **options})


def test_an_interrupt_ends_it_and_its_processes() -> None:
    """Ctrl-C reaches all processes of a terminal: none may stay, and the program ends as an interrupted one does."""
    program = textwrap.dedent("""
        import itertools, multiprocessing
        from paywallclf import clean_many
        pages = itertools.repeat("<p>Rain is expected on Friday.</p>")
        for result in clean_many(pages, n_jobs=2):
            if result.index == 100:
                print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(paywallclf.__file__).parents[1],
        start_new_session=True,  # a terminal of its own, so to say
    )
    assert process.stdout is not None
    children = [int(pid) for pid in process.stdout.readline().split()]
    assert len(children) == 2
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert said.rstrip().endswith("KeyboardInterrupt")
    for pid in children:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
