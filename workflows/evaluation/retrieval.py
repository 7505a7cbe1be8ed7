"""Text-to-map against truth: how well a query's map finds what is known to be there."""

import csv
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.progress import Progress, silent
from aether_core.search.fold_ranks import ranks_by_fold
from aether_core.spatial.blocks import spatial_blocks
from aether_core.spatial.earth import earth_centred
from aether_core.tasks.samples.samples import Samples, samples_of
from aether_core.tasks.testing.folds import make_folds
from aether_core.tasks.testing.retrieval_truth import score_query
from aether_core.tasks.testing.splits import SPATIAL
from db.cities import cities as city_rows
from db.evidence import evaluations as evaluation_rows
from db.schema import Evaluation as EvaluationRow
from workflows.evaluation.blind import blind_heads
from workflows.home.json_values import json_values
from workflows.home.store import Store
from workflows.search.search import search_cells
from workflows.tasks.arrays import TaskCity, task_city
from workflows.tasks.labels import LabelRequest, mapped_labels
from workflows.tasks.settings import FitSettings
from workflows.training.representation import model_for, query_meaning

TASK = "retrieval"
_MOST_QUERIES = 200
_MOST_BYTES = 2_000_000
_EVERY_CELL = 10_000_000
_BLIND_FOLDS = 5


@dataclass(frozen=True)
class RetrievalEvaluation:
    """Figures of each query against truth.

    Attributes:
        rows: One a query and metric: representation, query, classes, metric, value, ci95.
        cells: Cells the truth says something of.
        attribution: Credits of the city and of what the model was trained on.
        blind: The same rows by heads that were trained without the places of the tested blocks,
            each cell ranked among those of its fold; empty unless asked for.
        untested: Queries with their classes, where no cell of the city carries one of them.
        request: Name of the truth's file and the queries.
        created: When; None until it is kept.
    """

    task: str
    model: str
    rows: list[dict[str, Any]]
    cells: int
    labels_dropped: dict[str, int]
    seconds: float
    attribution: list[str] = field(default_factory=list)
    blind: list[dict[str, Any]] = field(default_factory=list)
    untested: dict[str, list[str]] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    created: datetime | None = None


