"""The samples of a task: where they lie, and what is predicted of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from pyproj.exceptions import ProjError

from aether_core.cityrep.files import read_columns
from aether_core.cityrep.registry import TaskEntry, file_of
from aether_core.errors import InputError


@dataclass(frozen=True)
class TaskSamples:
    """The samples of a task, n.

    Attributes:
        entry: The task.
        ids: Object `[n]` of str, each once.
        xy: Float64 `[n, 2]` in the task's CRS; NaN where the table has shapes that are no points.
        cell: Int64 `[n, 2]`, row and column in the task's raster; None for others.
        labels: The task's raster; None for others.
        target: Classes int64 `[n]`, numbers float32 `[n, 1]` on the registered scale, or shares
            float32 `[n, k]`.
        columns: Further columns that embeddings are looked up by.
    """

    entry: TaskEntry
    ids: NDArray[np.object_]
    xy: NDArray[np.float64]
    cell: NDArray[np.int64] | None
    labels: Path | None
    target: NDArray[Any]
    columns: dict[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def outputs(self) -> int:
        """How many numbers a head gives for this task."""
        if self.target.ndim == 1:
            return int(self.target.max()) + 1
        return int(self.target.shape[1])

    @cached_property
    def lonlat(self) -> NDArray[np.float64]:
        """WGS84, float64 `[n, 2]`.

        Raises:
            InputError: As `xy_in`.
        """
        return self.xy_in("EPSG:4326")

    def xy_in(self, crs: str) -> NDArray[np.float64]:
        """The coordinates in another CRS, float64 `[n, 2]`.

        Raises:
            InputError: The samples are no points, or a CRS is none that is known.
        """
        if not np.isfinite(self.xy).all():
            raise InputError(
                "samples of the task are no points, so no embedding can be read where they lie",
                self.entry.task_id,
                "use an embedding with a row for each sample_id",
                code="cityrep-samples-not-points",
            )
        try:
            change = Transformer.from_crs(self.entry.crs, crs, always_xy=True)
        except ProjError as error:
            raise InputError(
                "a coordinate reference system is not known",
                f"{self.entry.crs} or {crs}",
                "correct it in the registry or the manifest",
                code="cityrep-crs-unknown",
            ) from error
        return np.column_stack(change.transform(self.xy[:, 0], self.xy[:, 1]))


def read_samples(folder: Path, entry: TaskEntry, also: Sequence[str] = ()) -> TaskSamples:
    """Read the samples of a task.

    Args:
        folder: The release's.
        entry: The task.
        also: Further columns, where they are there.

    Raises:
        NotFoundError: The table is missing.
        InputError: A column is missing, an id is empty or stands twice, or a label cannot be used.
    """
    path = file_of(folder, entry.samples_path, of_data=True)
    places = ["geometry", "x", "y", "row", "col"]
    table = read_columns(path, [entry.sample_id_col, *entry.labels], [*places, *also])
    ids = _ids(table[entry.sample_id_col], entry)
    has_cells = {"row", "col"} <= table.keys()
    return TaskSamples(
        entry=entry,
        ids=ids,
        xy=_coordinates(table, entry),
        cell=_cells(table, entry) if has_cells else None,
        labels=None
        if entry.labels_path is None
        else file_of(folder, entry.labels_path, of_data=True),
        target=_target(table, entry),
        columns={"sample_id": ids, **{name: table[name] for name in also if name in table}},
    )


def _ids(column: NDArray[Any], entry: TaskEntry) -> NDArray[np.object_]:
    if any(one is None for one in column.tolist()):
        raise InputError(
            "samples of the task have no id",
            entry.task_id,
            "download the release again",
            code="cityrep-sample-without-id",
        )
    ids = column.astype(str).astype(object)
    names, counts = np.unique(ids.astype(str), return_counts=True)
    if len(names) < len(ids) or not len(ids):
        raise InputError(
            "the samples of a task must be there, each with an id of its own",
            f"{entry.task_id}: {', '.join(names[counts > 1][:5]) or 'no samples'}",
            "download the release again",
            code="cityrep-sample-id-repeated" if len(ids) else "cityrep-task-without-samples",
        )
    return ids


def _coordinates(table: dict[str, NDArray[Any]], entry: TaskEntry) -> NDArray[np.float64]:
    if "geometry" in table:
        try:
            shapes = shapely.from_wkt(table["geometry"])
        except (shapely.errors.ShapelyError, TypeError) as error:
            raise InputError(
                "the samples' shapes are no well-known text",
                f"{entry.task_id}: {error}",
                "download the release again",
                code="cityrep-samples-unplaced",
            ) from error
        # Of anything but a point they are NaN, which counts only where coordinates are needed.
        return np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)])
    if not {"x", "y"} <= table.keys():
        raise InputError(
            "the samples have neither geometry nor x and y",
            entry.task_id,
            "download the release again",
            code="cityrep-samples-unplaced",
        )
    return np.column_stack([_numbers(table[name], name, entry) for name in ("x", "y")])


def _cells(table: dict[str, NDArray[Any]], entry: TaskEntry) -> NDArray[np.int64]:
    cells = np.column_stack([_numbers(table[name], name, entry) for name in ("row", "col")])
    whole = np.isfinite(cells) & (cells == np.floor(cells))
    _check(bool(whole.all()), "row, col", entry)
    return cells.astype(np.int64)


def _target(table: dict[str, NDArray[Any]], entry: TaskEntry) -> NDArray[Any]:
    """What is predicted, on the scale it is fitted on."""
    given = np.column_stack([_numbers(table[name], name, entry) for name in entry.labels])
    _check(bool(np.isfinite(given).all()), ", ".join(entry.labels), entry)
    _check(entry.kind.usable(given, entry), ", ".join(entry.labels), entry)
    return entry.kind.target(given, entry)


def _numbers(column: NDArray[Any], name: str, entry: TaskEntry) -> NDArray[np.float64]:
    try:
        return np.asarray(column, dtype=np.float64)
    except (ValueError, TypeError):
        raise _unusable(name, entry) from None


def _check(usable: bool, name: str, entry: TaskEntry) -> None:
    if not usable:
        raise _unusable(name, entry)


def _unusable(name: str, entry: TaskEntry) -> InputError:
    return InputError(
        f"a column of the samples has values that a {entry.task_type} task cannot use",
        f"{name} of {entry.task_id}",
        "download the release again, or correct normalization in the registry",
        code="cityrep-labels-unusable",
    )
