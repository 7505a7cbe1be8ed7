"""What probes see of cells, points and areas."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
import torch
from pyproj import Geod
from scipy.sparse import csr_array

from aether_core.city.cells import cells_of
from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo
from aether_core.tasks.samples.representations import (
    REPRESENTATIONS,
    CityArrays,
    of_areas,
    of_samples,
    representation,
)
from aether_core.tasks.samples.samples import Samples
from tests.errors import fault

CITY = shapely.box(24.93, 60.16, 24.96, 60.18)
CELLS = cells_of(CITY, 10)
GROUPS = np.array(["shop", "food", "shop", ""] * 15, dtype=object)
DIMENSIONS = {"alphaearth": 64, "aether": 128, "poi": 384, "concat": 192, "mix": 4}
DIMENSIONS["concat-mix"] = DIMENSIONS["concat"] + DIMENSIONS["mix"]
OF_PLACES = {"poi", "mix"}
"""Those that need no embedding."""


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def pool(lonlat: np.ndarray) -> np.ndarray:
    """A smooth surface of unit vectors over the city; no data west of 24.935."""
    waves = np.outer(lonlat[:, 0] * 800, np.arange(1, 65)) + lonlat[:, 1:] * 500
    vectors = unit(np.sin(waves))
    vectors[lonlat[:, 0] < 24.935] = np.nan
    return vectors


@pytest.fixture(scope="module")
def arrays() -> CityArrays:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    return CityArrays(
        units=CELLS,
        cell_vectors=pool(CELLS.lonlat),
        pool=pool,
        heads=Heads(),
        poi_lonlat=rng.uniform([24.93, 60.16], [24.96, 60.18], (60, 2)),
        poi_text=unit(rng.normal(size=(60, 384))),
        poi_group=GROUPS,
    )


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_each_describes_cells_and_points_alike(arrays: CityArrays, name: str) -> None:
    rep = representation(name, arrays)
    assert rep.name == name
    cells = rep.of_cells()
    assert cells.shape == (len(CELLS.h3), DIMENSIONS[name])
    assert cells.dtype == np.float32
    # The centre of a cell as a point is the cell.
    points = rep.at_points(CELLS.lonlat[5:25])
    assert np.allclose(points, cells[5:25], atol=1e-5, equal_nan=True)
    assert rep.at_points(np.empty((0, 2))).shape == (0, DIMENSIONS[name])
    no_data = np.isnan(cells).any(axis=1)
    assert np.array_equal(no_data, (CELLS.lonlat[:, 0] < 24.935) & (name not in OF_PLACES))


def test_concat_is_alphaearth_beside_aether(arrays: CityArrays) -> None:
    cells = representation("concat", arrays).of_cells()
    assert np.array_equal(cells[:, :64], arrays.cell_vectors, equal_nan=True)
    joint = encode_eo(arrays.heads, arrays.cell_vectors)
    assert np.array_equal(cells[:, 64:], joint, equal_nan=True)


def test_pixels_of_concat_are_averaged_part_by_part(arrays: CityArrays) -> None:
    pixels = arrays.cell_vectors[-40:]
    plain, joint = representation("concat", arrays).pixel_encoders
    assert plain is None
    assert joint is not None
    assert np.array_equal(joint(pixels), encode_eo(arrays.heads, pixels), equal_nan=True)
    assert representation("poi", arrays).pixel_encoders == ()


def test_places_count_by_their_distance(arrays: CityArrays) -> None:
    lonlat = np.array([[24.941, 60.171], [24.958, 60.162]])
    found = representation("poi", arrays).at_points(lonlat)
    geod = Geod(ellps="WGS84")
    for spot, row in zip(lonlat, found, strict=True):
        metres = np.array([geod.inv(*spot, *place)[2] for place in arrays.poi_lonlat])
        nearest = np.argsort(metres)[:20]
        weight = np.exp(-metres[nearest] / 300)
        expected = weight @ arrays.poi_text[nearest] / weight.sum()
        assert np.allclose(row, expected, atol=1e-4)


def test_the_place_mix_counts_each_group_within_a_walk(arrays: CityArrays) -> None:
    lonlat = np.array([[24.941, 60.171], [24.958, 60.162], [30.0, 62.0]])
    found = representation("mix", arrays).at_points(lonlat)
    geod = Geod(ellps="WGS84")
    for spot, row in zip(lonlat[:2], found, strict=False):
        near = np.array([geod.inv(*spot, *place)[2] for place in arrays.poi_lonlat]) < 800
        shops, food = ((near & (group == GROUPS)).sum() for group in ("shop", "food"))
        assert row[:3] == pytest.approx(np.log1p([shops, food, near.sum()]), abs=1e-5)
        part = np.array([shops, food]) / (shops + food)
        assert row[3] == pytest.approx(-(part * np.log(part)).sum() / np.log(2), abs=1e-5)
    assert found[2].tolist() == [0, 0, 0, 0]  # nobody is there
    beside = representation("concat-mix", arrays).at_points(lonlat)
    assert np.array_equal(beside[:, 192:], found)


def test_a_city_without_places_has_no_mix(arrays: CityArrays) -> None:
    none = replace(
        arrays, poi_lonlat=arrays.poi_lonlat[:0], poi_text=arrays.poi_text[:0], poi_group=GROUPS[:0]
    )
    with pytest.raises(InputError, check=fault("representation-without-places", "mix")):
        representation("mix", none)


def test_few_places_far_away_still_describe(arrays: CityArrays) -> None:
    few = replace(arrays, poi_lonlat=arrays.poi_lonlat[:3], poi_text=arrays.poi_text[:3])
    found = representation("poi", few).at_points(np.array([[30.0, 62.0]]))
    assert np.isfinite(found).all()
    assert np.linalg.norm(found) > 0.1


def test_places_without_text_do_not_count(arrays: CityArrays) -> None:
    text = arrays.poi_text.copy()
    text[10:] = np.nan
    some = representation("poi", replace(arrays, poi_text=text)).of_cells()
    only = replace(arrays, poi_lonlat=arrays.poi_lonlat[:10], poi_text=arrays.poi_text[:10])
    assert np.allclose(some, representation("poi", only).of_cells(), atol=1e-5)


def test_areas_are_the_mean_of_their_cells(arrays: CityArrays) -> None:
    there = np.flatnonzero(CELLS.lonlat[:, 0] > 24.936)[:2]
    gone = np.flatnonzero(CELLS.lonlat[:, 0] < 24.935)[:1]
    weights = np.zeros((4, len(CELLS.h3)))
    weights[0, there] = [0.25, 0.75]
    weights[1, [there[0], gone[0]]] = [0.1, 0.9]
    weights[2, gone] = 1
    found = of_areas(representation("alphaearth", arrays), csr_array(weights))
    first, second = arrays.cell_vectors[there]
    assert np.allclose(found[0], unit(0.25 * first + 0.75 * second), atol=1e-5)
    # A cell without data does not count, however much of the area it covers.
    assert np.allclose(found[1], first, atol=1e-5)
    assert np.isnan(found[2:]).all()
    places = representation("poi", arrays)
    mean = of_areas(places, csr_array(weights))
    assert np.allclose(mean[0], [0.25, 0.75] @ places.of_cells()[there], atol=1e-5)
    assert np.isfinite(mean[:3]).all()
    both = of_areas(representation("concat", arrays), csr_array(weights))
    assert np.allclose(np.linalg.norm(both[0, :64]), 1, atol=1e-5)
    assert np.allclose(np.linalg.norm(both[0, 64:]), 1, atol=1e-5)


def test_samples_take_their_cell_or_their_own_spot(arrays: CityArrays) -> None:
    spot = np.array([24.9512, 60.1713])
    samples = Samples(
        lonlat=np.array([CELLS.lonlat[40], spot]),
        label=np.array([0, 1]),
        weight=np.ones(2),
        unit=np.array([0, 1]),
        cell=np.array([40, -1]),
        classes=("a", "b"),
        row=np.array([0, 1]),
        labels_left_out={},
        samples_left_out={},
    )
    rep = representation("alphaearth", arrays)
    found = of_samples(rep, samples)
    assert np.array_equal(found[0], arrays.cell_vectors[40])
    assert np.array_equal(found[1], pool(spot[None])[0])


@pytest.mark.parametrize("name", ["aether", "concat"])
def test_a_city_without_a_model_says_so(arrays: CityArrays, name: str) -> None:
    with pytest.raises(InputError, check=fault("representation-without-model", "alphaearth")):
        representation(name, replace(arrays, heads=None))


def test_a_city_without_places_says_so(arrays: CityArrays) -> None:
    bare = replace(
        arrays, poi_lonlat=np.empty((0, 2)), poi_text=np.empty((0, 384), dtype=np.float32)
    )
    with pytest.raises(InputError, check=fault("representation-without-places", "poi")):
        representation("poi", bare)


def test_an_unknown_representation_lists_those_there_are(arrays: CityArrays) -> None:
    with pytest.raises(
        InputError,
        check=fault("no-such-representation", "landsat", "alphaearth, aether, poi, concat"),
    ):
        representation("landsat", arrays)
