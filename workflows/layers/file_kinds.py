"""Files of layers, searches, answers and changes that take too long to be waited for.

What is small is written at once by `export`. At 250,000 cells every format takes more than two
seconds on two cores, so whatever is that large is a job, whether a page or a command asks for it.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from aether_core.errors import ConflictError
from aether_core.export.formats import Format
from aether_core.search.ground import Extent
from aether_core.search.question.criteria import Criterion
from aether_core.search.question.parse import Unmapped
from db.cities import cities as city_rows
from db.schema import Job
from workflows.accounts.acting import Role
from workflows.home.store import Store
from workflows.jobs.inputs import OUTPUTS, forget_outputs
from workflows.jobs.kind import QUICK, JobKind
from workflows.jobs.work import Work
from workflows.layers.export import (
    export_answer,
    export_change,
    export_layer,
    export_scores,
    format_of,
)
from workflows.layers.layers import show_layer
from workflows.search.ask import Answer, ask
from workflows.search.change import CellChange, change_cells
from workflows.search.search import CellScores, search_cells, similar_cells
from workflows.search.targets import source_state
from workflows.training.representation import model_for

DIRECT: Final = {"cell": 50_000, "area": 2_000}
"""Up to so many features a file is written at once. GeoJSON, the slowest, takes 39 µs of processor
time a cell with twelve fields; an area of a few hundred corners takes as long as 25 cells or so."""
KEPT: Final = timedelta(days=1)


def takes_long(features: int, unit: str = "cell") -> bool:
    """Whether a file of so many features is a job's work.

    Args:
        features: How many there are.
        unit: What one is: cell or area.
    """
    return features > DIRECT[unit]


class _Asked(Protocol):
    """What every request says: the ending of the file."""

    @property
    def suffix(self) -> str: ...


R = TypeVar("R", bound=_Asked)


class FileKind(JobKind[R]):
    """A file that lies in the job's folder for a day after it was made, and goes with its job."""

    queue = QUICK
    role = Role.VIEWER

    @abstractmethod
    def write(self, work: Work, request: R, path: Path) -> None:
        """Write the file, and report how far that is."""

    def work(self, work: Work, request: R) -> None:
        """Write the file where `output_file` finds it."""
        path = work.folder / OUTPUTS / f"{self.name}{request.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(work, request, path)
        until = datetime.now(UTC) + KEPT
        work.done(
            {
                "file": path.name,
                "bytes": path.stat().st_size,
                "kept_until": until.isoformat(timespec="seconds"),
            }
        )

    def abandon(self, store: Store, job: Job) -> None:
        """Remove what an attempt has written."""
        forget_outputs(store, job.id)


class FormatKind(FileKind[R]):
    """One thing in any of the formats of exports."""

    stages = (("reading the values", 0.2), ("writing the file", 1.0))

    def title(self, request: R) -> str:
        """Names what is in it and the format."""
        return f"Export of {self.about(request)} ({_format(request).label})"

    def check(self, store: Store, subject: str, request: R) -> None:
        """Refuse a format there is none of."""
        del store, subject
        _format(request)

    @abstractmethod
    def about(self, request: R) -> str:
        """What is in the file, in the user's words."""

    @abstractmethod
    def read(self, store: Store, slug: str, request: R) -> Callable[[Path], None]:
        """Read what is to be written; returns what writes it to a path."""

    def write(self, work: Work, request: R, path: Path) -> None:
        """Read, then write."""
        work.progress("reading the values", 0, 1)
        write = self.read(work.store, work.job.subject, request)
        work.progress("writing the file", 0, 1)
        write(path)


@dataclass(frozen=True)
class LayerFile:
    """Which kept layer.

    Attributes:
        layer: Its short name.
        suffix: Ending of the file, one of `FORMATS`.
        field: The one field a GeoTIFF is to hold; what `export_layer` chooses when None.
    """

    layer: str
    suffix: str
    field: str | None = None


