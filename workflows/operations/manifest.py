"""What stands in a backup beside the database and the files: what they are, and their checksums."""

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from workflows.home.settings import Settings

FORMAT: Final = 1
"""Of the file; it grows when an older app could not read what is written."""
ROOTS: Final = ("cities", "models", "jobs", "runs")
"""The folders of a home of which files are kept. All others can be made or downloaded again."""
_LONGEST_PATH: Final = 1000
_NOT_TOLD: Final = frozenset({"home", "database_url", "worker_idle_seconds"})


def _checked_path(path: str) -> str:
    """Refuse a path that is not a plain one below one of the folders.

    Raises:
        ValueError: It is not.
    """
    parts = PurePosixPath(path).parts
    plain = path == "/".join(parts) and path.isprintable() and len(path) <= _LONGEST_PATH
    if not plain or len(parts) < 2 or parts[0] not in ROOTS or {".", ".."} & set(parts):
        raise ValueError("no file of a home lies there")
    return path


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Content(_Strict):
    """One file, or the database, as bytes.

    Attributes:
        size: How many.
        sha256: Their checksum.
    """

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"[0-9a-f]{64}")


class KeptFile(Content):
    """One file of the home.

    Attributes:
        path: Relative to the home.
    """

    path: Annotated[str, AfterValidator(_checked_path)]

    @property
    def folders(self) -> list[PurePosixPath]:
        """The folders it lies in."""
        return list(PurePosixPath(self.path).parents)


class KeptCity(_Strict):
    """A city, as people know it."""

    slug: str
    name: str


class Head(BaseModel):
    """What any version can read of a backup.

    Attributes:
        format: See `FORMAT`.
        app: Version of the app that wrote it.
        revision: Of the database's tables.
        created: When, in UTC.
    """

    model_config = ConfigDict(frozen=True)

    format: int
    app: str
    revision: str
    created: datetime


class Manifest(_Strict):
    """All there is in a backup.

    Attributes:
        head: What it is.
        postgresql: Version of the server it was written from.
        postgis: The extension's.
        schema_name: Where the tables are.
        database: The dump.
        files: The files of the home.
        rows: How many each table has.
        cities: The cities.
        settings: What was set, without secrets.
        hidden_settings: Names of what was set and is not told, such as keys.
        missing: Files that rows name and that were not there.
        damaged: Files that did not hold what was once put into them.
    """

    head: Head
    postgresql: str
    postgis: str
    schema_name: str
    database: Content
    files: list[KeptFile]
    rows: dict[Annotated[str, Field(pattern=r"[a-z][a-z0-9_]*")], Annotated[int, Field(ge=0)]]
    cities: list[KeptCity]
    settings: dict[str, str]
    hidden_settings: list[str]
    missing: list[str]
    damaged: list[str]

    @property
    def major(self) -> int:
        """The first number of PostgreSQL's version."""
        return int(self.postgresql.split(".")[0])


def told_settings(settings: Settings) -> tuple[dict[str, str], list[str]]:
    """What was set by the environment: values that are no secret, and names of those that are."""
    told: dict[str, str] = {}
    hidden: list[str] = []
    for name in sorted(settings.model_fields_set - _NOT_TOLD):
        value = getattr(settings, name)
        variable = f"AETHER_{name.upper()}"
        if value is None:
            continue
        if isinstance(value, SecretStr) or _has_login(str(value)):
            hidden.append(variable)
        else:
            told[variable] = str(value)
    return told, hidden


def _has_login(value: str) -> bool:
    """Whether an address may have a name, a password or a key in it."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return bool(parts.scheme and parts.netloc and ("@" in parts.netloc or parts.query))
