"""Register a city from an embedding and a file of places."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from aether_core.city.base_map import read_osm_base_map
from aether_core.city.boundary import BoundaryFile, polygons_of, read_boundary, working_crs
from aether_core.city.streets import lines_of, read_osm_streets
from aether_core.eo.alphaearth import ATTRIBUTION
from aether_core.eo.embedding import Embedding, open_embedding
from aether_core.eo.embedding_kind import (
    ALPHAEARTH,
    check_kind_year,
    checked_kind,
    kind_notice,
    kind_title,
)
from aether_core.eo.encoding import encoding_of
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.pooling.view import View
from aether_core.errors import InputError
from aether_core.language import OTHER_NAMES
from aether_core.poi.fields import PoiFields, other_names_in
from aether_core.poi.frame import poi_frame
from aether_core.poi.osm.extract import ATTRIBUTION as OSM_ATTRIBUTION
from aether_core.poi.osm.extract import PBF_SUFFIXES
from aether_core.poi.overture.record import DEFAULT_CONFIDENCE, check_confidence
from aether_core.poi.text import poi_texts
from aether_core.progress import Progress, silent
from aether_core.spatial.streets import StreetNetwork, network_of
from aether_core.tasks.labels.read import Labels
from aether_core.text.encoder import text_hash
from aether_core.vector import NO_OPTIONS, ReadingReport, ReadOptions, read_vector
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.cities import streets as street_rows
from db.schema import BASE_KINDS, City
from workflows.accounts.quotas import check_cells
from workflows.cities.cities import SIMULATED, CitySummary, summarise
from workflows.cities.files import files_staged
from workflows.cities.names import check_city_words, check_slug_free
from workflows.cities.osm_labels import keep_osm_labels, read_osm_labels
from workflows.cities.own_units import AskedUnits, OwnUnits, box_words, own_units
from workflows.cities.places_file import check_pooled, places_in, together
from workflows.cities.units import add_units
from workflows.encoders.choice import asked_encoder, usual_encoder
from workflows.encoders.encoders import begin_loading, store_texts
from workflows.home.owned_folders import storing
from workflows.home.paths import to_home
from workflows.home.store import Store


@dataclass(frozen=True)
class AddCity:
    """What a user gives to register a city.

    Attributes:
        slug: Short name in addresses and commands: lower-case letters, digits, hyphens.
        embedding: Rasters (GeoTIFF, 64 bands) or tables (A00..A63) of one year; of another
            embedding as many bands or numbered columns as it has.
        embedding_kind: Name of the embedding, such as `tessera`; AlphaEarth, or what the files say
            of themselves, when left out.
        embedding_credit: Whom an embedding other than AlphaEarth is owed to.
        embedding_crs: CRS of the embedding's tables; wins over what they say.
        geometry: File with the shapes of the codes that the rows of a table are named by.
        code_field: Column of these codes, of a table's H3 cells, or of its areas' codes; found when
            left out.
        boundary: Area of the city; the embedding's footprint when left out.
        radius_m: Pooling radius in metres; 100 gives the published windows. Areas have none.
        pois: File of places; without one there is neither training nor search.
        min_confidence: Smallest confidence of Overture places that are kept, 0 to 1.
        options: What the user says about the file of places. Its CRS also serves boundary and base
            map where these do not state their own.
        boundary_crs: CRS of the boundary; wins over what it states.
        land_use: OpenStreetMap extract (.pbf) to keep the city's land use from, as labels, and its
            streets; taken from `pois` where that is an extract.
        streets: Vector file of the lines one can walk along, in the city and around it; taken from
            an OpenStreetMap extract where it is left out.
        base_map: Vector file with `kind` (water, green, road, building), and
            `main` where roads are told from main roads, drawn under the maps.
        simulated: Marks everything made from this city as simulated.
        attribution: Credits of the places, beside the embedding's own.
        dropped: Places left out before, by reason; counted with those left out here.
        sources: What the files were made from, as `City.sources` keeps it.
        encoder: Name of the text encoder that reads the places now; by what they are called when
            left out.
        link_files: Share the embedding's files instead of copying them; nobody may change them.
    """

    slug: str
    name: str
    embedding: list[Path]
    year: int
    pois: Path | None = None
    embedding_kind: str | None = None
    embedding_credit: list[str] = field(default_factory=list)
    embedding_crs: str | None = None
    geometry: Path | None = None
    code_field: str | None = None
    boundary: Path | None = None
    radius_m: float = 100.0
    name_field: str | None = None
    category_field: str | None = None
    group_field: str | None = None
    min_confidence: float = DEFAULT_CONFIDENCE
    options: ReadOptions = NO_OPTIONS
    boundary_crs: str | None = None
    land_use: Path | None = None
    streets: Path | None = None
    base_map: Path | None = None
    simulated: bool = False
    cell_resolution: int | None = None
    attribution: list[str] = field(default_factory=list)
    dropped: Mapping[str, int] = field(default_factory=dict)
    sources: list[dict[str, Any]] = field(default_factory=list)
    encoder: str | None = None
    link_files: bool = False


@dataclass(frozen=True)
class CityReports:
    """How a city's files were read.

    Attributes:
        pois: None where no places were given.
        boundary: None where the embedding's footprint is taken.
    """

    pois: ReadingReport | None
    embedding: tuple[ReadingReport, ...]
    boundary: ReadingReport | None

    def document(self) -> dict[str, Any]:
        """As the JSON that commands print under `read`."""
        document: dict[str, Any] = {
            "embedding": [one.document() for one in self.embedding],
        }
        if self.pois is not None:
            document["pois"] = self.pois.document()
        if self.boundary is not None:
            document["boundary"] = self.boundary.document()
        return document


@dataclass(frozen=True)
class _Prepared:
    """Everything computed from the files, ready to be stored in one transaction."""

    embedding: Embedding
    boundary: MultiPolygon
    views: tuple[View, View]
    pois: gpd.GeoDataFrame
    texts: list[str]
    poi_vectors: np.ndarray
    dropped: dict[str, int]
    units: OwnUnits
    base_map: gpd.GeoDataFrame | None
    land_use: Labels | None
    streets: StreetNetwork | None
    reports: CityReports


def add_city(
    store: Store,
    request: AddCity,
    progress: Progress = silent,
    *,
    added_by: str = "",
    within: Callable[[Session, City], None] | None = None,
    on_read: Callable[[CityReports], None] | None = None,
) -> CitySummary:
    """Read, clean, pool and store a city; all of it or nothing.

    Args:
        store: Where it is kept.
        request: What the user gives.
        progress: Told what is done.
        added_by: The account that asks, whose quota it counts towards; empty for the operator.
        within: Called as the last in the transaction that adds the city: what it locks must not
            be waited for by `progress`.
        on_read: Told how the files were read, before anything is stored.

    Raises:
        InputError: A file or a value cannot be used.
        ConflictError: The slug is taken.
        QuotaError: The account would have more cells than it may.
        CancelledError: `progress` asked to stop; nothing is left behind.
    """
    check_add(store, request)
    if request.pois is not None:
        begin_loading(asked_encoder(store.settings, _likely_encoder(store, request)))
    prepared = _prepare(request, progress)
    if on_read is not None:
        on_read(prepared.reports)
    name = request.encoder or usual_encoder(store.settings, prepared.pois["name"]).name
    store_texts(store, asked_encoder(store.settings, name), prepared.texts, progress)
    settings = store.settings
    with (
        files_staged(store, prepared.embedding.files, link=request.link_files) as (staged, names),
        storing(store) as (session, folders),
    ):
        progress("storing", 0, 1)
        city = _insert(session, request, prepared)
        folder = folders.place(staged, settings.cities, f"{city.id}-{city.year}")
        paths = [to_home(settings, folder / name) for name in names]
        _insert_rasters(session, city, prepared.embedding, paths, added_by)
        check_cells(session, added_by)
        summary = summarise(session, city)
        progress("storing", 1, 1)
        if within is not None:
            within(session, city)
    return summary


def _likely_encoder(store: Store, request: AddCity) -> str:
    """Before the names are read."""
    return request.encoder or usual_encoder(store.settings, ()).name


def check_add(store: Store, request: AddCity) -> None:
    """Check all that can be checked before a file is opened.

    Raises:
        InputError: A name or a number cannot be used.
        ConflictError: The slug is taken.
    """
    different = {path.absolute(): path.name for path in request.embedding}  # twice counts once
    names = list(different.values())
    if len(set(names)) < len(names):
        raise InputError(
            "two embedding files have the same name",
            ", ".join(names),
            "rename one of them",
            code="embedding-files-same-name",
        )
    check_city_words(
        request.slug,
        request.name,
        radius_m=request.radius_m,
        cell_resolution=request.cell_resolution,
    )
    if request.embedding_kind is not None:
        checked_kind(request.embedding_kind)
    check_kind_year(_kind(request) or ALPHAEARTH, request.year)
    check_confidence(request.min_confidence)
    if request.encoder is not None:
        asked_encoder(store.settings, request.encoder)
    check_slug_free(store, request.slug)


def _kind(request: AddCity) -> str | None:
    return None if request.embedding_kind is None else checked_kind(request.embedding_kind)


def _open(request: AddCity, progress: Progress) -> Embedding:
    """Open the embedding, which must be the one it is said to be."""
    kind = _kind(request)
    embedding = open_embedding(
        request.embedding,
        kind=kind,
        crs=request.embedding_crs,
        geometry=request.geometry,
        code_field=request.code_field,
        foreign=True,
        progress=progress,
    )
    if kind is not None and kind != embedding.name:
        raise InputError(
            "the files contain another embedding",
            f"{kind_title(embedding.name)}, not {kind_title(kind)}",
            "leave out the embedding name, or correct it",
            code="embedding-of-another-kind",
        )
    if embedding.name == ALPHAEARTH and request.embedding_credit:
        raise InputError(
            "AlphaEarth has its own credit",
            request.embedding_credit[0],
            "give the credit line for the places instead, or name the embedding",
            code="credit-of-alphaearth-given",
        )
    return embedding


def _prepare(request: AddCity, progress: Progress) -> _Prepared:
    progress("opening the embedding", 0, 1)
    embedding = _open(request, progress)
    embedding.count_pixels(progress)
    outline = None if request.boundary is None else _boundary(request, request.boundary, embedding)
    boundary = polygons_of(embedding.footprint) if outline is None else outline.shape
    views = FILE_KINDS[embedding.kind].views(request.radius_m)
    places = _places(request, embedding, boundary, views, progress)
    asked = AskedUnits(
        boundary, outline is not None, views[0], request.radius_m, request.cell_resolution
    )
    units = own_units(embedding, asked, progress)
    return _Prepared(
        embedding=embedding,
        boundary=boundary,
        views=views,
        pois=places.frame,
        texts=poi_texts(places.frame),
        poi_vectors=places.vectors,
        dropped=together(request.dropped, places.dropped),
        units=units,
        base_map=_base_map(request, boundary),
        land_use=_land_use(request, boundary),
        streets=_streets(request, boundary),
        reports=CityReports(
            pois=places.report,
            embedding=embedding.reports,
            boundary=None if outline is None else outline.report,
        ),
    )


@dataclass(frozen=True, eq=False)
class _Places:
    """Places that can be used: their frame, and vectors `[views, n, dim]`."""

    frame: gpd.GeoDataFrame
    vectors: np.ndarray
    dropped: dict[str, int]
    report: ReadingReport | None


def _places(
    request: AddCity,
    embedding: Embedding,
    boundary: MultiPolygon,
    views: tuple[View, View],
    progress: Progress,
) -> _Places:
    """Read, clean and pool the places."""
    if request.pois is None:
        none = np.empty((len(views), 0, embedding.dim), dtype=np.float32)
        return _Places(poi_frame({}, np.empty(0, dtype=object)), none, {}, None)
    found = places_in(
        request.pois,
        boundary,
        PoiFields(
            request.name_field,
            request.category_field,
            request.group_field,
            min_confidence=request.min_confidence,
        ),
        request.options,
        progress,
    )
    pooled = embedding.pool(found.lonlat, views, progress)
    check_pooled(found, request.pois, pooled, embedding, request.radius_m)
    usable = found.usable(pooled)
    return _Places(usable.frame, pooled.vectors[:, pooled.ok], usable.left_out, usable.told)


def options_of_other_files(places: ReadOptions) -> ReadOptions:
    """How boundary and base map are read: the places' CRS serves where they state none."""
    return ReadOptions(crs_if_unstated=places.crs)


