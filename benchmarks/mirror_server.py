"""A mirror of the embedding as large as wanted, served over HTTP from one block place.

Run as `python -m benchmarks.mirror_server FOLDER [--misbehaving]`; its address is the first line it
prints. It has
a process of its own, so that its memory is not counted as the fetch's. Directories and byte ranges
are those of the real files: BigTIFF, 8192 pixels of 10 m, 64 planes of ZSTD blocks of 1024 pixels,
rows from the south. Only the blocks are few: every place of every file holds those of one, its
bands turned by a number that depends on where it lies.
"""

import hashlib
import itertools
import re
import struct
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.inputs import BANDS, SEED, stored, surface

SIDE, BLOCK, PIXEL = 8192, 1024, 10.0
ACROSS = SIDE // BLOCK
TILE_M = SIDE * PIXEL
EASTING = 500_000
ZONE, EPSG, YEAR = "31N", 32631, 2024
INDEX = "aef_index.parquet"

_NOISE = 0.002
"""With it a block packs to 0.57 MB; those of the real mirror have 0.41 to 0.58 MB."""
_STRIPS = 4  # that the place is put together from: no strip repeats within a band
_TURNS = 5  # neighbours differ in both directions
_GAP = b"\0" * 8  # between two blocks of a cloud-optimised file
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_TURNED_AWAY = ("python", "curl", "go-http", "libcurl", "aiohttp", "okhttp")
_LONGEST = 2_300_000
"""Bytes of one answer."""
_ASKS_FOR_A_PAUSE, _BREAKS_OFF = 97, 41
"""One request in so many."""
_SHORT, _LONG, _DOUBLE, _ASCII, _LONG8 = 3, 4, 12, 2, 16


