"""Fetches that are refused, fail, or are left by a worker that died."""

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aether_core.city.outline import box_boundary
from aether_core.errors import ConflictError, DiskFullError, InputError, NotFoundError
from db.jobs import fetches as fetch_rows
from db.jobs import jobs as job_rows
from tests.db.city_data import add_small_city
from tests.errors import fault
from tests.fetch_fixtures import REQUEST, SLUG
from tests.public_server.server import Fault, PublicServer
from workflows.cities.cities import base_map, list_cities, show_city
from workflows.demo.real import real_demo
from workflows.fetch.fetch import (
    add_fetch,
    cancel_fetch,
    estimate_fetch,
    list_fetches,
    remove_fetch,
    resume_fetch,
    show_fetch,
    years_of_city,
)
from workflows.fetch.fetches import fetch_folder
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import show_job
from workflows.jobs.kind import FETCHING
from workflows.jobs.worker import take_up_stalled, worker_app

pytestmark = pytest.mark.usefixtures("good_server")


def test_a_year_the_mirror_lacks_is_named_and_leaves_no_city(asking: Store) -> None:
    fetch_id = add_fetch(asking, replace(REQUEST, years=(2024, 2020))).id
    carry_out(asking, show_fetch(asking, fetch_id).job)
    fetch = show_fetch(asking, fetch_id)
    assert (fetch.state, fetch.exit_code, fetch.resumable) == ("failed", 2, True)
    assert "2018, 2024" in str(fetch.error)
    assert not list_cities(asking)


def test_without_a_network_it_says_so_in_one_line(
    asking: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = asking.settings.model_copy(
        update={
            "alphaearth_url": "http://127.0.0.1:9/annual",
            "overture_url": "http://127.0.0.1:9/o",
            "overture_catalog_url": "http://127.0.0.1:9/o/catalog.json",
        }
    )
    offline = replace(asking, settings=settings)
    fetch_id = add_fetch(offline, replace(REQUEST, pois="overture", release="2026-10-21.0")).id
    monkeypatch.setattr("aether_core.net.request_policy.RequestPolicy.pause_s", lambda *_: 0.0)
    carry_out(offline, show_fetch(offline, fetch_id).job)
    fetch = show_fetch(offline, fetch_id)
    assert fetch.state == "failed"
    assert "127.0.0.1" in str(fetch.error)
    assert "\n" not in str(fetch.error)


def test_streets_that_cannot_be_had_are_said_and_can_be_left_out(
    asking: Store, server: PublicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aether_core.net.request_policy.RequestPolicy.pause_s", lambda *_: 0.0)
    server.misbehave("type=segment", Fault("status", code=500), times=-1)
    request = replace(REQUEST, years=(2024,), pois="overture")
    fetch_id = add_fetch(asking, request).id
    job = show_fetch(asking, fetch_id).job
    carry_out(asking, job)
    fetch = show_fetch(asking, fetch_id)
    assert (fetch.state, fetch.lacks_ground, fetch.resumable) == ("failed", True, True)
    assert show_job(asking, job).error_code == "ground-not-fetched"
    assert not list_cities(asking)
    with monkeypatch.context() as patch:
        patch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)
        assert resume_fetch(asking, fetch_id, without_ground=True).state == "queued"
    carry_out(asking, job)
    fetch = show_fetch(asking, fetch_id)
    assert (fetch.state, fetch.error, fetch.lacks_ground) == ("done", None, False)
    assert base_map(asking, SLUG).empty
    assert "ground" not in {source["kind"] for source in show_city(asking, SLUG).sources}


def test_places_of_openstreetmap_with_overtures_streets(
    asking: Store, server: PublicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aether_core.net.request_policy.RequestPolicy.pause_s", lambda *_: 0.0)
    request = replace(REQUEST, years=(2024,), pois="osm")
    server.misbehave("catalog.json", Fault("status", code=500), times=-1)
    fetch_id = add_fetch(asking, request).id
    job = show_fetch(asking, fetch_id).job
    carry_out(asking, job)
    assert show_fetch(asking, fetch_id).lacks_ground
    server.behave()
    with monkeypatch.context() as patch:
        patch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)
        resume_fetch(asking, fetch_id)
    carry_out(asking, job)
    assert show_fetch(asking, fetch_id).error is None
    kinds = [source["kind"] for source in show_city(asking, SLUG).sources]
    assert kinds == ["alphaearth", "osm", "ground"]
    assert not base_map(asking, SLUG).empty


@pytest.mark.usefixtures("by_hand")
def test_a_slug_is_fetched_once_at_a_time(asking: Store) -> None:
    first = add_fetch(asking, REQUEST).id
    with pytest.raises(ConflictError, check=fault("already-being-done", REQUEST.slug)):
        add_fetch(asking, REQUEST)
    assert cancel_fetch(asking, first).state == "cancelled"
    second = add_fetch(asking, REQUEST).id
    with pytest.raises(ConflictError, check=fault("already-being-done", REQUEST.slug)):
        resume_fetch(asking, first)
    cancel_fetch(asking, second)
    assert resume_fetch(asking, first).state == "queued"


def test_a_large_download_has_to_be_confirmed(asking: Store) -> None:
    wide = replace(REQUEST, boundary=box_boundary(23.5, 60.0, 24.5, 60.4))
    with pytest.raises(InputError, check=fault("download-not-confirmed")):
        add_fetch(asking, wide)
    assert add_fetch(asking, wide, confirmed=True)


def test_a_download_the_disk_cannot_hold_is_refused(asking: Store) -> None:
    expected = replace(estimate_fetch(asking, REQUEST), disk_free_megabytes=1.0)
    with pytest.raises(DiskFullError, check=fault("disk-full")):
        add_fetch(asking, REQUEST, estimate=expected)


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ({"years": ()}, ("no-year-given",)),
        ({"years": (2024, 2024)}, ("year-given-twice", 2024)),
        ({"years": (1999,)}, ("alphaearth-lacks-year", 1999)),
        ({"pois": "google"}, ("no-such-place-source", "google")),
        ({"confidence": 1.5}, ("confidence-out-of-range", 1.5)),
        ({"osm_file": Path("/none.osm.pbf")}, ("no-such-file", "/none.osm.pbf")),
        (
            {"osm_file": Path("/none.osm.pbf"), "pois": "overture"},
            ("extract-without-osm-places", "none.osm.pbf"),
        ),
        ({"boundary": box_boundary(20, 50, 30, 60)}, ("boundary-too-large", "20,000 km²")),
        (
            {"boundary": box_boundary(10, 83.5, 11, 84.5)},
            ("boundary-outside-data-latitudes", 84.5),
        ),
    ],
)
def test_what_cannot_be_fetched_is_refused(
    asking: Store, change: dict[str, object], reported: tuple[object, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*reported)):
        add_fetch(asking, replace(REQUEST, **change))
    assert not list_fetches(asking)


