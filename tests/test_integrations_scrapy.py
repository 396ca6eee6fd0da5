"""A real Scrapy crawl of a site on this machine."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tiny import fitted, page

from paywallclf import ModelError, clean_html, clean_text

pytest.importorskip("scrapy", reason='needs Scrapy: pip install ".[scrapy]"')

from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler

from paywallclf.integrations.scrapy import AccessMiddleware, PromoMiddleware, PromoPipeline

PROMO, EDITORIAL = "Cet article est réservé à nos abonnés", "Les camions devront encore attendre l'été."
#: The publisher says that the text is in an element, and it is not.
LOCKED = """<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false, "hasPart":
{"@type": "WebPageElement", "isAccessibleForFree": false, "cssSelector": ".rest"}}</script>"""
HOME = "paywallclf.integrations.scrapy."

#: Follows the links of the first page; what it is given on the command line are settings.
SPIDER = """
import json, sys
import scrapy
from scrapy.crawler import CrawlerProcess

class Articles(scrapy.Spider):
    name = "articles"

    def parse(self, response):
        yield from response.follow_all(css="a.article", callback=self.article)

    def article(self, response):
        lines = response.css("article p::text, aside div::text").getall()
        yield {"url": response.url, "text": "\\n\\n".join(lines), "html": response.text, "lines": lines, "count": len(lines)}

settings, url = json.loads(sys.argv[1]), sys.argv[2]
process = CrawlerProcess({"LOG_LEVEL": "WARNING", "ROBOTSTXT_OBEY": False, "TELNETCONSOLE_ENABLED": False, **settings})
crawler = process.create_crawler(Articles)
process.crawl(crawler, start_urls=[url])
process.start()
stats = {key: value for key, value in crawler.stats.get_stats().items() if isinstance(value, int)}
print(json.dumps(stats))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    fitted().save(folder)
    return str(folder)


def article() -> str:
    sentences = ["Le maire a inauguré jeudi le pont de pierre, fermé depuis la crue du printemps.", EDITORIAL]
    html = page("vallée", sentences, [PROMO, "Déjà abonné ? Connectez-vous pour lire la suite"])
    return html.replace("<title>", f"{LOCKED}<title>").replace("</article>", '<div class="rest"></div></article>')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A first page, an article with promos in Latin-1, and one without."""
    folder = tmp_path_factory.mktemp("site")
    links = "".join(f'<a class="article" href="{name}">{name}</a>' for name in ("article.html", "plain.html"))
    (folder / "index.html").write_text(f"<!DOCTYPE html><p>{links}</p>", encoding="utf-8")
    (folder / "article.html").write_bytes(article().replace("<title>", '<meta charset="latin-1"><title>').encode("latin-1"))
    (folder / "plain.html").write_text(f"<!DOCTYPE html><article><p>{EDITORIAL}</p></article>", encoding="utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()
    server.server_close()


def crawl(url: str, folder: Path, settings: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """The items by the names of their pages, and the crawl's statistics."""
    settings = {**settings, "FEEDS": {str(folder / "items.json"): {"format": "json", "overwrite": True}}}
    (folder / "spider.py").write_text(SPIDER, encoding="utf-8")
    command = [sys.executable, "spider.py", json.dumps(settings), url]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    items = json.loads((folder / "items.json").read_text(encoding="utf-8"))
    return {item["url"].rpartition("/")[2]: item for item in items}, json.loads(done.stdout)


