"""Where a city has moved towards a query from one year to another, beyond what years always do."""

import shlex
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.language import _, mark
from aether_core.search.change import (
    ChangeFindings,
    YearNoise,
    beyond,
    stable_cells,
    year_noise,
)
from aether_core.search.scoring import best_rows, cosine_scores, percentiles
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from workflows.cities.views import ensure_view
from workflows.home.store import Store
from workflows.search.search import called, text_direction
from workflows.training.representation import (
    ModelInUse,
    YearFiles,
    cell_vectors,
    year_files,
)

KIND = "change"
FIELDS = [
    {"name": "change", "type": "float", "unit": "later minus earlier score"},
    {"name": "beyond_noise", "type": "bool", "unit": ""},
    {"name": "score_from", "type": "float", "unit": "cosine, -1 to 1"},
    {"name": "score_to", "type": "float", "unit": "cosine, -1 to 1"},
    {"name": "percentile", "type": "float", "unit": "% of the city's cells that changed less"},
]
CAUTION = mark(
    "Change is estimated by a model from how a place looks from above. It is a reason to look "
    "closer, not proof that something was built or closed."
)


@dataclass(frozen=True)
class CellChange:
    """Every cell of a city in two years, scored against one query with one model.

    Attributes:
        year_from: The year that is compared with.
        year_to: The year whose scores count as gain.
        ids: Row ids of the cells, int64 `[m]`.
        units: The cells with data in both years, m: of H3, or areas.
        score_from: Cosine in the first year, float32 `[m]`.
        score_to: Cosine in the second, float32 `[m]`.
        change: `score_to - score_from`, float32 `[m]`.
        percentile: Share of the cells that changed less, 0 to 100, float32 `[m]`.
        beyond_noise: Whether the change is larger than years differ anyway, bool `[m]`.
        noise: The yardstick.
        lacking: Cells of the city left out because one of the years has no data there.
        seconds: Time taken, loading included.
    """

    city: str
    model: str
    query: str
    minus: str | None
    year_from: int
    year_to: int
    ids: NDArray[np.int64]
    units: Units
    score_from: NDArray[np.float32]
    score_to: NDArray[np.float32]
    change: NDArray[np.float32]
    percentile: NDArray[np.float32]
    beyond_noise: NDArray[np.bool_]
    noise: YearNoise
    lacking: int
    seconds: float
    simulated: bool
    attribution: list[str]

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each cell, WGS84, float64 `[m, 2]`."""
        return self.units.lonlat

    @property
    def share_below_noise(self) -> float:
        """Share of the cells whose change is not larger than years differ anyway."""
        return float((~self.beyond_noise).mean())

    @property
    def towards(self) -> int:
        """Cells that moved towards the query beyond noise."""
        return int((self.beyond_noise & (self.change > self.noise.high)).sum())

    @property
    def away(self) -> int:
        """Cells that moved away from it beyond noise."""
        return int((self.beyond_noise & (self.change < self.noise.low)).sum())

    @property
    def findings(self) -> ChangeFindings:
        """What was measured, to be kept with the layer."""
        return ChangeFindings(
            noise=self.noise,
            share_below_noise=self.share_below_noise,
            towards=self.towards,
            away=self.away,
            lacking=self.lacking,
            caution=CAUTION,
        )

    @property
    def title(self) -> str:
        """What it is called when nobody gives it a title."""
        asked = f"{self.query} without {self.minus}" if self.minus else self.query
        years = f", {self.year_from} to {self.year_to}"
        return asked[: 200 - len(years)] + years

    def best(self, n: int) -> list[dict[str, Any]]:
        """The `n` cells that moved most towards the query, most first."""
        return [
            {
                **called(self.units, int(i)),
                "lon": round(float(self.lonlat[i, 0]), 7),
                "lat": round(float(self.lonlat[i, 1]), 7),
                "score_from": float(self.score_from[i]),
                "score_to": float(self.score_to[i]),
                "change": float(self.change[i]),
                "beyond_noise": bool(self.beyond_noise[i]),
                "percentile": float(self.percentile[i]),
            }
            for i in best_rows(self.change, n)
        ]


def change_cells(
    store: Store,
    slug: str,
    query: str,
    year_from: int,
    year_to: int,
    minus: str | None = None,
    model: str | None = None,
) -> CellChange:
    """Score every cell in two years with one model, and tell change from noise.

    Args:
        store: The store.
        slug: The city.
        query: What to look for.
        year_from: A year the city holds, to compare with.
        year_to: Another year it holds.
        minus: What to look away from; its direction is subtracted.
        model: Name of a model; the one in use when left out.

    Raises:
        NotFoundError: No such city or model, or the city does not hold one of the years.
        InputError: The years are the same or of different encodings, they share too few cells, or
            the query is empty or too long.
    """
    started = time.perf_counter()
    if year_from == year_to:
        raise InputError(
            "a change needs two different years",
            f"{year_from} and {year_to}",
            "name two years",
            code="years-are-the-same",
        )
    direction, chosen = text_direction(store, slug, query, minus, model)
    # Both are read before they are held against each other: a year that is not there is said first.
    first, second = (cell_vectors(store, chosen, year) for year in (year_from, year_to))
    _check_encodings(store, chosen, year_from, year_to)
    _, a, b = np.intersect1d(first.keys, second.keys, assume_unique=True, return_indices=True)
    score_from = cosine_scores(np.asarray(first.vectors[a]), direction)
    score_to = cosine_scores(np.asarray(second.vectors[b]), direction)
    change = score_to - score_from
    stable = stable_between(store, chosen, year_from, year_to)
    noise = year_noise(change, stable, first.lonlat[a])
    return CellChange(
        city=chosen.city,
        model=chosen.name,
        query=query,
        minus=minus,
        year_from=year_from,
        year_to=year_to,
        ids=first.ids[a],
        units=first.units.take(a),
        score_from=score_from,
        score_to=score_to,
        change=change,
        percentile=percentiles(change),
        beyond_noise=beyond(change, noise),
        noise=noise,
        lacking=_every_cell(store, chosen) - len(a),
        seconds=time.perf_counter() - started,
        simulated=chosen.simulated,
        attribution=list(chosen.attribution),
    )


def in_words(found: CellChange) -> str:
    """The sentences a reader should take away."""
    noise, cells = found.noise, len(found.change)
    none_shown = found.towards + found.away <= noise.false_high * cells
    sentence = _NO_CHANGE if none_shown else _CHANGE
    return _(
        sentence,
        share=100 * found.share_below_noise,
        several=_(found.units.kind.several),
        year_from=found.year_from,
        year_to=found.year_to,
        towards=found.towards,
        away=found.away,
        low=noise.false_low * cells,
        high=noise.false_high * cells,
    )


_CHANGE = mark(
    "{share:.1f} % of the {several} differ between {year_from} and {year_to} no more than usual "
    "between years. {towards:,} moved towards the query, {away:,} away from it; {low:,.0f} to "
    "{high:,.0f} would do so without any change, judging by stable parts of the city not used to "
    "set the noise level."
)
_NO_CHANGE = mark(
    "{share:.1f} % of the {several} differ between {year_from} and {year_to} no more than usual "
    "between years. {towards:,} moved towards the query, {away:,} away from it; {low:,.0f} to "
    "{high:,.0f} would do so without any change, judging by stable parts of the city not used to "
    "set the noise level, so no change can be shown."
)


def change_command(found: CellChange) -> str:
    """The command that asks for the same again."""
    words = ["./aether", "change", found.city, found.query]
    words += ["--from", str(found.year_from), "--to", str(found.year_to)]
    words += ["--minus", found.minus] if found.minus else []
    return shlex.join([*words, "--model", found.model])


def stable_between(
    store: Store, model: ModelInUse, year_from: int, year_to: int
) -> NDArray[np.bool_]:
    """Which of the cells with data in both years have not changed, bool `[m]` by key.

    Told by the embedding as the model's window pools it; the same for every query.

    Raises:
        NotFoundError: The city does not hold one of the years.
        InputError: They share too few cells.
    """
    first, second = sorted((year_from, year_to))
    files = tuple(year_files(store, model, year) for year in (first, second))
    return _stable(store, model, (first, second), files)


@lru_cache(maxsize=4)
def _stable(
    store: Store,
    model: ModelInUse,
    years: tuple[int, int],
    files: tuple[YearFiles | None, ...],  # noqa: ARG001 - a year added anew is another
) -> NDArray[np.bool_]:
    view = ensure_view(store, model.city_id, {"views": model.views})
    with store.session() as session:
        (first, pooled_from), (second, pooled_to) = (
            feature_rows.cell_features(session, model.city_id, view, year)[1:] for year in years
        )
    _, a, b = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    return stable_cells(pooled_from[a], pooled_to[b])


def _check_encodings(store: Store, model: ModelInUse, year_from: int, year_to: int) -> None:
    """Refuse years whose files hold their numbers in different ways.

    `add_year` lets none in; a store that somebody else wrote to may hold them.
    """
    with store.session() as session:
        first, second = (
            {raster.encoding for raster in city_rows.rasters(session, model.city_id, year)} - {""}
            for year in (year_from, year_to)
        )
    if first and second and first != second:
        raise InputError(
            "the two years have different encodings, which would show up as change",
            f"{year_from} is {', '.join(sorted(first))}, {year_to} is {', '.join(sorted(second))}",
            "remove one of the years and add it from files like those of the other",
            code="years-of-different-encodings",
        )


def _every_cell(store: Store, model: ModelInUse) -> int:
    with store.session() as session:
        return city_rows.counts(session, model.city_id)["cells"]
