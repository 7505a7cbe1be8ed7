"""The files of a city's embedding in the home: all of them or none, and whether they are whole."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aether_core.eo.embedding import Embedding, open_embedding
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.table.embedding import TableEmbedding
from aether_core.errors import AetherError, DiskFullError
from aether_core.files.checksums import check_sha256
from aether_core.files.whole import synchronise
from aether_core.progress import Progress, silent
from aether_core.vector.packed.beside import parts_beside
from db.schema import Raster
from workflows.home.owned_folders import staged
from workflows.home.paths import folder_in, in_home
from workflows.home.settings import Settings
from workflows.home.store import Store

_LONGEST_NAME_BYTES = 200


@contextmanager
def files_staged(
    store: Store, files: Sequence[Path], *, link: bool = False
) -> Iterator[tuple[Path, list[str]]]:
    """Copy files into a folder of the home that is to be given its place by `NewFolders.place`.

    Args:
        store: Where they are to lie.
        files: The files.
        link: Share the files' blocks instead of copying them, for files that nobody changes any
            more; where the file system cannot do that, they are copied.

    Yields:
        The folder, and the name of each file in it.

    Raises:
        DiskFullError: There is no room.
        AetherError: A file cannot be copied.
    """
    with staged(store.settings.cities) as folder:
        names = [f"{index:03d}-{_shortened(path.name)}" for index, path in enumerate(files)]
        for source, name in zip(files, names, strict=True):
            for part, called in _parts(source, folder / name):
                if not (link and _linked(part, called)):
                    _copy(part, called)
        yield folder, names


def open_city_embedding(
    settings: Settings, embedding: str, rasters: Sequence[Raster], progress: Progress = silent
) -> Embedding:
    """Open the files of a city's embedding for reading, after seeing that they are what they were.

    Args:
        settings: Of the store.
        embedding: Name of the embedding.
        rasters: The records of the files, all of one city and year.
        progress: Told while the files are checked.

    Returns:
        What pools pixels or samples. Areas are pooled by `workflows.cities.area_vectors`.

    Raises:
        NotFoundError: A file is gone.
        DamagedFileError: One is not what was added.
        InputError: They cannot be read.
    """
    files = checked_files(settings, rasters, progress)
    stated = {raster.crs for raster in rasters if not FILE_KINDS[raster.kind].states_crs}
    said = stated - {TableEmbedding.crs}
    crs = said.pop() if said else None
    return open_embedding(files, kind=embedding, crs=crs, as_points=True, progress=progress)


def checked_files(
    settings: Settings, rasters: Sequence[Raster], progress: Progress = silent
) -> list[Path]:
    """Where files of a city's embedding lie, after seeing that they are what they were.

    Raises:
        NotFoundError: A file is gone.
        DamagedFileError: One is not what was added.
    """
    files = [in_home(settings, raster.path) for raster in rasters]
    for done, (raster, file) in enumerate(zip(rasters, files, strict=True)):
        progress("checking the city's files", done, len(files))
        check_sha256(
            file,
            raster.sha256,
            remedy="restore the file from a backup of the home folder, or remove the city (or "
            "this year) and add it again",
        )
    return files


def raster_folders(settings: Settings, rasters: Iterable[Raster]) -> list[Path]:
    """The folders of this home that hold the files of these records and nothing else.

    Files of another home are not this one's to remove.
    """
    files = (in_home(settings, raster.path) for raster in rasters)
    folders = dict.fromkeys(file.parent for file in files)
    return [folder for folder in folders if folder_in(settings.cities, folder) is not None]


def _parts(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """A file and where it goes, with those that belong to it: a Shapefile is several files."""
    beside = [(one, target.with_suffix(one.suffix)) for one in parts_beside(source)]
    return [(source, target), *beside]


def _shortened(name: str) -> str:
    """A file's name as the store can keep it, its end where the whole would be too long."""
    name = name.encode(errors="replace").decode()
    while len(os.fsencode(name)) > _LONGEST_NAME_BYTES:
        name = name[1:]
    return name


def _linked(source: Path, target: Path) -> bool:
    """Whether the file could be given a second name instead of a copy."""
    try:
        os.link(source, target)
    except OSError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
        synchronise(target)  # the row that is committed next must not outlive the file
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        kind = DiskFullError if full else AetherError
        raise kind(
            f"{source.name} could not be copied to {target.parent}: {error.strerror}; "
            "free some space, and add the city again",
            code="disk-full" if full else "file-not-copied",
        ) from error
