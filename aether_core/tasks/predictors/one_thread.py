"""Small fits on one thread: shared out among several, they wait longer than they compute."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

_WITH_THREADS = frozenset({"numkong", "scipy.linalg", "sklearn", "torch"})
"""What brings a pool of threads of its own when it is loaded, which may be after the first fit."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep linear algebra to one thread while a fit of a few thousand rows runs.

    L-BFGS asks for thousands of products of less than a millisecond. Threads that share such a
    product wait for each other by spinning, and on busy cores for whole time slices: 51 fits of
    3,920 rows took 241 s of processor and 401 s by the clock on two busy cores, with one thread
    11 s and 13 s. The order of sums, and so a fit's last digits, no longer hangs on the machine's
    number of cores either.
    """
    with _controller(_WITH_THREADS.intersection(sys.modules)).limit(limits=1):
        yield


@cache
def _controller(_loaded: frozenset[str]) -> ThreadpoolController:
    """Libraries that share work among threads, found once: a search costs 25 ms, as a fit may."""
    return ThreadpoolController()
