"""Labels out of any vector file or OpenStreetMap extract: places with what they are."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.poi.frame import plain_text
from aether_core.poi.osm.extract import PBF_SUFFIXES
from aether_core.reading import in_own_process
from aether_core.spatial.longitudes import extent_of
from aether_core.tasks.labels.count import added
from aether_core.tasks.labels.osm_land_use import FIELD as OSM_FIELD
from aether_core.tasks.labels.osm_land_use import read_osm_land_use
from aether_core.tasks.labels.values import alike, one_spelling, says_nothing
from aether_core.tasks.samples.polygons import is_polygon, valid_polygons
from aether_core.vector import (
    DEFAULT_LIMITS,
    NO_OPTIONS,
    Limits,
    ReadingReport,
    ReadOptions,
    looks_swapped,
    read_vector,
)
from aether_core.vector.headings import find_column, first_column
from aether_core.vector.keyed.read import read_keyed

USUAL_FIELDS = (
    "dw_label",
    "label",
    "class",
    "landuse",
    "land_use",
    "lu_desc",
    "class_2018",
    "class_2012",
    "code_2018",
    "code_2012",
    "fclass",
    "category",
    "zone",
    "use",
    "type",
)
"""Columns taken for the label when none is named, the most telling first; any case."""

NO_GEOMETRY = "no geometry"
NO_LABEL = "no label"
NOT_A_PLACE = "neither a point nor a polygon"
NO_AREA = "polygon with zero area"
OUTSIDE = "outside the city"

_WHOLE = re.compile(r"[-+]?\d+\.0*")
_EXAMPLES = 8


@dataclass(frozen=True)
class Labels:
    """Labelled places, as read or after a mapping.

    Attributes:
        geometry: Object `[n]` of valid Points, Polygons and MultiPolygons, WGS84.
        value: Object `[n]` of str, never empty: what the file says, or a class after a mapping.
        source: The file's name.
        sha256: Of the file's content, 64 hexadecimal digits.
        field: The column the values come from.
        dropped: How many features went, by reason; those that occurred.
        repaired: Polygons that crossed themselves and were mended.
        feature: int64 `[n]`, which feature of the file each came from: the points of a MultiPoint
            share one. Counted up when not given.
        unlabelled: How often each value that says nothing occurs, such as `N/A`; those went.
        report: How the file was read; None of labels that were kept.
        shapes: How the file was read that the labels' shapes come from, where there is one.
        shapes_sha256: Of that file's content.
    """

    geometry: NDArray[np.object_]
    value: NDArray[np.object_]
    source: str
    sha256: str
    field: str
    dropped: dict[str, int]
    repaired: int = 0
    feature: NDArray[np.int64] = dataclass_field(
        default_factory=lambda: np.empty(0, dtype=np.int64)
    )
    unlabelled: Mapping[str, int] = dataclass_field(default_factory=dict)
    report: ReadingReport | None = None
    shapes: ReadingReport | None = None
    shapes_sha256: str | None = None

    def __post_init__(self) -> None:
        if len(self.feature) != len(self.geometry):
            object.__setattr__(self, "feature", np.arange(len(self.geometry), dtype=np.int64))

    def __len__(self) -> int:
        return len(self.geometry)

    @property
    def counts(self) -> dict[str, int]:
        """How many labels each value has, the most frequent first, ties by name."""
        return dict(sorted(Counter(self.value.tolist()).items(), key=lambda kv: (-kv[1], kv[0])))

    def keep(self, kept: NDArray[np.bool_], reason: str) -> "Labels":
        """Return the labels where `kept` is true; the others count as dropped for `reason`."""
        gone = int(np.count_nonzero(~kept))
        return replace(
            self,
            geometry=self.geometry[kept],
            value=self.value[kept],
            feature=self.feature[kept],
            dropped=added(self.dropped, {reason: gone}),
        )


@dataclass(frozen=True)
class FieldInfo:
    """A column that may hold labels.

    Attributes:
        name: As the file spells it.
        distinct: How many different values it holds; those that say nothing do not count.
        examples: Its most frequent values, at most eight.
    """

    name: str
    distinct: int
    examples: tuple[str, ...]


@in_own_process
def read_labels(
    path: str | Path,
    *,
    field: str | None = None,
    meant: Collection[str] = (),
    options: ReadOptions = NO_OPTIONS,
    geometry: Path | None = None,
    code_field: str | None = None,
    boundary: shapely.Geometry | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Labels:
    """Read labelled points and polygons.

    Lines, features without a geometry or without a label, and polygons without an area are dropped
    and counted; a value such as `N/A` or `unknown` is no label. Values that differ only in case,
    spaces or composed letters become one, the most frequent. Polygons that cross themselves are
    repaired and counted. The points of a MultiPoint become a label each.

    Args:
        path: A local file with an ending in `VECTOR_SUFFIXES`; an OpenStreetMap extract (`.pbf`)
            gives its land use (`read_osm_land_use`).
        field: The column that holds the labels; one of `USUAL_FIELDS` when None. Numbers become
            text, whole ones without a point ("6", not "6.0").
        meant: Values a user has a class for: they stay, whatever they say, and two spellings among
            them stay apart.
        options: What the user says about the file.
        geometry: File with the shapes of the labels' codes, where the first has none.
        code_field: Column of these codes, or of H3 cells; found when None.
        boundary: The city, WGS84; only used to read less of an extract.
        limits: Upper bounds on the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read, has no such column (names those it has), or nothing in
            it can be used.
    """
    file = Path(path)
    if file.suffix.lower() in PBF_SUFFIXES:
        frame = read_osm_land_use(file, boundary, limits=limits)
        if frame.empty:
            raise InputError(
                "the OpenStreetMap extract has no land use",
                file.name,
                "choose an extract that covers the city, or give your own labels",
                code="osm-extract-without-land-use",
            )
        return _labels(frame, OSM_FIELD, file, meant)
    read = read_keyed(
        file, options, geometry=geometry, code_field=code_field, typed=False, limits=limits
    )
    chosen = _label_field(read.frame, field, file.name)
    labels = _labels(read.frame, chosen, file, meant)
    report = read.report.used_for({"class": chosen}).counted(
        labels.dropped, len(read.frame) - sum(labels.dropped.values())
    )
    merged = one_spelling(label_texts(read.frame[chosen]), meant)
    return replace(
        labels,
        report=report.noted(*_spelling_notes(merged)),
        shapes=read.shapes,
        shapes_sha256=None if geometry is None else sha256_of(geometry),
    )


@in_own_process
def label_fields(path: str | Path, options: ReadOptions = NO_OPTIONS) -> list[FieldInfo]:
    """List the columns of a file that may hold labels, in the file's order.

    Args:
        path: A local file with an ending in `VECTOR_SUFFIXES`, or `.pbf`.
        options: What the user says about the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    file = Path(path)
    if file.suffix.lower() in PBF_SUFFIXES:
        frame = read_osm_land_use(file, None)
    else:
        frame = read_vector(file, options, typed=False, shapeless=True).frame
    found = []
    for column in frame.columns.drop("geometry"):
        written = [text for text in label_texts(frame[column]) if text and not says_nothing(text)]
        spelling = one_spelling(written)
        texts = Counter(spelling.get(text, text) for text in written)
        if texts:
            common = tuple(text for text, _ in texts.most_common(_EXAMPLES))
            found.append(FieldInfo(str(column), len(texts), common))
    return found


