"""Boundaries by name from Overture's divisions, read in byte ranges from a release's files."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import shapely

from aether_core.errors import InputError
from aether_core.geocoding import find_city, names_of
from aether_core.geocoding.divisions import find_divisions
from aether_core.net import RequestPolicy, Web
from aether_core.poi.overture.release import Overture
from tests.errors import fault
from tests.public_server.overture import feature, write_release
from tests.public_server.server import PublicServer

QUICK = RequestPolicy(attempts=2, first_s=0.01, longest_s=0.1, silence_s=5.0)
AREAS = ("divisions", "division_area")
LON, LAT = 24.9354, 60.1695


def area(fid: str, name: str, subtype: str, half: float, **more: object) -> dict[str, object]:
    shape = shapely.box(LON - half, LAT - half, LON + half, LAT + half)
    facts = {"subtype": subtype, "class": "land", "country": "FI", "region": "FI-18"}
    facts["licence"] = "ODbL-1.0"
    return feature(name, shape, fid=fid, dataset="OpenStreetMap", **(facts | more))


def elsewhere(number: int) -> dict[str, object]:
    shape = shapely.box(-60, -30 + number / 100, -59.9, -29.9 + number / 100)
    facts = {"subtype": "locality", "class": "land", "country": "AR", "region": "AR-N"}
    return feature(f"Pueblo {number}", shape, fid=f"x{number:03d}", **facts)


def around_berlin() -> dict[str, object]:
    """A division whose bounding box holds Berlin, but not its area."""
    ring = shapely.box(12.5, 52.0, 14.5, 53.0) - shapely.box(12.6, 52.1, 14.4, 52.9)
    facts = {"subtype": "region", "class": "land", "country": "DE", "region": "DE-BB"}
    return feature("Brandenburg", ring, fid="b1", **facts)


@dataclass
class Served:
    server: PublicServer
    web: Web
    overture: Overture


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("overture")
    rows = [
        area("a1", "Helsinki", "locality", 0.1),
        area("a2", "Helsinki", "locality", 0.2, **{"class": "maritime"}),
        area("a3", "Helsingfors stad", "county", 0.3),
        area("a4", "Uusimaa", "region", 1.0)
        | {"geometry": shapely.to_wkb(shapely.Point(LON, LAT).buffer(1.0, quad_segs=10_000))},
        area("a5", "Suomi", "country", 5.0),
        area("a6", "Kluuvi", "neighborhood", 0.01),
        around_berlin(),
        *(elsewhere(number) for number in range(80)),
    ]
    release = write_release(folder, {AREAS: rows}, group_rows=1)
    with (
        PublicServer(folder) as server,
        Web(addresses=[server.url], allow_http=True, policy=QUICK) as web,
    ):
        base, catalog = server.url + release.url, server.url + release.catalog_url
        yield Served(server, web, Overture(release.release, base, catalog))


def test_divisions_with_one_of_the_citys_names_come_smallest_first(served: Served) -> None:
    (helsinki,) = find_city("Helsinki")
    found = find_divisions(served.web, served.overture, helsinki, names_of(helsinki))
    assert [(each.name, each.kind) for each in found] == [
        ("Helsinki", "locality"),
        ("Helsingfors stad", "county"),
    ]
    assert found[0].boundary.bounds == pytest.approx((LON - 0.1, LAT - 0.1, LON + 0.1, LAT + 0.1))
    assert (found[0].id, found[0].country, found[0].region) == ("overture:a1", "Finland", "FI-18")
    assert found[0].attribution == (
        "© Overture Maps Foundation, overturemaps.org, divisions, release 2026-10-21.0, "
        "with data from © OpenStreetMap contributors (ODbL-1.0)"
    )
    assert "(locality)" in found[0].label


def test_without_the_name_all_that_hold_the_centre_are_offered(served: Served) -> None:
    (helsinki,) = find_city("Helsinki")
    found = find_divisions(served.web, served.overture, helsinki, ["nobody calls it so"])
    assert [each.name for each in found] == ["Helsinki", "Helsingfors stad", "Uusimaa"]


def test_outlines_of_other_divisions_are_not_read(served: Served) -> None:
    (helsinki,) = find_city("Helsinki")
    before = served.web.received
    find_divisions(served.web, served.overture, helsinki, ["Helsinki"])
    one = served.web.received - before
    find_divisions(served.web, served.overture, helsinki, ["nobody calls it so"])
    three = served.web.received - before - one
    assert three - one > 200_000  # the region's outline of 40,000 corners


def test_a_place_without_divisions_says_what_else_to_try(served: Served) -> None:
    (tokyo,) = find_city("Tokyo")
    berlin = find_city("Berlin", "Germany")[0]
    with pytest.raises(InputError, check=fault("place-without-division", "Berlin, Germany")):
        find_divisions(served.web, served.overture, berlin, ["Berlin"])
    with pytest.raises(InputError, check=fault("place-without-division", "Tokyo, Japan")):
        find_divisions(served.web, served.overture, tokyo, ["Tokyo"])
