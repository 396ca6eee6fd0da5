"""Steps of a datatrove pipeline; ``pip install "paywallclf[datatrove]"`` installs what they need.

From web archives to the text of the articles::

    LocalPipelineExecutor([WarcReader("crawl/"), ArticleExtractor(), JsonlWriter("articles/")]).run()

With another extractor, put `PromoFormatter` after it, or before it: ``[PromoFormatter(form="html"), Trafilatura(), ...]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.extractors.base import BaseExtractor
from datatrove.pipeline.formatters.base import BaseFormatter

from paywallclf import classify_html, clean_html, clean_text, render

if TYPE_CHECKING:
    from paywallclf.api import AnyModel


class ArticleExtractor(BaseExtractor):
    """HTML in, the text of the article out, without promos and the rest of the page.

    Pages without text are dropped, and counted in the statistics, as by datatrove's own extractors.

    Parameters
    ----------
    drop : iterable of {"editorial", "promo", "other"}, default ("promo", "other")
        The labels whose blocks go.
    threshold : float, optional
        As for `paywallclf.clean_html`.
    model : str, Path, PaywallClassifier or Model, optional
        Default: the shipped model.
    timeout : float, default 1
        Seconds for a page; one that takes longer is dropped and counted.
    """

    name = "📰 Article"

    def __init__(
        self,
        drop: Iterable[str] = ("promo", "other"),
        threshold: float | None = None,
        model: AnyModel = None,
        timeout: float = 1,
    ) -> None:
        super().__init__(timeout)
        self.model = model
        self.render = partial(render, drop=tuple(drop), threshold=threshold, form="text")
        self.extract("")  # a wrong argument ends the run before it begins

    def extract(self, text: str) -> str:
        """The article's paragraphs, parted by blank lines; datatrove calls this."""
        return str(self.render(classify_html(text, model=self.model)))

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Extract; datatrove calls this."""
        self.extract("")  # datatrove extracts in a child process, whose first page would be lost while the model is loaded
        yield from super().run(data, rank, world_size)


class PromoFormatter(BaseFormatter):
    """Takes promos out of what an extractor gave; of HTML, before an extractor reads it.

    In the statistics, ``changed`` counts documents, and ``removed`` the characters that went. A document of promos alone goes on
    without text: drop it with a filter.

    Parameters
    ----------
    form : {"text", "html"}
        What the documents are.
    **options
        As for `paywallclf.clean_html`: ``drop``, ``kinds``, ``threshold``, ``model``.
    """

    name = "📰 No promos"

    def __init__(self, form: str = "text", **options: Any) -> None:
        super().__init__()
        if form not in ("text", "html"):
            raise ValueError(f"form must be 'text' or 'html', not {form!r}")
        clean: Callable[..., Any] = clean_html if form == "html" else clean_text
        self.clean = partial(clean, **options)
        self.clean("")  # a wrong option ends the run before it begins

    def format(self, text: str) -> str:
        """The text without promos; datatrove calls this."""
        cleaned: str = self.clean(text)
        if cleaned != text:
            self.stat_update("changed")
            self.stat_update("removed", value=len(text) - len(cleaned), unit="character")
        return cleaned
