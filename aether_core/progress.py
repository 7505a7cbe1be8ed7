"""How long work reports where it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (stage in plain words, done, total). Raising `CancelledError` stops the work."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report nothing."""
