"""What a probe sees of a cell, a point or an area: AlphaEarth, AETHER, places, or several."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.language import mark
from aether_core.spatial.plane import Plane
from aether_core.tasks.samples.samples import Samples

if TYPE_CHECKING:
    from aether_core.model.heads.heads import Heads

Floats = NDArray[np.float32]
PixelEncoders = tuple[Callable[[Floats], Floats] | None, ...]
"""Each describes pixels; None takes them as they are."""

NEIGHBOURS = 20
"""Places that describe a spot in the `poi` representation."""
DECAY_M = 300.0
"""Distance at which a place counts 1/e of one on the spot, in metres."""

MIX_RADIUS_M = 800.0
"""How far the place mix looks around, in metres: ten minutes on foot."""
MOST_GROUPS = 24
"""Groups of places that the place mix counts apart; the others count in the sum alone."""

_CHUNK = 20_000
_COLUMNS = 64
"""Columns averaged at once, so that cells in double precision stay small."""


@dataclass(frozen=True)
class CityArrays:
    """What representations are made of.

    Attributes:
        units: The city's, m; they are called cells here.
        cell_vectors: float32 `[m, dim]`, the embedding pooled at the centres, unit rows; NaN rows
            have no data.
        pool: Pools AlphaEarth at WGS84 points the way the cells were: float64 `[n, 2]` to float32
            `[n, dim]`, NaN rows where there is no data.
        heads: The trained model, or None.
        poi_lonlat: float64 `[p, 2]`, WGS84; may be empty.
        poi_text: float32 `[p, T]`, text vectors of the places; a NaN row has none.
        poi_group: Object `[p]` of str, what each place is, such as `shop`; "" where nobody knows.
    """

    units: Units
    cell_vectors: Floats
    pool: Callable[[NDArray[np.float64]], Floats]
    heads: "Heads | None"
    poi_lonlat: NDArray[np.float64]
    poi_text: Floats
    poi_group: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))


class Representation(Protocol):
    """One way to describe places by d numbers; rows without data are NaN.

    Attributes:
        title: What people call it, with the city's `{embedding}` where that is a part of it.
        is_plural: Whether it is spoken of as several.
        needs_model: Whether the city needs a trained model for it.
        needs_places: Whether it is made of the city's places.
        of_pixels: Whether single pixels have it, so that areas can take their mean over them.
    """

    name: str
    title: str
    is_plural: bool
    needs_model: bool
    needs_places: bool
    of_pixels: bool

    @property
    def pixel_encoders(self) -> PixelEncoders:
        """What describes pixels before areas average them, one a part; none but `of_pixels`."""

    def of_cells(self) -> Floats:
        """Describe the city's cells, float32 `[m, d]`; computed once."""

    def at_points(self, lonlat: NDArray[np.float64]) -> Floats:
        """Describe WGS84 points `[n, 2]`, float32 `[n, d]`."""

    def of_areas(self, weights: csr_array) -> Floats:
        """Describe areas by the weighted mean of their cells, float32 `[a, d]`."""


class AlphaEarth:
    """The embedding itself. Means are brought to unit length, as pooling does."""

    name = "alphaearth"
    title, is_plural = mark("{embedding}"), False
    needs_model, needs_places, of_pixels = False, False, True
    pixel_encoders: PixelEncoders = (None,)

    def __init__(self, arrays: CityArrays) -> None:
        self._arrays = arrays

    def of_cells(self) -> Floats:
        """Describe the city's cells, float32 `[m, dim]`."""
        return self._arrays.cell_vectors

    def at_points(self, lonlat: NDArray[np.float64]) -> Floats:
        """Describe WGS84 points `[n, 2]` by the embedding around them, float32 `[n, dim]`."""
        return self._arrays.pool(lonlat)

    def of_areas(self, weights: csr_array) -> Floats:
        """Describe areas by the unit mean of their cells, float32 `[a, dim]`."""
        return unit_rows(mean_of_cells(weights, self.of_cells()))


