"""Threads and processes share a model and say what one alone says; an interrupt ends all of them at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import PAGES

import paywallclf
from paywallclf import classify_html, clean_html, clean_many, clean_text, load_model

SOURCES = [path.read_text(encoding="utf-8") for path in PAGES]
ROOT = Path(paywallclf.__file__).parents[1]

#: An interrupted program has ended after so many seconds, on a machine with much else to do.
AT_ONCE = 10.0


def said_of(source: str) -> tuple[object, ...]:
    """All that the package says of a page."""
    document = classify_html(source)
    return clean_html(source), clean_text(document.source), document.blocks, document.access, id(load_model())


@pytest.fixture(scope="module")
def alone() -> list[tuple[object, ...]]:
    return [said_of(source) for source in SOURCES]


def test_sixteen_threads_share_the_model_and_agree_with_one(alone: list[tuple[object, ...]]) -> None:
    together = threading.Barrier(16)

    def work(first: int) -> list[tuple[object, ...]]:
        """Each begins elsewhere, so that all are at different pages."""
        together.wait()
        said = [said_of(source) for source in (*SOURCES[first:], *SOURCES[:first])]
        return [*said[len(said) - first :], *said[: len(said) - first]]

    with ThreadPoolExecutor(16) as pool:
        for said in pool.map(work, range(16)):
            assert said == alone


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_four_processes_agree_with_one(method: str, alone: list[tuple[object, ...]]) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    with ProcessPoolExecutor(4, multiprocessing.get_context(method)) as pool:
        said = list(pool.map(said_of, SOURCES * 2))
    assert [each[:-1] for each in said] == [each[:-1] for each in alone] * 2
    if method == "fork":
        assert {each[-1] for each in said} == {alone[0][-1]}  # the parent's, not loaded again


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_process_forked_while_threads_clean_pages_cleans_them_too() -> None:
    """The child has copies of whatever locks the threads held, and none of the threads that would free them."""
    program = textwrap.dedent("""
        import multiprocessing, sys, threading
        from pathlib import Path
        from paywallclf import clean_html, load_model

        page = Path(sys.argv[1]).read_text(encoding="utf-8")
        stop = threading.Event()

        def work():
            while not stop.is_set():
                clean_html(page)

        def child(expected):
            sys.exit(clean_html(page) != expected)

        expected = clean_html(page)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        fork = multiprocessing.get_context("fork")
        for _ in range(5):
            children = [fork.Process(target=child, args=(expected,)) for _ in range(4)]
            for process in children:
                process.start()
            for process in children:
                process.join(30)
                assert process.exitcode == 0, process.exitcode
        stop.set()
    """)
    command = [sys.executable, "-W", "ignore", "-c", program, str(PAGES[0])]
    subprocess.run(command, check=True, timeout=200, cwd=ROOT)


@pytest.mark.parametrize("n_jobs", [1, 4])
def test_many_pages_over_processes_are_what_they_are_alone(n_jobs: int, alone: list[tuple[object, ...]]) -> None:
    results = list(clean_many(SOURCES * 3, n_jobs=n_jobs))
    assert [result.output for result in results] == [said[0] for said in alone] * 3
    assert [result.index for result in results] == list(range(3 * len(SOURCES)))


# -- interrupts ----------------------------------------------------------------------------------------------------------


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout
    return [int(line) for line in listed.split()]


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # one that ended, and whose new parent has not yet asked for how
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


def _interrupted(command: list[str], to_group: bool) -> tuple[subprocess.Popen[str], list[int], float]:
    """Run until it has cleaned something, then interrupt; the process, its children's ids, and the seconds that it took to end."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,  # a terminal of its own, so to say
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    children = _children(process.pid)
    (os.killpg if to_group else os.kill)(process.pid, signal.SIGINT)
    start = time.monotonic()
    process.communicate(timeout=60)
    return process, children, time.monotonic() - start


#: Long pages, so that an interrupt that waits for a worker's portion would be seen to.
_ENDLESS = """
import itertools, sys
from paywallclf import clean_many
page = "".join(f"<p class=text>Rain number {n} is expected.</p>" for n in range(20_000))
for result in clean_many(itertools.chain(["<p>a</p>"] * 64, itertools.repeat(page)), n_jobs=2):
    print(result.index, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="the signals of POSIX")
@pytest.mark.parametrize("to_group", [True, False], ids=["Ctrl-C", "kill -INT"])
def test_an_interrupt_stops_clean_many_at_once_in_the_midst_of_long_pages(to_group: bool) -> None:
    process, children, seconds = _interrupted([sys.executable, "-c", _ENDLESS], to_group)
    assert len(children) == 2
    assert process.returncode == -signal.SIGINT
    assert seconds < AT_ONCE
    until = time.monotonic() + AT_ONCE
    while not all(map(_is_gone, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert all(map(_is_gone, children))


@pytest.mark.skipif(os.name != "posix", reason="the signals of POSIX")
@pytest.mark.parametrize("to_group", [True, False], ids=["Ctrl-C", "kill -INT"])
def test_an_interrupt_stops_the_command_line_at_once(to_group: bool, tmp_path: Path) -> None:
    page = "".join(f"<p class=text>Rain number {n} is expected.</p>" for n in range(5000))
    crawl = tmp_path / "crawl.jsonl"
    small, large = '{"id": "a", "html": "<p>a</p>"}\n', f'{{"id": "b", "html": "{page}"}}\n'
    crawl.write_text(small * 64 + large * 400, encoding="utf-8")
    command = [sys.executable, "-m", "paywallclf", "clean", str(crawl), "--jobs", "2"]
    process, children, seconds = _interrupted(command, to_group)
    assert len(children) == 2
    assert process.returncode in (130, -signal.SIGINT)
    assert seconds < AT_ONCE
    until = time.monotonic() + AT_ONCE
    while not all(map(_is_gone, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert all(map(_is_gone, children))
