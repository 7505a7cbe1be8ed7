"""What a city's cells stand on, from its base map, its labels, its places and its embedding."""

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.search.ground import WATER_LABELS, Extent, Ground, ground_of
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.evidence import label_sets as label_rows
from workflows.cities.osm_labels import osm_label_set
from workflows.cities.views import ensure_view
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.training.representation import ModelInUse, cell_vectors

_WATER = "water"


def ground_for(store: Store, model: ModelInUse) -> Ground:
    """What the city's cells stand on, in the order of `cell_vectors` of the city's own year.

    Raises:
        NotFoundError: The city was removed.
    """
    with store.session() as session:
        labels = osm_label_set(session, model.city_id)
        number = None if labels is None else labels.id
    return _ground(store, model, number)


def left_out(
    store: Store, model: ModelInUse, keys: NDArray[np.uint64], extent: Extent
) -> NDArray[np.bool_]:
    """Which cells are not ranked, by what they stand on in the city's own year, bool `[m]`.

    Args:
        keys: Cells of any year, uint64 `[m]`: all years have the same ground.
    """
    if extent is Extent.EVERYWHERE:
        return np.zeros(len(keys), dtype=bool)
    own = cell_vectors(store, model).keys
    return np.isin(keys, own[ground_for(store, model).left_out(extent)])


@computed_once(4)
def _ground(store: Store, model: ModelInUse, label_set: int | None) -> Ground:
    cells = cell_vectors(store, model)
    view = ensure_view(store, model.city_id, {"views": model.views})
    with store.session() as session:
        shapes, source = _water(store, model, label_set)
        _, _, form = feature_rows.cell_features(session, model.city_id, view)
        places = poi_rows.poi_frame(session, model.city_id)
    lonlat = np.column_stack([places.geometry.x, places.geometry.y])
    inside = cells.units.rows_at(lonlat)
    return ground_of(cells.lonlat, form, lonlat, inside, shapes, source)


def _water(
    store: Store, model: ModelInUse, label_set: int | None
) -> tuple[NDArray[np.object_], str]:
    """Shapes of water, and where they come from."""
    with store.session() as session:
        drawn = city_rows.base_features(session, model.city_id)
        found = {"the city's base map": drawn.geometry[drawn["kind"] == _WATER].to_numpy()}
        if label_set is not None:
            labels = label_rows.label_frame(session, label_set)
            wet = labels["value"].str.lower().isin(WATER_LABELS)
            found["the city's OpenStreetMap land use"] = labels.geometry[wet].to_numpy()
    sources = [source for source, shapes in found.items() if len(shapes)]
    every = [shapely.make_valid(shapes) for shapes in found.values() if len(shapes)]
    empty = np.empty(0, dtype=object)
    return (np.concatenate(every) if every else empty), " and ".join(sources)
