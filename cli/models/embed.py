"""`embed`: a model's EO head applied to every pixel of a raster, no city needed."""

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.options import Force


def embed(
    heads: Annotated[Path, typer.Option(help="Folder with heads.safetensors.")],
    embedding: Annotated[
        list[Path], typer.Option(help="GeoTIFFs on one grid, with the bands the model expects.")
    ],
    target: Annotated[Path, typer.Option("-o", "--output", help=".tif file to write.")],
    dtype: Annotated[str, typer.Option(help="int8, float16 or float32.")] = "int8",
    embedding_kind: Annotated[
        str | None,
        typer.Option(help="Name of the rasters' embedding; default: the one in the model card."),
    ] = None,
    force: Force = False,
) -> None:
    """Write every pixel of a raster in a model's space.

    A cloud-optimised GeoTIFF of 128 bands.
    """
    from workflows.home.settings import read_settings
    from workflows.training.embed import KEPT_DAYS, embed_files

    started = time.perf_counter()
    try:
        with output.progress() as progress:
            done = embed_files(
                read_settings(),
                heads,
                embedding,
                target,
                dtype=dtype,
                kind=embedding_kind,
                force=force,
                progress=progress,
            )
    except KeyboardInterrupt:
        sys.stderr.write(
            f"the blocks made so far are kept for {KEPT_DAYS} days; run the same command to "
            "resume\n"
        )
        raise
    seconds = time.perf_counter() - started
    output.document(asdict(done) | {"seconds": seconds, "file": str(target)})
    if done.resumed:
        output.say(f"{done.resumed} of {done.blocks} blocks resumed from an interrupted run")
    output.say(
        f"{done.width} x {done.height} pixels, {done.pixels:,} with data, as {done.bands} bands of"
        f" {done.dtype} in {target} ({target.stat().st_size / 1e6:,.1f} MB, {seconds:.1f} s)"
    )
