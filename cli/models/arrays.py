"""`pool`, `encode-eo`, `encode-text`: the core on plain files, no city needed."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.options import ReadOptions
from cli import output
from cli.options import Force

if TYPE_CHECKING:  # rasterio comes with it: commands that only show help do without
    from aether_core.eo.pooling.view import View

FloatArray = NDArray[np.float32]
Heads = Annotated[Path, typer.Option(help="Folder with heads.safetensors.")]
Vectors = Annotated[Path, typer.Option(help="float32 array of two dimensions in a .npy file.")]
Target = Annotated[Path, typer.Option("-o", "--output", help=".npy file to write.")]


def pool(
    embedding: Annotated[
        list[Path], typer.Option(help="GeoTIFFs of an embedding, or tables with A00..A63.")
    ],
    points: Annotated[
        Path, typer.Option(help="Points: any vector file, or a table with lon and lat.")
    ],
    target: Target,
    shape: Annotated[
        str, typer.Option(help="disk or square; for a table of areas also area or neighbours.")
    ] = "disk",
    radius_m: Annotated[float, typer.Option(help="Radius of the disk in metres.")] = 100.0,
    radius_px: Annotated[
        int | None, typer.Option(help="Half width of the square in pixels.")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="CRS of a points file that does not state one.")
    ] = None,
    embedding_kind: Annotated[
        str | None, typer.Option(help="Name of an embedding other than AlphaEarth.")
    ] = None,
    embedding_crs: Annotated[
        str | None, typer.Option(help="CRS of the embedding's tables; wins over what they say.")
    ] = None,
    force: Force = False,
) -> None:
    """Pool an embedding at points.

    Unit rows in the points' order, NaN where a point cannot be pooled.
    """
    from aether_core.eo.embedding import open_embedding
    from aether_core.eo.embedding_kind import checked_kind
    from aether_core.vector import read_vector
    from aether_core.vector.coordinates import looks_swapped
    from workflows.home.reading import apply_reading_limits
    from workflows.home.settings import read_settings

    _check_npy(target, force)
    view = _view(shape, radius_m, radius_px)
    started = time.perf_counter()
    apply_reading_limits(read_settings())
    frame = read_vector(points, ReadOptions(crs=crs)).frame
    places = frame.geometry.representative_point()
    lonlat = np.column_stack([places.x, places.y])
    kind = None if embedding_kind is None else checked_kind(embedding_kind)
    source = open_embedding(
        embedding, kind=kind, crs=embedding_crs, as_points=not view.shape.of_areas
    )
    if looks_swapped(frame.geometry, source.footprint):
        raise InputError(
            "longitude and latitude of the points are probably swapped",
            f"first point of {points.name}: {lonlat[0, 0]:.5f}, {lonlat[0, 1]:.5f}",
            "swap the two columns or coordinates",
            code="coordinates-swapped",
        )
    with output.progress() as progress:
        pooled = source.pool(lonlat, [view], progress)
    save_npy(target, pooled.vectors[0], force)
    facts: dict[str, Any] = {
        "points": len(lonlat),
        "pooled": int(pooled.ok.sum()),
        "dropped": pooled.dropped,
        "seconds": time.perf_counter() - started,
    }
    output.document(facts)
    output.say(f"{facts['pooled']} of {facts['points']} points pooled in {facts['seconds']:.2f} s")


def _view(shape: str, radius_m: float, radius_px: int | None) -> "View":
    """The view the options ask for; a radius in pixels belongs to a square and to nothing else."""
    from aether_core.eo.pooling.view import Shape, View

    chosen = Shape(shape)
    if chosen.in_pixels:
        if radius_px is None:
            raise InputError(
                "a square window needs a half width",
                "--radius-px is missing",
                "try --radius-px 4",
                code="square-without-half-width",
            )
        return View("pool", chosen, radius_px=radius_px)
    if radius_px is not None:
        raise InputError(
            "the radius of a disk is given in metres",
            f"--radius-px {radius_px}",
            "use --radius-m, or add --shape square",
            code="disk-radius-in-pixels",
        )
    return View("pool", chosen, radius_m=radius_m)


def encode_eo(heads: Heads, vectors: Vectors, target: Target, force: Force = False) -> None:
    """Apply a model's embedding head to a table of vectors.

    Rows of 64 values in, unit rows of 128 out.
    """
    from aether_core.model.files.folder import load_heads
    from aether_core.model.heads.inference import eo_batches

    _check_npy(target, force)
    given = open_npy(vectors)
    _encode(eo_batches(load_heads(heads), given), len(given), target, force)


def encode_text(heads: Heads, vectors: Vectors, target: Target, force: Force = False) -> None:
    """Apply a model's text head to a table of text vectors.

    Rows of 384 values in, unit rows of 128 out.
    """
    from aether_core.model.files.folder import load_heads
    from aether_core.model.heads.inference import text_batches

    _check_npy(target, force)
    given = open_npy(vectors)
    _encode(text_batches(load_heads(heads), given), len(given), target, force)


def _encode(batches: Iterator[FloatArray], rows: int, target: Path, force: bool) -> None:
    """Write batch after batch, so that memory does not grow with the file."""
    from aether_core.files.whole import atomic_path
    from aether_core.model.heads.heads import JOINT_DIM

    usable = done = 0
    with (
        output.progress() as progress,
        atomic_path(target, force=force) as path,
        path.open("wb") as file,
    ):
        header = {"descr": "<f4", "fortran_order": False, "shape": (rows, JOINT_DIM)}
        np.lib.format.write_array_header_1_0(file, header)
        for batch in batches:
            file.write(np.ascontiguousarray(batch, dtype="<f4").data)
            usable += int(np.isfinite(batch[:, 0]).sum())
            done += len(batch)
            progress("encoding", done, rows)
    output.document(
        {"rows": rows, "dim": JOINT_DIM, "without_data": rows - usable, "file": str(target)}
    )
    left = f", {rows - usable} of them without data" if usable < rows else ""
    output.say(f"{rows} rows written to {target}{left}")


def _check_npy(target: Path, force: bool) -> None:
    from aether_core.files.whole import check_target

    if target.suffix != ".npy":
        raise InputError(
            "the output must be a .npy file",
            target,
            "give a name that ends in .npy",
            code="output-wrong-ending",
        )
    check_target(target, force=force)


def open_npy(path: Path) -> FloatArray:
    """Open a two-dimensional float array without reading it; no pickled object is ever loaded.

    Returns:
        The array as it lies in the file: its rows are read when they are asked for.

    Raises:
        InputError: The file is missing or holds something else.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            "the vectors cannot be read",
            path,
            f"give a .npy file of float32 [n, d] ({error})",
            code="vectors-unreadable",
        ) from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f":
        held = f"{array.dtype} {list(array.shape)}" if hasattr(array, "shape") else "an archive"
        raise InputError(
            "the vectors must be one float array [n, d]",
            f"{path} holds {held}",
            "save float32 [n, d]",
            code="vectors-wrong-shape",
        )
    return array


def save_npy(path: Path, array: FloatArray, force: bool) -> None:
    """Write an array whole or not at all."""
    from aether_core.files.whole import atomic_path

    with atomic_path(path, force=force) as temporary, temporary.open("wb") as file:
        np.save(file, array)