def _of_boundary(request: AddCity) -> ReadOptions:
    return replace(options_of_other_files(request.options), crs=request.boundary_crs)


_TRUTHS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
"""What formats make of yes and no; anything else says nothing."""


def _base_map(request: AddCity, boundary: MultiPolygon) -> gpd.GeoDataFrame | None:
    if request.base_map is None:
        extract = _extract(request)
        return None if extract is None else read_osm_base_map(extract, boundary)
    drawn = read_vector(request.base_map, options_of_other_files(request.options)).frame
    unknown = sorted(set(drawn.get("kind", ["no column kind"])) - set(BASE_KINDS))
    if unknown:
        raise InputError(
            "the base map has unknown kinds",
            ", ".join(map(str, unknown)),
            f"give it a column kind with {', '.join(BASE_KINDS)}",
            code="no-such-base-map-kind",
        )
    if "main" in drawn:
        said = drawn["main"].astype(str).str.lower()
        drawn = drawn.assign(main=said.map(_TRUTHS).astype(object))
    drawn = drawn if "name" in drawn else drawn.assign(name="")
    others = other_names_in(pd.DataFrame(drawn.drop(columns="geometry")))
    return drawn.assign(**{OTHER_NAMES: others or ""})


def _extract(request: AddCity) -> Path | None:
    """The OpenStreetMap extract among the files, where there is one."""
    return request.pois if _is_osm(request) else request.land_use


