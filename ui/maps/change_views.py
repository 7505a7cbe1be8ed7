"""What a change looks like on the map: white where it is within noise."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd

from aether_core.charts.palette import CHANGE_RAMP
from aether_core.search.change import change_edges
from ui.map.cells import WORDS_LIMIT
from ui.map.coloured import Shown, rgba
from ui.map.ramp import Steps
from ui.maps.views import LayerView

WITHIN: Final = "within noise"
_ALPHA: Final = (225, 205, 175, 50, 175, 205, 225)


def change_view(frame: pd.DataFrame, low: float, high: float, title: str) -> LayerView:
    """Colour cells by how far they moved towards the query.

    Args:
        frame: `change`, `score_from`, `score_to`, `beyond_noise`, a row a cell.
        low: Lower end of the noise.
        high: Upper end of the noise.
        title: What was asked.
    """
    change = frame["change"].to_numpy(dtype=np.float32)
    in_words = len(change) <= WORDS_LIMIT
    edges = change_edges(change, low, high)
    colours = tuple(rgba(colour, alpha) for colour, alpha in zip(CHANGE_RAMP, _ALPHA, strict=True))
    shown = Shown(
        values=change,
        steps=Steps(tuple(edges), colours),
        label="change",
        titles=[f"{value:+.3f}" for value in change] if in_words else (),
        notes=_notes(frame) if in_words else (),
    )
    return LayerView(shown, title, "later minus earlier score", _names(edges))


def _notes(frame: pd.DataFrame) -> list[str]:
    return [
        f"{before:.3f} → {after:.3f}, {'beyond noise' if beyond else WITHIN}"
        for before, after, beyond in zip(
            frame["score_from"], frame["score_to"], frame["beyond_noise"], strict=True
        )
    ]


def _names(edges: Sequence[float]) -> list[str]:
    names = [f"{low:+.3f} to {high:+.3f}" for low, high in pairwise(edges)]
    names[3] = f"{WITHIN}: {names[3]}"
    return names
