"""Figures of areas against an overlay made beside them, and intervals against simulated truth."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from aether_core.city.cells import cells_of
from aether_core.errors import InputError
from aether_core.search.profile.compare import differences
from aether_core.search.profile.figures import (
    FigureInfo,
    Number,
    Share,
    Weights,
    best_of,
    in_blocks,
    predicted,
    probable,
    rate,
    sampled,
    weights_of,
)
from aether_core.search.profile.ground import Ground, lay_over, place_tree, places_in
from aether_core.search.profile.profile import Places
from aether_core.spatial.blocks import spatial_blocks
from tests.errors import fault

EQUAL_AREA = "EPSG:3035"
CITY = shapely.box(24.92, 60.15, 24.98, 60.18)
CELLS = cells_of(CITY, 9)
LONLAT = CELLS.lonlat
CALLED = FigureInfo("x", "x", "", "test")


def names(count: int) -> NDArray[np.object_]:
    return np.array([f"area {k}" for k in range(count)], dtype=object)


def disks(count: int = 8, seed: int = 0) -> NDArray[np.object_]:
    """Disks of 200 to 900 m that cut cells, some over the city's edge."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform([24.92, 60.15], [24.98, 60.18], (count, 2))
    frame = gpd.GeoSeries(shapely.points(centre), crs=4326).to_crs(EQUAL_AREA)
    return frame.buffer(rng.uniform(200, 900, count)).to_crs(4326).to_numpy()


@pytest.fixture(scope="module")
def ground() -> Ground:
    return lay_over(names(8), disks(), CELLS)


@pytest.fixture(scope="module")
def overlay() -> gpd.GeoDataFrame:
    """Every piece of a disk in a cell, by geopandas on another equal-area plane."""
    cells = gpd.GeoDataFrame({"cell": np.arange(len(CELLS))}, geometry=CELLS.polygons(), crs=4326)
    areas = gpd.GeoDataFrame({"area": np.arange(8)}, geometry=disks(), crs=4326)
    pieces = gpd.overlay(areas.to_crs(EQUAL_AREA), cells.to_crs(EQUAL_AREA), how="intersection")
    return pieces.assign(m2=pieces.area)


def test_ground_is_what_an_overlay_finds(ground: Ground, overlay: gpd.GeoDataFrame) -> None:
    sizes = gpd.GeoSeries(disks(), crs=4326).to_crs(EQUAL_AREA).area
    np.testing.assert_allclose(ground.km2, sizes / 1e6, rtol=1e-4)
    shared = overlay.groupby("area")["m2"].sum()
    np.testing.assert_allclose(ground.covered, shared / sizes, rtol=1e-4)
    assert (ground.covered < 0.99).any()
    assert (ground.covered > 0.9999).any()
    np.testing.assert_array_equal(ground.cells, overlay[overlay["m2"] > 1].groupby("area").size())
    whole = gpd.GeoSeries(CELLS.polygons(), crs=4326).to_crs(EQUAL_AREA).area.sum()
    assert ground.city_km2 == pytest.approx(whole / 1e6, rel=1e-4)


def test_means_weigh_cells_by_the_part_that_lies_in_the_area(
    ground: Ground, overlay: gpd.GeoDataFrame
) -> None:
    rng = np.random.default_rng(1)
    value = rng.uniform(0, 1, len(CELLS))
    known = rng.uniform(size=len(CELLS)) > 0.3
    value[~known] = np.nan
    weights = weights_of(ground.shared, in_blocks(np.arange(len(CELLS))), known)
    pieces = overlay.assign(value=value[overlay["cell"]]).dropna()
    sums = (pieces["value"] * pieces["m2"]).groupby(pieces["area"]).sum()
    truth = sums / pieces.groupby("area")["m2"].sum()
    for figure in (
        sampled(CALLED, weights, value, Number(1.0)),
        probable(CALLED, weights, value),
        predicted(CALLED, weights, value, value, value, level=0.9, scale=Number(1.0)),
    ):
        np.testing.assert_allclose(figure.value[:-1], truth, rtol=1e-4)
        assert not (figure.low > figure.value).any()
        assert not (figure.high < figure.value).any()
    every = overlay.groupby("area")["m2"].sum()
    np.testing.assert_allclose(
        weights.known[:-1], pieces.groupby("area")["m2"].sum() / every, rtol=1e-4
    )


def test_the_best_cell_lies_half_inside_where_one_does(
    ground: Ground, overlay: gpd.GeoDataFrame
) -> None:
    value = np.random.default_rng(2).uniform(0, 100, len(CELLS))
    half = overlay["m2"] > 0.5 * float(ground.cell_m2.mean())
    pieces = overlay.assign(value=value[overlay["cell"]])[half]
    found = best_of(CALLED, ground.shared, ground.cell_m2, value).value
    best = pieces.groupby("area")["value"].max()
    np.testing.assert_allclose(found[best.index], best)
    assert found[-1] == value.max()
    tiny = lay_over(names(1), np.array([shapely.Point(LONLAT[5]).buffer(1e-5)]), CELLS)
    assert best_of(CALLED, tiny.shared, tiny.cell_m2, value).value[0] == value[5]


