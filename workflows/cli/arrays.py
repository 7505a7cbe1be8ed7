"""`pool`, `encode-eo`, `encode-text`: the core on plain files, no city needed."""

import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from aether_core.errors import InputError
from workflows.cli import output
from workflows.cli.ask import Force

Heads = Annotated[Path, typer.Option(help="Folder with heads.safetensors.")]
Vectors = Annotated[Path, typer.Option(help="float32 [n, d] array in a .npy file.")]
Target = Annotated[Path, typer.Option("-o", "--output", help=".npy file to write.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("pool")(pool)
    app.command("encode-eo")(encode_eo)
    app.command("encode-text")(encode_text)


def pool(
    embedding: Annotated[
        list[Path], typer.Option(help="GeoTIFFs of 64 bands, or tables with A00..A63.")
    ],
    points: Annotated[
        Path, typer.Option(help="Points: any vector file, or a table with lon and lat.")
    ],
    target: Target,
    shape: Annotated[str, typer.Option(help="disk or square.")] = "disk",
    radius_m: Annotated[float, typer.Option(help="Radius of the disk in metres.")] = 100.0,
    radius_px: Annotated[
        int | None, typer.Option(help="Half width of the square in pixels.")
    ] = None,
    crs: Annotated[str | None, typer.Option(help="CRS of a points file that carries none.")] = None,
    force: Force = False,
) -> None:
    """Pool an embedding at points: unit rows in the points' order, NaN where it cannot be."""
    from aether_core.eo.embedding import open_embedding
    from aether_core.eo.view import View
    from aether_core.vector import read_vector

    _check_npy(target, force)
    if shape not in {"disk", "square"}:
        raise InputError("the shape is unknown", shape, "use disk or square")
    if shape == "square" and radius_px is None:
        raise InputError(
            "a square window needs its half width", "--radius-px is missing", "try --radius-px 4"
        )
    view = (
        View("pool", "square", None, radius_px)
        if shape == "square"
        else View("pool", "disk", radius_m, None)
    )
    started = time.perf_counter()
    frame = read_vector(points, crs=crs)
    places = frame.geometry.representative_point()
    lonlat = np.column_stack([places.x, places.y])
    with output.progress() as progress:
        pooled = open_embedding(embedding).pool(lonlat, [view], progress)
    save_npy(target, pooled.vectors[0], force)
    facts: dict[str, Any] = {
        "points": len(lonlat),
        "pooled": int(pooled.ok.sum()),
        "dropped": pooled.dropped,
        "seconds": time.perf_counter() - started,
    }
    output.document(facts)
    output.say(f"{facts['pooled']} of {facts['points']} points pooled in {facts['seconds']:.2f} s")


def encode_eo(heads: Heads, vectors: Vectors, target: Target, force: Force = False) -> None:
    """Apply an EO head to vectors: [n, 64] in, unit rows [n, 128] out."""
    from aether_core.model.checkpoint import load_heads
    from aether_core.model.inference import encode_eo as apply

    _check_npy(target, force)
    _encode(apply(load_heads(heads), load_npy(vectors)), target, force)


def encode_text(heads: Heads, vectors: Vectors, target: Target, force: Force = False) -> None:
    """Apply a text head to text vectors: [n, 384] in, unit rows [n, 128] out."""
    from aether_core.model.checkpoint import load_heads
    from aether_core.model.inference import encode_text as apply

    _check_npy(target, force)
    _encode(apply(load_heads(heads), load_npy(vectors)), target, force)


def _encode(encoded: NDArray[np.float32], target: Path, force: bool) -> None:
    save_npy(target, encoded, force)
    output.document({"rows": len(encoded), "dim": encoded.shape[1], "file": str(target)})
    output.say(f"{len(encoded)} rows written to {target}")


def _check_npy(target: Path, force: bool) -> None:
    from aether_core.files import check_target

    if target.suffix != ".npy":
        raise InputError("the output must be a .npy file", target, "give a name that ends in .npy")
    check_target(target, force=force)


def load_npy(path: Path) -> NDArray[np.float32]:
    """Read a two-dimensional float array; no pickled object is ever loaded.

    Raises:
        InputError: The file is missing or holds something else.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            "the vectors cannot be read", path, f"give a .npy file of float32 [n, d] ({error})"
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f":
        shape = getattr(array, "shape", "an archive")
        raise InputError(
            "the vectors must be one float array [n, d]",
            f"{path} holds {shape}",
            "save float32 [n, d]",
        )
    return array.astype(np.float32)


def save_npy(path: Path, array: NDArray[np.float32], force: bool) -> None:
    """Write an array whole or not at all."""
    from aether_core.files import atomic_path

    with atomic_path(path, force=force) as temporary, temporary.open("wb") as file:
        np.save(file, array)
