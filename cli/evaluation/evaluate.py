"""`evaluate`."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from aether_core.errors import InputError
from cli import output
from cli.following import Wait, followed, say_queued
from cli.maps.task_options import (
    AreaOptions,
    DistrictOptions,
    FitOptions,
    LabelOptions,
    names_in,
)
from cli.options import flat

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from workflows.evaluation.compare import Evaluation
    from workflows.home.store import Store
    from workflows.jobs.job import JobSummary
    from workflows.jobs.kind import JobKind
    from workflows.tasks.land_use import LandUseRequest
    from workflows.tasks.settings import FitSettings
    from workflows.tasks.socioeconomic import SocioeconomicRequest

Representations = Annotated[str, typer.Option(help="Which ones to compare, separated by commas.")]
Queries = Annotated[Path | None, typer.Option(help='JSON {"query": ["class"]} or CSV query,class.')]
Truth = Annotated[Path | None, typer.Option(help="Labels to test the queries against.")]
Curve = Annotated[
    bool, typer.Option("--learning-curve", help="Score against the number of labels.")
]


@dataclass(frozen=True)
class CompareOptions:
    """What a test needs beside a task's own options: representations, or queries and truth."""

    representations: Representations = "alphaearth,aether,poi,concat"
    curve: Curve = False
    queries: Queries = None
    truth: Truth = None
    wait: Wait = True


@dataclass(frozen=True)
class _Asked:
    """A whole command line of `evaluate`."""

    slug: str
    labels: LabelOptions
    areas: AreaOptions
    fit: FitOptions
    districts: DistrictOptions
    compared: CompareOptions


@flat
def evaluate(
    slug: str,
    task: Annotated[str, typer.Option(help="landuse, socioeconomic or retrieval.")],
    labels: LabelOptions,
    areas: AreaOptions,
    fit: FitOptions,
    districts: DistrictOptions,
    compared: CompareOptions,
) -> None:
    """Compare representations on the same folds, or test queries."""
    if task not in TESTS:
        raise InputError(
            "the task is unknown", task, f"use {', '.join(TESTS)}", code="no-such-task"
        )
    TESTS[task](_Asked(slug, labels, areas, fit, districts, compared))


def _land_use(asked: _Asked) -> None:
    from workflows.tasks.land_use import LandUseRequest

    labels, districts = asked.labels.request(), asked.districts.request()
    _compare(asked, LandUseRequest(labels, _fit(asked), districts=districts))


def _socioeconomic(asked: _Asked) -> None:
    from workflows.tasks.socioeconomic import SocioeconomicRequest

    areas, districts = asked.areas.request(), asked.districts.request()
    pixels = asked.areas.pixels
    _compare(asked, SocioeconomicRequest(areas, _fit(asked), districts=districts, pixels=pixels))


def _fit(asked: _Asked) -> "FitSettings":
    """How every representation in turn is fitted."""
    return asked.fit.settings("alphaearth", 0.9)


def _compare(asked: _Asked, request: "LandUseRequest | SocioeconomicRequest") -> None:
    from workflows.evaluation.compare import show_evaluation
    from workflows.evaluation.comparison_job import COMPARE, Comparison

    names = names_in(asked.compared.representations)
    ended = _ended(asked, COMPARE, Comparison(request, names, asked.compared.curve))
    if ended is None:
        return
    store, job = ended
    result = show_evaluation(store, asked.slug, job.result["evaluation"])
    output.document(result.document())
    _say_comparison(result)


def _retrieval(asked: _Asked) -> None:
    from workflows.evaluation.retrieval import read_queries, show_retrieval
    from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest

    queries, truth = asked.compared.queries, asked.compared.truth or asked.labels.labels
    if queries is None or truth is None:
        raise InputError(
            "retrieval needs queries and labels",
            "one is missing",
            "give --queries and --truth",
            code="queries-or-truth-missing",
        )
    labels = replace(asked.labels, labels=truth, small="drop").request()
    fit = asked.fit
    test = RetrievalTest(read_queries(queries), labels, fit.model, fit.block_m, fit.seed)
    ended = _ended(asked, RETRIEVAL, test)
    if ended is None:
        return
    store, job = ended
    result = show_retrieval(store, asked.slug, job.result["evaluation"])
    output.document(asdict(result))
    output.table(
        ["query", "metric", "value", "95 % interval"],
        [(r["query"], r["metric"], r["value"], _interval(r["ci95"])) for r in result.rows],
        title=f"{result.cells:,} labelled cells, model {result.model}",
    )


TESTS: Final[Mapping[str, Callable[[_Asked], None]]] = MappingProxyType(
    {"landuse": _land_use, "socioeconomic": _socioeconomic, "retrieval": _retrieval}
)
"""How each kind of task is tested, by its name; and queries, which are no kind of task."""

_Request = TypeVar("_Request")


def _ended(
    asked: _Asked, kind: "JobKind[_Request]", request: _Request
) -> "tuple[Store, JobSummary] | None":
    """The job of a test at its end, with the store it is in; None where nobody waits for it."""
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    store = open_store()
    job = start_job(store, kind, asked.slug, request)
    if not asked.compared.wait:
        say_queued(job)
        return None
    return store, followed(store, job.job)


def _say_comparison(result: "Evaluation") -> None:
    output.table(
        ["representation", "held out", "metric", "mean", "sd", "95 % interval"],
        [
            (r["representation"], r["split"], r["metric"], r["mean"], r["sd"], _interval(r["ci95"]))
            for r in result.rows
        ],
    )
    output.say(result.verdict)


def _interval(ends: list[float]) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}"