def test_an_area_within_one_cell_has_its_value_and_says_what_is_unknown() -> None:
    tiny = lay_over(names(1), np.array([shapely.Point(LONLAT[5]).buffer(1e-5)]), CELLS)
    value = np.linspace(0, 1, len(CELLS))
    weights = weights_of(tiny.shared, in_blocks(np.arange(len(CELLS))))
    mean = sampled(CALLED, weights, value, Number(1.0))
    assert mean.value[0] == pytest.approx(value[5])
    assert np.isnan([mean.low[0], mean.high[0]]).all()  # one cell says nothing of others
    unknown = weights_of(tiny.shared, in_blocks(np.arange(len(CELLS))), np.arange(len(CELLS)) != 5)
    for nothing in (
        sampled(CALLED, unknown, value, Number(1.0)),
        probable(CALLED, unknown, value),
    ):
        assert np.isnan(nothing.value[0])
        assert np.isfinite(nothing.value[-1])
    assert unknown.known[0] == 0
    assert not differences(mean).clear[0]


def test_areas_elsewhere_are_named_and_overlaps_measured() -> None:
    far = shapely.box(0, 0, 1, 1)
    antipode = shapely.box(-155.06, -60.17, -155.05, -60.16)
    two = [shapely.box(24.93, 60.155, 24.95, 60.165), shapely.box(24.94, 60.155, 24.96, 60.165)]
    ground = lay_over(names(4), np.array([far, two[0], antipode, two[1]]), CELLS)
    assert ground.outside == ("area 0", "area 2")
    assert ground.name.tolist() == ["area 1", "area 3"]
    assert ground.overlapping == pytest.approx(0.25, abs=0.001)
    assert lay_over(names(1), np.array([two[0]]), CELLS).overlapping == 0
    with pytest.raises(InputError, check=fault("area-outside-city", "0.0000, 0.0000", "24.9")):
        lay_over(names(1), np.array([far]), CELLS)
    with pytest.raises(InputError, check=fault("area-outside-city", "-155.06")):
        lay_over(names(1), np.array([antipode]), CELLS)


def test_places_are_counted_where_they_lie(ground: Ground) -> None:
    spots = np.random.default_rng(3).uniform([24.91, 60.14], [24.99, 60.19], (2000, 2))
    inside = places_in(ground, place_tree(CELLS, spots))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*spots.T), crs=4326)
    areas = gpd.GeoDataFrame({"area": np.arange(8)}, geometry=disks(), crs=4326)
    joined = gpd.sjoin(points.to_crs(EQUAL_AREA), areas.to_crs(EQUAL_AREA), predicate="within")
    count = np.asarray(inside.sum(axis=1)).reshape(-1)
    np.testing.assert_array_equal(count, [*joined.groupby("area").size(), 2000])
    cells = shapely.union_all(CELLS.polygons())
    on_cells = shapely.contains_xy(cells, *spots.T)
    places = Places(spots, [""] * len(spots), CELLS)
    np.testing.assert_array_equal(places.rated, np.flatnonzero(on_cells))
    none = places_in(ground, place_tree(CELLS, np.empty((0, 2))))
    assert none.shape == (9, 0)


BLOCK = spatial_blocks(LONLAT, block_m=500)


def weights() -> Weights:
    return weights_of(lay_over(names(8), disks(), CELLS).shared, in_blocks(BLOCK))


def coverage(low: NDArray, high: NDArray, truth: NDArray) -> float:
    """Share of the truths `[draws, rows]` that lie in the intervals."""
    return float(((low <= truth) & (truth <= high)).mean())


def test_the_mix_of_a_map_lies_in_its_interval_when_neighbours_err_together() -> None:
    rng = np.random.default_rng(4)
    chance = rng.dirichlet(np.ones(4) / 2, len(CELLS))
    part = weights()
    figures = [probable(CALLED, part, chance[:, k]) for k in range(4)]
    # Each block draws one number for all its cells: the classes come out as their probabilities
    # say, and the cells of a block are wrong together.
    drawn = rng.gumbel(size=(400, BLOCK.max() + 1, 4))[:, BLOCK]
    classes = (np.log(np.maximum(chance, 1e-12)) + drawn).argmax(axis=2)
    truth = np.stack([(part.part @ (classes == k).T.astype(float)).T for k in range(4)])
    held, apart_held = [], []
    for k, figure in enumerate(figures):
        np.testing.assert_allclose(truth[k].mean(axis=0), figure.value, atol=0.08)
        held.append(coverage(figure.low, figure.high, truth[k]))
        apart = differences(figure)
        truth_apart = (truth[k] - truth[k][:, [-1]])[:, :-1]
        apart_held.append(coverage(apart.low[:-1], apart.high[:-1], truth_apart))
    assert np.mean(held) > 0.94
    assert np.mean(apart_held) > 0.94
    np.testing.assert_allclose(sum(figure.value for figure in figures), 1)


