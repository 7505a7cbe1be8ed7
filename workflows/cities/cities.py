"""The cities in the store: list, show, remove, and what their maps are drawn from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from aether_core.city.units import UNIT_KINDS, UnitKind
from aether_core.eo.file_kind import UnitsName
from aether_core.language import OTHER_NAMES, _, mark, place_names
from aether_core.spatial.longitudes import extent_of
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from db.cities.facts import CityFacts, city_facts
from db.evidence import models as model_rows
from db.jobs import runs as run_rows
from db.schema import City, Model
from workflows.accounts.acting import REMOVE_CITY, allow
from workflows.cities.files import raster_folders
from workflows.cities.units import unit_kind
from workflows.home.owned_folders import remove_folders
from workflows.home.paths import folder_in, in_home
from workflows.home.store import Store

SIMULATED: Final = mark("Made-up satellite data: computed, not measured by satellite.")


@dataclass(frozen=True)
class CitySummary:
    """What a page or a command shows of one city; coordinates are WGS84 lon/lat.

    Attributes:
        id: Its number, which no other city ever has; a short name may pass to another one.
        year: The year the city was added with.
        years: All years it holds, ascending.
        pois_dropped: How many places of the file were left out, by reason.
        embedding: Name of the embedding, e.g. `alphaearth`; `embedding_kind` is `raster`,
            `table` (of samples at points) or `areas` (a table of them).
        units: `h3` where `cells` are H3 cells, `areas` where they are areas of the embedding.
        cell_resolution: Of H3 cells; None of areas.
        vector_length: Least, median and greatest length of the areas' vectors before they were
            brought to length 1; None of pixels and samples.
        attribution: Credits of the city and of what the model in use was trained on.
        sources: What the city was made from, one entry a source.
        pixels: Valid embedding pixels, or samples of an embedding table.
        crs: Metric working CRS of the city.
        bbox: West, south, east, north; east is over 180 where the 180th meridian lies between.
        boundary: GeoJSON geometry.
        footprint: GeoJSON geometry of what the embedding covers.
        model: Name of the model in use, None before the first training.
    """

    id: int
    slug: str
    name: str
    year: int
    years: list[int]
    pois: int
    pois_dropped: dict[str, int]
    pixels: int
    cells: int
    crs: str
    bbox: tuple[float, float, float, float]
    boundary: dict[str, object]
    footprint: dict[str, object]
    units: UnitsName
    cell_resolution: int | None
    vector_length: tuple[float, float, float] | None
    radius_m: float
    embedding: str
    embedding_kind: str
    simulated: bool
    attribution: list[str]
    sources: list[dict[str, Any]]
    model: str | None
    models: int
    layers: int
    created: datetime

    @property
    def unit(self) -> UnitKind:
        """What people call its units."""
        return UNIT_KINDS[self.units]

    @property
    def units_in_words(self) -> str:
        """How many units of which kind."""
        if self.cell_resolution is None:
            return _(
                "{cells:,} {units} of the embedding", cells=self.cells, units=_(self.unit.several)
            )
        return _("{cells:,} (H3 resolution {level})", cells=self.cells, level=self.cell_resolution)


def summarise(session: Session, city: City) -> CitySummary:
    """Put together one city's summary inside an open transaction."""
    return _summaries(session, [city])[0]


def _summaries(session: Session, cities: Sequence[City]) -> list[CitySummary]:
    facts = city_facts(session, [city.id for city in cities])
    return [_summary(city, facts[city.id]) for city in cities]


def _summary(city: City, facts: CityFacts) -> CitySummary:
    boundary = city_rows.boundary_of(city)
    return CitySummary(
        id=city.id,
        slug=city.slug,
        name=city.name,
        year=city.year,
        years=list(facts.years),
        pois=facts.pois,
        pois_dropped=dict(city.dropped),
        pixels=city.pixels,
        cells=facts.cells,
        crs=city.working_crs,
        bbox=extent_of(boundary),
        boundary=mapping(boundary),
        footprint=mapping(facts.footprint),
        units=unit_kind(city).name,
        cell_resolution=city.cell_resolution,
        vector_length=_three(city.vector_length),
        radius_m=city.radius_m,
        embedding=city.embedding,
        embedding_kind=city.embedding_kind,
        simulated=city.simulated,
        attribution=list(credits_of(city, facts.model)),
        sources=list(city.sources),
        model=facts.model.name if facts.model else None,
        models=facts.models,
        layers=facts.layers,
        created=city.created_at,
    )


