"""Releases of Overture Maps: which there are, and which files of one cover a place.

A release is files on a bucket and, beside the catalogue's `catalog.json`, one index of them:
`<release>/collections.parquet`, a row a file with its bounding box and address (STAC items).
Only the newest releases stay on the bucket.
"""

import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from aether_core.errors import InputError
from aether_core.net import CancelCheck, RemoteError, RemoteMissingError, Web, never_cancelled
from aether_core.spatial.longitudes import Bounds

"""West, south, east, north in degrees, WGS84."""

_RELEASE = re.compile(r"\d{4}-\d{2}-\d{2}(?:-\w+)?\.\d+")
_CATALOGUE_BYTES = 4 * 1024**2
_INDEX_BYTES = 64 * 1024**2
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Overture:
    """One release on its servers.

    Attributes:
        release: Such as `2026-10-21.0`.
        url: The bucket's address; files lie under `release/<release>/`.
        catalog_url: Address of the catalogue, `catalog.json`.
        cache: Folder where the files' footers are kept for the next time; None keeps none.
    """

    release: str
    url: str
    catalog_url: str
    cache: Path | None = None


def released(
    web: Web, catalog_url: str, *, check_cancelled: CancelCheck = never_cancelled
) -> list[str]:
    """List the releases in the catalogue, newest first.

    Args:
        web: Where it is asked.
        catalog_url: Address of `catalog.json`.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Raises:
        RemoteError: The answer is no catalogue of releases.
    """
    body = web.get(catalog_url, limit=_CATALOGUE_BYTES, check_cancelled=check_cancelled).body
    try:
        catalogue = json.loads(body)
        # An address is relative, "./2026-10-21.0/catalog.json", or absolute.
        links = [str(link["href"]) for link in catalogue["links"] if link.get("rel") == "child"]
        latest = str(catalogue.get("latest", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        links, latest = [], ""
    names = {part for link in links for part in link.split("/")} | {latest}
    found = [name for name in names if _RELEASE.fullmatch(name)]
    if not found:
        raise RemoteError(
            catalog_url,
            "lists no releases",
            "check the catalogue's address",
            code="overture-catalogue-without-releases",
        )
    # One that is listed may still be on its way; the catalogue says which one is out.
    return sorted(found, key=lambda name: (name == latest, name), reverse=True)


def choose_release(
    web: Web,
    catalog_url: str,
    wanted: str | None = None,
    *,
    check_cancelled: CancelCheck = never_cancelled,
) -> str:
    """Return the wanted release if it is still there, the newest where none is wanted.

    Args:
        web: Where the catalogue is asked.
        catalog_url: Address of `catalog.json`.
        wanted: A release; None for the newest.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Raises:
        InputError: The wanted release is not there; names those that are.
        RemoteError: The answer is no catalogue of releases.
    """
    there = released(web, catalog_url, check_cancelled=check_cancelled)
    if wanted is not None and wanted not in there:
        raise InputError(
            "this Overture release is no longer on the server, which keeps only the newest",
            wanted,
            f"use one of {', '.join(there)}",
            code="no-such-overture-release",
        )
    return wanted or there[0]


def release_files(
    web: Web,
    overture: Overture,
    theme: str,
    kind: str,
    boxes: Sequence[Bounds],
    *,
    check_cancelled: CancelCheck = never_cancelled,
) -> list[str]:
    """List the files of a release that may hold something of a place.

    Args:
        web: Where the index is asked.
        overture: The release.
        theme: Such as `places`.
        kind: Type in the theme, such as `place`.
        boxes: The place; two boxes where it lies across the 180th meridian.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Returns:
        Full addresses under `overture.url`; none when nothing lies there.

    Raises:
        InputError: The release is not there.
        RemoteError: The index is damaged, or changed its columns (names them), or has no file of
            this kind anywhere.
    """
    url = f"{overture.catalog_url.rsplit('/', 1)[0]}/{quote(overture.release)}/collections.parquet"
    try:
        body = web.get(url, limit=_INDEX_BYTES, check_cancelled=check_cancelled).body
    except RemoteMissingError:
        choose_release(web, overture.catalog_url, overture.release, check_cancelled=check_cancelled)
        raise
    folder = f"release/{overture.release}/theme={theme}/type={kind}/"
    # The index has a column for the type, which has been null since the summer of 2026; the
    # address of a file tells it as well.
    inside = re.compile(rf"(?:^|/)({re.escape(folder)}[A-Za-z0-9._-]+\.parquet)$")
    known = [
        (f"{overture.url.rstrip('/')}/{found[1]}", box)
        for href, box in _items(url, body)
        if (found := inside.search(href))
    ]
    if not known:
        raise RemoteError(
            url,
            f"lists no file of {folder}",
            "try another release",
            code="overture-index-without-files",
        )
    return sorted(address for address, box in known if any(_meet(box, bounds) for bounds in boxes))


def _items(url: str, body: bytes) -> Iterable[tuple[str, dict[str, float]]]:
    """Yield address and bounding box of every file in an index."""
    try:
        table = pq.read_table(io.BytesIO(body))
    except (pa.ArrowException, OSError) as error:
        raise RemoteError(url, "is not a Parquet file", code="remote-not-parquet") from error
    missing = [name for name in ("assets", "bbox") if name not in table.column_names]
    if missing:
        listed = ", ".join(table.column_names[:20])
        raise RemoteError(
            url,
            f"has different columns than expected: {missing[0]} is missing from {listed}",
            code="overture-columns-changed",
        )
    boxes, assets = table.column("bbox").to_pylist(), table.column("assets").to_pylist()
    for box, asset in zip(boxes, assets, strict=True):
        href = _address(asset)
        if href and (not isinstance(box, dict) or any(box.get(at) is None for at in _CORNERS)):
            raise RemoteError(
                url,
                f"has different columns than expected: bbox lacks {', '.join(_CORNERS)}",
                code="overture-columns-changed",
            )
        yield href, box


def _address(asset: Any) -> str:  # noqa: ANN401 - whatever a nested column holds
    """Return where a file lies on the bucket, "" when the row tells none."""
    try:
        return str(asset["aws"]["alternate"]["s3"]["href"])
    except (KeyError, TypeError):
        return ""


def _meet(box: dict[str, float], bounds: Bounds) -> bool:
    west, south, east, north = bounds
    across = box["xmin"] <= east and box["xmax"] >= west
    return across and box["ymin"] <= north and box["ymax"] >= south
