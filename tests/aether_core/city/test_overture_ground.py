"""Water, greenery, streets and buildings of a release of Overture, read by ranges."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from aether_core.city import overture_ground as ground_module
from aether_core.city.overture_ground import overture_ground, overture_ground_size
from aether_core.language import names_kept
from aether_core.net import RemoteError, RequestPolicy, Web
from aether_core.poi.overture.release import Overture
from aether_core.spatial.streets import network_of, walking_distance
from tests.errors import fault
from tests.public_server.overture import RELEASE, Release, write_release
from tests.public_server.overture_ground import (
    BUILDING,
    SCHEMAS,
    SEGMENT,
    WATER,
    access,
    grid,
    ground_in,
    part,
    street,
)
from tests.public_server.server import Fault, PublicServer

BOX = (24.0, 60.15, 24.03, 60.165)
CITY = shapely.MultiPolygon([shapely.box(*BOX)])
QUICK = RequestPolicy(attempts=2, first_s=0.01, longest_s=1.0, silence_s=5.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PublicServer]:
    with PublicServer(tmp_path) as server:
        yield server


@pytest.fixture
def web(server: PublicServer) -> Iterator[Web]:
    with Web(addresses=[server.url], allow_http=True, policy=QUICK) as web:
        yield web


def release(server: PublicServer, features: dict[Any, Any], **more: Any) -> Overture:
    schemas = {**SCHEMAS, **more.pop("schemas", {})}
    there: Release = write_release(server.folder, features, schemas=schemas, **more)
    return Overture(RELEASE, server.url + there.url, server.url + there.catalog_url)


def test_a_small_city_has_all_kinds_with_their_names(server: PublicServer, web: Web) -> None:
    found = overture_ground(web, release(server, ground_in(BOX)), CITY)
    drawn = found.base_map
    assert list(drawn.columns) == ["kind", "name", "other_names", "main", "geometry"]
    names = drawn.groupby("kind")["name"].apply(set).to_dict()
    assert names["water"] == {"Mill Lake"}
    swedish = {names_kept(text).get("sv", "") for text in drawn["other_names"]}
    assert {"Mill Lake på svenska", "Ring Road på svenska", ""} <= swedish
    assert names["green"] == {"City Park", ""}
    assert names["building"] == {"Town Hall", ""}
    assert {"Ring Road", "Old Road", "East Street 1", "North Street 1"} <= names["road"]
    main = drawn[drawn["main"].eq(True)]
    assert set(main["name"]) == {"Ring Road", "Old Road"}
    assert drawn.loc[drawn["kind"] != "road", "main"].isna().all()
    assert CITY.buffer(1e-6).covers(shapely.union_all(drawn.geometry))
    for credit in ("OpenStreetMap contributors", "Microsoft ML Buildings", "ODbL", RELEASE):
        assert credit in found.attribution


def test_a_large_city_is_drawn_without_side_streets_and_buildings(
    server: PublicServer, web: Web
) -> None:
    wide = (24.0, 60.1, 24.3, 60.2)
    overture = release(server, ground_in(wide))
    boundary = shapely.MultiPolygon([shapely.box(*wide)])
    found = overture_ground(web, overture, boundary)
    roads = found.base_map[found.base_map["kind"] == "road"]
    assert set(roads["name"]) == {"Ring Road", "Old Road"}
    assert "building" not in set(found.base_map["kind"])
    assert found.buildings_left_out == 0
    assert len(found.walks) == len(grid(wide))
    assert not [each for each in server.log if "type=building" in each.path]


def test_streets_join_to_ways_on_foot(server: PublicServer, web: Web) -> None:
    found = overture_ground(web, release(server, ground_in(BOX)), CITY)
    network = network_of(found.walks.to_numpy())
    corner, across = np.array([[BOX[0], BOX[1]]]), shapely.Point(BOX[2], BOX[3])
    metres, _ = walking_distance(network, corner, np.array([across], dtype=object))
    wide, high = 1.66e3, 1.67e3  # 0.03 degrees east at 60.15 north, 0.015 north
    assert metres[0] == pytest.approx(wide + high, rel=0.02)


ANYBODY = [access("denied")]
CLOSED = {
    "no": ANYBODY,
    "no foot": [access("denied", mode=["foot"])],
    "all along": [access("denied", between=[0.0, 1.0])],
}
OPEN = {
    "no rule": None,
    "no cars": [access("denied", mode=["motor_vehicle"])],
    "foot after all": [*ANYBODY, access("allowed", mode=["foot", "bicycle"])],
    "one way": [access("denied", heading="backward")],
    "a part": [access("denied", between=[0.0, 0.4])],
    "at night": [access("denied", during="22:00-06:00")],
}


@pytest.mark.parametrize("rules", [CLOSED, OPEN], ids=["closed", "open"])
def test_who_may_walk_there(server: PublicServer, web: Web, rules: dict[str, Any]) -> None:
    ways = [
        street(name, [(24.001, 60.151), (24.002, 60.152)], "path", name, access_restrictions=rule)
        for name, rule in rules.items()
    ]
    features = {**ground_in(BOX), SEGMENT: [*grid(BOX), *ways]}
    found = overture_ground(web, release(server, features), CITY)
    assert len(found.walks) - len(grid(BOX)) == (0 if rules is CLOSED else len(OPEN))


def test_motorways_links_and_what_is_not_there_yet(server: PublicServer, web: Web) -> None:
    line = [(24.001, 60.151), (24.009, 60.152)]
    ways = [
        street("Motorway", line, "motorway", "m"),
        street("Ramp", line, "primary", "r", subclass="link"),
        street("Planned", line, "primary", "p", road_flags=[{"values": ["is_under_construction"]}]),
        street("Unknown", line, "unknown", "u"),
        part("Rails", shapely.LineString(line), "t", **{"subtype": "rail", "class": "subway"}),
    ]
    found = overture_ground(web, release(server, {**ground_in(BOX), SEGMENT: ways}), CITY)
    roads = found.base_map[found.base_map["kind"] == "road"]
    assert set(roads["name"]) == {"Motorway", "Ramp"}
    assert roads["main"].all()
    assert len(found.walks) == 1


def test_the_open_sea_is_water_and_the_name_of_a_strait_is_none(
    server: PublicServer, web: Web
) -> None:
    sea = [
        part(None, shapely.box(24.0, 60.15, 24.01, 60.155), "s", subtype="ocean", **OCEAN),
        part("Strait", shapely.box(*BOX), "p", subtype="physical", **{"class": "strait"}),
        part("Stream", shapely.LineString([(24, 60.15), (24.03, 60.16)]), "l", **STREAM),
    ]
    found = overture_ground(web, release(server, {**ground_in(BOX), WATER: sea}), CITY)
    water = found.base_map[found.base_map["kind"] == "water"]
    assert list(water["name"]) == [""]


OCEAN = {"class": "ocean"}
STREAM = {"subtype": "stream", "class": "stream"}


def test_the_estimate_is_what_is_read(server: PublicServer, web: Web, tmp_path: Path) -> None:
    there = release(server, ground_in(BOX), group_rows=4)
    overture = replace(there, cache=tmp_path / "footers")
    size = overture_ground_size(web, overture, CITY)
    server.log.clear()
    overture_ground(web, overture, CITY)
    read = [each for each in server.log if "/theme=" in each.path and each.method == "GET"]
    # Columns that are not asked for are small here, and read over where they lie between others.
    assert size.bytes <= sum(each.sent for each in read) < 3 * size.bytes
    # The boxes and classes of a row group are asked for before the rest of it.
    assert size.requests <= len(read) <= 2 * size.requests


def test_buildings_that_take_much_are_left_out_and_said_so(
    server: PublicServer, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    overture = release(server, ground_in(BOX))
    whole = overture_ground_size(web, overture, CITY)
    assert whole.buildings_left_out == 0
    monkeypatch.setattr(ground_module, "MOST_BUILDING_BYTES", 100)
    size = overture_ground_size(web, overture, CITY)
    assert size.buildings_left_out > 100
    assert size.bytes + size.buildings_left_out == whole.bytes
    server.log.clear()
    found = overture_ground(web, overture, CITY)
    assert found.buildings_left_out == size.buildings_left_out
    assert "building" not in set(found.base_map["kind"])


def test_where_there_is_nothing_the_ground_is_empty(server: PublicServer, web: Web) -> None:
    elsewhere = shapely.MultiPolygon([shapely.box(10, 10, 10.01, 10.01)])
    found = overture_ground(web, release(server, ground_in(BOX)), elsewhere)
    assert found.base_map.empty
    assert found.walks.empty


def test_a_release_without_classes_of_streets_is_refused(server: PublicServer, web: Web) -> None:
    older = pa.schema([field for field in SCHEMAS[SEGMENT] if field.name != "class"])
    features = ground_in(BOX)
    features[SEGMENT] = [
        {name: value for name, value in row.items() if name != "class"} for row in features[SEGMENT]
    ]
    overture = release(server, features, schemas={SEGMENT: older})
    with pytest.raises(RemoteError, check=fault("overture-columns-changed", "class")):
        overture_ground(web, overture, CITY)


def test_a_server_that_breaks_off_is_named(server: PublicServer, web: Web) -> None:
    overture = release(server, ground_in(BOX))
    server.misbehave("type=segment", Fault("status", code=500), times=-1)
    with pytest.raises(RemoteError, check=fault("remote-busy-or-broken")):
        overture_ground(web, overture, CITY)


def test_without_its_buildings_a_release_is_refused(server: PublicServer, web: Web) -> None:
    features = {key: rows for key, rows in ground_in(BOX).items() if key != BUILDING}
    with pytest.raises(RemoteError, check=fault("overture-index-without-files", "building")):
        overture_ground_size(web, release(server, features), CITY)
