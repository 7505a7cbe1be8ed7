"""`landuse`, `socioeconomic`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from aether_core.tasks.findings import ClassFindings, ShareFindings
from cli import output
from cli.following import Wait, followed, say_queued, took
from cli.maps.ask import Force, ModelName
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
    Level,
    Map,
    MinimumCount,
    MinimumM2,
    Pixels,
    Predictor,
    Protocol,
    Representation,
    Seed,
    Seeds,
    Small,
    Splits,
    Title,
    area_request,
    district_file,
    fit_settings,
    label_request,
)

_JUDGED = {"accuracy", "coverage", "applicability"}
"""What is told in full of how a map was tested."""

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from workflows.home.store import Store

Target = Annotated[
    Path | None, typer.Option("-o", "--output", help="Also write the cell layer to this file.")
]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("landuse")(landuse)
    app.command("socioeconomic")(socioeconomic)


def landuse(
    slug: str,
    labels: LabelsFile = None,
    field: Field = None,
    crs: Crs = None,
    crosswalk: Crosswalk = None,
    mapping: Map = None,
    small: Small = "drop",
    representation: Representation = "aether",
    model: ModelName = None,
    predictor: Predictor = "linear",
    protocol: Protocol = "cross-validation",
    splits: Splits = "random,spatial",
    folds: Folds = 5,
    seeds: Seeds = 5,
    seed: Seed = 42,
    block_m: BlockM = None,
    level: Level = 0.9,
    districts: Districts = None,
    district_field: DistrictField = None,
    title: Title = None,
    target: Target = None,
    force: Force = False,
    wait: Wait = True,
) -> None:
    """Fit on labelled points or polygons, predict every cell, keep the layer."""
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.tasks.job_kinds import LAND_USE
    from workflows.tasks.land_use import LandUseRequest, advice, land_use_result

    _check_target(target, force, wait=wait)
    fit = fit_settings(
        representation, model, predictor, protocol, splits, folds, seeds, seed, block_m, level
    )
    request = LandUseRequest(
        label_request(labels, field, crs, crosswalk, mapping, small),
        fit,
        title=title,
        districts=district_file(districts, district_field),
    )
    store = open_store()
    job = start_job(store, LAND_USE, slug, request)
    if not wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    result = land_use_result(store, slug, job.result["layer"], took(job))
    _write(store, slug, result.layer.layer, target, force)
    findings = result.layer.measured(ClassFindings)
    output.document(
        {
            "layer": result.layer.layer,
            "city": slug,
            "classes": result.classes,
            "labels_used": result.labels_used,
            "samples": result.samples,
            "labels_dropped": result.labels_dropped,
            "cells": result.cells,
            "cross_validation": result.cross_validation,
            "seconds": result.seconds,
            "simulated": result.layer.simulated,
            "attribution": result.layer.attribution,
            **findings.test.model_dump(mode="json", include=_JUDGED),
            **findings.held_out.model_dump(mode="json", include={"blocks"}),
            "trusted": findings.test.trusted,
        }
    )
    _say_scores(result.cross_validation, f"{result.samples:,} samples, {result.cells:,} cells")
    _say_dropped(result.labels_dropped)
    outside = findings.test.applicability.outside
    output.say(
        f"{findings.test.trusted:.0%} of cells can be trusted; {outside:.0%} lie outside the area "
        f"of applicability. Saved as layer {result.layer.layer}"
    )
    if told := advice(result.layer):
        output.say(told)


def socioeconomic(
    slug: str,
    areas: AreasFile = None,
    fields: Fields = None,
    crs: Crs = None,
    code_field: CodeField = None,
    minimum_count: MinimumCount = 100.0,
    minimum_m2: MinimumM2 = 2500.0,
    pixels: Pixels = False,
    representation: Representation = "aether",
    model: ModelName = None,
    predictor: Predictor = "linear",
    protocol: Protocol = "cross-validation",
    splits: Splits = "random,spatial",
    folds: Folds = 5,
    seeds: Seeds = 5,
    seed: Seed = 42,
    block_m: BlockM = None,
    level: Level = 0.9,
    districts: Districts = None,
    district_field: DistrictField = None,
    title: Title = None,
    target: Target = None,
    force: Force = False,
    wait: Wait = True,
) -> None:
    """Fit on shares or counts of areas, predict areas and cells, keep the layers."""
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.tasks.job_kinds import SOCIOECONOMIC
    from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic_result

    _check_target(target, force, wait=wait)
    fit = fit_settings(
        representation, model, predictor, protocol, splits, folds, seeds, seed, block_m, level
    )
    request = SocioeconomicRequest(
        area_request(areas, fields, crs, code_field, minimum_count, minimum_m2),
        fit,
        title=title,
        districts=district_file(districts, district_field),
        pixels=pixels,
    )
    store = open_store()
    job = start_job(store, SOCIOECONOMIC, slug, request)
    if not wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    layers = job.result["layer"], job.result["areas_layer"]
    result = socioeconomic_result(store, slug, layers, took(job))
    findings = result.layer.measured(ShareFindings)
    _write(store, slug, result.layer.layer, target, force)
    output.document(
        {
            "layer": result.layer.layer,
            "areas_layer": result.areas_layer.layer,
            "city": slug,
            "fields": result.fields,
            "areas_used": result.areas_used,
            "areas_dropped": result.areas_dropped,
            "cells": result.cells,
            "cross_validation": result.cross_validation,
            "seconds": result.seconds,
            "note": findings.note,
            "simulated": result.layer.simulated,
            "attribution": result.layer.attribution,
            **findings.test.model_dump(mode="json", include=_JUDGED),
        }
    )
    _say_scores(result.cross_validation, f"{result.areas_used:,} areas, {result.cells:,} cells")
    _say_dropped(result.areas_dropped)
    output.say(
        f"Saved as layers {result.layer.layer} and {result.areas_layer.layer}. {findings.note}"
    )


def _check_target(target: Path | None, force: bool, *, wait: bool) -> None:
    if target is not None and not wait:
        raise InputError(
            "nothing can be written until the map is done",
            target,
            "leave out --no-wait, or write it later with ./aether export SLUG LAYER -o FILE",
            code="output-before-result",
        )
    if target is not None:
        from workflows.layers.export import check_target

        check_target(target, force=force)


def _write(store: "Store", slug: str, layer: str, target: Path | None, force: bool) -> None:
    if target is not None:
        from workflows.layers.export import export_layer

        export_layer(store, slug, layer, target, force=force)
        output.say(f"Written to {target}")


def _say_scores(scores: dict[str, dict[str, float]], title: str) -> None:
    metrics = next(iter(scores.values()))
    output.table(
        ["held out", *metrics],
        [(split, *figures.values()) for split, figures in scores.items()],
        title=title,
    )


def _say_dropped(dropped: dict[str, int]) -> None:
    if dropped:
        output.table(["reason left out", "number"], list(dropped.items()))
