import numpy as np
from numpy.typing import NDArray

def wide_elements(texts: list[str], starts: NDArray[np.int64], ends: NDArray[np.int64], share: float) -> NDArray[np.uint8]: ...
def telling_elements(
    starts: NDArray[np.int64], ends: NDArray[np.int64], inlines: NDArray[np.int64], inline_starts: NDArray[np.int64], most: int
) -> NDArray[np.uint8]: ...
def count_named(named: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int: ...
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
