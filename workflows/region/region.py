"""A region: rasters, a model, and a folder that takes what is made of them, piece by piece."""

import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from aether_core.eo.embedding_kind import ALPHAEARTH, checked_kind, kind_title
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.pooling.view import Shape, View
from aether_core.eo.raster.embedding import RasterEmbedding
from aether_core.errors import ConflictError, InputError, NotFoundError
from aether_core.files.whole import sha256_of
from aether_core.model.files.card import CARD_FILE, WEIGHTS_FILE, ModelCard, read_card
from aether_core.model.raster.block_group import block_groups
from aether_core.model.recipes.definition import has_wide_view
from aether_core.progress import Progress, silent
from workflows.locations.location import Location
from workflows.region.heads import MODEL
from workflows.region.partition import (
    CELLS,
    PIXELS,
    RECORDS,
    Partition,
    is_whole,
    records,
)
from workflows.region.rasters import RegionRasters, looked_at, raster_sources
from workflows.region.task import GroupTask, RegionInput, make_partition
from workflows.schedulers.schedulers import HERE, compute

REGION_FILE = "region.json"
COARSEST, FINEST = 5, 12
_RADIUS_M = 100.0
_LAYOUT = 1


@dataclass(frozen=True)
class RegionRequest:
    """What to make of a region.

    Attributes:
        rasters: GeoTIFFs of an embedding, or what holds them; any CRS, any number of zones.
        model: Folder with `heads.safetensors`, and `model.json` where there is one.
        location: Takes the results; a region begun there is gone on with.
        resolution: H3 resolution of its cells.
        pixels: Embed every pixel, too.
        kind: Name of the rasters' embedding, where they do not say it.
        scheduler: "here", "local", or the address of a Dask scheduler.
        workers: Processes, for "local".
    """

    rasters: tuple[Location, ...]
    model: Path
    location: Location
    resolution: int = 10
    pixels: bool = False
    kind: str | None = None
    scheduler: str = HERE
    workers: int = 2


@dataclass(frozen=True)
class RegionDone:
    """What a run made.

    Attributes:
        folder: Address of the region.
        pieces: Block groups of the region.
        made: How many of them this run made; the others lay there whole.
        cells: Cells with data.
        left_out: Cells without enough data.
        pixels: Embedded pixels with data.
        seconds: Of this run.
        work_seconds: What all pieces made by it took, added up.
        cpu_seconds: Their processors' time, added up.
        peak_bytes: The most memory one process held.
        processes: How many processes made pieces.
    """

    folder: str
    pieces: int
    made: int
    cells: int
    left_out: int
    pixels: int
    seconds: float
    work_seconds: float
    cpu_seconds: float
    peak_bytes: int
    processes: int


@dataclass(frozen=True)
class RegionSummary:
    """How a region stands.

    Attributes:
        folder: Address of the region.
        facts: What `region.json` says.
        pieces: Block groups it has.
        done: Pieces that are whole.
        damaged: Names of pieces that have a record and are not whole.
        cells: Cells with data in pieces that are whole.
        bytes: Of the files of pieces.
    """

    folder: str
    facts: dict[str, Any]
    pieces: int
    done: int
    damaged: tuple[str, ...]
    cells: int
    bytes: int


def embed_region(request: RegionRequest, progress: Progress = silent) -> RegionDone:
    """Pool and embed a region; what lies in its location whole is not made again.

    Raises:
        InputError: Rasters, model, resolution, location or scheduler cannot be used.
        ConflictError: The location holds a region of other input.
        DiskFullError: No room left; what is done is kept.
        AetherError: No worker is left, or an object store does not answer.
    """
    began = time.perf_counter()
    _check_resolution(request.resolution)
    card, view, taken = _model(request.model)
    named = request.kind if request.kind is None else checked_kind(request.kind)
    kind = taken if named is None else named
    rasters, embedding = looked_at(raster_sources(request.rasters), kind, progress)
    _check_model(request.model, card, embedding, taken)
    given = _given(request, rasters, card, view, embedding)
    groups = block_groups(embedding.grids)
    _begin(request, given, embedding, card, len(groups))
    tasks = [GroupTask(given, group) for group in groups]
    done: list[Partition] = []
    made: list[Partition] = []
    for partition in compute(
        request.scheduler, request.workers, make_partition, tasks, given.location
    ):
        done.append(partition)
        if partition.run == given.run:
            made.append(partition)
        progress("embedding the region", len(done), len(tasks))
    return RegionDone(
        folder=given.location.address,
        pieces=len(tasks),
        made=len(made),
        cells=sum(partition.cells for partition in done),
        left_out=sum(partition.left_out for partition in done),
        pixels=sum(partition.pixels for partition in done),
        seconds=time.perf_counter() - began,
        work_seconds=sum(partition.seconds for partition in made),
        cpu_seconds=sum(partition.cpu_seconds for partition in made),
        peak_bytes=max((partition.peak_bytes for partition in made), default=0),
        processes=len({partition.process for partition in made}),
    )


