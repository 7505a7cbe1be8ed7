"""Places of OpenStreetMap from an Overpass server, asked in pieces that do not burden it.

Language and answers: OpenStreetMap wiki, "Overpass API/Overpass QL" (`out tags center`,
`out count`, `remark`). Public servers want one question at a time, with pauses.
"""

import json
import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import numpy as np
import shapely

from aether_core.language import OTHER_NAMES, mark
from aether_core.net import CancelCheck, RemoteError, RequestPolicy, Web
from aether_core.poi.frame import plain_text, poi_frame
from aether_core.poi.osm.extract import ATTRIBUTION, LICENCE, SOURCE
from aether_core.poi.osm.tags import names_tagged
from aether_core.poi.osm.taxonomy import KEPT_VALUES, KEY_GROUPS, describe_tags
from aether_core.poi.poi_source import OUTSIDE, NoPlacesError, PoiSource, cut_to
from aether_core.progress import Progress, silent
from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.longitudes import Bounds, boxes_of, extent_of

_STAGE = mark("querying OpenStreetMap places")
_QUERY_S = 90  # the server gives a question up after this long
_QUERY_BYTES = 512 * 1024**2  # and beyond this much of its memory
_ANSWER_BYTES = 256 * 1024**2
_PIECE_M = 15_000.0
_SMALLEST_M = 1000.0

COURTESY = RequestPolicy(
    first_s=5.0, silence_s=_QUERY_S + 60.0, min_interval_s=1.0, too_many_s=30.0
)
"""How an Overpass server is asked: it may think for as long as it was told, and queue before; it
wants half a minute of peace once it was asked too often (drolbr/Overpass-API#791)."""


class _TooMuchError(RemoteError):
    """The server ran out of time or memory over one piece."""

    code = "overpass-too-much"


@dataclass(frozen=True)
class _Answer:
    """What came of one piece."""

    elements: list[dict[str, Any]]
    timestamp: str


def overpass_places(
    web: Web, url: str, boundary: shapely.Geometry, *, progress: Progress = silent
) -> PoiSource:
    """Ask an Overpass server for the places in a boundary, as `read_osm_pois` reads them of a file.

    A way or relation stands at the middle of its bounding box.

    Args:
        web: Where it is asked; `COURTESY` is meant for it.
        url: The server's interpreter.
        boundary: The city, WGS84.
        progress: In pieces of the city. What it raises stops the asking.

    Raises:
        NoPlacesError: No place is found.
        RemoteError: The server does not answer, says no, or answers something else.
        OfflineError: No connection comes about.
    """
    found: dict[str, dict[str, Any]] = {}
    timestamps = []
    for answer in _answers(web, url, boundary, "out tags center qt;", progress):
        timestamps.append(answer.timestamp)
        # What lies across two pieces comes twice.
        found.update((f"{each['type']}/{each['id']}", each) for each in answer.elements)
    frame, outside = cut_to(_as_pois(url, found), boundary)
    if frame.empty:
        raise NoPlacesError(
            "no places found inside the boundary",
            "OpenStreetMap",
            "try Overture, a larger boundary, or a file of places",
        )
    return PoiSource(
        kind="osm",
        title="OpenStreetMap",
        version=min(timestamps),
        licences=(LICENCE,),
        attribution=ATTRIBUTION,
        url=url,
        frame=frame,
        dropped={OUTSIDE: outside} if outside else {},
    )


def count_overpass(
    web: Web, url: str, boundary: shapely.Geometry, *, progress: Progress = silent
) -> int:
    """Ask how many places lie in the boundary's bounding box; those on a piece's edge count twice.

    Args:
        web: Where it is asked.
        url: The server's interpreter.
        boundary: The city, WGS84.
        progress: In pieces of the city.

    Raises:
        AetherError: As `overpass_places`.
    """
    total = 0
    for answer in _answers(web, url, boundary, "out count;", progress):
        try:
            total += sum(int(each["tags"]["total"]) for each in answer.elements)
        except (KeyError, TypeError, ValueError):
            raise RemoteError(
                url, "returned something other than a count", code="overpass-answer-not-count"
            ) from None
    return total


def _answers(
    web: Web, url: str, boundary: shapely.Geometry, out: str, progress: Progress
) -> Iterator[_Answer]:
    """Yield the answers of all pieces; one that is too much for the server is cut in four."""
    pieces = deque(_pieces(boundary))
    total, done = len(pieces), 0

    def check_cancelled() -> None:
        progress(_STAGE, done, total)

    while pieces:
        piece = pieces.popleft()
        try:
            answer = _ask(web, url, piece, out, check_cancelled)
        except _TooMuchError:
            quarters = _quarters(piece)
            if not quarters:
                raise
            pieces.extendleft(quarters)
            total += len(quarters) - 1
            continue
        done += 1
        progress(_STAGE, done, total)
        yield answer


