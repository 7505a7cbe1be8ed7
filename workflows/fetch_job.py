"""What the worker does with a queued fetch; all that is downloaded outlives the worker."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from aether_core.errors import (
    InputError,
    NotFoundError,
)
from aether_core.net import Web
from db import cities as city_rows
from db import fetches as fetch_rows
from db.schema import City
from workflows.add_city import add_city
from workflows.cities import remove_city_numbered
from workflows.fetch_progress import FetchProgress
from workflows.fetch_request import FetchCity
from workflows.fetch_sources import overture_release
from workflows.fetch_steps import CITY, LOOKING, YEARS, Fetching, embedding_sources
from workflows.fetches import fetch_folder
from workflows.job_outcome import Mark, outcome_written
from workflows.public_sources import open_web
from workflows.store import Store
from workflows.training import MAX_ATTEMPTS, start_training
from workflows.years import add_year, list_years

log = structlog.get_logger()


def run_fetch_job(store: Store, fetch_id: int) -> None:
    """Carry out one queued fetch. Its outcome is written to it.

    A fetch that is found running was left by a worker that died: it goes on with what lies in the
    cache and in its folder, and is given up after `MAX_ATTEMPTS` starts. One that fails leaves no
    city behind.
    """
    if not _taken_up(store, fetch_id):
        return
    with outcome_written(
        partial(_conclude, store, fetch_id),
        cancelled=fetch_rows.STATES.mark_cancelled,
        failed=fetch_rows.mark_failed,
    ):
        _fetch_and_keep(store, fetch_id)


def _taken_up(store: Store, fetch_id: int) -> bool:
    """Whether there is something to do; where there is not, the fetch says how it ended."""
    with suppress(NotFoundError), store.session() as session:
        fetch = fetch_rows.STATES.by_id(session, fetch_id)
        if fetch.state not in fetch_rows.AT_WORK:
            return False
        if fetch.attempts >= MAX_ATTEMPTS and not fetch.cancel_requested:
            reason = f"its worker died {fetch.attempts} times; see logs/worker.log"
            fetch_rows.mark_failed(session, fetch_id, reason)
            return False
        fetch_rows.STATES.mark_running(session, fetch_id)
        return True
    return False  # it was removed


def _conclude(store: Store, fetch_id: int, mark: Mark) -> None:
    """Write down how a fetch ended that has not brought its city."""
    with suppress(NotFoundError):
        with store.session() as session:
            fetch = fetch_rows.STATES.by_id(session, fetch_id)
            city_id = fetch.city_id
            extends = FetchCity.from_document(fetch.request).extends
        if city_id is not None and not extends:  # without all of its years
            with suppress(NotFoundError):
                remove_city_numbered(store, city_id)
        with store.session() as session:
            mark(session, fetch_id)


def _fetch_and_keep(store: Store, fetch_id: int) -> None:
    with store.session() as session:
        fetch = fetch_rows.STATES.by_id(session, fetch_id)
        request, before = FetchCity.from_document(fetch.request), dict(fetch.result)
        added = fetch.city_id is not None
    folder = fetch_folder(store, fetch_id)
    with open_web(store.settings) as web:
        progress = FetchProgress(store, fetch_id, lambda: web.received, before)
        request = _pinned(store, fetch_id, web, request, progress)
        fetching = Fetching(store.settings, web, request, folder, progress)
        plans = fetching.plans()
        places = None if request.extends or added else fetching.places()
        files = fetching.embedding(plans)
        if places is not None:
            to_add, keep = fetching.request_to_add(files, places), partial(_keep_city, fetch_id)
            add_city(store, to_add, progress.part(*CITY), within=keep)
        _add_years(store, request, files, progress)
    if request.train:
        progress.note(**_train(store, request))
    with store.session() as session:
        fetch_rows.mark_done(session, fetch_id, result=progress.found())
    shutil.rmtree(folder, ignore_errors=True)


def _pinned(
    store: Store, fetch_id: int, web: Web, request: FetchCity, progress: FetchProgress
) -> FetchCity:
    """The request with its release of Overture, which every later attempt takes, too."""
    if request.release is not None:
        return request
    report = progress.part(*LOOKING)

    def waiting() -> None:
        report("looking for the newest release of places", 0, 1)

    waiting()
    release = overture_release(store.settings, web, request, waiting=waiting)
    pinned = replace(request, release=release)
    with store.session() as session:
        fetch_rows.keep_request(session, fetch_id, pinned.to_document())
    return pinned


def _keep_city(fetch_id: int, session: Session, city: City) -> None:
    """The fetch knows its city in the transaction that adds it: no worker's death parts them."""
    fetch_rows.keep_city(session, fetch_id, city.id)


def _add_years(
    store: Store, request: FetchCity, files: Mapping[int, list[Path]], progress: FetchProgress
) -> None:
    held = {summary.year for summary in list_years(store, request.slug)}
    missing = [year for year in request.years if year not in held]
    begin, end = YEARS
    step = (end - begin) / max(len(missing), 1)
    for index, year in enumerate(missing):
        part = progress.part(begin + index * step, begin + (index + 1) * step)
        add_year(store, request.slug, year, files[year], part, link=True)
        if request.extends:
            with store.session() as session:
                city = city_rows.city_by_slug(session, request.slug)
                city.sources = [*city.sources, *embedding_sources(store.settings, (year,))]


def _train(store: Store, request: FetchCity) -> dict[str, object]:
    """Queue a training; a city that cannot be trained is a city all the same."""
    try:
        return {"run": start_training(store, request.slug).id}
    except InputError as error:
        log.warning("fetched city not trained", city=request.slug, reason=str(error))
        return {"not_trained": str(error)}
