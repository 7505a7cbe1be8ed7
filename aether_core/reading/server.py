"""The process that readers are forked from: it has them loaded, one thread, and nothing else.

Started by `client.ReaderSource` as `python -m aether_core.reading.server FD`. Over that socket
come further sockets, one a file. For each, a guard is forked: it forks the reader, waits for it,
and ends it when its time is up or when whoever asked is gone.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any

from aether_core.reading.child import run_reader

_READERS = (
    "aether_core.vector",
    "aether_core.city.boundary",
    "aether_core.city.outline",
    "aether_core.poi.read",
    "aether_core.eo.table.samples",
    "aether_core.tasks.labels.read",
    "aether_core.tasks.areas.read",
)
"""Loaded ahead, with the libraries they need."""


def main(descriptor: int) -> None:
    """Fork a guard for every socket that comes, until the other side is gone."""
    for module in _READERS:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a collection would write to, and so copy, what forks share
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the guards
    with socket.socket(fileno=descriptor) as control:
        while True:
            _, lines, _, _ = socket.recv_fds(control, 1, 1)
            if not lines:
                return
            if os.fork() == 0:
                try:
                    control.close()
                    _guard(socket.socket(fileno=lines[0]))
                finally:
                    os._exit(0)  # never back into this loop
            os.close(lines[0])


def _guard(line: socket.socket) -> None:
    """Have one reader run and say how it ended: "done", "time", "killed" or "crash"."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with line.makefile("rb") as requests:
        request: dict[str, Any] = json.loads(requests.readline())
    alive, held = os.pipe()  # ends when the reader, which holds the other end, does
    reader = os.fork()
    if reader == 0:
        try:
            line.close()
            os.close(alive)
            run_reader(request)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - such as memory that is out even for the outcome
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(held)
    ready, _, _ = select.select([line.fileno(), alive], [], [], float(request["limits"]["seconds"]))
    if alive not in ready:
        with contextlib.suppress(ProcessLookupError):
            os.kill(reader, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(reader, 0)[1])
    ended = {0: "done", -signal.SIGKILL: "killed"}.get(status, "crash")
    with contextlib.suppress(OSError):  # whoever asked may be gone
        line.sendall(f"{ended if ready else 'time'}\n".encode())


if __name__ == "__main__":
    main(int(sys.argv[1]))
