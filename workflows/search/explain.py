"""Why a cell scored as it did: each part, what is nearest, places like it nearby, its rank."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.cells import cell_at
from aether_core.spatial.distances import ShapeIndex
from aether_core.spatial.plane import Plane
from workflows.cities.cities import CitySummary
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.search.ask import Answer, Part
from workflows.search.search import CellScores
from workflows.search.targets import CityPlaces, city_places, named_roads
from workflows.training.representation import ModelInUse, every_unit, model_for

_MOST_SIMILAR = 3


@dataclass(frozen=True)
class Nearby:
    """Something with a name, and how far it is in a straight line, in metres.

    A name of the city's own data knows its other languages (`PlaceName`).
    """

    name: str
    metres: float


@dataclass(frozen=True)
class Address:
    """What people know near a point.

    Attributes:
        place: The nearest place with a name; None where the city has none.
        street: The nearest named road of the city's base map; None where it has none.
    """

    place: Nearby | None
    street: Nearby | None

    @property
    def nearest(self) -> Nearby | None:
        """The nearer of both."""
        known = [one for one in (self.place, self.street) if one is not None]
        return min(known, key=lambda one: one.metres, default=None)


@dataclass(frozen=True)
class CellPart:
    """One criterion at a cell.

    Attributes:
        part: The criterion with its support, of the whole city.
        value: How far the cell fulfils it, 0 to 1; None without data.
        nearest: What its distance was measured to; None where it has none.
        similar_places: Of likenesses, places nearby that are described like it, nearest first.
    """

    part: Part
    value: float | None
    nearest: Nearby | None
    similar_places: tuple[Nearby, ...]


@dataclass(frozen=True)
class CellExplanation:
    """One cell of an answer.

    Attributes:
        cell: Its code: H3, hexadecimal, or that of an area.
        name: What people call it; "" where it has no name.
        rank: Among the cells that have a score, 1 the best; None where it has none.
        ranked: How many have one.
    """

    row: int
    cell: str
    name: str
    lon: float
    lat: float
    score: float | None
    percentile: float | None
    rank: int | None
    ranked: int
    address: Address
    parts: tuple[CellPart, ...]


_FARTHEST_M = 2000.0
"""A click on a coarse cell at the city's edge is meant; a link to another city is not."""


def row_called(result: Answer | CellScores, code: str) -> int | None:
    """The row of the cell that a link or a click names, or of the nearest; None where it is far."""
    row = result.units.row_of(code)
    if row is not None:
        return row
    middle = result.units.middle_of(code)
    if middle is None:
        return None
    offset = Plane(np.array([middle])).points(result.lonlat)
    away = np.hypot(offset[:, 0], offset[:, 1])
    nearest = int(np.argmin(away))
    return nearest if away[nearest] <= _FARTHEST_M else None


def code_at(store: Store, city: CitySummary, lon: float, lat: float) -> str | None:
    """What the cell at a point (WGS84) is called; None where there is no area.

    A cell of H3 is named even beside the city's.
    """
    if city.cell_resolution is not None:
        return f"{cell_at(lon, lat, city.cell_resolution):x}"
    units = every_unit(store, city.id, city.created)
    row = int(units.rows_at(np.array([[lon, lat]]))[0])
    return None if row < 0 else units.code(row)


def explain_cell(store: Store, result: Answer | CellScores, row: int) -> CellExplanation:
    """Explain one cell of an answer.

    Args:
        store: The store.
        result: An answer, or a search by example, which has no parts.
        row: Of the cell.

    Raises:
        NotFoundError: The city or the model was removed meanwhile.
    """
    model = model_for(store, result.city, result.model)
    here = result.lonlat[row : row + 1]
    score = np.where(np.isfinite(result.percentile), result.score, np.nan)
    known = bool(np.isfinite(score[row]))
    parts = result.parts if isinstance(result, Answer) else ()
    return CellExplanation(
        row=row,
        cell=result.units.code(row),
        name=result.units.name(row),
        lon=float(here[0, 0]),
        lat=float(here[0, 1]),
        score=float(score[row]) if known else None,
        percentile=float(result.percentile[row]) if known else None,
        rank=1 + int((score > score[row]).sum()) if known else None,
        ranked=int(np.isfinite(score).sum()),
        address=addresses(store, model, here)[0],
        parts=tuple(_here(store, model, part, row, here) for part in parts),
    )


def addresses(store: Store, model: ModelInUse, lonlat: NDArray[np.float64]) -> list[Address]:
    """What people know near each point.

    Args:
        store: The store.
        model: From `model_for`.
        lonlat: WGS84, float64 `[n, 2]`, at least one.
    """
    places, roads = (_nearest(lonlat, known) for known in _named(store, model))
    return [Address(*both) for both in zip(places, roads, strict=True)]


@dataclass(frozen=True)
class _Named:
    """What has a name, ready to be measured to."""

    index: ShapeIndex
    names: tuple[str, ...]


@computed_once(4)
def _named(store: Store, model: ModelInUse) -> tuple[_Named | None, _Named | None]:
    """The places and the roads with a name; None where a city has none."""
    places, roads = city_places(store, model), named_roads(store, model)
    names = tuple(places.names[row] for row in np.flatnonzero(places.named))
    return (
        _Named(ShapeIndex(places.points[places.named]), names) if names else None,
        _Named(ShapeIndex(roads.shapes), roads.names) if roads is not None else None,
    )


def _nearest(lonlat: NDArray[np.float64], known: _Named | None) -> list[Nearby | None]:
    if known is None:
        return [None] * len(lonlat)
    metres, rows = known.index.nearest(lonlat)
    return [Nearby(known.names[row], float(far)) for far, row in zip(metres, rows, strict=True)]


def _here(
    store: Store, model: ModelInUse, part: Part, row: int, here: NDArray[np.float64]
) -> CellPart:
    value: Any = part.value[row]
    nearest = None
    if part.metres is not None and part.nearest is not None:
        name = part.names[part.nearest[row]] or part.criterion.in_own_words
        nearest = Nearby(name, float(part.metres[row]))
    known = float(value) if np.isfinite(value) else None
    return CellPart(part, known, nearest, _similar_places(store, model, part, here))


def _similar_places(
    store: Store, model: ModelInUse, part: Part, here: NDArray[np.float64]
) -> tuple[Nearby, ...]:
    """The nearest places whose category or group is among the words like the criterion's."""
    if part.support is None or not part.support.described:
        return ()
    places = city_places(store, model)
    rows = places.index.of_category_or_group(part.support.described)
    if not len(rows):
        return ()
    flat = Plane(here).points(shapely.get_coordinates(places.points[rows]))
    metres = np.hypot(*flat.T)
    nearest = np.argsort(metres, kind="stable")[:_MOST_SIMILAR]
    return tuple(Nearby(_place_label(places, int(rows[at])), float(metres[at])) for at in nearest)


def _place_label(places: CityPlaces, row: int) -> str:
    category = places.index.category_at(row)
    named = places.named[row] and category
    return places.names[row].within("", f" ({category})") if named else places.names[row]
