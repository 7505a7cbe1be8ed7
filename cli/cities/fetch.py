"""`city fetch`, `city fetch-year`, and what is done with a fetch: cities from public data."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aether_core.errors import InputError
from cli import output
from cli.cities.city import say_city
from cli.following import Wait, followed
from cli.options import Confidence

if TYPE_CHECKING:  # the libraries of reading and fitting load when a command needs them
    from workflows.fetch.fetch import FetchCity, FetchEstimate, FetchSummary
    from workflows.home.store import Store

FetchId = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask about large downloads.")]
Estimate = Annotated[bool, typer.Option("--estimate", help="Only print the estimate, then stop.")]
Years = Annotated[list[int], typer.Option("--year", help="Year; may be repeated, main one first.")]


def fetch(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="Display name.")],
    year: Years,
    bbox: Annotated[
        str | None,
        typer.Option(
            metavar="W,S,E,N", help="Area as a bounding box, in degrees; W > E across 180°."
        ),
    ] = None,
    boundary: Annotated[Path | None, typer.Option(help="Area as a polygon file.")] = None,
    place: Annotated[str | None, typer.Option(help="Area by city name: see `place find`.")] = None,
    country: Annotated[str | None, typer.Option(help="Country of the place.")] = None,
    finder: Annotated[
        str, typer.Option("--from", help="Where to look up the name, as in `place find`.")
    ] = "gazetteer",
    near: Annotated[
        int | None,
        typer.Option(help="With overture: number of the gazetteer match to search around."),
    ] = None,
    choose: Annotated[
        int | None, typer.Option(help="Which place to use if several share the name.")
    ] = None,
    size_km: Annotated[
        float | None, typer.Option(help="Side of a box around the place's centre, in km.")
    ] = None,
    pois: Annotated[str, typer.Option(help="overture, osm or both.")] = "overture",
    osm_file: Annotated[
        Path | None, typer.Option(help="OpenStreetMap extract (.pbf), instead of a server.")
    ] = None,
    confidence: Confidence = 0.5,
    unsure_share: Annotated[
        float | None,
        typer.Option(
            help="Instead of a confidence: share of Overture's places there to leave out, the "
            "least sure, such as 0.25."
        ),
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="Overture release; default: the newest.")
    ] = None,
    radius_m: Annotated[float, typer.Option(help="Pooling radius in metres.")] = 100.0,
    cell_resolution: Annotated[int | None, typer.Option(help="H3 resolution, 8 to 12.")] = None,
    crs: Annotated[
        str | None, typer.Option(help="CRS of a boundary file that does not state one.")
    ] = None,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Train a model once the city has been added.")
    ] = False,
    ground: Annotated[
        bool,
        typer.Option(
            "--ground/--no-ground",
            help="Take streets, water and parks from Overture; an extract brings its own.",
        ),
    ] = True,
    eo_source: Annotated[
        str,
        typer.Option(
            help="tiles: AlphaEarth's own files a year. mosaic: all years on one grid, for change."
        ),
    ] = "tiles",
    estimate: Estimate = False,
    yes: Yes = False,
    wait: Wait = True,
) -> None:
    """Make a city from public data: AlphaEarth's embedding, and places of Overture or OSM."""
    from workflows.fetch.area import AreaRequest, find_area, parse_box
    from workflows.fetch.fetch import FetchCity
    from workflows.home.store import open_store

    store = open_store()
    wanted = AreaRequest(
        box=parse_box(bbox) if bbox is not None else None,
        boundary=boundary,
        crs=crs,
        place=place,
        country=country,
        finder=finder,
        near=near,
        choose=choose,
        size_km=size_km,
    )
    area = find_area(store.settings, wanted)
    if place is not None:
        sys.stderr.write(f"{area.words}\n")
    request = FetchCity(
        slug=slug,
        name=name,
        boundary=area.boundary,
        years=tuple(year),
        pois=pois,
        osm_file=osm_file,
        confidence=confidence,
        unsure_share=unsure_share,
        release=release,
        radius_m=radius_m,
        cell_resolution=cell_resolution,
        train=train,
        credits=area.credits,
        ground=ground,
        eo_source=eo_source,
    )
    _estimate_or_start(store, request, estimate=estimate, yes=yes, wait=wait)


