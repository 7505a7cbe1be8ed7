"""A release of CityRep in a folder: what it holds, what of it is asked for, and what is missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from aether_core.cityrep.embeddings.registry import source_of
from aether_core.cityrep.files import read_json, read_records
from aether_core.cityrep.protocols import Protocol
from aether_core.cityrep.registry import (
    MANIFEST_FILE,
    REGISTRY_FILE,
    ManifestRow,
    TaskEntry,
    file_of,
    manifest_rows,
    task_entries,
)
from aether_core.cityrep.splits import split_path
from aether_core.errors import AetherError, InputError
from aether_core.files.source import plain_folder

Kind = Literal["model", "city", "task"]
_NO_SUCH: Final = MappingProxyType(
    {
        "model": "cityrep-no-such-model",
        "city": "cityrep-no-such-city",
        "task": "cityrep-no-such-task",
    }
)


class IncompleteReleaseError(InputError):
    """Files of a release are not there; the message names every one.

    Attributes:
        missing: Their paths, relative to the release's folder.
    """

    code = "cityrep-incomplete"

    def __init__(self, missing: Sequence[str], remedy: str) -> None:
        several = "files are" if len(missing) > 1 else "file is"
        # Not cut short as other values are: whoever downloads them has to know all.
        AetherError.__init__(
            self,
            f"the CityRep folder is incomplete, {len(missing)} {several} missing: "
            f"{', '.join(missing)}; {remedy}",
        )
        self.missing = tuple(missing)


@dataclass(frozen=True)
class Skipped:
    """A model that is not evaluated on a task.

    Attributes:
        reason: Why, in a sentence.
    """

    model: str
    city: str
    task: str
    reason: str


@dataclass(frozen=True)
class Release:
    """A release.

    Attributes:
        folder: Where it lies.
        tasks: By id, in the registry's order.
        rows: Of the manifest, in its order.
    """

    folder: Path
    tasks: dict[str, TaskEntry]
    rows: tuple[ManifestRow, ...]

    def chosen_tasks(self, cities: Sequence[str], tasks: Sequence[str]) -> list[TaskEntry]:
        """The tasks asked for, in the registry's order.

        Args:
            cities: Names; all when empty.
            tasks: Names or ids; all when empty.

        Raises:
            InputError: A name is unknown, or no task has both.
        """
        entries = list(self.tasks.values())
        _check_names(cities, [one.city for one in entries], "city")
        named = [one.task for one in entries]
        _check_names([one for one in tasks if one not in self.tasks], named, "task")
        found = [
            one
            for one in entries
            if (not cities or one.city in cities)
            and (not tasks or one.task in tasks or one.task_id in tasks)
        ]
        if not found:
            raise InputError(
                "the release has none of these tasks in these cities",
                f"{', '.join(tasks)} in {', '.join(cities)}",
                "choose others",
                code="cityrep-nothing-chosen",
            )
        return found

    def chosen_rows(self, models: Sequence[str], tasks: Iterable[TaskEntry]) -> list[ManifestRow]:
        """The manifest's rows of models on tasks, also those the release does not have.

        Args:
            models: Names; all when empty.
            tasks: From `chosen_tasks`.

        Raises:
            InputError: A name is unknown, or a row's kind of embedding is.
        """
        _check_names(models, [one.model for one in self.rows], "model")
        ids = {one.task_id for one in tasks}
        found = [
            one for one in self.rows if one.task_id in ids and (not models or one.model in models)
        ]
        for one in found:
            source_of(one.config, f"{one.model} on {one.task_id}")
        return found

    def needed_for(self, entry: TaskEntry, protocol: Protocol) -> list[Path]:
        """The files without which nothing can be evaluated on a task."""
        return [
            file_of(self.folder, entry.samples_path, of_data=True),
            split_path(self.folder, protocol.name, entry.task_id),
        ]

    def labels_of(self, entry: TaskEntry) -> list[Path]:
        """The task's raster, where it has one."""
        if entry.labels_path is None:
            return []
        return [file_of(self.folder, entry.labels_path, of_data=True)]

    def missing(self, paths: Iterable[Path]) -> list[str]:
        """Those that are not there, relative to the folder, each once."""
        return list(
            dict.fromkeys(
                one.relative_to(self.folder).as_posix() for one in paths if not one.is_file()
            )
        )


def open_release(folder: str | Path) -> Release:
    """Read what a release says of itself.

    Args:
        folder: That of the published repository after its download: it holds `data`, `splits` and
            `baselines`.

    Raises:
        NotFoundError: There is no such folder.
        IncompleteReleaseError: Registry or manifest are missing.
        InputError: Either cannot be used, or the manifest names tasks that the registry lacks.
    """
    place = plain_folder(folder)
    missing = [name for name in (REGISTRY_FILE, MANIFEST_FILE) if not (place / name).is_file()]
    if missing:
        raise IncompleteReleaseError(missing, "give the folder that holds data and baselines")
    tasks = task_entries(read_json(place / REGISTRY_FILE))
    rows = manifest_rows(read_records(place / MANIFEST_FILE))
    unknown = list(dict.fromkeys(one.task_id for one in rows if one.task_id not in tasks))
    if unknown:
        raise InputError(
            "the manifest names tasks that the registry does not have",
            ", ".join(unknown),
            "give registry and manifest of the same release",
            code="cityrep-manifest-unknown-task",
        )
    return Release(place, tasks, tuple(rows))


def _check_names(given: Sequence[str], known: Iterable[str], what: Kind) -> None:
    there = list(dict.fromkeys(known))
    unknown = [one for one in given if one not in there]
    if unknown:
        raise InputError(
            f"the release has no such {what}",
            ", ".join(unknown),
            f"it has {', '.join(there)}",
            code=_NO_SUCH[what],
        )
