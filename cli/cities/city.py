"""`city add`, `list`, `show`, `remove`."""

from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aether_core.errors import InputError
from cli import output
from cli.following import Wait, followed, say_queued
from cli.options import (
    AreaCode,
    Confidence,
    Delete,
    FileOptions,
    PlaceCategory,
    PlaceGroup,
    PlaceName,
    ShapesFile,
    flat,
)

if TYPE_CHECKING:  # so that other commands do not load what reading a city needs
    from workflows.cities.cities import CitySummary


@flat
def add(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="Display name.")],
    embedding: Annotated[
        list[Path],
        typer.Option(
            help="GeoTIFFs of 64 bands, or tables with A00..A63 of points, polygons, H3 cells or "
            "codes; see --embedding-kind for others."
        ),
    ],
    year: Annotated[int, typer.Option(help="Year of the embedding.")],
    reading: FileOptions,
    pois: Annotated[
        Path | None,
        typer.Option(
            help="Places: GeoJSON, GeoPackage, Shapefile, KML, Parquet, CSV, .pbf or other maps. "
            "Without places a city can be mapped, but not trained or searched."
        ),
    ] = None,
    geometry: ShapesFile = None,
    code_field: AreaCode = None,
    embedding_kind: Annotated[
        str | None,
        typer.Option(
            help="Name of an embedding other than AlphaEarth: tessera, clay, prithvi or any other."
        ),
    ] = None,
    embedding_credit: Annotated[
        list[str] | None,
        typer.Option(help="Credit line of that embedding; may be repeated."),
    ] = None,
    boundary: Annotated[
        Path | None, typer.Option(help="Area of the city; default: the embedding's footprint.")
    ] = None,
    radius_m: Annotated[float, typer.Option(help="Pooling radius in metres.")] = 100.0,
    name_field: PlaceName = None,
    category_field: PlaceCategory = None,
    group_field: PlaceGroup = None,
    confidence: Confidence = 0.5,
    embedding_crs: Annotated[
        str | None, typer.Option(help="CRS of a table's x and y; wins over what it says.")
    ] = None,
    boundary_crs: Annotated[
        str | None, typer.Option(help="CRS of the boundary; wins over what it says.")
    ] = None,
    base_map: Annotated[
        Path | None,
        typer.Option(help="Backdrop with a `kind` column: water, green, road, building."),
    ] = None,
    land_use: Annotated[
        Path | None,
        typer.Option(help="OpenStreetMap extract (.pbf) with the city's land use, as labels."),
    ] = None,
    cell_resolution: Annotated[int | None, typer.Option(help="H3 resolution, 8 to 12.")] = None,
    credit: Annotated[
        list[str] | None, typer.Option(help="Credit line of the places' source; may be repeated.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Mark the embedding as simulated everywhere.")
    ] = False,
    wait: Wait = True,
) -> None:
    """Register a city from an embedding and a file of places."""
    from workflows.cities.add import AddCity
    from workflows.cities.cities import city_document, show_city
    from workflows.cities.job_kinds import ADD_CITY
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job

    request = AddCity(
        slug=slug,
        name=name,
        embedding=embedding,
        year=year,
        pois=pois,
        embedding_kind=embedding_kind,
        embedding_credit=embedding_credit or [],
        boundary=boundary,
        radius_m=radius_m,
        name_field=name_field,
        category_field=category_field,
        group_field=group_field,
        min_confidence=confidence,
        embedding_crs=embedding_crs,
        geometry=geometry,
        code_field=code_field,
        options=reading.reading(),
        boundary_crs=boundary_crs,
        base_map=base_map,
        land_use=land_use,
        simulated=simulated,
        attribution=credit or [],
        cell_resolution=cell_resolution,
    )
    store = open_store()
    job = start_job(store, ADD_CITY, slug, request, in_city=False)
    if not wait:
        say_queued(job)
        return
    read = followed(store, job.job).result["read"]
    remark_reading(read)
    summary = show_city(store, slug)
    output.document({**city_document(summary), "read": read})
    say_city(summary)
    if summary.pois:
        output.say(f"Next: ./aether train {summary.slug}")
    else:
        output.say(
            "No places were given: maps of land use and shares work on the embedding alone, "
            f"training and search need places: ./aether city add-places {summary.slug} FILE"
        )


