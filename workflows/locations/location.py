"""What code that keeps files asks of the place they lie in, whatever kind it is."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Stored:
    """What a location tells of a file without reading it.

    Attributes:
        bytes: Its size.
        version: What changes whenever its content does; None where nothing does.
    """

    bytes: int
    version: str | None


class Location(Protocol):
    """A place for files, each whole or not there.

    Names are relative, with `/` between their parts. A location travels to other processes as it
    is and holds no keys: each process has its own.
    """

    def __hash__(self) -> int:
        """Equal locations are the same place."""

    @property
    def address(self) -> str:
        """As people write it: a path, or s3://BUCKET/PREFIX."""

    def begin(self, rooms: Sequence[str]) -> None:
        """Make ready for files below these names.

        Raises:
            InputError: Nothing can be written there.
        """

    def is_there(self) -> bool:
        """Whether this process reaches it; why it does not is not said."""

    def is_empty(self) -> bool:
        """Whether nothing lies there."""

    def as_file(self) -> "tuple[Location, str] | None":
        """Where the address names one file: the place it lies in, and its name there."""

    def files(self, under: str = "") -> dict[str, Stored]:
        """Every file, or those below a name, by name in order; none where there is nothing."""

    def read(self, name: str) -> bytes | None:
        """A small file, or None where there is none."""

    def read_all(self, names: Sequence[str]) -> list[bytes | None]:
        """Small files, as `read`, in the order given."""

    def write(self, name: str, content: bytes) -> None:
        """Write a small file, whole, over what is there."""

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Write a file, over what is there: whole where the block ends well, else not at all.

        Yields:
            A path of this machine to write.
        """

    def file(self, name: str) -> AbstractContextManager[Path]:
        """A file as a path of this machine, which holds until the block ends.

        Raises:
            FileNotFoundError: There is none.
        """

    def version(self, name: str) -> str | None:
        """The version of a file, None where the location tells none or there is no such file."""

    def workplace(self, name: str, cache: Path) -> Path:
        """A folder of this machine to make the files below a name in; made when missing.

        What a process that was killed had there is there again.

        Args:
            name: Of the folder.
            cache: Takes it where the location itself is no folder.
        """

    def take(self, path: Path, name: str) -> None:
        """Take in a file that was made in a workplace; no copy stays there."""

    def local_folder(self, name: str, cache: Path) -> Path:
        """A folder of this machine for what is derived from the location's files.

        Args:
            name: Of the folder.
            cache: As for `workplace`.
        """
