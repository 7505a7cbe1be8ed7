"""How the parts of a sharded Zarr array are packed: chunks, and the index of a shard."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MISSING = 2**64 - 1
"""What a shard's index holds in place of offset and length where it stores no chunk."""
CHECKSUM_BYTES = 4

_CASTAGNOLI = 0x82F63B78


class PackingError(ValueError):
    """Bytes are not what they should be unpacked to; the message ends a sentence."""


@dataclass(frozen=True)
class Packing:
    """How chunks are compressed.

    Args:
        codec: "zstd", or "" for none.
    """

    codec: str

    def unpack(self, content: bytes, size: int) -> bytes:
        """Unpack a chunk.

        Args:
            content: As it is stored.
            size: Bytes that it has to have.

        Raises:
            PackingError: The bytes are damaged.
        """
        unpacked = content
        if self.codec:
            try:
                unpacked = pa.Codec(self.codec).decompress(content, size, asbytes=True)
            except (pa.ArrowException, OSError) as error:
                raise PackingError("does not unpack") from error
        if len(unpacked) != size:
            raise PackingError(f"has {len(unpacked)} bytes instead of {size}")
        return unpacked


def index_bytes(chunks: int) -> int:
    """Bytes of the index at the end of a shard of so many chunks."""
    return 16 * chunks + CHECKSUM_BYTES


def read_index(content: bytes, chunks: int) -> NDArray[np.uint64]:
    """Read the index of a shard, as the codec `sharding_indexed` lays it out.

    Args:
        content: The last `index_bytes(chunks)` bytes of the shard.
        chunks: How many chunks it has.

    Returns:
        uint64 `[chunks, 2]`: offset and bytes of each; both `MISSING` where none is stored.

    Raises:
        PackingError: It is cut short, or its CRC-32C does not hold.
    """
    if len(content) != index_bytes(chunks):
        raise PackingError("is too short for its index")
    table, check = content[:-CHECKSUM_BYTES], content[-CHECKSUM_BYTES:]
    if crc32c(table) != int.from_bytes(check, "little"):
        raise PackingError("has an index whose checksum does not hold")
    return np.frombuffer(table, dtype="<u8").reshape(chunks, 2)


def crc32c(content: bytes) -> int:
    """The CRC-32C (Castagnoli) of a few thousand bytes."""
    table, check = _table(), 0xFFFFFFFF
    for byte in content:
        check = table[(check ^ byte) & 0xFF] ^ (check >> 8)
    return check ^ 0xFFFFFFFF


@lru_cache(maxsize=1)
def _table() -> tuple[int, ...]:
    entries = []
    for entry in range(256):
        for _ in range(8):
            entry = (entry >> 1) ^ (_CASTAGNOLI if entry & 1 else 0)  # noqa: PLW2901
        entries.append(entry)
    return tuple(entries)
