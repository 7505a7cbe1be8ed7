"""Blocks made or fetched, kept on the disk so that work that was killed goes on from them."""

import errno
import fcntl
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from aether_core.errors import AetherError, ConflictError, DiskFullError

_RECORD = struct.Struct("<4sIQQQQI")
_MARK = b"blck"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOOK_AGAIN_S = 0.5


@dataclass(frozen=True)
class _Place:
    """Where a block lies: start, bytes, those of its reduction, pixels with data, checksum."""

    start: int
    block: int
    reduced: int
    valid: int
    check: int


class BlockStore:
    """An append-only file of compressed blocks, each with its reduction for the next overview.

    A record is trusted only when its checksum holds; what follows the first that does not (a write
    that a kill cut off) is thrown away. Safe to use from several threads.

    Args:
        file: Descriptor, open for reading and writing, locked.
        check_later: Look at lengths alone, not at every byte; `checked_block` then tells which
            blocks are good.
        shared: Others may be writing: nothing is thrown away, and nothing may be added.
    """

    def __init__(self, file: int, *, check_later: bool = False, shared: bool = False) -> None:
        self._file = file
        self._check_later = check_later
        self._shared = shared
        self._lock = Lock()
        self._places: dict[tuple[int, int], _Place] = {}
        self._end = 0
        self._read_records()

    def __contains__(self, key: tuple[int, int]) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return self._end

    def add(self, level: int, number: int, block: bytes, reduced: bytes, *, valid: int) -> None:
        """Keep a block.

        Args:
            level: 0 is the full size.
            number: Which block of the level.
            block: Compressed.
            reduced: What the next overview takes from it.
            valid: How many of its pixels hold data.

        Raises:
            DiskFullError: There is no room left; the blocks kept before stay good.
        """
        check = zlib.crc32(reduced, zlib.crc32(block))
        head = _RECORD.pack(_MARK, level, number, valid, len(block), len(reduced), check)
        with self._lock:
            start = self._end
            for content in (head, block, reduced):
                self._write(content, start)
                start += len(content)
            place = _Place(self._end + len(head), len(block), len(reduced), valid, check)
            self._places[level, number] = place
            self._end = start

    def length(self, level: int, number: int) -> int:
        """Bytes of a compressed block."""
        return self._places[level, number].block

    def lengths(self) -> dict[tuple[int, int], int]:
        """Bytes of every compressed block, by level and number."""
        return {key: place.block for key, place in self._places.items()}

    def block(self, level: int, number: int) -> bytes:
        """Return a compressed block."""
        place = self._places[level, number]
        return os.pread(self._file, place.block, place.start)

    def checked_block(self, level: int, number: int) -> bytes | None:
        """Return a compressed block, None when its bytes are no longer those that were kept."""
        place = self._places[level, number]
        content = os.pread(self._file, place.block + place.reduced, place.start)
        return content[: place.block] if zlib.crc32(content) == place.check else None

    def reduced(self, level: int, number: int) -> bytes:
        """Return what the next overview takes from a block."""
        place = self._places[level, number]
        return os.pread(self._file, place.reduced, place.start + place.block)

    def valid(self, level: int) -> int:
        """Count the pixels with data in the blocks of a level."""
        return sum(place.valid for (of, _), place in self._places.items() if of == level)

    def _write(self, content: bytes, start: int) -> None:
        rest = memoryview(content)
        try:
            while rest:
                written = os.pwrite(self._file, rest, start)
                rest, start = rest[written:], start + written
        except OSError as error:
            os.ftruncate(self._file, self._end)
            if error.errno in _FULL:
                raise DiskFullError(
                    "disk full while saving the blocks finished so far; free some space and "
                    "try again"
                ) from error
            raise

    def _read_records(self) -> None:
        size = os.fstat(self._file).st_size
        while self._end + _RECORD.size <= size:
            mark, level, number, valid, block, reduced, check = _RECORD.unpack(
                os.pread(self._file, _RECORD.size, self._end)
            )
            start = self._end + _RECORD.size
            if mark != _MARK or start + block + reduced > size:
                break
            self._places[level, number] = _Place(start, block, reduced, valid, check)
            if not self._check_later and self.checked_block(level, number) is None:
                del self._places[level, number]
                break
            self._end = start + block + reduced
        if not self._shared:
            os.ftruncate(self._file, self._end)


@contextmanager
def open_block_store(
    path: Path, *, waiting: Callable[[], None] | None = None, check_later: bool = False
) -> Iterator[BlockStore]:
    """Open the blocks of one piece of work, or begin them; removed by who needs them no longer.

    Args:
        path: The file; its folder must exist. One process at a time may have it.
        waiting: Called twice a second while another process has it; what it raises ends the wait.
            Without it nobody waits.
        check_later: See `BlockStore`.

    Raises:
        ConflictError: Another process is at this work, and nobody waits.
        AetherError: The disk refuses the file.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        kind = DiskFullError if error.errno in _FULL else AetherError
        raise kind(f"the work could not be saved in {path.parent}: {error.strerror}") from error
    try:
        _lock(file, path, waiting)
        yield BlockStore(file, check_later=check_later)
    finally:
        os.close(file)


def kept_bytes(path: Path) -> dict[tuple[int, int], int]:
    """Return the bytes of each block kept, by level and number, whoever is writing more of them."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return {}
    try:
        return BlockStore(file, check_later=True, shared=True).lengths()
    finally:
        os.close(file)


def _lock(file: int, path: Path, waiting: Callable[[], None] | None) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is None:
                raise ConflictError(
                    "another process is already doing this work",
                    path.name,
                    "wait for it or stop it",
                    code="block-store-busy",
                ) from None
            waiting()
            time.sleep(_LOOK_AGAIN_S)
        else:
            return
