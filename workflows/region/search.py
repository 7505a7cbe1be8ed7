"""The best cells of a whole region for a question in words."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
from numpy.typing import NDArray

from aether_core.errors import ConflictError, InputError
from aether_core.files.held_folder import hold_folder, is_held_name, remove_left
from aether_core.model.files.card import UNKNOWN
from aether_core.poi.text import query_texts
from aether_core.search.nearest import nearest_rows
from aether_core.search.scoring import mean_direction, query_direction
from workflows.encoders.encoders import encoder_named
from workflows.home.kept_arrays import Rows, kept, kept_quantised
from workflows.home.settings import Settings
from workflows.locations.location import Location
from workflows.region.heads import region_heads
from workflows.region.partition import cell_vectors, records
from workflows.region.region import region_facts

INDEX = "index"


@dataclass(frozen=True)
class RegionAnswer:
    """The best cells of a region.

    Attributes:
        query: What was asked.
        minus: What was looked away from.
        cells: Cells of the region.
        scored: How many were scored in float32; all others cannot be among the best.
        scan_seconds: The search alone, without loading and without encoding the words.
        seconds: All of it.
        results: Cell, lon, lat, score, percentile; best first.
        attribution: Credits.
    """

    query: str
    minus: str | None
    cells: int
    scored: int
    scan_seconds: float
    seconds: float
    results: tuple[dict[str, Any], ...]
    attribution: tuple[str, ...]


def search_region(
    settings: Settings, location: Location, query: str, top: int = 20, minus: str | None = None
) -> RegionAnswer:
    """Find the cells whose embedding is nearest to a text query.

    The vectors of all pieces are laid out as one array with a copy of a byte a value, both mapped
    from the disk, derived from the pieces and made anew where they are damaged or other pieces are
    there; those of a bucket below the home's cache.

    Raises:
        NotFoundError: The location holds no region.
        ConflictError: Pieces are still to be made.
        DamagedFileError: A piece is damaged.
        InputError: The query is empty or too long, or the model answers no text.
    """
    began = time.perf_counter()
    texts, away = query_texts(query), query_texts(minus) if minus is not None else None
    facts = region_facts(location)
    direction = _direction(settings, location, facts, texts, away)
    folder, keys, z = _index(settings, location, facts)
    copy = kept_quantised(folder, "cells", z)
    scan = time.perf_counter()
    best = nearest_rows(z, copy, direction, top)
    ended = time.perf_counter()
    return RegionAnswer(
        query=query,
        minus=minus,
        cells=len(keys),
        scored=best.scored,
        scan_seconds=ended - scan,
        seconds=ended - began,
        results=tuple(
            _named(int(keys[row]), float(score), float(share))
            for row, score, share in zip(best.rows, best.score, best.percentile, strict=True)
        ),
        attribution=tuple(facts["attribution"]),
    )


def _named(cell: int, score: float, percentile: float) -> dict[str, Any]:
    cell = int(np.int64(cell).astype(np.uint64))
    lat, lon = h3.cell_to_latlng(cell)
    return {
        "cell": f"{cell:x}",
        "lon": round(float(lon), 7),
        "lat": round(float(lat), 7),
        "score": score,
        "percentile": percentile,
    }


def _direction(
    settings: Settings,
    location: Location,
    facts: dict[str, Any],
    texts: Sequence[str],
    away: Sequence[str] | None,
) -> NDArray[np.float32]:
    from aether_core.model.heads.inference import encode_text

    name = facts["encoder"]
    if name in (None, UNKNOWN):
        raise InputError(
            "the model was imported without its text encoder, so text search is not available",
            facts["model"] or "a model without a card",
            "embed the region with a model that says which encoder is its own",
            code="model-without-encoder",
        )
    encoder, heads = encoder_named(settings, name), region_heads(location)

    def meant(words: Sequence[str]) -> NDArray[np.float32]:
        meaning = mean_direction(encoder.encode(list(words)))
        return np.asarray(encode_text(heads, meaning[None])[0], dtype=np.float32)

    return query_direction(meant(texts), meant(away) if away is not None else None)


def _index(
    settings: Settings, location: Location, facts: dict[str, Any]
) -> tuple[Path, NDArray[np.int64], NDArray[np.float32]]:
    """Where they are kept, H3 indexes as int64, and vectors."""
    pieces = [piece for piece in records(location) if piece.key == facts["key"]]
    if len(pieces) < facts["pieces"]:
        raise ConflictError(
            "the region is not done",
            f"{len(pieces)} of {facts['pieces']} pieces",
            "run region embed again, which goes on",
            code="region-not-done",
        )
    content = sorted(f"{file} {sum_}" for piece in pieces for file, sum_ in piece.files.items())
    key = sha256("\n".join(content).encode()).hexdigest()[:16]
    index = location.local_folder(INDEX, settings.regions)
    index.mkdir(parents=True, exist_ok=True)
    folder = index / key
    remove_left(index)

    from aether_core.model.heads.heads import JOINT_DIM

    held = hold_folder(index, key)
    try:

        def computed() -> Rows:
            """On the disk, too: vectors of a country are larger than the memory."""
            total = sum(piece.cells for piece in pieces)
            if not total:
                return np.empty(0, dtype=np.int64), np.empty((0, JOINT_DIM), dtype=np.float32)
            keys, start = np.empty(total, dtype=np.int64), 0
            z = np.lib.format.open_memmap(
                held.path / "z.npy", mode="w+", dtype=np.float32, shape=(total, JOINT_DIM)
            )
            for cells, vectors in cell_vectors(location, pieces):
                end = start + len(cells)
                keys[start:end], z[start:end] = cells, vectors
                start = end
            return keys, z

        keys, z = kept(folder, "cells", computed)
    finally:
        held.remove()
    for other in index.iterdir():
        if other.name != key and not is_held_name(other.name):
            shutil.rmtree(other, ignore_errors=True)
    return folder, keys, z
