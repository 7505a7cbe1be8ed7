"""What must stay on one side of a split: a label, or a piece of a label that is very large."""

import numpy as np
from numpy.typing import NDArray


def cut_large_units(
    unit: NDArray[np.int64],
    label: NDArray[np.int64],
    block: NDArray[np.int64],
    folds: int,
) -> NDArray[np.int64]:
    """Cut the labels of a class that has too few of them for the folds along the spatial blocks.

    Samples of one polygon belong together in a split. But where a class is drawn as one or a few
    large polygons (a layer dissolved by class, say), it would be missing from the training of the
    fold that tests it. There a polygon's part in each block counts as a label of its own.

    Args:
        unit: Label each sample comes from, int64 `[n]`.
        label: Class of each sample, int64 `[n]`.
        block: Spatial block of each sample, int64 `[n]`.
        folds: Number of folds.

    Returns:
        Int64 `[n]`, 0 to number of units - 1.
    """
    pairs = np.unique(np.stack([label, unit], axis=1), axis=0)
    few = np.bincount(pairs[:, 0], minlength=int(label.max()) + 1) < folds
    piece = np.where(few[label], block + 1, 0)
    return np.asarray(
        np.unique(np.stack([unit, piece], axis=1), axis=0, return_inverse=True)[1].reshape(-1),
        dtype=np.int64,
    )
