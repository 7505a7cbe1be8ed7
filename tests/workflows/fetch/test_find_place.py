"""Finding a city by name, from the command line, with servers and without."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from aether_core.errors import InputError
from aether_core.geocoding import find_city
from cli.__main__ import run
from tests.errors import fault
from tests.public_server.geocoder import SEARCH, Geocoder, settlement
from tests.public_server.overture import feature, write_release
from tests.public_server.server import PublicServer
from workflows.fetch.area import AreaRequest, find_area
from workflows.fetch.find_place import GEOCODER, OVERTURE, find_place, place_boundary
from workflows.home.settings import Settings, read_settings

SQUARE = [list(corner) for corner in shapely.box(24.8, 60.1, 25.2, 60.3).exterior.coords]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicServer]:
    folder = tmp_path_factory.mktemp("served")
    areas = [
        feature(name, shapely.Point(24.9354, 60.17).buffer(half).envelope, **row)
        for name, half, row in (
            ("Helsinki", 0.1, {"fid": "h1", "subtype": "locality", "class": "land"}),
            ("Helsinki", 0.2, {"fid": "h2", "subtype": "localadmin", "class": "land"}),
        )
    ]
    write_release(folder, {("divisions", "division_area"): areas})
    with PublicServer(folder) as server:
        server.handle(SEARCH, Geocoder([settlement("Helsinki", "Finland", "FI", SQUARE)]))
        yield server


@pytest.fixture
def settings(
    server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AETHER_GEOCODER_URL", server.url)
    monkeypatch.setenv("AETHER_OVERTURE_URL", f"{server.url}/overture")
    monkeypatch.setenv("AETHER_OVERTURE_CATALOG_URL", f"{server.url}/overture-catalog/catalog.json")
    monkeypatch.setenv("AETHER_NETWORK_ALLOW_HTTP", "true")
    yield read_settings()
    server.behave()


def ask(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("settings")
def test_the_gazetteer_answers_without_a_network(
    server: PublicServer, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = len(server.log)
    code, answer = ask(capsys, "find-place", "Springfield", "--country", "US")
    assert code == 0
    assert [place["number"] for place in answer["candidates"]] == [
        *range(1, len(answer["candidates"]) + 1)
    ]
    first = answer["candidates"][0]
    assert (first["region"], first["boundary"], first["area_km2"]) == ("Missouri", False, None)
    west, south, east, north = first["bbox"]
    assert west < first["lon"] < east
    assert south < first["lat"] < north
    assert len(server.log) == asked


@pytest.mark.usefixtures("settings")
def test_servers_give_boundaries(capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = ask(capsys, "find-place", "Helsinki", "--from", "geocoder")
    assert code == 0
    (place,) = answer["candidates"]
    assert place["bbox"] == [24.8, 60.1, 25.2, 60.3]
    assert place["area_km2"] == pytest.approx(22.1 * 22.3, rel=0.01)
    code, answer = ask(capsys, "find-place", "Helsinki", "--from", "overture")
    assert code == 0
    assert [place["kind"] for place in answer["candidates"]] == ["locality", "localadmin"]


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Paris", "--from", "overture"], "name the country, or say near which of these"),
        (["Helsinki", "--from", "elsewhere"], "use gazetteer, geocoder, overture"),
        (["Helsinki", "--country", "Narnia"], "no country with this name"),
    ],
)
def test_what_cannot_be_found_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code = run(["find-place", *arguments])
    lines = capsys.readouterr().err.strip().splitlines()
    assert code == 2
    assert lines[-1].startswith("error: ")
    assert words in lines[-1]


def test_a_named_area_needs_a_choice_and_says_what_it_is(settings: Settings) -> None:
    with pytest.raises(InputError, check=fault("ambiguous-place", 2, "Helsinki")):
        find_area(settings, AreaRequest(place="Helsinki", finder=OVERTURE))
    area = find_area(settings, AreaRequest(place="Helsinki", finder=OVERTURE, choose=2))
    assert area.boundary.bounds == pytest.approx((24.7354, 59.97, 25.1354, 60.37))
    assert "divisions, release 2026-10-21.0" in area.credits[0]
    boxed = find_area(settings, AreaRequest(place="Helsinki", finder=GEOCODER, size_km=5.0))
    assert boxed.boundary.area < area.boundary.area / 10


def test_the_answer_is_kept_beside_what_else_was_downloaded(
    settings: Settings, server: PublicServer
) -> None:
    find_place(settings, "Helsinki", finder=GEOCODER)
    asked = len(server.log)
    find_place(settings, "Helsinki", finder=GEOCODER)
    assert len(server.log) == asked
    assert len(list((settings.public_cache / "geocoder").glob("*.json"))) == 1


@pytest.mark.parametrize("side", [0.0, -1.0, 1000.0, float("nan")])
def test_a_box_has_a_sensible_side(settings: Settings, side: float) -> None:
    (helsinki,) = find_city("Helsinki")
    with pytest.raises(InputError, check=fault("box-side-out-of-range", f"{side:g} km")):
        place_boundary(settings, helsinki, side)


def test_a_place_as_large_as_a_country_is_refused(settings: Settings) -> None:
    (helsinki,) = find_city("Helsinki")
    with pytest.raises(InputError, check=fault("boundary-too-large", "20,000 km²")):
        place_boundary(settings, helsinki, 200.0)