def remark_reading(read: Mapping[str, Any]) -> None:
    """Say on stderr how the files were read."""
    from aether_core.vector import ReadingReport

    for report in (
        *read.get("embedding", ()),
        *(read[name] for name in ("pois", "boundary") if name in read),
    ):
        for line in ReadingReport(**report).lines():
            output.remark(line)


def say_city(city: "CitySummary") -> None:
    """Say what a city that was just made holds."""
    output.say(f"{city.name}: {city.pois} places, {city.unit.counted(city.cells)}")
    say_dropped(city.pois_dropped)


def say_dropped(dropped: dict[str, int]) -> None:
    """Say how many places were left out, by reason."""
    if dropped:
        output.table(
            ["reason left out", "places"], sorted(dropped.items(), key=itemgetter(1), reverse=True)
        )


def list_all() -> None:
    """List the cities."""
    from workflows.cities.cities import city_document, list_cities
    from workflows.home.store import open_store

    cities = list_cities(open_store())
    output.document([city_document(city) for city in cities])
    if not cities:
        output.say("No city yet. Try: ./aether demo")
        return
    columns = ["city", "name", "year", "places", "cells", "model in use"]
    output.table(
        columns, [(c.slug, c.name, c.year, c.pois, c.cells, c.model or "none yet") for c in cities]
    )


def show(slug: str) -> None:
    """Show one city."""
    from aether_core.eo.embedding_kind import kind_title
    from workflows.cities.cities import city_document, show_city
    from workflows.home.store import open_store

    city = show_city(open_store(), slug)
    output.document(city_document(city))
    facts = [
        ("name", city.name),
        ("year", city.year),
        ("years", ", ".join(map(str, city.years))),
        ("places", city.pois),
        (city.unit.several, city.units_in_words),
        *_length_facts(city),
        (
            "embedding",
            f"{kind_title(city.embedding)}, {city.embedding_kind}, {city.pixels} with data",
        ),
        ("working CRS", city.crs),
        ("west, south, east, north", ", ".join(f"{value:.5f}" for value in city.bbox)),
        ("model in use", city.model or f"none yet: ./aether train {slug}"),
        ("layers", city.layers),
        ("sources", "\n".join(_in_words(source) for source in city.sources)),
        ("credits", "\n".join(city.attribution)),
    ]
    output.table([slug, ""], facts)
    say_dropped(city.pois_dropped)


def _length_facts(city: "CitySummary") -> list[tuple[str, object]]:
    """How long the vectors of areas were, where they are kept."""
    if city.vector_length is None:
        return []
    least, median, most = city.vector_length
    words = f"{least:.2f} to {most:.2f} (median {median:.2f}), brought to 1"
    return [("length of the vectors", words)]


def _in_words(source: dict[str, Any]) -> str:
    facts = [source["title"], source["version"], source["licence"], source["url"]]
    facts += [source.get("grid"), source.get("lacking")]
    return ", ".join(str(fact) for fact in facts if fact)


def remove(slug: str, yes: Delete = False) -> None:
    """Delete a city with everything made from it."""
    from workflows.cities.cities import remove_city_numbered, show_city
    from workflows.home.store import open_store

    store = open_store()
    city = show_city(store, slug)
    if not yes:
        raise InputError(
            "this deletes its places, models and layers",
            f"{slug} with {city.pois} places, {city.models} models, {city.layers} layers",
            "add --yes to continue",
            code="removal-not-confirmed",
        )
    remove_city_numbered(store, city.id)
    output.document({"removed": slug})
    output.say(f"{city.name} is removed.")
