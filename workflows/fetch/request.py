"""What is asked for when a city is fetched from public data, checked before anything happens."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, mapping, shape

from aether_core.city.boundary import polygons_of
from aether_core.city.outline import check_city_boundary
from aether_core.eo.alphaearth import check_year
from aether_core.eo.mirror.zones import HALO_M
from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.poi.osm.extract import PBF_SUFFIXES
from aether_core.poi.overture.record import check_unsure_share
from workflows.cities.names import check_city_words
from workflows.fetch.eo_sources.eo_source import EO_SOURCES, TILES
from workflows.home.settings import Settings

OVERTURE, OSM, BOTH = "overture", "osm", "both"
PLACE_SOURCES = {
    OVERTURE: "Overture Maps",
    OSM: "OpenStreetMap",
    BOTH: "Overture Maps and OpenStreetMap, duplicates merged",
}
MAX_YEARS = 9


def _polygons(stored: Any) -> MultiPolygon:  # noqa: ANN401 - JSON of any kind
    """Read the GeoJSON a boundary was stored as."""
    try:
        return polygons_of(shape(stored))
    except (ShapelyError, LookupError, TypeError, AttributeError) as error:
        raise ValueError("not the GeoJSON of polygons") from error


Polygons = Annotated[MultiPolygon, PlainValidator(_polygons), PlainSerializer(mapping)]


@dataclass(frozen=True)
class FetchCity:
    """A city to be made from public data.

    Attributes:
        slug: Short name in addresses and commands: lower-case letters, digits, hyphens.
        name: Display name.
        boundary: Area of the city, WGS84; already found, drawn or read.
        years: Years of the embedding, the main one first.
        pois: Where places come from, one of `PLACE_SOURCES`.
        osm_file: OpenStreetMap extract (.pbf) to take places and land use from, instead of asking
            a server.
        confidence: Overture places below this are left out; 0 to 1.
        unsure_share: Share of Overture's places there that are left out as the least sure, from 0
            to under 1, instead of `confidence`.
        radius_m: Pooling radius in metres; 100 gives the published windows.
        train: Train a model as soon as the city is there.
        cell_resolution: H3 resolution, 8 to 12; chosen by the city's size when left out.
        extends: The city is there already, and only its embedding of these years is fetched.
        release: Release of Overture; the newest one when the fetch begins if left out.
        credits: Credits of the boundary's source.
        ground: Take streets, water, parks and, where they are cheap, buildings from Overture; an
            OpenStreetMap extract brings its own.
        eo_source: Where the embedding comes from, one of `EO_SOURCES`: `tiles`, AlphaEarth's own
            files a year; `mosaic`, all years on one grid.
    """

    slug: str
    name: str
    boundary: Polygons
    years: tuple[int, ...]
    pois: str = OVERTURE
    osm_file: Path | None = None
    confidence: float = 0.5
    radius_m: float = 100.0
    train: bool = False
    cell_resolution: int | None = None
    extends: bool = False
    release: str | None = None
    credits: tuple[str, ...] = ()
    ground: bool = True
    unsure_share: float | None = None
    eo_source: str = TILES

    @property
    def year(self) -> int:
        """The main year."""
        return self.years[0]

    @property
    def takes_ground(self) -> bool:
        """Whether streets and base map are asked of Overture."""
        return self.ground and self.osm_file is None and not self.extends

    @property
    def takes_overture_places(self) -> bool:
        """Whether places are asked of Overture."""
        return self.pois != OSM and not self.extends

    @property
    def halo_m(self) -> float:
        """How far beyond the boundary pixels are needed: over the widest window's corner."""
        return max(HALO_M, 1.5 * self.radius_m)


def check_request(settings: Settings, request: FetchCity) -> FetchCity:
    """Check all that can be told without a network.

    Returns:
        The request, its boundary valid.

    Raises:
        InputError: A value cannot be used; the message says which and what to try.
    """
    check_city_words(
        request.slug,
        request.name,
        radius_m=request.radius_m,
        cell_resolution=request.cell_resolution,
    )
    _check_years(request.years)
    if request.pois not in PLACE_SOURCES:
        raise InputError(
            "unknown source of places",
            request.pois,
            f"use {', '.join(PLACE_SOURCES)}",
            code="no-such-place-source",
        )
    if request.eo_source not in EO_SOURCES:
        raise InputError(
            "unknown source of the embedding",
            request.eo_source,
            f"use {', '.join(sorted(EO_SOURCES, reverse=True))}",
            code="no-such-eo-source",
        )
    if not 0 <= request.confidence <= 1:
        raise InputError(
            "the confidence must lie between 0 and 1",
            request.confidence,
            "try 0.5",
            code="confidence-out-of-range",
        )
    if request.unsure_share is not None:
        check_unsure_share(request.unsure_share)
    _check_osm_file(request)
    return _with_valid_boundary(settings, request)


def _check_years(years: tuple[int, ...]) -> None:
    if not years:
        raise InputError(
            "no year is given", "(none)", "give at least one, such as 2024", code="no-year-given"
        )
    for year in years:
        check_year(year)
    if len(set(years)) != len(years):
        raise InputError(
            "a year is given twice",
            ", ".join(map(str, years)),
            "give each year once",
            code="year-given-twice",
        )


def _check_osm_file(request: FetchCity) -> None:
    if request.osm_file is None:
        return
    if request.pois == OVERTURE:
        raise InputError(
            "an OpenStreetMap extract is given, but places come from Overture only",
            request.osm_file.name,
            "use places from osm or both, or leave out the extract",
            code="extract-without-osm-places",
        )
    local_file(request.osm_file, suffixes=PBF_SUFFIXES)


def _with_valid_boundary(settings: Settings, request: FetchCity) -> FetchCity:
    boundary = check_city_boundary(request.boundary, limit_km2=settings.fetch_limit_km2)
    return replace(request, boundary=boundary)
