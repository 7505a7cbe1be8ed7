"""Errors of a reader, told by its process and raised anew in the one that asked."""

from collections.abc import Iterator
from typing import Any, Literal

from aether_core.errors import AetherError, InputError
from aether_core.reading.limits import ReadingLimits

Reason = Literal["memory", "time", "size", "depth", "crash"]


class UnreadableFileError(InputError):
    """A file was given up because reading it broke a limit or the reader.

    Attributes:
        reason: "memory", "time", "size" (of what it holds), "depth" (of nesting) or "crash".
    """

    code = "unreadable-file"

    reason: Reason = "crash"


class UnforeseenReadingError(AetherError):
    """A reader failed in a way it should not: an internal error.

    Attributes:
        details: The traceback in the reader's process.
    """

    code = "internal"

    details: str = ""


def given_up(reason: Reason, file: str, limits: ReadingLimits) -> UnreadableFileError:
    """Return the error for a file that was given up.

    Args:
        reason: See `UnreadableFileError`.
        file: Name of the file.
        limits: Those it was read with.
    """
    cut = "cut it to the city or simplify its shapes"
    megabytes = f"{limits.memory_bytes / 1024**2:,.0f} MB"
    what, remedy = {
        "memory": (
            f"reading the file takes more than the {megabytes} of memory allowed",
            f"{cut}, or ask the operator to raise AETHER_READ_MEMORY_MB",
        ),
        "time": (
            f"reading the file takes more than the {limits.seconds:,.0f} seconds allowed",
            f"{cut}, or ask the operator to raise AETHER_READ_SECONDS",
        ),
        "size": (
            f"the file holds more than {limits.result_bytes / 1024**2:,.0f} MB once read",
            cut,
        ),
        "depth": ("the file is nested too deeply", "export it again without nested values"),
        "crash": ("reading the file crashed", "it is damaged: export it again"),
    }[reason]
    error = UnreadableFileError(what, file, remedy)
    error.reason = reason
    return error


def error_document(error: AetherError) -> dict[str, Any]:
    """Describe an error as JSON: the names of its classes, its message, its own attributes."""
    return {
        "classes": [_name(kind) for kind in type(error).__mro__ if issubclass(kind, AetherError)],
        "message": str(error),
        "attributes": {
            name: value
            for name, value in vars(error).items()
            if isinstance(value, str | int | float | bool | None)
            or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        },
    }


def error_from(document: dict[str, Any]) -> AetherError:
    """Return the error a document describes, of the nearest class known in this process."""
    known = {_name(kind): kind for kind in _subclasses(AetherError)}
    kind = next((known[name] for name in document["classes"] if name in known), AetherError)
    error = kind.__new__(kind)
    error.args = (str(document["message"]),)
    vars(error).update(document["attributes"])
    return error


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _subclasses(kind: type[AetherError]) -> Iterator[type[AetherError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _subclasses(below)
