"""`city earth-engine-script`: the embedding by way of a Google account."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.options import Force


def earth_engine_script(
    slug: Annotated[
        str | None,
        typer.Argument(help="A city; or, with --bbox or --boundary, what the files are named."),
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="Year of the embedding; default: the city's own year.")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option(help="W,S,E,N in degrees, for a city not yet added.")
    ] = None,
    boundary: Annotated[
        Path | None, typer.Option(help="Polygons, for a city not yet added.")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="CRS of a boundary file that does not state one.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option("-o", "--output", help=".js file to write; default: print it.")
    ] = None,
    force: Force = False,
) -> None:
    """Write a script for Earth Engine's Code Editor that exports a city's embedding."""
    from workflows.fetch.area import AreaRequest, parse_box
    from workflows.fetch.earth_engine import script_of_area, script_of_city, write_script
    from workflows.home.settings import read_settings
    from workflows.home.store import open_store

    if bbox is not None or boundary is not None:
        request = AreaRequest(box=parse_box(bbox) if bbox else None, boundary=boundary, crs=crs)
        made = script_of_area(read_settings(), request, year, slug)
    elif slug is not None:
        made = script_of_city(open_store(), slug, year)
    else:
        raise InputError(
            "no area given",
            "(none)",
            "name a city, or give --bbox or --boundary",
            code="no-area-given",
        )
    if target is not None:
        write_script(made.script, target, force=force)
    elif not output.MODE.json:
        sys.stdout.write(made.script.text)
    exports = [asdict(export) for export in made.script.exports]
    written = {"script": made.script.text} if target is None else {"file": str(target)}
    output.document({"city": slug, "year": made.year, "exports": exports, **written})
    if target is not None:
        files = sum(export.files for export in made.script.exports)
        output.say(
            f"{target}: paste it into Earth Engine's Code Editor, run it, start its "
            f"{len(exports)} task(s), and download the {files} file(s)"
        )
        output.say(
            f"Then: ./aether city add {slug or 'SLUG'} --embedding FILE for each --year {made.year}"
        )
