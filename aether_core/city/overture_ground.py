"""A city's backdrop and the streets to walk along, from a release of Overture Maps.

Read are water, land and land use of its theme base, segments of transportation and, of small
cities, buildings: by row group and bounding box, as places are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from aether_core.city.base_map import (
    GREEN,
    MAIN_ROADS,
    ROADS,
    THROUGH_ROADS,
    drawn_inside,
    is_large,
    nothing_drawn,
)
from aether_core.city.streets import WALKED, bounds_of_walks, lines_of
from aether_core.language import OTHER_NAMES
from aether_core.net import Web
from aether_core.poi.overture.record import names_in
from aether_core.poi.overture.release import Overture
from aether_core.poi.overture.table import TableSize, overture_size, overture_table
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import Bounds, boxes_of, extent_of
from aether_core.vector import WGS84

MOST_BUILDING_BYTES: Final = 60_000_000
"""Buildings are left out where they take more: a row group of them covers many a city, and no
question asks for them."""

LICENCE: Final = "ODbL-1.0"
"""Of the themes base, transportation and buildings: Overture Maps documentation, "Attribution and
licensing"."""
_OSM: Final = "OpenStreetMap"
_COLUMNS: Final = ("geometry", "names.primary", "subtype", "class", "sources.dataset")
_OPTIONAL: Final = ("names.common",)
_LOOKED_AT: Final = ("subtype", "class")
_LINK: Final = "link"
_GONE: Final = frozenset({"is_under_construction", "is_abandoned"})
_NOT_WATER: Final = frozenset({"swimming_pool", "wastewater", "sewage", "physical"})
"""Classes and subtypes of Overture's water that are no water of a map: pools, plants, and names
such as that of a strait, whose surface is `ocean`."""
_GREEN: Final = frozenset().union(*GREEN.values()) | {"dog_park", "village_green"}
_STEPS: Final = 1000

Mask = Callable[[pa.Table], pa.ChunkedArray]


@dataclass(frozen=True)
class GroundSize:
    """What reading a city's ground would take, from the files' footers alone.

    Attributes:
        bytes: Bytes of the columns on the server.
        requests: About how many byte ranges they come in.
        buildings_left_out: Bytes that buildings would have taken; 0 where they are read, or where
            a city of this size is drawn without them.
    """

    bytes: int
    requests: int
    buildings_left_out: int


@dataclass(frozen=True)
class OvertureGround:
    """A city's ground from a release of Overture.

    Attributes:
        base_map: As `read_osm_base_map` gives it; the open sea is water, too.
        walks: Lines one can walk along, in the city and around it, with the corners of their
            source, WGS84.
        attribution: The credit their sources ask for.
        buildings_left_out: As `GroundSize` has it.
    """

    base_map: gpd.GeoDataFrame
    walks: gpd.GeoSeries
    attribution: str
    buildings_left_out: int


@dataclass(frozen=True)
class _Source:
    """One type of a release, and what of it is drawn as one kind of the base map.

    Attributes:
        words: What is read, for whoever waits.
        wanted: Marks rows by `subtype` and `class`.
        more: Columns beside those of all types; a release may lack them.
        bounds: Where it is read, of a city's boundary.
    """

    theme: str
    kind: str
    drawn: str
    words: str
    wanted: Mask
    more: tuple[str, ...] = ()
    bounds: Callable[[shapely.Geometry], Bounds] = extent_of

    @property
    def optional(self) -> tuple[str, ...]:
        """Columns that a release may lack."""
        return (*_OPTIONAL, *self.more)

    def boxes(self, boundary: shapely.Geometry) -> Sequence[Bounds]:
        """Where it is read, two boxes across the 180th meridian."""
        return boxes_of(self.bounds(boundary))


def _one_of(column: str, values: frozenset[str]) -> Mask:
    found = pa.array(sorted(values))
    return lambda rows: pc.is_in(rows.column(column), value_set=found)


def _is_water(rows: pa.Table) -> pa.ChunkedArray:
    return pc.invert(
        pc.or_(_one_of("subtype", _NOT_WATER)(rows), _one_of("class", _NOT_WATER)(rows))
    )


def _is_street(rows: pa.Table) -> pa.ChunkedArray:
    classes = _one_of("class", frozenset(MAIN_ROADS | ROADS | WALKED))
    return pc.and_(pc.fill_null(pc.equal(rows.column("subtype"), "road"), False), classes(rows))


