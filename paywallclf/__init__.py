"""Tell editorial text from subscription promos, block by block, and clean scraped articles.

The public names load what they need when they are first used: importing the package loads neither scikit-learn nor the model.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paywallclf.api import PaywallWarning as PaywallWarning
    from paywallclf.api import Result as Result
    from paywallclf.api import classify_html as classify_html
    from paywallclf.api import classify_text as classify_text
    from paywallclf.api import clean_html as clean_html
    from paywallclf.api import clean_many as clean_many
    from paywallclf.api import clean_text as clean_text
    from paywallclf.api import load_model as load_model
    from paywallclf.api import parse_html as parse_html
    from paywallclf.api import parse_text as parse_text
    from paywallclf.api import render as render
    from paywallclf.classifier import PaywallClassifier as PaywallClassifier
    from paywallclf.document import Block as Block
    from paywallclf.document import Document as Document
    from paywallclf.explanation import explain as explain
    from paywallclf.storage import ModelError as ModelError

__version__ = "0.1.0"

_HOMES = {
    "Block": "document",
    "Document": "document",
    "ModelError": "storage",
    "PaywallClassifier": "classifier",
    "PaywallWarning": "api",
    "Result": "api",
    "classify_html": "api",
    "classify_text": "api",
    "clean_html": "api",
    "clean_many": "api",
    "clean_text": "api",
    "explain": "explanation",
    "load_model": "api",
    "parse_html": "api",
    "parse_text": "api",
    "render": "api",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - names of the table


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'paywallclf' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"paywallclf.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
