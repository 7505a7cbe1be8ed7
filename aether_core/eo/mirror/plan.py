"""What a fetch of the mirror has to bring, first guessed without a network, then known exactly."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from shapely.geometry.base import BaseGeometry

from aether_core.eo.alphaearth import BANDS
from aether_core.eo.cog.block_store import kept_bytes
from aether_core.eo.cog.pyramid import BLOCK, FACTOR
from aether_core.eo.mirror.index import IndexTile
from aether_core.eo.mirror.place import unpacks
from aether_core.eo.mirror.tile_header import LayoutError, TileLayout, read_layout
from aether_core.eo.mirror.zones import (
    HALO_M,
    SOUTHERN_FALSE_NORTHING,
    ZonePart,
    squares_touched,
    zone_parts,
)
from aether_core.errors import InputError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.net import RangeFile, RemoteError, RemoteFile, Web
from aether_core.progress import Progress, silent

PIXEL_M = 10
TILE_PIXELS = 8192
PLACE_PIXELS = 1024
TYPICAL_BLOCK_BYTES = 600_000
"""A block of one band over a city, at the upper end; files measured have 410 to 575 thousand."""
GRID_EASTING = 500_000
"""The grid's squares are counted from a zone's central meridian and from the equator."""

_SAME_PLACE_M = 0.01
_LONGEST_DIRECTORY = 32 * 1024**2


@dataclass(frozen=True)
class MirrorEstimate:
    """What a fetch costs, by the mirror's grid alone.

    Args:
        zones: UTM zones, e.g. ("34N", "35N").
        tiles: Files that are read.
        places: Block places of 1024 x 1024 pixels; each is 64 blocks, one a band.
        bytes: To download when nothing is kept yet, at the upper end.
        disk_bytes: Room needed while it lasts.
        pixels: Of the area and its halo.
    """

    zones: tuple[str, ...]
    tiles: int
    places: int
    bytes: int
    disk_bytes: int
    pixels: int


@dataclass(frozen=True)
class PlannedTile:
    """A file and what is read of it.

    Args:
        tile: As the index has it.
        file: As the server has it.
        layout: Where its blocks lie.
        places: Which block places are wanted, as the file counts them.
        store: Where its blocks are kept.
    """

    tile: IndexTile
    file: RemoteFile
    layout: TileLayout
    places: tuple[int, ...]
    store: Path

    def unpacks(self, content: bytes) -> bool:
        """Whether a block's bytes unpack to the block's size."""
        return unpacks(self.layout, content)

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """The blocks wanted as (band, place), as they lie in the file; those without data not."""
        counts = self.layout.counts
        return [
            (band, place)
            for band in range(self.layout.bands)
            for place in self.places
            if counts[band, place]
        ]

    @property
    def bytes(self) -> int:
        """Of all blocks wanted."""
        return int(self.layout.counts[:, list(self.places)].sum())


@dataclass(frozen=True)
class PlannedZone:
    """What becomes one raster.

    Args:
        part: The zone and its part of the area.
        tiles: The files that hold it; all on one lattice of the raster's blocks.
    """

    part: ZonePart
    tiles: tuple[PlannedTile, ...]

    def local_blocks(self) -> int:
        """Count the blocks of the raster that will hold something."""
        first = self.tiles[0].layout
        return len(squares_touched(self.part.outline, first.west, first.north, BLOCK * first.pixel))


@dataclass(frozen=True)
class MirrorPlan:
    """What a fetch brings, exactly.

    Args:
        year: Of the embedding.
        url: Address of the mirror.
        zones: From west to east.
        kept: Bytes of the blocks wanted that lie in the cache already.
    """

    year: int
    url: str
    zones: tuple[PlannedZone, ...]
    kept: int

    @property
    def mirror(self) -> str:
        """Host and path of the mirror."""
        address = urlsplit(self.url)
        return f"{address.hostname}{address.path}"

    @property
    def tiles(self) -> int:
        """Files that are read."""
        return sum(len(zone.tiles) for zone in self.zones)

    @property
    def places(self) -> int:
        """Block places; each is as many blocks as there are bands."""
        return sum(len(tile.places) for zone in self.zones for tile in zone.tiles)

    @property
    def bytes(self) -> int:
        """Of all blocks wanted, kept already or not."""
        return sum(tile.bytes for zone in self.zones for tile in zone.tiles)

    @property
    def missing(self) -> int:
        """Bytes still to be downloaded."""
        return self.bytes - self.kept

    @property
    def disk_bytes(self) -> int:
        """Room needed while it lasts: blocks as they come, and what is made of them."""
        return self.missing + self.written

    @property
    def written(self) -> int:
        """Room for the rasters, with the blocks each is laid out from."""
        raw = sum(
            len(tile.places) * BANDS * tile.layout.block**2
            for zone in self.zones
            for tile in zone.tiles
        )
        local = sum(zone.local_blocks() for zone in self.zones) * BANDS * BLOCK**2
        return with_overviews_twice(local * self.bytes // max(raw, 1))

    @property
    def pixels(self) -> int:
        """Of the area and its halo."""
        return sum(
            round(zone.part.outline.area / zone.tiles[0].layout.pixel ** 2) for zone in self.zones
        )


def offline_estimate(boundary: BaseGeometry, halo_m: float = HALO_M) -> MirrorEstimate:
    """Say what a fetch costs by the mirror's grid alone, without a network.

    Args:
        boundary: WGS84.
        halo_m: Reach of windows beyond it in metres.

    Raises:
        InputError: The area lies at a pole.
    """
    parts = zone_parts(boundary, halo_m)
    tiles = places = local = 0
    for part in parts:
        north = SOUTHERN_FALSE_NORTHING if part.zone[-1] == "S" else 0
        tiles, places, local = (
            total + len(squares_touched(part.outline, GRID_EASTING, north, pixels * float(PIXEL_M)))
            for total, pixels in ((tiles, TILE_PIXELS), (places, PLACE_PIXELS), (local, BLOCK))
        )
    size = places * BANDS * TYPICAL_BLOCK_BYTES
    written = local * BANDS * TYPICAL_BLOCK_BYTES * BLOCK**2 // PLACE_PIXELS**2
    pixels = sum(part.outline.area for part in parts) / PIXEL_M**2
    zones = tuple(part.zone for part in parts)
    return MirrorEstimate(
        zones, tiles, places, size, size + with_overviews_twice(written), round(pixels)
    )


def plan(
    web: Web,
    tiles: Sequence[IndexTile],
    boundary: BaseGeometry,
    halo_m: float,
    cache: Path,
    progress: Progress = silent,
) -> MirrorPlan:
    """Find out which blocks of which files an area needs; the files' directories are read.

    Args:
        web: May ask the mirror's host.
        tiles: From `TileIndex.tiles`, at least one.
        boundary: WGS84.
        halo_m: Reach of windows beyond it in metres.
        cache: Folder of what is kept between fetches; made when missing.
        progress: Told before each file.

    Raises:
        RemoteMissingError: A file that the index names is not there.
        RemoteError: A file is not what the index says, or not laid out as the mirror's files are.
        OfflineError: No connection comes about.
    """
    folder = cache / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    parts = zone_parts(boundary, halo_m)
    wanted = [(part, tile) for part in parts for tile in tiles if tile.zone == part.zone]
    planned: dict[str, list[PlannedTile]] = {part.zone: [] for part in parts}
    for done, (part, tile) in enumerate(wanted):
        check_cancelled = partial(
            progress, "reading the headers of the mirror's files", done, len(wanted)
        )
        check_cancelled()
        found = _planned(web, tile, part, folder, check_cancelled)
        same = [(other.layout.west, other.layout.north) for other in planned[part.zone]]
        if found.places and (found.layout.west, found.layout.north) not in same:
            planned[part.zone].append(found)
            _check_lattice(planned[part.zone])
    zones = [PlannedZone(part, tuple(planned[part.zone])) for part in parts if planned[part.zone]]
    if not zones:
        raise InputError(
            "the mirror's files have no data for this area",
            ", ".join(tile.path for tile in tiles),
            "choose another area",
            code="mirror-files-lack-area",
        )
    kept = sum(_kept(tile) for zone in zones for tile in zone.tiles)
    mirror = tiles[0].url.removesuffix(f"/{tiles[0].path}")
    return MirrorPlan(tiles[0].year, mirror, tuple(zones), kept)


def _planned(
    web: Web, tile: IndexTile, part: ZonePart, folder: Path, check_cancelled: Callable[[], None]
) -> PlannedTile:
    """Look at a file, and read its directory where that is not kept."""
    file = web.look(tile.url, check_cancelled=check_cancelled)
    address = hashlib.sha256(file.url.encode()).hexdigest()[:24]
    version = hashlib.sha256(f"{file.etag} {file.size}".encode()).hexdigest()[:8]
    kept = folder / f"{address}-{version}.json"
    found = read_kept(kept)
    try:
        layout = TileLayout.from_json((found or b"").decode())
    except ValueError:
        try:
            layout = read_layout(_Directory(web, file, check_cancelled=check_cancelled), file.size)
        except LayoutError as error:
            raise RemoteError(
                file.url, str(error), "use another mirror", code=error.code
            ) from error
        write_kept(kept, layout.to_json().encode())
    _check_place(tile, layout, part)
    places = tuple(layout.places(part.outline))
    return PlannedTile(tile, file, layout, places, kept.with_suffix(".blocks"))


class _Directory(RangeFile):
    """The beginning of a remote file; whatever it claims, no more than a directory is read."""

    def read_at(self, start: int, length: int) -> bytes:
        if length > _LONGEST_DIRECTORY:
            raise LayoutError(
                "has an implausibly long file directory", code="tile-directory-too-long"
            )
        return super().read_at(start, length)


def _check_place(tile: IndexTile, layout: TileLayout, part: ZonePart) -> None:
    """Refuse a file that lies elsewhere than the index says."""
    extent = layout.side * layout.pixel
    differences = (
        layout.west - tile.west,
        layout.west + extent - tile.east,
        layout.north - tile.north,
        layout.north - extent - tile.south,
    )
    if layout.epsg != part.epsg or max(map(abs, differences)) > _SAME_PLACE_M:
        raise RemoteError(
            tile.url,
            f"lies at {layout.west:.0f}, {layout.north:.0f} in EPSG:{layout.epsg}, not where the"
            f" index says: {tile.west:.0f}, {tile.north:.0f} in EPSG:{part.epsg}",
            "use another mirror",
            code="mirror-file-misplaced",
        )


def _check_lattice(tiles: Sequence[PlannedTile]) -> None:
    """Refuse files of one zone that cannot become one raster."""
    first, last = tiles[0].layout, tiles[-1].layout
    unit = BLOCK * first.pixel
    steps = ((last.west - first.west) / unit, (last.north - first.north) / unit)
    off = any(abs(step - round(step)) > _SAME_PLACE_M / unit for step in steps)
    if last.pixel != first.pixel or off:
        raise RemoteError(
            tiles[-1].tile.url,
            f"does not line up with {tiles[0].tile.path}",
            "use another mirror",
            code="mirror-files-misaligned",
        )


def _kept(tile: PlannedTile) -> int:
    present = kept_bytes(tile.store)
    return sum(int(tile.layout.counts[key]) for key in tile.blocks if key in present)


def with_overviews_twice(size: int) -> int:
    """Bytes of a raster with its overviews, as blocks kept and as the file laid out from them."""
    return 2 * size * FACTOR**2 // (FACTOR**2 - 1)