class Aether:
    """The embedding through the model's EO head, 128 numbers, unit length.

    Raises:
        InputError: The city has no trained model.
    """

    name = "aether"
    title, is_plural = mark("AETHER"), False
    needs_model, needs_places, of_pixels = True, False, True

    def __init__(self, arrays: CityArrays) -> None:
        self._arrays = arrays
        if arrays.heads is None:
            raise InputError(
                "this data source needs a trained model, which the city does not have",
                self.name,
                "train the city first, or use satellite data alone (in commands: "
                "--representation alphaearth)",
                code="representation-without-model",
            )
        self._heads = arrays.heads

    @cached_property
    def _cells(self) -> Floats:
        from aether_core.model.heads.inference import encode_eo

        return encode_eo(self._heads, self._arrays.cell_vectors)

    @property
    def pixel_encoders(self) -> PixelEncoders:
        """The EO head."""
        from aether_core.model.heads.inference import encode_eo

        return (partial(encode_eo, self._heads),)

    def of_cells(self) -> Floats:
        """Describe the city's cells, float32 `[m, 128]`."""
        return self._cells

    def at_points(self, lonlat: NDArray[np.float64]) -> Floats:
        """Describe WGS84 points `[n, 2]`, float32 `[n, 128]`."""
        from aether_core.model.heads.inference import encode_eo

        return encode_eo(self._heads, self._arrays.pool(lonlat))

    def of_areas(self, weights: csr_array) -> Floats:
        """Describe areas by the unit mean of their cells, float32 `[a, 128]`."""
        return unit_rows(mean_of_cells(weights, self._cells))


class Poi:
    """The places around alone: the mean of the 20 nearest places' text vectors.

    A place counts `exp(-distance / 300 m)`. Where the nearest are far the mean is theirs all the
    same: it says what is there, not how much.

    Raises:
        InputError: The city has no place with a text vector.
    """

    name = "poi"
    title, is_plural = mark("places only"), True
    needs_model, needs_places, of_pixels = False, True, False
    pixel_encoders: PixelEncoders = ()

    def __init__(self, arrays: CityArrays) -> None:
        self._arrays = arrays
        numbers = np.hstack([arrays.poi_text, arrays.poi_lonlat])
        there = np.asarray(np.isfinite(numbers).all(axis=1))
        if not there.any():
            raise InputError(
                "this representation needs places",
                f"{self.name}, the city has {len(there)} with text",
                "add places to the city, or leave out poi",
                code="representation-without-places",
            )
        self._text = np.ascontiguousarray(arrays.poi_text[there], dtype=np.float32)
        self._plane = Plane(arrays.poi_lonlat[there])
        self._tree = cKDTree(self._plane.points(arrays.poi_lonlat[there]))

    @cached_property
    def _cells(self) -> Floats:
        return self.at_points(self._arrays.units.lonlat)

    def of_cells(self) -> Floats:
        """Describe the city's cells by the places around their centres, float32 `[m, T]`."""
        return self._cells

    def at_points(self, lonlat: NDArray[np.float64]) -> Floats:
        """Describe WGS84 points `[n, 2]`, float32 `[n, T]`."""
        metres = self._plane.points(lonlat)
        count = min(NEIGHBOURS, len(self._text))
        means = [
            self._mean(metres[start : start + _CHUNK], count)
            for start in range(0, max(len(metres), 1), _CHUNK)
        ]
        return np.concatenate(means)

    def of_areas(self, weights: csr_array) -> Floats:
        """Describe areas by the mean of their cells, float32 `[a, T]`."""
        return mean_of_cells(weights, self._cells)

    def _mean(self, metres: NDArray[np.float64], count: int) -> Floats:
        if not len(metres):
            return np.empty((0, self._text.shape[1]), dtype=np.float32)
        distance, place = self._tree.query(metres, k=np.arange(1, count + 1))
        # Measured from the nearest: the mean is the same, and far away nothing underflows to 0.
        weight = np.exp((distance[:, :1] - distance) / DECAY_M)
        weight /= weight.sum(axis=1, keepdims=True)
        starts = np.arange(0, weight.size + 1, count)
        shape = (len(metres), len(self._text))
        mixing = csr_array((weight.astype(np.float32).ravel(), place.ravel(), starts), shape=shape)
        return np.asarray(mixing @ self._text, dtype=np.float32)