def fetch_year(
    slug: str,
    year: Years,
    estimate: Estimate = False,
    yes: Yes = False,
    wait: Wait = True,
) -> None:
    """Fetch further years of the embedding for a city that is there, from its own year's source."""
    from workflows.fetch.fetch import years_of_city
    from workflows.home.store import open_store

    store = open_store()
    request = years_of_city(store, slug, tuple(year))
    _estimate_or_start(store, request, estimate=estimate, yes=yes, wait=wait)


def _estimate_or_start(
    store: "Store", request: "FetchCity", *, estimate: bool, yes: bool, wait: bool
) -> None:
    from workflows.fetch.fetch import check_free, estimate_fetch, start_fetch

    check_free(store, request)
    if estimate:
        expected = _asked_estimate(store, request)
        output.document(expected.to_document())
        _say_estimate(expected)
        return
    expected = estimate_fetch(store, request)
    if expected.asks and not yes:
        confirm(expected.megabytes, expected.minutes, expected.ask_megabytes)
    started = start_fetch(store, request, confirmed=True, estimate=expected)
    _follow(store, started, wait=wait)


def _asked_estimate(store: "Store", request: "FetchCity") -> "FetchEstimate":
    """The servers' figures; without a network those that the boundary alone tells, and said so."""
    from aether_core.net import OfflineError
    from workflows.fetch.fetch import estimate_fetch

    try:
        with output.progress() as progress:
            return estimate_fetch(store, request, ask_servers=True, progress=progress)
    except OfflineError as error:
        sys.stderr.write(f"estimated from the boundary only: {error}\n")
        return estimate_fetch(store, request)


def confirm(megabytes: float, minutes: float, limit: int) -> None:
    """Ask on a terminal whether to go on; elsewhere only --yes says so.

    Raises:
        InputError: Nobody is there to be asked, or the answer is no.
    """
    size = f"about {megabytes:,.0f} MB, {minutes:,.0f} minutes"
    if sys.stdin.isatty() and sys.stderr.isatty() and not output.MODE.json:
        if typer.confirm(f"This downloads {size}. Continue?", err=True):
            return
        raise InputError(
            "not confirmed",
            size,
            "choose a smaller area or fewer years",
            code="download-not-confirmed",
        )
    raise InputError(
        f"the download is above {limit} MB and needs confirmation",
        size,
        "add --yes to continue, or choose a smaller area or fewer years",
        code="download-not-confirmed",
    )


def _follow(store: "Store", started: "FetchSummary", *, wait: bool) -> None:
    """Follow a queued fetch, and the training it starts, or say that it is queued.

    Raises:
        JobEndedError: One of the two failed.
    """
    from workflows.cities.cities import city_document, show_city
    from workflows.fetch.fetch import show_fetch
    from workflows.training.runs import show_run

    if not wait:
        output.document(fetch_document(started))
        output.say(
            f"Fetch {started.id} is queued. Follow it with: ./aether fetch show {started.id}"
        )
        return
    followed(store, started.job)
    ended = show_fetch(store, started.id)
    if ended.run is not None:
        followed(store, show_run(store, ended.run).job)
    city = show_city(store, ended.slug)
    output.document({**fetch_document(ended), **city_document(city)})
    say_city(city)
    _say_fetch(ended)
    if ended.run is None:
        output.say(f"Next: ./aether train {city.slug}")


def fetch_document(fetch: "FetchSummary") -> dict[str, Any]:
    """A fetch as JSON."""
    return {
        "fetch": fetch.id,
        "job": fetch.job,
        "slug": fetch.slug,
        "name": fetch.name,
        "years": list(fetch.request.years),
        "places_from": fetch.request.pois,
        "eo_source": fetch.request.eo_source,
        "release": fetch.request.release,
        "batch": fetch.batch,
        "state": fetch.state,
        "stage": fetch.stage,
        "progress": fetch.progress,
        "megabytes": fetch.megabytes,
        "reused_megabytes": fetch.reused_megabytes,
        "seconds_left": fetch.seconds_left,
        "error": fetch.error,
        "resumable": fetch.resumable,
        "ground": fetch.request.takes_ground,
        "lacks_ground": fetch.lacks_ground,
        "city_exists": fetch.city_exists,
        "run": fetch.run,
        "not_trained": fetch.not_trained,
        "attempts": fetch.attempts,
        "estimate": fetch.estimate.to_document(),
        "created": fetch.created,
        "started": fetch.started,
        "finished": fetch.finished,
    }


