"""Where a named city is: in the gazetteer at once, or asked of a public server."""

from collections.abc import Callable

import shapely

from aether_core.city.outline import check_city_boundary
from aether_core.errors import InputError
from aether_core.geocoding import AmbiguousPlaceError, Candidate, find_city, names_of, one_of
from aether_core.geocoding.divisions import find_divisions
from aether_core.geocoding.nominatim import geocode
from aether_core.net import CancelCheck, never_cancelled
from aether_core.poi.overture.release import Overture, choose_release
from workflows.fetch.servers import open_web
from workflows.home.settings import Settings

GAZETTEER, GEOCODER, OVERTURE = "gazetteer", "geocoder", "overture"
_SMALLEST_SIDE_KM, _LARGEST_SIDE_KM = 0.5, 400.0


def find_place(
    settings: Settings,
    name: str,
    *,
    country: str | None = None,
    finder: str = GAZETTEER,
    near: int | None = None,
    check_cancelled: CancelCheck = never_cancelled,
) -> list[Candidate]:
    """Return what a name may mean, best first.

    Args:
        settings: Which servers are asked, and where answers are kept.
        name: The city's name; country or state may follow after a comma.
        country: Name or ISO code of the country it must lie in.
        finder: One of `PLACE_FINDERS`.
        near: For Overture: number of the gazetteer's match to look around, where it has several.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Returns:
        At least one candidate.

    Raises:
        InputError: No place has the name, or a value cannot be used.
        OfflineError: A server was to be asked and cannot be reached.
        RemoteError: The server does not answer as it should.
    """
    finders: dict[str, Callable[[], list[Candidate]]] = {
        GAZETTEER: lambda: find_city(name, country),
        GEOCODER: lambda: _geocode(settings, name, country, check_cancelled),
        OVERTURE: lambda: _divisions(settings, name, country, near, check_cancelled),
    }
    if finder not in finders:
        raise InputError(
            "unknown place finder",
            finder,
            f"use {', '.join(finders)}",
            code="no-such-finder",
        )
    return finders[finder]()


def place_boundary(
    settings: Settings, candidate: Candidate, side_km: float | None = None
) -> shapely.MultiPolygon:
    """Return a candidate's boundary, or a box around its centre, checked as a city's.

    Args:
        settings: How large a city may be.
        candidate: From `find_place`.
        side_km: Side of a box to take instead of the boundary; where neither is there the side
            follows from the population.

    Raises:
        InputError: The side is out of range, or no city can have this boundary.
    """
    if side_km is not None and not _SMALLEST_SIDE_KM <= side_km <= _LARGEST_SIDE_KM:
        raise InputError(
            "the side of the box is out of range",
            f"{side_km:g} km",
            f"give {_SMALLEST_SIDE_KM:g} to {_LARGEST_SIDE_KM:g} km",
            code="box-side-out-of-range",
        )
    return check_city_boundary(candidate.area(side_km), limit_km2=settings.fetch_limit_km2)


def _geocode(
    settings: Settings, name: str, country: str | None, check_cancelled: CancelCheck
) -> list[Candidate]:
    with open_web(settings) as web:
        return geocode(
            web,
            settings.geocoder_url,
            name,
            cache=settings.public_cache / "geocoder",
            country=country,
            check_cancelled=check_cancelled,
        )


def _divisions(
    settings: Settings,
    name: str,
    country: str | None,
    near: int | None,
    check_cancelled: CancelCheck,
) -> list[Candidate]:
    known = find_city(name, country)
    if near is None and len(known) > 1:
        raise AmbiguousPlaceError(name, known, "name the country, or say near which of these")
    around = one_of(name, known, near)

    def progress(_stage: str, _done: int, _total: int) -> None:
        check_cancelled()

    with open_web(settings) as web:
        catalog = settings.overture_catalog_url
        release = choose_release(
            web, catalog, settings.overture_release, check_cancelled=check_cancelled
        )
        cache = settings.public_cache / "overture"
        overture = Overture(release, settings.overture_url, catalog, cache=cache)
        return find_divisions(web, overture, around, names_of(around), progress=progress)
