"""Where everything is kept: one PostGIS database and one folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from aether_core.errors import InputError
from db.cities import folders as folder_rows
from db.cluster.embedded import PrivateCluster
from db.engine import libpq_url, open_engine, reachable, reading_scope, session_scope
from db.migrate import migrate
from db.sight import limit_sight
from workflows.home.before_migration import keep_before_migration
from workflows.home.reading import apply_reading_limits
from workflows.home.settings import Settings, read_settings


def _all() -> None:
    return None


class _Asking:
    """How this process finds out whose sight a session has."""

    account: Callable[[], str | None] = staticmethod(_all)


def sight_is_told_by(account: Callable[[], str | None]) -> None:
    """Let every session find only the cities that an account may see.

    Args:
        account: Names it for the thread that calls it; None: one who sees all.
    """
    _Asking.account = staticmethod(account)


_seen_by: Final[ContextVar[str | None]] = ContextVar("seen_by", default=None)


@contextmanager
def seen_by(account: str | None) -> Iterator[None]:
    """Let every session of this thread find only what an account may see, within.

    Args:
        account: Its name; None: as for the process.
    """
    token = _seen_by.set(account)
    try:
        yield
    finally:
        _seen_by.reset(token)


def _limit(session: Session) -> None:
    account = _seen_by.get()
    if account is None:
        account = _Asking.account()
    if account is not None:
        limit_sight(session, account)


@dataclass(frozen=True)
class Store:
    """An open store.

    Attributes:
        settings: The settings it was opened with.
        url: SQLAlchemy URL of its database.
        engine: The connection pool; it reconnects by itself after the database was away.
    """

    settings: Settings
    url: str
    engine: Engine

    @property
    def libpq_url(self) -> str:
        """The database's address for psql, pg_dump and QGIS."""
        return libpq_url(self.url)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed at the end of the block, rolled back when it raises.

        Raises:
            StoreUnavailableError: The database cannot be reached.
        """
        with session_scope(self.engine) as session:
            _limit(session)
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A few statements that read, each by itself: what every page asks on every run.

        Raises:
            StoreUnavailableError: The database cannot be reached.
        """
        with reading_scope(self.engine) as session:
            _limit(session)
            yield session


def revive(store: Store) -> bool:
    """See that the database answers; a private cluster that died is started again.

    Returns:
        Whether the store is good for use; not where the cluster had to move its socket, so that
        the store has to be opened anew.

    Raises:
        StoreUnavailableError: It does not answer, or cannot be started.
        DiskFullError: There is no room for it to start.
        DiskReadOnlyError: Its disk takes no changes.
    """
    if database_url(store.settings) != store.url:
        return False
    reachable(store.engine)
    return True


def database_url(settings: Settings) -> str:
    """The database's URL, starting the private cluster when no other PostGIS is set.

    Raises:
        StoreUnavailableError: The private cluster cannot be started.
    """
    if settings.database_url:
        return settings.database_url
    cluster = PrivateCluster(settings.home)
    cluster.start()
    return cluster.url()


def open_store(settings: Settings | None = None) -> Store:
    """Open the store, bringing its schema up to date.

    Args:
        settings: Read from the environment when left out.

    Raises:
        InputError: The home folder cannot be made.
        StoreUnavailableError: The database cannot be reached or started.
    """
    settings = settings or read_settings()
    apply_reading_limits(settings)
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "the home folder cannot be created",
            f"{settings.home} ({error.strerror})",
            "set AETHER_HOME to a folder you can write to",
            code="home-not-writable",
        ) from error
    url = database_url(settings)
    migrate(url, before=partial(keep_before_migration, settings, url))
    store = Store(settings, url, open_engine(url))
    with session_scope(store.engine) as session:  # of all cities, whoever opens it
        folder_rows.make_relative(session, str(settings.home))
    return store
