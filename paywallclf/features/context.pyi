import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout

SCORES: tuple[str, ...]
CONTEXT: tuple[str, ...]
NEIGHBOURS: int
ANCESTORS: int
HALF_LIVES: tuple[float, ...]

def context(layout: Layout, scores: NDArray[np.float32], out: NDArray[np.float32], column: int) -> None: ...