def write_place(folder: Path) -> None:
    """Write a block place, packed and as pixels, and the index of the files around the box.

    Args:
        folder: Gets `place.npy`, int8 `[64, 1024, 1024]` with rows from the south, its blocks one
            behind the other, their lengths, and the index.
    """
    strip = np.moveaxis(stored(surface(BLOCK // _STRIPS, BLOCK, SEED, _NOISE)), 2, 0)
    turns = [np.roll(strip, BANDS // _STRIPS * turn, axis=0) for turn in range(_STRIPS)]
    place = np.concatenate(turns, axis=1)
    codec = pa.Codec("zstd", compression_level=1)
    blocks = [codec.compress(plane.tobytes(), asbytes=True) for plane in place]
    np.save(folder / "place.npy", place)
    np.save(folder / "lengths.npy", [len(block) for block in blocks])
    (folder / "place.blocks").write_bytes(b"".join(blocks))
    pq.write_table(pa.Table.from_pylist(list(_index())), folder / INDEX)


def turn_at(column: int, row: int) -> int:
    """By how many bands the place is turned that lies in a column and row of the zone's grid.

    Band `b` there is band `b + turn` of the place that was written.

    Args:
        column: Counted eastwards from the central meridian.
        row: Counted northwards from the equator.
    """
    return (column + 2 * row) % _TURNS


def served_at(place: NDArray[np.int8], x: float, y: float) -> NDArray[np.int8]:
    """The pixel of a point of the zone, int8 `[64]`.

    Args:
        place: What `write_place` wrote as pixels.
        x: Easting in metres.
        y: Northing in metres.
    """
    column, row = (int(metres // PIXEL) for metres in (x - EASTING, y))
    turn = turn_at(column // BLOCK, row // BLOCK)
    return np.roll(place[:, row % BLOCK, column % BLOCK], -turn)


class Mirror:
    """What the server holds.

    Args:
        folder: From `write_place`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tiles: dict[str, Tile] = {}

    @cached_property
    def blocks(self) -> list[bytes]:
        """The packed blocks by band."""
        packed = (self._folder / "place.blocks").read_bytes()
        ends = np.cumsum(np.load(self._folder / "lengths.npy"))
        return [packed[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]

    def file(self, path: str) -> "bytes | Tile | None":
        """What lies at a path; None when there is nothing."""
        name = path.rpartition("/")[2]
        if name == INDEX:
            return (self._folder / INDEX).read_bytes()
        named = re.fullmatch(r"x(-?\d+)_(\d+)\.tiff", name)
        if named is None:
            return None
        if name not in self._tiles:
            self._tiles[name] = Tile(self.blocks, int(named[1]), int(named[2]))
        return self._tiles[name]


class Tile:
    """One file: a directory that is made, and blocks that repeat.

    Args:
        blocks: The packed blocks by band.
        column: Which square of the grid, eastwards from the central meridian.
        row: And northwards from the equator.
    """

    def __init__(self, blocks: Sequence[bytes], column: int, row: int) -> None:
        turns = [
            turn_at(column * ACROSS + at % ACROSS, row * ACROSS + at // ACROSS)
            for at in range(ACROSS**2)
        ]
        self._blocks = [blocks[(band + turn) % BANDS] for band in range(BANDS) for turn in turns]
        counts = np.array([len(block) for block in self._blocks], dtype=np.int64)
        steps = np.concatenate([[0], np.cumsum(counts + len(_GAP))])
        start = len(_directory(column, row, counts, counts))
        self._offsets = start + steps[:-1]
        self._head = _directory(column, row, self._offsets, counts)
        self._size = start + int(steps[-1])

    def __len__(self) -> int:
        return self._size

    def parts(self, start: int, end: int) -> Iterator[memoryview]:
        """The bytes from `start` up to `end`."""
        if start < len(self._head):
            yield memoryview(self._head)[start:end]
        at = max(int(np.searchsorted(self._offsets, start, side="right")) - 1, 0)
        while at < len(self._blocks) and self._offsets[at] < end:
            offset = int(self._offsets[at])
            for content in (self._blocks[at], _GAP):
                first, last = max(start - offset, 0), min(end - offset, len(content))
                if first < last:
                    yield memoryview(content)[first:last]
                offset += len(content)
            at += 1


def _index() -> Iterator[dict[str, Any]]:
    """A row for each of the squares around the box that is fetched."""
    for column in range(-4, 4):
        for row in range(60, 80):
            west, south = EASTING + column * TILE_M, row * TILE_M
            yield {
                "crs": f"EPSG:{EPSG}",
                "path": f"s3://bucket/annual/{YEAR}/{ZONE}/x{column}_{row}.tiff",
                "year": YEAR,
                "utm_zone": ZONE,
                "utm_west": west,
                "utm_south": south,
                "utm_east": west + TILE_M,
                "utm_north": south + TILE_M,
            }


def _directory(
    column: int, row: int, offsets: NDArray[np.int64], counts: NDArray[np.int64]
) -> bytes:
    """The beginning of a file; as long whatever the offsets are."""
    west, south = EASTING + column * TILE_M, row * TILE_M
    placed = (PIXEL, 0, 0, west, 0, PIXEL, 0, south, *[0] * 7, 1)  # row 0 in the south
    keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, EPSG)
    fields: list[tuple[int, int, str, Sequence[Any]]] = [
        (256, _LONG, "I", [SIDE]),
        (257, _LONG, "I", [SIDE]),
        (258, _SHORT, "H", [8] * BANDS),
        (259, _SHORT, "H", [50000]),  # ZSTD
        (262, _SHORT, "H", [1]),
        (277, _SHORT, "H", [BANDS]),
        (284, _SHORT, "H", [2]),  # a block is one band
        (322, _LONG, "I", [BLOCK]),
        (323, _LONG, "I", [BLOCK]),
        (324, _LONG8, "Q", offsets.tolist()),
        (325, _LONG8, "Q", counts.tolist()),
        (338, _SHORT, "H", [0] * (BANDS - 1)),
        (339, _SHORT, "H", [2] * BANDS),  # signed
        (34264, _DOUBLE, "d", placed),
        (34735, _SHORT, "H", keys),
        (42113, _ASCII, "B", b"-128\0"),
    ]
    begin = 16 + 8 + 20 * len(fields) + 8
    head = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, len(fields))
    beyond = b""
    for tag, kind, letter, values in fields:
        packed = struct.pack(f"<{len(values)}{letter}", *values)
        if len(packed) > 8:
            where, beyond = begin + len(beyond), beyond + packed
            packed = struct.pack("<Q", where)
        head += struct.pack("<HHQ", tag, kind, len(values)) + packed.ljust(8, b"\0")
    return head + bytes(8) + beyond


class _Connection(BaseHTTPRequestHandler):
    """Answers HEAD and GET, whole or in one range."""

    protocol_version = "HTTP/1.1"
    mirror: Mirror

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nobody reads it."""

    def _answer(self, *, body: bool) -> None:
        file = self.mirror.file(self.path)
        if file is None:
            self._head(404, 0, {})
            return
        size = len(file)
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        start, end = (int(asked[1]), min(int(asked[2]) + 1, size)) if asked else (0, size)
        headers = {"ETag": f'"{hashlib.sha256(self.path.encode()).hexdigest()[:16]}"'}
        if asked:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        self._head(206 if asked else 200, end - start, headers)
        if body:
            parts = [memoryview(file)] if isinstance(file, bytes) else file.parts(start, end)
            self._send(parts, end - start)

    def _send(self, parts: Iterable[memoryview], length: int) -> None:  # noqa: ARG002
        for part in parts:
            self.wfile.write(part)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()


class _Misbehaving(_Connection):
    """Does what the real ones were seen to do, in turn and where they did it."""

    count = itertools.count(1)

    def _answer(self, *, body: bool) -> None:
        if self.headers.get("User-Agent", "").lower().startswith(_TURNED_AWAY):
            self._head(403, 0, {})
        elif self.mirror.file(self.path) is None:
            page = b"<!doctype html><title>Not what was asked for</title>"
            self._head(200, len(page), {"Content-Type": "text/html"})
            self.wfile.write(page if body else b"")
        elif body and next(self.count) % _ASKS_FOR_A_PAUSE == 0:
            self._head(503, 0, {"Retry-After": "1"})
        else:
            super()._answer(body=body)

    def _head(self, status: int, length: int, headers: dict[str, str]) -> None:
        if self.command == "HEAD":  # tells no length
            self.close_connection = True
            self.send_response(status)
            self.end_headers()
        else:
            super()._head(status, length, headers)

    def _send(self, parts: Iterable[memoryview], length: int) -> None:
        breaks_off = next(self.count) % _BREAKS_OFF == 0
        left = min(length // 2 if breaks_off else length, _LONGEST)
        self.close_connection = left < length
        for part in parts:
            self.wfile.write(part[:left])
            left -= len(part)
            if left <= 0:
                break


class _Http(ThreadingHTTPServer):
    daemon_threads = True


def main() -> None:
    """Serve until standard input ends: when whoever started this closes it, or is gone."""
    folder, *flags = sys.argv[1:]
    _Connection.mirror = Mirror(Path(folder))
    kind = _Misbehaving if "--misbehaving" in flags else _Connection
    with _Http(("127.0.0.1", 0), kind) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{http.server_address[1]}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
