"""Fetch a city from public data: estimate, start, follow, cancel, let go on."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aether_core.errors import AetherError, ConflictError, DiskFullError, InputError
from db.cities import cities as city_rows
from db.jobs import fetches as fetch_rows
from db.jobs import jobs as job_rows
from db.schema import Fetch
from workflows.accounts.quotas import check_cells_left
from workflows.cities.cities import show_city
from workflows.cities.names import check_slug_free
from workflows.fetch.eo_sources.eo_source import TILES
from workflows.fetch.estimate import FetchEstimate, estimate_fetch
from workflows.fetch.fetches import (
    FetchSummary,
    cancel_fetch,
    fetch_folder,
    follow_fetch,
    list_fetches,
    remove_fetch,
    show_fetch,
)
from workflows.fetch.job_kind import FETCH, FetchRun
from workflows.fetch.request import FetchCity, check_request
from workflows.home.documents import from_document, to_document
from workflows.home.store import Store
from workflows.jobs.job import new_job, release, resume_job
from workflows.jobs.one_home import check_no_other_home

__all__ = [
    "FetchCity",
    "FetchEstimate",
    "FetchSummary",
    "add_fetch",
    "cancel_fetch",
    "check_free",
    "check_request",
    "check_room",
    "estimate_fetch",
    "follow_fetch",
    "list_fetches",
    "remove_fetch",
    "resume_fetch",
    "show_fetch",
    "start_fetch",
    "years_of_city",
]

ALPHAEARTH, INT8 = "alphaearth", "int8"
OSM_EXTRACT = "places.osm.pbf"


def start_fetch(
    store: Store,
    request: FetchCity,
    *,
    confirmed: bool = False,
    estimate: FetchEstimate | None = None,
    batch: str | None = None,
) -> FetchSummary:
    """Check a fetch, queue it, and see to it that a worker takes it.

    Args:
        store: Where the city is to be kept.
        request: What is wanted.
        confirmed: The user agreed to a download above the installation's limit.
        estimate: One made before, to spare making it again.
        batch: What the fetches of one list have in common.

    Raises:
        InputError: A value cannot be used, or the download is large and not confirmed.
        ConflictError: The slug is taken, or a city with it is being fetched.
        DiskFullError: There is no room for it.
        QuotaError: Who asks has as many cells, or jobs, as they may.
    """
    fetch = add_fetch(store, request, confirmed=confirmed, estimate=estimate, batch=batch)
    release(store, [fetch.job])
    return show_fetch(store, fetch.id)


def add_fetch(
    store: Store,
    request: FetchCity,
    *,
    confirmed: bool = False,
    estimate: FetchEstimate | None = None,
    batch: str | None = None,
) -> Fetch:
    """Check a fetch and write it down, its job still to be queued; see `start_fetch`."""
    request = check_request(store.settings, request)
    check_free(store, request)
    check_cells_left(store)
    estimate = estimate or estimate_fetch(store, request)
    check_room(estimate)
    if estimate.asks and not confirmed:
        raise InputError(
            f"the download is above {estimate.ask_megabytes} MB and needs confirmation",
            f"about {estimate.megabytes:,.0f} MB, {estimate.minutes:.0f} minutes",
            "confirm it, choose a smaller area, or fetch one year at a time",
            code="download-not-confirmed",
        )
    check_no_other_home(store)
    with store.session() as session:
        name = request.name.strip()
        job = new_job(session, FETCH, request.slug, FetchRun(0, name))
        fetch = fetch_rows.add_fetch(
            session,
            job.id,
            slug=request.slug,
            name=name,
            request=to_document(request),
            estimate=estimate.to_document(),
            batch=batch,
        )
        if request.osm_file is not None:  # the job never reads a user's file
            kept = replace(request, osm_file=_keep_extract(store, fetch.id, request.osm_file))
            fetch.request = to_document(kept)
        job.request = FETCH.to_document(FetchRun(fetch.id, name))
        return fetch


def check_free(store: Store, request: FetchCity) -> None:
    """Check that the city is not there yet, or that it is there without the years to add.

    Raises:
        NotFoundError: Years are to be added, and no city has this slug.
        ConflictError: The slug is taken, a city with it is being fetched, or the city holds one of
            the years.
    """
    with store.session() as session:
        job_rows.check_unclaimed(session, FETCH.claim(request.slug, FetchRun(0)))
    if not request.extends:
        check_slug_free(store, request.slug)
        return
    held = show_city(store, request.slug).years
    if both := sorted(set(held) & set(request.years)):
        raise ConflictError(
            "the city already has this year",
            f"{request.slug} {', '.join(map(str, both))}",
            f"it has {', '.join(map(str, held))}",
            code="year-exists",
        )


def years_of_city(store: Store, slug: str, years: tuple[int, ...]) -> FetchCity:
    """The request for further years of a city that is there, from where its own year came.

    Years of one city stand on one grid, so none is taken from another source. A city that was not
    fetched, or that was before there were several, has `tiles`.

    Raises:
        NotFoundError: No city has this slug.
        InputError: The city's embedding is simulated, is not AlphaEarth's, or not in its files'
            encoding.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        if city.simulated:
            raise InputError(
                "a measured year cannot be combined with a simulated one",
                slug,
                "fetch the city from public data under another short name",
                code="city-is-simulated",
            )
        held = city.embedding, {raster.encoding for raster in city_rows.rasters(session, city.id)}
        eo_source = _eo_source_of(city.sources)
        request = FetchCity(
            slug=slug,
            name=city.name,
            boundary=city_rows.boundary_of(city),
            years=years,
            radius_m=city.radius_m,
            cell_resolution=city.cell_resolution,
            extends=True,
            eo_source=eo_source,
        )
    if held != (ALPHAEARTH, {INT8}):
        kind, encodings = held
        raise InputError(
            "years from AlphaEarth's public files cannot be combined with another embedding",
            f"{slug} has {kind}, {', '.join(sorted(encodings)) or 'unknown encoding'}",
            "add the year from files like those the city was added with",
            code="city-not-of-public-files",
        )
    return request


