"""Embed a whole raster with a model's EO head; no city needed."""

import errno
import time
from collections.abc import Sequence
from pathlib import Path

from aether_core.eo.embedding_kind import checked_kind, kind_title
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import AetherError, DiskFullError, InputError
from aether_core.files.whole import check_target, sha256_of
from aether_core.model.files.card import CARD_FILE, WEIGHTS_FILE
from aether_core.model.files.folder import load_card, load_heads
from aether_core.model.raster.embed import EmbeddedRaster, ModelIdentity, embed_raster
from aether_core.progress import Progress, silent
from workflows.home.settings import Settings

KEPT_DAYS = 14
"""How long the blocks of a run that stopped are kept."""


def embed_files(
    settings: Settings,
    model: Path,
    embedding: Sequence[Path],
    target: Path,
    *,
    dtype: str = "int8",
    kind: str | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> EmbeddedRaster:
    """Write every pixel of rasters in a model's space as one cloud-optimised GeoTIFF.

    Args:
        settings: Blocks made so far are kept in their cache, so that a run that stopped goes on.
        model: Folder with `heads.safetensors`, and `model.json` where there is one.
        embedding: GeoTIFFs on one grid.
        target: A `.tif` to write, whole or not at all.
        dtype: "int8", "float16" or "float32".
        kind: Name of the embedding in the rasters; what the model's card says when left out.
        force: Replace an existing file.
        progress: Told after each block.

    Raises:
        InputError: Model, rasters, dtype or target cannot be used.
        DiskFullError: No room left.
        AetherError: The cache cannot be written.
    """
    check_target(target, force=force)
    heads = load_heads(model)
    card = load_card(model) if (model / CARD_FILE).exists() else None
    taken = card.embedding.known_name if card else None
    rasters = open_rasters(
        embedding, kind=taken if kind is None else checked_kind(kind), progress=progress
    )
    if taken is not None and rasters.name != taken and rasters.dim == heads.eo_dim:
        raise InputError(
            "the model was trained on another kind of embedding",
            f"{kind_title(taken)}, not {kind_title(rasters.name)}",
            "give the embedding the model was trained on",
            code="model-of-another-embedding",
        )
    identity = ModelIdentity(
        sha256=sha256_of(model / WEIGHTS_FILE),
        name=card.name if card else None,
        attribution=tuple(card.attribution) if card else (),
    )
    return embed_raster(
        heads,
        rasters,
        target,
        model=identity,
        work=_work_folder(settings),
        dtype=dtype,
        force=force,
        progress=progress,
    )


def _work_folder(settings: Settings) -> Path:
    """Return where unfinished work lies, without what nobody came back to."""
    folder = settings.cache / "embed"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.blocks"):
            if time.time() - left.stat().st_mtime > KEPT_DAYS * 86_400:
                left.unlink(missing_ok=True)
    except OSError as error:
        kind = DiskFullError if error.errno in {errno.ENOSPC, errno.EDQUOT} else AetherError
        raise kind(
            f"{folder} cannot be used: {error.strerror}; choose another AETHER_HOME"
        ) from error
    return folder
