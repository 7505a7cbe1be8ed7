"""Whether an installation works: cheap enough to be asked every minute, and it changes nothing."""

from dataclasses import dataclass

from aether_core.errors import AetherError, StoreUnavailableError
from db.cluster.embedded import PrivateCluster
from db.engine import open_engine, session_scope
from db.jobs import workers as worker_rows
from workflows.home.settings import Settings
from workflows.jobs.kind import LANES
from workflows.jobs.queue import STALLED_SECONDS


@dataclass(frozen=True)
class Health:
    """What was found.

    Attributes:
        database: Whether the database answers.
        worker: Whether a worker of every queue has given a sign of life lately.
        reason: Why the database does not answer; None when it does.
    """

    database: bool
    worker: bool
    reason: str | None = None

    @property
    def well(self) -> bool:
        """Whether jobs that are started now will be carried out."""
        return self.database and self.worker


def check_health(settings: Settings) -> Health:
    """Ask the database whether it is there and when a worker last reported.

    Starts no cluster and changes no schema. What stands in the way is the answer, not an error.
    """
    try:
        return Health(database=True, worker=_worker_alive(_address(settings)))
    except AetherError as error:
        return Health(database=False, worker=False, reason=str(error))


def _address(settings: Settings) -> str:
    if settings.database_url:
        return settings.database_url
    cluster = PrivateCluster(settings.home)
    if not cluster.status().running:
        raise StoreUnavailableError(
            "the private database is not running; start everything with ./aether up",
            code="database-not-running",
        )
    return cluster.url()


def _worker_alive(url: str) -> bool:
    engine = open_engine(url, statement_timeout_s=10, application_name="aether health")
    try:
        with session_scope(engine) as session:
            return all(
                worker_rows.any_alive(session, queue, STALLED_SECONDS)
                for queues in LANES.values()
                for queue in queues
            )
    finally:
        engine.dispose()
