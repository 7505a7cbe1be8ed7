"""`evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.following import Wait, followed, say_queued
from cli.maps.ask import ModelName
from cli.maps.task_options import (
    AreasFile,
    BlockM,
    CodeField,
    Crosswalk,
    Crs,
    DistrictField,
    Districts,
    Field,
    Fields,
    Folds,
    LabelsFile,
    Map,
    MinimumCount,
    MinimumM2,
    Pixels,
    Predictor,
    Protocol,
    Seed,
    Seeds,
    Small,
    Splits,
    area_request,
    district_file,
    fit_settings,
    label_request,
    names_in,
)

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from workflows.evaluation.compare import Evaluation
    from workflows.tasks.labels import LabelRequest
    from workflows.tasks.land_use import LandUseRequest
    from workflows.tasks.socioeconomic import SocioeconomicRequest


def register(app: typer.Typer) -> None:
    """Add this command to the root."""
    app.command("evaluate")(evaluate)


def evaluate(
    slug: str,
    task: Annotated[str, typer.Option(help="landuse, socioeconomic or retrieval.")],
    labels: LabelsFile = None,
    field: Field = None,
    crs: Crs = None,
    crosswalk: Crosswalk = None,
    mapping: Map = None,
    small: Small = "drop",
    areas: AreasFile = None,
    fields: Fields = None,
    code_field: CodeField = None,
    minimum_count: MinimumCount = 100.0,
    minimum_m2: MinimumM2 = 2500.0,
    pixels: Pixels = False,
    queries: Annotated[
        Path | None, typer.Option(help='JSON {"query": ["class"]} or CSV query,class.')
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="Labels to test the queries against.")] = None,
    representations: Annotated[
        str, typer.Option(help="Which ones to compare, separated by commas.")
    ] = "alphaearth,aether,poi,concat",
    model: ModelName = None,
    predictor: Predictor = "linear",
    protocol: Protocol = "cross-validation",
    splits: Splits = "random,spatial",
    folds: Folds = 5,
    seeds: Seeds = 5,
    seed: Seed = 42,
    block_m: BlockM = None,
    districts: Districts = None,
    district_field: DistrictField = None,
    curve: Annotated[
        bool, typer.Option("--learning-curve", help="Score against the number of labels.")
    ] = False,
    wait: Wait = True,
) -> None:
    """Compare representations on the same folds, or queries against truth."""
    if task == "retrieval":
        truth = truth or labels
        if queries is None or truth is None:
            raise InputError(
                "retrieval needs queries and labels",
                "one is missing",
                "give --queries and --truth",
                code="queries-or-truth-missing",
            )
        known = label_request(truth, field, crs, crosswalk, mapping, "drop")
        _retrieval(slug, queries, known, model, block_m, seed, wait=wait)
        return
    if task not in {"landuse", "socioeconomic"}:
        raise InputError(
            "the task is unknown",
            task,
            "use landuse, socioeconomic or retrieval",
            code="no-such-task",
        )
    from workflows.tasks.land_use import LandUseRequest
    from workflows.tasks.socioeconomic import SocioeconomicRequest

    fit = fit_settings(
        "alphaearth", model, predictor, protocol, splits, folds, seeds, seed, block_m, 0.9
    )
    parts = district_file(districts, district_field)
    request: LandUseRequest | SocioeconomicRequest
    if task == "landuse":
        known = label_request(labels, field, crs, crosswalk, mapping, small)
        request = LandUseRequest(known, fit, districts=parts)
    else:
        given = area_request(areas, fields, crs, code_field, minimum_count, minimum_m2)
        request = SocioeconomicRequest(given, fit, districts=parts, pixels=pixels)
    _compare(slug, request, names_in(representations), with_curve=curve, wait=wait)


def _compare(
    slug: str,
    request: "LandUseRequest | SocioeconomicRequest",
    names: tuple[str, ...],
    *,
    with_curve: bool,
    wait: bool,
) -> None:
    from workflows.evaluation.compare import show_evaluation
    from workflows.evaluation.comparison_job import COMPARE, Comparison
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    store = open_store()
    job = start_job(store, COMPARE, slug, Comparison(request, names, with_curve))
    if not wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    result = show_evaluation(store, slug, job.result["evaluation"])
    output.document(result.document())
    _say_comparison(result)


def _retrieval(
    slug: str,
    queries: Path,
    truth: "LabelRequest",
    model: str | None,
    block_m: float | None,
    seed: int,
    *,
    wait: bool,
) -> None:
    from workflows.evaluation.retrieval import read_queries, show_retrieval
    from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    asked = RetrievalTest(read_queries(queries), truth, model, block_m, seed)
    store = open_store()
    job = start_job(store, RETRIEVAL, slug, asked)
    if not wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    result = show_retrieval(store, slug, job.result["evaluation"])
    output.document(asdict(result))
    output.table(
        ["query", "metric", "value", "95 % interval"],
        [(r["query"], r["metric"], r["value"], _interval(r["ci95"])) for r in result.rows],
        title=f"{result.cells:,} labelled cells, model {result.model}",
    )


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
