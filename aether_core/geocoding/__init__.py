"""Finding a city: an offline gazetteer, a geocoder, and Overture's divisions.

Each gives `Candidate`s, best first. `one_of` takes the only or the chosen one and never guesses.
Coordinates are WGS84 degrees, longitude first.
"""

from aether_core.geocoding.candidate import (
    AmbiguousPlaceError,
    Candidate,
    default_side_km,
    one_of,
)
from aether_core.geocoding.gazetteer import find_city, names_of

__all__ = [
    "AmbiguousPlaceError",
    "Candidate",
    "default_side_km",
    "find_city",
    "names_of",
    "one_of",
]