def region_facts(location: Location) -> dict[str, Any]:
    """What `region.json` says.

    Raises:
        NotFoundError: The location holds no region.
    """
    try:
        return dict(json.loads(location.read(REGION_FILE) or b""))
    except ValueError as error:
        raise NotFoundError(
            "there is no region in this folder",
            location.address,
            "make one with `region embed`",
            code="no-such-region",
        ) from error


def show_region(location: Location) -> RegionSummary:
    """How a region stands; reads every byte of a disk's, and the list of a bucket's.

    Raises:
        NotFoundError: The location holds no region.
    """
    facts = region_facts(location)
    whole, damaged = [], []
    listed = location.files()
    for partition in records(location):
        if not is_whole(location, partition, listed):
            damaged.append(partition.name)
        elif partition.key == facts["key"]:
            whole.append(partition)
    return RegionSummary(
        folder=location.address,
        facts=facts,
        pieces=facts["pieces"],
        done=len(whole),
        damaged=tuple(damaged),
        cells=sum(partition.cells for partition in whole),
        bytes=sum(listed[file].bytes for part in whole for file in part.files),
    )


def _check_resolution(resolution: int) -> None:
    if not COARSEST <= resolution <= FINEST:
        raise InputError(
            "unsupported H3 resolution",
            resolution,
            f"give one from {COARSEST} to {FINEST}",
            code="cell-resolution-out-of-range",
        )


def _model(folder: Path) -> tuple[ModelCard | None, View, str | None]:
    """A model's card, the view it looks through, and the embedding it takes, where it is known."""
    card = read_card(folder / CARD_FILE) if (folder / CARD_FILE).exists() else None
    views = card.settings.get("views", "windows") if card else "windows"
    base = FILE_KINDS["raster"].views(_RADIUS_M)[0]
    view = base if has_wide_view(views) else View("disk", Shape.DISK, radius_m=_RADIUS_M)
    return card, view, card.embedding.known_name if card else None


def _check_model(
    folder: Path, card: ModelCard | None, embedding: RasterEmbedding, taken: str | None
) -> None:
    from aether_core.model.files.folder import load_heads

    heads = load_heads(folder)
    if embedding.dim != heads.eo_dim:
        raise InputError(
            f"the rasters have {embedding.dim} bands, this model expects {heads.eo_dim}",
            folder,
            "give the embedding the model was trained on",
            code="embedding-length-mismatch",
        )
    if card is not None and taken is not None and embedding.name != taken:
        raise InputError(
            "the model was trained on another kind of embedding",
            f"{kind_title(taken)}, not {kind_title(embedding.name)}",
            "give the embedding the model was trained on",
            code="model-of-another-embedding",
        )


def _given(
    request: RegionRequest,
    rasters: RegionRasters,
    card: ModelCard | None,
    view: View,
    embedding: RasterEmbedding,
) -> RegionInput:
    import torch

    from aether_core.eo.alphaearth import ATTRIBUTION
    from aether_core.model.raster.embed import ModelIdentity

    weights = sha256_of(request.model / WEIGHTS_FILE)
    own = (ATTRIBUTION,) if embedding.name == ALPHAEARTH else ()
    of_model = tuple(card.attribution) if card else ()
    decided_by = {
        "layout": _LAYOUT,
        "embedding": embedding.name,
        "rasters": rasters.sums,
        "weights": weights,
        "resolution": request.resolution,
        "view": repr(view),
        "pixels": request.pixels,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }
    return RegionInput(
        location=request.location,
        key=hashlib.sha256(json.dumps(decided_by).encode()).hexdigest(),
        run=uuid.uuid4().hex,
        rasters=rasters,
        identity=ModelIdentity(weights, card.name if card else None, of_model),
        resolution=request.resolution,
        view=view,
        pixels=request.pixels,
        credits=tuple(dict.fromkeys((*embedding.credits, *own, *of_model))),
    )


def _begin(
    request: RegionRequest,
    given: RegionInput,
    embedding: RasterEmbedding,
    card: ModelCard | None,
    pieces: int,
) -> None:
    """Make ready, or find the same region begun there."""
    location = given.location
    if location.read(REGION_FILE) is not None:
        if region_facts(location)["key"] != given.key:
            raise ConflictError(
                "the folder holds a region of other rasters, another model or other settings",
                location.address,
                "choose another folder, or remove this one",
                code="region-of-other-input",
            )
    elif not location.is_empty():
        raise ConflictError(
            "the folder holds something else",
            location.address,
            "choose an empty folder, or a new one",
            code="folder-not-empty",
        )
    location.begin((MODEL, CELLS, PIXELS, RECORDS))
    for name in (WEIGHTS_FILE, CARD_FILE):
        if (request.model / name).exists():
            location.write(f"{MODEL}/{name}", (request.model / name).read_bytes())
    facts = {
        "key": given.key,
        "pieces": pieces,
        "resolution": given.resolution,
        "pixels": given.pixels,
        "view": given.view.name,
        "embedding": embedding.name,
        "boundary": shapely.geometry.mapping(embedding.footprint),
        "rasters": [source.file_name for source in given.rasters.sources],
        "model": card.name if card else None,
        "encoder": card.encoder.name if card else None,
        "attribution": list(given.credits),
    }
    location.write(REGION_FILE, json.dumps(facts, indent=1).encode())
