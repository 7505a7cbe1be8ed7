"""The area of a city to be fetched: a box, a file, or the name of a place."""

from dataclasses import dataclass
from pathlib import Path

from shapely.geometry import MultiPolygon

from aether_core.city.outline import box_boundary, check_city_boundary, read_city_boundary
from aether_core.errors import InputError
from aether_core.geocoding import one_of
from aether_core.net import CancelCheck, never_cancelled
from aether_core.vector import ReadOptions
from workflows.fetch.find_place import GAZETTEER, find_place, place_boundary
from workflows.home.settings import Settings


@dataclass(frozen=True)
class AreaRequest:
    """How a user says where a city is: one of box, boundary and place.

    Attributes:
        box: West, south, east, north in degrees.
        boundary: A vector file of polygons.
        crs: CRS of that file where it does not say one.
        place: A city's name.
        country: Its country, a name or an ISO code.
        finder: Where the name is looked up, one of `find_place.PLACE_FINDERS`.
        near: For Overture: number of the gazetteer's match to look around, where it has several.
        choose: Which of several places of that name, from 1.
        size_km: Side of a box around the place's centre, instead of its boundary.
    """

    box: tuple[float, float, float, float] | None = None
    boundary: Path | None = None
    crs: str | None = None
    place: str | None = None
    country: str | None = None
    finder: str = GAZETTEER
    near: int | None = None
    choose: int | None = None
    size_km: float | None = None


@dataclass(frozen=True)
class Area:
    """A city's area.

    Attributes:
        boundary: WGS84, checked as a city's.
        credits: What its source asks for.
        words: What was found, in one line.
    """

    boundary: MultiPolygon
    credits: tuple[str, ...]
    words: str


def find_area(
    settings: Settings, request: AreaRequest, *, check_cancelled: CancelCheck = never_cancelled
) -> Area:
    """Find the area a user means.

    Raises:
        InputError: Not exactly one way is given, or what is given names no area a city can have.
        AmbiguousPlaceError: The name means several places and none is chosen.
        OfflineError: A server was to be asked and cannot be reached.
    """
    given = (request.box, request.boundary, request.place)
    if sum(one is not None for one in given) != 1:
        raise InputError(
            "give a city's area in exactly one way",
            "none is given" if given == (None, None, None) else "several are given",
            "give a box, a boundary file, or the name of a place",
            code="no-area-given" if given == (None, None, None) else "area-given-twice",
        )
    limit = settings.fetch_limit_km2
    if request.box is not None:
        box = check_city_boundary(box_boundary(*request.box), limit_km2=limit)
        return Area(box, (), "the box given")
    if request.boundary is not None:
        read = read_city_boundary(request.boundary, ReadOptions(crs=request.crs), limit_km2=limit)
        return Area(read, (), request.boundary.name)
    return _named(settings, str(request.place), request, check_cancelled)


def _named(
    settings: Settings, place: str, request: AreaRequest, check_cancelled: CancelCheck
) -> Area:
    candidates = find_place(
        settings,
        place,
        country=request.country,
        finder=request.finder,
        near=request.near,
        check_cancelled=check_cancelled,
    )
    found = one_of(place, candidates, request.choose)
    boundary = place_boundary(settings, found, request.size_km)
    outlined = found.boundary is not None and request.size_km is None
    words = f"{found.label}: {'its boundary' if outlined else 'a box around its centre'}"
    return Area(boundary, (found.attribution,), words)


def parse_box(text: str) -> tuple[float, float, float, float]:
    """Read a box written as W,S,E,N.

    Raises:
        InputError: It is not four numbers.
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise InputError(
            "a box must be given as W,S,E,N in degrees",
            text,
            "for example 24.90,60.15,24.99,60.20",
            code="box-not-four-numbers",
        ) from None
    return west, south, east, north
