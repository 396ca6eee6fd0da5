"""A digest of what the shipped model says of the project's own pages: ``python tests/label_digest.py``.

Equal digests of two environments mean equal labels, kinds and cleaned pages under other versions of what the package needs.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path

from bs4 import BeautifulSoup

from paywallclf import classify_html, classify_text, clean_html, clean_text

PAGES = sorted((Path(__file__).parents[1] / "datasets" / "pages").glob("*.html"))


def main() -> None:
    """Print it."""
    warnings.simplefilter("ignore")
    digest = hashlib.sha256()
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        for document in (classify_html(page), classify_html(BeautifulSoup(page, "html.parser")), classify_text(page)):
            labels = [(block.fingerprint, block.label, block.kind) for block in document.blocks]
            digest.update(json.dumps([labels, repr(document.access)]).encode())
        digest.update((clean_html(page.encode()) + clean_html(page, drop=("promo", "other")) + clean_text(page)).encode())
    print(digest.hexdigest())


if __name__ == "__main__":
    main()