def _is_any(rows: pa.Table) -> pa.ChunkedArray:
    return pc.is_valid(rows.column("bbox"))


_WATER = _Source("base", "water", "water", "water", _is_water)
_PARKS = _Source("base", "land_use", "green", "parks", _one_of("class", _GREEN))
_WOODS = _Source("base", "land", "green", "woods", _one_of("class", _GREEN))
_STREETS = _Source(
    "transportation",
    "segment",
    "road",
    "streets",
    _is_street,
    ("subclass", "road_flags", "access_restrictions"),
    bounds_of_walks,
)
_BUILDINGS = _Source("buildings", "building", "building", "buildings", _is_any)


def overture_ground_size(
    web: Web, overture: Overture, boundary: shapely.Geometry, *, progress: Progress = silent
) -> GroundSize:
    """Tell what `overture_ground` with the same arguments would read.

    Raises:
        AetherError: As `overture_ground`.
    """
    sizes, left_out = _sizes(web, overture, boundary, progress)
    return GroundSize(
        bytes=sum(size.bytes for size in sizes.values()),
        requests=sum(size.requests for size in sizes.values()),
        buildings_left_out=left_out,
    )


def overture_ground(
    web: Web, overture: Overture, boundary: shapely.Geometry, *, progress: Progress = silent
) -> OvertureGround:
    """Read the water, greenery, streets and buildings of a release that lie in a boundary.

    Streets are classed as OpenStreetMap's values of `highway`, from which most of them come.

    Args:
        web: Where the files are read.
        overture: The release.
        boundary: The city, WGS84.
        progress: In thousandths. What it raises stops the reading.

    Returns:
        The ground, which is empty where the release has nothing there.

    Raises:
        InputError: The release is not there.
        RemoteError: Index or files are not as they should be; a missing column is named.
        OfflineError: No connection comes about.
    """
    sizes, left_out = _sizes(web, overture, boundary, progress)
    total = max(sum(size.bytes for size in sizes.values()), 1)
    tables, before = {}, 0
    for source, size in sizes.items():
        tables[source] = overture_table(
            web,
            overture,
            source.theme,
            source.kind,
            source.boxes(boundary),
            columns=_COLUMNS,
            optional=source.optional,
            first=_LOOKED_AT,
            only=source.wanted,
            progress=_share(progress, source, before, size.bytes, total),
        )
        before += size.bytes
    there = {source: table for source, table in tables.items() if table.num_rows}
    segments = there.pop(_STREETS, None)
    frames = [_frame(table, source) for source, table in there.items()]
    walks = np.empty(0, dtype=object)
    if segments is not None:
        streets, walks = _streets(segments, MAIN_ROADS if is_large(boundary) else ROADS)
        frames.append(streets)
        there[_STREETS] = segments
    found = (
        gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=WGS84)
        if frames
        else nothing_drawn()
    )
    return OvertureGround(
        base_map=drawn_inside(found, boundary),
        walks=gpd.GeoSeries(walks, crs=WGS84),
        attribution=_attribution(
            overture.release, set().union(*(_datasets(table) for table in there.values()))
        ),
        buildings_left_out=left_out,
    )


def _sizes(
    web: Web, overture: Overture, boundary: shapely.Geometry, progress: Progress
) -> tuple[dict[_Source, TableSize], int]:
    """What is read and what it takes, and the bytes of buildings that are left out."""
    wanted = [_WATER, _PARKS, _WOODS, _STREETS]
    sizes = {
        source: overture_size(
            web,
            overture,
            source.theme,
            source.kind,
            source.boxes(boundary),
            columns=_COLUMNS,
            optional=source.optional,
            progress=_looking(progress, source),
        )
        for source in (wanted if is_large(boundary) else [*wanted, _BUILDINGS])
    }
    buildings = sizes.get(_BUILDINGS)
    if buildings is None or buildings.bytes <= MOST_BUILDING_BYTES:
        return sizes, 0
    del sizes[_BUILDINGS]
    return sizes, buildings.bytes


def _looking(progress: Progress, source: _Source) -> Progress:
    return lambda _stage, _done, _total: progress(f"looking for {source.words}", 0, 0)


