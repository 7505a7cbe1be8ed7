"""The best cells of a whole region for a question in words."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
from numpy.typing import NDArray

from aether_core.errors import ConflictError, InputError
from aether_core.model.files.card import UNKNOWN
from aether_core.poi.text import query_texts
from aether_core.search.nearest import best_of_parts
from aether_core.search.scoring import mean_direction, query_direction
from workflows.encoders.encoders import encoder_named
from workflows.home.settings import Settings
from workflows.locations.location import Location
from workflows.region.heads import region_heads
from workflows.region.partition import Partition, records
from workflows.region.region import region_facts
from workflows.region.scan import ScanTask, forget_others, parts_of, scan
from workflows.schedulers.schedulers import HERE, compute


@dataclass(frozen=True)
class RegionAnswer:
    """The best cells of a region.

    Attributes:
        query: What was asked.
        minus: What was looked away from.
        cells: Cells of the region.
        parts: Parts that it was scanned in.
        scored: How many were scored in float32; all others cannot be among the best.
        scan_seconds: The search alone, without encoding the words; with laying out the vectors
            where that is to be done, and with the start of local workers.
        seconds: All of it.
        results: Cell, lon, lat, score, percentile; best first.
        attribution: Credits.
    """

    query: str
    minus: str | None
    cells: int
    parts: int
    scored: int
    scan_seconds: float
    seconds: float
    results: tuple[dict[str, Any], ...]
    attribution: tuple[str, ...]


def search_region(
    settings: Settings,
    location: Location,
    query: str,
    top: int = 20,
    minus: str | None = None,
    scheduler: str = HERE,
    workers: int = 2,
) -> RegionAnswer:
    """Find the cells whose embedding is nearest to a text query.

    Args:
        settings: Of this installation.
        location: Of the region.
        query: What to look for.
        top: How many cells.
        minus: What to look away from.
        scheduler: Who scans: "here", "local", or the address of a Dask scheduler.
        workers: Processes, for "local".

    Returns:
        The same, to the bit, whoever scans.

    Raises:
        NotFoundError: The location holds no region.
        ConflictError: Pieces are still to be made.
        DamagedFileError: A piece is damaged.
        InputError: The query is empty or too long, the model answers no text, or there is no such
            scheduler.
        AetherError: No worker is left.
    """
    began = time.perf_counter()
    texts, away = query_texts(query), query_texts(minus) if minus is not None else None
    facts = region_facts(location)
    direction = _direction(settings, location, facts, texts, away)
    pieces = _whole(location, facts)
    parts = parts_of(location, settings.regions, pieces)
    started = time.perf_counter()
    tasks = [ScanTask(number, part, direction, top) for number, part in enumerate(parts)]
    found = sorted(compute(scheduler, workers, scan, tasks, location), key=lambda part: part.number)
    best = best_of_parts([part.best for part in found], top)
    cells = np.concatenate([part.cells for part in found])
    ended = time.perf_counter()
    forget_others(parts)
    return RegionAnswer(
        query=query,
        minus=minus,
        cells=sum(piece.cells for piece in pieces),
        parts=len(parts),
        scored=best.scored,
        scan_seconds=ended - started,
        seconds=ended - began,
        results=tuple(
            _named(int(cells[row]), float(score), float(share))
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


def _whole(location: Location, facts: dict[str, Any]) -> list[Partition]:
    """Every piece of a region that is done."""
    pieces = [piece for piece in records(location) if piece.key == facts["key"]]
    if len(pieces) < facts["pieces"]:
        raise ConflictError(
            "the region is not done",
            f"{len(pieces)} of {facts['pieces']} pieces",
            "run region embed again, which goes on",
            code="region-not-done",
        )
    return pieces
