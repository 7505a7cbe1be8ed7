"""Workers as the product starts them, but from a process that has loaded their libraries already.

Each is a process of its own that runs the worker's `main`. Only the seconds that every Python
needs to load torch, scikit-learn and the like are spent once a test session. That a worker also
starts from its command line is shown by the tests of `up` and of the commands.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

from workflows.jobs import worker
from workflows.store import Store

FORKS = multiprocessing.get_context("forkserver")
"""Makes processes that have loaded what follows."""
FORKS.set_forkserver_preload(
    [
        *(f"workflows.{name}" for name in ("jobs.worker", "training", "study_job", "fetch_job")),
        *(f"aether_core.text.{name}" for name in ("bert", "minilm")),
        *(f"sklearn.{name}" for name in ("linear_model", "model_selection", "metrics")),
        "mapie.classification",
        "aether_core.model.trainer",
    ]
)


class WarmWorker:
    """What a test needs of `subprocess.Popen`."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("worker", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_worker(store: Store, lane: str, *, until_idle: bool) -> WarmWorker:
    """Start a worker, as `workflows.jobs.queue.start_worker` does."""
    settings = store.settings
    settings.logs.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "AETHER_HOME": str(settings.home),
        "AETHER_DATABASE_URL": settings.database_url or "",
    }
    words = ["--lane", lane, *(["--until-idle"] if until_idle else [])]
    process = FORKS.Process(
        target=_work, args=(words, environment, settings.logs / "worker.log"), daemon=True
    )
    process.start()
    return WarmWorker(process)


def _work(words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Be the worker, in the new process."""
    os.setsid()
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["worker", *words]
    worker.main()
