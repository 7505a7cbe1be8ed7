"""Boundaries by name from a Nominatim server; every answer is kept and not asked for again."""

import fcntl
import hashlib
import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import shapely

from aether_core.city.boundary import polygons_of
from aether_core.errors import InputError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.geocoding.candidate import Candidate
from aether_core.geocoding.countries import country_of
from aether_core.net import CancelCheck, RemoteError, Web, never_cancelled
from aether_core.net.request_policy import sleep

ATTRIBUTION = "© OpenStreetMap contributors, Open Database License (ODbL)"
SOURCE = "OpenStreetMap"
_ANSWER_BYTES = 32 * 1024**2
_KEPT = timedelta(days=30)
_MOST = "10"
_THRESHOLD = "0.0001"  # degrees by which the server may simplify an outline, about 10 m
_REGIONS = ("state", "region", "province", "state_district", "county")
_LONGEST_NAME = 200
_LOOK_AGAIN_S = 0.1


def geocode(
    web: Web,
    base_url: str,
    name: str,
    *,
    cache: Path,
    country: str | None = None,
    interval_s: float = 1.0,
    check_cancelled: CancelCheck = never_cancelled,
) -> list[Candidate]:
    """Ask a Nominatim server for the settlements of a name.

    Args:
        web: The network; `base_url` is one of its addresses.
        base_url: The server, without `/search`.
        name: What to search for; a country or state may follow after a comma.
        cache: Folder of earlier answers; one younger than 30 days is taken instead of asking.
        country: Name or ISO code of the country it must lie in.
        interval_s: Shortest time between two questions of all processes that share the cache.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Returns:
        At least one candidate, in the server's order; those it knows an outline of have one.

    Raises:
        InputError: The name is empty or too long, the country is unknown, or there is no such
            place.
        OfflineError: There is no connection.
        RemoteError: The server does not answer, or with something else than places.
    """
    query = _query(name, country)
    kept = cache / f"{_key(base_url, query)}.json"
    places = _read_kept(kept)
    if places is None:
        url = f"{base_url.rstrip('/')}/search"
        with _turn(cache, interval_s, check_cancelled):
            answer = web.get(
                url,
                limit=_ANSWER_BYTES,
                accept="application/json",
                params=query,
                check_cancelled=check_cancelled,
            )
        places = _parsed(answer.body, url)
        if places:
            _keep(kept, base_url, query, places)
    found = [candidate for place in places if (candidate := _candidate(place)) is not None]
    if not found:
        raise InputError(
            "the geocoder found no settlement with this name",
            name,
            "check the spelling, add the country, draw the box, or give a boundary file",
            code="place-unknown-to-geocoder",
        )
    return found