class PlaceMix:
    """How many places of each group there are within 800 m, and how mixed they are.

    Logarithms of one more than the counts, of the commonest 24 groups each and of all places
    together, and the Shannon entropy of the groups over that of equal parts. Unlike `poi` it says
    how much there is; on blocks of genuine census tracts that is what places add to AlphaEarth.

    Raises:
        InputError: The city has no place.
    """

    name = "mix"
    title, is_plural = mark("place mix"), False
    needs_model, needs_places, of_pixels = False, True, False
    pixel_encoders: PixelEncoders = ()

    def __init__(self, arrays: CityArrays) -> None:
        self._arrays = arrays
        if not len(arrays.poi_lonlat):
            raise InputError(
                "this representation needs places",
                f"{self.name}, the city has none",
                f"add places to the city, or leave out {self.name}",
                code="representation-without-places",
            )
        self._plane = Plane(arrays.poi_lonlat)
        metres = self._plane.points(arrays.poi_lonlat)
        counted = Counter(group for group in arrays.poi_group.tolist() if group)
        ordered = sorted(counted, key=lambda group: (-counted[group], group))[:MOST_GROUPS]
        self._trees = [cKDTree(metres[arrays.poi_group == group]) for group in ordered]
        self._every = cKDTree(metres)

    @cached_property
    def _cells(self) -> Floats:
        return self.at_points(self._arrays.units.lonlat)

    def of_cells(self) -> Floats:
        """Describe the city's cells by the places around their centres, float32 `[m, g + 2]`."""
        return self._cells

    def at_points(self, lonlat: NDArray[np.float64]) -> Floats:
        """Describe WGS84 points `[n, 2]`, float32 `[n, g + 2]`."""
        metres = self._plane.points(lonlat)
        counts = np.zeros((len(metres), len(self._trees) + 1))
        for column, tree in enumerate([*self._trees, self._every] if len(metres) else ()):
            counts[:, column] = tree.query_ball_point(metres, MIX_RADIUS_M, return_length=True)
        mixed = diversity(counts[:, :-1])
        return np.column_stack([np.log1p(counts), mixed]).astype(np.float32)

    def of_areas(self, weights: csr_array) -> Floats:
        """Describe areas by the mean of their cells, float32 `[a, g + 2]`."""
        return mean_of_cells(weights, self._cells)


class _SideBySide:
    """Several representations beside each other.

    Attributes:
        parts: Their kinds, in order.
    """

    parts: ClassVar[tuple[Callable[[CityArrays], Representation], ...]]
    is_plural = False

    def __init__(self, arrays: CityArrays) -> None:
        self._parts = tuple(part(arrays) for part in self.parts)

    @property
    def pixel_encoders(self) -> PixelEncoders:
        """Those of the parts."""
        return tuple(encoder for part in self._parts for encoder in part.pixel_encoders)

    @cached_property
    def _cells(self) -> Floats:
        return np.hstack([part.of_cells() for part in self._parts])

    def of_cells(self) -> Floats:
        """Describe the city's cells, float32 `[m, d]`."""
        return self._cells

    def at_points(self, lonlat: NDArray[np.float64]) -> Floats:
        """Describe WGS84 points `[n, 2]`, float32 `[n, d]`."""
        return np.hstack([part.at_points(lonlat) for part in self._parts])

    def of_areas(self, weights: csr_array) -> Floats:
        """Describe areas part by part, float32 `[a, d]`."""
        return np.hstack([part.of_areas(weights) for part in self._parts])


class Concat(_SideBySide):
    """AlphaEarth and AETHER side by side, 192 numbers.

    Raises:
        InputError: The city has no trained model.
    """

    name, title = "concat", mark("{embedding} + AETHER")
    needs_model, needs_places, of_pixels = True, False, True
    parts = (AlphaEarth, Aether)


class ConcatMix(_SideBySide):
    """AlphaEarth, AETHER and the place mix side by side.

    Raises:
        InputError: The city has no trained model, or no place.
    """

    name, title = "concat-mix", mark("{embedding} + AETHER + place mix")
    needs_model, needs_places, of_pixels = True, True, False
    parts = (AlphaEarth, Aether, PlaceMix)


