"""Samples: the rows a land-use probe is fitted on, out of labelled points and polygons."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.tasks.areas.overlap import measure_overlaps
from aether_core.tasks.labels.count import LabelCount, added
from aether_core.tasks.labels.crosswalks import check_class_number
from aether_core.tasks.labels.read import Labels, labels_inside

MOST_SAMPLES = 20_000

TWICE = "duplicate point and class"
TWO_CLASSES = "cell in polygons of two classes"
NO_CELL = "polygon too small to contain a cell of the city"
OUTWEIGHED = "polygon whose cells all belong to other polygons"

_CLEAR = 2 / 3
"""Part of all claims on a cell the strongest class needs: a kiosk in a park leaves it a park."""
_FLOOR = 30
"""Samples a rare class keeps when there are too many in all."""


@dataclass(frozen=True)
class Samples:
    """Places with a class each, to fit and to test on.

    Attributes:
        lonlat: float64 `[n, 2]`, WGS84: the point, or the cell's centre.
        label: int64 `[n]`, position in `classes`.
        weight: float64 `[n]` in (0, 1]: 1 for points and cells whose centre a polygon holds, else
            the part of the cell its polygons cover.
        unit: int64 `[n]`, 0 to number of features - 1: the feature of the label file it comes
            from. Samples of one unit must not be on two sides of a split.
        cell: int64 `[n]`, row of the city's cells, or -1 for a point.
        row: int64 `[n]`, the label it comes from: a row of the labels in the city.
        classes: Names, sorted.
        labels_left_out: Labels that give no sample, by reason.
        samples_left_out: Cells and points that went though their label may have others, by reason.
    """

    lonlat: NDArray[np.float64]
    label: NDArray[np.int64]
    weight: NDArray[np.float64]
    unit: NDArray[np.int64]
    cell: NDArray[np.int64]
    row: NDArray[np.int64]
    classes: tuple[str, ...]
    labels_left_out: dict[str, int]
    samples_left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.label)

    @property
    def count(self) -> LabelCount:
        """How many labels they come from."""
        first = np.unique(self.row, return_index=True)[1]
        found = Counter(self.classes[k] for k in self.label[first].tolist())
        ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
        return LabelCount(by_class=dict(ordered), left_out=self.labels_left_out)

    @property
    def of_class(self) -> dict[str, int]:
        """Samples of each class."""
        numbers = np.bincount(self.label, minlength=len(self.classes)).tolist()
        return dict(zip(self.classes, numbers, strict=True))

    def keep(self, kept: NDArray[np.bool_], reason: str) -> "Samples":
        """Return the samples where `kept` is true, and count the rest.

        Args:
            kept: Bool `[n]`.
            reason: Why the others go, and the labels that have no sample left.
        """
        if kept.all():
            return self
        gone = len(np.unique(self.row)) - len(np.unique(self.row[kept]))
        names = np.array(self.classes, dtype=object)[self.label[kept]]
        classes, label = np.unique(names.astype(str), return_inverse=True)
        return replace(
            self,
            lonlat=self.lonlat[kept],
            label=label.astype(np.int64),
            weight=self.weight[kept],
            unit=np.unique(self.unit[kept], return_inverse=True)[1].astype(np.int64),
            cell=self.cell[kept],
            row=self.row[kept],
            classes=tuple(classes.tolist()),
            labels_left_out=added(self.labels_left_out, {reason: gone}),
            samples_left_out=added(self.samples_left_out, {reason: int((~kept).sum())}),
        )


@dataclass(frozen=True)
class _Claims:
    """Which polygon claims which cell, and how strongly (0 to 1); `[p]` each."""

    polygon: NDArray[np.int64]
    cell: NDArray[np.int64]
    strength: NDArray[np.float64]


def samples_of(
    labels: Labels,
    *,
    boundary: shapely.Geometry,
    units: Units,
    seed: int,
    limit: int = MOST_SAMPLES,
) -> Samples:
    """Turn labels into samples.

    A point is one sample where it lies. A polygon gives the cells whose centre it holds; one that
    holds none gives the cells it overlaps, weighted by the part of the cell it covers. A cell that
    polygons of several classes claim goes to the one that has two thirds of the claims (a held
    centre counts 1, an overlap its part), and to none otherwise.

    Args:
        labels: After mapping; of any place.
        boundary: The city, WGS84.
        units: The city's, which are called cells here; the centre of an area is a point inside.
        seed: Decides which samples stay when there are more than `limit`.
        limit: Most samples. Beyond it every class keeps its part, and every unit of a class gives
            one sample before any gives two.

    Raises:
        InputError: No label lies in the city (with both bounding boxes), or the labels that do are
            of one class or of more than 60.
    """
    inside = labels_inside(labels, boundary)
    check_class_number(inside)
    kind = np.unique(inside.value.astype(str), return_inverse=True)[1].astype(np.int64)
    is_point = shapely.get_type_id(inside.geometry) == shapely.GeometryType.POINT
    points, twice = _distinct_points(inside.geometry, kind, np.flatnonzero(is_point))
    polygons = np.flatnonzero(~is_point)
    claims = _claims(inside.geometry[polygons], units)
    settled, contested = _settled(claims, kind[polygons])
    claiming, winning = (len(np.unique(one.polygon)) for one in (claims, settled))

    row = np.concatenate([points, polygons[settled.polygon]])
    cell = np.concatenate([np.full(len(points), -1, dtype=np.int64), settled.cell])
    weight = np.concatenate([np.ones(len(points)), settled.strength])
    classes, label = np.unique(inside.value[row].astype(str), return_inverse=True)
    labels_left_out = {TWICE: twice, NO_CELL: len(polygons) - claiming}
    labels_left_out[OUTWEIGHED] = claiming - winning
    labels_left_out = added(inside.dropped, labels_left_out)
    if len(classes) < 2:
        reasons = added(labels_left_out, {TWO_CLASSES: contested})
        raise InputError(
            "the labels give samples of a single class",
            ", ".join([*classes, *(f"{count} x {reason}" for reason, count in reasons.items())]),
            "give polygons that do not overlap, larger ones, or more labels",
            code="samples-of-one-class",
        )
    lonlat = np.empty((len(row), 2))
    lonlat[cell < 0] = shapely.get_coordinates(inside.geometry[row[cell < 0]])
    lonlat[cell >= 0] = units.lonlat[cell[cell >= 0]]
    every = Samples(
        lonlat=lonlat,
        label=label.astype(np.int64),
        weight=weight,
        unit=np.unique(inside.feature[row], return_inverse=True)[1].astype(np.int64),
        cell=cell,
        row=row,
        classes=tuple(classes.tolist()),
        labels_left_out=labels_left_out,
        samples_left_out=added({}, {TWO_CLASSES: contested}),
    )
    kept = np.zeros(len(row), dtype=bool)
    kept[_subsample(kind[row], inside.feature[row], limit, seed)] = True
    return every.keep(kept, f"beyond {limit:,} samples")


def _distinct_points(
    geometry: NDArray[np.object_], kind: NDArray[np.int64], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """Return the rows of points without exact repeats of a class, and how many were repeats.

    A repeat in another fold would be a test row that the probe has seen.
    """
    place = np.column_stack([shapely.get_coordinates(geometry[rows]), kind[rows]])
    first = np.unique(place, axis=0, return_index=True)[1]
    return rows[np.sort(first)], len(rows) - len(first)


def _claims(polygons: NDArray[np.object_], units: Units) -> _Claims:
    """Find the cells whose centre each polygon holds, or those it overlaps when it holds none."""
    if not len(polygons):
        none = np.empty(0, dtype=np.int64)
        return _Claims(none, none, np.empty(0))
    polygon, cell = shapely.STRtree(shapely.points(units.lonlat)).query(polygons, "intersects")
    small = np.setdiff1d(np.arange(len(polygons)), polygon)
    if not len(small):
        return _Claims(polygon, cell, np.ones(len(cell)))
    near = units.near(polygons[small])
    found = measure_overlaps(polygons[small], units.take(near))
    return _Claims(
        np.concatenate([polygon, small[found.area]]),
        np.concatenate([cell, near[found.cell]]),
        np.concatenate([np.ones(len(cell)), found.square_metres / found.cell_m2[found.cell]]),
    )


def _settled(claims: _Claims, kind: NDArray[np.int64]) -> tuple[_Claims, int]:
    """Give each cell to the class and polygon with the strongest claim.

    Args:
        claims: Of polygons on cells.
        kind: Class of each polygon.

    Returns:
        One claim a cell, as strong as all of its class together but at most 1; and how many cells
        no class has a clear claim on.
    """
    if not len(claims.cell):
        return claims, 0
    classes = int(kind.max()) + 1
    key, group = np.unique(claims.cell * classes + kind[claims.polygon], return_inverse=True)
    power = np.minimum(np.bincount(group, weights=claims.strength), 1.0)
    cell, of_cell = np.unique(key // classes, return_inverse=True)
    best = np.full(len(cell), -1, dtype=np.int64)
    best[of_cell[np.argsort(power, kind="stable")]] = np.argsort(power, kind="stable")
    clear = power[best] >= _CLEAR * np.bincount(of_cell, weights=power) - 1e-9
    order = np.lexsort((-claims.polygon, claims.strength, group))
    strongest = np.zeros(len(key), dtype=np.int64)
    strongest[group[order]] = claims.polygon[order]
    won = best[clear]
    return _Claims(strongest[won], cell[clear], power[won]), int(np.count_nonzero(~clear))


def _subsample(
    kind: NDArray[np.int64], feature: NDArray[np.int64], limit: int, seed: int
) -> NDArray[np.int64]:
    """Return the rows to keep, ascending: all, or about `limit` with every class keeping its part.

    A class keeps at least `_FLOOR` rows where it has them, so that a rare one is not lost.
    """
    if len(kind) <= limit:
        return np.arange(len(kind))
    sizes = np.bincount(kind)
    quota = np.maximum(limit * sizes // len(kind), np.minimum(sizes, _FLOOR))
    while quota.sum() > limit:
        quota[np.argmax(quota)] -= 1
    random = np.random.default_rng(seed).permutation(len(kind))
    order = np.lexsort((random, feature, kind))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(kind[order]) != 0) | (np.diff(feature[order]) != 0)
    starts = np.flatnonzero(new)
    turn = np.empty(len(kind), dtype=np.int64)
    turn[order] = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
    queue = np.lexsort((random, turn, kind))
    place = np.arange(len(queue)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(queue[place < quota[kind[queue]]])
