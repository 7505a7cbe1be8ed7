"""The view a model looks through, pooled for a whole city the first time a model needs it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from aether_core.cells import cell_centres
from aether_core.eo.embedding import open_embedding
from aether_core.eo.view import View
from aether_core.progress import Progress, silent
from db import cities as city_rows
from db import features as feature_rows
from db import pois as poi_rows
from db.schema import City
from workflows.store import Store

BASE = "base"
WIDE = "wide"
DISK = "disk"


def model_view(city: City, settings: Mapping[str, object]) -> View | None:
    """The view of a recipe's settings that a city is not stored with; None for its own windows.

    A table has no pixels, so its base view is a disk already.
    """
    if settings.get("views", "windows") != DISK or city.embedding_kind == "table":
        return None
    return View(DISK, "disk", radius_m=city.radius_m)


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
        NotFoundError: The city was removed.
        InputError: The embedding's files cannot be read.
        CancelledError: `progress` asked to stop; nothing is stored.
    """
    with store.session() as session:
        # The lock lets two who need the same view at once pool it one after the other, once.
        city = city_rows.lock_city(session, city_id)
        view = model_view(city, settings)
        if view is None:
            return BASE
        wanted = (view.name, city.year if year is None else year)
        there = {(row.name, row.year) for row in feature_rows.views(session, city_id)}
        if wanted not in there:
            _pool(session, city, view, wanted[1], progress)
        return view.name


def _pool(session: Session, city: City, view: View, year: int, progress: Progress) -> None:
    files = [Path(raster.path) for raster in city_rows.rasters(session, city.id, year)]
    embedding = open_embedding(files, kind=city.embedding, progress=progress)
    row = feature_rows.add_view(session, city.id, year=year, **asdict(view))
    places = poi_rows.poi_frame(session, city.id)
    lonlat = np.column_stack([places.geometry.x, places.geometry.y])
    pooled = embedding.pool(lonlat, [view], progress)
    ids = places["id"].to_numpy(dtype=np.int64)
    feature_rows.add_poi_features(session, row.id, ids[pooled.ok], pooled.vectors[0, pooled.ok])
    cell_ids, h3 = feature_rows.cells(session, city.id)
    pooled = embedding.pool(cell_centres(h3), [view], progress)
    feature_rows.add_cell_features(
        session, row.id, cell_ids[pooled.ok], pooled.vectors[0, pooled.ok]
    )
