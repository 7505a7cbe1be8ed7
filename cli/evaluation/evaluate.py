"""`evaluate`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from aether_core.errors import InputError
from aether_core.tasks.samples.representations import COMPARED
from cli import output
from cli.following import Wait, followed, say_queued
from cli.maps.task_options import (
    AreaOptions,
    DistrictOptions,
    FitOptions,
    LabelOptions,
    ValueOptions,
    names_in,
)
from cli.options import flat

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from workflows.evaluation.compare import Evaluation
    from workflows.home.store import Store
    from workflows.jobs.job import JobSummary
    from workflows.jobs.kind import JobKind

Representations = Annotated[str, typer.Option(help="Which ones to compare, separated by commas.")]
Queries = Annotated[Path | None, typer.Option(help='JSON {"query": ["class"]} or CSV query,class.')]
Truth = Annotated[Path | None, typer.Option(help="Labels to test the queries against.")]
Curve = Annotated[
    bool, typer.Option("--learning-curve", help="Score against the number of labels.")
]

Blind = Annotated[
    bool,
    typer.Option(
        "--blind", help="Also train heads for each fold without the places of its spatial blocks."
    ),
]

_COMPARED: Final = ",".join(COMPARED)


@dataclass(frozen=True)
class CompareOptions:
    """What a test needs beside a task's own options: representations, or queries and truth."""

    representations: Representations = _COMPARED
    curve: Curve = False
    blind: Blind = False
    queries: Queries = None
    truth: Truth = None
    wait: Wait = True


@dataclass(frozen=True)
class _Options:
    """A whole command line of `evaluate`."""

    slug: str
    labels: LabelOptions
    areas: AreaOptions
    values: ValueOptions
    fit: FitOptions
    districts: DistrictOptions
    compared: CompareOptions


@flat
def evaluate(
    slug: str,
    task: Annotated[
        str, typer.Option(help="A kind of task: landuse, socioeconomic or value; or retrieval.")
    ],
    labels: LabelOptions,
    areas: AreaOptions,
    values: ValueOptions,
    fit: FitOptions,
    districts: DistrictOptions,
    compared: CompareOptions,
) -> None:
    """Compare representations on the same folds, or test queries."""
    from aether_core.tasks.kinds.registry import TASK_KINDS

    options = _Options(slug, labels, areas, values, fit, districts, compared)
    tests: dict[str, Callable[[_Options], None]]
    tests = {**{name: partial(_compare, task=name) for name in TASK_KINDS}, **_OTHER_TESTS}
    if task not in tests:
        raise InputError(
            "the task is unknown", task, f"use {', '.join(tests)}", code="no-such-task"
        )
    tests[task](options)


def _request(options: _Options, task: str) -> object:
    """What a kind of task is asked for, on its own kind of samples."""
    from aether_core.tasks.kinds.registry import TASK_KINDS
    from workflows.tasks.task import TASKS, MapChoices

    by_kind: dict[str, LabelOptions | AreaOptions | ValueOptions]
    by_kind = {"labels": options.labels, "areas": options.areas, "samples": options.values}
    return TASKS[task].request_for(
        by_kind[TASK_KINDS[task].samples].request(),
        options.fit.settings("alphaearth", 0.9),  # the representations compared take turns
        MapChoices(districts=options.districts.request(), pixels=options.areas.pixels),
    )


def _compare(options: _Options, task: str) -> None:
    from workflows.evaluation.compare import show_evaluation
    from workflows.evaluation.comparison_job import COMPARE, Comparison

    names = names_in(options.compared.representations)
    ended = _ended(
        options,
        COMPARE,
        Comparison(_request(options, task), names, options.compared.curve, options.compared.blind),
    )
    if ended is None:
        return
    store, job = ended
    result = show_evaluation(store, options.slug, job.result["evaluation"])
    output.document(result.document())
    _say_comparison(result)


def _retrieval(options: _Options) -> None:
    from workflows.evaluation.retrieval import read_queries, show_retrieval
    from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest

    queries, truth = options.compared.queries, options.compared.truth or options.labels.labels
    if queries is None or truth is None:
        raise InputError(
            "retrieval needs queries and labels",
            "one is missing",
            "give --queries and --truth",
            code="queries-or-truth-missing",
        )
    labels = replace(options.labels, labels=truth).request()
    fit = options.fit
    test = RetrievalTest(
        read_queries(queries),
        labels,
        fit.model,
        fit.block_m,
        fit.seed,
        blind=options.compared.blind,
    )
    ended = _ended(options, RETRIEVAL, test)
    if ended is None:
        return
    store, job = ended
    result = show_retrieval(store, options.slug, job.result["evaluation"])
    output.document(asdict(result))
    output.table(
        ["query", "metric", "value", "95 % interval"],
        [
            (r["query"], f"{r['metric']}{words}", r["value"], _interval(r["ci95"]))
            for rows, words in ((result.rows, ""), (result.blind, ", blind"))
            for r in rows
        ],
        title=f"{result.cells:,} labelled cells, model {result.model}",
    )


_OTHER_TESTS: Final[Mapping[str, Callable[[_Options], None]]] = {"retrieval": _retrieval}
"""Beside comparisons on the samples of a kind of task."""

_Request = TypeVar("_Request")


def _ended(
    options: _Options, kind: "JobKind[_Request]", request: _Request
) -> "tuple[Store, JobSummary] | None":
    """The job of a test at its end, with the store it is in; None where nobody waits for it."""
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    store = open_store()
    job = start_job(store, kind, options.slug, request)
    if not options.compared.wait:
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


def _interval(ends: Sequence[float | None]) -> str:
    low, high = ends
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
