"""The one error root. Every message names what is wrong, the value, and what to try."""

from typing import Any


class AetherError(Exception):
    """Root of every error this project raises on purpose.

    Args:
        message: What is wrong and what to try, in plain words.
        code: What is wrong, for programs; the code of the class when not given.

    Attributes:
        code: Which fault it is, e.g. "raster-without-crs". It stays when a message is worded anew.
        exit_code: What a command ends with when this error reaches it.
    """

    code: str = "error"
    exit_code = 1

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        """Reach another process as it is: what classes are made with is not kept."""
        return _as_it_was, (type(self), self.args, dict(vars(self)))


class InputError(AetherError):
    """The user's input cannot be used.

    Args:
        what: What is wrong, in plain words, without a full stop.
        value: The value that was given; shortened when long, `(empty)` when blank.
        remedy: What to try instead, without a full stop.
        code: What is wrong, for programs.
    """

    code = "invalid-input"
    exit_code = 2

    def __init__(self, what: str, value: object, remedy: str, *, code: str | None = None) -> None:
        shown = " ".join(str(value).split()) or "(empty)"
        if len(shown) > 120:
            shown = shown[:117] + "..."
        super().__init__(f"{what}: {shown}; {remedy}", code=code)


class NotFoundError(InputError):
    """A city, model, run, layer or file that was named does not exist."""

    code = "not-found"


class DamagedFileError(InputError):
    """A file of the store no longer holds what was put into it."""

    code = "damaged-file"


class ConflictError(InputError):
    """The request collides with something already stored or running."""

    code = "conflict"


class DiskFullError(AetherError):
    """There is no room left to write; the user can make some and try again."""

    code = "disk-full"
    exit_code = 2


class DiskReadOnlyError(AetherError):
    """What has to be written lies on a disk that takes no changes."""

    code = "disk-read-only"
    exit_code = 2


class StoreUnavailableError(AetherError):
    """The database cannot be reached or started."""

    code = "store-unavailable"


class CancelledError(AetherError):
    """The user asked for the work to stop."""

    code = "cancelled"


def _as_it_was(
    kind: type[AetherError], args: tuple[Any, ...], facts: dict[str, Any]
) -> AetherError:
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(facts)
    return error
