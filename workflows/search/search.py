"""Ask a city in words, or by example, and get cells or places."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aether_core.city.cells import check_degrees
from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.language import PlaceName, names_kept
from aether_core.poi.text import query_texts
from aether_core.search.ground import Extent
from aether_core.search.nearest import Quantised, nearest_rows
from aether_core.search.scoring import (
    best_rows,
    cosine_scores,
    percentiles,
    place_scores,
    query_direction,
)
from aether_core.spatial.earth import metres_a_degree
from db.cities import pois as poi_rows
from workflows.home.store import Store
from workflows.search.ground import ground_for, left_out
from workflows.training.representation import (
    CellVectors,
    ModelInUse,
    OfModel,
    cell_copy,
    cell_vectors,
    model_for,
    place_vectors,
    query_vector,
)

_MANY_CELLS = 50_000
"""From here on a list of the best is found by a scan of bytes; fewer are scored as soon."""


def called(units: Units, row: int) -> dict[str, Any]:
    """What a cell is called in JSON: `cell`, its code, and `name` where it has one."""
    name = units.name(row)
    return {"cell": units.code(row)} | ({"name": name} if name else {})


@dataclass(frozen=True)
class CellScores(OfModel):
    """Every cell of a city scored against a query or an example.

    Attributes:
        in_use: The model and the city it was asked of.
        kind: `search` for a text query, `similar` for an example point.
        at: The example point, lon/lat WGS84.
        year: Of the embedding the cells were scored on.
        units: The cells, m: of H3, or areas.
        vectors: The cells in the model's space, unit rows, float32 `[m, 128]`.
        direction: What they are compared with, float32 `[128]`.
        ranked: Which of them are ranked.
        copy: Gives the copy that a scan for the best reads.
        begun: When the search began, of `time.perf_counter`.
    """

    in_use: ModelInUse
    query: str
    minus: str | None
    kind: str
    at: tuple[float, float] | None
    year: int
    units: Units
    vectors: NDArray[np.float32]
    direction: NDArray[np.float32]
    ranked: "_Ranked"
    copy: Callable[[], Quantised]
    begun: float

    @cached_property
    def score(self) -> NDArray[np.float32]:
        """Cosine in [-1, 1] of every cell, float32 `[m]`: what a map needs and a list does not."""
        return cosine_scores(self.vectors, self.direction)

    @cached_property
    def percentile(self) -> NDArray[np.float32]:
        """Share of the ranked cells that score lower, 0 to 100, float32 `[m]`.

        NaN where a cell is left out of the ranking.
        """
        return percentiles(np.where(self.ranked.out, np.float32("nan"), self.score))

    @cached_property
    def seconds(self) -> float:
        """Time from the question until this was first asked for, loading included."""
        return time.perf_counter() - self.begun

    @property
    def extent(self) -> Extent:
        """Which cells are ranked."""
        return self.ranked.extent

    @property
    def left_out(self) -> dict[str, int]:
        """Why cells are left out of the ranking, to how many; empty where none are."""
        return self.ranked.reasons

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each cell, WGS84, float64 `[m, 2]`."""
        return self.units.lonlat

    def best(self, n: int) -> list[dict[str, Any]]:
        """The `n` best cells: what each is called, lon, lat, score, percentile; best first."""
        rows, score, percentile = self._best(n)
        return [
            {
                **called(self.units, int(i)),
                "lon": round(float(self.lonlat[i, 0]), 7),
                "lat": round(float(self.lonlat[i, 1]), 7),
                "score": float(value),
                "percentile": float(share),
            }
            for i, value, share in zip(rows, score, percentile, strict=True)
        ]

    def _best(self, n: int) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
        """Rows of the best, their scores and percentiles; without scoring all of many cells."""
        if len(self.units) >= _MANY_CELLS and "score" not in vars(self):
            found = nearest_rows(self.vectors, self.copy(), self.direction, n, ~self.ranked.out)
            return found.rows, found.score, found.percentile
        rows = best_rows(np.where(np.isfinite(self.percentile), self.score, np.nan), n)
        return rows, self.score[rows], self.percentile[rows]


@dataclass(frozen=True)
class PlaceHit:
    """A place with its score; coordinates WGS84."""

    poi: int
    name: str
    category: str
    group: str
    lon: float
    lat: float
    score: float


def search_cells(
    store: Store,
    slug: str,
    query: str,
    minus: str | None = None,
    model: str | None = None,
    year: int | None = None,
    extent: Extent = Extent.LAND,
) -> CellScores:
    """Score every cell by cosine to a text query.

    Args:
        extent: Which cells are ranked: `land` leaves out what the city's own data says is water,
            and nothing where it says nothing.
        minus: What to look away from; its direction is subtracted.
        model: Name of a model; the one in use when left out.
        year: A year the city holds; its own when left out.

    Raises:
        NotFoundError: No such city or model, or the city does not have this year.
        InputError: The query is empty or too long.
    """
    started = time.perf_counter()
    direction, chosen = text_direction(store, slug, query, minus, model)
    cells = cell_vectors(store, chosen, year)
    return _scored(
        store,
        chosen,
        cells,
        direction,
        started,
        query=query,
        minus=minus,
        kind="search",
        at=None,
        year=year,
        ranked=_ranked(store, chosen, cells, extent),
    )


