"""The file a backup is: a plain tar, of which a reader here takes only what a writer here writes.

The database and the files are packed as they are: dump, rasters and weights are compressed, or
cannot be. `tar` unpacks it anywhere, and `sha256sum --check SHA256SUMS` checks it; only the home's
own paths are trusted no more than anybody's.
"""

import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, NoReturn

from pydantic import ValidationError

from aether_core.errors import InputError
from workflows.operations.manifest import FORMAT, Content, Head, Manifest

HEAD, DATABASE, MANIFEST, SUMS = (
    "aether-backup.json",
    "database.dump",
    "manifest.json",
    "SHA256SUMS",
)
FILES = "home/"
_BLOCK: Final = tarfile.BLOCKSIZE
_CHUNK: Final = 1 << 20
_MOST_ENTRIES: Final = 500_000
_LONGEST_TEXT: Final = 256 << 20
"""Bytes of the manifest; half a million files take a third of that."""
_LONGEST_NAME: Final = 8192


class BackupWriter:
    """Writes a backup from its beginning to its end.

    Args:
        file: Open for writing, and such that one can go back in it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, name: str, pieces: Iterable[bytes]) -> Content:
        """Add one entry, however long it turns out to be."""
        begin = self._file.tell()
        self._file.write(_header(name, 0))
        sum_, size = hashlib.sha256(), 0
        for piece in pieces:
            sum_.update(piece)
            size += len(piece)
            self._file.write(piece)
        self._file.write(b"\0" * (-size % _BLOCK))
        end = self._file.tell()
        self._file.seek(begin)
        self._file.write(_header(name, size))
        self._file.seek(end)
        return Content(size=size, sha256=sum_.hexdigest())

    def close(self, manifest: Manifest, head: Content) -> None:
        """Add what tells that all of it is there."""
        written = self.add(MANIFEST, [manifest.model_dump_json(indent=1).encode()])
        self.add(SUMS, [_sums(manifest, head.sha256, written.sha256)])
        self._file.write(b"\0" * 2 * _BLOCK)


def _sums(manifest: Manifest, head: str, written: str) -> bytes:
    """What `sha256sum --check` reads."""
    lines = [
        (head, HEAD),
        (manifest.database.sha256, DATABASE),
        *((kept.sha256, FILES + kept.path) for kept in manifest.files),
        (written, MANIFEST),
    ]
    return "".join(f"{digest}  {name}\n" for digest, name in lines).encode()


def _stays_below(name: str) -> bool:
    """Whether a name is a plain path below a folder, written in the one way there is for it."""
    path = PurePosixPath(name)
    plain = bool(name) and str(path) == name and not {"..", "."} & set(path.parts)
    return plain and not path.is_absolute()


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


@dataclass(frozen=True)
class _Entry:
    """Where an entry's content lies in the file."""

    begin: int
    size: int


