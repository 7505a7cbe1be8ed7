"""Zip files: one map out of them, unpacked member by member, never handed to GDAL as an archive."""

import re
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from aether_core.errors import InputError
from aether_core.files.zip_files import opened_zip
from aether_core.vector.gdal import PARTS
from aether_core.vector.kinds import kind_of
from aether_core.vector.layers import no_such_layer, several_layers
from aether_core.vector.limits import Limits
from aether_core.vector.packed.geodatabase import FILE_NAME as GDB_FILE
from aether_core.vector.packed.geodatabase import SUFFIX as GDB

_TABLES = frozenset(
    {".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".parquet", ".gz", ".xlsx", ".zip"}
)
"""Endings of members that may be anything: they count where nothing else is a map."""
_UNSAFE_LETTERS = re.compile(r"[^\w.-]+")
_SHOWN = 10


@dataclass(frozen=True)
class Unpacked:
    """One map out of an archive.

    Attributes:
        path: Where it lies now; gone when the block ends.
        member: What it is called in the archive.
        layer: The layer of it that the user wants.
        notes: What else the archive holds.
    """

    path: Path
    member: str
    layer: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """A map in an archive.

    Attributes:
        name: Path in the archive of its file, or of a FileGDB's folder.
        suffix: Its ending, lower case.
        members: Its files by what they will be called.
    """

    name: str
    suffix: str
    members: dict[str, zipfile.ZipInfo]

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem


@contextmanager
def unpacked_zip(
    path: Path, wanted: str | None, limits: Limits, *, readable: frozenset[str]
) -> Iterator[Unpacked]:
    """Unpack the one map of a zip into a temporary folder.

    Only its own files are unpacked, under names of our own, so what the members are called
    (absolute, with `..`, in folders) cannot place a file anywhere.

    Args:
        path: A plain local zip file.
        wanted: Which member, where there are several, by path, file name or stem; behind a slash
            may stand the layer of it. Of a single member, its layer.
        limits: `file_bytes` also bounds what is unpacked.
        readable: Endings of the files that can be read.

    Yields:
        Where it lies.

    Raises:
        InputError: Not a zip, damaged, encrypted, with no map or several and none chosen, with
            unsafe member names, or too large.
    """
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            raise InputError(
                "this is not a zip, despite its ending",
                f"{path.name} is {kind_of(path)}",
                "give it the ending of what it is, or zip it again",
                code="file-of-another-format",
            )
    with TemporaryDirectory(prefix="aether-zip-") as folder:
        with opened_zip(path) as archive:
            found = _candidates(_members(archive, path), readable)
            chosen, layer, notes = _chosen(found, wanted, path, archive.namelist())
            _check_parts(chosen, path)
            limits.check_bytes(sum(one.file_size for one in chosen.members.values()), path)
            stem = _UNSAFE_LETTERS.sub("_", chosen.stem).strip(".")[:60] or "layer"
            root = Path(folder)
            if chosen.suffix == GDB:
                root /= f"{stem}{GDB}"
                root.mkdir()
            for name, member in chosen.members.items():
                _extract(archive, member, root / (name if root.suffix == GDB else stem + name))
        target = root if chosen.suffix == GDB else root / f"{stem}{chosen.suffix}"
        yield Unpacked(target, chosen.name, layer, notes)


def _members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, their names safe."""
    named = [member for member in archive.infolist() if member.filename]  # damage leaves none
    members = [member for member in named if not member.is_dir()]
    for member in members:
        _refuse_unsafe(member, path)
    # macOS adds a shadow of every file under __MACOSX.
    return [member for member in members if not member.filename.startswith("__MACOSX/")]


def _candidates(members: Sequence[zipfile.ZipInfo], readable: frozenset[str]) -> list[_Candidate]:
    """Return the maps: files that can be read, with their parts, and folders of a FileGDB."""
    together: dict[str, dict[str, zipfile.ZipInfo]] = defaultdict(dict)
    folders: dict[str, dict[str, zipfile.ZipInfo]] = defaultdict(dict)
    for member in members:
        name = PurePosixPath(member.filename)
        together[str(name.with_suffix("")).casefold()][name.suffix.lower()] = member
        folders[str(name.parent)][name.name] = member
    databases = {
        folder: files
        for folder, files in folders.items()
        if any(name.lower().endswith(".gdbtable") for name in files)
    }
    found = [
        _Candidate(
            folder if folder != "." else "FileGDB",
            GDB,
            {name: member for name, member in files.items() if GDB_FILE.fullmatch(name)},
        )
        for folder, files in databases.items()
    ]
    for member in members:
        name = PurePosixPath(member.filename)
        suffix = name.suffix.lower()
        if suffix not in readable or str(name.parent) in databases:
            continue
        needed, optional = PARTS.get(suffix, (set[str](), set[str]()))
        beside = together[str(name.with_suffix("")).casefold()]
        parts = {end: beside[end] for end in sorted(needed | optional) if end in beside}
        found.append(_Candidate(member.filename, suffix, {suffix: member, **parts}))
    return found


def _chosen(
    found: list[_Candidate], wanted: str | None, path: Path, names: list[str]
) -> tuple[_Candidate, str | None, tuple[str, ...]]:
    """Return the map to read, the layer of it, and what else there is."""
    maps = [one for one in found if one.suffix not in _TABLES] or found
    if not maps:
        listed, kind = ", ".join(names[:_SHOWN]), kind_of(path)
        raise InputError(
            f"{path.name} has no file that can be read",
            f"it holds {listed}" if kind.startswith("a zip archive") else f"it is {kind}",
            "zip a Shapefile with all its parts, or another map",
            code="zip-without-map",
        )
    named, layer = _named(found, wanted)
    if len(named) == 1 and (len(maps) > 1 or named[0] not in maps):
        return named[0], layer, ()
    if len(maps) == 1:
        others = [one.name for one in found if one not in maps]
        notes = (f"The zip also holds {', '.join(others)}, which was not read.",) if others else ()
        return maps[0], layer if named else wanted, notes
    names = [one.name for one in (named or maps)[:_SHOWN]]
    if wanted is not None and not named:
        raise no_such_layer(path, wanted, names)
    raise several_layers(path, names, "holds several maps")


def _named(found: list[_Candidate], wanted: str | None) -> tuple[list[_Candidate], str | None]:
    """Return the members a user may mean, the most exact ones, and the layer behind the slash."""
    if wanted is None:
        return [], None
    cuts = [at for at in range(1, len(wanted)) if wanted[at] == "/"]
    for end in (len(wanted), *reversed(cuts)):
        name, layer = wanted[:end].casefold(), wanted[end + 1 :] or None
        for spelled in (_path, _file_name, _stem):
            named = [one for one in found if spelled(one) == name]
            if named:
                return named, layer
    return [], None


def _path(one: _Candidate) -> str:
    return one.name.casefold()


def _file_name(one: _Candidate) -> str:
    return PurePosixPath(one.name).name.casefold()


def _stem(one: _Candidate) -> str:
    return one.stem.casefold()


def _check_parts(chosen: _Candidate, path: Path) -> None:
    needed = PARTS.get(chosen.suffix, (set[str](), set[str]()))[0]
    missing = sorted(needed - set(chosen.members))
    if missing:
        raise InputError(
            f"{chosen.name} in {path.name} lacks parts",
            ", ".join(missing),
            "zip all its parts",
            code="shapefile-lacks-parts",
        )


def _refuse_unsafe(member: zipfile.ZipInfo, path: Path) -> None:
    """Refuse names that would leave the folder, and encrypted members."""
    name = member.filename
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
        raise InputError(
            f"{path.name} holds a file with an unsafe name",
            name,
            "zip its files again",
            code="zip-with-unsafe-name",
        )
    if member.flag_bits & 0x1:
        raise InputError(
            f"{path.name} is encrypted", name, "zip it without a password", code="zip-encrypted"
        )


def _extract(archive: zipfile.ZipFile, part: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one member. `zipfile` stops at the size the member states."""
    with archive.open(part) as packed, target.open("wb") as file:
        shutil.copyfileobj(packed, file)