class LayerFileKind(FormatKind[LayerFile]):
    """A kept layer as a file."""

    name = "layer-file"
    noun = "file of a layer"
    request = LayerFile

    def about(self, request: LayerFile) -> str:
        """The layer's short name."""
        return request.layer

    def check(self, store: Store, subject: str, request: LayerFile) -> None:
        """Refuse a format there is none of, and a layer that is not there."""
        super().check(store, subject, request)
        show_layer(store, subject, request.layer)

    def read(self, store: Store, slug: str, request: LayerFile) -> Callable[[Path], None]:
        """The layer is read while it is written: it never changes."""
        return lambda path: export_layer(
            store, slug, request.layer, path, force=True, only_field=request.field
        )


@dataclass(frozen=True)
class SearchFile:
    """Which search; it is asked again, of the same model on the same files.

    Attributes:
        query: What is looked for; empty for an example point.
        suffix: Ending of the file, one of `FORMATS`.
        model: Name of the model.
        year: Of the embedding.
        rasters: Rows of that year's files: a year that was added anew is another question.
        minus: What is looked away from.
        at: The example point, lon/lat WGS84.
    """

    query: str
    suffix: str
    model: str
    year: int
    rasters: tuple[int, ...]
    minus: str | None = None
    at: tuple[float, float] | None = None


class SearchFileKind(FormatKind[SearchFile]):
    """The scores of a search as a file, without a layer."""

    name = "search-file"
    noun = "file of a search"
    request = SearchFile

    def about(self, request: SearchFile) -> str:
        """The words, or the point."""
        return request.query

    def read(self, store: Store, slug: str, request: SearchFile) -> Callable[[Path], None]:
        """Score the cells again."""
        _check_files(store, slug, request.rasters, request.year)
        if request.at is not None:
            scores = similar_cells(store, slug, *request.at, request.model, request.year)
        else:
            scores = search_cells(
                store, slug, request.query, request.minus, request.model, request.year
            )
        return lambda path: export_scores(scores, path, force=True)


@dataclass(frozen=True)
class AnswerFile:
    """Which answer to a question; it is asked again, of the same model on the same files.

    Attributes:
        question: As typed; empty where the criteria were edited.
        suffix: Ending of the file, one of `FORMATS`.
        criteria: Those that were answered.
        sources: What tells a file or layer of a criterion from another of its name, one a
            criterion; empty where it has none.
        unmapped: Words no criterion was made of, with reasons.
        notes: What could have been read otherwise, and how it was measured.
        mode: `all` or `add`.
        extent: Which ground is ranked.
        model: Name of the model.
        year: Of the embedding.
        rasters: Rows of that year's files.
    """

    question: str
    suffix: str
    criteria: tuple[Criterion, ...]
    sources: tuple[str, ...]
    unmapped: tuple[Unmapped, ...]
    notes: tuple[str, ...]
    mode: str
    extent: Extent
    model: str
    year: int
    rasters: tuple[int, ...]


class AnswerFileKind(FormatKind[AnswerFile]):
    """Every cell of an answer as a file, with each part, without a layer."""

    name = "answer-file"
    noun = "file of an answer"
    request = AnswerFile

    def about(self, request: AnswerFile) -> str:
        """The question, or what its criteria ask for."""
        return request.question or "; ".join(one.label for one in request.criteria)

    def asked(self, document: Mapping[str, Any]) -> object:
        """Files are told apart by what is in them: a job has copies of its own."""
        criteria = [
            {**one, "source": {**(one.get("source") or {}), "file": None}}
            for one in document["criteria"]
        ]
        return {**document, "criteria": criteria}

    def read(self, store: Store, slug: str, request: AnswerFile) -> Callable[[Path], None]:
        """Ask again."""
        _check_files(store, slug, request.rasters, request.year)
        if _sources(store, slug, request.model, request.criteria) != request.sources:
            raise ConflictError(
                "a file or layer of the question has been replaced since this was asked",
                self.about(request),
                "ask again",
                code="source-replaced",
            )
        answer = ask(
            store,
            slug,
            criteria=request.criteria,
            mode=request.mode,
            year=request.year,
            model=request.model,
            extent=request.extent,
        )
        said = replace(
            answer, question=request.question, unmapped=request.unmapped, notes=request.notes
        )
        return lambda path: export_answer(said, path, force=True)


