"""What processes of their own do to a home, until they are killed."""

import os
import signal
from pathlib import Path

from workflows.home.settings import Settings
from workflows.home.store import open_store
from workflows.jobs.carry_out import carry_out
from workflows.operations.backup import backup
from workflows.operations.restore import restore


def train(home: str, url: str, job_id: int) -> None:
    carry_out(open_store(Settings(home=Path(home), database_url=url)), job_id)


def restore_until(home: str, url: str, file: str, stage: str) -> None:
    """Restore, and die when this stage begins."""

    def passing(words: str, _done: int, _total: int) -> None:
        if words == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    restore(Settings(home=Path(home), database_url=url), Path(file), passing)


def backup_until(home: str, url: str, file: str, number: int) -> None:
    """Write a backup, and be sent a signal once files are written."""

    def passing(words: str, _done: int, _total: int) -> None:
        if words == "saving files":
            os.kill(os.getpid(), number)

    backup(open_store(Settings(home=Path(home), database_url=url)), Path(file), progress=passing)
