import numpy as np
from numpy.typing import NDArray

from paywallclf.document import Layout

TEXT_SHAPE: tuple[str, ...]
MARKUP_SHAPE: tuple[str, ...]

def text_shape(layout: Layout, out: NDArray[np.float32], column: int) -> None: ...
def markup_shape(layout: Layout, out: NDArray[np.float32], column: int) -> None: ...
