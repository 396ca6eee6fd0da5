"""A class for ``map_batches`` of Ray Data; ``pip install "paywallclf[ray]"`` installs what it needs.

Pages in, pages without promos out, by up to eight actors::

    dataset = ray.data.read_parquet("pages.parquet")
    workers = ray.data.ActorPoolStrategy(min_size=1, max_size=8)
    dataset.map_batches(PromoCleaner, fn_constructor_args=["html"], compute=workers).write_parquet("cleaned")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from paywallclf import clean_html, clean_text


class PromoCleaner:
    """Cleans one column of each batch. Ray makes one in each actor, which loads the model once.

    Parameters
    ----------
    column : str
        The column to clean. Missing values stay missing.
    form : {"html", "text"}
        What it holds.
    output : str, optional
        The column to write. Default: `column`, replaced.
    **options
        As for `paywallclf.clean_html`: ``drop``, ``kinds``, ``threshold``, ``encoding`` (of HTML), ``model``.
    """

    def __init__(self, column: str, form: str = "html", output: str | None = None, **options: Any) -> None:
        if form not in ("html", "text"):
            raise ValueError(f"form must be 'html' or 'text', not {form!r}")
        self.column = column
        self.output = output or column
        clean: Callable[..., Any] = clean_html if form == "html" else clean_text
        self.clean = partial(clean, **options)
        self.clean("")  # loads the model, and finds a wrong option before the first batch

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The batch, an array for each column (Ray's default format), with the cleaned column."""
        if self.column not in batch:
            raise KeyError(f"no column {self.column!r} to clean; there are {', '.join(batch)}")
        cleaned = [None if page is None else self.clean(page) for page in batch[self.column]]
        return {**batch, self.output: np.array(cleaned, dtype=object)}
