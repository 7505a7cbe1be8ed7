"""One place that a name may mean, and the choice among several."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from aether_core.city.outline import box_boundary
from aether_core.errors import InputError
from aether_core.spatial.earth import metres_a_degree

_PERSON_M2 = 400.0
_SMALLEST_KM, _LARGEST_KM = 4, 100
_UNKNOWN_SIZE_KM = 10
_LISTED = 10


@dataclass(frozen=True)
class Candidate:
    """A place that a name may mean.

    Attributes:
        id: What it is called where it comes from, such as `geonames:658225`.
        name: Its name there.
        kind: What it is, in plain words, such as "city" or "county".
        country: Name of its country, empty when unknown.
        region: State or region, or where it lies in the country ("near Leipzig"); may be empty.
        lon: Longitude of its centre, degrees.
        lat: Latitude of its centre, degrees.
        population: Inhabitants, or None when unknown.
        boundary: Its outline in WGS84, or None where the source knows centres only.
        source: Who says so: "GeoNames", "OpenStreetMap" or "Overture Maps".
        attribution: The credit its data asks for.
    """

    id: str
    name: str
    kind: str
    country: str
    region: str
    lon: float
    lat: float
    population: int | None
    boundary: shapely.MultiPolygon | None
    source: str
    attribution: str

    @property
    def label(self) -> str:
        """Name, region, country and inhabitants in one line; the kind where it is a boundary's."""
        kind = f" ({self.kind})" if self.boundary is not None else ""
        where = ", ".join(part for part in (self.name + kind, self.region, self.country) if part)
        return f"{where} ({self.population:,})" if self.population else where

    def box(self, side_km: float | None = None) -> tuple[float, float, float, float]:
        """Return a square around the centre.

        Args:
            side_km: Its side in kilometres; `default_side_km` of the population if None.

        Returns:
            West, south, east, north in degrees; west may be under -180 and east over 180.
        """
        half = (default_side_km(self.population) if side_km is None else side_km) / 2
        wide, high = (1000 * half / metres_a_degree(self.lat)).tolist()
        return self.lon - wide, self.lat - high, self.lon + wide, self.lat + high

    def area(self, side_km: float | None = None) -> shapely.MultiPolygon:
        """Return the boundary, or the box around the centre where a side is given or none is known.

        Raises:
            InputError: The box leaves the zones that have data.
        """
        if self.boundary is not None and side_km is None:
            return self.boundary
        return box_boundary(*self.box(side_km))


def default_side_km(population: int | None) -> int:
    """Return the side of the square that usually holds a city, whole kilometres.

    It gives each inhabitant 400 m², from 4 km to 100 km; 10 km where the population is unknown.
    """
    if not population:
        return _UNKNOWN_SIZE_KM
    side = math.sqrt(population * _PERSON_M2) / 1000
    return max(_SMALLEST_KM, min(_LARGEST_KM, math.ceil(side)))


class AmbiguousPlaceError(InputError):
    """A name means several places, and none was chosen.

    Attributes:
        candidates: All of them, in the order of their numbers.
    """

    code = "ambiguous-place"

    def __init__(
        self,
        name: str,
        candidates: Sequence[Candidate],
        remedy: str = "name the country, or choose one by its number",
    ) -> None:
        self.candidates = tuple(candidates)
        listed = "; ".join(
            f"{number}. {candidate.label}"
            for number, candidate in enumerate(candidates[:_LISTED], start=1)
        )
        more = len(candidates) - _LISTED
        rest = f"; and {more} more" if more > 0 else ""
        super().__init__(
            f"{len(candidates)} places have this name",
            name,
            f"{remedy}: {listed}{rest}",
        )


def one_of(name: str, candidates: Sequence[Candidate], choose: int | None = None) -> Candidate:
    """Return the only candidate, or the chosen one.

    Args:
        name: What was searched for, for the message.
        candidates: What was found, at least one.
        choose: Number of the wanted one, from 1, in the order given.

    Raises:
        AmbiguousPlaceError: There are several and none is chosen.
        InputError: There is no candidate of that number.
    """
    if choose is not None:
        if not 1 <= choose <= len(candidates):
            raise InputError(
                f"there is no candidate with this number for {name}",
                choose,
                f"choose from 1 to {len(candidates)}",
                code="no-such-candidate",
            )
        return candidates[choose - 1]
    if len(candidates) != 1:
        raise AmbiguousPlaceError(name, candidates)
    return candidates[0]
