"""One place of Overture Maps: why it is left out, and what it is in words.

The same for a release read from its server and for a file somebody made of one.
"""

from collections.abc import Mapping
from typing import Any

from aether_core.errors import InputError
from aether_core.language import other_names
from aether_core.poi.overture.taxonomy import describe_overture

SOURCE = "Overture Maps"
DEFAULT_CONFIDENCE = 0.5

CLOSED = "permanently closed"
CLOSED_STATUS = "permanently_closed"
_UNSURE = "confidence under {}"
_UNTOLD = "no confidence given"


def check_confidence(min_confidence: float) -> None:
    """Refuse a threshold that is no share.

    Raises:
        InputError: It is not from 0 to 1.
    """
    if not 0 <= min_confidence <= 1:
        raise InputError(
            "the confidence must be from 0 to 1",
            min_confidence,
            "try 0.5",
            code="confidence-out-of-range",
        )


def check_unsure_share(share: float) -> None:
    """Refuse a share of places to leave out that leaves none.

    Raises:
        InputError: It is not from 0 to under 1.
    """
    if not 0 <= share < 1:
        raise InputError(
            "the share of places to leave out must be from 0 to under 1",
            share,
            "try 0.25",
            code="unsure-share-out-of-range",
        )


def reason_against(row: Mapping[str, Any], min_confidence: float) -> str:
    """Return why a place is left out, "" when it is not.

    Args:
        row: `operating_status` and `confidence` of a record.
        min_confidence: Smallest confidence that is kept; 0 keeps also those without.
    """
    confidence = row["confidence"]
    if row.get("operating_status") == CLOSED_STATUS:
        return CLOSED
    if confidence is None:
        return _UNTOLD if min_confidence > 0 else ""
    return _UNSURE.format(f"{min_confidence:g}") if confidence < min_confidence else ""


def names_in(common: object) -> str:
    """What `names.common` calls a thing in other languages, for the column `other_names`.

    Args:
        common: A map as its file has it: a record, pairs, or records of key and value; or None.
    """
    if isinstance(common, Mapping):
        return other_names(common.items())
    pairs = []
    for one in common if isinstance(common, list | tuple) else ():
        if isinstance(one, Mapping):
            pairs.append((one.get("key"), one.get("value")))
        elif isinstance(one, list | tuple) and len(one) == 2:
            pairs.append((one[0], one[1]))
    return other_names(pairs)


def described(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return category and group in words, from whichever taxonomy the row has."""
    taxonomy, categories = row.get("taxonomy") or {}, row.get("categories") or {}
    primary = taxonomy.get("primary") or categories.get("primary") or ""
    return describe_overture(
        primary, taxonomy.get("hierarchy") or (), row.get("basic_category") or ""
    )
