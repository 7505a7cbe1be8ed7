"""Labels, areas and queries of the simulated Tinytown, from its own truth."""

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio.features import shapes

from aether_core.simulate.grid_city import ZONES, SimulatedCity, simulate_city

GROUPS = {
    "homes": ("homes",),
    "work": ("shopping", "offices", "industry", "nightlife"),
    "other": ("water", "park", "campus", "culture"),
}
AREA_PX = 10


@dataclass(frozen=True)
class TaskFiles:
    """What a user brings to the tasks.

    Attributes:
        zones: Polygons with the field `zone`.
        points: 500 points with the field `zone`.
        areas: Squares of 100 m with people in `homes`, `work`, `other`, and a `code`.
        districts: Four quarters of the city with a `name`.
        queries: Queries with the zones that answer them.
    """

    zones: Path
    points: Path
    areas: Path
    districts: Path
    queries: Path


@pytest.fixture(scope="session")
def truth_city() -> SimulatedCity:
    """Tinytown with its truth, as `city_files` wrote it."""
    return simulate_city(7, size_m=1500, pois=600)


@pytest.fixture(scope="session")
def task_files(truth_city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> TaskFiles:
    """Labels, areas, districts and queries as files."""
    folder = tmp_path_factory.mktemp("tasks")
    files = TaskFiles(
        folder / "zones.geojson",
        folder / "points.csv",
        folder / "areas.gpkg",
        folder / "districts.geojson",
        folder / "queries.json",
    )
    zone_polygons(truth_city).to_file(files.zones, driver="GeoJSON")
    points = zone_points(truth_city, 500)
    table = points.drop(columns="geometry").assign(lon=points.geometry.x, lat=points.geometry.y)
    table.to_csv(files.points, index=False)
    counted_areas(truth_city).to_file(files.areas, driver="GPKG")
    quarters(truth_city).to_file(files.districts, driver="GeoJSON")
    names = list(ZONES)
    asked = {query: [names[k] for k in zones] for query, zones in truth_city.queries.items()}
    # The one block of offices lies at the city's edge, where no cell is.
    asked = {query: zones for query, zones in asked.items() if zones != ["offices"]}
    files.queries.write_text(json.dumps(asked))
    return files


def zone_polygons(city: SimulatedCity) -> gpd.GeoDataFrame:
    """Each connected piece of a zone as a polygon, WGS84."""
    found = shapes(city.truth.astype(np.int32), transform=city.transform)
    pairs = [(shapely.geometry.shape(shape), list(ZONES)[int(k)]) for shape, k in found]
    frame = gpd.GeoDataFrame(
        {"zone": [name for _, name in pairs]}, geometry=[shape for shape, _ in pairs], crs=city.crs
    )
    return frame.to_crs("EPSG:4326")


def zone_points(city: SimulatedCity, count: int) -> gpd.GeoDataFrame:
    """Random pixels with their zone, WGS84."""
    rng = np.random.default_rng(3)
    rows, columns = rng.integers(0, len(city.truth), size=(2, count))
    x, y = city.transform @ (columns + 0.5, rows + 0.5)
    frame = gpd.GeoDataFrame(
        {"zone": np.array(list(ZONES), dtype=object)[city.truth[rows, columns]]},
        geometry=gpd.points_from_xy(x, y),
        crs=city.crs,
    )
    return frame.to_crs("EPSG:4326")


def counted_areas(city: SimulatedCity) -> gpd.GeoDataFrame:
    """Squares with as many people of a group as pixels of its zones, times ten."""
    side = len(city.truth) // AREA_PX
    names = list(ZONES)
    rows = []
    for row in range(side):
        for column in range(side):
            window = city.truth[
                row * AREA_PX : (row + 1) * AREA_PX, column * AREA_PX : (column + 1) * AREA_PX
            ]
            west, north = city.transform @ (column * AREA_PX, row * AREA_PX)
            east, south = city.transform @ ((column + 1) * AREA_PX, (row + 1) * AREA_PX)
            counts = {
                group: 10 * int(np.isin(window, [names.index(zone) for zone in zones]).sum())
                for group, zones in GROUPS.items()
            }
            square = shapely.box(west, south, east, north)
            rows.append({"code": f"{row:02}-{column:02}", **counts, "geometry": square})
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=city.crs)


def quarters(city: SimulatedCity) -> gpd.GeoDataFrame:
    """The city cut into four, WGS84."""
    side = len(city.truth)
    west, north = city.transform @ (0, 0)
    east, south = city.transform @ (side, side)
    x, y = (west + east) / 2, (south + north) / 2
    boxes = [(west, y, x, north), (x, y, east, north), (west, south, x, y), (x, south, east, y)]
    names = ["North-west", "North-east", "South-west", "South-east"]
    frame = gpd.GeoDataFrame({"name": names}, geometry=[shapely.box(*b) for b in boxes])
    return frame.set_crs(city.crs).to_crs("EPSG:4326")
