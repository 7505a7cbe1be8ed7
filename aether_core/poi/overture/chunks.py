"""Column chunks of one row group on a server, each byte fetched once, for a Parquet reader."""

import io
from collections.abc import Iterable

import pyarrow.parquet as pq

from aether_core.net import CancelCheck, RemoteFile, Web

_GAP = 32_768  # bytes between two chunks that are read along rather than asked around


class ChunkFile(io.RawIOBase):
    """A Parquet file of which some column chunks are held in memory.

    What else a reader asks for is fetched as it asks.

    Args:
        web: Where chunks are fetched.
        file: The file.
        group: What the footer says of the row group.
        check_cancelled: See `aether_core.net.CancelCheck`.
    """

    def __init__(
        self, web: Web, file: RemoteFile, group: pq.RowGroupMetaData, check_cancelled: CancelCheck
    ) -> None:
        super().__init__()
        self._web = web
        self._file = file
        self._group = group
        self._check_cancelled = check_cancelled
        self._held: list[tuple[int, bytes]] = []
        self._at = 0

    def hold(self, columns: Iterable[int]) -> None:
        """Fetch the chunks of some columns, by number, that are not held yet."""
        spans = sorted(_span(self._group.column(column)) for column in columns)
        for start, end in self._merged(span for span in spans if not self._covers(*span)):
            part = self._web.read_range(
                self._file, start, end - start, check_cancelled=self._check_cancelled
            )
            self._held.append((start, part))

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def seekable(self) -> bool:
        """Whether it can be moved in: yes."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        """Fill a buffer as far as the file goes."""
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._file.size)
        part = self._bytes(self._at, max(end, self._at))
        view[: len(part)] = part
        self._at += len(part)
        return len(part)

    def _bytes(self, start: int, end: int) -> bytes:
        for first, part in self._held:
            if first <= start and end <= first + len(part):
                return part[start - first : end - first]
        return self._web.read_range(
            self._file, start, end - start, check_cancelled=self._check_cancelled
        )

    def _covers(self, start: int, end: int) -> bool:
        return any(first <= start and end <= first + len(part) for first, part in self._held)

    def _merged(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Join spans, in their order, that lie close and have nothing that is held between them."""
        joined: list[tuple[int, int]] = []
        for start, end in spans:
            before = joined[-1][1] if joined else None
            if before is not None and start - before <= _GAP and not self._any(before, start):
                joined[-1] = (joined[-1][0], max(before, end))
            else:
                joined.append((start, end))
        return joined

    def _any(self, start: int, end: int) -> bool:
        return any(first < end and start < first + len(part) for first, part in self._held)


def _span(chunk: pq.ColumnChunkMetaData) -> tuple[int, int]:
    """Return the first byte of a column chunk and the one behind its last."""
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
        start = chunk.dictionary_page_offset
    return start, start + chunk.total_compressed_size
