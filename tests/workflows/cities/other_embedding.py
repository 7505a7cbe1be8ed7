"""A city on an embedding as others publish theirs: 128 float bands of any length, in two files."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import Affine

from aether_core.simulate.grid_city import SimulatedCity

BANDS = 128
_SPLIT = 0.6


def write_tessera(folder: Path, city: SimulatedCity) -> list[Path]:
    """The city's vectors turned into 128 numbers of length 5 to 25, west and east in a file each.

    Laid out as the dataset's own program exports its tiles: float32, LZW, pixel by pixel, bands
    named in a row, no nodata value declared, NaN where there is nothing.
    """
    rng = np.random.default_rng(3)
    mixing = rng.normal(size=(city.vectors.shape[2], BANDS)) / 8
    values = (city.vectors @ mixing).astype(np.float32)
    values *= rng.uniform(5, 25, (*values.shape[:2], 1)).astype(np.float32)
    values[:3, :3] = np.nan
    split = int(_SPLIT * values.shape[1])
    pieces = {"west": (0, values[:, :split]), "east": (split, values[:, split:])}
    paths = []
    for name, (column, piece) in pieces.items():
        paths.append(folder / f"grid_{name}_2024.tiff")
        with rasterio.open(
            paths[-1],
            "w",
            driver="GTiff",
            height=piece.shape[0],
            width=piece.shape[1],
            count=BANDS,
            dtype="float32",
            crs=city.crs,
            transform=city.transform @ Affine.translation(column, 0),
            tiled=True,
            blockxsize=64,
            blockysize=64,
            compress="lzw",
        ) as dataset:
            dataset.write(piece.transpose(2, 0, 1))
            dataset.descriptions = [f"Tessera_Band_{band}" for band in range(BANDS)]
            dataset.update_tags(TESSERA_YEAR="2024")
    return paths
