"""Polygons of many corners in pieces: the same ground, none of it twice."""

import numpy as np
import pytest
import shapely

from aether_core.tasks.samples.polygons import cut_up


def test_pieces_are_the_same_ground_and_no_part_of_it_twice() -> None:
    ring = shapely.Point(24.9, 60.1).buffer(0.01, quad_segs=800)
    ring = ring.difference(shapely.Point(24.9, 60.1).buffer(0.007, quad_segs=500))
    square = shapely.box(24.8, 60.0, 24.81, 60.01)
    pieces, row = cut_up(np.array([square, ring, square], dtype=object), most_corners=200)
    assert row.tolist() == [0, *[1] * (len(pieces) - 2), 2]
    assert pieces[0] == pieces[-1] == square
    assert shapely.get_num_coordinates(pieces).max() <= 200
    parts = pieces[row == 1]
    assert len(parts) > 10
    assert shapely.area(parts).sum() == pytest.approx(ring.area, rel=1e-9)
    assert shapely.area(shapely.union_all(parts)) == pytest.approx(ring.area, rel=1e-9)


def test_corners_closer_than_a_centimetre_end_the_cutting() -> None:
    speck = shapely.Point(24.9, 60.1).buffer(2e-8, quad_segs=400)
    pieces, _ = cut_up(np.array([speck], dtype=object), most_corners=100)
    assert len(pieces) == 1
