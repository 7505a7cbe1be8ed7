"""The process that readers are forked from: it has them loaded, one thread, and nothing else.

Started by `client.ReaderSource` as `python -m aether_core.reading.server FD`. Over that socket
come further sockets, one a file. For each a reader is forked; it is ended when its time is up or
when whoever asked is gone.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aether_core.reading.call import stay_in_this_process
from aether_core.reading.child import run_reader

_READERS = (
    "aether_core.vector",
    "aether_core.city.boundary",
    "aether_core.city.outline",
    "aether_core.poi.read",
    "aether_core.eo.table.samples",
    "aether_core.eo.raster.embedding",
    "aether_core.tasks.labels.read",
    "aether_core.tasks.areas.read",
)
"""Loaded ahead, with the libraries they need."""
_EXAMPLES: Final = {
    "example.geojson": '{"type": "FeatureCollection", "features": [{"type": "Feature", '
    '"properties": {"name": "a", "category": "b", "n": 1.5}, '
    '"geometry": {"type": "Point", "coordinates": [1.5, 2.5]}}]}',
    "example.csv": "name,category,n,lon,lat\na,b,1.5,1.5,2.5\nc,d,2,1.25,2.25\n",
}
"""Files read ahead: a library does much of its work at the first file only, 0.1 s of it."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class _Reading:
    """A reader at work.

    Attributes:
        process: Its process number.
        line: Where whoever asked waits for an answer.
        alive: A pipe that ends when the reader, which holds the other end, does.
        ends_at: When its time is up, in seconds of the monotonic clock.
    """

    process: int
    line: socket.socket
    alive: int
    ends_at: float


class _Server:
    """Forks a reader for every socket that comes, until the other side and all readers are gone."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._events = selectors.DefaultSelector()
        self._events.register(control, selectors.EVENT_READ)
        self._readings: list[_Reading] = []

    def serve(self) -> None:
        """Serve until nobody can ask any more."""
        while self._events.get_map():
            for key, _ in self._events.select(self._seconds_left()):
                if key.fileobj is self._control:
                    self._accept()
                elif key.data in self._readings:
                    self._end(key.data, "killed" if key.fileobj is key.data.line else "")
            for reading in [one for one in self._readings if one.ends_at <= time.monotonic()]:
                self._end(reading, "time")

    def _seconds_left(self) -> float | None:
        ends = [reading.ends_at for reading in self._readings]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _accept(self) -> None:
        _, lines, _, _ = socket.recv_fds(self._control, 1, 1)
        if not lines:
            self._events.unregister(self._control)
            return
        line = socket.socket(fileno=lines[0])
        with line.makefile("rb") as requests, contextlib.suppress(ValueError):
            self._start(line, json.loads(requests.readline()))
            return
        line.close()  # whoever asked was gone before the question was whole

    def _start(self, line: socket.socket, request: dict[str, Any]) -> None:
        alive, held = os.pipe()
        server = os.getpid()
        process = os.fork()
        if process == 0:
            try:
                self._leave_to_parent()
                line.close()
                os.close(alive)
                _end_with(server)
                run_reader(request)
                os._exit(0)
            except BaseException:  # noqa: BLE001 - such as memory that is out even for the outcome
                traceback.print_exc()
            finally:
                os._exit(1)  # never back into the loop
        os.close(held)
        seconds = float(request["limits"]["seconds"])
        reading = _Reading(process, line, alive, time.monotonic() + seconds)
        self._readings.append(reading)
        self._events.register(line, selectors.EVENT_READ, reading)
        self._events.register(alive, selectors.EVENT_READ, reading)

    def _leave_to_parent(self) -> None:
        """Close what a reader inherits: a line it kept open would outlive this process."""
        self._events.close()
        self._control.close()
        for reading in self._readings:
            reading.line.close()
            os.close(reading.alive)

    def _end(self, reading: _Reading, reason: str) -> None:
        """End a reading and say how: "done", "crash", "killed", or `reason` if it ran still."""
        if reason:
            with contextlib.suppress(ProcessLookupError):
                os.kill(reading.process, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(reading.process, 0)[1])
        ended = {0: "done", -signal.SIGKILL: "killed"}.get(status, "crash")
        self._readings.remove(reading)
        for source in (reading.line, reading.alive):
            self._events.unregister(source)
        os.close(reading.alive)
        with reading.line, contextlib.suppress(OSError):  # whoever asked may be gone
            reading.line.sendall(f"{reason or ended}\n".encode())


def _end_with(server: int) -> None:
    """Have the system end this process with the one it was forked from, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(1)


def main(descriptor: int) -> None:
    """Load the readers, then serve over a socket."""
    for module in _READERS:
        importlib.import_module(module)
    _read_examples()
    gc.collect()
    gc.freeze()  # a collection would write to, and so copy, what forks share
    with socket.socket(fileno=descriptor) as control:
        _Server(control).serve()


def _read_examples() -> None:
    """Have the libraries do here, once, what each fork would otherwise do for itself."""
    stay_in_this_process()
    read_pois = importlib.import_module("aether_core.poi.read").read_pois
    with tempfile.TemporaryDirectory() as folder:
        for name, text in _EXAMPLES.items():
            path = Path(folder, name)
            path.write_text(text, encoding="utf-8")
            read_pois(path)


if __name__ == "__main__":
    main(int(sys.argv[1]))
