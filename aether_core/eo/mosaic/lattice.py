"""The mosaic's pixels, and the city's own grid of 10 m that takes the nearest of them.

The mosaic lies in degrees. Its pixels are 10 m high everywhere and 10 m wide at the equator alone:
5 m in Helsinki. Windows of a city are counted in pixels, so on that grid they would be half as wide
as high there; hence a city gets the mosaic's pixels on the 10 m grid of one UTM zone, each the
nearest one, unchanged, and all years on the same grid.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine
from shapely.geometry.base import BaseGeometry

from aether_core.eo.cog.pyramid import BLOCK, Level, pyramid
from aether_core.eo.mirror.zones import squares_touched, widened, zone_epsg, zone_parts

PIXEL_M = 10
ChunkKey = tuple[int, int]
"""A chunk of the mosaic: its row from the north and its column from the west."""

_BENT_M = 20.0
"""More than a side of a chunk bends by where degrees become metres."""
_EDGE = np.linspace(0.5, BLOCK - 0.5, 9)


@dataclass(frozen=True)
class MosaicLattice:
    """Where a mosaic's pixels lie and how they are cut.

    Args:
        west: Longitude of its western edge.
        north: Latitude of its northern edge.
        pixel: Side of a pixel in degrees.
        height: Pixels down.
        width: Pixels across.
        shard: Pixels along each side of a shard, one file.
        chunk: Pixels along each side of a chunk, what is read at once.
    """

    west: float
    north: float
    pixel: float
    height: int
    width: int
    shard: int
    chunk: int

    @property
    def across(self) -> int:
        """Chunks along each side of a shard."""
        return self.shard // self.chunk

    def locate(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the pixels that points lie in, also of those outside."""
        rows = np.floor((self.north - lat) / self.pixel).astype(np.int64)
        columns = np.floor((lon - self.west) % 360.0 / self.pixel).astype(np.int64)
        return rows, columns

    def shard_of(self, key: ChunkKey) -> tuple[tuple[int, int], int]:
        """Row and column of the shard that holds a chunk, and the chunk's number in it."""
        row, down = divmod(key[0], self.across)
        column, right = divmod(key[1], self.across)
        return (row, column), down * self.across + right

    def chunks(self, grid: "CityGrid") -> list[ChunkKey]:
        """The chunks that a city's outline touches, row by row, and at times one more.

        A block of the city's grid may reach into others; it has no data there.
        """
        near = sorted({key for block in grid.touched for key in self._chunks_of(grid, block)})
        rows, columns = np.array(near, dtype=np.float64).T * self.chunk
        size = np.array([0.0, self.chunk, self.chunk, 0.0])
        lon = self.west + (columns[:, None] + size) * self.pixel
        lat = self.north - (rows[:, None] + size[[0, 0, 1, 1]]) * self.pixel
        corners = np.stack(grid.metres(lon, lat), axis=-1)
        outlines = shapely.buffer(shapely.polygons(corners), _BENT_M)
        touched = shapely.intersects(outlines, grid.outline)
        return [key for key, touches in zip(near, touched, strict=True) if touches]

    def _chunks_of(self, grid: "CityGrid", block: tuple[int, int]) -> frozenset[ChunkKey]:
        """The chunks whose pixels a block of a city's grid may take, and at times one more."""
        lon, lat = grid.lonlat(block, _EDGE)
        rows, columns = self.locate(lon, lat)
        down = range(
            max(int(rows.min()) - 1, 0) // self.chunk,
            min(int(rows.max()) + 1, self.height - 1) // self.chunk + 1,
        )
        return frozenset((row, column) for row in down for column in self._columns(columns))

    def _columns(self, columns: NDArray[np.int64]) -> Iterable[int]:
        """Columns of chunks between the outermost pixels, at the 180th meridian on both sides."""
        last = self.width - 1
        if int(columns.max()) - int(columns.min()) > last // 2:  # across the 180th meridian
            east, west = columns[columns > last // 2], columns[columns <= last // 2]
            spans = [(int(east.min()) - 1, last), (0, int(west.max()) + 1)]
        else:
            spans = [(max(int(columns.min()) - 1, 0), min(int(columns.max()) + 1, last))]
        return [
            at for low, high in spans for at in range(low // self.chunk, high // self.chunk + 1)
        ]


@dataclass(frozen=True)
class CityGrid:
    """The 10 m grid of a city: whole blocks of one UTM zone, counted from its origin.

    Args:
        zone: The zone that most of the city lies in, e.g. "35N".
        outline: The city and its halo in the zone's metres.
    """

    zone: str
    outline: BaseGeometry

    @classmethod
    def of(cls, boundary: BaseGeometry, halo_m: float) -> "CityGrid":
        """The grid of an area, the same for every year.

        Args:
            boundary: WGS84, cut at the 180th meridian where it lies across it.
            halo_m: Reach of windows beyond it in metres.

        Raises:
            InputError: The area is empty or lies at a pole.
        """
        zone = max(zone_parts(boundary, halo_m), key=lambda part: part.outline.area).zone
        return cls(zone, widened(boundary, zone, halo_m))

    @cached_property
    def touched(self) -> tuple[tuple[int, int], ...]:
        """Blocks that touch the outline, (down, across), row by row; down is negative."""
        boxes = squares_touched(self.outline, 0.0, 0.0, float(BLOCK * PIXEL_M))
        return tuple((box.top, box.left) for box in boxes)

    @cached_property
    def corner(self) -> tuple[int, int]:
        """The north-west block."""
        return min(down for down, _ in self.touched), min(across for _, across in self.touched)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """The full size and its overviews."""
        down, across = self.corner
        height = (max(row for row, _ in self.touched) - down + 1) * BLOCK
        width = (max(column for _, column in self.touched) - across + 1) * BLOCK
        return pyramid(width, height)

    @property
    def transform(self) -> Affine:
        """North-up, in the zone's metres."""
        down, across = self.corner
        side = BLOCK * PIXEL_M
        return Affine(PIXEL_M, 0, across * side, 0, -PIXEL_M, -down * side)

    def number(self, block: tuple[int, int]) -> int:
        """Number in the raster of a block of `touched`."""
        down, across = block[0] - self.corner[0], block[1] - self.corner[1]
        return down * self.levels[0].columns + across

    def lonlat(
        self, block: tuple[int, int], steps: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitudes and latitudes `[n, n]` of a square lattice of points in a block.

        Args:
            block: Of `touched`.
            steps: `[n]` pixels from its western and northern edge.
        """
        east = (block[1] * BLOCK + steps) * PIXEL_M
        south = -(block[0] * BLOCK + steps) * PIXEL_M
        x, y = np.meshgrid(east, south)
        lon, lat = _to_lonlat(self.zone).transform(x.ravel(), y.ravel())
        shape = (len(steps), len(steps))
        return np.reshape(lon, shape), np.reshape(lat, shape)

    def metres(
        self, lon: NDArray[np.float64], lat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of any shape in the zone's metres."""
        to_zone = Transformer.from_crs("EPSG:4326", f"EPSG:{zone_epsg(self.zone)}", always_xy=True)
        x, y = to_zone.transform(lon.ravel(), lat.ravel())
        return np.reshape(x, lon.shape), np.reshape(y, lat.shape)


@lru_cache(maxsize=8)
def _to_lonlat(zone: str) -> Transformer:
    return Transformer.from_crs(f"EPSG:{zone_epsg(zone)}", "EPSG:4326", always_xy=True)
