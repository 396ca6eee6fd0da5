from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

def hash_ngrams(
    codes: NDArray[np.uint32], lengths: NDArray[np.int64], sizes: Sequence[int], bits: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]: ...
def score_ngrams(
    table: NDArray[np.float32], codes: NDArray[np.uint32], lengths: NDArray[np.int64], sizes: Sequence[int]
) -> NDArray[np.float32]: ...
def fold_characters(texts: list[str], edge: str) -> tuple[NDArray[np.uint32], NDArray[np.int64]]: ...
