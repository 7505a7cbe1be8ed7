"""A labelled point without a cell counts for the cell nearest on the ground."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from workflows.evaluation.retrieval import _cells_of


def test_a_degree_of_longitude_is_shorter_than_one_of_latitude() -> None:
    # At 60 north 0.015 degrees of longitude are 0.84 km, 0.010 of latitude 1.1 km.
    cells = np.array([[25.015, 60.0], [25.0, 60.010]])
    city = SimpleNamespace(arrays=SimpleNamespace(units=SimpleNamespace(lonlat=cells)))
    samples = SimpleNamespace(cell=np.array([-1, 1]), lonlat=np.array([[25.0, 60.0], [25.0, 60.0]]))
    found = _cells_of(cast("Any", samples), cast("Any", city))
    assert found.tolist() == [0, 1]