def _streets(request: AddCity, boundary: MultiPolygon) -> StreetNetwork | None:
    if request.streets is not None:
        lines = read_vector(request.streets, options_of_other_files(request.options)).frame
        return network_of(lines_of(lines.geometry.to_numpy()))
    extract = _extract(request)
    return None if extract is None else read_osm_streets(extract, boundary)


def _land_use(request: AddCity, boundary: MultiPolygon) -> Labels | None:
    if request.land_use is not None:
        return read_osm_labels(request.land_use, boundary)
    if request.pois is None or not _is_osm(request):
        return None
    return read_osm_labels(request.pois, boundary)


def _is_osm(request: AddCity) -> bool:
    return request.pois is not None and request.pois.suffix.lower() in PBF_SUFFIXES


def _attribution(request: AddCity, embedding: Embedding) -> list[str]:
    simulated = [SIMULATED] if request.simulated else []
    osm = [OSM_ATTRIBUTION] if _is_osm(request) or request.land_use is not None else []
    own = [ATTRIBUTION]
    if embedding.name != ALPHAEARTH:
        notice = kind_notice(embedding.name, embedding.dim)
        own = [notice, *request.embedding_credit, *embedding.credits]
    return list(dict.fromkeys([*simulated, *own, *osm, *request.attribution]))


