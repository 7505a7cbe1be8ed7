"""`landuse`, `socioeconomic`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aether_core.tasks.kinds.classes import ClassFindings, sentences
from aether_core.tasks.kinds.shares import ShareFindings
from cli import output
from cli.following import followed, say_queued, took
from cli.maps.files import write_layer
from cli.maps.task_options import (
    AreaOptions,
    DistrictOptions,
    FitOptions,
    LabelOptions,
    MapOptions,
    PredictEverywhere,
)
from cli.options import flat

_JUDGED = {"accuracy", "coverage", "applicability"}
"""What is told in full of how a map was tested."""

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from workflows.home.store import Store


@flat
def landuse(
    slug: str,
    labels: LabelOptions,
    fit: FitOptions,
    districts: DistrictOptions,
    made: MapOptions,
    predict_everywhere: PredictEverywhere = False,
) -> None:
    """Map land use from labelled points or polygons.

    Fits on them, predicts every cell, keeps the layer. Cells that labelled ground covers keep its
    class; predictions fill the gaps.
    """
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.tasks.job_kinds import LAND_USE
    from workflows.tasks.land_use import LandUseRequest, advice, land_use_result

    made.check_target()
    request = LandUseRequest(
        labels.request(),
        fit.settings(made.representation, made.level),
        title=made.title,
        districts=districts.request(),
        predict_everywhere=predict_everywhere,
    )
    store = open_store()
    job = start_job(store, LAND_USE, slug, request)
    if not made.wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    result = land_use_result(store, slug, job.result["layer"], took(job))
    _write(store, slug, result.layer.layer, made)
    findings = result.layer.measured(ClassFindings)
    told = advice(result.layer)
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
            **_document_of(findings),
            "trusted": findings.test.trusted,
            "usable": findings.usable,
            "advice": told,
            "read": job.result["read"],
        }
    )
    _say_read(job.result["read"])
    _say_scores(
        result.cross_validation,
        f"{result.labels_used:,} labels, {result.samples:,} samples, {result.cells:,} cells",
    )
    _say_dropped(result.labels_dropped)
    for said in (*sentences(findings), told):
        if said:
            output.say(said)
    outside = findings.test.applicability.outside
    output.say(
        f"{outside:.0%} of cells lie outside the area of applicability. Saved as layer "
        f"{result.layer.layer}"
    )


@flat
def socioeconomic(
    slug: str, areas: AreaOptions, fit: FitOptions, districts: DistrictOptions, made: MapOptions
) -> None:
    """Map shares of groups from areas with shares or counts.

    Fits on them, predicts areas and cells, keeps the layers.
    """
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.tasks.job_kinds import SOCIOECONOMIC
    from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic_result

    made.check_target()
    request = SocioeconomicRequest(
        areas.request(),
        fit.settings(made.representation, made.level),
        title=made.title,
        districts=districts.request(),
        pixels=areas.pixels,
    )
    store = open_store()
    job = start_job(store, SOCIOECONOMIC, slug, request)
    if not made.wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    layers = job.result["layer"], job.result["areas_layer"]
    result = socioeconomic_result(store, slug, layers, took(job))
    findings = result.layer.measured(ShareFindings)
    _write(store, slug, result.layer.layer, made)
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
            "read": job.result["read"],
            **findings.test.model_dump(mode="json", include=_JUDGED),
        }
    )
    _say_read(job.result["read"])
    _say_scores(result.cross_validation, f"{result.areas_used:,} areas, {result.cells:,} cells")
    _say_dropped(result.areas_dropped)
    output.say(
        f"Saved as layers {result.layer.layer} and {result.areas_layer.layer}. {findings.note}"
    )


def _document_of(found: ClassFindings) -> dict[str, Any]:
    """The count of labels, what became of rare classes, and where cells come from."""
    labels, rare, cells = found.labels, found.rare, found.cells
    return {
        "labels": labels
        and {"used": labels.used, "given": labels.given, **labels.model_dump(mode="json")},
        "samples_dropped": found.samples_dropped,
        "small_classes": rare and rare.model_dump(mode="json"),
        "source": cells and cells.model_dump(mode="json"),
    }


def _write(store: "Store", slug: str, layer: str, made: MapOptions) -> None:
    if made.target is not None:
        write_layer(store, slug, layer, made.target, force=made.force)
        output.say(f"Written to {made.target}")


def _say_read(read: Mapping[str, Mapping[str, Any]]) -> None:
    """Say how each file was read: a line for what it is, a line a note and a reason."""
    for one in read.values():
        layer = f", layer {one['layer']}" if one["layer"] else ""
        columns = ", ".join(f"{role} from {name}" for role, name in one["columns"].items())
        counted = f"{one['rows']:,} rows, {one['used']:,} read"
        output.say(f"{one['file']}: {one['format']}{layer}, {counted}; {columns}")
        for note in one["notes"]:
            output.say(f"  {note}")
        for reason, number in one["left_out"].items():
            output.say(f"  left out: {number:,} x {reason}")


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
