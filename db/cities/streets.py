"""The street network of a city: kept as bytes, read whole."""

import numpy as np
from sqlalchemy.orm import Session

from aether_core.spatial.streets import StreetNetwork
from db.schema import Streets

_DEGREE = 1e7
_INTS, _FLOATS = np.dtype("<i4"), np.dtype("<f4")


def add_streets(session: Session, city_id: int, network: StreetNetwork) -> None:
    """Keep a city's network; coordinates to OpenStreetMap's own seven decimals."""
    session.add(
        Streets(
            city_id=city_id,
            nodes=np.rint(network.lonlat * _DEGREE).astype(_INTS).tobytes(),
            edges=network.edges.astype(_INTS).tobytes(),
            metres=network.metres.astype(_FLOATS).tobytes(),
        )
    )
    session.flush()


def streets(session: Session, city_id: int) -> StreetNetwork | None:
    """A city's network; None where it has none."""
    row = session.get(Streets, city_id)
    if row is None:
        return None
    return StreetNetwork(
        np.frombuffer(row.nodes, dtype=_INTS).reshape(-1, 2) / _DEGREE,
        np.frombuffer(row.edges, dtype=_INTS).reshape(-1, 2).astype(np.int32),
        np.frombuffer(row.metres, dtype=_FLOATS).astype(np.float32),
    )