class BackupReader:
    """A backup whose parts are all there, as its headers and its manifest say.

    Made by `opened_backup`. Whether they hold what was put into them says `check`.

    Attributes:
        head: What any version can read of it.
        manifest: All there is in it.
    """

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file = path, file
        self._entries = self._scan()
        self.head = self._read_head()
        for name in (MANIFEST, SUMS):
            if name not in self._entries:
                self._cut()
        self.manifest = self._read_manifest()
        self._check_names()

    def pieces(self, name: str) -> Iterator[bytes]:
        """The content of an entry, a piece at a time, as long as it is what it should be.

        Raises:
            InputError: It is cut, or not what the manifest says.
        """
        entry, expected = self._entries[name], self._expected(name)
        sum_, left = hashlib.sha256(), entry.size
        with self._path.open("rb") as file:  # one of its own: two may read at a time
            file.seek(entry.begin)
            while left:
                piece = file.read(min(_CHUNK, left))
                if not piece:
                    self._cut()
                left -= len(piece)
                sum_.update(piece)
                yield piece
        if sum_.hexdigest() != expected.sha256:
            self._damaged(name, "its content is not what was put into it")

    def _expected(self, name: str) -> Content:
        if name == DATABASE:
            return self.manifest.database
        return self._files[name]

    def _scan(self) -> dict[str, _Entry]:
        """Go from header to header."""
        entries: dict[str, _Entry] = {}
        length = self._file.seek(0, 2)
        at, long_name = 0, None
        while at < length:
            self._file.seek(at)
            block = self._file.read(_BLOCK)
            if not block.strip(b"\0"):
                return entries
            info = self._info(block, at)
            begin, at = at + _BLOCK, at + _BLOCK + info.size + -info.size % _BLOCK
            if begin + info.size > length:
                self._cut()
            if info.type == tarfile.GNUTYPE_LONGNAME and info.size <= _LONGEST_NAME:
                long_name = self._file.read(info.size).rstrip(b"\0").decode("utf-8", "replace")
                continue
            name, long_name = long_name or info.name, None
            info.name = name
            self._check_entry(info, entries)
            entries[name] = _Entry(begin, info.size)
        return entries

    def _info(self, block: bytes, at: int) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            if at == 0:
                self._unknown()
            if len(block) < _BLOCK:
                self._cut()
            self._damaged(f"the header at byte {at}", "it cannot be read")

    def _check_entry(self, info: tarfile.TarInfo, entries: dict[str, _Entry]) -> None:
        """Refuse whatever we would not have written: other kinds, twice the same, ways out."""
        reason = None
        if info.type != tarfile.REGTYPE or info.size < 0:
            reason = "it is no plain file"
        elif info.name in entries:
            reason = "it is there twice"
        elif len(entries) > _MOST_ENTRIES:
            reason = "there are too many"
        elif not _stays_below(info.name):
            reason = "its name leads out of the home"
        if reason is None and not entries and info.name != HEAD:
            self._unknown()
        if reason is not None:
            raise InputError(
                "the backup holds an entry that no backup has",
                f"{info.name} ({reason})",
                "take a file that ./aether backup has written",
                code="backup-entry-refused",
            )

    def _text(self, name: str) -> bytes:
        entry = self._entries[name]
        if entry.size > _LONGEST_TEXT:
            self._damaged(name, "it is too long")
        self._file.seek(entry.begin)
        return self._file.read(entry.size)

    def _read_head(self) -> Head:
        if HEAD not in self._entries:
            self._unknown()
        try:
            head = Head.model_validate_json(self._text(HEAD))
        except (ValidationError, RecursionError):
            self._unknown()
        if head.format > FORMAT:
            raise newer(self._path, head)
        return head

    def _read_manifest(self) -> Manifest:
        written = self._text(MANIFEST)
        digest = hashlib.sha256(written).hexdigest()
        sums = self._text(SUMS)
        if f"{digest}  {MANIFEST}".encode() not in sums.splitlines():
            self._damaged(MANIFEST, "its content is not what was put into it")
        try:
            manifest = Manifest.model_validate_json(written)
        except (ValidationError, RecursionError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else "too deep"
            self._damaged(MANIFEST, reason)
        head = hashlib.sha256(self._text(HEAD)).hexdigest()
        if manifest.head != self.head or sums != _sums(manifest, head, digest):
            self._damaged(SUMS, "it is not what the manifest says")
        return manifest

    def _check_names(self) -> None:
        """See that just what the manifest names is there, and as long as it says."""
        self._files = {FILES + kept.path: kept for kept in self.manifest.files}
        expected: dict[str, Content] = {DATABASE: self.manifest.database, **self._files}
        for name, content in expected.items():
            if name not in self._entries:
                self._damaged(name, "it is missing")
            if self._entries[name].size != content.size:
                self._damaged(name, f"it has {self._entries[name].size} bytes, not {content.size}")
        others = set(self._entries) - set(expected) - {HEAD, MANIFEST, SUMS}
        if others or len(self._files) != len(self.manifest.files):
            self._damaged(min(others, default=FILES), "the manifest does not name it once")
        folders = {FILES + str(one) for kept in self.manifest.files for one in kept.folders}
        if both := folders & set(self._files):
            self._damaged(min(both), "it is a file and a folder")

    def _cut(self) -> NoReturn:
        raise InputError(
            "the backup is cut off",
            self._path,
            "copy it again, or take another one",
            code="backup-cut",
        )

    def _unknown(self) -> NoReturn:
        raise InputError(
            "the file is no backup of Aether",
            self._path,
            "take one that ./aether backup has written",
            code="backup-unknown",
        )

    def _damaged(self, name: str, reason: str) -> NoReturn:
        raise InputError(
            "the backup is damaged",
            f"{self._path.name}, {name}: {reason}",
            "copy it again, or take another one",
            code="backup-damaged",
        )


def newer(path: Path, head: Head) -> InputError:
    """What is said of a backup that only a later version of the app can read."""
    return InputError(
        "the backup was written by a newer version of Aether",
        f"{path.name} (version {head.app}, revision {head.revision}, format {head.format})",
        "update this installation, then restore it",
        code="backup-of-newer-version",
    )


@contextmanager
def opened_backup(path: Path) -> Iterator[BackupReader]:
    """Open a backup and see that its parts are all there.

    Args:
        path: The file.

    Raises:
        InputError: It cannot be read, is no backup, is cut, damaged, or of a newer version.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(
            "the backup cannot be opened",
            f"{path} ({error.strerror})",
            "give the path of a file that ./aether backup has written",
            code="backup-not-opened",
        ) from error
    with file:
        yield BackupReader(path, file)


def pieces_of(path: Path) -> Iterator[bytes]:
    """The content of a file on the disk, a piece at a time."""
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            yield piece