@contextmanager
def _turn(cache: Path, interval_s: float, check_cancelled: CancelCheck) -> Iterator[None]:
    """Wait for the next turn: the server's limit counts for pages, commands and worker together."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "turn").open("a+b") as file:
        while not _locked(file):
            sleep(_LOOK_AGAIN_S, check_cancelled)
        before = os.fstat(file.fileno())
        since = time.time() - before.st_mtime if before.st_size else interval_s
        if 0 <= since < interval_s:
            sleep(interval_s - since, check_cancelled)
        try:
            yield
        finally:
            file.truncate(0)
            file.write(b"asked")


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _query(name: str, country: str | None) -> dict[str, str]:
    text = " ".join(name.split())
    if not text:
        raise InputError(
            "a place name is needed",
            repr(name),
            "type a name such as Helsinki",
            code="place-name-empty",
        )
    if len(text) > _LONGEST_NAME:
        raise InputError(
            "this is too long for a place name",
            text,
            "type only the name",
            code="place-name-too-long",
        )
    query = {
        "q": text,
        "format": "jsonv2",
        "polygon_geojson": "1",
        "polygon_threshold": _THRESHOLD,
        "addressdetails": "1",
        "extratags": "1",
        "featureType": "settlement",
        "accept-language": "en",
        "limit": _MOST,
    }
    if country is not None:
        query["countrycodes"] = country_of(country).code.lower()
    return query


def _key(base_url: str, query: Mapping[str, str]) -> str:
    asked = json.dumps([base_url.rstrip("/"), sorted(query.items())])
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _read_kept(path: Path) -> list[dict[str, Any]] | None:
    """Return an earlier answer; None when there is none, it is old, or the file is damaged."""
    try:
        document = json.loads(read_kept(path) or b"")
        age = datetime.now(UTC) - datetime.fromisoformat(document["asked"])
        places = document["places"]
    except (ValueError, KeyError, TypeError):
        return None
    return places if age < _KEPT and _are_places(places) else None


def _keep(
    path: Path, base_url: str, query: Mapping[str, str], places: list[dict[str, Any]]
) -> None:
    document = {
        "asked": datetime.now(UTC).isoformat(timespec="seconds"),
        "server": base_url,
        "query": dict(query),
        "places": places,
    }
    write_kept(path, json.dumps(document).encode())


def _parsed(body: bytes, url: str) -> list[dict[str, Any]]:
    try:
        places = json.loads(body)
    except ValueError as error:
        raise RemoteError(
            url, "returned an answer that is not JSON", code="geocoder-answer-not-json"
        ) from error
    if not _are_places(places):
        raise RemoteError(
            url,
            "returned an answer that is not a list of places",
            "check the geocoder's address",
            code="geocoder-answer-not-places",
        )
    found: list[dict[str, Any]] = places
    return found


def _are_places(places: object) -> bool:
    return isinstance(places, list) and all(
        isinstance(place, dict) and _centre(place) is not None for place in places
    )


def _centre(place: Mapping[str, Any]) -> tuple[float, float] | None:
    try:
        lon, lat = float(place["lon"]), float(place["lat"])
    except (KeyError, TypeError, ValueError):
        return None
    real = math.isfinite(lon) and abs(lon) <= 180 and math.isfinite(lat) and abs(lat) <= 90
    return (lon, lat) if real else None


def _candidate(place: Mapping[str, Any]) -> Candidate | None:
    centre = _centre(place)
    full_name = _text(place.get("display_name"))
    name = _text(place.get("name")) or full_name.split(",")[0]
    if centre is None or not name:
        return None
    address = place.get("address")
    address = address if isinstance(address, dict) else {}
    region = next((_text(address[part]) for part in _REGIONS if address.get(part)), "")
    return Candidate(
        id=f"osm:{_text(place.get('osm_type'))}/{_text(place.get('osm_id'))}",
        name=name,
        kind=(_text(place.get("addresstype")) or _text(place.get("type"))).replace("_", " "),
        country=_text(address.get("country")) or full_name.rpartition(",")[2].strip(),
        region="" if region == name else region,
        lon=centre[0],
        lat=centre[1],
        population=_population(place),
        boundary=_outline(place.get("geojson")),
        source=SOURCE,
        attribution=ATTRIBUTION,
    )


def _text(value: object) -> str:
    return " ".join(str(value).split())[:_LONGEST_NAME] if isinstance(value, (str, int)) else ""


def _population(place: Mapping[str, Any]) -> int | None:
    tags = place.get("extratags")
    written = _text(tags.get("population")) if isinstance(tags, dict) else ""
    digits = written.replace(" ", "").replace(",", "")
    return int(digits) if digits.isdecimal() and len(digits) <= 10 else None


def _outline(geojson: object) -> shapely.MultiPolygon | None:
    """Return the polygons of a GeoJSON geometry, or None where it is a point, line or nothing."""
    if not isinstance(geojson, dict) or geojson.get("type") not in {"Polygon", "MultiPolygon"}:
        return None
    try:
        shape = shapely.from_geojson(json.dumps(geojson))
    except (shapely.errors.GEOSException, ValueError):
        return None
    outline = polygons_of(shapely.make_valid(shape))
    return None if outline.is_empty else outline
