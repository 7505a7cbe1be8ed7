"""Workers as the product starts them, but forked: see `tests.forks`."""

import sys

from tests.forks import Forked
from workflows.home.store import Store
from workflows.jobs.queue import STALLED_SECONDS


def start_worker(
    store: Store, lane: str, *, until_idle: bool, stalled_seconds: float = STALLED_SECONDS
) -> Forked:
    """Start a worker, as `workflows.jobs.queue.start_worker` does.

    Args:
        store: Where the jobs are.
        lane: Which queues it serves.
        until_idle: The worker ends once its queues are empty.
        stalled_seconds: After how long without a sign it takes another one for dead.
    """
    settings = store.settings
    settings.logs.mkdir(parents=True, exist_ok=True)
    environment = {
        "AETHER_HOME": str(settings.home),
        "AETHER_DATABASE_URL": settings.database_url or "",
    }
    words = ["--lane", lane, *(["--until-idle"] if until_idle else [])]
    log = settings.logs / "worker.log"
    return Forked(_be_worker, stalled_seconds, *words, environment=environment, output=log)


def _be_worker(stalled_seconds: float, *words: str) -> None:
    from workflows.jobs import worker

    worker.STALLED_SECONDS = stalled_seconds  # type: ignore[misc]
    be_worker(*words)


def be_worker(*words: str) -> None:
    """Be a worker, as `python -m workflows.jobs.worker` is, but give way to nobody: tests wait."""
    from workflows.jobs import worker

    worker.NICENESS = dict.fromkeys(worker.NICENESS, 0)  # type: ignore[misc]
    sys.argv = ["worker", *words]
    worker.main()
