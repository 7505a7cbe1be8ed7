"""How a job of the worker ends is written to it, whatever it ends in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from aether_core.errors import AetherError, CancelledError, StoreUnavailableError

Mark = Callable[[Session, int], object]
"""Writes down that a job, by its number, has ended in some way."""


@contextmanager
def outcome_written(
    conclude: Callable[[Mark], None], *, cancelled: Mark, failed: Callable[..., Any]
) -> Iterator[None]:
    """Do a job's work in the block; an error in it is told to the job.

    Args:
        conclude: Carries out a mark, in a transaction of its own.
        cancelled: The mark of a job that the user stopped.
        failed: The mark of one that failed; takes `error` and, where it is known, `exit_code`.

    Raises:
        StoreUnavailableError: Nothing can be written down: a worker finds the job without an entry
            in the queue and queues it again.
        Exception: An error of ours, after the job says so.
    """
    try:
        yield
    except CancelledError:
        conclude(cancelled)
    except StoreUnavailableError:
        raise
    except AetherError as error:
        conclude(partial(failed, error=str(error), exit_code=error.exit_code))
    except Exception as error:
        reason = f"an error of ours ({type(error).__name__}); see logs/worker.log"
        conclude(partial(failed, error=reason))
        raise
