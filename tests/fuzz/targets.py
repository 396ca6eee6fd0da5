"""What is fuzzed. A target takes bytes and raises an AssertionError, or any other exception, where a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import files
import pages

from paywallclf import storage


@dataclass(frozen=True, slots=True)
class Target:
    """A promise, and where to start in search of what breaks it.

    Attributes
    ----------
    check : callable
    seeds : callable
        Gives sound inputs by name.
    tokens : list of str
        What inputs are made of, for mutations to put in.
    longest : int
        Inputs are cut to this length, in bytes; what time does with length is tested elsewhere.
    share : float
        Of the time.
    """

    check: Callable[[bytes], None]
    seeds: Callable[[], dict[str, bytes]]
    tokens: list[str]
    longest: int
    share: float


TARGETS = {
    "pages": Target(pages.all_hold, partial(pages.seeds, 8192), pages.TOKENS, 8192, 0.6),
    "model_arrays": Target(
        files.model_arrays, partial(files.model_seeds, storage.ARRAYS_FILE), files.MODEL_TOKENS, 1 << 16, 0.1
    ),
    "model_config": Target(files.model_config, partial(files.model_seeds, storage.CONFIG_FILE), files.MODEL_TOKENS, 8192, 0.1),
    "json_labels": Target(files.json_labels, files.json_seeds, files.LABEL_TOKENS, 8192, 0.1),
    "csv_labels": Target(files.csv_labels, files.csv_seeds, files.LABEL_TOKENS, 8192, 0.1),
}