def _boundary(request: AddCity, file: Path, embedding: Embedding) -> BoundaryFile:
    footprint: BaseGeometry = embedding.footprint
    read = read_boundary(file, _of_boundary(request))
    boundary = read.shape
    if not boundary.intersects(footprint):
        raise InputError(
            "the boundary lies outside the embedding",
            f"boundary {box_words(boundary)}, embedding {box_words(footprint)} "
            "(west, south, east, north)",
            "give the embedding of this place, or check the boundary's coordinates",
            code="boundary-outside-embedding",
        )
    return read


def _insert(session: Session, request: AddCity, prepared: _Prepared) -> City:
    embedding = prepared.embedding
    city = city_rows.add_city(
        session,
        slug=request.slug,
        name=request.name.strip(),
        year=request.year,
        boundary=prepared.boundary,
        working_crs=working_crs(prepared.boundary),
        units=prepared.units.units.kind.name,
        cell_resolution=prepared.units.resolution,
        radius_m=prepared.units.radius_m,
        vector_length=prepared.units.lengths,
        embedding_kind=embedding.kind,
        simulated=request.simulated,
        pixels=embedding.pixels,
        dropped=prepared.dropped,
        embedding=embedding.name,
        attribution=_attribution(request, embedding),
        sources=request.sources,
    )
    poi_ids = poi_rows.add_pois(
        session, city.id, prepared.pois, [text_hash(text) for text in prepared.texts]
    )
    own = prepared.units
    cell_ids = add_units(session, city.id, own.units)
    for index, view in enumerate(prepared.views):
        row = feature_rows.add_view(session, city.id, year=request.year, **asdict(view))
        feature_rows.add_poi_features(session, row.id, poi_ids, prepared.poi_vectors[index])
        if index == 0:
            feature_rows.add_cell_features(session, row.id, cell_ids, own.vectors, own.length)
    if prepared.land_use is not None:
        keep_osm_labels(session, city.id, prepared.land_use)
    if prepared.base_map is not None:
        city_rows.add_base_features(session, city.id, prepared.base_map)
    if prepared.streets is not None:
        street_rows.add_streets(session, city.id, prepared.streets)
    return city


def _insert_rasters(
    session: Session, city: City, embedding: Embedding, paths: Sequence[str], added_by: str
) -> None:
    for info, path in zip(embedding.infos, paths, strict=True):
        city_rows.add_raster(
            session,
            city.id,
            path=path,
            kind=embedding.kind,
            sha256=info.sha256,
            year=city.year,
            crs=info.crs,
            width=info.width,
            height=info.height,
            footprint=info.footprint,
            encoding=encoding_of([info.path]),
            added_by=added_by,
        )
