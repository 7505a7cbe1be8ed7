"""Find the PostgreSQL programs of this machine, with PostGIS beside them."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import StoreUnavailableError

SYSTEM_ROOTS: tuple[Path, ...] = (
    Path("/usr/lib/postgresql"),  # Debian, Ubuntu: one folder a major version
    Path("/opt/homebrew/opt"),
    Path("/usr/local/opt"),
)
"""Folders whose `<anything>/bin` may hold the server. PATH is searched after them."""

INSTALL_LINE = "sudo apt-get install postgresql postgresql-postgis"
"""What a Debian or Ubuntu user types to get both."""


@dataclass(frozen=True)
class Programs:
    """One installed PostgreSQL.

    Attributes:
        folder: Holds `postgres`, `initdb`, `pg_ctl` and `pg_config`.
        major: Major version; a data directory is only readable by its own.
        has_postgis: Whether the PostGIS extension is installed for it.
    """

    folder: Path
    major: int
    has_postgis: bool

    def path(self, name: str) -> str:
        """Full path of one program."""
        return str(self.folder / name)


def find_programs(roots: Sequence[Path] | None = None, *, major: int | None = None) -> Programs:
    """Pick the newest PostgreSQL that has PostGIS.

    Args:
        roots: Folders to look below. None looks in `SYSTEM_ROOTS`, then on PATH.
        major: Only this major version will do, as a data directory of it exists.

    Raises:
        StoreUnavailableError: Nothing fits; the message says what to install.
    """
    found = [_inspect(folder) for folder in _candidate_folders(roots)]
    installed = [programs for programs in found if programs is not None]
    fitting = [p for p in installed if major is None or p.major == major]
    usable = [programs for programs in fitting if programs.has_postgis]
    if usable:
        return max(usable, key=lambda programs: programs.major)
    if major is not None:
        raise StoreUnavailableError(
            f"this home's data were written by PostgreSQL {major}, and no PostgreSQL {major} with "
            f"PostGIS is installed; install it with: sudo apt-get install postgresql-{major} "
            f"postgresql-{major}-postgis-3",
            code="postgresql-version-missing",
        )
    if installed:
        newest = max(programs.major for programs in installed)
        raise StoreUnavailableError(
            f"PostgreSQL {newest} is installed without PostGIS; install it with: "
            f"sudo apt-get install postgresql-{newest}-postgis-3",
            code="postgis-not-installed",
        )
    raise StoreUnavailableError(
        f"PostgreSQL with PostGIS is not installed; install it with: {INSTALL_LINE}, "
        "or set AETHER_DATABASE_URL to a PostGIS database you have",
        code="postgresql-not-installed",
    )


@dataclass(frozen=True)
class ClientPrograms:
    """The programs that write a database into a file and read it back.

    Attributes:
        folder: Holds `pg_dump`, `pg_restore` and `psql`.
        major: Major version.
    """

    folder: Path
    major: int

    def path(self, name: str) -> str:
        """Full path of one program."""
        return str(self.folder / name)


def find_client_programs(major: int, roots: Sequence[Path] | None = None) -> ClientPrograms:
    """The client programs of one major version; a server need not be installed beside them.

    Args:
        major: Of the server they are to speak to: `pg_dump` refuses a newer one, and what it
            writes is read by a server of its own version without losses.
        roots: Folders to look below. None looks in `SYSTEM_ROOTS`, then on PATH.

    Raises:
        StoreUnavailableError: They are not installed; the message says what to install.
    """
    for folder in _candidate_folders(roots, "pg_dump"):
        complete = all((folder / name).is_file() for name in ("pg_restore", "psql"))
        if complete and _major(_output([str(folder / "pg_dump"), "--version"])) == major:
            return ClientPrograms(folder, major)
    raise StoreUnavailableError(
        f"the programs pg_dump, pg_restore and psql of PostgreSQL {major}, the database's version, "
        f"are not installed; install them with: sudo apt-get install postgresql-client-{major}",
        code="postgresql-client-missing",
    )


def _major(version: str) -> int | None:
    match = re.search(r"(\d+)(?:\.\d+|devel|beta\d*|rc\d*)?", version)
    return None if match is None else int(match[1])


def _candidate_folders(roots: Sequence[Path] | None, program: str = "postgres") -> list[Path]:
    folders = [
        folder
        for root in (SYSTEM_ROOTS if roots is None else roots)
        for folder in sorted(root.glob("*/bin"))
    ]
    if roots is None:
        on_path = shutil.which(program)
        if on_path is not None:
            folders.append(Path(on_path).resolve().parent)
    return [folder for folder in folders if (folder / program).is_file()]


def _inspect(folder: Path) -> Programs | None:
    """Version and PostGIS of one folder; None when its programs do not run."""
    version = _output([str(folder / "postgres"), "--version"])
    major = _major(version)
    if major is None or not (folder / "initdb").is_file():
        return None
    share = _output([str(folder / "pg_config"), "--sharedir"])
    has_postgis = bool(share) and (Path(share) / "extension" / "postgis.control").is_file()
    return Programs(folder=folder, major=major, has_postgis=has_postgis)


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