def test_a_fetch_that_fails_after_its_city_was_added_leaves_none(asking: Store) -> None:
    fetch_id = add_fetch(asking, replace(REQUEST, years=(2024, 2020))).id
    with asking.session() as session:  # as a worker leaves it that died after adding the city
        city = add_small_city(session, slug=SLUG).city
        job_rows.start(session, fetch_rows.fetch_by_id(session, fetch_id).job_id)
        fetch_rows.keep_city(session, fetch_id, city.id)
    carry_out(asking, show_fetch(asking, fetch_id).job)
    assert show_fetch(asking, fetch_id).state == "failed"
    assert not list_cities(asking)


def test_a_fetch_is_forgotten_with_its_folder(asking: Store) -> None:
    fetch_id = add_fetch(asking, REQUEST).id
    with pytest.raises(ConflictError, check=fault("job-in-wrong-state")):
        remove_fetch(asking, fetch_id)
    fetch_folder(asking, fetch_id).mkdir(parents=True)
    cancel_fetch(asking, fetch_id)
    remove_fetch(asking, fetch_id)
    assert not fetch_folder(asking, fetch_id).exists()
    with pytest.raises(NotFoundError):
        show_fetch(asking, fetch_id)


def test_a_simulated_city_takes_no_year_that_was_measured(asking: Store) -> None:
    with asking.session() as session:
        add_small_city(session, slug=SLUG).city.simulated = True
    with pytest.raises(InputError, check=fault("city-is-simulated", SLUG)):
        years_of_city(asking, SLUG, (2018,))


def test_a_fetch_whose_worker_died_without_a_job_left_is_queued_again(asking: Store) -> None:
    job_id = add_fetch(asking, REQUEST).job_id
    with asking.session() as session:
        job = job_rows.start(session, job_id)
        job.heartbeat = datetime.now(UTC) - timedelta(minutes=1)

    async def queued() -> list[dict[str, Any]]:
        app = worker_app(asking, threading.Event())
        async with app.open_async():
            await take_up_stalled(app, asking)
            await take_up_stalled(app, asking)  # the second time it is in the queue
            jobs = await app.job_manager.list_jobs_async(queue=FETCHING)
            return [job.task_kwargs for job in jobs]

    assert asyncio.run(queued()) == [{"job_id": job_id}]


def test_the_demo_offers_its_city_with_the_real_embedding(asking: Store) -> None:
    with asking.session() as session:
        add_small_city(session, slug="helsinki")
    assert real_demo(asking).command.startswith("./aether city fetch helsinki-real --name")
    with asking.session() as session:
        add_small_city(session, slug="helsinki-real")
    request = real_demo(asking).request
    assert request is not None
    assert request.slug == "helsinki-real-2"
    nowhere = asking.settings.model_copy(update={"alphaearth_url": "http://127.0.0.1:9/annual"})
    offer = real_demo(replace(asking, settings=nowhere))
    assert offer.request is None
    assert offer.reason.startswith("offline: 127.0.0.1")
