"""A model's EO head on every pixel of a raster.

Both ways read the same int8 COG and apply the same heads. Ours writes a COG with overviews in int8,
the plain way a tiled GeoTIFF in float32 without packing or overviews. A loop that takes over the
profile of the file it reads, as many do, packs as well and takes longer: shown, not judged by.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.inputs import SEED, write_large_cog
from benchmarks.line import (
    Case,
    Check,
    Clock,
    Line,
    Measured,
    Size,
    Took,
    Way,
    at_least_times,
    every,
)

TILE = 256
_LEAST_COSINE = 0.999


def size(part: float) -> Size:
    """Pixels of the raster, and of its side."""
    side = max(64, round(1536 * part**0.5))
    return {"pixels": side**2, "side": side}


def prepare(case: Case) -> None:
    """Write a raster, and heads with weights drawn from a seed.

    Weights as PyTorch draws them map every pixel to nearly one vector, which packs far better than
    a trained model's. With these, int8 packs to 81 % where the authors' trained heads give 79 %.
    """
    import torch
    from safetensors.torch import save_file

    from aether_core.model.heads.heads import Heads

    write_large_cog(case.folder / "embedding.tif", case.size["side"], min(case.size["side"], 512))
    torch.manual_seed(SEED)
    heads = Heads()
    for layer in heads.modules():
        if isinstance(layer, torch.nn.Linear):
            torch.nn.init.kaiming_normal_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    save_file(heads.state_dict(), case.folder / "heads.safetensors")


def ours(case: Case) -> Took:
    """What the command `embed` does, loading the model and checking the raster included."""
    from workflows.home.settings import Settings
    from workflows.training.embed import embed_files

    target = case.folder / "ours.tif"
    settings = Settings(home=case.folder / "home")
    with Clock() as clock:
        embed_files(settings, case.folder, [case.folder / "embedding.tif"], target, force=True)
    return Took.whole(clock, bytes=target.stat().st_size)


def tile_loop(case: Case) -> Took:
    """Read a tile, dequantise, apply the head, write 128 float32 bands."""
    layout = {"driver": "GTiff", "tiled": True, "blockxsize": TILE, "blockysize": TILE}
    return _tile_loop(case, "plain.tif", layout)


def tile_loop_as_source(case: Case) -> Took:
    """The same loop with the profile of the file that is read: packed."""
    return _tile_loop(case, "packed.tif", {})


def _tile_loop(case: Case, name: str, layout: dict[str, Any]) -> Took:
    import rasterio
    import torch
    from rasterio.windows import Window

    from aether_core.model.files.folder import load_heads

    target, side = case.folder / name, case.size["side"]
    target.unlink(missing_ok=True)
    with Clock() as clock:
        heads = load_heads(case.folder).eval()
        with rasterio.open(case.folder / "embedding.tif") as source:
            keep = source.profile if not layout else {}
            place = {
                "crs": source.crs,
                "transform": source.transform,
                "width": side,
                "height": side,
            }
            kind = {"count": 128, "dtype": "float32", "nodata": float("nan"), "BIGTIFF": "IF_SAFER"}
            with rasterio.open(target, "w", **{**keep, **layout, **place, **kind}) as out:
                for row in range(0, side, TILE):
                    for column in range(0, side, TILE):
                        height, width = min(TILE, side - row), min(TILE, side - column)
                        window = Window(column, row, width, height)
                        raw = source.read(window=window).astype(np.float32)
                        values = np.sign(raw) * (raw / 127.5) ** 2
                        pixels = values.reshape(64, -1).T
                        with torch.no_grad():
                            z = heads.eo(torch.from_numpy(np.ascontiguousarray(pixels))).numpy()
                        out.write(z.T.reshape(128, height, width), window=window)
    return Took.whole(clock, bytes=target.stat().st_size)


def agree(folder: Path) -> Sequence[Check]:
    """Least cosine of our pixels to the loop's, over the raster's first rows."""
    import rasterio

    with rasterio.open(folder / "ours.tif") as ours, rasterio.open(folder / "plain.tif") as plain:
        window = ((0, min(64, ours.height)), (0, ours.width))
        raw = ours.read(window=window).reshape(128, -1).astype(np.float32)
        exact = plain.read(window=window).reshape(128, -1)
    found = np.sign(raw) * (raw / 127.5) ** 2
    norms = np.linalg.norm(found, axis=0) * np.linalg.norm(exact, axis=0)
    cosine = float(((found * exact).sum(axis=0) / norms).min())
    return [Check("least cosine to float32", cosine, _LEAST_COSINE, "", at_least=True)]


def file_smaller(measured: Measured) -> Check:
    """The plain way's file against ours."""
    times = measured["reference"].facts["bytes"] / measured["ours"].facts["bytes"]
    return Check("times as small a file, overviews included", times, 4, "x", at_least=True)


LINES = (
    Line(
        name="embed",
        module=__name__,
        size=size,
        words=lambda size: f"embed a {size['side']:,} x {size['side']:,} int8 raster",
        items="pixels",
        prepare=prepare,
        ways={
            "ours": Way("embed, to an int8 COG with overviews", ours),
            "reference": Way("a loop over tiles, to plain float32", tile_loop),
            "packed": Way("that loop with the source's profile", tile_loop_as_source),
        },
        checks=every(at_least_times(5), file_smaller),
        agree=agree,
    ),
)
