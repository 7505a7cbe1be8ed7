"""Files on a server, read in parts and without holding them whole."""

import io
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import httpx2

from aether_core.net.asking import Opened
from aether_core.net.errors import ChangedError, RemoteError
from aether_core.net.request_policy import CancelCheck, never_cancelled
from aether_core.net.retrying import RetryableError

_PART = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True)
class RemoteFile:
    """A file as it was when it was looked at.

    Attributes:
        url: Its address, before redirects.
        size: Bytes.
        etag: Which version it is: the server's ETag, else when it was modified, else "".
    """

    url: str
    size: int
    etag: str


class ReadsRanges(Protocol):
    """What `RangeFile` needs of a `Web`."""

    def read_range(
        self, file: RemoteFile, start: int, length: int, *, check_cancelled: CancelCheck = ...
    ) -> bytes:
        """See `Web.read_range`."""


def version_of(headers: httpx2.Headers) -> str:
    """The version that an answer is of, as `RemoteFile.etag` holds it."""
    # A weak tag differs from the strong one by its mark alone, and servers mix them.
    return headers.get("etag", "").removeprefix("W/") or headers.get("last-modified", "")


def size_behind(headers: httpx2.Headers) -> int | None:
    """Bytes of the whole file that a part was taken from."""
    found = _PART.fullmatch(headers.get("content-range", ""))
    return int(found[3]) if found else None


def check_version(opened: Opened, file: RemoteFile) -> None:
    """Refuse an answer that is of another version.

    Raises:
        ChangedError: It is.
    """
    version = version_of(opened.headers)
    if version and file.etag and version != file.etag:
        raise ChangedError(
            file.url,
            "has changed on the server in the meantime",
            "start again to use the new version",
        )


def check_part(opened: Opened, file: RemoteFile, first: int, last: int) -> None:
    """Refuse an answer that is not exactly the bytes asked for.

    Args:
        opened: The answer, with status 200, 206 or 416.
        file: What was asked.
        first: First byte.
        last: Last byte.

    Raises:
        ChangedError: It is of another version.
        RemoteError: The server does not serve parts.
        RetryableError: It is another part.
    """
    check_version(opened, file)
    if opened.status == 416:
        raise ChangedError(
            file.url, "no longer has the requested bytes", "start again to use the new version"
        )
    if opened.status == 200:
        if (first, last) == (0, file.size - 1):
            return
        raise RemoteError(
            file.url,
            "sent the whole file instead of the requested bytes",
            "use a server that supports byte ranges",
            code="remote-without-ranges",
        )
    found = _PART.fullmatch(opened.headers.get("content-range", ""))
    if found is None or (int(found[1]), int(found[2])) != (first, last):
        raise RetryableError("sent bytes other than those requested", code="remote-wrong-bytes")
    if int(found[3]) != file.size:
        raise ChangedError(
            file.url, "has a different size than before", "start again to use the new version"
        )
    declared = opened.headers.get("content-length")
    if declared is not None and declared != str(last - first + 1):
        raise RetryableError(
            "announced a different length than requested", code="remote-wrong-length"
        )


class RangeFile(io.RawIOBase):
    """A file on a server as a seekable file object, for readers of TIFF and Parquet.

    Bytes come in whole blocks; neighbours that are missing come together, and the last blocks read
    are kept. A read larger than all kept blocks passes by them. For one thread at a time.

    Args:
        web: Where it is read.
        file: What is read.
        block: Bytes of a block.
        keep: How many blocks are kept; 0 asks for what is read and no more.
        check_cancelled: See `aether_core.net.CancelCheck`.
    """

    def __init__(
        self,
        web: ReadsRanges,
        file: RemoteFile,
        *,
        block: int = 65_536,
        keep: int = 64,
        check_cancelled: CancelCheck = never_cancelled,
    ) -> None:
        super().__init__()
        self.file = file
        self._web = web
        self._block = block
        self._keep = keep
        self._check_cancelled = check_cancelled
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.RLock()
        self._at = 0

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
        """Move; nothing is asked of the server."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.file.size}[whence]
        if start + offset < 0:
            raise ValueError("seek before the beginning of a file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: "memoryview | bytearray", /) -> int:  # type: ignore[override]
        """Fill a buffer as far as the file goes."""
        view = memoryview(buffer).cast("B")
        part = self.read_at(self._at, len(view))
        view[: len(part)] = part
        self._at += len(part)
        return len(part)

    def readall(self) -> bytes:
        """Read to the end."""
        part = self.read_at(self._at, self.file.size - self._at)
        self._at += len(part)
        return part

    def read_at(self, start: int, length: int) -> bytes:
        """Read without moving; fewer bytes than asked for only at the end of the file."""
        end = min(start + length, self.file.size)
        if end <= start:
            return b""
        first, last = start // self._block, (end - 1) // self._block
        with self._lock:
            if last - first >= self._keep:
                return self._web.read_range(
                    self.file, start, end - start, check_cancelled=self._check_cancelled
                )
            self._fill(first, last)
            joined = b"".join(self._blocks[at] for at in range(first, last + 1))
            self._forget()
        return joined[start - first * self._block : end - first * self._block]

    def _fill(self, first: int, last: int) -> None:
        """Have all blocks from first to last, asking for missing neighbours together."""
        for at in range(first, last + 1):
            if at in self._blocks:
                self._blocks.move_to_end(at)
        missing = [at for at in range(first, last + 1) if at not in self._blocks]
        while missing:
            run = [missing.pop(0)]
            while missing and missing[0] == run[-1] + 1:
                run.append(missing.pop(0))
            begin = run[0] * self._block
            length = min((run[-1] + 1) * self._block, self.file.size) - begin
            got = self._web.read_range(
                self.file, begin, length, check_cancelled=self._check_cancelled
            )
            for place, at in enumerate(run):
                self._blocks[at] = got[place * self._block : (place + 1) * self._block]

    def _forget(self) -> None:
        while len(self._blocks) > self._keep:
            self._blocks.popitem(last=False)
