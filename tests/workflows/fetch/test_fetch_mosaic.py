"""A city from AlphaEarth's mosaic: several years on one grid, and a further one later."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio

from aether_core.city.outline import box_boundary
from aether_core.errors import InputError
from cli.__main__ import run
from tests.errors import fault
from tests.fetch_fixtures import REQUEST, SLUG
from tests.public_server.mosaic import write_mosaic
from tests.public_server.server import Fault, PublicServer
from workflows.cities.cities import show_city
from workflows.fetch.fetch import (
    add_fetch,
    check_request,
    estimate_fetch,
    show_fetch,
    years_of_city,
)
from workflows.fetch.table import read_list
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out

pytestmark = pytest.mark.usefixtures("good_server")

BOX = (23.99, 60.155, 24.012, 60.165)
AROUND = (23.98, 60.15, 24.022, 60.17)
CITY = replace(
    REQUEST,
    boundary=box_boundary(*BOX),
    years=(2024, 2018),
    pois="overture",
    ground=False,
    eo_source="mosaic",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicServer]:
    folder = tmp_path_factory.mktemp("mosaic")
    write_mosaic(folder / "mosaic", years=(2017, 2018, 2024), area=AROUND)
    with PublicServer(folder) as server:
        yield server


@pytest.fixture(autouse=True)
def its_address(
    good_server: None,  # noqa: ARG001 - its settings come first
    served: PublicServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served.behave()
    monkeypatch.setenv("AETHER_ALPHAEARTH_MOSAIC_URL", f"{served.url}/mosaic")
    monkeypatch.setattr("aether_core.net.request_policy.RequestPolicy.pause_s", lambda *_: 0.0)


def rasters(store: Store) -> list[Path]:
    return sorted(store.settings.cities.rglob("*.tif"))


def test_years_come_on_one_grid_and_a_further_one_from_the_same_source(
    asking: Store, served: PublicServer
) -> None:
    expected = estimate_fetch(asking, CITY, ask_servers=True)
    assert (expected.zones, expected.years) == (("35N",), (2024, 2018))
    assert 0 < expected.megabytes < estimate_fetch(asking, CITY).megabytes
    served.log.clear()
    fetch_id = add_fetch(asking, CITY).id
    served.misbehave("/embeddings/c/2/", Fault("cut", after=50_000), method="GET", times=2)
    carry_out(asking, show_fetch(asking, fetch_id).job)
    fetch = show_fetch(asking, fetch_id)
    assert (fetch.state, fetch.error) == ("done", None)
    assert fetch.megabytes > expected.megabytes  # and the places
    city = show_city(asking, SLUG)
    assert city.years == [2018, 2024]
    told = [one for one in city.sources if one["kind"] == "alphaearth"]
    assert [one["version"] for one in told] == ["2024", "2018"]
    for one in told:
        assert one["url"] == f"{served.url}/mosaic"
        assert (one["eo_source"], one["formula"]) == ("mosaic", "(x / 127.5) ** 2 * sign(x)")
        assert "35N" in one["grid"]
        assert "lacking" not in one
    request = years_of_city(asking, SLUG, (2017,))
    assert request.eo_source == "mosaic"
    fetch_id = add_fetch(asking, request).id
    carry_out(asking, show_fetch(asking, fetch_id).job)
    assert show_fetch(asking, fetch_id).error is None
    city = show_city(asking, SLUG)
    assert city.years == [2017, 2018, 2024]
    grids = set()
    for path in rasters(asking):
        with rasterio.open(path) as raster:
            grids.add((str(raster.crs), raster.transform, raster.shape))
    assert len(grids) == 1
    assert (asking.settings.public_cache / "mosaic").is_dir()
    request = replace(CITY, slug="again", years=(2017,))
    assert estimate_fetch(asking, request, ask_servers=True).megabytes == 0


def test_the_command_and_the_table_name_the_source(
    asking: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AETHER_HOME", str(asking.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", asking.url)
    words = ["city", "fetch", SLUG, "--name", "B", "--bbox", ",".join(map(str, BOX))]
    years = ["--year", "2024", "--year", "2018", "--estimate", "--json"]
    assert run([*words, *years, "--eo-source", "mosaic", "--no-ground"]) == 0
    estimate = json.loads(capsys.readouterr().out)
    assert (estimate["basis"], estimate["tiles"], estimate["zones"]) == ("servers", 2, ["35N"])
    path = tmp_path / "cities.csv"
    rows = f'slug,name,year,bbox,eo_source,unsure_share\na,A,2024,"{BOX}",mosaic,0.25\n'
    path.write_text(rows.replace("(", "").replace(")", ""))
    (request,) = read_list(asking, path).requests
    assert (request.eo_source, request.unsure_share) == ("mosaic", 0.25)
    with pytest.raises(InputError, check=fault("no-such-eo-source", "zarr", "tiles, mosaic")):
        check_request(asking.settings, replace(CITY, eo_source="zarr"))


def test_a_mosaic_that_is_none_is_followed_by_the_next(asking: Store, served: PublicServer) -> None:
    bad = f"{served.url}/elsewhere"
    served.misbehave("/elsewhere", Fault("web_page"), times=-1)
    settings = asking.settings.model_copy(
        update={"alphaearth_mosaic_url": f"{bad}, {served.url}/mosaic"}
    )
    store = replace(asking, settings=settings)
    assert estimate_fetch(store, CITY, ask_servers=True).tiles > 0
    with pytest.raises(InputError, check=fault("mosaic-lacks-year", 2020, "2017, 2018, 2024")):
        estimate_fetch(store, replace(CITY, years=(2020,)), ask_servers=True)
