"""Errors that nobody put into words on their way: what they mean, where the details are kept."""

import secrets
import tempfile
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from aether_core.errors import AetherError
from aether_core.files.disk import disk_error, origins
from db import engine
from db.cluster.place import known_place
from workflows.home.log_output import rotate
from workflows.home.settings import Settings, read_settings

LOG = "errors.log"
REQUEST = "request"
"""What a request's name is called in log lines."""


def in_plain_words(error: BaseException) -> AetherError | None:
    """What an error means for the user; None when it is a defect of ours.

    The database and the disks have their say, whichever library they spoke through.
    """
    if isinstance(error, AetherError):
        return error
    for one in origins(error):
        plain = engine.in_plain_words(one) if isinstance(one, DBAPIError | psycopg.Error) else None
        if plain is not None:
            return plain
    return disk_error(error, _written_to(_settings()))


def note(error: BaseException) -> tuple[Path, str] | None:
    """Keep an error's traceback in the home's log, under a short id.

    Returns:
        The log and the id; None when nothing can be written there.
    """
    settings = _settings()
    if settings is None:
        return None
    reference = secrets.token_hex(4)
    with suppress(OSError):
        settings.logs.mkdir(parents=True, exist_ok=True)
        log = settings.logs / LOG
        rotate(log)
        with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
            when = datetime.now(UTC).isoformat(timespec="seconds")
            request = structlog.contextvars.get_contextvars().get(REQUEST)
            asked = f" request {request}" if request else ""
            file.write(f"{when} error {reference}{asked}\n")
            file.writelines(traceback.format_exception(error))
        return log, reference
    return None


def _settings() -> Settings | None:
    """The installation's settings; None where they are what is wrong."""
    with suppress(ValueError, RuntimeError, OSError):
        return read_settings()
    return None


def _written_to(settings: Settings | None) -> list[Path]:
    """Folders this installation writes to, the likeliest to be full first."""
    folders = [Path(tempfile.gettempdir())]
    if settings is None:
        return folders
    with suppress(AetherError):
        if settings.database_url is None and (place := known_place(settings.home)) is not None:
            folders.insert(0, place.data)
    return [settings.home, *folders]