def test_a_predicted_mean_covers_as_often_as_its_level_says() -> None:
    rng = np.random.default_rng(5)
    value = rng.uniform(10, 20, len(CELLS))
    half = rng.uniform(1, 3, len(CELLS))
    part = weights()
    figure = predicted(CALLED, part, value, half, half, level=0.9, scale=Number(1.0))
    error = rng.normal(size=(2000, BLOCK.max() + 1))[:, BLOCK] * half / 1.6449
    truth = (part.part @ (value + error).T).T
    assert coverage(figure.low, figure.high, truth) == pytest.approx(0.9, abs=0.01)
    for other in (-1, 2):
        apart = differences(figure, other)
        rows = [row for row in range(8) if row != other]
        reported = coverage(apart.low[rows], apart.high[rows], (truth - truth[:, [other]])[:, rows])
        assert reported == pytest.approx(0.9, abs=0.01)
    # As if all cells erred alone, the interval would be far too sure.
    alone = weights_of(lay_over(names(8), disks(), CELLS).shared, in_blocks(np.arange(len(CELLS))))
    sure = predicted(CALLED, alone, value, half, half, level=0.9, scale=Number(1.0))
    assert coverage(sure.low, sure.high, truth) < 0.8


def test_a_mean_of_values_covers_what_other_blocks_would_give() -> None:
    rng = np.random.default_rng(6)
    part = weights()
    held = []
    for _ in range(150):
        value = rng.normal(size=BLOCK.max() + 1)[BLOCK] + rng.normal(size=len(CELLS)) / 4
        figure = sampled(CALLED, part, value, Number(1.0))
        held.append((figure.low <= 0) & (figure.high >= 0))
    assert np.mean(held) > 0.9


def test_a_rate_covers_as_often_as_a_poisson_interval_does() -> None:
    ground = lay_over(names(8), disks(), CELLS)
    km2 = ground.covered_km2
    rng = np.random.default_rng(7)
    held, apart_held = [], []
    true = np.full(9, 40.0)
    west, south, east, north = shapely.union_all(CELLS.polygons()).bounds
    box_km2 = float(
        gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326).to_crs(EQUAL_AREA).area[0]
    )
    for _ in range(30):
        spots = rng.uniform([west, south], [east, north], (rng.poisson(40 * box_km2 / 1e6), 2))
        places = Places(spots, [""] * len(spots), CELLS)
        figure = rate(CALLED, places_in(ground, places.tree)[:, places.rated], km2)
        held.append((figure.low <= true) & (true <= figure.high))
        apart = differences(figure)
        apart_held.append((apart.low <= 0) & (apart.high >= 0))
    assert 0.92 < np.mean(held) <= 1
    assert 0.92 < np.mean(np.array(apart_held)[:, :-1]) <= 1


def test_no_places_at_all_leave_a_rate_that_could_be_above_zero(ground: Ground) -> None:
    inside = places_in(ground, place_tree(CELLS, np.empty((0, 2))))
    figure = rate(CALLED, inside, ground.covered_km2)
    assert (figure.value == 0).all()
    assert (figure.low == 0).all()
    np.testing.assert_allclose(figure.high * ground.covered_km2, 3.688879, rtol=1e-5)
    assert figure.scale is not None
    assert (figure.scale.effect(figure.value, figure.value) == 0).all()


def test_a_rate_has_garwoods_interval() -> None:
    spots = np.repeat(LONLAT[[20]], 10, axis=0)
    here = np.array([shapely.Point(LONLAT[20]).buffer(0.002)])
    area = lay_over(names(1), here, CELLS)
    inside = places_in(area, place_tree(CELLS, spots))
    figure = rate(CALLED, inside, area.covered_km2)
    # Ten events: 4.795 to 18.390 (Garwood 1936; Ulm 1990, Am. J. Epidemiol. 131:373).
    ends = np.array([figure.low[0], figure.high[0]]) * area.covered_km2[0]
    np.testing.assert_allclose(ends, [4.7954, 18.3904], rtol=1e-4)


def test_an_effect_says_the_same_on_every_scale() -> None:
    one, other = np.array([0.5]), np.array([0.2])
    assert Share().effect(one, other) == pytest.approx(0.6435, abs=1e-4)  # Cohen 1988, table 6.2.2
    assert Share().effect(other, one) == -Share().effect(one, other)
    assert Number(2.0).effect(np.array([3.0]), np.array([1.0])) == [1.0]
    assert Number(0.0).effect(one, other) == [0.0]
