"""One block place of the mirror: 64 blocks, one a band, unpacked and checked."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aether_core.eo.alphaearth import INT8_NODATA, INT8_SCALE
from aether_core.eo.mirror.tile_header import TileLayout

NORM_TOLERANCE = 0.03
"""Rounding to int8 moves the length of a unit vector by 0.022 at most, the clip at 127 by 0.008."""
ODD_SHARE = 0.001
"""Of a file's own vectors so many may be off, where a second download says the same."""


class BlockError(ValueError):
    """A block's bytes do not unpack to the block's size."""


@dataclass(frozen=True)
class Place:
    """A place unpacked.

    Args:
        values: int8 `[bands, block, block]` as stored, but row 0 in the north; -128 is no data.
        odd: Pixels that no embedding has: with data in some bands only, or of another length
            than 1.
        valid: Pixels with data in every band.
    """

    values: NDArray[np.int8]
    odd: int
    valid: int


def unpacks(layout: TileLayout, content: bytes) -> bool:
    """Whether a block's bytes unpack to the block's size."""
    try:
        _inflated(layout, content)
    except BlockError:
        return False
    return True


def unpack_block(layout: TileLayout, content: bytes) -> NDArray[np.int8]:
    """Unpack a block.

    Args:
        layout: Of its file.
        content: As it lies in the file.

    Returns:
        int8 `[block, block]`, rows as stored.

    Raises:
        BlockError: The bytes are damaged.
    """
    values = np.frombuffer(_inflated(layout, content), dtype=np.uint8)
    block = values.reshape(layout.block, layout.block)
    if layout.differenced:
        block = np.cumsum(block, axis=1, dtype=np.uint8)
    return block.view(np.int8)


def unpack_place(layout: TileLayout, blocks: Sequence[bytes | None]) -> Place:
    """Unpack all bands of a place and see whether they agree.

    Args:
        layout: Of their file.
        blocks: One a band; None where the file stores none: no data.

    Raises:
        BlockError: The bytes of one are damaged.
    """
    side = layout.block
    values = np.full((len(blocks), side, side), INT8_NODATA, dtype=np.int8)
    squares = np.zeros((side, side), dtype=np.float32)
    without = np.zeros((side, side), dtype=np.uint8)
    for band, content in enumerate(blocks):
        if content is not None:
            block = unpack_block(layout, content)
            values[band] = block[:: -1 if layout.bottom_up else 1]
            without += values[band] == INT8_NODATA
            square = values[band].astype(np.float32)
            square *= square  # the value's root
            square *= square
            squares += square
        else:
            without += 1
    valid = without == 0
    off = np.abs(np.sqrt(squares) / INT8_SCALE**2 - 1) > NORM_TOLERANCE
    mixed = ~valid & (without < len(blocks))
    odd = int(np.count_nonzero(mixed)) + int(np.count_nonzero(off & valid))
    return Place(values, odd, int(np.count_nonzero(valid)))


def _inflated(layout: TileLayout, content: bytes) -> bytes | pa.Buffer:
    size = layout.block**2
    inflated = content
    try:
        if layout.packing == "zstd":
            inflated = pa.Codec("zstd").decompress(content, decompressed_size=size)
        elif layout.packing == "deflate":
            inflated = zlib.decompressobj().decompress(content, size + 1)
    except (pa.ArrowException, OSError, zlib.error) as error:
        raise BlockError("damaged") from error
    if len(inflated) != size:
        raise BlockError(f"{len(inflated)} bytes instead of {size}")
    return inflated
