"""Where a home keeps its private cluster: data directory and socket directory.

`cluster.json` in the home remembers both, so that every process of this home agrees. The data lie
in the home where the server's account can reach them, else below `/var/lib/aether`. Sockets lie in
a short path of their own, since a socket's path may hold 107 bytes and no more.
"""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from aether_core.errors import DiskFullError, StoreUnavailableError
from aether_core.files.disk import disk_error
from db.cluster.account import ServerAccount, server_account

RECORD = "cluster.json"
SYSTEM_DATA = Path("/var/lib/aether")
SOCKETS = Path("/tmp")  # noqa: S108 - a folder of our own, closed to others, is made in it


@dataclass(frozen=True)
class Place:
    """The folders of one cluster.

    Attributes:
        home: The home that owns the cluster, resolved.
        identity: Twelve random hexadecimal digits; no two homes share them.
        data: The data directory.
        sockets: The directory of the unix socket.
    """

    home: Path
    identity: str
    data: Path
    sockets: Path


@contextmanager
def locked(home: Path, *, timeout_s: float = 120) -> Iterator[None]:
    """Let one process of a home at a time start or stop its cluster.

    Raises:
        StoreUnavailableError: The home cannot be written, or another process holds it too long.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        handle = (home / "cluster.lock").open("a")
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot write in the home {home}: {error.strerror}; choose another AETHER_HOME",
            code="home-not-writable",
        ) from error
    with handle:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreUnavailableError(
                        f"another process has been starting or stopping the database of {home} "
                        f"for {timeout_s:.0f} s",
                        code="database-busy",
                    ) from None
                time.sleep(0.05)
        yield


def known_place(home: Path) -> Place | None:
    """The recorded place of a home; None when it has none, or was moved or copied here.

    Raises:
        StoreUnavailableError: The record cannot be read.
    """
    place = _read(home)
    return place if place is not None and place.home == home else None


def settle(home: Path) -> tuple[Place, ServerAccount]:
    """The place of a home and the account of its server; both are made when new.

    The caller holds `locked(home)`.

    Raises:
        StoreUnavailableError: No folder can be made that the server's account can use.
        DiskFullError: There is no room for one.
    """
    recorded = _read(home)
    if recorded is None:
        place = _new_place(home)
    else:
        place = recorded if recorded.home == home else _adopted(recorded, home)
    account = server_account(place.data)
    if not place.data.exists():
        place = replace(place, data=_make_data(place, account))
    place = replace(place, sockets=_make_sockets(place, account))
    if place != recorded:
        _write(place)
    return place, account


def _read(home: Path) -> Place | None:
    record = home / RECORD
    try:
        fields = json.loads(record.read_text(encoding="utf-8"))
        return Place(
            home=Path(fields["home"]),
            identity=str(fields["identity"]),
            data=Path(fields["data"]),
            sockets=Path(fields["sockets"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreUnavailableError(
            f"{record} does not say where the database is ({error}); restore it from a backup",
            code="database-record-unreadable",
        ) from error


def _new_place(home: Path) -> Place:
    identity = secrets.token_hex(6)
    return Place(home, identity, home / "cluster", SOCKETS / f"aether-{identity}")


def _adopted(place: Place, home: Path) -> Place:
    """A home that was moved keeps its data; a copied home gets sockets of its own."""
    inside = place.data.is_relative_to(place.home)
    original_stands = (place.home / RECORD).exists()
    if original_stands and not inside:
        raise StoreUnavailableError(
            f"{home} is a copy of {place.home}, whose database lies in {place.data}; "
            f"remove {home / RECORD} to start this copy with an empty database",
            code="home-is-a-copy",
        )
    data = home / place.data.relative_to(place.home) if inside else place.data
    if original_stands:
        return replace(_new_place(home), data=data)
    return replace(place, home=home, data=data)


def _make_data(place: Place, account: ServerAccount) -> Path:
    """An empty data directory, in the home if the server's account can enter it there."""
    wanted = place.data
    for folder in (wanted, SYSTEM_DATA / place.identity):
        try:
            if folder.parent == SYSTEM_DATA and not SYSTEM_DATA.exists():
                SYSTEM_DATA.mkdir(parents=True)
                SYSTEM_DATA.chmod(0o755)  # under a strict umask it would be closed to the account
            folder.mkdir(parents=True)
            account.own(folder)
        except (OSError, StoreUnavailableError) as error:
            at_fault = disk_error(error, (folder,))
            if isinstance(at_fault, DiskFullError):
                raise at_fault from error  # another disk would hide that this one is full
            continue
        if account.reaches(folder):
            return folder
        folder.rmdir()
    raise StoreUnavailableError(
        f"neither {wanted} nor {SYSTEM_DATA} can hold the database for the account {account.name}; "
        "choose an AETHER_HOME on a disk with room and ordinary permissions",
        code="no-folder-for-database",
    )


def _make_sockets(place: Place, account: ServerAccount) -> Path:
    """The socket directory, closed to others. A squatted name is left for a fresh one."""
    folder = place.sockets
    for _ in range(3):
        try:
            folder.mkdir(mode=0o700)
            account.own(folder)
        except FileExistsError:
            pass
        except OSError as error:
            raise StoreUnavailableError(
                f"cannot make the socket directory {folder}: {error.strerror}",
                code="socket-folder-not-made",
            ) from error
        found = folder.lstat()
        is_folder = folder.is_dir() and not folder.is_symlink()
        if is_folder and found.st_uid == account.uid and not found.st_mode & 0o077:
            return folder
        folder = SOCKETS / f"aether-{secrets.token_hex(6)}"
    raise StoreUnavailableError(
        f"cannot make a socket directory of our own in {SOCKETS}", code="socket-folders-taken"
    )


def _write(place: Place) -> None:
    record = place.home / RECORD
    partial = record.with_suffix(".partial")
    fields = {name: str(value) for name, value in asdict(place).items()}
    with partial.open("w", encoding="utf-8") as file:
        json.dump(fields, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(record)
