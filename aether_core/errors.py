"""The one error root. Every message names what is wrong, the value, and what to try."""

from typing import ClassVar


class AetherError(Exception):
    """Root of every error this project raises on purpose.

    Attributes:
        code: What kind of error it is, for programs; it stays when a message is worded anew.
        exit_code: What a command ends with when this error reaches it.
    """

    code: ClassVar[str] = "error"
    exit_code = 1


class InputError(AetherError):
    """The user's input cannot be used.

    Args:
        what: What is wrong, in plain words, without a full stop.
        value: The value that was given; shortened when long.
        remedy: What to try instead, without a full stop.
    """

    code = "invalid-input"
    exit_code = 2

    def __init__(self, what: str, value: object, remedy: str) -> None:
        shown = " ".join(str(value).split())
        if len(shown) > 120:
            shown = shown[:117] + "..."
        super().__init__(f"{what}: {shown}; {remedy}")


class NotFoundError(InputError):
    """A city, model, run, layer or file that was named does not exist."""

    code = "not-found"


class DamagedFileError(InputError):
    """A file of the store no longer holds what was put into it."""


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
