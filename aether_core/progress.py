"""How long work reports where it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with (stage in plain words, done, total). It may raise `CancelledError` to stop the work."""


def silent(stage: str, done: int, total: int) -> None:  # noqa: ARG001 - the signature of Progress
    """Report nothing."""
