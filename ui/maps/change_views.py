"""What a change looks like on the map: white where it is within noise."""

from typing import Final

import numpy as np
import pandas as pd

from aether_core.charts.breaks import WITHIN_NOISE, change_breaks
from aether_core.language import _, figure, mark
from ui.map.cells import WORDS_LIMIT
from ui.map.coloured import Shown
from ui.map.ramp import steps_of
from ui.maps.views import LayerView

_BEYOND_NOISE: Final = mark("beyond noise")


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
    breaks = change_breaks(change, low, high)
    shown = Shown(
        values=change,
        steps=steps_of(breaks, dark=False),
        label=_("change"),
        titles=[figure(value, "+.3f") for value in change] if in_words else (),
        notes=_notes(frame) if in_words else (),
    )
    return LayerView(shown, title, _("later minus earlier score"), breaks.names, "change")


def _notes(frame: pd.DataFrame) -> list[str]:
    return [
        f"{figure(before, '.3f')} → {figure(after, '.3f')}, "
        + _(_BEYOND_NOISE if beyond else WITHIN_NOISE)
        for before, after, beyond in zip(
            frame["score_from"], frame["score_to"], frame["beyond_noise"], strict=True
        )
    ]
