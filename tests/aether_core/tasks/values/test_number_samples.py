"""Numbers laid over a city's cells."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.city.cells import cells_of
from aether_core.errors import InputError
from aether_core.tasks.samples.representations import AlphaEarth, CityArrays
from aether_core.tasks.values.read import Values, read_values
from aether_core.tasks.values.samples import MOSTLY_OUTSIDE, NO_DATA, OUTSIDE, number_samples
from tests.errors import fault

CITY = shapely.box(24.90, 60.10, 24.94, 60.12)
CELLS = cells_of(CITY, 10)
CENTRES = CELLS.lonlat
VECTORS = np.column_stack([CENTRES[:, 0] - 24.9, np.ones(len(CELLS))]).astype(np.float32)
AREA = shapely.box(24.905, 60.105, 24.915, 60.11)


def values(tmp_path: Path, shapes: list[shapely.Geometry], numbers: list[float]) -> Values:
    path = tmp_path / "v.geojson"
    gpd.GeoDataFrame({"y": numbers}, geometry=shapes, crs=4326).to_file(path, driver="GeoJSON")
    return read_values(path, field="y")


def city() -> CityArrays:
    unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    at = shapely.STRtree(shapely.points(CENTRES))
    return CityArrays(
        CELLS,
        unit,
        lambda lonlat: unit[at.nearest(shapely.points(lonlat))],
        None,
        np.empty((0, 2)),
        np.empty((0, 0), dtype=np.float32),
    )


def test_areas_take_the_mean_of_the_cells_below_and_points_what_lies_there(tmp_path: Path) -> None:
    spot = shapely.Point(24.93, 60.115)
    read = values(tmp_path, [AREA, spot, spot, shapely.Point(25.5, 60.1)], [1, 2, 3, 4])
    samples = number_samples(read, boundary=CITY, units=CELLS, seed=0)
    assert samples.value.tolist() == [2, 3, 1]
    assert samples.unit.tolist() == [0, 0, 1]  # one spot is on one side of a split
    assert samples.points == 2
    assert samples.dropped == {OUTSIDE: 1}
    x = samples.described(AlphaEarth(city()))
    share = shapely.area(shapely.intersection(CELLS.polygons(), AREA))
    mean = (city().cell_vectors * share[:, None]).sum(axis=0)
    assert x[2] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


def test_what_lies_half_outside_or_has_no_data_is_left_out(tmp_path: Path) -> None:
    edge = shapely.box(24.935, 60.10, 24.96, 60.11)
    read = values(tmp_path, [AREA, edge], [1, 2])
    samples = number_samples(read, boundary=CITY, units=CELLS, seed=0)
    assert samples.value.tolist() == [1]
    assert samples.dropped == {MOSTLY_OUTSIDE: 1}
    with pytest.raises(InputError, check=fault("no-usable-values", NO_DATA)):
        samples.keep(np.zeros(1, dtype=bool), NO_DATA)


def test_more_samples_than_a_fit_can_take_are_drawn_by_the_seed(tmp_path: Path) -> None:
    lon = np.linspace(24.905, 24.935, 40)
    read = values(tmp_path, [shapely.Point(one, 60.11) for one in lon], lon.tolist())
    drawn = [
        number_samples(read, boundary=CITY, units=CELLS, seed=seed, limit=10).value.tolist()
        for seed in (1, 1, 2)
    ]
    assert len(drawn[0]) == 10
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("shapes", "code"),
    [
        ([shapely.Point(60.11, 24.92)], "coordinates-swapped"),
        ([shapely.Point(2.3, 48.8)], "values-outside-city"),
        ([AREA, shapely.affinity.translate(AREA, 0.004, 0)], "areas-overlap"),
    ],
)
def test_places_that_cannot_be_laid_over_the_city_are_refused(
    tmp_path: Path, shapes: list[shapely.Geometry], code: str
) -> None:
    read = values(tmp_path, shapes, list(range(len(shapes))))
    with pytest.raises(InputError, check=fault(code)):
        number_samples(read, boundary=CITY, units=CELLS, seed=0)
