"""What was found in a file of places, whichever way it was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PoiColumns:
    """The places of a file, a row each in the file's order.

    Attributes:
        texts: Lists by column of the POI table (`POI_COLUMNS`), "" where missing.
        columns: Column of the file by what it was used for; None for what no column tells.
        reasons: Why a row is left out, "" for those that stay.
        source: What the file was recognised as, such as `Overture places`; None for others.
        notes: What else was decided, a sentence each.
    """

    texts: Mapping[str, Sequence[str]]
    columns: Mapping[str, str | None]
    reasons: Sequence[str]
    source: str | None = None
    notes: tuple[str, ...] = ()