REPRESENTATION_KINDS: Mapping[
    str, type[AlphaEarth | Aether | Poi | Concat | PlaceMix | ConcatMix]
] = MappingProxyType(
    {kind.name: kind for kind in (AlphaEarth, Aether, Poi, Concat, PlaceMix, ConcatMix)}
)
"""Every representation by name."""
REPRESENTATIONS: tuple[str, ...] = tuple(REPRESENTATION_KINDS)
"""Their names."""
COMPARED: Final = ("alphaearth", "aether", "poi", "concat")
"""Those that are compared unless others are asked for: the published ones."""
RECOMMENDED: Final = Concat.name
"""What maps are made from where nothing else is asked for and the city has a model.

On blocks of ten US metropolitan areas that the heads had not seen it errs less than AlphaEarth
alone on developed land (13 %), people a km2 (5.5 %) and incomes (2.5 %); AETHER alone does not
(docs/evidence.md).
"""


def usable_representations(*, with_model: bool) -> list[str]:
    """Names of the representations of a city that has a trained model, or has none."""
    return [
        name for name, kind in REPRESENTATION_KINDS.items() if with_model or not kind.needs_model
    ]


def need_places(names: Iterable[str]) -> bool:
    """Whether any of these representations is made of the city's places."""
    return any(REPRESENTATION_KINDS[name].needs_places for name in names)


def representation(name: str, arrays: CityArrays) -> Representation:
    """Return a representation by its name.

    Args:
        name: One of `REPRESENTATIONS`.
        arrays: The city.

    Raises:
        InputError: There is none of that name, or the city lacks what it needs.
    """
    if name not in REPRESENTATION_KINDS:
        raise InputError(
            "unknown representation",
            name,
            f"choose from {', '.join(REPRESENTATIONS)}",
            code="no-such-representation",
        )
    return REPRESENTATION_KINDS[name](arrays)


def of_samples(rep: Representation, samples: Samples) -> Floats:
    """Describe samples: cell samples by their cell, points where they lie.

    Returns:
        Float32 `[n, d]`; a row without data is NaN.
    """
    cells = rep.of_cells()
    described = np.full((len(samples), cells.shape[1]), np.nan, dtype=np.float32)
    of_cell = samples.cell >= 0
    described[of_cell] = cells[samples.cell[of_cell]]
    if not of_cell.all():
        described[~of_cell] = rep.at_points(samples.lonlat[~of_cell])
    return described


def of_areas(rep: Representation, weights: csr_array) -> Floats:
    """Describe areas by the weighted mean of their cells.

    Args:
        rep: Of the city.
        weights: float64 `[a, m]`, of `cells_under`.

    Returns:
        Float32 `[a, d]`; a row is NaN where no cell of the area has data.
    """
    return rep.of_areas(weights)


def mean_of_cells(weights: csr_array, cells: Floats) -> Floats:
    """Average cells with data by their weights.

    Args:
        weights: `[a, m]`, not negative.
        cells: Float32 `[m, d]`; NaN rows have no data and do not count.

    Returns:
        Float32 `[a, d]`; NaN where nothing counts.
    """
    there = np.asarray(np.isfinite(cells).all(axis=1))
    part = np.asarray(weights @ there.astype(np.float64))
    part[part <= 0] = np.nan
    means = np.empty((weights.shape[0], cells.shape[1]), dtype=np.float32)
    for start in range(0, cells.shape[1], _COLUMNS):
        columns = slice(start, start + _COLUMNS)
        known = np.where(there[:, None], cells[:, columns], np.float32(0))
        means[:, columns] = (weights @ known.astype(np.float64)) / part[:, None]
    return means


def diversity(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """How mixed places are: the Shannon entropy of their kinds over that of equal parts.

    Args:
        counts: Places of each kind, float64 `[n, k]`.

    Returns:
        Float64 `[n]`, 0 to 1; 0 where there is no place.
    """
    part = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    entropy = -(part * np.log(np.where(part > 0, part, 1))).sum(axis=1)
    return np.asarray(entropy / np.log(max(counts.shape[1], 2)))


def unit_rows(vectors: Floats) -> Floats:
    """Bring rows to unit length; NaN rows and rows of zeros become NaN."""
    norm = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    norm[norm == 0] = np.nan
    return np.asarray(vectors / norm, dtype=np.float32)