def labels_inside(labels: Labels, boundary: shapely.Geometry) -> Labels:
    """Keep the labels in a city: points inside it, polygons that meet it.

    Args:
        labels: Of any place.
        boundary: The city, WGS84; its edge counts as inside.

    Raises:
        InputError: None is inside; the message gives both bounding boxes, and says so when swapping
            longitude and latitude would bring them inside.
    """
    shapely.prepare(boundary)
    inside = shapely.intersects(boundary, labels.geometry)
    if not inside.any():
        swapped = looks_swapped(labels.geometry, boundary)
        raise InputError(
            "all labels lie outside the city",
            f"labels in {_box(labels.geometry)}, city in {_box(np.array([boundary]))}",
            "swap their longitude and latitude"
            if swapped
            else "give labels inside this city, or specify the CRS of the file",
            code="coordinates-swapped" if swapped else "labels-outside-city",
        )
    return labels.keep(inside, OUTSIDE)


def label_texts(column: pd.Series) -> list[str]:
    """Return a column as label texts, "" where empty.

    Each is one line in composed letters; whole numbers have no point.
    """
    texts = [unicodedata.normalize("NFC", plain_text(value)) for value in column]
    return [text.split(".")[0] if _WHOLE.fullmatch(text) else text for text in texts]


def _labels(frame: gpd.GeoDataFrame, field: str, file: Path, meant: Collection[str] = ()) -> Labels:
    """Check every row, mend polygons, split MultiPoints."""
    geometry = frame.geometry.to_numpy().astype(object)
    written = label_texts(frame[field])
    spelling = one_spelling(written, meant)
    known = {alike(one) for one in meant}
    value = np.array([spelling.get(text, text) for text in written], dtype=object)
    nothing = {text for text in set(value.tolist()) if text and says_nothing(text)}
    nothing = {text for text in nothing if alike(text) not in known}
    reason = np.full(len(frame), "", dtype=object)
    polygon = is_polygon(geometry)
    kind = shapely.get_type_id(geometry)
    point = np.isin(kind, (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT))
    reason[~(polygon | point)] = NOT_A_PLACE
    reason[value == ""] = NO_LABEL
    for text in nothing:
        reason[value == text] = f"{NO_LABEL} ({text})"
    reason[shapely.is_missing(geometry) | shapely.is_empty(geometry)] = NO_GEOMETRY
    mend = np.flatnonzero(polygon & (reason == ""))
    mended = valid_polygons(geometry[mend])
    geometry[mend] = mended.geometry
    reason[mend[shapely.is_missing(mended.geometry)]] = NO_AREA
    dropped = dict(Counter(text for text in reason.tolist() if text))
    rows = np.flatnonzero(reason == "")
    if not len(rows):
        raise InputError(
            f"{file.name} has no usable labels",
            ", ".join(f"{count} x {text}" for text, count in dropped.items()),
            "give points or polygons with a class field",
            code="no-usable-labels",
        )
    # Only MultiPoints fall apart here: a polygon in several parts is one label.
    several = kind[rows] == shapely.GeometryType.MULTIPOINT
    single = rows[~several]
    points, parent = shapely.get_parts(geometry[rows[several]], return_index=True)
    feature = np.concatenate([single, rows[several][parent]])
    order = np.argsort(feature, kind="stable")
    shapes = np.concatenate([geometry[single], points.astype(object)])[order]
    return Labels(
        geometry=shapes,
        value=value[feature[order]],
        source=file.name,
        sha256=sha256_of(file),
        field=field,
        dropped=dropped,
        repaired=mended.repaired,
        feature=np.unique(feature[order], return_inverse=True)[1].astype(np.int64),
        unlabelled={
            text: count for text, count in Counter(value.tolist()).most_common() if text in nothing
        },
    )


def _spelling_notes(merged: Mapping[str, str]) -> tuple[str, ...]:
    """Say which spellings became one class."""
    if not merged:
        return ()
    shown = ", ".join(f"{old} is {new}" for old, new in sorted(merged.items())[:_EXAMPLES])
    more = f" and {len(merged) - _EXAMPLES} more" if len(merged) > _EXAMPLES else ""
    note = "Spellings that differ only in capitals or spaces were merged"
    return (f"{note}: {shown}{more}.",)


def _label_field(frame: gpd.GeoDataFrame, field: str | None, name: str) -> str:
    """Return the column to read, or refuse with those there are."""
    columns = [str(column) for column in frame.columns if column != "geometry"]
    if field is not None:
        return find_column(columns, field, file=name)
    found = first_column(columns, USUAL_FIELDS, file=name)
    if found is not None:
        return found
    raise InputError(
        f"cannot tell which field of {name} has the class",
        f"fields are {', '.join(columns[:30]) or 'none'}",
        "name the class field",
        code="labels-without-class-field",
    )


def _box(geometry: NDArray[np.object_]) -> str:
    west, south, east, north = extent_of(geometry)
    return f"{west:.4f},{south:.4f} to {east:.4f},{north:.4f}"
