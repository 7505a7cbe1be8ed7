"""A worker that dies while a region is made."""

import os
import signal

import psutil


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
        workers = (
            process
            for process in psutil.Process().children(recursive=True)
            if "spawn_main" in " ".join(process.cmdline())
        )
        self.killed = next(workers).pid
        os.kill(self.killed, signal.SIGKILL)
