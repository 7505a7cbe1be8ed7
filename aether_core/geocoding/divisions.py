"""Boundaries by name from Overture's divisions, around a centre the gazetteer knows."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from aether_core.city.boundary import polygons_of
from aether_core.errors import InputError
from aether_core.geocoding.candidate import Candidate
from aether_core.geocoding.countries import known_country
from aether_core.geocoding.folding import folded
from aether_core.net import RemoteError, Web
from aether_core.poi.overture.release import Overture
from aether_core.poi.overture.table import overture_table
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import boxes_of

SOURCE = "Overture Maps"
_THEME, _TYPE = "divisions", "division_area"
# From a city upwards; a neighbourhood is no city, a country never one.
_SUBTYPES = ("locality", "borough", "localadmin", "county", "macrocounty", "region")
_FACTS = ("id", "names.primary", "subtype", "class", "country", "region")
_SOURCES = ("sources.dataset", "sources.license")
_NEAR_KM = 4.0
_OSM = "© OpenStreetMap contributors"
_USUAL_LICENCE = "ODbL 1.0"  # of the theme as a whole, where a source states none


def find_divisions(
    web: Web,
    overture: Overture,
    around: Candidate,
    names: Sequence[str],
    *,
    progress: Progress = silent,
) -> list[Candidate]:
    """Read the divisions that hold a city's centre and carry its name.

    Their facts are read first, outlines only of those that are returned.

    Args:
        web: The network.
        overture: The release.
        around: The city in the gazetteer.
        names: All names it goes by.
        progress: Reports bytes read; what it raises stops the reading.

    Returns:
        At least one candidate with boundary: those one of whose words is the city's name, the
        smallest kind first ("London" before "Greater London"); where none is, all that hold the
        centre.

    Raises:
        InputError: No division lies there.
        RemoteError: The release's files are not as they should be.
        OfflineError: There is no connection.
    """
    boxes = boxes_of(around.box(_NEAR_KM))
    centre = shapely.Point(around.lon, around.lat)
    facts = overture_table(web, overture, _THEME, _TYPE, boxes, columns=_FACTS, progress=progress)
    rows = [row for row in facts.to_pylist() if _usable(row)]
    named = [row for row in rows if _carries(row, names)] or rows
    ids = {str(row["id"]) for row in named}
    if not ids:
        raise _nothing(overture, around)
    areas = overture_table(
        web,
        overture,
        _THEME,
        _TYPE,
        boxes,
        columns=(*_FACTS, "geometry"),
        optional=_SOURCES,
        first=("id",),
        only=lambda table: pc.is_in(table.column("id"), pa.array(sorted(ids))),
        progress=progress,
    )
    found = []
    for row in areas.to_pylist():
        outline = _outline(row["geometry"], overture)
        if outline is not None and _usable(row) and outline.intersects(around.area(_NEAR_KM)):
            candidate = _candidate(row, outline, around, overture.release)
            found.append((not outline.intersects(centre), candidate))
    found.sort(key=lambda each: (each[0], _SUBTYPES.index(each[1].kind), each[1].id))
    if not found:
        raise _nothing(overture, around)
    return [candidate for _, candidate in found]


def _nothing(overture: Overture, around: Candidate) -> InputError:
    return InputError(
        f"Overture {overture.release} has no administrative boundary around this place",
        around.label,
        "use a box around the centre, try the geocoder, or give a boundary file",
        code="place-without-division",
    )


def _usable(row: dict[str, Any]) -> bool:
    # Areas at sea repeat those on land with the territorial waters.
    named = isinstance(row.get("names"), dict) and bool(row["names"].get("primary"))
    return named and row.get("subtype") in _SUBTYPES and row.get("class") != "maritime"


def _carries(row: dict[str, Any], names: Sequence[str]) -> bool:
    """Whether a division's name is one of these names or has it among its words."""
    words = f" {folded(row['names']['primary'])} "
    return any(f" {folded(name)} " in words for name in names)


def _outline(wkb: object, overture: Overture) -> shapely.MultiPolygon | None:
    if not isinstance(wkb, bytes):
        return None
    try:
        shape = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException as error:
        raise RemoteError(
            overture.url,
            "has an administrative boundary with a damaged outline",
            code="division-outline-damaged",
        ) from error
    outline = polygons_of(shapely.make_valid(shape))
    return None if outline.is_empty else outline


def _candidate(
    row: dict[str, Any], outline: shapely.MultiPolygon, around: Candidate, release: str
) -> Candidate:
    centre = outline.representative_point()
    country = known_country(str(row.get("country") or ""))
    return Candidate(
        id=f"overture:{row['id']}",
        name=str(row["names"]["primary"]),
        kind=str(row["subtype"]),
        country=country.name if country else around.country,
        region=str(row.get("region") or ""),
        lon=centre.x,
        lat=centre.y,
        population=None,
        boundary=outline,
        source=SOURCE,
        attribution=_attribution(row, release),
    )


def _attribution(row: dict[str, Any], release: str) -> str:
    """Return the credit of a division: Overture's, and those of the datasets it was made from."""
    own = f"© Overture Maps Foundation, overturemaps.org, divisions, release {release}"
    listed = dict.fromkeys(
        f"{_OSM if name.casefold() == 'openstreetmap' else name}"
        f" ({entry.get('license') or _USUAL_LICENCE})"
        for entry in row.get("sources") or ()
        if (name := str(entry.get("dataset") or ""))
    )
    return f"{own}, with data from {', '.join(listed)}" if listed else f"{own} ({_USUAL_LICENCE})"