def _three(found: Sequence[float] | None) -> tuple[float, float, float] | None:
    if not found:
        return None
    least, median, most = found
    return least, median, most


def credit_in_words(line: str) -> str:
    """A credit: words of ours in the reader's language, others as the data's owners write them."""
    return _(line) if line == SIMULATED else line


def credits_of(city: City, model: Model | None) -> tuple[str, ...]:
    """Credits of a city and of what a model, perhaps of another city, was trained on."""
    trained_on = model.card.get("attribution", []) if model else []
    return tuple(dict.fromkeys([*city.attribution, *trained_on]))


def city_document(city: CitySummary) -> dict[str, Any]:
    """A city as commands and the API tell it."""
    return asdict(city)


def list_cities(store: Store) -> list[CitySummary]:
    """Every city, by name."""
    with store.reading() as session:
        return _summaries(session, city_rows.list_cities(session))


def show_city(store: Store, slug: str) -> CitySummary:
    """One city.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        return summarise(session, city_rows.city_by_slug(session, slug))


def remove_city_numbered(store: Store, city_id: int) -> None:
    """Delete this very city, and not one that took its short name since.

    Raises:
        NotFoundError: It was removed already.
    """
    with store.session() as session:
        city = city_rows.hold_city(session, city_id)
        allow(session, *REMOVE_CITY, city.slug)
        folders = _folders_of(store, session, city)
        city_rows.remove_city(session, city.slug)
    remove_folders(folders)


def _folders_of(store: Store, session: Session, city: City) -> list[Path]:
    """All folders of the home that belong to a city or to something of it."""
    settings = store.settings
    rasters = city_rows.every_raster(session, city.id)
    models = [in_home(settings, model.folder) for model in model_rows.list_models(session, city.id)]
    runs = [settings.runs / str(run.id) for run in run_rows.list_runs(session, city.id)]
    return [
        *raster_folders(settings, rasters),
        *(folder for folder in models if folder_in(settings.models, folder) is not None),
        *(settings.vectors / folder.name for folder in models),
        *runs,
    ]


def city_points(store: Store, slug: str, limit: int = 20_000) -> pd.DataFrame:
    """The city's places for a map: lon, lat (WGS84), name, category, group.

    Each name knows its other languages (`PlaceName`).

    Args:
        limit: Above this many, an evenly spaced choice of them, so that a map stays quick.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        frame = poi_rows.poi_frame(session, city_rows.city_by_slug(session, slug).id)
    if len(frame) > limit:
        frame = frame.iloc[:: -(-len(frame) // limit)]
    names = place_names(frame["name"].tolist(), frame[OTHER_NAMES])
    return pd.DataFrame(
        {
            "lon": frame.geometry.x,
            "lat": frame.geometry.y,
            "name": pd.Series(names, index=frame.index, dtype=object),
            "category": frame["category"],
            "group": frame["group"],
        }
    )


def base_map(store: Store, slug: str) -> gpd.GeoDataFrame:
    """The city's own backdrop: kind (water, green, road, building), name, other_names, geometry.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        return city_rows.base_features(session, city_rows.city_by_slug(session, slug).id)


def count_base_map(store: Store, slug: str) -> int:
    """How many features `base_map` has.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        return city_rows.count_base_features(session, city_rows.city_by_slug(session, slug).id)


def categories(store: Store, slug: str, limit: int = 12) -> list[tuple[str, int]]:
    """The city's most frequent place categories with their counts.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return [(name, n) for name, _, n in poi_rows.categories(session, city.id, limit)]
