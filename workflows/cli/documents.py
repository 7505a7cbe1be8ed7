"""`report`, `qgis`: what is taken to other people."""

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli import output
from workflows.cli.ask import Force


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("report")(report)
    app.command("qgis")(qgis)


def report(
    slug: str,
    layer: str,
    target: Annotated[Path, typer.Option("-o", "--output", help="File to write: .pdf or .html")],
    force: Force = False,
) -> None:
    """Write one document about a layer that a committee can read."""
    from workflows.report import write_report
    from workflows.store import open_store

    with output.progress() as progress:
        write_report(open_store(), slug, layer, target, force=force, progress=progress)
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
    from workflows.qgis import write_project
    from workflows.store import open_store

    layers = write_project(open_store(), slug, target, force=force)
    output.document({"city": slug, "file": str(target), "layers": layers})
    output.say(f"{len(layers)} layers in {target}")
