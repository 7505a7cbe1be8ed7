"""Footers of Parquet files on a server, kept on the disk: they are large, and never change."""

import hashlib
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aether_core.files.kept_file import read_kept, write_kept
from aether_core.net import CancelCheck, RemoteError, RemoteFile, Web

_MAGIC = b"PAR1"
_END_BYTES = 8
_FOOTER_BYTES = 256 * 1024**2


def read_footer(
    web: Web, url: str, cache: Path | None, check_cancelled: CancelCheck
) -> tuple[RemoteFile, pq.FileMetaData]:
    """Read what a Parquet file says of its row groups.

    Args:
        web: Where it is read.
        url: The file.
        cache: Folder in which footers are kept, by address and version; None keeps none.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Raises:
        RemoteError: It is not a Parquet file.
    """
    file = web.look(url, check_cancelled=check_cancelled)
    key = hashlib.sha256(f"{url} {file.size} {file.etag}".encode()).hexdigest()
    kept = cache / f"{key}.footer" if cache and file.etag else None
    found = read_kept(kept) if kept else None
    if found is not None:
        return file, _parsed(found)
    footer = _footer(web, file, check_cancelled)
    try:
        parsed = _parsed(footer)
    except (pa.ArrowException, OSError) as error:
        raise RemoteError(url, "is not a Parquet file", code="remote-not-parquet") from error
    if kept:
        write_kept(kept, footer)
    return file, parsed


def _footer(web: Web, file: RemoteFile, check_cancelled: CancelCheck) -> bytes:
    """Read a file's last bytes: the footer, its length in four bytes, and the magic word."""
    if file.size < _END_BYTES:
        raise RemoteError(file.url, "is not a Parquet file", code="remote-not-parquet")
    end = web.read_range(file, file.size - _END_BYTES, _END_BYTES, check_cancelled=check_cancelled)
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _MAGIC or length > min(file.size - _END_BYTES, _FOOTER_BYTES):
        raise RemoteError(file.url, "is not a Parquet file", code="remote-not-parquet")
    start = file.size - _END_BYTES - length
    return web.read_range(file, start, length, check_cancelled=check_cancelled) + end


def _parsed(footer: bytes) -> pq.FileMetaData:
    return pq.read_metadata(io.BytesIO(_MAGIC + footer))
