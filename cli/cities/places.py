"""`city add-places`."""

from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.cities.city import remark_reading, say_dropped
from cli.following import Wait, followed, say_queued
from cli.options import Confidence, FileOptions, PlaceCategory, PlaceGroup, PlaceName, flat


@flat
def add(
    slug: Annotated[str, typer.Argument(help="The city.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="Places: GeoJSON, GeoPackage, Shapefile, KML, Parquet, CSV, .pbf or other maps."
        ),
    ],
    reading: FileOptions,
    extend: Annotated[
        bool, typer.Option("--extend", help="Add to the places the city has already.")
    ] = False,
    name_field: PlaceName = None,
    category_field: PlaceCategory = None,
    group_field: PlaceGroup = None,
    confidence: Confidence = 0.5,
    credit: Annotated[
        list[str] | None, typer.Option(help="Credit line of the places' source; may be repeated.")
    ] = None,
    wait: Wait = True,
) -> None:
    """Give a city that is there places, which training and search need."""
    from workflows.cities.add_places import AddPlaces
    from workflows.cities.cities import city_document, show_city
    from workflows.cities.job_kinds import ADD_PLACES
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    request = AddPlaces(
        file,
        extend=extend,
        name_field=name_field,
        category_field=category_field,
        group_field=group_field,
        min_confidence=confidence,
        options=reading.reading(),
        attribution=credit or [],
    )
    store = open_store()
    job = start_job(store, ADD_PLACES, slug, request)
    if not wait:
        say_queued(job)
        return
    result = followed(store, job.job).result
    remark_reading(result["read"])
    city = show_city(store, slug)
    output.document({**city_document(city), "added": result["added"], "read": result["read"]})
    output.say(f"{city.name}: {result['added']:,} places added, {city.pois:,} in all")
    say_dropped(city.pois_dropped)
    if result["models"]:
        output.say(
            "Models that were there stay as they are: they rank the new places, too, but have "
            "learned nothing from them."
        )
    output.say(f"Next: ./aether train {slug}")
