"""How many threads torch shares one operation among."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Let torch work on one thread in each of ours, and yield how many threads it had.

    Threads that share an operation wait for each other at each of its ends, and on a busy machine
    for whoever else computes: work that comes in parts is shared out by part instead.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)
