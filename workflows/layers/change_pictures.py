"""The two years of a change as still pictures in the same colours, to be swiped."""

import numpy as np
from numpy.typing import NDArray

from aether_core.charts.breaks import value_breaks
from aether_core.report.map_picture import draw_map
from aether_core.spatial.hexagons import cell_polygons
from db.cities import cities as city_rows
from workflows.cities.cities import base_map
from workflows.home.store import Store
from workflows.layers.pictures import LayerPicture, see_through
from workflows.search.change import CellChange


def year_pictures(
    store: Store, found: CellChange, *, width_px: int = 1000
) -> tuple[LayerPicture, LayerPicture]:
    """Draw the scores of the first year and of the second, over the same ground and steps.

    Raises:
        NotFoundError: The city has been removed since.
    """
    breaks = value_breaks(np.concatenate([found.score_from, found.score_to]))
    ground = base_map(store, found.city)
    strength = list(breaks.strengths(on_ground=bool(len(ground))))
    palette = see_through(breaks.colours, strength)
    entries = list(zip(breaks.colours, breaks.names, strict=True))
    shapes = cell_polygons(found.h3)
    with store.session() as session:
        boundary = city_rows.boundary_of(city_rows.city_by_slug(session, found.city))

    def drawn(score: NDArray[np.float32]) -> LayerPicture:
        step = breaks.class_of(score)
        return LayerPicture(
            picture=draw_map(
                shapes, palette[step], boundary=boundary, base_map=ground, width_px=width_px
            ),
            field="score",
            unit="cosine, -1 to 1",
            entries=entries,
            strength=strength,
            ordered=True,
            share=[float((step == k).mean()) for k in range(len(entries))],
            untrusted=0.0,
        )

    return drawn(found.score_from), drawn(found.score_to)
