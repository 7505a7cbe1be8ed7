"""Places of an Overture release, read in ranges from a server that keeps the real layout."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from aether_core.errors import AetherError, CancelledError, InputError
from aether_core.language import names_kept
from aether_core.net import ChangedError, RemoteError, RemoteMissingError, RequestPolicy, Web
from aether_core.poi.overture.places import count_overture, overture_places
from aether_core.poi.overture.release import Overture, choose_release, release_files, released
from aether_core.poi.overture.table import overture_size, overture_table
from aether_core.poi.read import read_pois
from tests.errors import fault
from tests.public_server.overture import (
    OLDER,
    PLACE,
    RELEASE,
    Release,
    feature,
    place,
    places_in,
    write_release,
)
from tests.public_server.server import Fault, PublicServer

PLACES, AREAS = ("places", "place"), ("divisions", "division_area")
WORLD = (20.0, 50.0, 21.0, 51.0)
CITY = shapely.Point(20.5, 50.5).buffer(0.05)
PUB = ("food_and_drink", "alcoholic_beverage_venue", "bar", "pub")
QUICK = RequestPolicy(attempts=2, first_s=0.01, longest_s=1.0, silence_s=5.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PublicServer]:
    with PublicServer(tmp_path) as server:
        yield server


@pytest.fixture
def web(server: PublicServer) -> Iterator[Web]:
    with Web(addresses=[server.url], allow_http=True, policy=QUICK) as web:
        yield web


def at(server: PublicServer, there: Release) -> Overture:
    return Overture(there.release, server.url + there.url, server.url + there.catalog_url)


def asked(server: PublicServer) -> list[str]:
    """Files of which something was read, by the end of their name."""
    return [each.path.rsplit("/", 1)[1][:10] for each in server.log if "/theme=" in each.path]


def test_what_is_read_is_what_lies_in_the_city(server: PublicServer, web: Web) -> None:
    rows = places_in((20.4, 50.4, 20.6, 50.6), 1500)
    overture = at(server, write_release(server.folder, {PLACES: rows}))
    places = overture_places(web, overture, CITY)
    inside = [row for row in rows if CITY.contains(shapely.from_wkb(row["geometry"]))]
    good = [r for r in inside if r["operating_status"] == "open" and r["confidence"] >= 0.5]
    assert set(places.frame["source_id"]) == {row["id"] for row in good}
    assert len(good) > 30
    assert places.dropped["permanently closed"] > 0
    assert places.dropped["confidence under 0.5"] > 0
    first = places.frame.set_index("source_id").loc[good[0]["id"]]
    assert first["name"] == good[0]["names"]["primary"]
    assert names_kept(first["other_names"])["sv"] == f"{first['name']} på svenska"
    assert first.geometry == shapely.from_wkb(good[0]["geometry"])
    assert first["source"] == "Overture Maps"
    assert not places.frame["category"].str.contains("_").any()
    assert (places.frame["group"] != "").all()
    assert places.version == RELEASE
    assert RELEASE in places.attribution
    assert "Meta (CDLA-Permissive-2.0), © Foursquare Labs, Inc. (Apache-2.0)" in places.attribution
    assert places.licences == ("CDLA-Permissive-2.0", "Apache-2.0")


def test_only_files_and_columns_that_are_needed_are_read(server: PublicServer, web: Web) -> None:
    rng = np.random.default_rng(42)
    rows = [{**row, "websites": [rng.bytes(800).hex()]} for row in places_in(WORLD, 2500)]
    overture = at(server, write_release(server.folder, {PLACES: rows}, file_rows=500))
    size = sum(path.stat().st_size for path in server.folder.rglob("part-*"))
    found = overture_places(web, overture, CITY)
    assert set(asked(server)) <= {"part-00002", "part-00003"}
    assert web.received < size / 3
    for path in {each.path for each in server.log if "/theme=" in each.path}:
        spans = sorted(server.bytes_of(path))
        # Arrow reads along what lies in a hole of 8 KB at most, as the boxes between two columns.
        twice = [end - begin for (_, end), (begin, _) in pairwise(spans)]
        assert max(twice) <= 8192
    guess = count_overture(web, overture, CITY)
    assert 0 < len(found.frame) < guess.likely < guess.rows < 700
    assert 0 < guess.bytes < size / 10


def test_footers_are_kept(server: PublicServer, web: Web, tmp_path: Path) -> None:
    there = write_release(server.folder, {PLACES: places_in(WORLD, 800)})
    where = at(server, there)
    cache = tmp_path / "footers"
    overture = Overture(where.release, where.url, where.catalog_url, cache=cache)
    guess = count_overture(web, overture, CITY)
    read = len([each for each in server.log if each.range])
    assert (read, len(list(cache.iterdir()))) == (2, 1)
    assert count_overture(web, overture, CITY) == guess
    assert len([each for each in server.log if each.range]) == read
    next(cache.iterdir()).write_bytes(b"cut short")
    assert count_overture(web, overture, CITY) == guess


def test_kept_on_disk_and_read_again(server: PublicServer, web: Web, tmp_path: Path) -> None:
    there = write_release(server.folder, {PLACES: places_in(WORLD, 500)})
    places = overture_places(web, at(server, there), shapely.box(*WORLD)).frame
    path = tmp_path / "places.parquet"
    places.to_parquet(path)
    assert read_pois(path).frame.equals(places)


def test_taxonomies_new_and_old(server: PublicServer, web: Web) -> None:
    box = shapely.box(0, 0, 1, 1)
    old = {"taxonomy": None, "basic_category": None}
    rows = [
        place("New", 0.1, 0.5, PUB, fid="new"),
        place("Both", 0.2, 0.5, PUB, fid="both", categories={"primary": "bars"}),
        place("Old", 0.3, 0.5, ("thai_restaurant",), fid="old", **old),
        place("Basic", 0.4, 0.5, ("odd_thing",), fid="basic", **{**old, "basic_category": "bar"}),
        place("None", 0.5, 0.5, (), fid="none"),
        place("", 0.6, 0.5, PUB, fid="nameless", names=None, sources=None),
    ]
    overture = at(server, write_release(server.folder, {PLACES: rows}))
    frame = overture_places(web, overture, box).frame.set_index("source_id")
    reported = {fid: tuple(frame.loc[fid, ["category", "group"]]) for fid in frame.index}
    assert reported == {
        "new": ("pub", "nightlife"),
        "both": ("pub", "nightlife"),
        "old": ("thai restaurant", "food and drink"),
        "basic": ("odd thing", "nightlife"),
        "none": ("", ""),
        "nameless": ("pub", "nightlife"),
    }
    assert frame.loc["nameless", "name"] == ""


def test_a_release_without_the_old_columns(server: PublicServer, web: Web) -> None:
    gone = {"categories", "operating_status"}
    newer = pa.schema([column for column in PLACE if column.name not in gone])
    rows = [place("A", 0.5, 0.5, PUB, fid="a")]
    there = write_release(server.folder, {PLACES: rows}, schemas={PLACES: newer})
    frame = overture_places(web, at(server, there), shapely.box(0, 0, 1, 1)).frame
    assert list(frame["category"]) == ["pub"]


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ({"confidence"}, ["confidence", "id, geometry"]),
        ({"taxonomy", "categories", "basic_category"}, ["basic_category, categories, taxonomy"]),
    ],
)
def test_a_changed_column_is_named(
    server: PublicServer, web: Web, gone: set[str], named: list[str]
) -> None:
    schema = pa.schema([column for column in PLACE if column.name not in gone])
    rows = [place("A", 0.5, 0.5, PUB, fid="a")]
    there = write_release(server.folder, {PLACES: rows}, schemas={PLACES: schema})
    with pytest.raises(RemoteError, check=fault("overture-columns-changed", *named)):
        overture_places(web, at(server, there), shapely.box(0, 0, 1, 1))


def test_confidence(server: PublicServer, web: Web) -> None:
    rows = [
        place(str(sure), 0.5, 0.5, PUB, fid=str(sure), confidence=sure)
        for sure in (0.2, 0.5, 0.8, None)
    ]
    overture = at(server, write_release(server.folder, {PLACES: rows}))
    box = shapely.box(0, 0, 1, 1)
    strict = overture_places(web, overture, box, min_confidence=0.8)
    assert set(strict.frame["name"]) == {"0.8"}
    assert strict.dropped == {"confidence under 0.8": 2, "no confidence given": 1}
    assert "0.8" in strict.sureness
    assert "67%" in strict.sureness
    assert len(overture_places(web, overture, box, min_confidence=0).frame) == 4
    # A release whose confidences all rose: a share leaves out as many as before, a fixed one none.
    for lift in (0.0, 0.19):
        rows = [
            place(str(n), 0.5, 0.5, PUB, fid=str(n), confidence=lift + 0.5 + n / 250)
            for n in range(80)
        ]
        there = at(server, write_release(server.folder, {PLACES: rows}))
        kept = overture_places(web, there, box, unsure_share=0.25)
        assert sorted(map(int, kept.frame["name"])) == list(range(20, 80))
        assert "25%" in kept.sureness
        assert len(overture_places(web, there, box).frame) == 80
    with pytest.raises(InputError, check=fault("unsure-share-out-of-range", 1.0)):
        overture_places(web, overture, box, unsure_share=1.0)
    overture = at(
        server,
        write_release(
            server.folder,
            {
                PLACES: [
                    place(str(sure), 0.5, 0.5, PUB, fid=str(sure), confidence=sure)
                    for sure in (0.2, 0.5, 0.8, None)
                ]
            },
        ),
    )
    with pytest.raises(InputError, check=fault("confidence-out-of-range", 50)):
        overture_places(web, overture, box, min_confidence=50)
    with pytest.raises(InputError, check=fault("no-places", 0.9, "OpenStreetMap")):
        overture_places(web, overture, box, min_confidence=0.9)
    with pytest.raises(InputError, check=fault("no-places", "OpenStreetMap")) as raised:
        overture_places(web, overture, shapely.box(0.1, 0.1, 0.2, 0.2))
    assert "confidence" not in str(raised.value)
    with pytest.raises(InputError, check=fault("no-places")):
        overture_places(web, overture, shapely.box(100, 10, 101, 11))


def test_releases(server: PublicServer, web: Web) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 5)}))
    assert released(web, overture.catalog_url) == [RELEASE, OLDER]
    assert choose_release(web, overture.catalog_url) == RELEASE
    assert choose_release(web, overture.catalog_url, OLDER) == OLDER
    with pytest.raises(
        InputError, check=fault("no-such-overture-release", "2024-01-17.0", f"{RELEASE}, {OLDER}")
    ):
        choose_release(web, overture.catalog_url, "2024-01-17.0")
    gone = Overture("2024-01-17.0", overture.url, overture.catalog_url)
    with pytest.raises(InputError, check=fault("no-such-overture-release", "2024-01-17.0")):
        overture_places(web, gone, CITY)
    listed_only = Overture(OLDER, overture.url, overture.catalog_url)
    with pytest.raises(RemoteMissingError):
        overture_places(web, listed_only, CITY)


def test_the_release_that_is_out_beats_a_newer_one_on_its_way(
    server: PublicServer, web: Web
) -> None:
    there = write_release(server.folder, {PLACES: places_in(WORLD, 5)}, others=["2026-11-18.0"])
    assert choose_release(web, server.url + there.catalog_url) == RELEASE


@pytest.mark.parametrize("catalogue", ["", "[]", "{}", '{"links": [{"rel": "child"}]}'])
def test_what_is_no_catalogue(server: PublicServer, web: Web, catalogue: str) -> None:
    (server.folder / "catalog.json").write_text(catalogue)
    with pytest.raises(RemoteError, check=fault("overture-catalogue-without-releases")):
        released(web, f"{server.url}/catalog.json")


def test_an_index_that_changed(server: PublicServer, web: Web) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 5)}))
    index = next(server.folder.rglob("collections.parquet"))
    table = pq.read_table(index)
    pq.write_table(table.drop_columns("assets"), index)
    with pytest.raises(RemoteError, check=fault("overture-columns-changed", "assets", "type, id")):
        release_files(web, overture, *PLACES, [WORLD])
    boxes = pa.array([{"minx": 1.0}] * len(table))
    at_ = table.column_names.index("bbox")
    pq.write_table(table.set_column(at_, "bbox", boxes), index)
    with pytest.raises(RemoteError, check=fault("overture-columns-changed", "bbox", "xmin")):
        release_files(web, overture, *PLACES, [WORLD])
    index.write_bytes(b"PAR1 and no more")
    with pytest.raises(RemoteError, check=fault("remote-not-parquet")):
        release_files(web, overture, *PLACES, [WORLD])


def test_addresses_of_the_index_are_never_asked(server: PublicServer, web: Web) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 5)}))
    files = release_files(web, overture, *PLACES, [WORLD])
    start = f"{overture.url}/release/{RELEASE}/theme=places/type=place/part-00000"
    assert [address.startswith(start) for address in files] == [True]
    index = next(server.folder.rglob("collections.parquet"))
    evil = f"s3://bucket/release/{RELEASE}/theme=places/type=place/../../../x.parquet"
    asset = {"aws": {"alternate": {"s3": {"href": evil}}}}
    table = pq.read_table(index)
    place_ = table.column_names.index("assets")
    pq.write_table(table.set_column(place_, "assets", pa.array([asset])), index)
    with pytest.raises(RemoteError, check=fault("overture-index-without-files", RELEASE)):
        release_files(web, overture, *PLACES, [WORLD])


def test_one_place_alone_and_divisions(server: PublicServer, web: Web) -> None:
    area = feature(
        "Helsinki",
        shapely.box(24.8, 60.1, 25.2, 60.3),
        fid="area",
        dataset="OpenStreetMap",
        licence="ODbL-1.0",
        subtype="locality",
        country="FI",
        **{"class": "land"},
    )
    features = {PLACES: [place("A", 25.0, 60.2, PUB, fid="a")], AREAS: [area]}
    overture = at(server, write_release(server.folder, features))
    here = (24.99, 60.19, 25.01, 60.21)
    assert overture_table(web, overture, *PLACES, [here], columns=["id"]).num_rows == 1
    rows = overture_table(
        web, overture, *AREAS, [here], columns=["names.primary", "geometry"], optional=["subtype"]
    ).to_pylist()
    assert [(row["names"], row["subtype"]) for row in rows] == [
        ({"primary": "Helsinki"}, "locality")
    ]
    none = overture_table(web, overture, *AREAS, [(0, 0, 1, 1)], columns=["id"])
    assert none.num_rows == 0
    assert overture_size(web, overture, *PLACES, [here], columns=["id"]).rows == 1


@pytest.mark.parametrize(
    ("misdeed", "error", "code", "facts"),
    [
        (Fault("status", code=503), RemoteError, "remote-busy-or-broken", [503, "2 attempts"]),
        (Fault("missing"), RemoteMissingError, "remote-missing", ["part-00000"]),
        (Fault("changed"), ChangedError, "remote-changed", ["part-00000"]),
        (Fault("whole"), RemoteError, "remote-without-ranges", ["part-00000"]),
    ],
)
def test_a_server_that_keeps_misbehaving(
    server: PublicServer,
    web: Web,
    misdeed: Fault,
    error: type[AetherError],
    code: str,
    facts: list[object],
) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 1500)}))
    server.misbehave("part-00000", misdeed, times=-1, method="GET")
    with pytest.raises(error, check=fault(code, *facts)):
        overture_places(web, overture, shapely.box(20, 50, 20.2, 51))


@pytest.mark.parametrize("fault", [Fault("cut", after=1000), Fault("status", code=429)])
def test_a_server_that_stumbles_once(server: PublicServer, web: Web, fault: Fault) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 1000)}))
    whole = overture_places(web, overture, CITY).frame
    server.misbehave("part-0000", fault, times=1, method="GET")
    assert overture_places(web, overture, CITY).frame.equals(whole)


def test_damaged_bytes_are_noticed(server: PublicServer, web: Web) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 300)}))
    path = next(server.folder.rglob("part-00000*"))
    damaged = bytearray(path.read_bytes())
    for offset in range(200, len(damaged) // 2, 20):
        damaged[offset] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(RemoteError, check=fault("overture-rows-damaged", "part-00000")):
        overture_places(web, overture, shapely.box(*WORLD))
    path.write_bytes(b"<html>maintenance</html>" * 100)
    with pytest.raises(RemoteError, check=fault("remote-not-parquet", "part-00000")):
        overture_places(web, overture, shapely.box(*WORLD))


def test_the_user_stops_it_between_row_groups(server: PublicServer, web: Web) -> None:
    overture = at(server, write_release(server.folder, {PLACES: places_in(WORLD, 500)}))
    reported = []

    def stop(stage: str, done: int, total: int) -> None:
        reported.append((stage, done, total))
        if done:
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        overture_places(web, overture, shapely.box(*WORLD), progress=stop)
    stage, done, total = reported[-1]
    assert stage == f"reading places of Overture {RELEASE}"
    assert 0 < done < total
