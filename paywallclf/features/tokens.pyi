from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

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
