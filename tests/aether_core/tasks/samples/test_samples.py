"""Samples out of labelled points and polygons."""

import numpy as np
import pytest
import shapely

from aether_core.city.cells import Cells, cells_of
from aether_core.errors import InputError
from aether_core.spatial.hexagons import cell_polygons
from aether_core.tasks.labels.read import Labels
from aether_core.tasks.samples.samples import OUTWEIGHED, TWO_CLASSES, Samples, samples_of
from tests.errors import fault

CITY = shapely.box(24.93, 60.16, 24.96, 60.18)
CELLS: Cells = cells_of(CITY, 10)
WEST, EAST = shapely.box(24.93, 60.16, 24.945, 60.18), shapely.box(24.945, 60.16, 24.96, 60.18)


def labels(shapes: list[shapely.Geometry], values: list[str], **how: object) -> Labels:
    return Labels(
        geometry=np.array(shapes, dtype=object),
        value=np.array(values, dtype=object),
        source="a.geojson",
        sha256="0" * 64,
        field="zone",
        dropped={},
        **how,
    )


def sample(made: Labels, **how: object) -> Samples:
    return samples_of(
        made,
        boundary=CITY,
        units=CELLS,
        **({"seed": 0} | how),
    )


def points(count: int, seed: int = 0) -> list[shapely.Geometry]:
    rng = np.random.default_rng(seed)
    return list(shapely.points(rng.uniform([24.93, 60.16], [24.96, 60.18], (count, 2))))


def test_points_are_samples_where_they_lie() -> None:
    places = [*points(4), shapely.Point(0, 0)]
    found = sample(labels(places, ["b", "a", "b", "a", "a"]))
    assert found.lonlat.tolist() == shapely.get_coordinates(places[:4]).tolist()
    assert found.classes == ("a", "b")
    assert found.label.tolist() == [1, 0, 1, 0]
    assert found.weight.tolist() == [1, 1, 1, 1]
    assert found.unit.tolist() == [0, 1, 2, 3]
    assert found.cell.tolist() == [-1] * 4
    assert found.count.by_class == {"a": 2, "b": 2}
    assert found.count.left_out == {"outside the city": 1}
    assert (found.count.used, found.count.given) == (4, 5)


def test_polygons_give_the_cells_whose_centre_they_hold() -> None:
    found = sample(labels([WEST, EAST], ["w", "e"]))
    assert len(found) == len(CELLS.h3)
    in_west = shapely.contains_xy(WEST, CELLS.lonlat[:, 0], CELLS.lonlat[:, 1])
    by_cell = np.empty(len(CELLS.h3), dtype=np.int64)
    by_cell[found.cell] = found.label
    assert np.array_equal(by_cell == found.classes.index("w"), in_west)
    assert np.array_equal(found.lonlat, CELLS.lonlat[found.cell])
    assert np.array_equal(found.unit, 1 - found.label)  # the first feature is "w", class 1
    assert (found.weight == 1).all()


def test_a_polygon_smaller_than_a_cell_gives_the_part_it_covers() -> None:
    cell = cell_polygons(CELLS.h3[50:51])[0]
    west, south, east, north = cell.bounds
    half = shapely.intersection(cell, shapely.box(west, south, (west + east) / 2, north))
    quarter = shapely.affinity.scale(half, 0.5, 1, origin=(west, south))
    found = sample(labels([quarter, EAST], ["s", "e"]))
    small = found.label == found.classes.index("s")
    share = quarter.intersection(cell).area / cell.area
    assert 50 in found.cell[small]
    assert found.weight[small][found.cell[small] == 50] == pytest.approx(share, rel=1e-3)
    assert (found.weight[~small] == 1).all()
    assert (found.unit[small] == 0).all()


def test_small_polygons_of_one_class_add_up_in_a_cell() -> None:
    centre = shapely.Point(CELLS.lonlat[80] + [0.0003, 0.0002])
    one = centre.buffer(0.0001)
    two = shapely.affinity.translate(one, 0, -0.0004)
    alone = sample(labels([one, EAST], ["s", "e"]))
    both = sample(labels([one, two, EAST], ["s", "s", "e"]))
    weight = {made.weight[made.cell == 80][0] for made in (alone, both)}
    assert max(weight) == pytest.approx(2 * min(weight), rel=1e-2)


def test_a_cell_in_polygons_of_two_classes_goes() -> None:
    wide = WEST.union(shapely.box(24.94, 60.16, 24.95, 60.18))
    found = sample(labels([wide, EAST], ["w", "e"]))
    contested = shapely.contains_xy(wide.intersection(EAST), CELLS.lonlat[:, 0], CELLS.lonlat[:, 1])
    assert found.samples_left_out == {TWO_CLASSES: int(contested.sum())}
    assert found.count.left_out == {}
    assert contested.sum() > 10
    assert not np.isin(np.flatnonzero(contested), found.cell).any()