def read_queries(path: Path) -> dict[str, list[str]]:
    """Read queries with the classes of the truth that answer them.

    Args:
        path: JSON, `{"query": ["class", ...]}`, or CSV with the columns `query` and `class`, a row
            a pair.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is not of that form.
    """
    file = local_file(path, suffixes=frozenset({".json", ".csv"}))
    remedy = 'give JSON {"query": ["class"]} or CSV with the columns query, class'
    if file.stat().st_size > _MOST_BYTES:
        raise InputError(
            "there are too many queries",
            f"{file.stat().st_size:,} bytes",
            remedy,
            code="queries-file-too-large",
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
        pairs = _json_pairs(text) if file.suffix.lower() == ".json" else _csv_pairs(text)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        raise InputError(
            "the queries cannot be read", file.name, remedy, code="queries-unreadable"
        ) from error
    queries: dict[str, list[str]] = {}
    for query, name in pairs:
        queries.setdefault(query.strip(), []).append(name.strip())
    if not 0 < len(queries) <= _MOST_QUERIES:
        raise InputError(
            "the number of queries is out of range",
            f"{len(queries)} in {file.name}",
            f"give 1 to {_MOST_QUERIES}",
            code="queries-wrong-count",
        )
    if not all(queries) or not all(all(names) for names in queries.values()):
        raise InputError(
            "a query or its matching class is empty",
            file.name,
            remedy,
            code="query-or-class-empty",
        )
    return queries


def _json_pairs(text: str) -> list[tuple[str, str]]:
    return [
        (str(query), str(name))
        for query, names in json.loads(text).items()
        for name in ([names] if isinstance(names, str) else names or [""])
    ]


def _csv_pairs(text: str) -> list[tuple[str, str]]:
    rows = csv.DictReader(text.splitlines())
    return [(str(row["query"] or ""), str(row["class"] or "")) for row in rows]


def evaluate_retrieval(
    store: Store,
    slug: str,
    queries: Mapping[str, list[str]],
    truth: LabelRequest,
    *,
    model: str | None = None,
    block_m: float | None = None,
    seed: int = 42,
    blind: bool = False,
    progress: Progress = silent,
    within: Callable[[Session, int], None] | None = None,
) -> RetrievalEvaluation:
    """Score each query's map against labelled polygons or points.

    Args:
        queries: Classes that answer each query.
        truth: Labels; only cells that carry one count.
        block_m: Side of the blocks that are resampled for intervals; ten windows when None.
        blind: Train heads anew for five folds of these blocks, without their places, and score
            the queries by them, too.
        within: Called with the number the figures are kept under, as the last in the transaction
            that keeps them.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: The truth cannot be used, or a query's classes do not occur in it.
    """
    FitSettings(block_m=block_m, seed=seed)  # refuses what no fit would take
    started = time.perf_counter()
    city = task_city(store, slug, model=model, progress=progress)
    progress("reading the labels", 0, 1)
    labels = mapped_labels(store, slug, truth)
    samples = samples_of(
        labels,
        boundary=city.boundary,
        units=city.arrays.units,
        seed=seed,
        limit=_EVERY_CELL,
    )
    cell = _cells_of(samples, city)
    once = _once(cell, samples.label)
    cell, label = cell[once], samples.label[once]
    side_m = block_m or 5 * city.window_m
    block = spatial_blocks(samples.lonlat[once], block_m=side_m)
    tested, untested = _testable(queries, {str(value) for value in labels.value}, samples.classes)
    rows = []
    chosen = ""
    for done, (query, names) in enumerate(tested.items()):
        progress("running the queries", done, len(tested))
        answer = np.isin(np.array(samples.classes, dtype=object), names)
        scores = search_cells(store, slug, query, model=model)
        chosen = scores.model
        found = score_query(scores.score[cell], answer[label], block, query=query, seed=seed)
        rows += [_row(asdict(one), names) for one in found]
    unseen: list[dict[str, Any]] = []
    if blind:
        asked = model_for(store, slug, model)
        texts = np.stack([query_meaning(store, asked, query) for query in tested])
        ranks = _blind_ranks(store, city, samples.lonlat[once], side_m, cell, texts, progress)
        for (query, names), rank in zip(tested.items(), ranks, strict=True):
            answer = np.isin(np.array(samples.classes, dtype=object), names)
            found = score_query(rank, answer[label], block, query=query, seed=seed)
            unseen += [_row(asdict(one), names) for one in found]
    result = RetrievalEvaluation(
        task=TASK,
        model=chosen,
        rows=rows,
        cells=len(cell),
        labels_dropped={
            **samples.labels_left_out,
            **samples.samples_left_out,
            **_more_in_a_cell(samples.label, len(once)),
        },
        seconds=time.perf_counter() - started,
        attribution=list(city.attribution),
        blind=unseen,
        untested=untested,
    )
    return _kept(store, slug, result, {"from": labels.source, "queries": dict(queries)}, within)


def _blind_ranks(
    store: Store,
    city: TaskCity,
    lonlat: NDArray[np.float64],
    side_m: float,
    cell: NDArray[np.int64],
    texts: NDArray[np.float32],
    progress: Progress,
) -> NDArray[np.float32]:
    """Rank the labelled cells for each query by heads that had not seen their blocks, `[q, n]`.

    Raises:
        InputError: There are fewer blocks than folds, or the model was not trained here.
    """
    rows = np.arange(len(cell))
    block = spatial_blocks(lonlat, block_m=side_m)
    fold = make_folds(
        SPATIAL.name, np.zeros((len(cell), 1)), rows, block, folds=_BLIND_FOLDS, seed=0
    )
    heads = blind_heads(store, city, lonlat, side_m, _BLIND_FOLDS, progress)
    return ranks_by_fold(heads.without, fold, city.arrays.cell_vectors[cell], texts)


def latest_retrieval(store: Store, slug: str) -> RetrievalEvaluation | None:
    """The newest queries held against truth, if any were.

    Raises:
        NotFoundError: No such city.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = evaluation_rows.latest_evaluation(session, city.id, TASK)
        if row is None:
            return None
        return _evaluation(row)


def show_retrieval(store: Store, slug: str, evaluation_id: int) -> RetrievalEvaluation:
    """Figures that were kept.

    Raises:
        NotFoundError: No such city, or it has no such figures any more.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return _evaluation(evaluation_rows.evaluation_by_id(session, city.id, evaluation_id, TASK))


def _evaluation(row: EvaluationRow) -> RetrievalEvaluation:
    return RetrievalEvaluation(**row.result, request=dict(row.request), created=row.created_at)


def _kept(
    store: Store,
    slug: str,
    result: RetrievalEvaluation,
    request: dict[str, Any],
    within: Callable[[Session, int], None] | None,
) -> RetrievalEvaluation:
    """Keep the figures, to be found again on the page."""
    content = asdict(result)
    del content["request"], content["created"]
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = evaluation_rows.add_evaluation(
            session, city.id, task=TASK, request=request, result=json_values(content)
        )
        if within is not None:
            within(session, row.id)
        return replace(result, request=request, created=row.created_at)


def _cells_of(samples: Samples, city: TaskCity) -> np.ndarray:
    """Row of the cell each sample lies in; a labelled point counts for the nearest cell."""
    from scipy.spatial import cKDTree

    cells = cKDTree(earth_centred(city.arrays.units.lonlat))
    nearest = cells.query(earth_centred(samples.lonlat))[1]
    return np.where(samples.cell >= 0, samples.cell, nearest)


def _once(cell: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows that stand for their cell: the first of each; none where classes contradict."""
    first = np.unique(cell, return_index=True)[1]
    named = np.unique(np.column_stack([cell, label]), axis=0)[:, 0]
    cells, kinds = np.unique(named, return_counts=True)
    return np.asarray(first[np.isin(cell[first], cells[kinds == 1])], dtype=np.int64)


def _more_in_a_cell(label: NDArray[np.int64], used: int) -> dict[str, int]:
    more = len(label) - used
    return {"outvoted by other labels in the cell": more} if more else {}


def _testable(
    queries: Mapping[str, list[str]], given: set[str], here: Sequence[str]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Queries that some class in the city answers, and those whose classes lie elsewhere only.

    Args:
        queries: Classes that answer each.
        given: Every class of the labels.
        here: Those that a cell of the city carries.

    Raises:
        InputError: The labels have no such class, or nothing is left to test.
    """
    for query, names in queries.items():
        unknown = [name for name in names if name not in given]
        if unknown:
            raise InputError(
                f"the labels have no class {unknown[0]}",
                f"for the query {query}",
                f"its classes are {', '.join(sorted(given))}",
                code="no-such-class",
            )
    tested = {query: names for query, names in queries.items() if set(names) & set(here)}
    if not tested:
        raise InputError(
            "no cell of the city carries a class that answers a query",
            ", ".join(queries),
            f"classes in the city are {', '.join(here)}",
            code="no-class-in-city",
        )
    return tested, {query: names for query, names in queries.items() if query not in tested}


def _row(score: dict[str, Any], names: list[str]) -> dict[str, Any]:
    low, high = score.pop("lo"), score.pop("hi")
    return {"representation": "aether", "classes": names, **score, "ci95": [low, high]}
