"""A small AlphaEarth mirror on the disk, made by the rules of the real one.

The real grid: squares of 8192 pixels of 10 m, counted from easting 500 km and from the equator;
here squares of `side` pixels, counted from the same origin. Files are bottom-up, int8, -128 where
there is no data, planar, ZSTD, with overviews; two squares share a hash and differ in the offsets
of their names. The index has the real columns and `s3://` paths.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import rasterio.shutil
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.enums import Resampling
from rasterio.transform import Affine

from aether_core.eo.alphaearth import BAND_NAMES, BANDS, INT8_NODATA, quantise

PIXEL = 10
AREA = (23.96, 60.14, 24.05, 60.18)
"""Lon and lat of a place across the zones 34N and 35N, west of Helsinki; W, S, E, N."""
NO_DATA = (24.012, 60.153, 0.002)
"""Lon, lat and radius in degrees of latitude of a spot without data, in every year."""
CHANGED = (23.99, 60.165, 0.008)
"""The same of a spot that another year shows as something else."""
REAL_PREFIX = "s3://us-west-2.opendata.source.coop/tge-labs/aef/v1/annual"
COLUMNS = (
    *("WKT", "crs", "path", "year", "utm_zone", "utm_west", "utm_south", "utm_east", "utm_north"),
    *("wgs84_west", "wgs84_south", "wgs84_east", "wgs84_north"),
)

_WAVES = 12
_PATCH = np.array([0.0005, 0.00025])
"""Lon and lat in degrees of a patch of equal pixels."""
_FIRST_YEAR = 2018


@dataclass(frozen=True)
class MirrorTile:
    """One file of the mirror.

    Args:
        path: Below the base address, e.g. "2024/34N/x3f...-0000000000-0000000512.tiff".
        year: Of the embedding.
        zone: E.g. "34N".
        west: UTM bounds in metres.
        south: The same.
        east: The same.
        north: The same.
    """

    path: str
    year: int
    zone: str
    west: float
    south: float
    east: float
    north: float

    @property
    def crs(self) -> str:
        return zone_crs(self.zone)

    @property
    def outline(self) -> shapely.Polygon:
        """WGS84, with the corners alone, as the real index has it."""
        x = [self.west, self.east, self.east, self.west]
        y = [self.south, self.south, self.north, self.north]
        return shapely.Polygon(np.column_stack(to_lonlat(self.zone).transform(x, y)))


def write_mirror(
    folder: Path,
    *,
    zones: Sequence[str] = ("34N", "35N"),
    years: Sequence[int] = (2018, 2024),
    area: tuple[float, float, float, float] = AREA,
    side: int = 512,
    block: int = 64,
    compress: str = "ZSTD",
    predictor: int = 1,
) -> list[MirrorTile]:
    """Write the tiles that meet an area and both forms of the index.

    Args:
        folder: What the server serves as `.../annual`; made when missing.
        zones: Which zones have files: all squares of their grids that meet the area.
        years: Which years.
        area: W, S, E, N in degrees.
        side: Pixels along a file's side; 8192 in the real mirror.
        block: Pixels along a block's side; 1024 in the real mirror.
        compress: "ZSTD", "DEFLATE" or "NONE".
        predictor: 1 or 2.
    """
    tiles = [
        tile
        for year in years
        for zone in zones
        for tile in _squares(zone, year, area, side * PIXEL)
    ]
    for tile in tiles:
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_tile(path, tile, side, block, compress, predictor)
    write_index(folder, tiles)
    return tiles


def write_index(folder: Path, tiles: Sequence[MirrorTile], prefix: str = REAL_PREFIX) -> None:
    """Write `aef_index.csv` and `aef_index.parquet` as the real mirror has them."""
    outlines = [tile.outline for tile in tiles]
    rows = [_row(tile, outline, prefix) for tile, outline in zip(tiles, outlines, strict=True)]
    with (folder / "aef_index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    table: dict[str, Any] = {"fid": np.arange(1, len(rows) + 1)}
    for name in COLUMNS[1:]:
        table[name] = [row[name] for row in rows]
    table["geom"] = shapely.to_wkb(np.array(outlines, dtype=object))
    pq.write_table(pa.table(table), folder / "aef_index.parquet")


def values_at(lonlat: NDArray[np.float64], year: int) -> NDArray[np.int8]:
    """Return what the mirror's pixels hold at points `[n, 2]`: int8 `[n, 64]` as stored.

    Smooth over kilometres, in patches of some 30 m, so that a file is quickly made and small.
    """
    patches = np.floor(lonlat / _PATCH)
    west, south = patches.min(axis=0)
    across = int(patches[:, 0].max() - west) + 1
    cells = ((patches[:, 1] - south) * across + patches[:, 0] - west).astype(np.int64)
    present, which = np.unique(cells, return_inverse=True)
    corners = np.column_stack([present % across + west, present // across + south])
    values: NDArray[np.int8] = _patch_values((corners + 0.5) * _PATCH, year)[which]
    return values


def _patch_values(lonlat: NDArray[np.float64], year: int) -> NDArray[np.int8]:
    waves, mix, other = _field()
    place = lonlat * (np.cos(np.radians(AREA[1])), 1.0)
    vectors = np.sin(place @ waves[:2] + waves[2]) @ mix
    turned = _inside(lonlat, CHANGED) & (year != _FIRST_YEAR)
    vectors[turned] = other + 0.2 * vectors[turned]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    stored = quantise(vectors.astype(np.float32))
    stored[_inside(lonlat, NO_DATA)] = INT8_NODATA
    return stored


def zone_crs(zone: str) -> str:
    """E.g. "EPSG:32634" of "34N"."""
    return f"EPSG:{(32600 if zone[-1] == 'N' else 32700) + int(zone[:-1])}"


@lru_cache
def to_lonlat(zone: str) -> Transformer:
    return Transformer.from_crs(zone_crs(zone), "EPSG:4326", always_xy=True)


@lru_cache
def _field() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng(20)
    waves = np.vstack([random.normal(0, 400, (2, _WAVES)), random.uniform(0, 6, (1, _WAVES))])
    return waves, random.normal(size=(_WAVES, BANDS)), random.normal(size=BANDS) * 3


def _inside(lonlat: NDArray[np.float64], spot: tuple[float, float, float]) -> NDArray[np.bool_]:
    lon, lat, radius = spot
    east = (lonlat[:, 0] - lon) * np.cos(np.radians(lat))
    inside: NDArray[np.bool_] = np.hypot(east, lonlat[:, 1] - lat) < radius
    return inside


def _squares(
    zone: str, year: int, area: tuple[float, float, float, float], step: int
) -> Iterator[MirrorTile]:
    """Yield the squares of a zone's grid that meet an area within the zone's six degrees."""
    strip = 6 * (int(zone[:-1]) - 1) - 180
    meeting = shapely.box(*area).intersection(shapely.box(strip, -80, strip + 6, 84))
    if meeting.is_empty:
        return
    to_utm = Transformer.from_crs("EPSG:4326", zone_crs(zone), always_xy=True)
    corners = shapely.get_coordinates(shapely.segmentize(meeting, 0.005))
    x, y = to_utm.transform(corners[:, 0], corners[:, 1])
    equator = 0 if zone[-1] == "N" else 10_000_000
    columns = [int((value - 500_000) // step) for value in (min(x), max(x))]
    rows = [int((value - equator) // step) for value in (min(y), max(y))]
    for row in range(rows[0], rows[1] + 1):
        for column in range(columns[0], columns[1] + 1):
            pair = hashlib.sha256(f"{zone} {year} {row // 2} {column // 2}".encode()).hexdigest()
            down, across = (row % 2) * step // PIXEL, (column % 2) * step // PIXEL
            name = f"x{pair[:16]}-{down:010d}-{across:010d}.tiff"
            west, south = 500_000 + column * step, equator + row * step
            bounds = (float(west), float(south), float(west + step), float(south + step))
            yield MirrorTile(f"{year}/{zone}/{name}", year, zone, *bounds)


def _write_tile(
    path: Path, tile: MirrorTile, side: int, block: int, compress: str, predictor: int
) -> None:
    centres = (np.arange(side) + 0.5) * PIXEL
    x, y = np.meshgrid(tile.west + centres, tile.south + centres)  # row 0 in the south
    lon, lat = to_lonlat(tile.zone).transform(x.ravel(), y.ravel())
    stored = values_at(np.column_stack([lon, lat]), tile.year)
    layout: dict[str, Any] = {
        "interleave": "band",
        "tiled": True,
        "blockxsize": block,
        "blockysize": block,
        "bigtiff": "YES",
    }
    plain = path.with_name(f"plain-{path.name}")
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=BANDS,
        dtype="int8",
        nodata=INT8_NODATA,
        crs=tile.crs,
        transform=Affine(PIXEL, 0, tile.west, 0, PIXEL, tile.south),
        **layout,
    ) as dataset:
        dataset.write(stored.T.reshape(BANDS, side, side))
        dataset.descriptions = BAND_NAMES
        dataset.build_overviews([2, 4], Resampling.nearest)
    if compress != "NONE":
        layout |= {"compress": compress, "predictor": predictor}
        layout |= {"zstd_level": 1} if compress == "ZSTD" else {"zlevel": 1}
    rasterio.shutil.copy(plain, path, driver="GTiff", copy_src_overviews=True, **layout)
    plain.unlink()


def _row(tile: MirrorTile, outline: shapely.Polygon, prefix: str) -> dict[str, Any]:
    west, south, east, north = outline.bounds
    return {
        "WKT": outline.wkt,
        "crs": tile.crs,
        "path": f"{prefix}/{tile.path}",
        "year": tile.year,
        "utm_zone": tile.zone,
        "utm_west": tile.west,
        "utm_south": tile.south,
        "utm_east": tile.east,
        "utm_north": tile.north,
        "wgs84_west": west,
        "wgs84_south": south,
        "wgs84_east": east,
        "wgs84_north": north,
    }
