import numpy as np
from numpy.typing import NDArray

def join(
    first: NDArray[np.float32],
    scale: NDArray[np.float32],
    weights: NDArray[np.float32],
    intercept: NDArray[np.float32],
    most: float,
    features: NDArray[np.float32],
) -> NDArray[np.float32]: ...
def standardise(
    features: NDArray[np.float32], mean: NDArray[np.float32], scale: NDArray[np.float32], most: float, n_rows: int
) -> NDArray[np.float32]: ...
def output_units(
    hidden: NDArray[np.float32], intercept: NDArray[np.float32], weights: NDArray[np.float32], n: int
) -> NDArray[np.float64]: ...
def mix_trees(
    nodes: NDArray[np.int32],
    values: NDArray[np.float32],
    features: NDArray[np.float32],
    log_odds: NDArray[np.float64],
    doubt: float,
    weight: float,
) -> None: ...
def probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]: ...
