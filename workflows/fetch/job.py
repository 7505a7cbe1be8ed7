"""What the worker does with a queued fetch; all that is downloaded outlives the worker."""

import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from sqlalchemy.orm import Session

from aether_core.errors import InputError
from aether_core.net import Web
from db.jobs import fetches as fetch_rows
from db.jobs import jobs as job_rows
from db.schema import City
from workflows.cities.add import add_city
from workflows.cities.cities import remove_city_numbered
from workflows.cities.years import add_year, list_years
from workflows.fetch.fetches import fetch_folder
from workflows.fetch.progress import FetchProgress
from workflows.fetch.request import FetchCity
from workflows.fetch.servers import for_the_ground, open_web
from workflows.fetch.sources import overture_release
from workflows.fetch.steps import (
    CITY,
    LOOKING,
    YEARS,
    Fetching,
    YearFiles,
)
from workflows.home.documents import from_document, to_document
from workflows.home.store import Store
from workflows.jobs.work import Work
from workflows.training.train import start_training

log = structlog.get_logger()


def run_fetch_job(work: Work, fetch_id: int) -> None:
    """Carry out one fetch.

    A fetch that was left by a worker that died goes on with what lies in the cache and in its
    folder.
    """
    store = work.store
    with store.session() as session:
        fetch = fetch_rows.fetch_by_id(session, fetch_id)
        request, before = from_document(FetchCity, fetch.request), dict(fetch.result)
        added = fetch.city_id is not None
    folder = fetch_folder(store, fetch_id)
    with open_web(store.settings) as web:
        progress = FetchProgress(work, fetch_id, lambda: web.received, before)
        request = _pinned(store, fetch_id, web, request, progress)
        fetching = Fetching(store.settings, web, request, folder, progress)
        plans = fetching.plans()
        places = None if request.extends or added else fetching.places()
        ground = None if places is None else fetching.ground()
        files = fetching.embedding(plans)
        if places is not None:
            to_add = fetching.request_to_add(files, places, ground)
            keep = partial(_keep_city, work, fetch_id)
            who = work.job.who
            add_city(store, to_add, progress.part(*CITY), added_by=who, within=keep)
        _add_years(work, request, files, progress)
    if request.train:
        progress.note(**_train(store, request))
    with store.session() as session:
        fetch_rows.keep_found(session, fetch_id, progress.found())
        work.finish(session, {"fetch": fetch_id, "city": request.slug})
    shutil.rmtree(folder, ignore_errors=True)


def abandon_fetch(store: Store, fetch_id: int) -> None:
    """Remove the city a fetch has added without all of its years.

    Raises:
        NotFoundError: Somebody else removed it.
    """
    with store.session() as session:
        fetch = fetch_rows.fetch_by_id(session, fetch_id)
        city_id = fetch.city_id
        extends = from_document(FetchCity, fetch.request).extends
    if city_id is not None and not extends:
        remove_city_numbered(store, city_id)


def _pinned(
    store: Store, fetch_id: int, web: Web, request: FetchCity, progress: FetchProgress
) -> FetchCity:
    """The request with its release of Overture, which every later attempt takes, too."""
    if request.release is not None:
        return request
    report = progress.part(*LOOKING)

    def check_cancelled() -> None:
        report("finding the newest release of Overture Maps", 0, 1)

    check_cancelled()
    with nullcontext() if request.takes_overture_places else for_the_ground():
        release = overture_release(store.settings, web, request, check_cancelled=check_cancelled)
    pinned = replace(request, release=release)
    with store.session() as session:
        fetch_rows.keep_request(session, fetch_id, to_document(pinned))
    return pinned


def _keep_city(work: Work, fetch_id: int, session: Session, city: City) -> None:
    """The fetch knows its city in the transaction that adds it: no worker's death parts them."""
    job_rows.check_lease(session, work.lease)
    fetch_rows.keep_city(session, fetch_id, city.id)


def _add_years(
    work: Work, request: FetchCity, files: Mapping[int, YearFiles], progress: FetchProgress
) -> None:
    store = work.store
    present = {summary.year for summary in list_years(store, request.slug)}
    missing = [year for year in request.years if year not in present]
    begin, end = YEARS
    step = (end - begin) / max(len(missing), 1)
    for index, year in enumerate(missing):
        part = progress.part(begin + index * step, begin + (index + 1) * step)
        within = partial(_name_source, files[year].source(year)) if request.extends else None
        add_year(
            store,
            request.slug,
            year,
            files[year].paths,
            part,
            link=True,
            added_by=work.job.who,
            within=within,
        )


def _name_source(source: dict[str, Any], _session: Session, city: City) -> None:
    """Add where a year comes from to the sources of a city that was there before."""
    city.sources = [*city.sources, source]


def _train(store: Store, request: FetchCity) -> dict[str, object]:
    """Queue a training; a city that cannot be trained is a city all the same."""
    try:
        return {"run": start_training(store, request.slug).id}
    except InputError as error:
        log.warning("fetched city not trained", city=request.slug, reason=str(error))
        return {"not_trained": str(error)}
