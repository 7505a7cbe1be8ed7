"""One database serves one home: rows name files, and those lie in the home that wrote them.

A second home on the same database would take the jobs of the first, whose files it has not, and
show cities whose files it has not either. Several machines may serve one database where they share
the home's folder.
"""

import os
import socket
from contextlib import suppress
from secrets import token_hex
from typing import Final

from aether_core.errors import ConflictError
from db.cities import folders as folder_rows
from db.jobs import workers as worker_rows
from workflows.home.paths import in_home
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.queue import STALLED_SECONDS

_NAME: Final = "home-id"
_REMEDY: Final = (
    "set AETHER_HOME to the folder they lie in (is its disk mounted?), or AETHER_DATABASE_URL to a "
    "database of this home's own"
)


def signature(settings: Settings) -> str:
    """What a worker signs its rows with: its machine, and which home it serves."""
    return f"{socket.gethostname()} {_identity(settings)}"


def check_database_is_ours(store: Store) -> None:
    """See that files which the database names lie in this home.

    Raises:
        ConflictError: None of them does.
    """
    with store.session() as session:
        owned = folder_rows.owned_folders(session)
    named = sorted(owned.rasters | owned.models)
    if named and not any(in_home(store.settings, one).exists() for one in named):
        raise ConflictError(
            "the database names files of another home",
            f"none of {len(named)} lies in {store.settings.home}",
            _REMEDY,
            code="database-of-another-home",
        )


def check_no_other_home(store: Store) -> None:
    """See that no worker of another home serves the database.

    Raises:
        ConflictError: One does.
    """
    with store.session() as session:
        signed = worker_rows.living(session, STALLED_SECONDS)
    mine = _identity(store.settings)
    homes = {tuple(one.rsplit(" ", 1)) for one in signed if " " in one}
    for machine, home in sorted(homes):
        if home != mine:
            raise ConflictError(
                "a worker of another home serves this database",
                f"on {machine}",
                _REMEDY,
                code="database-of-another-home",
            )


def _identity(settings: Settings) -> str:
    """Digits that this home has and no other; made once, and moved with it."""
    path = settings.home / _NAME
    if not path.exists():
        partial = path.with_name(f".{_NAME}.{os.getpid()}.{token_hex(4)}")
        partial.write_text(token_hex(8), encoding="ascii")
        with suppress(FileExistsError):  # another process was there first: its digits count
            os.link(partial, path)
        partial.unlink()
    return path.read_text(encoding="ascii").strip()
