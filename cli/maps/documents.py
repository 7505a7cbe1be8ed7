"""`layer report`, `layer qgis`: what is taken to other people."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.files.whole import check_target
from cli import output
from cli.following import Wait, say_queued, taken
from cli.options import Force

if TYPE_CHECKING:  # so that other commands do not load what reports need
    from workflows.home.store import Store
    from workflows.reports.choices import ReportDistrict


def report(
    slug: str,
    layer: str,
    target: Annotated[Path, typer.Option("-o", "--output", help="File to write: .pdf or .html")],
    title: Annotated[str | None, typer.Option(help="What it is called; as the layer.")] = None,
    words: Annotated[
        str, typer.Option(help="Own words under the title; a blank line starts a paragraph.")
    ] = "",
    view: Annotated[
        str | None,
        typer.Option(metavar="W,S,E,N", help="Show this part of the city, in degrees."),
    ] = None,
    areas: Annotated[
        Path | None, typer.Option(help="File of polygons with the districts to compare.")
    ] = None,
    name_field: Annotated[str | None, typer.Option(help="Column of their names.")] = None,
    areas_of: Annotated[
        str | None, typer.Option(help="Kept layer of areas with the districts, instead of a file.")
    ] = None,
    district: Annotated[
        list[str] | None, typer.Option(help="One of them; give it twice to compare two.")
    ] = None,
    language: Annotated[
        str, typer.Option(help="Language of the document: en, de, es, fr or fi.")
    ] = "en",
    force: Force = False,
    wait: Wait = True,
) -> None:
    """Write one document about a layer that a committee can read."""
    from workflows.cities.cities import show_city
    from workflows.fetch.area import parse_box
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.reports import check_report_name
    from workflows.reports.choices import ReportChoices, whole_view
    from workflows.reports.job_kind import REPORT, ReportRequest

    check_report_name(target.name)
    check_target(target, force=force)
    box = None if view is None else parse_box(view)
    store = open_store()
    choices = ReportChoices(
        title=title,
        words=words,
        view=None if box is None else whole_view(show_city(store, slug), box),
        districts=_districts(
            store, slug, _Areas(areas, name_field, areas_of, tuple(district or ()))
        ),
        language=language,
    )
    job = start_job(store, REPORT, slug, ReportRequest(layer, target.suffix.lower(), choices))
    if not wait:
        say_queued(job)
        return
    taken(store, job.job, target, force=force)
    output.document(
        {"city": slug, "layer": layer, "file": str(target), "bytes": target.stat().st_size}
    )
    output.say(f"Report written to {target}")


@dataclass(frozen=True)
class _Areas:
    """Where districts come from, and which."""

    file: Path | None
    name_field: str | None
    layer: str | None
    names: tuple[str, ...]


def _districts(store: "Store", slug: str, asked: _Areas) -> "tuple[ReportDistrict, ...]":
    from aether_core.errors import InputError
    from workflows.reports.choices import districts_of_file, districts_of_layer

    if asked.file is not None and asked.layer is not None:
        raise InputError(
            "districts come from a file or from a kept layer",
            f"{asked.file} and {asked.layer}",
            "give --areas or --areas-of",
            code="districts-from-two-sources",
        )
    if asked.file is not None:
        return districts_of_file(asked.file, asked.names, name_field=asked.name_field)
    if asked.layer is not None:
        return districts_of_layer(store, slug, asked.layer, asked.names)
    if asked.names:
        raise InputError(
            "nothing says where the districts are",
            ", ".join(asked.names),
            "give --areas FILE or --areas-of LAYER",
            code="districts-without-source",
        )
    return ()


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