def test_a_kiosk_leaves_a_park_a_park() -> None:
    in_west = np.flatnonzero(shapely.contains_xy(WEST.buffer(-0.003), *CELLS.lonlat.T))
    cell = in_west[0]
    kiosk = shapely.Point(CELLS.lonlat[cell] + [0.0002, 0]).buffer(0.00003)
    found = sample(labels([WEST, EAST, kiosk], ["park", "road", "shop"]))
    assert found.classes == ("park", "road")
    assert found.label[found.cell == cell].tolist() == [0]
    assert found.weight[found.cell == cell].tolist() == [1]
    assert found.count.left_out == {OUTWEIGHED: 1}
    assert found.samples_left_out == {}


def test_a_polygon_off_every_cell_is_counted() -> None:
    # Cells are those with their centre in the city: some ground at its edge is in none.
    bare = CITY.difference(shapely.union_all(cell_polygons(CELLS.h3)))
    off = labels([WEST, EAST, bare.representative_point().buffer(1e-7)], ["w", "e", "c"])
    assert sample(off).count.left_out == {"polygon too small to contain a cell of the city": 1}


def test_points_that_repeat_each_other_count_once() -> None:
    place = points(1)[0]
    found = sample(labels([place, place, place, points(2)[1]], ["a", "a", "b", "b"]))
    assert found.label.tolist() == [0, 1, 1]
    assert found.count.left_out == {"duplicate point and class": 1}


def test_points_of_one_feature_are_one_unit() -> None:
    feature = np.array([0, 0, 4, 4, 9])
    found = sample(labels(points(5), ["a", "a", "b", "b", "a"], feature=feature))
    assert found.unit.tolist() == [0, 0, 1, 1, 2]
    assert found.count.used == 5  # each point is a label; those of one feature stay together


def test_too_many_samples_keep_the_classes_in_proportion_and_every_unit() -> None:
    many = labels([WEST, EAST, *points(600)], ["w", "e", *["p"] * 560, *["q"] * 40])
    total = len(sample(many))
    found = sample(many, limit=400)
    assert len(found) <= 400
    assert found.samples_left_out == {"beyond 400 samples": total - len(found)}
    points_left = int((found.cell < 0).sum())
    assert found.count.left_out == {"beyond 400 samples": 600 - points_left}
    assert found.count.given == 602
    full = np.bincount(sample(many).label) / total
    kept = np.bincount(found.label) / len(found)
    assert np.abs(full - kept).max() < 0.04
    assert (np.bincount(found.label) >= 30).all()
    assert {0, 1} <= set(found.unit)  # both polygons still give cells
    again = sample(many, limit=400)
    assert np.array_equal(found.cell, again.cell)
    assert np.array_equal(found.lonlat, again.lonlat)
    assert not np.array_equal(found.lonlat, sample(many, limit=400, seed=5).lonlat)


def test_every_label_is_used_or_left_out_for_one_reason() -> None:
    lon, lat = CELLS.lonlat[80]
    shop = shapely.Point(lon + 0.0002, lat).buffer(0.00003)  # in a cell that a zone takes
    given = [WEST, EAST, shop, *points(5), points(1)[0], shapely.Point(0, 0)]
    found = sample(labels(given, ["w", "e", "shop", *["p"] * 5, "p", "p"]))
    assert found.count.by_class == {"p": 5, "e": 1, "w": 1}
    assert found.count.given == len(given)
    assert len(found) > 10 * found.count.used  # samples are no labels


def test_labels_of_another_place_are_refused_with_both_boxes() -> None:
    away = labels([shapely.Point(1, 1), shapely.Point(2, 2)], ["a", "b"])
    with pytest.raises(InputError, check=fault("labels-outside-city", "1.0000", "24.9300")):
        sample(away)


def test_one_class_inside_the_city_is_refused() -> None:
    places = [*points(3), shapely.Point(0, 0)]
    with pytest.raises(InputError, check=fault("labels-of-one-class", "a", 3)):
        sample(labels(places, ["a", "a", "a", "b"]))


def test_classes_that_only_meet_where_they_fight_are_refused() -> None:
    with pytest.raises(InputError, check=fault("samples-of-one-class", "a, ", TWO_CLASSES)):
        sample(labels([CITY, EAST], ["a", "b"]))


def test_two_hundred_classes_are_refused() -> None:
    with pytest.raises(InputError, check=fault("too-many-classes", 200)):
        sample(labels(points(200), [f"owner {n}" for n in range(200)]))
