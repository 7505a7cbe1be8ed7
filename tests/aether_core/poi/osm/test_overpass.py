"""Places of OpenStreetMap from an Overpass server, in pieces and with its ways to say no."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from aether_core.errors import CancelledError, InputError
from aether_core.language import names_kept
from aether_core.net import RemoteError, RequestPolicy, Web
from aether_core.poi.osm.overpass import count_overpass, overpass_places
from tests.errors import fault
from tests.public_server.overpass import TIMESTAMP, Overpass, node, way
from tests.public_server.server import Fault, PublicServer, Reply

CITY = shapely.Point(24.94, 60.17).buffer(0.05)
ELEMENTS = [
    node(1, 24.94, 60.17, amenity="cafe", name="Fazer Café"),
    way(2, 24.95, 60.18, tourism="museum", name="Ateneum", **{"name:ru": "Музей"}),
    way(3, 24.93, 60.16, kind="relation", leisure="park", name="Kaivopuisto"),
    node(4, 24.945, 60.171, railway="tram_stop", name="Kolmikulma"),
    node(5, 24.94, 60.17, railway="signal"),
    node(6, 24.94, 60.17, highway="crossing"),
    node(7, 24.895, 60.125, amenity="bench"),  # in the box, not in the circle
]
QUICK = RequestPolicy(attempts=2, first_s=0.01, longest_s=1.0, silence_s=5.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PublicServer]:
    with PublicServer(tmp_path) as server:
        yield server


@pytest.fixture
def web(server: PublicServer) -> Iterator[Web]:
    with Web(addresses=[server.url], allow_http=True, policy=QUICK) as web:
        yield web


def address(server: PublicServer, overpass: Overpass) -> str:
    server.handle("/api/interpreter", overpass)
    return f"{server.url}/api/interpreter"


def test_places_in_the_words_of_the_pbf_reader(server: PublicServer, web: Web) -> None:
    url = address(server, Overpass(ELEMENTS))
    places = overpass_places(web, url, CITY)
    frame = places.frame.set_index("source_id")
    assert set(frame.index) == {"node/1", "way/2", "relation/3", "node/4"}
    assert set(frame["source"]) == {"OpenStreetMap"}
    assert tuple(frame.loc["way/2", ["name", "category", "group"]]) == (
        "Ateneum",
        "museum",
        "culture",
    )
    assert dict(names_kept(frame.loc["way/2", "other_names"])) == {"ru": "Музей"}
    assert frame.loc["node/4", "category"] == "tram stop"
    assert frame.loc["way/2"].geometry == shapely.Point(24.95, 60.18)
    assert places.dropped == {"outside the boundary": 1}
    assert places.version == TIMESTAMP
    assert "OpenStreetMap contributors" in places.attribution
    assert places.licences == ("ODbL-1.0",)


def test_a_large_city_is_asked_in_pieces_that_touch_it(server: PublicServer, web: Web) -> None:
    overpass = Overpass([node(n, 24.05 + n / 11, 60.0 + n / 11, shop="yes") for n in range(1, 10)])
    url = address(server, overpass)
    wedge = shapely.Polygon([(24, 60), (25, 61), (25, 60.9), (24.1, 60)])
    places = overpass_places(web, url, wedge)
    assert len(places.frame) == 9
    south, _, north, _ = zip(*overpass.asked, strict=True)
    assert max(n - s for s, n in zip(south, north, strict=True)) < 0.15
    asked = shapely.union_all([shapely.box(w, s, e, n) for s, w, n, e in overpass.asked])
    assert asked.buffer(1e-6).contains(wedge)
    assert asked.area < 0.6 * shapely.box(*wedge.bounds).area


def test_a_piece_that_is_too_much_is_cut_and_nothing_is_lost(
    server: PublicServer, web: Web
) -> None:
    many = [node(n, 24.90 + n / 2000, 60.13 + n / 1500, shop="bakery") for n in range(100)]
    overpass = Overpass(many, patience_km=4)
    box = shapely.box(24.89, 60.12, 24.99, 60.22)
    places = overpass_places(web, address(server, overpass), box)
    assert len(places.frame) == 100
    assert len(overpass.asked) == 1 + 4 + 16


def test_a_piece_that_stays_too_much_is_said(server: PublicServer, web: Web) -> None:
    overpass = Overpass(ELEMENTS, patience_km=0)
    with pytest.raises(RemoteError, check=fault("overpass-too-much", "1.4 km", "Query timed out")):
        overpass_places(web, address(server, overpass), CITY)


def test_other_remarks_are_said(server: PublicServer, web: Web) -> None:
    overpass = Overpass(ELEMENTS, remark="runtime error: open64: 0 Success. Dispatcher is busy")
    with pytest.raises(RemoteError, check=fault("overpass-stopped", "open64")):
        overpass_places(web, address(server, overpass), CITY)


@pytest.mark.parametrize("body", [b"<html>rate limited</html>", b"[]", b'{"elements": 3}'])
def test_what_is_no_answer(server: PublicServer, web: Web, body: bytes) -> None:
    server.handle("/api/interpreter", lambda _: Reply(body))
    with pytest.raises(RemoteError, check=fault("overpass-answer-unknown")):
        overpass_places(web, f"{server.url}/api/interpreter", CITY)


def test_an_element_without_a_position(server: PublicServer, web: Web) -> None:
    lost = b'{"elements": [{"type": "way", "id": 9, "tags": {"shop": "yes"}}]}'
    server.handle("/api/interpreter", lambda _: Reply(lost))
    with pytest.raises(RemoteError, check=fault("overpass-elements-without-position")):
        overpass_places(web, f"{server.url}/api/interpreter", CITY)


@pytest.mark.parametrize("code", [429, 504])
def test_a_busy_server_is_asked_again(server: PublicServer, web: Web, code: int) -> None:
    url = address(server, Overpass(ELEMENTS))
    server.misbehave("/api", Fault("status", code=code, retry_after="0"))
    assert len(overpass_places(web, url, CITY).frame) == 4
    assert [each.status for each in server.log] == [code, 200]


def test_no_places(server: PublicServer, web: Web) -> None:
    with pytest.raises(InputError, check=fault("no-places", "OpenStreetMap", "Overture")):
        overpass_places(web, address(server, Overpass([])), CITY)


def test_counted_before_it_is_fetched(server: PublicServer, web: Web) -> None:
    assert count_overpass(web, address(server, Overpass(ELEMENTS)), CITY) == 5
    server.handle("/api/other", lambda _: Reply(b'{"elements": [{"tags": {}}]}'))
    with pytest.raises(RemoteError, check=fault("overpass-answer-not-count")):
        count_overpass(web, f"{server.url}/api/other", CITY)


def test_the_user_stops_it(server: PublicServer, web: Web) -> None:
    def stop(_stage: str, _done: int, _total: int) -> None:
        raise CancelledError("stop")

    with pytest.raises(CancelledError):
        overpass_places(web, address(server, Overpass(ELEMENTS)), CITY, progress=stop)
    assert not server.log
