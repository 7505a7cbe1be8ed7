"""A real HTTP server on this machine: a folder of files in byte ranges, handlers, and faults."""

import hashlib
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.public_server.connection import Connection, Http
from tests.public_server.messages import Fault, Handler, Reply, Request

__all__ = ["Fault", "Handler", "PublicServer", "Reply", "Request"]


@dataclass
class _Trouble:
    part: str
    fault: Fault
    times: int
    method: str | None


class PublicServer:
    """Serves a folder on a free port of 127.0.0.1.

    ```
    with PublicServer(folder) as server:
        server.handle("/search", lambda request: Reply(b"[]"))
        server.misbehave(".tiff", Fault("cut", after=1000), times=2)
        ...
        server.bytes_of("/annual/2024/34N/x.tiff")
    ```

    Attributes:
        folder: What is served.
        url: Where, without a slash at the end.
        log: All requests, in the order in which they came.
    """

    def __init__(self, folder: Path, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.folder = folder
        self.log: list[Request] = []
        self._handlers: dict[str, Handler] = {}
        self._troubles: list[_Trouble] = []
        self._lock = threading.Lock()
        self._etags: dict[tuple[str, int, int], str] = {}
        self._open: set[socket.socket] = set()
        self.stopping = threading.Event()
        self._http = Http(("127.0.0.1", port), Connection)
        self._http.station = self
        if tls:
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop, and break all connections: for clients the network is gone."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        self.break_connections()

    def break_connections(self) -> int:
        """Cut every connection there is at this moment, in the middle of what it sends.

        Returns:
            How many that were: between two requests there may be none.
        """
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it went by itself
        return len(connections)

    @property
    def connections(self) -> int:
        """How many are open at this moment."""
        with self._lock:
            return len(self._open)

    def handle(self, prefix: str, handler: Handler) -> None:
        """Let a function answer all paths that begin so."""
        self._handlers[prefix] = handler

    def misbehave(
        self, path_part: str, fault: Fault, *, times: int = 1, method: str | None = None
    ) -> None:
        """Misbehave at the next requests whose path contains this; -1 for ever.

        Args:
            path_part: "" strikes anything.
            fault: How.
            times: How often.
            method: Only at these; None at all.
        """
        with self._lock:
            self._troubles.append(_Trouble(path_part, fault, times, method))

    def behave(self) -> None:
        """Be good again."""
        with self._lock:
            self._troubles.clear()

    def bytes_of(self, path: str) -> list[tuple[int, int]]:
        """First byte and the one behind the last of all that was sent of a file's GETs.

        What a client did not take before it hung up may be counted.
        """
        return [
            (each.first, each.first + each.sent)
            for each in list(self.log)
            if each.path == path
            and each.method == "GET"
            and each.status in {200, 206}
            and each.sent
        ]

    def etag_of(self, path: Path) -> str:
        """The strong tag of a file's content."""
        found = path.stat()
        key = (str(path), found.st_size, found.st_mtime_ns)
        with self._lock:
            if key in self._etags:
                return self._etags[key]
        with path.open("rb") as file:
            tag = f'"{hashlib.file_digest(file, "md5").hexdigest()}"'
        with self._lock:
            self._etags[key] = tag
        return tag

    def fault_for(self, request: Request, span: tuple[int, int]) -> Fault | None:
        """The fault that strikes this request, used up by it."""
        with self._lock:
            for trouble in self._troubles:
                fits = trouble.part in request.path and trouble.method in {None, request.method}
                fault = trouble.fault
                if fault.kind == "flip_byte":
                    fits = fits and span[0] <= fault.offset < span[1] and request.method == "GET"
                if not trouble.times or not fits:
                    continue
                trouble.times -= 1
                request.fault = fault.kind
                return fault
        return None

    def logged(self, request: Request) -> None:
        """Note a request as it comes in."""
        with self._lock:
            self.log.append(request)

    def handler_for(self, path: str) -> Handler | None:
        """The function with the longest prefix of this path."""
        fitting = [prefix for prefix in self._handlers if path.startswith(prefix)]
        return self._handlers[max(fitting, key=len)] if fitting else None

    def opened(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)
