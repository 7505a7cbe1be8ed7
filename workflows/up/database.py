"""The private database by itself: started, stopped, looked at, without an `up`."""

from aether_core.errors import ConflictError, InputError
from db.cluster.embedded import ClusterStatus, PrivateCluster
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.up.record import running


def start_database(settings: Settings) -> Store:
    """Start the private cluster and bring its schema up to date.

    Raises:
        InputError: This installation uses another PostGIS.
    """
    return open_store(_private(settings))


def stop_database(settings: Settings) -> None:
    """Stop the private cluster.

    Raises:
        InputError: This installation uses another PostGIS.
        ConflictError: An `up` runs in this home, and would start it again.
    """
    other = running(_private(settings))
    if other is not None:
        raise ConflictError(
            "Aether is running in this home folder and would restart its database",
            other.address,
            "stop everything with ./aether down",
            code="aether-running",
        )
    PrivateCluster(settings.home).stop()


def database_status(settings: Settings) -> ClusterStatus:
    """Whether the private cluster runs.

    Raises:
        InputError: This installation uses another PostGIS.
    """
    return PrivateCluster(_private(settings).home).status()


def _private(settings: Settings) -> Settings:
    if settings.database_url:
        raise InputError(
            "this installation uses another PostGIS",
            "AETHER_DATABASE_URL is set",
            "start and stop that server with its own tools, or unset the variable",
            code="database-not-private",
        )
    return settings
