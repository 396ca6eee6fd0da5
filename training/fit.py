"""From labelled pages to a fitted classifier, and the record of what it was fitted to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from paywallclf import PaywallClassifier
from training import peers
from training.blocks import WrittenBlocks
from training.corpus import LabelledPage, labels_of
from training.extracts import extracts


def fit(
    pages: Sequence[LabelledPage], classifier: PaywallClassifier, written: Sequence[WrittenBlocks] = ()
) -> PaywallClassifier:
    """Fit a classifier to the pages and to what extractors leave of them, by their groups; written blocks in the background.

    The same data in the same order gives the same model, bit for bit, with the same extractors installed.
    """
    texts = extracts(pages, classifier.n_jobs)
    # The networks' matrices are small: BLAS threads cost time (five times as much where cores are busy), and leave sums unordered.
    with threadpool_limits(1):
        return classifier.fit(
            [*(page.document for page in pages), *(text.document for text in texts), *(blocks.document for blocks in written)],
            [*map(labels_of, pages), *(text.labels for text in texts), *(blocks.labels for blocks in written)],
            [*(page.group for page in pages), *(text.group for text in texts), *(None for _ in written)],
        )


def describe(pages: Sequence[LabelledPage], written: Sequence[WrittenBlocks] = ()) -> dict[str, Any]:
    """What a model learns from, in counts, for its configuration and its card."""
    sources = sorted({page.source for page in pages})
    return {
        "reviewed_pages": sum(page.reviewed for page in pages),
        "body_known_pages": sum(page.body_known for page in pages),
        "sources": {source: _counts([page for page in pages if page.source == source]) for source in sources},
        "extractors": peers.versions(),
        "languages": dict(Counter(page.language for page in pages).most_common()),
        "kinds": dict(Counter(kind for page in pages for kind in page.kinds if kind).most_common()),
        "written_blocks": {
            language: sum(len(blocks.labels) for blocks in written if blocks.language == language)
            for language in dict.fromkeys(blocks.language for blocks in written)
        },
    }


def _counts(pages: Sequence[LabelledPage]) -> dict[str, int]:
    return {
        "pages": len(pages),
        "groups": len({page.group for page in pages}),
        "blocks": sum(len(page.labels) for page in pages),
        "promo_blocks": sum(label == "promo" for page in pages for label in page.labels),
    }
