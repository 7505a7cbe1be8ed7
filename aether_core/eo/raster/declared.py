"""Which rasters say of themselves that their bands are one embedding, whatever its length.

AlphaEarth needs no word: 64 bands are enough. Any other embedding is known by a dataset tag, as our
own files carry it, or by bands numbered in a row from 0, such as Z000 to Z127.
"""

import re
from collections.abc import Mapping, Sequence

from aether_core.eo.alphaearth import BAND_NAMES, BANDS
from aether_core.eo.embedding_kind import ALPHAEARTH, UNNAMED, kind_of_tag
from aether_core.errors import InputError

EMBEDDING_TAG = "EMBEDDING"
"""Dataset tag that names the embedding a raster holds."""
MAX_BANDS = 4096
"""More bands than this are no embedding anyone makes; it bounds what a pixel may cost."""

_NUMBERED = re.compile(r"([A-Za-z_]*)(\d+)")


def declares_embedding(tags: Mapping[str, str], names: Sequence[str | None]) -> bool:
    """Whether a raster's bands are an embedding by its own word.

    Args:
        tags: Dataset tags.
        names: Description of each band, None where it has none.

    Returns:
        True for 2 to 4096 bands under the tag `EMBEDDING` or numbered in a row from 0 behind one
        prefix. Names of AlphaEarth's own bands count only when all 64 are there.
    """
    if not 2 <= len(names) <= MAX_BANDS:
        return False
    if set(names) & set(BAND_NAMES) and len(names) != BANDS:
        return False
    return bool(tags.get(EMBEDDING_TAG, "").strip()) or _numbered_in_a_row(names)


def declared_kind(tags: Mapping[str, str], names: Sequence[str | None]) -> str | None:
    """Which embedding a raster is by its own word.

    Args:
        tags: Dataset tags.
        names: Description of each band, None where it has none.

    Returns:
        What the tag `EMBEDDING` says; without it, AlphaEarth for 64 bands and `UNNAMED` for others
        numbered in a row. None where nothing declares the bands an embedding.
    """
    tag = tags.get(EMBEDDING_TAG, "").strip()
    if len(names) == BANDS and not tag:
        return ALPHAEARTH
    if len(names) != BANDS and not declares_embedding(tags, names):
        return None
    return kind_of_tag(tag) if tag else UNNAMED


def check_named(file: str, kind: str, tags: Mapping[str, str], names: Sequence[str | None]) -> None:
    """Refuse a name that contradicts the raster it is given to.

    Args:
        file: What to call the raster in the error.
        kind: Name of an embedding other than AlphaEarth.
        tags: Dataset tags.
        names: Description of each band, None where it has none.

    Raises:
        InputError: The raster is tagged as another embedding, carries AlphaEarth's band names, or
            has too few or too many bands.
    """
    tag = tags.get(EMBEDDING_TAG, "").strip()
    said = kind_of_tag(tag) if tag else ALPHAEARTH if set(names) & set(BAND_NAMES) else kind
    if said != kind:
        raise InputError(
            f"{file} is labelled as another embedding",
            f"{said}, not {kind}",
            "give the files of that embedding, or correct its name",
            code="embedding-of-another-kind",
        )
    if not 2 <= len(names) <= MAX_BANDS:
        raise InputError(
            f"{file} cannot be an embedding",
            f"{len(names)} bands",
            f"give a raster with 2 to {MAX_BANDS} bands, one per embedding dimension",
            code="embedding-length-out-of-range",
        )


def _numbered_in_a_row(names: Sequence[str | None]) -> bool:
    found = [_NUMBERED.fullmatch(name or "") for name in names]
    prefixes = {match[1] for match in found if match is not None}
    numbers = [int(match[2]) for match in found if match is not None]
    return len(prefixes) == 1 and numbers == list(range(len(names)))
