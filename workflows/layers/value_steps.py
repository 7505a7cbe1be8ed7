"""Numbers cut into a few steps of equal size, each with its colour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.charts.palette import CHANGE_RAMP, SHARE_RAMP
from aether_core.errors import InputError
from aether_core.findings import StoredFindings
from aether_core.search.change import ChangeFindings, change_edges


@dataclass(frozen=True)
class ValueSteps:
    """Steps of a field's values.

    Attributes:
        edges: Ascending bounds, one more than colours.
        colours: `#rrggbb` a step, lowest first.
    """

    edges: list[float]
    colours: list[str]

    def step_of(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Step of each value, int64 `[n]`; -1 where there is none."""
        found = np.searchsorted(self.edges[1:-1], values, side="right")
        return np.where(np.isnan(values), -1, found).astype(np.int64)


def value_steps(values: NDArray[np.float64], field: str) -> ValueSteps:
    """Cut values into steps that hold about as many each.

    Raises:
        InputError: No value is finite.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        raise InputError(
            "the field has no value to draw", field, "choose another field", code="no-value-to-draw"
        )
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, len(SHARE_RAMP) + 1)))
    if len(edges) == 1:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    picked = np.linspace(0, len(SHARE_RAMP) - 1, len(edges) - 1).round().astype(int)
    return ValueSteps(edges.tolist(), [SHARE_RAMP[at] for at in picked])


def layer_steps(
    values: NDArray[np.float64], field: str, findings: StoredFindings | None
) -> ValueSteps:
    """Cut a layer's values into steps: a change around its noise, which is white, others evenly.

    Args:
        values: Of the field, NaN where there is none.
        field: Its name.
        findings: What was measured while the layer was made.

    Raises:
        InputError: No value is finite.
    """
    if field != "change" or not np.isfinite(values).any():
        return value_steps(values, field)
    if not isinstance(findings, ChangeFindings):
        return value_steps(values, field)
    noise = findings.noise
    return ValueSteps(change_edges(values, noise.low, noise.high), list(CHANGE_RAMP))
