"""Parts for Scrapy; ``pip install "paywallclf[scrapy]"`` installs what they need. In ``settings.py``, any of::

ITEM_PIPELINES = {"paywallclf.integrations.scrapy.PromoPipeline": 300}  # cleans fields of items
DOWNLOADER_MIDDLEWARES = {"paywallclf.integrations.scrapy.PromoMiddleware": 50}  # cleans pages before the spider gets them
SPIDER_MIDDLEWARES = {"paywallclf.integrations.scrapy.AccessMiddleware": 50}  # items say whether their page is locked

PAYWALLCLF_FIELDS = {"html": "html", "text": "text"}  # which fields PromoPipeline cleans, and what they hold; the default
PAYWALLCLF_OPTIONS = {"threshold": 0.9}  # what clean_html and clean_text take besides the page
"""

from __future__ import annotations

from functools import partial
from typing import Any

from itemadapter import ItemAdapter
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Request, Response
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware

from paywallclf import classify_html, clean_html, clean_text


class _Cleaning:
    def __init__(self, crawler: Crawler) -> None:
        self.stats = crawler.stats
        options = crawler.settings.getdict("PAYWALLCLF_OPTIONS")
        self.clean = {"html": partial(clean_html, **options), "text": partial(clean_text, **options)}
        self.clean["text"]("")  # loads the model; a wrong option ends the crawl before it begins
        self.model = options.get("model")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Any:
        """Scrapy calls this."""
        return cls(crawler)


class PromoPipeline(_Cleaning):
    """Item pipeline: cleans fields that hold a str or a list of them. ``paywallclf/fields_changed`` counts those with promos."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.forms = crawler.settings.getdict("PAYWALLCLF_FIELDS") or {"html": "html", "text": "text"}
        for field, form in self.forms.items():
            if form not in self.clean:
                raise ValueError(f"PAYWALLCLF_FIELDS: {field!r} must hold 'html' or 'text', not {form!r}")

    def process_item(self, item: Any) -> Any:
        """Scrapy calls this."""
        fields = ItemAdapter(item)
        for field, form in self.forms.items():
            value = fields.get(field)
            parts = value if isinstance(value, list) else [value]
            cleaned = [self.clean[form](part) if isinstance(part, str) else part for part in parts]
            if cleaned != parts:
                fields[field] = cleaned if isinstance(value, list) else cleaned[0]
                self.stats.inc_value("paywallclf/fields_changed")
        return item


class PromoMiddleware(_Cleaning):
    """Downloader middleware: the spider's selectors find no promos, and caches behind it keep the page as it came.

    A spider middleware cannot do that: Scrapy lets none replace a response. ``paywallclf/responses_changed`` counts those that were.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        """Scrapy calls this."""
        if not isinstance(response, HtmlResponse) or (cleaned := self.clean["html"](response.text)) == response.text:
            return response
        self.stats.inc_value("paywallclf/responses_changed")
        access = classify_html(response.text, model=self.model).access.state  # its barrier is gone from here on
        return response.replace(body=cleaned.encode(), encoding="utf-8", flags=[*response.flags, f"access:{access}"])


class AccessMiddleware(BaseSpiderMiddleware):
    """Spider middleware: the field ``access`` of items says whether their page gives its whole text: open, locked or unknown.

    Items of classes without such a field stay as they are.
    """

    def get_processed_item(self, item: Any, response: Response | None) -> Any:
        """Scrapy calls this."""
        if isinstance(response, HtmlResponse) and (isinstance(item, dict) or "access" in ItemAdapter(item).field_names()):
            known = [flag.removeprefix("access:") for flag in response.flags if flag.startswith("access:")]
            model = self.crawler.settings.getdict("PAYWALLCLF_OPTIONS").get("model")
            ItemAdapter(item)["access"] = known[0] if known else classify_html(response.text, model=model).access.state
        return item
