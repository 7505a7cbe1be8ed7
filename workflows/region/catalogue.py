"""Which regions there are, for people who look for one: told by the store, made without it.

`region fetch` and `embed` touch no database. Whoever wants a region to be found adds its folder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from aether_core.errors import AetherError, NotFoundError
from db import regions as region_rows
from db.schema import Region
from workflows.accounts.acting import ADD_REGION, FORGET_REGION, Role, allow, check_may
from workflows.home.store import Store
from workflows.locations.addresses import location_of
from workflows.locations.location import Location
from workflows.region.fetch import fetch_facts, tiles_there
from workflows.region.partition import records
from workflows.region.region import region_facts

LIST: Final = "list regions"


@dataclass(frozen=True)
class ListedRegion:
    """A region as the list has it.

    Attributes:
        folder: Address of where it lies.
        kind: "fetch" for an embedding's rasters, "embed" for cells under a model.
        bbox: West, south, east, north in degrees; None where nothing is known of its area.
        year: Of the embedding, where it is known.
        model: Name of the model, where it has one.
        pieces: How many it will have.
        done: How many it has; whether they are whole is what `region show` finds out.
        there: Whether its folder was seen just now; if not, the rest is from when it last was.
        looked_at: When that was.
    """

    folder: str
    kind: str
    bbox: tuple[float, float, float, float] | None
    year: int | None
    model: str | None
    pieces: int
    done: int
    there: bool
    looked_at: datetime


@dataclass(frozen=True)
class _Found:
    """What a folder says of itself."""

    kind: str
    boundary: BaseGeometry | None
    year: int | None
    model: str | None
    pieces: int
    done: int


def add_region(store: Store, address: str) -> ListedRegion:
    """Put a region on the list, or look at it anew; where it lies is only read.

    Args:
        store: The store.
        address: A folder, or s3://BUCKET/PREFIX.

    Raises:
        NotFoundError: There is no region in the folder.
        NotAllowedError: Whoever asks may not.
    """
    location = location_of(store.settings, address)
    found = _look(location)
    if found is None:
        raise NotFoundError(
            "there is no region in this folder",
            location.address,
            "make one with `region fetch` or `region embed`",
            code="no-such-region",
        )
    with store.session() as session:
        allow(session, *ADD_REGION, location.address)
        region_rows.note_region(
            session,
            location.address,
            kind=found.kind,
            boundary=found.boundary,
            year=found.year,
            model=found.model,
            pieces=found.pieces,
            done=found.done,
        )
    return _listed(location.address, found, there=True, looked_at=datetime.now(UTC))


def list_regions(store: Store) -> list[ListedRegion]:
    """The regions that were added, as their folders are now.

    Raises:
        NotAllowedError: Nobody is signed in.
    """
    check_may(Role.VIEWER, LIST)
    with store.session() as session:
        rows = [(row, _as_it_was(row)) for row in region_rows.list_regions(session)]
    now = datetime.now(UTC)
    listed = []
    for row, before in rows:
        found = _seen(store, row.folder)
        when = row.looked_at if found is None else now
        listed.append(_listed(row.folder, found or before, there=found is not None, looked_at=when))
    return listed


def forget_region(store: Store, address: str) -> None:
    """Take a region off the list; its folder stays as it is.

    Args:
        store: The store.
        address: As it was added.

    Raises:
        NotFoundError: It is not on the list.
        NotAllowedError: Whoever asks may not.
    """
    path = location_of(store.settings, address).address
    with store.session() as session:
        allow(session, *FORGET_REGION, path)
        region_rows.remove_region(session, path)


def _fetched(location: Location) -> _Found | None:
    facts = fetch_facts(location)
    if facts is None:
        return None
    done = tiles_there(location, facts["tiles"])
    return _Found("fetch", _shape(facts), facts["year"], None, len(facts["tiles"]), done)


def _embedded(location: Location) -> _Found | None:
    try:
        facts = region_facts(location)
    except NotFoundError:
        return None
    done = sum(partition.key == facts["key"] for partition in records(location))
    return _Found("embed", _shape(facts), None, facts["model"], facts["pieces"], done)


_LOOKS: Final[tuple[Callable[[Location], _Found | None], ...]] = (_embedded, _fetched)
"""One for each kind of region there is."""


def _look(location: Location) -> _Found | None:
    return next((found for look in _LOOKS if (found := look(location)) is not None), None)


def _seen(store: Store, address: str) -> _Found | None:
    """What lies at an address just now; None where it is gone or out of reach."""
    try:
        return _look(location_of(store.settings, address))
    except AetherError:  # of one region: the list tells the others, and of this one how it was
        return None


def _shape(facts: dict[str, Any]) -> BaseGeometry | None:
    """The boundary that a folder states; folders from before it was kept state none."""
    stated = facts.get("boundary")
    return None if stated is None else shapely.geometry.shape(stated)


def _as_it_was(row: Region) -> _Found:
    boundary = region_rows.boundary_of(row)
    return _Found(row.kind, boundary, row.year, row.model, row.pieces, row.done)


def _listed(folder: str, found: _Found, *, there: bool, looked_at: datetime) -> ListedRegion:
    bounds = None if found.boundary is None else found.boundary.bounds
    return ListedRegion(
        folder=folder,
        kind=found.kind,
        bbox=bounds,
        year=found.year,
        model=found.model,
        pieces=found.pieces,
        done=found.done,
        there=there,
        looked_at=looked_at,
    )
