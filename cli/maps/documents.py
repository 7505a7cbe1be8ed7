"""`layer report`, `layer qgis`: what is taken to other people."""

from pathlib import Path
from typing import Annotated

import typer

from aether_core.files.whole import check_target
from cli import output
from cli.following import Wait, say_queued, taken
from cli.options import Force


def report(
    slug: str,
    layer: str,
    target: Annotated[Path, typer.Option("-o", "--output", help="File to write: .pdf or .html")],
    force: Force = False,
    wait: Wait = True,
) -> None:
    """Write one document about a layer that a committee can read."""
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.reports import check_report_name
    from workflows.reports.job_kind import REPORT, ReportRequest

    check_report_name(target.name)
    check_target(target, force=force)
    store = open_store()
    job = start_job(store, REPORT, slug, ReportRequest(layer, target.suffix.lower()))
    if not wait:
        say_queued(job)
        return
    taken(store, job.job, target, force=force)
    output.document(
        {"city": slug, "layer": layer, "file": str(target), "bytes": target.stat().st_size}
    )
    output.say(f"Report written to {target}")


def qgis(
    slug: str,
    target: Annotated[Path, typer.Option("-o", "--output", help="Project file to write: .qgz")],
    force: Force = False,
) -> None:
    """Write a QGIS project that opens all of a city's layers from PostGIS, with their styles."""
    from workflows.home.store import open_store
    from workflows.layers.qgis import write_project

    layers = write_project(open_store(), slug, target, force=force)
    output.document({"city": slug, "file": str(target), "layers": layers})
    output.say(f"{len(layers)} layers in {target}")
