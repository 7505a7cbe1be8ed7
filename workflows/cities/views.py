"""The view a model looks through, pooled for a whole city the first time a model needs it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.eo.embedding import Pooled
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.pooling.view import Shape, View
from aether_core.errors import ConflictError, NotFoundError
from aether_core.model.recipes.definition import has_wide_view
from aether_core.progress import Progress, silent
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.schema import City, PooledView, Raster
from workflows.cities.files import open_city_embedding
from workflows.cities.units import all_units
from workflows.home.store import Store

BASE = "base"
WIDE = "wide"
DISK = "disk"


def model_view(city: City, settings: Mapping[str, object]) -> View | None:
    """The view of a recipe's settings that a city is not stored with; None for its own windows.

    A table has no pixels, so its base view is a disk or an area already.
    """
    has_windows = FILE_KINDS[city.embedding_kind].has_pixels
    if has_wide_view(settings.get("views", "windows")) or not has_windows:
        return None
    return View(DISK, Shape.DISK, radius_m=city.radius_m)


def view_of(row: PooledView) -> View:
    """A stored view as what pools takes it."""
    return View(row.name, Shape(row.shape), radius_m=row.radius_m, radius_px=row.radius_px)


def check_unchanged(city: City, seen: datetime) -> None:
    """Refuse to store for a city what was made from how it was before.

    Args:
        city: The city, locked.
        seen: When it was added, or was last given places, as it was read.

    Raises:
        ConflictError: It was given places meanwhile.
    """
    if city.created_at != seen:
        raise ConflictError(
            "the city was given places in the meantime",
            city.slug,
            "try again",
            code="city-changed-meanwhile",
        )


def ensure_view(
    store: Store,
    city_id: int,
    settings: Mapping[str, object],
    progress: Progress = silent,
    *,
    year: int | None = None,
) -> str:
    """See to it that places and cells are pooled the way a recipe asks for.

    Args:
        settings: Of a recipe, as a model card keeps them.
        year: A year the city holds; its own by default.

    Returns:
        Name of the stored view: `base` for the published windows.

    Raises:
        NotFoundError: The city was removed, or it does not hold this year.
        ConflictError: The year was replaced, or places were added, meanwhile.
        InputError: The embedding's files cannot be read, or are damaged.
        CancelledError: `progress` asked to stop; nothing is stored.
    """
    with store.session() as session:
        city = city_rows.city_by_id(session, city_id)
        view = model_view(city, settings)
        if view is None:
            return BASE
        chosen = city.year if year is None else year
        if _is_there(session, city_id, view, chosen):
            return view.name
        pooling = _read(session, city, view, chosen)
    _store(store, pooling, _pool(store, pooling, progress))
    return view.name


@dataclass(frozen=True)
class _Pooling:
    """What a view is pooled from and for; `place_lonlat` and `cell_lonlat` are WGS84 `[n, 2]`."""

    city_id: int
    city_added: datetime
    embedding: str
    view: View
    year: int
    rasters: list[Raster]
    place_ids: NDArray[np.int64]
    place_lonlat: NDArray[np.float64]
    cell_ids: NDArray[np.int64]
    cell_lonlat: NDArray[np.float64]


def _is_there(session: Session, city_id: int, view: View, year: int) -> bool:
    there = {(row.name, row.year) for row in feature_rows.views(session, city_id)}
    return (view.name, year) in there


def _read(session: Session, city: City, view: View, year: int) -> _Pooling:
    rasters = city_rows.rasters(session, city.id, year)
    if not rasters:
        raise NotFoundError(
            "the city does not have this year",
            f"{city.slug} {year}",
            "add the year first",
            code="no-such-year",
        )
    places = poi_rows.poi_frame(session, city.id)
    cell_ids, units = all_units(session, city)
    return _Pooling(
        city_id=city.id,
        city_added=city.created_at,
        embedding=city.embedding,
        view=view,
        year=year,
        rasters=rasters,
        place_ids=places["id"].to_numpy(dtype=np.int64),
        place_lonlat=np.column_stack([places.geometry.x, places.geometry.y]),
        cell_ids=cell_ids,
        cell_lonlat=units.lonlat,
    )


def _pool(store: Store, pooling: _Pooling, progress: Progress) -> tuple[Pooled, Pooled]:
    """Places and cells pooled. Nothing is locked meanwhile: a large city takes minutes."""
    embedding = open_city_embedding(store.settings, pooling.embedding, pooling.rasters, progress)
    return (
        embedding.pool(pooling.place_lonlat, [pooling.view], progress),
        embedding.pool(pooling.cell_lonlat, [pooling.view], progress),
    )


def _store(store: Store, pooling: _Pooling, pooled: tuple[Pooled, Pooled]) -> None:
    """Store what was pooled, unless somebody who needed the same view was faster."""
    places, cells = pooled
    with store.session() as session:
        city = city_rows.lock_city(session, pooling.city_id)
        if _is_there(session, city.id, pooling.view, pooling.year):
            return
        check_unchanged(city, pooling.city_added)
        held = city_rows.rasters(session, city.id, pooling.year)
        if [raster.id for raster in held] != [raster.id for raster in pooling.rasters]:
            raise ConflictError(
                "the year's files were replaced in the meantime",
                f"{city.slug} {pooling.year}",
                "try again",
                code="year-replaced-meanwhile",
            )
        row = feature_rows.add_view(session, city.id, year=pooling.year, **asdict(pooling.view))
        feature_rows.add_poi_features(
            session, row.id, pooling.place_ids[places.ok], places.vectors[0, places.ok]
        )
        feature_rows.add_cell_features(
            session, row.id, pooling.cell_ids[cells.ok], cells.vectors[0, cells.ok]
        )
