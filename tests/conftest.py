"""What the tests of several files share: documents whose labels are chosen by hand, and the project's own pages."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from paywallclf import Document, parse_html, parse_text

# a shell starts what runs in the background with interrupts ignored, and so would run what the tests start
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("many", max_examples=2000, deadline=None)

PAGES = sorted((Path(__file__).parents[1] / "datasets" / "pages").glob("*.html"))


def labelled(document: Document, dropped: Collection[int]) -> Document:
    """The document with the blocks of those indices labelled promo and the others editorial; no model is asked."""
    blocks = [
        replace(
            block,
            label="promo" if block.index in dropped else "editorial",
            kind="subscribe" if block.index in dropped else None,
            probabilities={"editorial": 0.0, "promo": 1.0, "other": 0.0}
            if block.index in dropped
            else {"editorial": 1.0, "promo": 0.0, "other": 0.0},
            kinds={"subscribe": 1.0},
        )
        for block in document.blocks
    ]
    return replace(document, blocks=tuple(blocks), threshold=0.5)


@pytest.fixture
def html_document() -> Callable[..., Document]:
    """Make a document of HTML in which the blocks with the given texts are promo."""

    def make(html: Any, *promos: str) -> Document:
        document = parse_html(html)
        texts = [block.text for block in document.blocks]
        assert set(promos) <= set(texts), texts
        return labelled(document, {index for index, text in enumerate(texts) if text in promos})

    return make


@pytest.fixture
def text_document() -> Callable[..., Document]:
    """Make a document of plain text in which the paragraphs of the given indices are promo."""

    def make(source: str, *dropped: int) -> Document:
        return labelled(parse_text(source), dropped)

    return make
