"""How fast, on the same pages in the same run: the stages, the whole, and the extractors that people use instead.

Nothing here asserts a time. ``pytest tests/benchmarks`` prints the tables; ``--benchmark-disable`` only runs everything once.
"""

from __future__ import annotations

import gzip
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib import util
from itertools import cycle, islice
from statistics import median
from time import process_time
from typing import Any

import generated
import numpy as np
import pytest
from conftest import Table

from paywallclf import PaywallWarning, clean_html, clean_many, clean_text, load_model, scoring, storage
from paywallclf.document import Layout
from paywallclf.html import lexbor
from paywallclf.html.guard import too_complex
from paywallclf.html.rewrite import plan_removal
from paywallclf.html.scan import scan
from paywallclf.html.segment import Segments
from training.corpus import default_folder
from training.peers import MODULES

pytestmark = pytest.mark.filterwarnings(f"ignore::{PaywallWarning.__module__}.{PaywallWarning.__name__}")

CORPUS = default_folder()

#: Pages taken of each source of the corpus, evenly spaced in the order of their names.
PAGES_OF_A_SOURCE = 6

ROUNDS = 3

#: Set of pages → what it is.
SETS = {
    "corpus": "real pages, their scripts' contents cut out",
    "generated": "generated pages as they come, two fifths of them scripts",
    "generated, no scripts": "generated pages without their scripts",
}


