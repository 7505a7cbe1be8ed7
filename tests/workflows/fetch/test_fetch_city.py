"""A city from public data: fetched, cut off, killed, resumed, trained, searched, compared."""

import hashlib
import io
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aether_core.city.outline import box_boundary
from aether_core.errors import ConflictError
from aether_core.language import names_kept, said_in
from cli.__main__ import run
from db.cities import cities as city_rows
from db.cities import streets as street_rows
from db.schema import MAIN_ROAD
from tests.db_fixtures import fresh_database
from tests.errors import fault
from tests.fetch_fixtures import REQUEST, SLUG, opened
from tests.forked_workers import start_worker
from tests.job_steps import put_in_queue
from tests.public_server.server import Fault, PublicServer
from tests.public_server.whole import (
    BOX,
    NAME,
    YEARS,
    World,
    environment,
)
from workflows.cities.cities import base_map, city_points, list_cities, show_city
from workflows.fetch.cache import clear_cache, show_cache
from workflows.fetch.fetch import (
    add_fetch,
    cancel_fetch,
    estimate_fetch,
    list_fetches,
    show_fetch,
    years_of_city,
)
from workflows.fetch.fetches import fetch_folder
from workflows.fetch.many import batch_name, list_batches, retry_batch, show_batch, start_many
from workflows.fetch.table import read_list
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.search.change import change_cells
from workflows.search.search import search_cells
from workflows.training.train import add_run

pytestmark = pytest.mark.usefixtures("good_server")


