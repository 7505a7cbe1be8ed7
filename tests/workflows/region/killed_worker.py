"""A worker that dies while a region is made."""

import multiprocessing
import os
import signal


class KillsAWorker:
    """Progress of a region: once the first piece is there, one of this process's workers dies.

    Attributes:
        killed: Its number; None before.
    """

    def __init__(self) -> None:
        self.killed: int | None = None

    def __call__(self, stage: str, done: int, _total: int) -> None:
        if stage != "embedding the region" or done != 1 or self.killed is not None:
            return
        workers = (one for one in multiprocessing.active_children() if "Dask" in one.name)
        self.killed = next(workers).pid
        assert self.killed is not None
        os.kill(self.killed, signal.SIGKILL)
