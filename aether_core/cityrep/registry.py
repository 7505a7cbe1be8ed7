"""What a release says it holds: the registry of tasks and the manifest of embeddings."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aether_core.cityrep.task_kinds import TASK_KINDS, TaskKind
from aether_core.errors import InputError

REGISTRY_FILE = "data/tasks.json"
MANIFEST_FILE = "baselines/registry/embedding_manifest.csv"

TaskType = Literal["classification", "regression", "distribution"]
_TRUE = frozenset({"1", "true", "yes", "y"})


def _inside(path: str) -> str:
    """Refuse a path that leads out of the release's folder."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or pure.is_absolute() or ".." in pure.parts:
        raise ValueError("not a path inside the release's folder")
    return path


Inside = Annotated[str, AfterValidator(_inside)]
Word = Annotated[str, Field(min_length=1, max_length=200)]


class _Entry(BaseModel):
    """What the release says beside this, such as licences, is not needed to evaluate."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TaskEntry(_Entry):
    """A task of one city, as the registry has it.

    Attributes:
        task_id: `<city>.<task>.<year>`.
        task_type: What is predicted.
        source_type: `samples`, a table; no released task is made of pixels.
        samples_path: The table, relative to `data`.
        sample_id_col: Its column of ids.
        crs: What its coordinates are in.
        labels_path: GeoTIFF on whose cells the samples are, relative to `data`; None for others.
        label_col: The column of classes or numbers.
        label_cols: The columns of shares.
        normalization: Scale that numbers are brought to, over the whole table before any split.
        renormalize_distribution: Whether shares are brought to sum 1.
        availability: Says so where the task cannot be evaluated from the release.
    """

    task_id: Word
    task_type: TaskType
    source_type: Literal["samples"] = "samples"
    city: str = ""
    task: str = ""
    samples_path: Inside
    sample_id_col: Word = "sample_id"
    crs: Word = "EPSG:4326"
    labels_path: Inside | None = None
    label_col: Word = "label"
    label_cols: tuple[Word, ...] | None = None
    normalization: Literal["zscore", "log1p_zscore", "none"] = "zscore"
    renormalize_distribution: bool = True
    availability: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_id(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        """City and task are parts of the id where they do not stand beside it."""
        if not isinstance(given, Mapping):
            return given
        parts = str(given.get("task_id", "")).split(".")
        named = dict(zip(("city", "task"), parts, strict=False)) if len(parts) > 1 else {}
        return {**named, **{key: value for key, value in given.items() if value is not None}}

    @property
    def kind(self) -> TaskKind:
        """What its `task_type` stands for."""
        return TASK_KINDS[self.task_type]

    @property
    def labels(self) -> tuple[str, ...]:
        """The columns of what is predicted."""
        if self.kind.has_shares and self.label_cols is not None:
            return self.label_cols
        return (self.label_cols or (self.label_col,))[:1]


class EmbeddingConfig(_Entry):
    """Where an embedding lies and how its rows are found, as the manifest has it.

    Attributes:
        type: `raster`, or one of the names of a table; that of the manifest's row where missing.
        path: The file, relative to the release's folder.
        embedding_cols: Columns of the vectors; every column of numbers when None.
        embedding_dim: How long the vectors are, where it is said.
        x_col: Column of coordinates in a table of points.
        y_col: The other.
        crs: What they are in.
        entity_id_col: Column that names the entities; without it the nearest is taken.
        task_entity_id_col: Column of the samples that names them, too.
        max_distance: How far the nearest may be, in units of `crs`.
        region_id_col: Column that names the regions.
        region_type: `h3`, or anything else.
        task_region_id_col: Column of the samples that names their region.
        h3_resolution: Of the cells.
    """

    type: str
    path: Inside
    embedding_cols: tuple[Word, ...] | None = None
    embedding_dim: int | None = None
    x_col: Word = "x"
    y_col: Word = "y"
    crs: Word = "EPSG:4326"
    entity_id_col: Word | None = None
    task_entity_id_col: Word | None = None
    max_distance: Annotated[float, Field(ge=0)] | None = None
    region_id_col: Word | None = None
    region_type: str = "custom"
    task_region_id_col: Word | None = None
    h3_resolution: Annotated[int, Field(ge=0, le=15)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_points(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        """Entities are called points in older rows."""
        if not isinstance(given, Mapping):
            return given
        renamed = {"point_id_col": "entity_id_col", "task_point_id_col": "task_entity_id_col"}
        return {renamed.get(key, key): value for key, value in given.items() if value is not None}


class ManifestRow(_Entry):
    """One model on one task.

    Attributes:
        model: Its name in commands.
        label: What people call it.
        source: Kind of embedding, as the row itself says.
        available: Whether the release has it.
        why_not: What the row says where it has not.
    """

    model: Word
    label: str
    city: Word
    task: Word
    task_id: Word
    source: str
    config: EmbeddingConfig
    available: bool
    why_not: str = ""


def task_entries(document: object) -> dict[str, TaskEntry]:
    """The tasks of a registry by id, in its order.

    Raises:
        InputError: It is no registry, or an entry of it cannot be used.
    """
    tasks = document.get("tasks", document) if isinstance(document, Mapping) else document
    entries = tasks.values() if isinstance(tasks, Mapping) else tasks
    if not isinstance(entries, Iterable) or isinstance(entries, str):
        raise InputError(
            "the registry of tasks lists no tasks",
            REGISTRY_FILE,
            "download the release again",
            code="cityrep-registry-unusable",
        )
    read = [_checked(TaskEntry, one, REGISTRY_FILE) for one in entries]
    found = {one.task_id: one for one in read}
    if not found or len(found) < len(read):
        raise InputError(
            "the registry of tasks is empty or names a task twice",
            REGISTRY_FILE,
            "download the release again",
            code="cityrep-registry-unusable",
        )
    return found


def manifest_rows(records: Sequence[Mapping[str, str]]) -> list[ManifestRow]:
    """The rows of a manifest, in its order.

    Raises:
        InputError: A column is missing, or a row cannot be used.
    """
    needed = ["model", "city", "task", "task_id", "embedding_config", "available"]
    missing = [name for name in needed if records and name not in records[0]]
    if missing or not records:
        raise InputError(
            "the manifest of embeddings lacks rows or columns",
            ", ".join(missing) or "no rows",
            f"give {MANIFEST_FILE} as the release has it",
            code="cityrep-manifest-unusable",
        )
    return [_row(record, f"{MANIFEST_FILE}, row {number}") for number, record in _numbered(records)]


def _numbered(records: Sequence[Mapping[str, str]]) -> Iterable[tuple[int, Mapping[str, str]]]:
    return enumerate(records, 2)  # the headings are the first


def _row(record: Mapping[str, str], place: str) -> ManifestRow:
    try:
        config = json.loads(record["embedding_config"])
    except ValueError as error:
        raise InputError(
            "a row of the manifest has no JSON under embedding_config",
            f"{place}: {record['embedding_config']}",
            "download the release again",
            code="cityrep-manifest-unusable",
        ) from error
    source = record.get("embedding_source_type", "")
    if isinstance(config, dict):
        config.setdefault("type", config.get("source_type") or source)
    available = record["available"].strip().lower() in _TRUE
    row = {
        **{name: record[name] for name in ("model", "city", "task", "task_id")},
        "label": record.get("model_label") or record["model"],
        "source": source,
        "config": config,
        "available": available,
        "why_not": "" if available else record.get("alignment_policy", ""),
    }
    return _checked(ManifestRow, row, place)


_E = TypeVar("_E", bound=_Entry)


def _checked(kind: type[_E], given: object, place: str) -> _E:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        name = given.get("task_id", "") if isinstance(given, Mapping) else ""
        raise InputError(
            f"{place} has an entry that cannot be used: {first['msg']}",
            f"{field} of {name}: {first.get('input')}",
            "give the release as it was published",
            code="cityrep-registry-unusable" if kind is TaskEntry else "cityrep-manifest-unusable",
        ) from error


def file_of(folder: Path, path: str, *, of_data: bool = False) -> Path:
    """Where a file of the release lies: paths of tasks are relative to `data`."""
    return folder / "data" / path if of_data else folder / path
