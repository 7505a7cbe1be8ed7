"""How a file of the mirror is laid out: where each block lies and how it is packed.

Only the directory at the beginning of the file is read. Blocks are counted as the file stores
them, row by row; the mirror's files store their southern rows first.
"""

import io
import json
import logging
import struct
from dataclasses import asdict, dataclass
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from tifffile import TiffFile, TiffFileError, TiffPage

from aether_core.eo.alphaearth import BANDS, INT8_NODATA
from aether_core.eo.cog.pyramid import BLOCK
from aether_core.eo.mirror.zones import squares_touched
from aether_core.errors import AetherError

_PACKINGS = {1: "none", 8: "deflate", 32946: "deflate", 50000: "zstd"}
_PREDICTORS = {1: False, 2: True}
_PLANAR, _SIGNED = 2, 2
_TRANSFORMATION, _TIEPOINT, _PIXEL_SCALE = 34264, 33922, 33550
_LONGEST_BLOCK = 64 * 1024**2

_DAMAGED = (TiffFileError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it repeats what the error says


class LayoutError(AetherError):
    """A file of the mirror is not laid out as its files are; the message ends the sentence."""

    code = "unknown-tile-layout"


@dataclass(frozen=True)
class TileLayout:
    """Where the blocks of a file lie.

    Args:
        size: Bytes of the file.
        epsg: Code of its CRS.
        west: CRS x of its western edge.
        north: CRS y of its northern edge.
        pixel: Side of a pixel in metres.
        side: Pixels along each side.
        block: Pixels along each side of a block.
        bottom_up: The first stored row is the southern one.
        packing: "zstd", "deflate" or "none".
        differenced: Blocks hold horizontal differences (predictor 2).
        offsets: int64 `[bands, places]`, where each block begins; 0 where none is stored.
        counts: int64 `[bands, places]`, its bytes; 0 where none is stored: no data.
    """

    size: int
    epsg: int
    west: float
    north: float
    pixel: float
    side: int
    block: int
    bottom_up: bool
    packing: str
    differenced: bool
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def columns(self) -> int:
        """Blocks across and down."""
        return self.side // self.block

    @property
    def bands(self) -> int:
        """Numbers a pixel."""
        return int(self.offsets.shape[0])

    def places(self, outline: BaseGeometry) -> list[int]:
        """Return which block places an outline in the file's CRS touches, in stored order."""
        inside = [
            box
            for box in squares_touched(outline, self.west, self.north, self.block * self.pixel)
            if 0 <= box.top < self.columns and 0 <= box.left < self.columns
        ]
        return sorted(self._stored_row(box.top) * self.columns + box.left for box in inside)

    def corner(self, place: int) -> tuple[int, int]:
        """Return (down, across) in pixels from the file's north-west corner to that of a place."""
        row, column = divmod(place, self.columns)
        return self._stored_row(row) * self.block, column * self.block

    def to_json(self) -> str:
        """The layout as text."""
        arrays = {"offsets": self.offsets.tolist(), "counts": self.counts.tolist()}
        return json.dumps(asdict(self) | arrays)

    @classmethod
    def from_json(cls, text: str) -> "TileLayout":
        """Read `to_json` again.

        Raises:
            ValueError: The text is no layout.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            for name in ("offsets", "counts"):
                fields[name] = np.array(fields[name], dtype=np.int64)
            return cls(**fields)
        except (TypeError, KeyError) as error:
            raise ValueError("no layout") from error

    def _stored_row(self, row: int) -> int:
        return self.columns - 1 - row if self.bottom_up else row


def read_layout(file: io.RawIOBase | BinaryIO, size: int) -> TileLayout:
    """Read the directory of a file of the mirror.

    Args:
        file: Seekable; a remote file gives the parts that are asked for.
        size: Bytes of the whole file.

    Raises:
        LayoutError: It is no GeoTIFF, or not laid out as the mirror's files are.
    """
    try:
        with TiffFile(cast("IO[bytes]", file)) as tiff:
            page = tiff.pages.first
            _check_page(page)
            west, north, pixel, bottom_up = _placed(page)
            return _checked(
                TileLayout(
                    size=size,
                    epsg=int((page.geotiff_tags or {}).get("ProjectedCSTypeGeoKey", 0)),
                    west=west,
                    north=north,
                    pixel=pixel,
                    side=page.imagewidth,
                    block=page.tilewidth,
                    bottom_up=bottom_up,
                    packing=_PACKINGS[int(page.compression)],
                    differenced=_PREDICTORS[int(page.predictor)],
                    offsets=_by_band(page.dataoffsets),
                    counts=_by_band(page.databytecounts),
                )
            )
    except (*_DAMAGED, struct.error, MemoryError) as error:
        raise LayoutError("is not a GeoTIFF, or is damaged", code="tile-damaged") from error


def _check_page(page: TiffPage) -> None:
    """Refuse what this reader would read wrongly."""
    stored = {
        "bands": (page.samplesperpixel, BANDS),
        "bits": (page.bitspersample, 8),
        "sample format": (int(page.sampleformat or 0), _SIGNED),
        "planar configuration": (int(page.planarconfig or 0), _PLANAR),
        "nodata": (page.nodata, INT8_NODATA),
        "squares": (page.imagewidth - page.imagelength, 0),
        "square blocks": (page.tilewidth - page.tilelength, 0),
    }
    for what, (found, wanted) in stored.items():
        if found != wanted:
            raise LayoutError(
                f"is not an AlphaEarth file as expected: {what} is {found}",
                code="tile-unlike-alphaearth",
            )
    if int(page.compression) not in _PACKINGS or int(page.predictor) not in _PREDICTORS:
        raise LayoutError(
            f"uses an unsupported encoding: compression {int(page.compression)},"
            f" predictor {int(page.predictor)}",
            code="tile-packing-unknown",
        )


def _placed(page: TiffPage) -> tuple[float, float, float, bool]:
    """Return (west, north, pixel size, bottom-up) from the GeoTIFF tags."""
    if _TRANSFORMATION in page.tags:
        matrix = page.tags[_TRANSFORMATION].value
        across, x, down, y = matrix[0], matrix[3], matrix[5], matrix[7]
        if matrix[1] or matrix[4]:
            raise LayoutError("is rotated", code="tile-rotated")
    elif _TIEPOINT in page.tags and _PIXEL_SCALE in page.tags:
        tie, scale = page.tags[_TIEPOINT].value, page.tags[_PIXEL_SCALE].value
        across, down = scale[0], -scale[1]
        x, y = tie[3] - tie[0] * across, tie[4] - tie[1] * down
    else:
        raise LayoutError("has no georeference", code="tile-without-position")
    if across <= 0 or abs(down) != across:
        raise LayoutError(f"has pixels of {across} x {abs(down)} m", code="tile-pixels-not-square")
    return float(x), float(max(y, y + down * page.imagelength)), float(across), down > 0


def _by_band(values: tuple[int, ...]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64).reshape(BANDS, -1)


def _checked(layout: TileLayout) -> TileLayout:
    """Refuse sizes that do not fit together, and blocks outside the file."""
    unit = max(layout.block, BLOCK)
    if layout.block & (layout.block - 1) or layout.side % unit or layout.block < 16:
        raise LayoutError(
            f"has {layout.side} pixels a side in blocks of {layout.block}",
            code="tile-block-size-unusable",
        )
    if layout.counts.shape != (BANDS, layout.columns**2) or layout.offsets.shape != (
        layout.counts.shape
    ):
        raise LayoutError(
            "has a number of blocks that does not match its size", code="tile-wrong-block-count"
        )
    ends = layout.offsets + layout.counts
    if (layout.counts < 0).any() or (layout.offsets < 0).any() or (ends > layout.size).any():
        raise LayoutError("refers to blocks outside the file", code="tile-blocks-outside-file")
    if int(layout.counts.max()) > _LONGEST_BLOCK or layout.block > 8192:
        raise LayoutError("has blocks too large to read", code="tile-blocks-too-large")
    return layout
