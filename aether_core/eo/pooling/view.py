"""Views: the ways the embedding around a point is summarised into one vector."""

from dataclasses import dataclass
from enum import StrEnum

from aether_core.errors import InputError

MAX_RADIUS_PX = 500
"""A window's largest radius in pixels, 5 km at 10 m: what keeps pooling's memory bounded."""
MAX_RADIUS_M = 50_000.0


class Shape(StrEnum):
    """The shapes of a window: what its radius is counted in follows from it."""

    DISK = "disk"
    SQUARE = "square"
    AREA = "area"
    NEIGHBOURS = "neighbours"

    @classmethod
    def _missing_(cls, value: object) -> "Shape":
        raise InputError(
            "unknown window shape",
            value,
            "use disk or square, or for a table of areas area or neighbours",
            code="no-such-window-shape",
        )

    @property
    def in_pixels(self) -> bool:
        """Whether the radius is counted in pixels, which only rasters have, and not in metres."""
        return self is Shape.SQUARE

    @property
    def of_areas(self) -> bool:
        """Whether areas are the window, which only tables of areas have: there is no radius."""
        return self in (Shape.AREA, Shape.NEIGHBOURS)

    def check(self, radius_m: float | None, radius_px: int | None) -> None:
        """Check the radius that the shape needs.

        Raises:
            InputError: It is missing, not positive or too large.
        """
        if self.of_areas:
            return
        if self.in_pixels:
            if radius_px is None or not 0 <= radius_px <= MAX_RADIUS_PX:
                raise InputError(
                    "a square needs a radius in pixels",
                    radius_px,
                    f"give one from 0 to {MAX_RADIUS_PX}",
                    code="square-radius-out-of-range",
                )
        elif radius_m is None or not 0 < radius_m <= MAX_RADIUS_M:
            raise InputError(
                "a disk needs a radius in metres",
                radius_m,
                f"give one above 0 and up to {MAX_RADIUS_M:,.0f}",
                code="radius-out-of-range",
            )


@dataclass(frozen=True)
class View:
    """One pooling of the embedding at a point.

    Args:
        name: What the view is called in the store, e.g. "base".
        shape: A disk: pixels or samples whose centre lies within `radius_m` metres of the point.
            A square: the `2 * radius_px + 1` pixels square around the point's pixel (rasters only).
            An area: the one the point lies in, alone or with those that share a border with it.
        radius_m: Metres on the ground; for a disk.
        radius_px: Whole pixels; for a square.

    Raises:
        InputError: There is no such shape, or the radius it needs is missing, not positive or too
            large.
    """

    name: str
    shape: Shape
    radius_m: float | None = None
    radius_px: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", Shape(self.shape))  # read from a store or an option
        self.shape.check(self.radius_m, self.radius_px)