@dataclass(frozen=True)
class ChangeFile:
    """Which change; it is asked again, of the same model on the same files.

    Attributes:
        query: What is looked for.
        suffix: Ending of the file, one of `FORMATS`.
        model: Name of the model.
        year_from: The year that is compared with.
        year_to: The year whose scores count as gain.
        rasters: Rows of both years' files.
        minus: What is looked away from.
    """

    query: str
    suffix: str
    model: str
    year_from: int
    year_to: int
    rasters: tuple[int, ...]
    minus: str | None = None


class ChangeFileKind(FormatKind[ChangeFile]):
    """Every cell of a change as a file, without a layer."""

    name = "change-file"
    noun = "file of a change"
    request = ChangeFile

    def about(self, request: ChangeFile) -> str:
        """The words and the years."""
        return f"{request.query}, {request.year_from} to {request.year_to}"

    def read(self, store: Store, slug: str, request: ChangeFile) -> Callable[[Path], None]:
        """Score both years again."""
        _check_files(store, slug, request.rasters, request.year_from, request.year_to)
        found = change_cells(
            store,
            slug,
            request.query,
            request.year_from,
            request.year_to,
            request.minus,
            request.model,
        )
        return lambda path: export_change(found, path, force=True)


def search_file(store: Store, scores: CellScores, suffix: str) -> SearchFile:
    """The request that makes a file of scores.

    Raises:
        NotFoundError: The city has been removed since.
    """
    return SearchFile(
        query=scores.query,
        suffix=suffix,
        model=scores.model,
        year=scores.year,
        rasters=_rasters(store, scores.city, scores.year),
        minus=scores.minus,
        at=scores.at,
    )


def answer_file(store: Store, answer: Answer, suffix: str) -> AnswerFile:
    """The request that makes a file of an answer.

    Raises:
        NotFoundError: The city, or a file or layer of a criterion, is gone.
    """
    criteria = tuple(part.criterion for part in answer.parts)
    return AnswerFile(
        question=answer.question,
        suffix=suffix,
        criteria=criteria,
        sources=_sources(store, answer.city, answer.model, criteria),
        unmapped=answer.unmapped,
        notes=answer.notes,
        mode=answer.mode,
        extent=answer.extent,
        model=answer.model,
        year=answer.year,
        rasters=_rasters(store, answer.city, answer.year),
    )


def _sources(store: Store, slug: str, model: str, criteria: Sequence[Criterion]) -> tuple[str, ...]:
    """What tells the sources of criteria apart: a file's content, a layer's row."""
    chosen = model_for(store, slug, model)
    return tuple(source_state(store, chosen, one) for one in criteria)


def change_file(store: Store, found: CellChange, suffix: str) -> ChangeFile:
    """The request that makes a file of a change.

    Raises:
        NotFoundError: The city has been removed since.
    """
    return ChangeFile(
        query=found.query,
        suffix=suffix,
        model=found.model,
        year_from=found.year_from,
        year_to=found.year_to,
        rasters=_rasters(store, found.city, found.year_from, found.year_to),
        minus=found.minus,
    )


def _rasters(store: Store, slug: str, *years: int) -> tuple[int, ...]:
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return tuple(
            raster.id for year in years for raster in city_rows.rasters(session, city.id, year)
        )


def _check_files(store: Store, slug: str, rasters: tuple[int, ...], *years: int) -> None:
    if _rasters(store, slug, *years) != rasters:
        raise ConflictError(
            "the embedding's files have been replaced since this was asked",
            f"{slug} {' and '.join(map(str, years))}",
            "ask again",
            code="year-replaced",
        )


def _format(request: _Asked) -> Format:
    return format_of(Path(f"file{request.suffix}"))


LAYER_FILE = LayerFileKind()
SEARCH_FILE = SearchFileKind()
ANSWER_FILE = AnswerFileKind()
CHANGE_FILE = ChangeFileKind()
