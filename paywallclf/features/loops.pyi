from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

def hash_ngrams(
    codes: NDArray[np.uint32], lengths: NDArray[np.int64], sizes: Sequence[int], bits: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...
def hash_attributes(
    tags: list[str],
    attributes: Sequence[Mapping[str, str | None]],
    wanted: NDArray[np.uint8],
    silent: frozenset[str],
    longest: int,
    most: int,
    bits: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...
def sum_attributes(
    table: NDArray[np.float32],
    tags: list[str],
    attributes: Sequence[Mapping[str, str | None]],
    wanted: NDArray[np.uint8],
    silent: frozenset[str],
    longest: int,
    most: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
def sum_rows(table: NDArray[np.float32], rows: NDArray[np.int32], counts: NDArray[np.int64]) -> NDArray[np.float64]: ...
def sum_ngrams(
    table: NDArray[np.float32], codes: NDArray[np.uint32], lengths: NDArray[np.int64], sizes: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]: ...
def fold_characters(texts: list[str], edge: str) -> tuple[NDArray[np.uint32], NDArray[np.int64]]: ...
def wide_elements(texts: list[str], starts: NDArray[np.int64], ends: NDArray[np.int64], share: float) -> NDArray[np.uint8]: ...
def score_levels(
    sums: NDArray[np.float64],
    counts: NDArray[np.int64],
    containers: NDArray[np.int64],
    inlines: NDArray[np.int64],
    inline_starts: NDArray[np.int64],
    parents: NDArray[np.int64],
    wide: NDArray[np.uint8],
    most: int,
) -> NDArray[np.float32]: ...
def growing_ancestors(parents: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]: ...
def standardise(
    features: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32], most: float, n_rows: int
) -> NDArray[np.float32]: ...
def output_units(
    hidden: NDArray[np.float32], intercept: NDArray[np.float32], weights: NDArray[np.float32], n: int
) -> NDArray[np.float64]: ...
def sum_trees(nodes: NDArray[np.int32], values: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float64]: ...
