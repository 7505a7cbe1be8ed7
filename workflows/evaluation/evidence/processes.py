"""Processes that train and test, each on one thread."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any

from aether_core.model.training.preloading import FIRST_OPTIMIZER_LOADS
from aether_core.progress import Progress

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["workflows.evaluation.evidence.gather", FIRST_OPTIMIZER_LOADS])
"""Processes are forked from one that has loaded what all of them use, once."""

_given: object | None = None
"""What a worker process works on."""


def _begin(shared: object) -> None:
    import torch

    torch.set_num_threads(1)
    global _given  # noqa: PLW0603 - the one thing a process of the pool is given, when it starts
    _given = shared


def given() -> object:
    """What the pool was started with; in a process of it.

    Raises:
        RuntimeError: In another process.
    """
    if _given is None:
        msg = "this process was not started by the pool"
        raise RuntimeError(msg)
    return _given


@contextmanager
def process_pool(shared: object, workers: int | None) -> Iterator[ProcessPoolExecutor]:
    """Processes of one thread each; they end with the block, however it ends.

    Args:
        shared: Copied to each process once, see `given`.
        workers: How many; None takes one a core.
    """
    pool = ProcessPoolExecutor(
        workers or len(os.sched_getaffinity(0)),
        mp_context=_FORKING,
        initializer=_begin,
        initargs=(shared,),
    )
    try:
        yield pool
    except BaseException:
        for process in list(pool._processes.values()):
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def in_turn(
    pool: ProcessPoolExecutor,
    keys: Sequence[Any],
    call: Callable[[Any], tuple[Any, ...]],
    stage: str,
    progress: Progress,
) -> Iterator[tuple[Any, Any]]:
    """Give every key's result as it comes; the stage names what ended last.

    Args:
        pool: The processes.
        keys: Tuples, whose first entry is the name of a case.
        call: Gives the function of a key and its arguments.
        stage: In words.
        progress: Told what is done; raising `CancelledError` stops.
    """
    running: dict[Future[Any], Any] = {pool.submit(*call(key)): key for key in keys}
    done = 0
    while running:
        progress(stage, done, len(keys))
        for future in wait(running, timeout=1.0, return_when=FIRST_COMPLETED).done:
            key = running.pop(future)
            yield key, future.result()  # before anybody can stop it: what is done is taken
            done += 1
            progress(f"{stage}, {key[0]}", done, len(keys))