@pytest.fixture(scope="module")
def uncut(
    cluster_url: str, world: World, server: PublicServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """A store with the city, fetched in one go."""
    with pytest.MonkeyPatch.context() as patch, fresh_database(cluster_url) as url:
        for name, value in environment(server, world).items():
            patch.setenv(name, value)
        store = opened(url, tmp_path_factory.mktemp("uncut"))
        carry_out(store, add_fetch(store, REQUEST).job_id)
        yield store
        store.engine.dispose()


def rasters(store: Store) -> dict[str, str]:
    """Digest of each file of the city's embedding, all years."""
    files = sorted(store.settings.cities.rglob("*.tif"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def wait_for(store: Store, fetch_id: int, megabytes: float) -> None:
    deadline = time.monotonic() + 60
    while show_fetch(store, fetch_id).megabytes < megabytes:
        assert time.monotonic() < deadline, show_fetch(store, fetch_id)
        time.sleep(0.05)


def sent_twice(server: PublicServer) -> list[tuple[str, int]]:
    """Path and first byte of each range of the mirror's blocks that was sent a second time."""
    found = []
    for path in {request.path for request in server.log if request.path.endswith(".tiff")}:
        seen: set[int] = set()
        for first, behind in server.bytes_of(path):
            if seen.intersection(range(first, behind)):
                found.append((path, first))
            seen.update(range(first, behind))
    return found


def test_an_uncut_fetch_makes_the_whole_city(uncut: Store) -> None:
    city = show_city(uncut, SLUG)
    assert city.years == sorted(YEARS)
    assert city.year == YEARS[0]
    assert sorted(rasters(uncut)) == [
        "000-alphaearth-2018-34N.tif",
        "000-alphaearth-2024-34N.tif",
        "001-alphaearth-2018-35N.tif",
        "001-alphaearth-2024-35N.tif",
    ]
    assert [source["kind"] for source in city.sources] == [
        *["alphaearth"] * 2,
        *["osm", "overture", "ground"],
    ]
    assert any("AlphaEarth" in credit for credit in city.attribution)
    assert any("Overture" in credit for credit in city.attribution)
    assert any("OpenStreetMap" in credit for credit in city.attribution)
    assert any("ODbL" in credit and "Overture" in credit for credit in city.attribution)
    assert city.pois_dropped["in both sources, kept once"] >= 10
    assert city.pois > 200
    names = city_points(uncut, SLUG)["name"]
    swedish = [said_in(name, "sv") == f"{name} på svenska" for name in names]
    assert 0 < sum(swedish) < len(swedish)  # OpenStreetMap here has main names alone
    (fetch,) = list_fetches(uncut)
    assert (fetch.state, fetch.city_exists, fetch.progress) == ("done", True, 1.0)
    assert fetch.request.release == "2026-10-21.0"
    assert fetch.megabytes > 1
    assert not fetch_folder(uncut, fetch.id).exists()


def test_its_ground_comes_from_overture(uncut: Store) -> None:
    drawn = base_map(uncut, SLUG)
    assert set(drawn["kind"]) == {"water", "green", "road", "building"}
    assert {"Mill Lake", "City Park", "Ring Road", "North Street 1", "Town Hall"} <= set(
        drawn["name"]
    )
    called = dict(zip(drawn["name"], map(names_kept, drawn["other_names"]), strict=True))
    assert called["Ring Road"]["sv"] == "Ring Road på svenska"
    with uncut.session() as session:
        city_id = city_rows.city_by_slug(session, SLUG).id
        main = city_rows.ground_features(session, city_id, MAIN_ROAD)
        network = street_rows.streets(session, city_id)
    assert set(main["name"]) == {"Ring Road", "Old Road"}
    assert network is not None
    assert network.metres.sum() > 40_000
    (fetch,) = list_fetches(uncut)
    assert fetch.request.takes_ground
    expected = estimate_fetch(uncut, replace(REQUEST, slug="again"), ask_servers=True)
    assert expected.ground_megabytes is not None
    assert 0 < expected.ground_megabytes <= expected.megabytes
    assert (expected.ground_requests or 0) >= 5
    without = estimate_fetch(uncut, replace(REQUEST, slug="again", ground=False), ask_servers=True)
    assert without.ground_megabytes is None
    assert without.megabytes == pytest.approx(expected.megabytes - expected.ground_megabytes)


def test_cut_twice_and_killed_once_it_ends_with_the_same_pixels(
    asking: Store, uncut: Store, server: PublicServer
) -> None:
    fetch_id = add_fetch(asking, REQUEST).id
    server.misbehave(".tiff", Fault("slow", rate=100_000), times=-1)

    def cut(megabytes: float) -> None:
        wait_for(asking, fetch_id, megabytes)
        deadline = time.monotonic() + 60
        while not server.break_connections():  # between two requests there is none
            assert time.monotonic() < deadline, show_fetch(asking, fetch_id)

    put_in_queue(asking, show_fetch(asking, fetch_id).job)
    worker = start_worker(asking, "training", until_idle=True)
    cut(0.3)
    wait_for(asking, fetch_id, 0.6)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    assert show_fetch(asking, fetch_id).state == "running"
    assert not list_cities(asking)
    with ThreadPoolExecutor(1) as beside:
        cutting = beside.submit(lambda: (cut(1.0), server.behave()))
        carry_out(asking, show_fetch(asking, fetch_id).job)  # what the next worker does with it
        cutting.result()
    fetch = show_fetch(asking, fetch_id)
    assert (fetch.state, fetch.error, fetch.attempts) == ("done", None, 2)
    assert rasters(asking) == rasters(uncut)
    # A cut transfer goes on where it broke; what was on its way to the killed worker comes again.
    assert len(sent_twice(server)) <= asking.settings.network_connections


def test_the_city_is_trained_searched_and_its_change_mapped(uncut: Store) -> None:
    carry_out(uncut, add_run(uncut, SLUG, settings={"epochs": "4"}).job_id)
    found = search_cells(uncut, SLUG, "a pizza restaurant")
    assert len(found.units) == show_city(uncut, SLUG).cells
    change = change_cells(uncut, SLUG, "a museum", min(YEARS), max(YEARS))
    assert change.beyond_noise.any()


def test_a_second_city_downloads_no_block_again(uncut: Store, server: PublicServer) -> None:
    west, south, east, north = BOX
    inner = box_boundary(west + 0.005, south + 0.003, east - 0.005, north - 0.003)
    request = replace(REQUEST, slug="inner", boundary=inner, years=(2024,), pois="overture")
    request = replace(request, ground=False)
    expected = estimate_fetch(uncut, request, ask_servers=True)
    assert expected.megabytes == 0
    assert expected.reused_megabytes > 0.5
    assert expected.pois is not None
    assert expected.pois > 100
    server.log.clear()
    fetch_id = add_fetch(uncut, request).id
    carry_out(uncut, show_fetch(uncut, fetch_id).job)
    fetch = show_fetch(uncut, fetch_id)
    assert (fetch.state, fetch.error) == ("done", None)
    assert fetch.reused_megabytes == pytest.approx(expected.reused_megabytes, abs=0.01)
    assert not [one for one in server.log if ".tiff" in one.path and one.method == "GET"]


def test_a_year_is_added_to_the_city_that_is_there(uncut: Store) -> None:
    with pytest.raises(ConflictError, check=fault("year-exists", SLUG, 2018)):
        add_fetch(uncut, years_of_city(uncut, SLUG, (2018,)))
    request = years_of_city(uncut, "inner", (2018,))
    fetch_id = add_fetch(uncut, request).id
    carry_out(uncut, show_fetch(uncut, fetch_id).job)
    assert show_fetch(uncut, fetch_id).error is None
    city = show_city(uncut, "inner")
    assert city.years == [2018, 2024]
    told = [one for one in city.sources if one["kind"] == "alphaearth"]
    assert [(one["version"], one["eo_source"]) for one in told] == [
        ("2024", "tiles"),
        ("2018", "tiles"),
    ]


def test_a_taken_slug_is_refused_before_anything_is_asked(
    uncut: Store, server: PublicServer
) -> None:
    with pytest.raises(ConflictError, check=fault("city-exists", REQUEST.slug)):
        add_fetch(uncut, REQUEST)
    assert not server.log


@pytest.mark.usefixtures("by_hand")
def test_of_many_cities_one_that_fails_does_not_stop_the_rest(uncut: Store, tmp_path: Path) -> None:
    path = tmp_path / "cities.csv"
    box = '"23.99,60.155,24.01,60.165"'
    path.write_text(f"slug,name,year,bbox\nbad,Bad,2020,{box}\ngood,Good,2024,{box}\n")
    started = start_many(uncut, read_list(uncut, path), batch_name(path))
    assert [fetch.slug for fetch in started.fetches] == ["bad", "good"]
    for fetch in started.fetches:
        carry_out(uncut, show_fetch(uncut, fetch.id).job)
    summary = show_batch(uncut, "cities")
    assert [fetch.state for fetch in summary.fetches] == ["failed", "done"]
    assert summary.counts == {"failed": 1, "done": 1}
    again = retry_batch(uncut, "cities")
    assert [fetch.state for fetch in again.fetches] == ["queued", "done"]
    with pytest.raises(ConflictError, check=fault("cache-busy")):
        clear_cache(uncut)
    cancel_fetch(uncut, again.fetches[0].id)
    assert list_batches(uncut) == ["cities"]


def command(store: Store, *words: str) -> tuple[int, Any]:
    """Exit code and JSON document of a command on a store."""
    environment = {
        "AETHER_HOME": str(store.settings.home),
        "AETHER_DATABASE_URL": store.url,
        "AETHER_WORKER_IDLE_SECONDS": "0.5",
    }
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        for name, value in environment.items():
            patch.setenv(name, value)
        code = run([*words, "--json"])
    return code, json.loads(out.getvalue())


AREA_WORDS = ("--name", NAME, "--bbox", ",".join(map(str, BOX)))


def test_the_command_estimates_and_stops(uncut: Store) -> None:
    words = ("city", "fetch", "soon", *AREA_WORDS, "--year", "2024", "--year", "2018")
    code, document = command(uncut, *words, "--estimate")
    assert code == 0
    keys = {"tiles", "zones", "megabytes", "minutes", "cells", "pois", "year", "years", "basis"}
    assert keys <= set(document)
    assert (document["basis"], document["zones"]) == ("servers", ["34N", "35N"])
    assert document["pois"] > 100


def test_the_command_fetches_a_city_through_the_queue(uncut: Store) -> None:
    words = ("city", "fetch", "queued", *AREA_WORDS, "--year", "2024", "--cell-resolution", "9")
    code, document = command(uncut, *words)
    assert code == 0, document
    keys = {"slug", "name", "year", "pois", "pois_dropped", "pixels", "cells", "crs", "bbox"}
    assert keys <= set(document)
    assert (document["state"], document["release"]) == ("done", "2026-10-21.0")
    assert document["reused_megabytes"] > 1
    assert document["sources"][0]["kind"] == "alphaearth"


def test_commands_refuse_with_one_line(uncut: Store) -> None:
    wide = ("--name", "Wide", "--bbox", "23.5,60.0,24.5,60.4", "--year", "2024")
    code, document = command(uncut, "city", "fetch", "wide", *wide)
    assert code == 2
    assert "--yes" in document["error"]["message"]
    code, document = command(uncut, "city", "fetch", SLUG, *AREA_WORDS, "--year", "2024")
    assert code == 2
    assert "exists" in document["error"]["message"]
    code, document = command(uncut, "cache", "clear")
    assert code == 2
    assert "--yes" in document["error"]["message"]


def test_the_cache_is_shown_and_cleared(uncut: Store) -> None:
    code, document = command(uncut, "cache")
    assert code == 0
    assert document["parts"]["alphaearth"] > 1
    code, document = command(uncut, "cache", "clear", "--yes")
    assert code == 0
    assert document["cleared_megabytes"] > 1
    assert show_cache(uncut).megabytes == 0