def _share(progress: Progress, source: _Source, before: int, size: int, total: int) -> Progress:
    """Progress of one type as its part of all that is read."""

    def report(_stage: str, done: int, of: int) -> None:
        read = before + (size * done / of if of else 0)
        progress(f"reading {source.words}", round(_STEPS * read / total), _STEPS)

    return report


def _frame(table: pa.Table, source: _Source) -> gpd.GeoDataFrame:
    names = [one or {} for one in table.column("names").to_pylist()]
    shapes: NDArray[Any] = shapely.from_wkb(
        table.column("geometry").to_numpy(), on_invalid="ignore"
    )
    return gpd.GeoDataFrame(
        {
            "kind": source.drawn,
            "name": [one.get("primary") or "" for one in names],
            OTHER_NAMES: [names_in(one.get("common")) for one in names],
            "main": None,
        },
        geometry=shapely.force_2d(shapes),
        crs=WGS84,
    )


def _streets(
    table: pa.Table, drawn: frozenset[str]
) -> tuple[gpd.GeoDataFrame, NDArray[np.object_]]:
    """The streets to be drawn, and the lines one can walk along."""
    frame, highway = _frame(table, _STREETS), _highways(table)
    lines = frame.geometry.to_numpy()
    there = ~(shapely.is_missing(lines) | shapely.is_empty(lines))
    walked = highway.isin(WALKED).to_numpy() & ~_closed(table) & there
    frame = frame.assign(main=highway.isin(THROUGH_ROADS).to_numpy(dtype=object))
    return frame[highway.isin(drawn)], lines_of(lines[walked])


def _highways(table: pa.Table) -> "pd.Series[str]":
    """What OpenStreetMap would call each segment: `primary_link` where a primary road is a link."""
    names = table.column("class").to_pylist()
    subclasses = _column(table, "subclass")
    gone = [_flagged(rules, _GONE) for rules in _column(table, "road_flags")]
    return pd.Series(
        [
            "" if out else f"{name}_{_LINK}" if subclass == _LINK else name
            for name, subclass, out in zip(names, subclasses, gone, strict=True)
        ]
    )


def _column(table: pa.Table, name: str) -> Sequence[Any]:
    """A column that a release may lack."""
    there = name in table.column_names
    return table.column(name).to_pylist() if there else [None] * table.num_rows


def _flagged(rules: Sequence[Mapping[str, Any]] | None, flags: frozenset[str]) -> bool:
    """Whether a segment carries a flag all along."""
    return any(_all_along(rule) and flags & set(rule.get("values") or ()) for rule in rules or ())


def _closed(table: pa.Table) -> NDArray[np.bool_]:
    """Which segments are closed to people on foot, bool `[n]`."""
    restrictions = _column(table, "access_restrictions")
    return np.array([_closed_on_foot(rules) for rules in restrictions], dtype=bool)


def _closed_on_foot(rules: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether the last rule that anybody on foot falls under denies access.

    Rules for a part of the segment, a direction, an hour, a purpose, a kind of vehicle or people
    with a permit say nothing of anybody.
    """
    closed = False
    for rule in rules or ():
        when = rule.get("when") or {}
        modes = when.get("mode")
        others = any(value for name, value in when.items() if name != "mode")
        if _all_along(rule) and not others and (not modes or "foot" in modes):
            closed = rule.get("access_type") == "denied"
    return closed


def _all_along(rule: Mapping[str, Any]) -> bool:
    between = rule.get("between")
    return not between or (between[0] <= 0 and between[-1] >= 1)


def _datasets(table: pa.Table) -> set[str]:
    """Names of the datasets that a table's features come from."""
    entries = pc.list_flatten(table.column("sources"))
    named = pc.unique(pc.struct_field(entries, "dataset")).to_pylist()
    return {name for name in named if name}


def _attribution(release: str, datasets: set[str]) -> str:
    """Return the credit of a release's ground; OpenStreetMap, from which most comes, first."""
    own = f"© Overture Maps Foundation, overturemaps.org, streets and base map, release {release}"
    others = sorted(datasets - {_OSM, "overture", "Overture"})
    osm = [f"© {_OSM} contributors"] if _OSM in datasets else []
    credits_ = [*osm, *others]
    listed = f", with data from {', '.join(credits_)}" if credits_ else ""
    return f"{own}{listed}, Open Database License (ODbL)"