def test_the_pipeline_cleans_fields_of_items(site: str, tmp_path: Path, model: str) -> None:
    options = {"threshold": 0.4, "model": model}
    fields = {"html": "html", "text": "text", "count": "text", "missing": "text"}
    plain, _ = crawl(site, tmp_path, {})
    settings = {"ITEM_PIPELINES": {f"{HOME}PromoPipeline": 300}, "PAYWALLCLF_OPTIONS": options, "PAYWALLCLF_FIELDS": fields}
    items, stats = crawl(site, tmp_path, settings)

    before, after = plain["article.html"], items["article.html"]
    assert PROMO in before["text"]
    assert PROMO in before["html"]
    assert after["html"] == clean_html(before["html"], **options)
    assert after["text"] == clean_text(before["text"], **options)
    assert PROMO not in after["html"] + after["text"]
    assert EDITORIAL in after["html"]
    assert EDITORIAL in after["text"]
    assert (after["lines"], after["count"]) == (before["lines"], before["count"])
    assert items["plain.html"]["text"] == EDITORIAL
    assert stats["item_scraped_count"] == 2
    assert stats["paywallclf/fields_changed"] == 2


def test_the_middlewares_clean_pages_before_the_spider_and_tell_their_access(site: str, tmp_path: Path, model: str) -> None:
    settings = {
        "DOWNLOADER_MIDDLEWARES": {f"{HOME}PromoMiddleware": 50},
        "SPIDER_MIDDLEWARES": {f"{HOME}AccessMiddleware": 50},
        "PAYWALLCLF_OPTIONS": {"threshold": 0.4, "model": model},
    }
    items, stats = crawl(site, tmp_path, settings)
    assert EDITORIAL in items["article.html"]["lines"]
    assert not any("abonné" in line for line in items["article.html"]["lines"])
    assert items["plain.html"]["lines"] == [EDITORIAL]
    assert stats["paywallclf/responses_changed"] == 1
    assert items["article.html"]["access"] == "locked"
    assert items["plain.html"]["access"] in ("open", "unknown")


# -- parts alone -----------------------------------------------------------------------------------------------------------


def crawler_with(**more: Any) -> Any:
    return get_crawler(settings_dict={f"PAYWALLCLF_{name.upper()}": value for name, value in more.items()})


def test_lists_of_text_are_cleaned_part_by_part(model: str) -> None:
    pipeline = PromoPipeline.from_crawler(crawler_with(options={"threshold": 0.4, "model": model}, fields={"parts": "html"}))
    html = article()
    item = pipeline.process_item({"parts": [html, None, 7, b"bytes"]})
    assert item == {"parts": [clean_html(html, threshold=0.4, model=model), None, 7, b"bytes"]}
    assert PROMO not in item["parts"][0]


def test_a_page_with_nothing_to_drop_is_the_same_response(model: str) -> None:
    middleware = PromoMiddleware.from_crawler(crawler_with(options={"threshold": 1.0, "model": model}))
    response = HtmlResponse("http://localhost/", body=article(), encoding="utf-8")
    assert middleware.process_response(None, response) is response


def test_the_access_is_judged_from_the_page_as_it_came(model: str) -> None:
    crawler = crawler_with(options={"threshold": 0.4, "model": model})
    response = HtmlResponse("http://localhost/", body=article(), encoding="utf-8", flags=["cached"])
    cleaned = PromoMiddleware.from_crawler(crawler).process_response(None, response)
    assert cleaned.flags == ["cached", "access:locked"]
    for one in (response, cleaned, cleaned.replace(body=b"<p>What is left does not tell.</p>")):
        assert AccessMiddleware(crawler).get_processed_item({"text": "…"}, one) == {"text": "…", "access": "locked"}


def test_items_without_such_a_field_stay() -> None:
    @dataclass
    class Article:
        text: str

    response = HtmlResponse("http://localhost/", body=article(), encoding="utf-8")
    assert AccessMiddleware(get_crawler()).get_processed_item(Article("…"), response) == Article("…")


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"fields": {"body": "pdf"}}, ValueError, "PAYWALLCLF_FIELDS: 'body' must hold 'html' or 'text', not 'pdf'"),
        ({"options": {"threshold": 2}}, ValueError, "threshold must be"),
        ({"options": {"model": "no-such-folder"}}, ModelError, "no-such-folder"),
    ],
)
def test_a_wrong_setting_ends_the_crawl_before_it_begins(more: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PromoPipeline.from_crawler(crawler_with(**more))
