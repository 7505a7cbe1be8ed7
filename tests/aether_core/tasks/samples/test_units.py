"""Labels that must stay together, and those too large to."""

import numpy as np

from aether_core.tasks.samples.units import cut_large_units


def test_labels_of_classes_with_enough_of_them_stay_whole() -> None:
    unit = np.repeat(np.arange(10), 4)
    label = np.repeat([0, 1], 20)
    block = np.tile(np.arange(4), 10)
    assert (cut_large_units(unit, label, block, folds=5) == unit).all()


def test_a_class_of_one_polygon_is_cut_along_the_blocks() -> None:
    unit = np.array([0, 0, 0, 0, 1, 2, 3, 4, 5])
    label = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
    block = np.array([7, 7, 8, 9, 7, 7, 8, 8, 9])
    cut = cut_large_units(unit, label, block, folds=5)
    assert cut[0] == cut[1]
    assert len(set(cut[:4].tolist())) == 3  # as many pieces as blocks
    assert len(set(cut[4:].tolist())) == 5
    assert not set(cut[:4].tolist()) & set(cut[4:].tolist())
