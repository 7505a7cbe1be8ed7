"""The places of a file that a city can use: inside it, each once, with embedding data around."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from aether_core.eo.embedding import Embedding, Pooled
from aether_core.errors import InputError
from aether_core.poi.clean import DUPLICATE, clean_pois
from aether_core.poi.fields import PoiFields
from aether_core.poi.frame import POI_COLUMNS
from aether_core.poi.read import read_pois
from aether_core.progress import Progress
from aether_core.spatial.longitudes import extent_of
from aether_core.vector import ReadingReport, ReadOptions

_HELD = "held"


@dataclass(frozen=True, eq=False)
class FoundPlaces:
    """Places of a file that lie in a city, each once.

    Attributes:
        frame: The table of places (`aether_core.poi.frame`).
        dropped: How many were left out after the file was read, by reason.
        report: How the file was read.
    """

    frame: gpd.GeoDataFrame
    dropped: dict[str, int]
    report: ReadingReport

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """Where they are, WGS84, float64 `[n, 2]`."""
        return np.column_stack([self.frame.geometry.x, self.frame.geometry.y])

    def usable(self, pooled: Pooled) -> "FoundPlaces":
        """Those that have embedding data around them; the others are counted."""
        left_out = together(self.dropped, pooled.dropped)
        return FoundPlaces(self.frame[pooled.ok].reset_index(drop=True), left_out, self.report)

    @property
    def left_out(self) -> dict[str, int]:
        """All that was left out of the file, by reason."""
        return together(self.report.left_out, self.dropped)

    @property
    def told(self) -> ReadingReport:
        """How the file was read, with what is left out of the city."""
        return self.report.counted(self.dropped, len(self.frame))


def places_in(
    file: Path,
    boundary: BaseGeometry,
    fields: PoiFields,
    options: ReadOptions,
    progress: Progress,
    held: gpd.GeoDataFrame | None = None,
) -> FoundPlaces:
    """Read a file of places and keep those a city can use.

    Args:
        file: The file.
        boundary: Of the city, WGS84.
        fields: Which columns mean what.
        options: What the user says about the file.
        progress: Told before the file is read.
        held: Places the city has: what is one of them is left out as a duplicate.

    Raises:
        InputError: The file cannot be read, or none of its places can be used.
    """
    progress("reading places", 0, 1)
    read = read_pois(file, fields=fields, options=options)
    cleaned = clean_pois(read.frame, boundary)
    if not len(cleaned.pois):
        raise _none_inside(file, read.frame)
    found = FoundPlaces(cleaned.pois, cleaned.dropped, read.report)
    return found if held is None or not len(held) else _without(found, held, boundary, file)


def _without(
    found: FoundPlaces, held: gpd.GeoDataFrame, boundary: BaseGeometry, file: Path
) -> FoundPlaces:
    """Leave out what the city has, by the same rule as within a file: what comes first stays."""
    both = pd.concat(
        [
            held[[*POI_COLUMNS, "geometry"]].assign(**{_HELD: True}),
            found.frame.assign(**{_HELD: False}),
        ],
        ignore_index=True,
    )
    kept = clean_pois(gpd.GeoDataFrame(both, geometry="geometry", crs=held.crs), boundary).pois
    new = kept[~kept[_HELD].astype(bool)].drop(columns=_HELD).reset_index(drop=True)
    if not len(new):
        raise InputError(
            "the city has all of these places already",
            f"{len(found.frame)} places of {file.name}",
            "give a file with other places",
            code="no-new-place",
        )
    repeated = {DUPLICATE: len(found.frame) - len(new)}
    return FoundPlaces(new, together(found.dropped, repeated), found.report)


def check_pooled(
    found: FoundPlaces, file: Path, pooled: Pooled, embedding: Embedding | None, radius_m: float
) -> None:
    """Refuse a file of which no place has embedding data around it.

    Args:
        found: The places.
        file: What they come from.
        pooled: What they were pooled to.
        embedding: What they were pooled from; None of stored areas.
        radius_m: Of pixels or samples around a place.

    Raises:
        InputError: No place has data.
    """
    if pooled.ok.any():
        return
    radius = None if embedding is None else embedding.fitting_radius(found.lonlat)
    if radius is not None:
        raise InputError(
            "no place has a sample of the embedding around it",
            f"radius {radius_m:g} m",
            f"the samples lie further apart: try a radius of {radius:g} metres "
            f"(in commands: --radius-m {radius:g})",
            code="no-place-with-embedding",
        )
    reasons = ", ".join(f"{n} {reason}" for reason, n in pooled.dropped.items())
    raise InputError(
        "no place has embedding data around it",
        f"{file.name}: {reasons}",
        "check that the places lie inside the embedding, or use a larger radius",
        code="no-place-with-embedding",
    )


def together(*counts: Mapping[str, int]) -> dict[str, int]:
    """Add up what was left out, by reason."""
    return dict(sum(map(Counter, counts), Counter[str]()))  # a sum keeps none that is 0


def _none_inside(file: Path, read: gpd.GeoDataFrame) -> InputError:
    west, south, east, north = extent_of(read.geometry.to_numpy())
    return InputError(
        "no place inside the city has a name or category",
        f"{len(read)} places in {file.name}, from {west:.4f}, {south:.4f} "
        f"to {east:.4f}, {north:.4f}",
        "check that places, boundary and embedding cover the same city, and check the category "
        "column",
        code="no-place-in-city",
    )
