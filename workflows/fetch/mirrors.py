"""The mirrors of AlphaEarth that the settings name, asked one after the other."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from aether_core.errors import AetherError, InputError
from aether_core.net import OfflineError, RemoteError, RemoteMissingError

log = structlog.get_logger()

T = TypeVar("T")

_UNUSABLE_INDEX = frozenset({"mirror-index-unreadable", "mirror-index-damaged"})


def first_that_serves(mirrors: Sequence[str], ask: Callable[[str], T]) -> T:
    """Ask the first mirror, and the next where that one is not there or not as it should be.

    That a mirror lacks an area or a year is its answer, and no reason to ask another.

    Args:
        mirrors: Their addresses, at least one.
        ask: What is asked of one.

    Returns:
        What the first that serves answered.

    Raises:
        OfflineError: None of them can be reached.
        RemoteError: None serves; the error is of the first that could be reached.
        InputError: The same, where it has nothing at the address.
    """
    failures: list[AetherError] = []
    for mirror in mirrors:
        try:
            return ask(mirror)
        except (OfflineError, RemoteError, InputError) as error:
            if not _is_the_mirrors_fault(error):
                raise
            failures.append(error)
            log.warning("mirror does not serve", mirror=mirror, code=error.code, reason=str(error))
    raise next((one for one in failures if not isinstance(one, OfflineError)), failures[0])


def _is_the_mirrors_fault(error: AetherError) -> bool:
    if isinstance(error, OfflineError | RemoteError | RemoteMissingError):
        return True
    return error.code in _UNUSABLE_INDEX
