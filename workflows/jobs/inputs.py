"""The files a job reads: copies of what the user gave, in the job's own folder.

A job outlives the page or the command that asked for it, so it never reads a user's file where
that lies: the user may change or delete it, and an upload goes when its visitor goes.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from aether_core.errors import InputError
from aether_core.files.source import plain_file
from workflows.home.store import Store

R = TypeVar("R")
INPUTS: Final = "inputs"
OUTPUTS: Final = "outputs"
_BESIDE: Final = (".tfw", ".tifw", ".wld")
"""Endings of the files that belong to an image of the same stem."""
_APPENDED: Final = (".aux.xml",)


def job_folder(store: Store, job_id: int) -> Path:
    """Where a job keeps its files."""
    return store.settings.jobs / str(job_id)


def keep_inputs(store: Store, job_id: int, request: R) -> R:
    """Copy the files a request names into the job's folder.

    Uploads of this home are linked: nobody changes them any more.

    Returns:
        The request with each path relative to the job's folder.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read.
    """
    # Loads geopandas: a worker that never gets a job with files starts without.
    from aether_core.vector.packed.geodatabase import geodatabase_files, is_geodatabase

    folder = job_folder(store, job_id)
    shutil.rmtree(folder, ignore_errors=True)  # a home outlives its database
    found: dict[Path, Path] = {}

    def kept(path: Path) -> Path:
        whole = is_geodatabase(path)
        if not whole:
            plain_file(path)
        if path.absolute() in found:  # one file given twice stays one
            return found[path.absolute()]
        target = Path(INPUTS) / str(len(found)) / path.name
        found[path.absolute()] = target
        is_upload = store.settings.uploads in path.absolute().parents
        into = folder / target if whole else (folder / target).parent
        into.mkdir(parents=True)
        for source in geodatabase_files(path) if whole else _with_companions(path):
            _keep(source, into / source.name, link=is_upload)
        return target

    try:
        changed: R = with_paths(request, kept)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return changed


def kept_inputs(store: Store, job_id: int, request: R) -> R:
    """The request of `keep_inputs` with paths that can be opened."""
    folder = job_folder(store, job_id)
    opened: R = with_paths(request, lambda path: folder / path)
    return opened


def forget_inputs(store: Store, job_id: int) -> None:
    """Delete the files a job no longer needs."""
    shutil.rmtree(job_folder(store, job_id) / INPUTS, ignore_errors=True)


def forget_outputs(store: Store, job_id: int) -> None:
    """Delete what a job that will not end well has written."""
    shutil.rmtree(job_folder(store, job_id) / OUTPUTS, ignore_errors=True)


def with_paths(value: Any, change: Callable[[Path], Path]) -> Any:  # noqa: ANN401 - any request
    """The value with every path in it changed, in the order of its fields.

    Args:
        value: A request: a dataclass, or a list or value within one.
        change: Says what becomes of a path.
    """
    if isinstance(value, Path):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)(with_paths(inner, change) for inner in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: with_paths(getattr(value, field.name), change)
            for field in fields(value)
            if field.init
        }
        return replace(value, **changed)
    return value


def _with_companions(path: Path) -> Iterator[Path]:
    from aether_core.vector.packed.beside import parts_beside

    yield path
    yield from parts_beside(path)
    beside = [path.with_suffix(suffix) for suffix in _BESIDE]
    beside += [path.with_name(path.name + suffix) for suffix in _APPENDED]
    yield from (one for one in beside if one != path and one.is_file())


def _keep(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
        except OSError:
            pass  # another file system: copied like any other file
        else:
            return
    try:
        shutil.copyfile(source, target)
    except PermissionError:
        raise InputError(
            "the file may not be read", source, "change its permissions", code="file-not-permitted"
        ) from None
