"""An answer in colours: where in the city a question ranks high."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from aether_core.city.units import Units
from aether_core.language import _, mark
from ui.map import ground, legend, ramp
from ui.map.coloured import Shown, untrusted
from ui.map.map import MapLayer
from ui.maps import layer_map
from ui.shell import state
from workflows.cities.cities import CitySummary

UNIT = mark("share of the city that ranks lower, %")


def coloured(
    city: CitySummary,
    units: Units,
    percentile: npt.NDArray[np.float32],
    title: str,
    *,
    least: float = 0.0,
    unsure: npt.NDArray[np.bool_] | None = None,
) -> MapLayer:
    """Colour a city's units by how they rank.

    Args:
        city: The city.
        units: Its units that were asked, m.
        percentile: float32 `[m]`, 0 to 100, NaN where a unit is not ranked.
        title: The question.
        least: Units that rank lower are not drawn.
        unsure: bool `[m]`, which are greyed.
    """
    steps = ramp.percentile_steps(dark=state.is_dark(), on_ground=ground.has_shapes(city))
    dim = untrusted(dark=state.is_dark())
    shown = Shown(
        np.where(percentile >= least, percentile, np.float32("nan")),
        steps,
        _("ranks above"),
        suffix=_(" % of the city"),
        note=_("click to see why"),
        dimmed=unsure,
        dim=dim,
    )
    key = legend.of_steps(
        title,
        _(UNIT),
        steps,
        names=legend.PERCENTILE_NAMES,
        grey=dim if unsure is not None and unsure.any() else None,
    )
    return replace(layer_map.colours_of(units, shown), legend=key)
