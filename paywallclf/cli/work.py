"""What is done to each page, in whichever process, and the stream of what comes of it."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import paywallclf
from paywallclf.cli.reading import Event, Page
from paywallclf.document import Block, Document
from paywallclf.parallel import ordered_map

if TYPE_CHECKING:
    from paywallclf.api import AnyModel


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a page: the document to write, the blocks to list, and what to say of it."""

    output: str = ""
    blocks: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None


#: Takes a page's source and form, gives the document to write and the blocks to list.
Work = Callable[[str | bytes, str], tuple[str, tuple[Block, ...]]]


_Event = TypeVar("_Event", bound=Event)


def outcomes_of(events: Iterator[_Event], work: Work, n_jobs: int) -> Generator[tuple[_Event, Outcome], None, None]:
    """Each page with what became of it, and each other event, in order; read as far ahead as the processes need."""
    under_way: deque[_Event] = deque()

    def sources() -> Iterator[tuple[str | bytes, str] | None]:
        for event in events:
            under_way.append(event)
            # what is no page goes along: were it left out, a file of damaged records would be read to its end at once
            yield (event.source, event.form) if isinstance(event, Page) else None

    with closing(ordered_map(partial(_attempt, work=work), sources(), n_jobs)) as outcomes:
        for outcome in outcomes:
            yield under_way.popleft(), outcome


def _attempt(page: tuple[str | bytes, str] | None, work: Work) -> Outcome:
    if page is None:
        return Outcome()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", paywallclf.PaywallWarning)
        try:
            output, blocks = work(*page)
        except Exception as error:  # one page must not end a crawl
            return Outcome(error=f"{type(error).__name__}: {error}")
    return Outcome(output, blocks, tuple(str(warning.message) for warning in caught))


def classify_page(source: str | bytes, form: str, *, encoding: str | None, **options: Any) -> tuple[str, tuple[Block, ...]]:
    """The page, decoded, and all its blocks."""
    document = _classified(source, form, encoding, **options)
    return document.source, document.blocks


def clean_page(
    source: str | bytes,
    form: str,
    *,
    to: str | None,
    encoding: str | None,
    model: AnyModel,
    listing: bool,
    decision: dict[str, Any],
) -> tuple[str, tuple[Block, ...]]:
    """The page without what `decision` drops, and with `listing` the blocks that went."""
    wanted = document_form(form, to)
    if wanted == form and not listing:
        if form == "html":
            return paywallclf.clean_html(source, encoding=encoding, model=model, **decision), ()
        return paywallclf.clean_text(_decoded(source, encoding), model=model, **decision), ()
    document = _classified(source, form, encoding, model=model)
    dropped = document.dropped(**decision)
    return paywallclf.render(document, form="text" if wanted == "text" else None, **decision), tuple(dropped) if listing else ()


def _classified(source: str | bytes, form: str, encoding: str | None, **options: Any) -> Document:
    if form == "html":
        return paywallclf.classify_html(source, encoding=encoding, **options)
    return paywallclf.classify_text(_decoded(source, encoding), **options)


def _decoded(source: str | bytes, encoding: str | None) -> str:
    from paywallclf.html.encoding import decode

    return decode(source, encoding) if isinstance(source, bytes) else source


def document_form(form: str, to: str | None) -> str:
    """The form of a cleaned document: text stays text, and records hold what they held unless text is asked for."""
    return "text" if to == "text" else form
