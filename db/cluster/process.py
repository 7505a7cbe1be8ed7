"""Which processes belong to a cluster, told from the process table.

A lock file alone is not proof: after a kill or a restart of the machine its number may belong to
some other program.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from aether_core.errors import StoreUnavailableError
from db.cluster.place import Place

PROC = Path("/proc")
ORPHAN_S = 20


def cluster_name(place: Place) -> str:
    """What the server is told to call itself; it stands in the titles of its processes."""
    return f"aether-{place.identity}"


def server_pid(place: Place) -> int | None:
    """Process number of a cluster's server; None when it does not run.

    Raises:
        StoreUnavailableError: The data directory cannot be read.
    """
    try:
        pid = int((place.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot read {place.data}: {error.strerror}", code="database-files-unreadable"
        ) from error
    return pid if _is_server(pid, place) else None


def clear_remains(place: Place, uid: int) -> None:
    """Clear what a killed server left, so that the next one can start.

    Server processes whose parent was killed end by themselves unless they are busy; those are
    ended here, as a new server must not share the data with them. Then the stale lock files go:
    the number in them may be a zombie's or another program's, which PostgreSQL takes for a server.
    The caller has made sure that no server runs.

    Args:
        place: The cluster.
        uid: Account of the server. Processes of other accounts are never touched.

    Raises:
        StoreUnavailableError: An orphan does not end.
    """
    deadline = time.monotonic() + ORPHAN_S
    while orphans := _children(place, uid):
        for pid in orphans:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
        if time.monotonic() > deadline:
            raise StoreUnavailableError(
                f"processes of the killed database are still running: {orphans}",
                code="database-processes-left",
            )
        time.sleep(0.1)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for remnant in place.sockets.glob(".s.PGSQL.*"):
        remnant.unlink(missing_ok=True)


def _is_server(pid: int, place: Place) -> bool:
    if PROC.is_dir():
        words = _command(pid)
        named = f"--cluster_name={cluster_name(place)}" in words
        return named and Path(words[0]).name == "postgres"
    try:  # without a process table, a live process with that number counts
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _children(place: Place, uid: int) -> list[int]:
    title = f"postgres: {cluster_name(place)}:"
    found = []
    for entry in PROC.glob("[0-9]*"):
        with suppress(OSError):
            owned = entry.stat().st_uid == uid
            if owned and any(word.startswith(title) for word in _command(int(entry.name))[:1]):
                found.append(int(entry.name))
    return found


def _command(pid: int) -> list[str]:
    """Argument words of a process; empty when it is gone."""
    try:
        raw = (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [word.decode(errors="replace") for word in raw.split(b"\0") if word]