def similar_cells(
    store: Store,
    slug: str,
    lon: float,
    lat: float,
    model: str | None = None,
    year: int | None = None,
) -> CellScores:
    """Score every cell by cosine to the cell at a point (WGS84), both of one year.

    Raises:
        NotFoundError: No such city or model, or the city does not have this year.
        InputError: The point lies in no cell of the city.
    """
    started = time.perf_counter()
    chosen = model_for(store, slug, model)
    cells = cell_vectors(store, chosen, year)
    check_degrees(lon, lat)
    row = int(cells.units.rows_at(np.array([[lon, lat]]))[0])
    if row < 0:
        offset = (cells.lonlat - (lon, lat)) * metres_a_degree(lat)
        near = cells.lonlat[np.argmin((offset**2).sum(axis=1))]
        raise InputError(
            "the point is not in any cell of the city",
            f"{lon},{lat}",
            f"the nearest cell is at {near[0]:.5f},{near[1]:.5f}",
            code="point-outside-city",
        )
    return _scored(
        store,
        chosen,
        cells,
        np.asarray(cells.vectors[row]),
        started,
        query=f"like {lon:.5f}, {lat:.5f}",
        minus=None,
        kind="similar",
        at=(lon, lat),
        year=year,
        ranked=_ranked(store, chosen, cells, Extent.EVERYWHERE),
    )


def search_places(
    store: Store,
    slug: str,
    query: str,
    near: tuple[float, float] | None = None,
    within_m: float | None = None,
    top: int = 20,
    minus: str | None = None,
    model: str | None = None,
) -> list[PlaceHit]:
    """Rank the city's places by what they are (text) and where they stand (EO) together.

    Args:
        near: Centre, lon/lat WGS84; with `within_m`, only places within that many metres.

    Raises:
        NotFoundError: No such city or model.
        InputError: The query is empty or too long, or only one of `near` and `within_m` is given.
    """
    if (near is None) != (within_m is None):
        raise InputError(
            "near and within go together",
            f"near={near}, within={within_m}",
            "give both or neither",
            code="near-or-within-missing",
        )
    if within_m is not None and within_m <= 0:
        raise InputError(
            "the distance must be above 0 metres",
            within_m,
            "try --within 500",
            code="distance-not-positive",
        )
    direction, chosen = text_direction(store, slug, query, minus, model)
    places = place_vectors(store, chosen)
    scores = place_scores(places.eo, places.text, direction)
    with store.session() as session:
        if near is not None and within_m is not None:
            inside = poi_rows.pois_within(session, chosen.city_id, near[0], near[1], within_m)
            scores = np.where(np.isin(places.ids, inside), scores, np.nan)
        order = best_rows(scores, top)
        rows = poi_rows.pois_by_id(session, places.ids[order].tolist())
    return [
        PlaceHit(
            row.id,
            PlaceName(row.name, names_kept(row.other_names)),
            row.category,
            row.group,
            row.geometry.x,
            row.geometry.y,
            float(scores[i]),
        )
        for i, row in zip(order, rows.itertuples(), strict=True)
    ]


def text_direction(
    store: Store, slug: str, query: str, minus: str | None, model: str | None
) -> tuple[NDArray[np.float32], ModelInUse]:
    """The direction a query points to in a model's space, float32 `[128]`, and the model.

    Raises:
        NotFoundError: No such city or model.
        InputError: The query is empty or too long, or it and what is subtracted are the same.
    """
    query_texts(query)  # refuses words that cannot be used before anything is loaded
    if minus is not None:
        query_texts(minus)
    chosen = model_for(store, slug, model)
    away = query_vector(store, chosen, minus) if minus is not None else None
    return query_direction(query_vector(store, chosen, query), away), chosen


@dataclass(frozen=True)
class _Ranked:
    """Which cells are left out of the ranking, and why.

    Attributes:
        extent: What was asked for.
        out: Bool `[m]`.
        reasons: Reason to number of cells.
    """

    extent: Extent
    out: NDArray[np.bool_]
    reasons: dict[str, int]


def _ranked(store: Store, model: ModelInUse, cells: CellVectors, extent: Extent) -> _Ranked:
    """Leave cells out by what they stand on in the city's own year; another has the same ground."""
    out = left_out(store, model, cells.keys, extent)
    if extent is Extent.EVERYWHERE:
        return _Ranked(extent, out, {})
    own = cell_vectors(store, model).keys
    ground = ground_for(store, model)
    counts = {
        f"water ({ground.water_from})": np.isin(cells.keys, own[ground.water]),
        "outside the built city": np.isin(cells.keys, own[ground.outside]) & out,
    }
    return _Ranked(
        extent, out, {why: int(rows.sum()) for why, rows in counts.items() if rows.any()}
    )


def _scored(
    store: Store,
    model: ModelInUse,
    cells: CellVectors,
    direction: NDArray[np.float32],
    started: float,
    *,
    query: str,
    minus: str | None,
    kind: str,
    at: tuple[float, float] | None,
    year: int | None,
    ranked: _Ranked,
) -> CellScores:
    return CellScores(
        in_use=model,
        query=query,
        minus=minus,
        kind=kind,
        at=at,
        year=year or model.year,
        units=cells.units,
        vectors=cells.vectors,
        direction=direction,
        ranked=ranked,
        copy=partial(cell_copy, store, model, year),
        begun=started,
    )
