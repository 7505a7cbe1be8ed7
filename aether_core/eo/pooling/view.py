"""Views: the ways the embedding around a point is summarised into one vector."""

from dataclasses import dataclass
from typing import Literal

from aether_core.errors import InputError

Shape = Literal["disk", "square"]

MAX_RADIUS_PX = 500
"""A window's largest radius in pixels, 5 km at 10 m: what keeps pooling's memory bounded."""
MAX_RADIUS_M = 50_000.0


@dataclass(frozen=True)
class View:
    """One pooling of the embedding at a point.

    Args:
        name: What the view is called in the store, e.g. "base".
        shape: "disk": pixels or samples whose centre lies within `radius_m` metres of the point.
            "square": the `2 * radius_px + 1` pixels square around the point's pixel (rasters only).
        radius_m: Metres on the ground; for a disk.
        radius_px: Whole pixels; for a square.

    Raises:
        InputError: The radius the shape needs is missing, not positive or too large.
    """

    name: str
    shape: Shape
    radius_m: float | None = None
    radius_px: int | None = None

    def __post_init__(self) -> None:
        if self.shape == "disk":
            if self.radius_m is None or not 0 < self.radius_m <= MAX_RADIUS_M:
                raise InputError(
                    "a disk needs a radius in metres",
                    self.radius_m,
                    f"give one above 0 and up to {MAX_RADIUS_M:,.0f}",
                    code="radius-out-of-range",
                )
        elif self.shape == "square":
            if self.radius_px is None or not 0 <= self.radius_px <= MAX_RADIUS_PX:
                raise InputError(
                    "a square needs a radius in pixels",
                    self.radius_px,
                    f"give one from 0 to {MAX_RADIUS_PX}",
                    code="square-radius-out-of-range",
                )
        else:
            raise InputError(
                "unknown window shape",
                self.shape,
                "give disk or square",
                code="no-such-window-shape",
            )
