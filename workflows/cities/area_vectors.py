"""The areas a city is made of with their vectors, to be pooled where points lie."""

import numpy as np
from sqlalchemy.orm import Session

from aether_core.eo.table.area_embedding import AreaVectors
from db.cities import features as feature_rows
from db.schema import City
from workflows.cities.units import all_units
from workflows.cities.views import BASE


def area_vectors(session: Session, city: City, year: int | None = None) -> AreaVectors:
    """The areas of a city with the vectors of a year; those without data are NaN rows.

    Args:
        session: In a transaction.
        city: A city made of areas.
        year: A year the city holds; its own by default.
    """
    ids, units = all_units(session, city)
    there, _, known = feature_rows.cell_features(session, city.id, BASE, year)
    vectors = np.full((len(ids), known.shape[1]), np.nan, dtype=np.float32)
    vectors[np.isin(ids, there)] = known
    return AreaVectors(units.polygons(), vectors)
