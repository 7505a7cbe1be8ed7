"""The rasters of a region, wherever they lie: looked at once, then read piece by piece.

GDAL reads files of this machine alone. A raster of a bucket is brought whole before its first
piece and deleted once others were needed since: its bytes then cross the network once for each
process that computes, in as few requests as it has parts, and GDAL keeps no keys and no copies of
headers that another process may have replaced meanwhile.
"""

import atexit
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from aether_core.eo.raster.embedding import RasterEmbedding, embedding_of, look_at_raster
from aether_core.eo.raster.file import RASTER_SUFFIXES, RasterFile
from aether_core.eo.raster.grid import footprint
from aether_core.errors import InputError, NotFoundError
from aether_core.files.whole import sha256_of
from aether_core.model.raster.block_group import BlockGroup, area_of
from aether_core.progress import Progress
from workflows.locations.location import Location

_KEPT: Final = 9
"""Rasters that a process keeps beside those of its piece: a raster's eight neighbours, and itself.
"""
_MARGIN_PX: Final = 128
"""More than any window of a cell reaches beyond its piece."""


@dataclass(frozen=True)
class RasterSource:
    """Where a raster lies.

    Attributes:
        location: It lies below.
        name: Its name there.
    """

    location: Location
    name: str

    @property
    def file_name(self) -> str:
        """Its name without folders."""
        return Path(self.name).name


@dataclass(frozen=True)
class RegionRasters:
    """Rasters of one embedding that were looked at; travels to whoever computes.

    Attributes:
        sources: Where they lie.
        sums: Their SHA-256, in the same order.
        headers: Their headers, in the same order; each path holds where it was looked at alone.
    """

    sources: tuple[RasterSource, ...]
    sums: tuple[str, ...]
    headers: tuple[RasterFile, ...]


def raster_sources(given: Sequence[Location]) -> tuple[RasterSource, ...]:
    """GeoTIFFs, those of folders and prefixes by name.

    Raises:
        InputError: A folder or a prefix holds none.
    """
    found: list[RasterSource] = []
    for location in given:
        if (one := location.as_file()) is not None:
            found.append(RasterSource(*one))
            continue
        inside = [name for name in location.files() if Path(name).suffix.lower() in RASTER_SUFFIXES]
        if not inside:
            raise InputError(
                "the folder holds no GeoTIFF",
                location.address,
                "give the folder of an embedding's rasters",
                code="folder-without-rasters",
            )
        found += [RasterSource(location, name) for name in inside]
    return tuple(dict.fromkeys(found))


def looked_at(
    sources: Sequence[RasterSource], kind: str | None, progress: Progress
) -> tuple[RegionRasters, RasterEmbedding]:
    """Read every raster's checksum and header, one after the other.

    Args:
        sources: At least one.
        kind: Name of their embedding, where they do not say it.
        progress: Told as they are read.

    Returns:
        What travels, and their embedding; its files may be gone by then.

    Raises:
        InputError: A file is no embedding, or they differ.
    """
    sums, looks = [], []
    for number, source in enumerate(sources):
        progress("reading the rasters", number, len(sources))
        with source.location.file(source.name) as path:
            sums.append(sha256_of(path))
            looks.append(look_at_raster(path, kind))
    embedding = embedding_of([file for file, _ in looks], [look for _, look in looks])
    return RegionRasters(tuple(sources), tuple(sums), embedding.headers), embedding


class _Held:
    """The rasters that this process holds as files of this machine."""

    def __init__(self, rasters: RegionRasters) -> None:
        self._rasters = rasters
        self._areas = [footprint(header) for header in rasters.headers]
        self._files: OrderedDict[int, tuple[ExitStack, Path]] = OrderedDict()
        atexit.register(self._let_go)
        self._absent = Path(tempfile.gettempdir()) / "not-brought.tif"

    def embedding(self, area: BaseGeometry) -> RasterEmbedding:
        """All rasters as one embedding, of which those that meet an area can be read."""
        needed = [
            number for number, other in enumerate(self._areas) if shapely.intersects(other, area)
        ]
        for number in needed:
            self._hold(number)
        while len(self._files) > max(_KEPT, len(needed)):
            _, (held, _path) = self._files.popitem(last=False)
            held.close()
        return RasterEmbedding(
            [
                replace(header, path=self._files[number][1] if number in self._files else absent)
                for number, header in enumerate(self._rasters.headers)
                for absent in [self._absent.with_stem(f"not-brought-{number}")]
            ]
        )

    def _let_go(self) -> None:
        for held, _path in self._files.values():
            held.close()

    def _hold(self, number: int) -> None:
        if number in self._files:
            self._files.move_to_end(number)
            return
        source = self._rasters.sources[number]
        held = ExitStack()
        try:
            path = held.enter_context(source.location.file(source.name))
        except FileNotFoundError:
            raise NotFoundError(
                "a raster of the region is gone",
                f"{source.name} of {source.location.address}",
                "bring it back, or begin another region",
                code="region-raster-gone",
            ) from None
        self._files[number] = held, path


def embedding_at(rasters: RegionRasters, group: BlockGroup) -> RasterEmbedding:
    """The embedding, readable wherever windows of a piece's cells reach.

    Raises:
        NotFoundError: A raster is gone.
    """
    grids = RasterEmbedding(rasters.headers).grids
    return _held(rasters).embedding(area_of(grids, group, _MARGIN_PX))


@lru_cache(maxsize=1)
def _held(rasters: RegionRasters) -> _Held:
    return _Held(rasters)
