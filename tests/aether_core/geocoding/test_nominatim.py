"""Boundaries by name, from a server that speaks as Nominatim does."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from aether_core.errors import CancelledError, InputError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.geocoding import Candidate, nominatim
from aether_core.net import OfflineError, RemoteError, RequestPolicy, Web
from tests.errors import fault
from tests.public_server.geocoder import SEARCH, Geocoder, settlement
from tests.public_server.server import Fault, PublicServer, Reply

SQUARE = [[24.0, 60.0], [25.0, 60.0], [25.0, 61.0], [24.0, 61.0], [24.0, 60.0]]
AWAY = [[-90.0, 40.0], [-89.0, 40.0], [-89.0, 41.0], [-90.0, 41.0], [-90.0, 40.0]]
PLACES = [
    settlement("Espoo", "Finland", "FI", SQUARE, osm_id=34914, population=285_000),
    settlement("Salem", "United States", "US", AWAY, osm_id=2, state="Oregon"),
    settlement("Salem", "India", "IN", SQUARE, osm_id=3, kind="city_district"),
]
QUICK = RequestPolicy(attempts=3, first_s=0.01, longest_s=0.1, silence_s=5.0)


def geocode(web: Web, url: str, name: str, **more: object) -> list[Candidate]:
    return nominatim.geocode(web, url, name, **({"interval_s": 0.0} | more))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PublicServer]:
    (tmp_path / "served").mkdir()
    with PublicServer(tmp_path / "served") as server:
        server.handle(SEARCH, Geocoder(PLACES))
        yield server


@pytest.fixture
def web(server: PublicServer) -> Iterator[Web]:
    with Web(addresses=[server.url], allow_http=True, policy=QUICK, contact="a@b.org") as web:
        yield web


def test_a_settlement_comes_with_its_outline_and_credit(
    server: PublicServer, web: Web, tmp_path: Path
) -> None:
    (espoo,) = geocode(web, server.url, "espoo", cache=tmp_path / "cache")
    assert espoo.id == "osm:relation/34914"
    assert (espoo.name, espoo.kind, espoo.country) == ("Espoo", "city", "Finland")
    assert espoo.population == 285_000
    assert espoo.boundary.bounds == (24, 60, 25, 61)
    assert (espoo.lon, espoo.lat) == (24.5, 60.5)
    assert "© OpenStreetMap contributors" in espoo.attribution
    agent = server.log[0].headers["User-Agent"]
    assert agent.startswith("Aether/")
    assert "a@b.org" in agent


def test_the_country_goes_to_the_server_as_its_code(
    server: PublicServer, web: Web, tmp_path: Path
) -> None:
    both = geocode(web, server.url, "Salem", cache=tmp_path)
    assert [place.country for place in both] == ["United States", "India"]
    assert both[0].region == "Oregon"
    assert both[1].kind == "city district"
    (india,) = geocode(web, server.url, "Salem", cache=tmp_path, country="India")
    assert india.country == "India"
    assert parse_qs(server.log[1].query)["countrycodes"] == ["in"]


def test_what_was_asked_once_is_not_asked_again(
    server: PublicServer, web: Web, tmp_path: Path
) -> None:
    first = geocode(web, server.url, "Espoo", cache=tmp_path)
    server.misbehave("", Fault("status", code=503), times=-1)
    again = geocode(web, server.url, "  Espoo ", cache=tmp_path)
    assert again == first
    assert len(server.log) == 1


def test_an_old_or_damaged_answer_is_asked_for_again(
    server: PublicServer, web: Web, tmp_path: Path
) -> None:
    geocode(web, server.url, "Espoo", cache=tmp_path)
    (kept,) = tmp_path.glob("*.json")
    document = json.loads(read_kept(kept))
    old = document | {"asked": "2020-01-01T00:00:00+00:00"}
    write_kept(kept, json.dumps(old).encode())
    geocode(web, server.url, "Espoo", cache=tmp_path)
    content = kept.read_bytes()
    moved = content.replace(b'"lat": "6', b'"lat": "5')  # still an answer, but another place
    assert moved != content
    for damaged in (content[:100], b"", b"\xff" * 100, moved):
        kept.write_bytes(damaged)
        geocode(web, server.url, "Espoo", cache=tmp_path)
    assert len(server.log) == 6


def test_a_name_cannot_become_an_address(server: PublicServer, web: Web, tmp_path: Path) -> None:
    hostile = "x&format=xml#/../../status?q=http://example.org/"
    with pytest.raises(InputError, check=fault("place-unknown-to-geocoder", hostile)):
        geocode(web, server.url, hostile, cache=tmp_path)
    (request,) = server.log
    assert request.path == SEARCH
    assert parse_qs(request.query)["q"] == [hostile]
    assert parse_qs(request.query)["format"] == ["jsonv2"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_no_name_asks_nothing(server: PublicServer, web: Web, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        geocode(web, server.url, name, cache=tmp_path)
    assert not server.log


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>", "geocoder-answer-not-json"),
        (b'{"error": "x"}', "geocoder-answer-not-places"),
        (b'[{"name": "x"}]', "geocoder-answer-not-places"),
        (b'[{"lat": "nan", "lon": "1"}]', "geocoder-answer-not-places"),
    ],
)
def test_an_answer_that_is_no_places_is_named_and_not_kept(
    server: PublicServer, web: Web, tmp_path: Path, body: bytes, code: str
) -> None:
    server.handle(SEARCH, lambda _request: Reply(body))
    with pytest.raises(RemoteError, check=fault(code)):
        geocode(web, server.url, "Espoo", cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*.json"))


def test_a_place_without_an_outline_is_kept_with_its_centre(
    server: PublicServer, web: Web, tmp_path: Path
) -> None:
    point = PLACES[0] | {"geojson": {"type": "Point", "coordinates": [24.5, 60.5]}}
    server.handle(SEARCH, Geocoder([point]))
    (espoo,) = geocode(web, server.url, "Espoo", cache=tmp_path)
    assert espoo.boundary is None
    assert espoo.area(10.0).contains(espoo.area(9.0))


def test_questions_of_all_processes_keep_their_distance(
    server: PublicServer, tmp_path: Path
) -> None:
    for name in ("Espoo", "Salem"):
        with Web(addresses=[server.url], allow_http=True, policy=QUICK) as web:
            geocode(web, server.url, name, cache=tmp_path, interval_s=0.5)
    first, second = (request.begun for request in server.log)
    assert second - first >= 0.5


def test_waiting_for_a_turn_can_be_stopped(server: PublicServer, web: Web, tmp_path: Path) -> None:
    def stop() -> None:
        raise CancelledError("stopped")

    geocode(web, server.url, "Espoo", cache=tmp_path)
    with pytest.raises(CancelledError):
        geocode(web, server.url, "Salem", cache=tmp_path, interval_s=60.0, check_cancelled=stop)
    assert len(server.log) == 1


def test_a_busy_server_is_asked_again(server: PublicServer, web: Web, tmp_path: Path) -> None:
    server.misbehave(SEARCH, Fault("status", code=429), times=2)
    assert geocode(web, server.url, "Espoo", cache=tmp_path)[0].name == "Espoo"
    assert len(server.log) == 3


def test_no_server_is_offline_in_one_line(server: PublicServer, web: Web, tmp_path: Path) -> None:
    server.stop()
    with pytest.raises(OfflineError, check=fault("offline", "127.0.0.1")) as raised:
        geocode(web, server.url, "Espoo", cache=tmp_path)
    assert "\n" not in str(raised.value)