def _say_estimate(expected: "FetchEstimate") -> None:
    basis = {
        "geometry": "the boundary only",
        "servers": "the mirror's index, file headers, and statistics of places and streets",
    }
    rows: list[tuple[str, object]] = [
        ("years", ", ".join(map(str, expected.years))),
        ("zones", ", ".join(expected.zones)),
        ("files to read", expected.tiles),
        ("to download", f"{expected.megabytes:,.1f} MB"),
        ("already cached", f"{expected.reused_megabytes:,.1f} MB"),
        ("minutes", expected.minutes),
        ("cells", f"{expected.cells:,} (H3 resolution {expected.cell_resolution})"),
        ("places", "not counted" if expected.pois is None else f"at most {expected.pois:,}"),
        ("streets, base map", _ground(expected)),
        ("disk", f"{expected.disk_megabytes:,.0f} of {expected.disk_free_megabytes:,.0f} MB free"),
        ("from", basis[expected.basis]),
    ]
    output.table(["", ""], rows)
    if expected.asks:
        output.say(f"Above {expected.ask_megabytes} MB, so it needs confirmation.")


def _ground(expected: "FetchEstimate") -> str:
    if expected.ground_megabytes is None:
        return "not counted"
    left_out = expected.buildings_megabytes
    buildings = f", without buildings ({left_out:,.0f} MB)" if left_out else ""
    return (
        f"{expected.ground_megabytes:,.1f} MB in about {expected.ground_requests:,} requests"
        f"{buildings}"
    )


def _say_fetch(fetch: "FetchSummary") -> None:
    output.say(f"fetch {fetch.id} of {fetch.slug}: {fetch.state}{_because(fetch)}")
    if not fetch.is_finished:
        left = f", about {fetch.seconds_left:.0f} s left" if fetch.seconds_left else ""
        output.say(f"{fetch.stage or 'waiting'}, {fetch.progress:.0%}{left}")
    output.say(
        f"{fetch.megabytes:,.1f} MB downloaded, {fetch.reused_megabytes:,.1f} MB already cached"
    )
    if fetch.resumable:
        output.say(f"Resume it with: ./aether fetch resume {fetch.id}")
    if fetch.lacks_ground:
        output.say(f"Without streets and base map: ./aether fetch resume {fetch.id} --no-ground")
    if fetch.not_trained:
        output.say(f"Not trained: {fetch.not_trained}")


def _because(fetch: "FetchSummary") -> str:
    return f": {fetch.error}" if fetch.error else ""


def list_all(
    batch: Annotated[str | None, typer.Option(help="Only those of one batch.")] = None,
) -> None:
    """List the fetches."""
    from workflows.fetch.fetch import list_fetches
    from workflows.home.store import open_store

    found = list_fetches(open_store(), batch)
    output.document([fetch_document(one) for one in found])
    output.table(
        ["fetch", "city", "years", "batch", "state", "MB", "stage or error"],
        [
            (
                one.id,
                one.slug,
                ", ".join(map(str, one.request.years)),
                one.batch,
                one.state,
                f"{one.megabytes:,.1f}",
                one.error or one.stage,
            )
            for one in found
        ],
    )


def show(fetch_id: FetchId) -> None:
    """Show one fetch."""
    from workflows.fetch.fetch import show_fetch
    from workflows.home.store import open_store

    found = show_fetch(open_store(), fetch_id)
    output.document(fetch_document(found))
    _say_fetch(found)


def cancel(fetch_id: FetchId) -> None:
    """Stop a fetch; what was downloaded is kept."""
    from workflows.fetch.fetch import cancel_fetch
    from workflows.home.store import open_store

    found = cancel_fetch(open_store(), fetch_id)
    output.document(fetch_document(found))
    asked = f"Fetch {found.id} is stopping."
    output.say(f"Fetch {found.id} is {found.state}." if found.is_finished else asked)


def resume(
    fetch_id: FetchId,
    ground: Annotated[
        bool,
        typer.Option("--ground/--no-ground", help="--no-ground: without streets and base map."),
    ] = True,
    wait: Wait = True,
) -> None:
    """Let a failed or cancelled fetch go on; nothing is downloaded twice."""
    from workflows.fetch.fetch import resume_fetch
    from workflows.home.store import open_store

    store = open_store()
    _follow(store, resume_fetch(store, fetch_id, without_ground=not ground), wait=wait)


def remove(fetch_id: FetchId) -> None:
    """Forget a finished fetch; its city and what was downloaded stay."""
    from workflows.fetch.fetch import remove_fetch
    from workflows.home.store import open_store

    remove_fetch(open_store(), fetch_id)
    output.document({"removed": fetch_id})
    output.say(f"Fetch {fetch_id} is deleted.")
