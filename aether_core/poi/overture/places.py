"""Places of Overture Maps: those that exist, in the words OpenStreetMap places have here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from aether_core.language import OTHER_NAMES
from aether_core.net import RemoteError, Web
from aether_core.poi.frame import plain_text, poi_frame
from aether_core.poi.overture.record import (
    CLOSED_STATUS,
    DEFAULT_CONFIDENCE,
    SOURCE,
    check_confidence,
    check_unsure_share,
    described,
    names_in,
    reason_against,
)
from aether_core.poi.overture.release import Overture
from aether_core.poi.overture.table import TableSize, overture_size, overture_table
from aether_core.poi.poi_source import OUTSIDE, NoPlacesError, PoiSource, cut_to
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import boxes_of, extent_of
from aether_core.vector import WGS84

_COLUMNS = ("id", "geometry", "names.primary", "confidence", "sources.dataset", "sources.license")
_TAXONOMIES = ("taxonomy.primary", "taxonomy.hierarchy", "categories.primary", "basic_category")
_OPTIONAL = (*_TAXONOMIES, "operating_status", "names.common")

_CDLA = "CDLA-Permissive-2.0"
_DATASETS: dict[str, tuple[str, str]] = {
    "meta": ("Meta", _CDLA),
    "microsoft": ("Microsoft", _CDLA),
    "msft": ("Microsoft", _CDLA),
    "foursquare": ("© Foursquare Labs, Inc.", "Apache-2.0"),
    "alltheplaces": ("AllThePlaces", "CC0-1.0"),
    "pinmeto": ("PinMeTo", _CDLA),
    "renderseo": ("RenderSEO", _CDLA),
    "krick": ("Krick", _CDLA),
    "dac": ("DAC", _CDLA),
}
"""How a dataset is credited and, where a place does not say so, licensed: Overture Maps
documentation, "Attribution and licensing", places."""
Credit = tuple[str, str]
"""How a dataset is credited, and its licence."""

_BATCH = 8192
_OWN = "overture"  # the part of a record that Overture itself adds


def overture_places(
    web: Web,
    overture: Overture,
    boundary: shapely.Geometry,
    *,
    min_confidence: float = DEFAULT_CONFIDENCE,
    unsure_share: float | None = None,
    progress: Progress = silent,
) -> PoiSource:
    """Read the places of a release that lie in a boundary.

    Left out are places closed for good (those closed for a while stay), and places whose
    confidence (0 to 1, that they exist) is too small or, with a threshold above 0, not told.

    Args:
        web: Where the files are read.
        overture: The release.
        boundary: The city, WGS84.
        min_confidence: Smallest confidence that is kept.
        unsure_share: Share of the release's places in and around the boundary that are left out as
            the least sure, instead of a confidence: what a confidence means drifts from release to
            release.
        progress: In bytes. What it raises stops the reading.

    Returns:
        The places, credited by the datasets they come from.

    Raises:
        InputError: Threshold or share cannot be used, or the release is not there.
        NoPlacesError: No place is left.
        RemoteError: Index or files are not as they should be; a missing column is named.
        OfflineError: No connection comes about.
    """
    check_confidence(min_confidence)
    if unsure_share is not None:
        check_unsure_share(unsure_share)
    table = overture_table(
        web,
        overture,
        "places",
        "place",
        boxes_of(extent_of(boundary)),
        columns=_COLUMNS,
        optional=_OPTIONAL,
        progress=progress,
    )
    _check_taxonomy(table, overture)
    told = _confidences(table)
    if unsure_share is not None and len(told):
        min_confidence = float(np.quantile(told, unsure_share, method="higher"))
    frames, dropped, datasets = [_as_pois([])], Counter[str](), Counter[Credit]()
    # A megacity has a million rows: as Python objects only some at a time.
    for batch in table.to_batches(max_chunksize=_BATCH):
        frame, credited = _cleaned(batch.to_pylist(), boundary, min_confidence, dropped)
        frames.append(frame)
        datasets.update(credited)
    kept = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=WGS84)
    if kept.empty:
        raise _nothing(overture.release, dropped, min_confidence)
    credits_ = [credit for credit, _ in datasets.most_common()]
    return PoiSource(
        kind="overture",
        title="Overture Maps places",
        version=overture.release,
        licences=tuple(dict.fromkeys(licence for _, licence in credits_)),
        attribution=_attribution(overture.release, credits_),
        url=overture.url,
        frame=kept,
        dropped=dict(dropped),
        sureness=_sureness(told, min_confidence, unsure_share),
    )


def _confidences(table: pa.Table) -> NDArray[np.float64]:
    """What is told of how sure the places are that are not closed for good."""
    if not table.num_rows:
        return np.empty(0)
    told = table["confidence"].to_numpy().astype(np.float64)
    if "operating_status" in table.column_names:
        status = table["operating_status"].to_pylist()
        told[[each == CLOSED_STATUS for each in status]] = np.nan
    return np.asarray(told[np.isfinite(told)])


def _sureness(told: NDArray[np.float64], min_confidence: float, unsure_share: float | None) -> str:
    """Say what was asked of places, and how sure those of the release are there."""
    if not len(told):
        return ""
    low, middle, high = np.quantile(told, (0.25, 0.5, 0.75))
    kept = f"a confidence of {min_confidence:g} and more"
    if unsure_share is not None:
        kept = f"all but the least sure {unsure_share:.0%} of the release's places here: {kept}"
    return (
        f"{kept}; of the {len(told):,} places in and around the boundary"
        f" {np.mean(told < min_confidence):.0%} have less, quartiles {low:.2f}, {middle:.2f},"
        f" {high:.2f}"
    )


def count_overture(
    web: Web, overture: Overture, boundary: shapely.Geometry, *, progress: Progress = silent
) -> TableSize:
    """Tell from the files' footers how many places there may be and how much would be read.

    Args:
        web: Where the footers are read.
        overture: The release.
        boundary: The city, WGS84.
        progress: What it raises stops the reading.

    Raises:
        AetherError: As `overture_places`.
    """
    return overture_size(
        web,
        overture,
        "places",
        "place",
        boxes_of(extent_of(boundary)),
        columns=_COLUMNS,
        optional=_OPTIONAL,
        progress=progress,
    )


def _check_taxonomy(table: pa.Table, overture: Overture) -> None:
    """Refuse a release that tells no categories in any way known here."""
    known = {name.split(".")[0] for name in _TAXONOMIES}
    if table.num_rows and not known & set(table.column_names):
        raise RemoteError(
            overture.url,
            f"has different columns than expected: {', '.join(sorted(known))} are all missing",
            "try another release",
            code="overture-columns-changed",
        )


def _cleaned(
    rows: Sequence[Mapping[str, Any]],
    boundary: shapely.Geometry,
    min_confidence: float,
    dropped: Counter[str],
) -> tuple[gpd.GeoDataFrame, Counter[Credit]]:
    """Return the places to be kept and how many of them each dataset told of.

    Args:
        rows: Of a release.
        boundary: Places outside go.
        min_confidence: Places that are less sure go.
        dropped: What goes is counted here by its reason.
    """
    reasons = [reason_against(row, min_confidence) for row in rows]
    kept = [row for row, reason in zip(rows, reasons, strict=True) if not reason]
    frame, outside = cut_to(_as_pois(kept), boundary)
    dropped.update(reason for reason in reasons if reason)
    if outside:
        dropped[OUTSIDE] += outside
    ids = set(frame["source_id"])
    sources = [row["sources"] or () for row in kept if row["id"] in ids]
    entries = ({_credit(entry) for entry in each if _dataset(entry) != _OWN} for each in sources)
    return frame, Counter(credit for each in entries for credit in each)


def _as_pois(rows: Sequence[Mapping[str, Any]]) -> gpd.GeoDataFrame:
    """Turn rows of a release into the POI table."""
    pairs = [described(row) for row in rows]
    return poi_frame(
        {
            "source": [SOURCE] * len(rows),
            "source_id": [plain_text(row["id"]) for row in rows],
            "name": [plain_text((row["names"] or {}).get("primary")) for row in rows],
            "category": [category for category, _ in pairs],
            "group": [group for _, group in pairs],
            OTHER_NAMES: [names_in((row["names"] or {}).get("common")) for row in rows],
        },
        shapely.from_wkb([row["geometry"] for row in rows], on_invalid="ignore"),
    )


def _credit(entry: Mapping[str, Any]) -> Credit:
    """Return how a dataset is credited, and its licence."""
    name, usual = _DATASETS.get(_dataset(entry), (plain_text(entry.get("dataset")), ""))
    licence = plain_text(entry.get("license")) or usual or "licence not stated"
    return name, licence


def _dataset(entry: Mapping[str, Any]) -> str:
    return plain_text(entry.get("dataset")).lower()


def _attribution(release: str, credits_: Sequence[Credit]) -> str:
    """Return the credit of a release's places."""
    own = f"© Overture Maps Foundation, overturemaps.org, places, release {release}"
    listed = ", ".join(f"{name} ({licence})" for name, licence in credits_)
    return f"{own}, with data from {listed}" if listed else own


def _nothing(release: str, dropped: Mapping[str, int], min_confidence: float) -> NoPlacesError:
    """Return the error of a city without places."""
    unsure = sum(count for reason, count in dropped.items() if reason.startswith("confidence"))
    less = f"a confidence below {min_confidence:g}, " if unsure else ""
    return NoPlacesError(
        "no places found inside the boundary",
        f"Overture release {release}",
        f"try {less}OpenStreetMap, a larger boundary, or a file of places",
    )