@lru_cache(maxsize=1)
def corpus_sample() -> list[str]:
    pages = []
    for source in sorted(folder for folder in (CORPUS / "pages").iterdir() if folder.is_dir()):
        paths = sorted(source.rglob("*.html.gz"))
        for k in range(min(PAGES_OF_A_SOURCE, len(paths))):
            path = paths[k * len(paths) // PAGES_OF_A_SOURCE] if len(paths) > PAGES_OF_A_SOURCE else paths[k]
            pages.append(gzip.decompress(path.read_bytes()).decode("utf-8"))
    return pages


@pytest.fixture(scope="module", params=SETS)
def page_set(request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    """A set's name and its pages."""
    if request.param != "corpus":
        return request.param, generated.pages(scripts=request.param == "generated")
    if not (CORPUS / "pages").is_dir():
        pytest.skip(f"no corpus in {CORPUS}: set PAYWALLCLF_CORPUS to its folder")
    return request.param, corpus_sample()


# -- the stages and the whole --------------------------------------------------------------------------------------------


def decisions(segments: Segments) -> set[int]:
    """The blocks that `clean_html` drops."""
    model = load_model()
    scores = scoring.score_promo(model.arrays, segments.layout)
    return set(np.flatnonzero(scores >= model.threshold(segments.layout, scores)).tolist())


def first_stage(layout: Layout) -> Any:
    return scoring.first_stage(load_model().arrays, layout)


def second_stage(layout_and_scores: tuple[Layout, Any]) -> None:
    arrays = load_model().arrays
    layout, first = layout_and_scores
    form = "html" if layout.tags else "text"
    features = scoring.second_stage_features(arrays, layout, first)
    for head in scoring.HEADS:
        scoring.network(arrays, f"{form}_{head}", features)


def rewrite(page: tuple[str, str, Segments, set[int]]) -> None:
    source, html, segments, dropped = page
    if dropped:
        lexbor.as_declared(lexbor.without(html, plan_removal(segments, dropped)), source)


def parsed(pages: list[str]) -> list[Any]:
    return [lexbor.parse(page) for page in pages]


def written(pages: list[str]) -> list[str]:
    return [lexbor.read(page)[0] for page in pages]


def layouts(pages: list[str]) -> list[Layout]:
    """The layouts that have blocks, as the stages of scoring read them."""
    return [scoring.as_form(layout) for page in pages if (layout := lexbor.read(page)[1].layout).texts]


def scored(pages: list[str]) -> list[tuple[Layout, Any]]:
    return [(layout, first_stage(layout)) for layout in layouts(pages)]


def decided(pages: list[str]) -> list[tuple[str, str, Segments, set[int]]]:
    return [(page, html, segments, decisions(segments)) for page in pages for html, segments in [lexbor.read(page)]]


#: Stage → what makes its input of the pages, and the stage.
STAGES: dict[str, tuple[Callable[[list[str]], list[Any]], Callable[[Any], Any]]] = {
    "guard": (lambda pages: [page.encode() for page in pages], too_complex),
    "parse": (list, lexbor.parse),
    "write as lexbor does": (parsed, lambda tree: tree.html),
    "cut into blocks": (written, partial(scan, stable=True)),
    "first stage": (layouts, first_stage),
    "second stage": (scored, second_stage),
    "rewrite": (decided, rewrite),
}


# -- the peers -----------------------------------------------------------------------------------------------------------


def trafilatura() -> Callable[[str], Any]:
    from trafilatura import extract

    return extract


def resiliparse() -> Callable[[str], Any]:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: extract_plain_text(html, main_content=True)


def readability_lxml() -> Callable[[str], Any]:
    from readability import Document

    return lambda html: Document(html).summary()


def justext() -> Callable[[str], Any]:
    import justext as tool

    stoplist = tool.get_stoplist("English")
    return lambda html: tool.justext(html, stoplist)


PEERS = {"trafilatura": trafilatura, "resiliparse": resiliparse, "readability-lxml": readability_lxml, "justext": justext}


# -- the clock -----------------------------------------------------------------------------------------------------------


class PageTimes:
    """Calls a function on each page of a set and keeps each page's best time.

    In processor time of this process, all its threads together: what else the machine does adds little to it, and a tool that
    keeps every core busy pays for them.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.seconds: dict[int, float] = defaultdict(lambda: float("inf"))
        self.failed: set[int] = set()

    def __call__(self, pages: list[Any]) -> None:
        for index, page in enumerate(pages):
            start = process_time()
            try:
                self.function(page)
            except Exception:  # a peer may raise anything on a page; the table says on how many it did
                self.failed.add(index)
            self.seconds[index] = min(self.seconds[index], process_time() - start)

    @property
    def mean(self) -> float:
        return sum(self.seconds.values()) / len(self.seconds)

    @property
    def median(self) -> float:
        return median(self.seconds.values())


#: Set of pages → name of what was timed → its times.
_times: dict[str, dict[str, PageTimes]] = defaultdict(dict)


def measure(
    benchmark: Any, tables: dict[str, Table], page_set: str, name: str, prepare: Callable[[], list[Any]], function: Any
) -> PageTimes:
    """Time a function on every page, and put it in the set's table; each round has pages that are prepared afresh."""
    times = PageTimes(function)
    function(prepare()[0])  # what is built at the first use is not timed

    def setup() -> tuple[tuple[list[Any]], dict[str, Any]]:
        return (prepare(),), {}

    benchmark.pedantic(times, setup=setup, rounds=ROUNDS)
    if benchmark.enabled:
        benchmark.extra_info.update(pages=page_set, name=name, ms_per_page=1000 * times.mean)  # for `python -m training plot`
        _times[page_set][name] = times
        tables[f"speed: {page_set}"] = speed_table(page_set)
    return times


def speed_table(page_set: str) -> Table:
    times = _times[page_set]
    whole = times.get("clean_html")
    rows = {}
    for name, one in times.items():
        ratios = [f"{one.mean / whole.mean:.2f}", f"{one.median / whole.median:.2f}"] if whole else ["", ""]
        rows[name] = [f"{1000 * one.mean:.2f}", f"{1000 * one.median:.2f}", *ratios, str(len(one.failed) or "")]
    note = f"{len(next(iter(times.values())).seconds)} {SETS[page_set]}; processor time, best of {ROUNDS} for each page"
    return Table(("mean ms a page", "median", "mean / clean_html", "median / clean_html", "pages failed"), rows, note)


@pytest.mark.benchmark(group="whole")
def test_clean_html(page_set: tuple[str, list[str]], benchmark: Any, tables: dict[str, Table]) -> None:
    name, pages = page_set
    times = measure(benchmark, tables, name, "clean_html", lambda: pages, clean_html)
    assert not times.failed


@pytest.mark.benchmark(group="stages")
@pytest.mark.parametrize("stage", STAGES)
def test_stages(stage: str, page_set: tuple[str, list[str]], benchmark: Any, tables: dict[str, Table]) -> None:
    name, pages = page_set
    prepare, function = STAGES[stage]
    times = measure(benchmark, tables, name, f"  {stage}", lambda: prepare(pages), function)
    assert not times.failed


@pytest.mark.benchmark(group="peers")
@pytest.mark.parametrize("peer", PEERS)
def test_peers(peer: str, page_set: tuple[str, list[str]], benchmark: Any, tables: dict[str, Table]) -> None:
    if util.find_spec(MODULES.get(peer, peer)) is None:
        pytest.skip(f"{peer} is not installed: pip install 'paywallclf[peers]'")
    name, pages = page_set
    times = measure(benchmark, tables, name, peer, lambda: pages, PEERS[peer]())
    assert len(times.failed) < len(pages), f"{peer} fails on every page"


# -- growth with the size ------------------------------------------------------------------------------------------------

_growth: dict[str, tuple[float, int]] = {}


@pytest.mark.benchmark(group="size")
@pytest.mark.parametrize("form", ["html", "text"])
@pytest.mark.parametrize("size", [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 50_000_000])
def test_time_grows_with_the_size(size: int, form: str, benchmark: Any, tables: dict[str, Table]) -> None:
    source = generated.page(size, scripts=False) if form == "html" else generated.text(size)
    times = PageTimes(clean_html if form == "html" else clean_text)
    benchmark.pedantic(times, args=([source],), rounds=ROUNDS if size < 1_000_000 else 1, warmup_rounds=size < 1_000_000)
    assert not times.failed
    if benchmark.enabled:
        _growth[f"clean_{form}, {size // 1000:,} kB"] = (times.mean, len(source))
        rows = {
            name: (f"{1000 * seconds:.1f}", f"{1e6 * seconds / (length / 1000):.0f}")
            for name, (seconds, length) in _growth.items()
        }
        tables["speed: size of a page"] = Table(
            ("ms", "µs a kB"),
            rows,
            "generated, without scripts; processor time; linear is a steady second column",
        )


# -- many pages ----------------------------------------------------------------------------------------------------------

#: Pages of one run, those of a set over and over.
MANY = 20_000

_many: dict[str, tuple[float, int]] = {}


def many(n: int, jobs: int, threads: int) -> int:
    """Clean so many pages; gives how many came out."""
    pages = islice(cycle(generated.pages(scripts=False)), n)
    if threads:
        with ThreadPoolExecutor(threads) as pool:
            return sum(1 for _ in pool.map(clean_html, pages))
    return sum(result.error is None for result in clean_many(pages, n_jobs=jobs))


@pytest.mark.benchmark(group="many")
@pytest.mark.parametrize(("jobs", "threads"), [(1, 0), (2, 0), (1, 2)])
def test_many_pages(jobs: int, threads: int, benchmark: Any, tables: dict[str, Table]) -> None:
    n = MANY if benchmark.enabled else 40
    many(40, jobs, threads)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert benchmark.pedantic(many, args=(n, jobs, threads), rounds=1) == n
    if benchmark.enabled:
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        _many[f"{threads} threads" if threads else f"clean_many, n_jobs={jobs}"] = (benchmark.stats.stats.min, grown)
        first = next(iter(_many.values()))[0]
        rows = {
            name: (f"{1000 * seconds / n:.2f}", f"{first / seconds:.2f}", f"{growth}")
            for name, (seconds, growth) in _many.items()
        }
        tables["speed: many pages"] = Table(
            ("ms a page", "times as fast", "growth, MB"),
            rows,
            f"{n:,} generated pages; wall time, so only of an idle machine; growth of this process's peak over the first 40 pages",
        )


# -- the start -----------------------------------------------------------------------------------------------------------

#: What a fresh interpreter runs.
STARTS = {
    "nothing": "pass",
    "import numpy, selectolax": "import numpy, selectolax, selectolax.lexbor",
    "import paywallclf": "import paywallclf",
    "from paywallclf import clean_html": "from paywallclf import clean_html",
    "from paywallclf import PaywallClassifier": "from paywallclf import PaywallClassifier",
    "the first clean_html": "from paywallclf import clean_html; clean_html('<p>Rain is expected.</p>')",
    "import trafilatura": "import trafilatura",
}

_starts: dict[str, float] = {}


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize("start", STARTS)
def test_start(start: str, benchmark: Any, tables: dict[str, Table]) -> None:
    if "trafilatura" in start and util.find_spec("trafilatura") is None:
        pytest.skip("trafilatura is not installed: pip install 'paywallclf[peers]'")
    command = [sys.executable, "-c", STARTS[start]]
    benchmark.pedantic(lambda: subprocess.run(command, check=True), rounds=7, warmup_rounds=1)
    if benchmark.enabled:
        _starts[start] = benchmark.stats.stats.median
        tables["speed: start"] = start_table()


def start_table() -> Table:
    nothing = _starts.get("nothing", 0.0)
    base = _starts.get("import numpy, selectolax", nothing) - nothing
    rows = {
        name: (f"{1000 * (seconds - nothing):.0f}", f"{(seconds - nothing) / base:.2f}" if base > 0 else "")
        for name, seconds in _starts.items()
    }
    return Table(("ms", "x numpy, selectolax"), rows, "whole processes, median of 7, less that of one that does nothing")


@pytest.mark.benchmark(group="start")
def test_load_model(benchmark: Any) -> None:
    arrays, _ = benchmark(storage.load, storage.SHIPPED, scoring.SHAPES)
    assert arrays
