"""Water and ground outside the built city, on a simulated city whose truth is known."""

from dataclasses import dataclass

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.ndimage import label, uniform_filter
from scipy.spatial import cKDTree

from aether_core.search.ground import OUTSIDE_M, Extent, Ground, ground_of
from aether_core.simulate.grid_city import ZONES, simulate_city

_CELL_PX = 4
NOTHING = np.empty(0, dtype=object)


@dataclass(frozen=True)
class Cells:
    """Cells of a simulated city: where, what they look like, what they are, and its places."""

    lonlat: NDArray[np.float64]
    form: NDArray[np.float32]
    water: NDArray[np.bool_]
    lake: NDArray[np.int64]
    places: NDArray[np.float64]
    cell_of_place: NDArray[np.int64]

    def shapes(self, lakes: set[int]) -> NDArray[np.object_]:
        """Squares around the cells of some lakes."""
        rows = np.isin(self.lake, list(lakes))
        return np.asarray(shapely.buffer(shapely.points(self.lonlat[rows]), 1e-4), dtype=object)

    def ground(self, water: NDArray[np.object_]) -> Ground:
        return ground_of(
            self.lonlat, self.form, self.places, self.cell_of_place, water, "a drawing"
        )


@pytest.fixture(scope="module")
def cells() -> Cells:
    city = simulate_city(201, size_m=2000, pois=800)
    side = np.arange(_CELL_PX, len(city.truth), _CELL_PX)
    row, column = (index.ravel() for index in np.meshgrid(side, side, indexing="ij"))
    pooled = np.stack([uniform_filter(band, 9) for band in np.moveaxis(city.vectors, -1, 0)], -1)
    form = pooled[row, column]
    wet = city.truth == list(ZONES).index("water")
    x, y = city.transform @ (column + 0.5, row + 0.5)
    to_wgs84 = Transformer.from_crs(city.crs, "EPSG:4326", always_xy=True)
    lonlat = np.stack(to_wgs84.transform(x, y), axis=1)
    places = np.stack([city.pois.geometry.x, city.pois.geometry.y], axis=1)
    return Cells(
        lonlat,
        form / np.linalg.norm(form, axis=1, keepdims=True),
        wet[row, column],
        label(wet)[0][row, column],
        places,
        cKDTree(lonlat).query(places)[1],
    )


def test_without_shapes_nothing_is_water(cells: Cells) -> None:
    ground = cells.ground(NOTHING)
    assert not ground.water.any()
    assert (ground.water_from, ground.looks, ground.by_looks) == ("", None, 0)
    assert not ground.left_out(Extent.LAND).any()


def test_what_the_shapes_say_is_water_but_for_cells_with_places(cells: Cells) -> None:
    every = set(np.unique(cells.lake[cells.water]).tolist())
    ground = cells.ground(cells.shapes(every))
    taken = np.isin(np.arange(len(cells.water)), cells.cell_of_place)
    assert ground.water_from == "a drawing"
    assert (ground.water[cells.water & ~taken]).all()
    assert not (ground.water & taken).any()
    assert (ground.water & ~cells.water).mean() < 0.01
    np.testing.assert_array_equal(ground.left_out(Extent.LAND), ground.water)


def test_water_that_no_shape_says_is_told_by_its_looks(cells: Cells) -> None:
    lakes, sizes = np.unique(cells.lake[cells.water], return_counts=True)
    drawn = {int(lakes[np.argmax(sizes)])}
    ground = cells.ground(cells.shapes(drawn))
    undrawn = ~np.isin(cells.lake, list(drawn))
    added = ground.water & undrawn
    assert ground.looks is not None
    assert ground.looks >= 0.95
    assert ground.by_looks == added.sum() > 10
    assert cells.water[added].mean() > 0.95


def test_looks_that_cannot_be_trusted_are_not(cells: Cells) -> None:
    rng = np.random.default_rng(0)
    blind = Cells(
        cells.lonlat,
        rng.normal(size=cells.form.shape).astype(np.float32),
        cells.water,
        cells.lake,
        cells.places,
        cells.cell_of_place,
    )
    every = set(np.unique(cells.lake[cells.water]).tolist())
    ground = blind.ground(cells.shapes(every))
    assert ground.looks is not None
    assert ground.looks < 0.9
    assert ground.by_looks == 0
    assert ground.water.any()


def test_outside_is_far_from_every_place(cells: Cells) -> None:
    west = cells.places[:, 0] < np.median(cells.places[:, 0]) - 0.008
    ground = ground_of(
        cells.lonlat, cells.form, cells.places[west], cells.cell_of_place[west], NOTHING, ""
    )
    metres = np.array([55_800 * 1.0, 111_300])  # of a degree at 60 degrees north, about
    away = cKDTree(cells.places[west] * metres).query(cells.lonlat * metres)[0]
    assert ground.outside[away > OUTSIDE_M * 1.05].all()
    assert not ground.outside[away < OUTSIDE_M * 0.95].any()
    assert 0.2 < ground.outside.mean() < 0.9
    np.testing.assert_array_equal(ground.left_out(Extent.BUILT), ground.outside)
    assert not ground.left_out(Extent.LAND).any()
    assert not ground.left_out(Extent.EVERYWHERE).any()
