"""`region`: a country or another large area, without a city; only its list needs the database."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.options import Scheduler, Workers

Minus = Annotated[str | None, typer.Option(help="What to look away from.")]
Top = Annotated[int, typer.Option(min=1, max=10_000, help="How many cells to list.")]
Folder = Annotated[
    str, typer.Argument(help="Region: a folder, or s3://BUCKET/PREFIX of an object store.")
]

_LISTED = "Put it on the list of regions with: ./aether region add {}"


def fetch(
    folder: Annotated[
        str, typer.Argument(help="Takes the rasters: a folder, or s3://BUCKET/PREFIX.")
    ],
    year: Annotated[int, typer.Option(help="Year of the embedding.")],
    bbox: Annotated[str | None, typer.Option(help="Area as W,S,E,N in degrees.")] = None,
    boundary: Annotated[Path | None, typer.Option(help="Area as a polygon file.")] = None,
    crs: Annotated[
        str | None, typer.Option(help="CRS of a boundary file that does not state one.")
    ] = None,
    scheduler: Scheduler = "here",
    workers: Workers = 2,
) -> None:
    """Fetch AlphaEarth of a region from its public mirror, a task a file of the mirror.

    Run it again to go on where it stopped.
    """
    from workflows.home.settings import read_settings
    from workflows.locations.addresses import location_of
    from workflows.region.fetch import FetchRegion, fetch_region, region_area

    settings = read_settings()
    request = FetchRegion(
        region_area(bbox, boundary, crs),
        year,
        location_of(settings, folder),
        scheduler=scheduler,
        workers=workers,
    )
    with output.progress() as progress:
        done = fetch_region(settings, request, progress)
    output.document(asdict(done))
    output.say(
        f"{done.rasters} rasters of {done.tiles} files of the mirror in {done.folder}"
        f" ({done.megabytes:,.0f} MB, {done.seconds:,.0f} s)"
    )
    output.say(_LISTED.format(done.folder))


def embed(
    folder: Folder,
    rasters: Annotated[
        list[str],
        typer.Option(
            "--embedding",
            help="GeoTIFFs of an embedding, or what holds them: folders, s3://BUCKET/PREFIX.",
        ),
    ],
    model: Annotated[Path, typer.Option(help="Folder with heads.safetensors and model.json.")],
    resolution: Annotated[int, typer.Option(help="H3 resolution of the cells, 5 to 12.")] = 10,
    pixels: Annotated[bool, typer.Option("--pixels", help="Embed every pixel, too.")] = False,
    embedding_kind: Annotated[
        str | None, typer.Option(help="Name of an embedding other than AlphaEarth.")
    ] = None,
    scheduler: Scheduler = "here",
    workers: Workers = 2,
) -> None:
    """Pool and embed rasters piece by piece into GeoParquet and GeoTIFF.

    Run it again to go on where it stopped.
    """
    from workflows.home.settings import read_settings
    from workflows.locations.addresses import location_of
    from workflows.region.region import RegionRequest, embed_region

    settings = read_settings()
    request = RegionRequest(
        rasters=tuple(location_of(settings, address) for address in rasters),
        model=model,
        location=location_of(settings, folder),
        resolution=resolution,
        pixels=pixels,
        kind=embedding_kind,
        scheduler=scheduler,
        workers=workers,
    )
    with output.progress() as progress:
        done = embed_region(request, progress)
    output.document(asdict(done))
    again = done.pieces - done.made
    output.say(
        f"{done.cells:,} cells in {done.pieces:,} pieces in {done.folder}"
        + (f", {again:,} of them made before" if again else "")
        + f" ({done.seconds:,.0f} s, {done.processes} processes,"
        f" at most {done.peak_bytes / 1e6:,.0f} MB each)"
    )
    output.say(_LISTED.format(done.folder))


def add(folder: Folder) -> None:
    """Put a region on the list of `region list`, or look at it anew."""
    from workflows.home.store import open_store
    from workflows.region.catalogue import add_region

    added = add_region(open_store(), folder)
    output.document(asdict(added))
    output.say(f"{added.folder}: {added.done:,} of {added.pieces:,} pieces")


def list_all() -> None:
    """List the regions that were added, as their folders are now."""
    from workflows.home.store import open_store
    from workflows.region.catalogue import list_regions

    found = list_regions(open_store())
    output.document([asdict(one) for one in found])
    output.table(
        ["folder", "kind", "year", "model", "pieces", "looked at"],
        [
            (
                one.folder,
                one.kind,
                one.year,
                one.model,
                f"{one.done:,} of {one.pieces:,}",
                one.looked_at if one.there else f"{one.looked_at}, not there now",
            )
            for one in found
        ],
        copied="folder",
    )


def forget(folder: Folder) -> None:
    """Take a region off the list; its folder stays."""
    from workflows.home.store import open_store
    from workflows.region.catalogue import forget_region

    forget_region(open_store(), folder)
    output.document({"forgotten": folder})
    output.say(f"{folder} is not listed any more; nothing in it was touched.")


def show(folder: Folder) -> None:
    """Say how a region stands: pieces that are whole, damaged or still to be made."""
    from workflows.home.settings import read_settings
    from workflows.locations.addresses import location_of
    from workflows.region.region import show_region

    found = show_region(location_of(read_settings(), folder))
    output.document(asdict(found))
    output.say(
        f"{found.done:,} of {found.pieces:,} pieces, {found.cells:,} cells of resolution "
        f"{found.facts['resolution']}, {found.bytes / 1e6:,.0f} MB"
    )
    for name in found.damaged:
        output.say(f"damaged, made anew by the next `region embed`: {name}")


def search(
    folder: Folder,
    query: str,
    minus: Minus = None,
    top: Top = 20,
    scheduler: Scheduler = "here",
    workers: Workers = 2,
) -> None:
    """Rank a region's cells by a text query."""
    from workflows.home.settings import read_settings
    from workflows.locations.addresses import location_of
    from workflows.region.search import search_region

    settings = read_settings()
    found = search_region(
        settings, location_of(settings, folder), query, top, minus, scheduler, workers
    )
    output.document(asdict(found))
    output.table(
        ["cell", "lon", "lat", "score", "percentile"],
        [
            (r["cell"], f"{r['lon']:.5f}", f"{r['lat']:.5f}", r["score"], f"{r['percentile']:.2f}")
            for r in found.results
        ],
    )
    output.say(f"{found.cells:,} cells, {1000 * found.scan_seconds:,.0f} ms")
