"""Every recipe, run as it stands in the documentation, leaves the article without its promos."""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from warcs import Record, write_warc

ROOT = Path(__file__).parents[1]
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
PAGE = ROOT / "datasets" / "pages" / "fr_meter_offer_bullets.html"
METER, OFFER, EDITORIAL = (
    "Vous avez lu 4 articles",
    "Avec Palier+, vous obtenez",
    "L’odeur de chlore n’a jamais tout à fait disparu",
)

#: A code block, and the module that it needs. (`datasets` alone would be found: this repository has a folder of that name.)
FENCE = re.compile(r"(?:^<!-- needs (?P<needs>[\w.]+) -->\n)?^```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RECIPES, re.MULTILINE | re.DOTALL))


def code_of(title: str) -> str:
    """The code of a recipe; skips the test where a package that it needs is missing."""
    fences = list(FENCE.finditer(SECTIONS[title]))
    for needs in {fence["needs"] for fence in fences} - {None}:
        pytest.importorskip(needs, reason=f"{needs} is not installed: see the extras in pyproject.toml")
    return "\n".join(fence["code"] for fence in fences)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example page, a crawl of it, and its text."""
    html = PAGE.read_text(encoding="utf-8")
    pages = tmp_path / "datasets" / "pages"
    pages.mkdir(parents=True)
    (pages / PAGE.name).write_text(html, encoding="utf-8")
    write_warc(tmp_path / "crawl.warc.gz", [Record(0, html.encode())])
    (tmp_path / "crawl.jsonl").write_text(json.dumps({"id": "0", "html": html}) + "\n", encoding="utf-8")
    text = f"{EDITORIAL}. Dans le couloir, Gaëtan Morisot pousse une porte coupe-feu.\n\n{METER} sur les 5 offerts ce mois-ci.\n\n{OFFER} :"
    (tmp_path / "articles.jsonl").write_text(json.dumps({"id": "0", "text": text}) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(text: str) -> None:
    text = " ".join(text.replace("\\u2019", "’").replace("\u00a0", " ").split())
    assert EDITORIAL in text
    assert METER not in text
    assert OFFER not in text


@pytest.mark.parametrize("title", [title for title in SECTIONS if title != "Scrapy"])
def test_a_recipe_prints_the_article_without_its_promos(
    title: str, workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "300")  # a busy machine takes longer than Ray's default
    monkeypatch.setenv("HF_HOME", str(workplace / "cache"))
    code = code_of(title)
    names: dict[str, Any] = {"__name__": "__main__"}
    capsys.readouterr()
    exec(compile(code, f"recipes.md, {title}", "exec"), names)
    check(capsys.readouterr().out)
    if "after" in names:  # an extractor has two ways
        check(names["before"])
        check(names["after"])
    if title == "Ray Data":
        names["ray"].shutdown()
    if title == "pandas":
        check(names["frame"]["html"].iloc[0])
        assert names["frame"]["error"].isna().all()
    if title == "lxml":
        check(names["cleaned"])


def test_the_spider_writes_articles_without_their_promos(workplace: Path) -> None:
    code = code_of("Scrapy")
    link = '<a class="article" href="article.html">À Vaubrun</a>'
    (workplace / "index.html").write_text(f'<!DOCTYPE html><meta charset="utf-8"><p>{link}</p>', encoding="utf-8")
    (workplace / "article.html").write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(workplace))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code = code.replace("https://news.example/", f"http://127.0.0.1:{server.server_port}/")
        (workplace / "spider.py").write_text(code, encoding="utf-8")
        command = [sys.executable, "-m", "scrapy", "runspider", "spider.py", "-O", "articles.jsonl"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        server.shutdown()
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in (workplace / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    (article,) = [row for row in rows if row["url"].endswith("article.html")]
    check(article["text"])
    assert article["access"] == "open"


def test_no_recipe_is_left_out() -> None:
    assert len(FENCE.findall(RECIPES)) == RECIPES.count("```python")
    assert all(FENCE.search(section) for section in SECTIONS.values())
