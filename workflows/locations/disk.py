"""A folder of a disk."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from aether_core.files.whole import atomic_path
from workflows.locations.location import Stored


@dataclass(frozen=True)
class DiskFolder:
    """A folder of a disk, under the same path for every process that shares it.

    Attributes:
        path: Absolute.
    """

    path: Path

    @property
    def address(self) -> str:
        """Its path."""
        return str(self.path)

    def begin(self, rooms: Sequence[str]) -> None:
        """Make the folder and those in it."""
        for room in ("", *rooms):
            (self.path / room).mkdir(parents=True, exist_ok=True)

    def is_there(self) -> bool:
        """Whether this machine has the folder."""
        return self.path.is_dir()

    def is_empty(self) -> bool:
        """Whether there is no such folder, or nothing in it."""
        return not self.path.exists() or not any(self.path.iterdir())

    def as_file(self) -> "tuple[DiskFolder, str] | None":
        """The folder of a path that is a file, and its name."""
        return (DiskFolder(self.path.parent), self.path.name) if self.path.is_file() else None

    def files(self, under: str = "") -> dict[str, Stored]:
        """Every file below a name, but for the scratch of those that are being written."""
        found = {
            path.relative_to(self.path): path.stat().st_size
            for path in (self.path / under).rglob("*")
            if path.is_file()
        }
        return {
            name.as_posix(): Stored(size, None)
            for name, size in sorted(found.items())
            if not any(part[0] == "." for part in name.parts)
        }

    def read(self, name: str) -> bytes | None:
        """A file, or None where there is none or it cannot be read."""
        try:
            return (self.path / name).read_bytes()
        except OSError:
            return None

    def read_all(self, names: Sequence[str]) -> list[bytes | None]:
        """Files one after the other: a disk has them at once."""
        return [self.read(name) for name in names]

    def write(self, name: str, content: bytes) -> None:
        """Write by rename."""
        with self.writing(name) as path:
            path.write_bytes(content)

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """Write by rename."""
        return atomic_path(self.path / name, force=True)

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """The file itself."""
        path = self.path / name
        if not path.is_file():
            raise FileNotFoundError(str(path))
        yield path

    def version(self, name: str) -> str | None:  # noqa: ARG002
        """None: a file is cut or changed without a trace, so it has to be read."""
        return None

    def workplace(self, name: str, cache: Path) -> Path:  # noqa: ARG002
        """The folder where its files stay."""
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        return folder

    def take(self, path: Path, name: str) -> None:
        """It lies there already, or is moved there."""
        if path != self.path / name:
            path.replace(self.path / name)

    def local_folder(self, name: str, cache: Path) -> Path:  # noqa: ARG002
        """A folder in this one."""
        return self.path / name
