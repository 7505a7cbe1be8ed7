"""One connection to a public server of the tests: files in byte ranges, handlers, faults."""

import itertools
import mimetypes
import re
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from tests.public_server.messages import Fault, Handler, Request

_PIECE = 65_536
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Station(Protocol):
    """What a connection needs of the server it belongs to."""

    folder: Path
    stopping: threading.Event

    def logged(self, request: Request) -> None: ...
    def fault_for(self, request: Request, span: tuple[int, int]) -> Fault | None: ...
    def handler_for(self, path: str) -> Handler | None: ...
    def etag_of(self, path: Path) -> str: ...
    def opened(self, connection: socket.socket) -> None: ...
    def closed(self, connection: socket.socket) -> None: ...


class Http(ThreadingHTTPServer):
    """The listening socket of one station."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    station: Station

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of the tests."""


class Connection(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Http

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.station.opened(self.connection)

    def finish(self) -> None:
        self.server.station.closed(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep standard error clean."""

    def _serve(self) -> None:
        station = self.server.station
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        request = Request(
            unquote(parts.path),
            self.command,
            None,
            parts.query,
            dict(self.headers),
            self.rfile.read(length),
            begun=time.monotonic(),
        )
        handler = station.handler_for(request.path)
        if handler is None:
            self._file(request)
        else:
            station.logged(request)
            fault = station.fault_for(request, (0, 0))
            if not self._struck(request, fault):
                reply = handler(request)
                headers = {"Content-Type": reply.content_type, **reply.headers}
                self._send(request, reply.status, headers, [reply.body], len(reply.body), fault)

    def _file(self, request: Request) -> None:
        station = self.server.station
        path = (station.folder / request.path.lstrip("/")).resolve()
        there = path.is_relative_to(station.folder.resolve()) and path.is_file()
        size = path.stat().st_size if there else 0
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first, end = _span(asked, size) if asked else (0, size)
        request.range = (first, end - 1) if asked else None
        station.logged(request)
        fault = station.fault_for(request, (first, end))
        if self._struck(request, fault):
            return
        if not there:
            self._send(request, 404, {}, [b"nothing here"], 12, None)
            return
        etag = station.etag_of(path)
        if fault and fault.kind == "changed":
            etag = '"another"'
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        headers = {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": kind}
        if self.headers.get("If-None-Match") == etag:
            self._send(request, 304, headers, [], 0, None)
            return
        if self.headers.get("If-Range", etag) != etag or (fault and fault.kind == "whole"):
            asked, first, end = None, 0, size
        if asked and first >= end:
            self._send(request, 416, {"Content-Range": f"bytes */{size}"}, [], 0, None)
            return
        if fault and fault.kind == "other_range":
            first, end = first + 1, min(end + 1, size)
        request.first = first
        if asked:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
        flip = fault.offset if fault and fault.kind == "flip_byte" else None
        pieces = _pieces(path, first, end, flip)
        self._send(request, 206 if asked else 200, headers, pieces, end - first, fault)

    def _struck(self, request: Request, fault: Fault | None) -> bool:
        """Answer in the way of a fault that needs no file."""
        if fault is None:
            return False
        if fault.kind == "status":
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._send(request, fault.code, headers, [b"busy"], 4, None)
        elif fault.kind == "missing":
            self._send(request, 404, {}, [b"nothing here"], 12, None)
        elif fault.kind == "moved":
            self._send(request, 302, {"Location": fault.url}, [], 0, None)
        elif fault.kind == "web_page":
            page = b"<!doctype html><title>Not what was asked for</title>"
            self._send(request, 200, {"Content-Type": "text/html"}, [page], len(page), None)
        elif fault.kind == "hang_up":
            self.close_connection = True
        else:
            return False
        return True

    def _send(
        self,
        request: Request,
        status: int,
        headers: dict[str, str],
        pieces: Iterable[bytes],
        length: int,
        fault: Fault | None,
    ) -> None:
        kind = fault.kind if fault else ""
        declared = length + fault.extra if fault and kind == "wrong_length" else length
        request.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if kind == "compressed":
            self.send_header("Content-Encoding", "gzip")
        if kind == "endless":
            self.close_connection = True
            pieces = itertools.cycle(pieces)
            length = sys.maxsize
        elif kind == "no_length":
            self.close_connection = True
        elif status != 304:
            self.send_header("Content-Length", str(max(declared, 0)))
        self.end_headers()
        if request.method != "HEAD" and status != 304:
            self._send_body(request, pieces, length, fault)

    def _send_body(
        self, request: Request, pieces: Iterable[bytes], length: int, fault: Fault | None
    ) -> None:
        kind = fault.kind if fault else ""
        if fault and kind == "pause":
            pieces = _pausing(pieces, fault)
        left = fault.after if fault and kind in {"cut", "stall"} else length
        for piece in pieces:
            part = piece[:left]
            self._write(request, part, fault)
            left -= len(part)
            if left <= 0 and kind in {"cut", "stall"}:
                break
        if kind == "stall":
            self.server.station.stopping.wait(60)
        if kind in {"cut", "stall", "wrong_length"}:
            self.wfile.flush()
            self.close_connection = True

    def _write(self, request: Request, part: bytes, fault: Fault | None) -> None:
        """Send bytes and count them, at the pace of a slow server where one is wanted."""
        slow = fault is not None and fault.kind == "slow"
        step = max(1, fault.rate // 20) if fault is not None and slow else len(part) or 1
        for start in range(0, len(part), step):
            piece = part[start : start + step]
            # Counted first: whoever has received it finds it counted.
            request.sent += len(piece)
            try:
                self.wfile.write(piece)
            except OSError:
                request.sent -= len(piece)
                raise
            if slow:
                time.sleep(0.05)


def _pausing(pieces: Iterable[bytes], fault: Fault) -> Iterator[bytes]:
    """The same bytes with one rest."""
    whole = b"".join(pieces)
    yield whole[: fault.after]
    time.sleep(fault.rate / 1000)
    yield whole[fault.after :]


def _pieces(path: Path, first: int, end: int, flip: int | None) -> Iterator[bytes]:
    """The bytes of a file in small pieces, with one bit turned where that is wanted."""
    with path.open("rb") as file:
        file.seek(first)
        at = first
        while at < end:
            piece = bytearray(file.read(min(_PIECE, end - at)))
            if flip is not None and at <= flip < at + len(piece):
                piece[flip - at] ^= 0x10
            yield bytes(piece)
            at += len(piece)


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    """First byte and the one behind the last of a Range header."""
    first, last = asked.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size
