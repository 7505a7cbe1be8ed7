"""Laying out a cloud-optimised GeoTIFF from blocks that are compressed already.

GDAL makes a COG out of a file that holds every pixel, and at 128 bands that copy and its overviews
cost several times what computing the pixels does. Here whoever makes a block compresses it, and
only the layout is left: directories in front, then blocks, the coarsest overview first. GDAL
composes every tag all the same, in an empty raster of the same kind.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import rasterio
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from aether_core.eo.cog.pyramid import BLOCK, Level

_HEADER = struct.Struct("<2sHHHQ")
_LEADER = struct.Struct("<I")
_TRAILER_BYTES = 4
"""GDAL reads a block over HTTP in one go where it can tell from these that the layout is intact."""
_ENTRY = struct.Struct("<HHQ8s")
_BIG_TIFF = 43
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8, 17: 8}
_NEW_SUBFILE_TYPE, _OFFSETS, _COUNTS = 254, 324, 325
_LONG, _LONG8 = 4, 16
_REDUCED = 1
_FULL_SIZE_ONLY = frozenset({33550, 33922, 34264, 34735, 34736, 34737, 42112})
"""Tags of place and metadata, which overviews take from the full size."""

_LAYOUT = (
    b"LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\n"
    b"BLOCK_LEADER=SIZE_AS_UINT4\nBLOCK_TRAILER=LAST_4_BYTES_REPEATED\n"
    b"KNOWN_INCOMPATIBLE_EDITION=NO\n "  # GDAL writes YES over NO and the space
)
_GHOST = b"GDAL_STRUCTURAL_METADATA_SIZE=%06d bytes\n" % len(_LAYOUT) + _LAYOUT

_Tags = dict[int, tuple[int, int, bytes]]
"""Tag to (type, count, content)."""


@dataclass(frozen=True)
class CogHeader:
    """What a COG says of itself besides its pixels.

    Args:
        crs: Of the raster.
        transform: North-up.
        names: Description of each band.
        dtype: "int8", "float16" or "float32".
        nodata: Value of pixels without data; NaN for floats.
        tags: Dataset tags.
    """

    crs: CRS
    transform: Affine
    names: Sequence[str]
    dtype: str
    nodata: float
    tags: Mapping[str, str]


def write_cog(
    path: Path,
    header: CogHeader,
    levels: Sequence[Level],
    lengths: Sequence[Sequence[int]],
    block: Callable[[int, int], bytes],
) -> None:
    """Write a COG.

    Args:
        path: The file to write; a caller that wants it whole or not at all gives a temporary one.
        header: What it says of itself.
        levels: The full size, then overviews.
        lengths: Bytes of each compressed block of each level; 0 where none is stored, which readers
            take for no data.
        block: Gives a compressed block by level and number; called once for each that is stored, in
            file order.
    """
    directories = [_directory(header, levels, number) for number in range(len(levels))]
    start = _aligned(_HEADER.size + len(_GHOST))
    places = []
    for tags, sizes in zip(directories, lengths, strict=True):
        tags[_COUNTS] = (_LONG8, len(sizes), struct.pack(f"<{len(sizes)}Q", *sizes))
        tags[_OFFSETS] = (_LONG8, len(sizes), bytes(8 * len(sizes)))
        places.append(start)
        start += _size(tags)
    for tags, sizes in zip(reversed(directories), reversed(lengths), strict=True):
        offsets = []
        for size in sizes:
            offsets.append(start + _LEADER.size if size else 0)
            start += _LEADER.size + size + _TRAILER_BYTES if size else 0
        tags[_OFFSETS] = (_LONG8, len(sizes), struct.pack(f"<{len(sizes)}Q", *offsets))
    with path.open("wb") as file:
        file.write(_HEADER.pack(b"II", _BIG_TIFF, 8, 0, places[0]) + _GHOST)
        for tags, place, following in zip(directories, places, [*places[1:], 0], strict=True):
            _write_directory(file, tags, place, following)
        for level in reversed(range(len(levels))):
            for number in (number for number, size in enumerate(lengths[level]) if size):
                content = block(level, number)
                file.write(_LEADER.pack(len(content)) + content + content[-_TRAILER_BYTES:])


def _directory(header: CogHeader, levels: Sequence[Level], number: int) -> _Tags:
    """Return a level's tags as GDAL writes them, still without the blocks' places."""
    tags = _read_directory(_empty_raster(header, levels[number]))
    if number:
        tags = {tag: value for tag, value in tags.items() if tag not in _FULL_SIZE_ONLY}
        tags[_NEW_SUBFILE_TYPE] = (_LONG, 1, struct.pack("<I", _REDUCED))
    return tags


def _empty_raster(header: CogHeader, level: Level) -> bytes:
    """Let GDAL write a raster of a level's size without any block."""
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": level.width,
        "height": level.height,
        "count": len(header.names),
        "dtype": "int8" if header.dtype == "int8" else "float32",
        "nodata": header.nodata,
        "crs": header.crs,
        "transform": header.transform,
        "interleave": "pixel",
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "ZSTD",
        "predictor": 2,
        "sparse_ok": True,
        "bigtiff": "YES",
    }
    if header.dtype == "float16":
        profile["nbits"] = 16
    with rasterio.Env(), MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            for band, name in enumerate(header.names, start=1):
                dataset.set_band_description(band, name)
            dataset.update_tags(**header.tags)
        return bytes(memory.getbuffer())


def _read_directory(content: bytes) -> _Tags:
    """Read the tags of a BigTIFF's only directory."""
    place = _HEADER.unpack_from(content)[4]
    (count,) = struct.unpack_from("<Q", content, place)
    tags: _Tags = {}
    for index in range(count):
        tag, kind, number, value = _ENTRY.unpack_from(content, place + 8 + index * _ENTRY.size)
        size = _BYTES[kind] * number
        if size > len(value):
            (there,) = struct.unpack("<Q", value)
            value = content[there : there + size]
        tags[tag] = (kind, number, value[:size])
    return tags


def _size(tags: _Tags) -> int:
    """Return the bytes a directory and its values outside it take."""
    outside = sum(_aligned(len(content)) for _, _, content in tags.values() if len(content) > 8)
    return _aligned(8 + _ENTRY.size * len(tags) + 8) + outside


def _write_directory(file: BinaryIO, tags: _Tags, place: int, following: int) -> None:
    entries = [struct.pack("<Q", len(tags))]
    outside: list[bytes] = []
    end = place + _aligned(8 + _ENTRY.size * len(tags) + 8)
    for tag, (kind, count, content) in sorted(tags.items()):
        value = content
        if len(content) > 8:
            value = struct.pack("<Q", end)
            outside.append(content.ljust(_aligned(len(content)), b"\0"))
            end += len(outside[-1])
        entries.append(_ENTRY.pack(tag, kind, count, value.ljust(8, b"\0")))
    entries.append(struct.pack("<Q", following))
    file.write(bytes(place - file.tell()))
    directory = b"".join(entries)
    file.write(directory.ljust(_aligned(len(directory)), b"\0") + b"".join(outside))


def _aligned(size: int) -> int:
    return -(-size // 16) * 16
