"""Every pixel of an embedding through a model's EO head, into one cloud-optimised GeoTIFF."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rasterio.transform import Affine

from aether_core.eo.alphaearth import ATTRIBUTION, INT8_SCALE
from aether_core.eo.cog.block_store import BlockStore, open_block_store
from aether_core.eo.cog.layout import CogHeader, write_cog
from aether_core.eo.cog.pyramid import FACTOR, Level, pyramid
from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.raster.declared import EMBEDDING_TAG
from aether_core.eo.raster.embedding import RasterEmbedding
from aether_core.eo.raster.file import CREDIT_TAG, RASTER_SUFFIXES, open_raster
from aether_core.eo.raster.grid import Grid
from aether_core.eo.raster.rectangle import Box, box_of
from aether_core.errors import ConflictError, DiskFullError, InputError
from aether_core.files.whole import atomic_path, check_target
from aether_core.model.heads.heads import JOINT_DIM, Heads
from aether_core.model.raster.block_embedder import DTYPES, BlockEmbedder, nodata
from aether_core.model.raster.blocks import embed_blocks
from aether_core.progress import Progress, silent

BAND_NAMES: tuple[str, ...] = tuple(f"Z{band:03d}" for band in range(JOINT_DIM))
NAME = "AETHER"
"""What our rasters are called in the tag that declares an embedding."""

_LAYOUT = 1
_SIMULATED_TAG = "SIMULATED"
_VALUES = {
    "int8": f"unit vectors, value = sign(v) * (v / {INT8_SCALE}) ** 2, -128 is no data",
    "float16": "unit vectors, 16-bit floats, NaN is no data",
    "float32": "unit vectors, NaN is no data",
}


@dataclass(frozen=True)
class ModelIdentity:
    """Which model a raster was made with.

    Args:
        sha256: Hex digest of the file of weights.
        name: The model's name, where it has a card.
        attribution: Sentences to be kept with all that is made with the model.
    """

    sha256: str
    name: str | None = None
    attribution: tuple[str, ...] = ()


@dataclass(frozen=True)
class EmbeddedRaster:
    """What was written.

    Args:
        width: Pixels across.
        height: Pixels down.
        bands: Numbers a pixel.
        pixels: Pixels with data.
        dtype: How values are stored.
        precision: What the head worked in: "float32" or "bfloat16".
        blocks: Blocks of the raster at full size and in its overviews.
        resumed: How many of them an earlier, unfinished run had made.
    """

    width: int
    height: int
    bands: int
    pixels: int
    dtype: str
    precision: str
    blocks: int
    resumed: int


def embed_raster(
    heads: Heads,
    embedding: RasterEmbedding,
    target: Path,
    *,
    model: ModelIdentity,
    work: Path,
    dtype: str = "int8",
    force: bool = False,
    progress: Progress = silent,
) -> EmbeddedRaster:
    """Map every pixel to the joint space and write it as a COG, north-up, whole or not at all.

    Bands are named Z000 to Z127. "int8" stores unit vectors as AlphaEarth does, -128 where there is
    no data; floats as they are, NaN where there is none. A pixel of an overview is the mean
    direction of 4 x 4 pixels below it.

    Args:
        heads: A trained model on the CPU.
        embedding: Rasters on one grid.
        target: A `.tif` to write.
        model: Named in the file's tags.
        work: An existing folder for blocks made so far. A run that stopped is gone on with by the
            same weights, files and dtype; on the same machine to the same bytes.
        dtype: "int8", "float16" or "float32".
        force: Replace an existing file.
        progress: Told after each block.

    Raises:
        ConflictError: The file exists and `force` is false, or another process is at this work.
        InputError: The embedding's vectors are not as long as the model takes them, its rasters
            share no grid, the dtype or the file's ending is unknown, or a block is damaged.
        DiskFullError: No room left; says where the blocks made so far are kept.
    """
    grid = _check(heads, embedding, target, dtype, force=force)
    embedder = BlockEmbedder(heads, dtype, any_length=not embedding.unit_pixels)
    levels = pyramid(*_size(grid))
    progress("reading the embedding's checksum", 0, 1)
    path = work / f"{_key(embedding, model, dtype, embedder)}.blocks"
    with open_block_store(path) as store:
        resumed = len(store)
        if resumed:
            progress(f"going on from {resumed} blocks made before", resumed, resumed)
        try:
            embed_blocks(grid, levels, embedder, store, progress)
            with atomic_path(target, force=force) as temporary:
                _lay_out(temporary, _header(grid, model, dtype), levels, store, progress)
        except DiskFullError as error:
            raise DiskFullError(f"{error}. {_kept(store, levels, path)}") from error
        except InputError as error:
            if not isinstance(error, ConflictError):
                path.unlink()
            raise
        pixels = store.valid(0)
        path.unlink()
    full, blocks = levels[0], sum(level.blocks for level in levels)
    return EmbeddedRaster(
        full.width, full.height, JOINT_DIM, pixels, dtype, embedder.precision, blocks, resumed
    )


def embed_box(
    heads: Heads,
    grid: Grid,
    box: Box,
    target: Path,
    *,
    model: ModelIdentity,
    any_length: bool = False,
    dtype: str = "int8",
) -> int:
    """Write the pixels of a rectangle of a grid as `embed_raster` writes those of a whole one.

    Args:
        heads: A trained model on the CPU.
        grid: Of an embedding whose vectors are as long as the model takes them.
        box: Which pixels.
        target: A `.tif` to write, replaced where there is one.
        model: Named in the file's tags.
        any_length: Pixels may have other lengths than 1.
        dtype: "int8", "float16" or "float32".

    Returns:
        Pixels with data.

    Raises:
        InputError: A block of a raster is damaged.
        DiskFullError: No room left.
    """
    part = replace(
        grid,
        west=grid.west + box.left * grid.pixel_width,
        north=grid.north - box.top * grid.pixel_height,
        files=tuple(
            replace(placed, row=placed.row - box.top, column=placed.column - box.left)
            for placed in grid.files
            if not box_of(placed).meet(box).empty
        ),
    )
    levels = pyramid(box.right - box.left, box.bottom - box.top)
    embedder = BlockEmbedder(heads, dtype, any_length=any_length)
    with (
        atomic_path(target, force=True) as temporary,
        open_block_store(temporary.with_suffix(".blocks")) as store,
    ):
        embed_blocks(part, levels, embedder, store, silent)
        _lay_out(temporary, _header(part, model, dtype), levels, store, silent)
        return store.valid(0)


def _check(
    heads: Heads, embedding: RasterEmbedding, target: Path, dtype: str, *, force: bool
) -> Grid:
    """Refuse what cannot be embedded or written; return the grid of the rasters."""
    if dtype not in DTYPES:
        raise InputError(
            "values cannot be stored as this type",
            dtype,
            f"use {', '.join(DTYPES)}",
            code="no-such-value-type",
        )
    if target.suffix.lower() not in RASTER_SUFFIXES:
        raise InputError(
            "the output must be a GeoTIFF",
            target,
            "give a name that ends in .tif",
            code="output-wrong-ending",
        )
    if target.resolve() in embedding.files:
        raise InputError(
            "the output is one of the input rasters",
            target,
            "choose another name",
            code="output-is-input",
        )
    check_target(target, force=force)
    names = ", ".join(path.name for path in embedding.files)
    if embedding.dim != heads.eo_dim:
        raise InputError(
            f"the raster has {embedding.dim} bands, this model expects {heads.eo_dim}",
            names,
            "give the embedding the model was trained on",
            code="embedding-length-mismatch",
        )
    if len(embedding.grids) > 1:
        raise InputError(
            "these rasters are on different grids and cannot be combined",
            names,
            "embed the rasters of each UTM zone separately",
            code="rasters-on-different-grids",
        )
    return embedding.grids[0]


def _size(grid: Grid) -> tuple[int, int]:
    """Return (width, height) of what the files of a grid cover together."""
    return (
        max(placed.column + placed.file.width for placed in grid.files),
        max(placed.row + placed.file.height for placed in grid.files),
    )


def _key(
    embedding: RasterEmbedding, model: ModelIdentity, dtype: str, embedder: BlockEmbedder
) -> str:
    """Name the work by everything that decides the bytes of its blocks."""
    decided_by = {
        "layout": _LAYOUT,
        "embedding": embedding.name,
        "files": [info.sha256 for info in embedding.infos],
        "weights": model.sha256,
        "dtype": dtype,
        "precision": embedder.precision,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "torch": torch.__version__,
    }
    return hashlib.sha256(json.dumps(decided_by).encode()).hexdigest()[:32]


def _kept(store: BlockStore, levels: Sequence[Level], path: Path) -> str:
    total = sum(level.blocks for level in levels)
    return (
        f"Run the same command to resume from {len(store)} of {total} blocks,"
        f" kept in {path} ({store.size / 1e6:,.0f} MB)"
    )


def _header(grid: Grid, model: ModelIdentity, dtype: str) -> CogHeader:
    """Say what the raster is, who it is owed to, and how its values are read."""
    files = [placed.file for placed in grid.files]
    simulated = ""
    for file in files:
        with open_raster(file.path) as dataset:
            simulated = simulated or dataset.tags().get(_SIMULATED_TAG, "")
    own = [ATTRIBUTION for file in files if file.embedding == ALPHAEARTH]
    credited = [*(file.credit for file in files), *own, *model.attribution]
    tags = {
        EMBEDDING_TAG: NAME,
        CREDIT_TAG: " ".join(dict.fromkeys(filter(None, credited))),
        _SIMULATED_TAG: simulated,
        "MODEL": model.name or "",
        "MODEL_WEIGHTS_SHA256": model.sha256,
        "SOURCE": ", ".join(placed.file.path.name for placed in grid.files),
        "VALUES": _VALUES[dtype],
        "OVERVIEWS": f"mean direction of {FACTOR} x {FACTOR} pixels",
    }
    return CogHeader(
        crs=grid.crs,
        transform=Affine(grid.pixel_width, 0, grid.west, 0, -grid.pixel_height, grid.north),
        names=BAND_NAMES,
        dtype=dtype,
        nodata=nodata(DTYPES[dtype]),
        tags={tag: value for tag, value in tags.items() if value},
    )


def _lay_out(
    path: Path,
    header: CogHeader,
    levels: Sequence[Level],
    store: BlockStore,
    progress: Progress,
) -> None:
    """Write the file from the blocks kept."""
    total = sum(level.blocks for level in levels)
    written = 0

    def block(level: int, number: int) -> bytes:
        nonlocal written
        progress("writing the raster", written, total)
        written += 1
        return store.block(level, number)

    lengths = [
        [store.length(number, block) for block in range(level.blocks)]
        for number, level in enumerate(levels)
    ]
    write_cog(path, header, levels, lengths, block)
