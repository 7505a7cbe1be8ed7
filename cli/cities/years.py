"""`city add-year`, `list-years`, `remove-year`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.following import Wait, followed, say_queued
from cli.options import AreaCode, Delete, ShapesFile

YearOption = Annotated[int, typer.Option(help="Year of the embedding.")]


def add(
    slug: str,
    embedding: Annotated[
        list[Path],
        typer.Option(help="Embedding files of that year, of the same kind as the city's."),
    ],
    year: YearOption,
    embedding_crs: Annotated[
        str | None, typer.Option(help="CRS of a table's x and y; wins over what it says.")
    ] = None,
    geometry: ShapesFile = None,
    code_field: AreaCode = None,
    wait: Wait = True,
) -> None:
    """Give a city the embedding of a further year, for the same places and cells."""
    from workflows.cities.cities import show_city
    from workflows.cities.job_kinds import ADD_YEAR, AddYear
    from workflows.cities.years import list_years
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    store = open_store()
    job = start_job(
        store, ADD_YEAR, slug, AddYear(year, embedding, embedding_crs, geometry, code_field)
    )
    if not wait:
        say_queued(job)
        return
    followed(store, job.job)
    added = next(one for one in list_years(store, slug) if one.year == year)
    output.document(asdict(added))
    several = show_city(store, slug).unit.several
    output.say(f"{slug} has {added.year}: {added.cells} {several}, {added.places} places")
    if added.cells_without or added.places_without:
        output.say(
            f"Without data in {added.year}: {added.cells_without} {several}, "
            f"{added.places_without} places"
        )
    output.say(f"Next: ./aether change {slug} QUERY --from YEAR --to YEAR")


def show(slug: str) -> None:
    """List the years a city holds."""
    from workflows.cities.years import list_years
    from workflows.home.store import open_store

    years = list_years(open_store(), slug)
    output.document([asdict(year) for year in years])
    output.table(
        ["year", "", "files", "cells", "without data", "places", "without data"],
        [
            (
                one.year,
                "original" if one.main else "",
                one.files,
                one.cells,
                one.cells_without,
                one.places,
                one.places_without,
            )
            for one in years
        ],
        title=slug,
    )


def remove(slug: str, year: YearOption, yes: Delete = False) -> None:
    """Delete what a city holds of one year."""
    from workflows.cities.years import remove_year
    from workflows.home.store import open_store

    if not yes:
        raise InputError(
            "removing a year deletes its files and vectors",
            f"{slug} {year}",
            "add --yes to continue",
            code="removal-not-confirmed",
        )
    remove_year(open_store(), slug, year)
    output.document({"city": slug, "removed": year})
    output.say(f"{year} is removed from {slug}.")