def _ask(web: Web, url: str, piece: Bounds, out: str, check_cancelled: CancelCheck) -> _Answer:
    """Ask for one piece.

    Raises:
        _TooMuchError: The server ran out of time or memory.
        RemoteError: It does not answer, says no, or answers something else.
    """
    west, south, east, north = piece
    settings = f"[out:json][timeout:{_QUERY_S}][maxsize:{_QUERY_BYTES}]"
    query = f"{settings}[bbox:{south:.7f},{west:.7f},{north:.7f},{east:.7f}];({_WANTED});{out}"
    body = web.post(
        url,
        content=urlencode({"data": query}).encode(),
        content_type="application/x-www-form-urlencoded",
        limit=_ANSWER_BYTES,
        check_cancelled=check_cancelled,
    ).body
    try:
        document = json.loads(body)
        elements, remark = list(document["elements"]), str(document.get("remark", ""))
        timestamp = str(document.get("osm3s", {}).get("timestamp_osm_base", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RemoteError(
            url,
            "does not respond like an Overpass server",
            "check its address",
            code="overpass-answer-unknown",
        ) from None
    # Of a question it could not finish the server sends what it has, as if that were all.
    if "timed out" in remark or "out of memory" in remark:
        raise _TooMuchError(
            url,
            f"failed on an area of {_height_m(piece) / 1000:.1f} km: {_for_message(remark)}",
            "try again later",
        )
    if "error" in remark:
        raise RemoteError(url, f"stopped: {_for_message(remark)}", code="overpass-stopped")
    return _Answer(elements, timestamp)


def _for_message(remark: str) -> str:
    """Return what a server says, fit for a message."""
    return plain_text(remark)[:200].rstrip(".")


def _wanted() -> str:
    """Return the question's filters: the keys, and where only some are places, values."""
    filters = []
    for key in KEY_GROUPS:
        values = "|".join(sorted(KEPT_VALUES.get(key, ())))
        filters.append(f'nwr["{key}"~"^({values})$"];' if values else f'nwr["{key}"];')
    return "".join(filters)


_WANTED = _wanted()


def _pieces(boundary: shapely.Geometry) -> list[Bounds]:
    """Cut a boundary's bounding box into equal pieces; those outside the boundary are left out."""
    every = [piece for box in boxes_of(extent_of(boundary)) for piece in _equal_pieces(box)]
    return [piece for piece in every if shapely.box(*piece).intersects(boundary)]


def _equal_pieces(box: Bounds) -> list[Bounds]:
    west, south, east, north = box
    wide, high = metres_a_degree((south + north) / 2) * (east - west, north - south)
    columns, rows = max(1, math.ceil(wide / _PIECE_M)), max(1, math.ceil(high / _PIECE_M))
    across, along = np.linspace(west, east, columns + 1), np.linspace(south, north, rows + 1)
    return [
        (float(across[x]), float(along[y]), float(across[x + 1]), float(along[y + 1]))
        for y in range(rows)
        for x in range(columns)
    ]


def _quarters(piece: Bounds) -> list[Bounds]:
    """Cut a piece in four; none when it is as small as pieces get."""
    if _height_m(piece) < 2 * _SMALLEST_M:
        return []
    west, south, east, north = piece
    lon, lat = (west + east) / 2, (south + north) / 2
    return [
        (west, south, lon, lat),
        (lon, south, east, lat),
        (west, lat, lon, north),
        (lon, lat, east, north),
    ]


def _height_m(piece: Bounds) -> float:
    """How far a piece reaches from south to north."""
    _, south, _, north = piece
    return float((north - south) * metres_a_degree(south)[1])


def _as_pois(url: str, elements: Mapping[str, Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """Turn elements by id, such as `node/123`, into the POI table."""
    try:
        points = [_lonlat(each) for each in elements.values()]
        tags = [dict(each.get("tags") or {}) for each in elements.values()]
    except (KeyError, TypeError, ValueError):
        raise RemoteError(
            url, "returned elements without coordinates", code="overpass-elements-without-position"
        ) from None
    described = [describe_tags(each) for each in tags]
    return poi_frame(
        {
            "source": [SOURCE] * len(tags),
            "source_id": list(elements),
            "name": [plain_text(each.get("name")) for each in tags],
            "category": [category for category, _ in described],
            "group": [group for _, group in described],
            OTHER_NAMES: [names_tagged(each) for each in tags],
        },
        shapely.points(np.array(points, dtype=float).reshape(-1, 2)),
    )


def _lonlat(element: Mapping[str, Any]) -> tuple[float, float]:
    """Return where an element stands: a node itself, or the centre that was asked for."""
    at = element if "lat" in element else element["center"]
    return float(at["lon"]), float(at["lat"])
