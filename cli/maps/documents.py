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
    target: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="File to write: .zip (a project with its data), .gpkg (the data and styles "
            "alone), .qgz (a project that reads this database).",
        ),
    ],
    only: Annotated[
        list[str] | None, typer.Option(help="Kept layers to take; default: all of them.")
    ] = None,
    force: Force = False,
) -> None:
    """Take a city's layers into QGIS with their styles.

    A .zip or .gpkg opens on any machine. A .qgz holds no data: it reads them, always the newest,
    from this database.
    """
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.layers.package import (
        CITY_PACKAGE,
        CityPackage,
        check_package_name,
        package_takes_long,
        write_package,
    )
    from workflows.layers.qgis import chosen_layers

    check_package_name(target.name)
    check_target(target, force=force)
    store, suffix = open_store(), target.suffix.lower()
    if package_takes_long(store, slug, only, suffix):
        layers = [one.layer for one in chosen_layers(store, slug, only)]
        job = start_job(store, CITY_PACKAGE, slug, CityPackage(suffix, tuple(only or ())))
        taken(store, job.job, target, force=force)
    else:
        layers = write_package(store, slug, target, only, force=force).layers
    output.document({"city": slug, "file": str(target), "layers": layers})
    output.say(f"{len(layers)} layers in {target}")