def _eo_source_of(sources: Sequence[Mapping[str, Any]]) -> str:
    """Where the embedding of a city came from, by what it keeps of its sources."""
    named = (one.get("eo_source") for one in sources if one.get("kind") == ALPHAEARTH)
    return next((str(name) for name in named if name), TILES)


def check_room(estimate: FetchEstimate) -> None:
    """Check that a fetch's files find room on the disk.

    Raises:
        DiskFullError: They do not.
    """
    if not estimate.fits:
        raise DiskFullError(
            f"the city needs about {estimate.disk_megabytes:,.0f} MB while it is built, and "
            f"{estimate.disk_free_megabytes:,.0f} MB are free; free some space, choose another "
            "AETHER_HOME, or a smaller area"
        )


def _keep_extract(store: Store, fetch_id: int, extract: Path) -> Path:
    folder = fetch_folder(store, fetch_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return shutil.copyfile(extract, folder / OSM_EXTRACT)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise AetherError(
            f"the OpenStreetMap extract could not be copied to {folder}: {error.strerror}",
            code="file-not-copied",
        ) from error


def resume_fetch(store: Store, fetch_id: int, *, without_ground: bool = False) -> FetchSummary:
    """Queue a failed or cancelled fetch again; nothing that is there is downloaded twice.

    Args:
        store: Where it is.
        fetch_id: Its number.
        without_ground: Leave out streets and base map, which could not be had.

    Raises:
        NotFoundError: No fetch has this number.
        ConflictError: It is not over, is done, or its city's short name is taken by now.
    """
    if without_ground and show_fetch(store, fetch_id).resumable:
        check_fetch_resumes(store, fetch_id)
        with store.session() as session:
            fetch = fetch_rows.fetch_by_id(session, fetch_id)
            request = replace(from_document(FetchCity, fetch.request), ground=False)
            fetch_rows.keep_request(session, fetch_id, to_document(request))
    resume_job(store, show_fetch(store, fetch_id).job)
    return show_fetch(store, fetch_id)


def check_fetch_resumes(store: Store, fetch_id: int) -> None:
    """Check that a fetch can go on: that its city's short name is still free.

    Raises:
        NotFoundError: No fetch has this number.
        ConflictError: It is done, or the short name is taken by now.
    """
    fetch = show_fetch(store, fetch_id)
    if fetch.state.is_done:
        raise ConflictError(
            "the fetch is done", f"fetch {fetch_id}", f"its city is {fetch.slug}", code="fetch-done"
        )
    if fetch.is_finished:  # one whose worker died holds the name itself
        check_free(store, fetch.request)
