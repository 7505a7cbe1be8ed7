"""Opening rasters: what they hold is known, and what is no AlphaEarth embedding is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.control import GroundControlPoint
from rasterio.transform import Affine

from aether_core.eo.embedding import open_embedding
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import InputError, NotFoundError
from aether_core.reading import ReadingLimits, UnreadableFileError, set_reading_limits
from tests.aether_core.eo.brute_force import Scene, transformer, unit_vectors, write_scene
from tests.errors import fault

ZONE = "EPSG:32635"
WEST, NORTH = 400_000.0, 6_680_000.0


def scene(height: int = 20, width: int = 30, dtype: str = "int8", seed: int = 0) -> Scene:
    rng = np.random.default_rng(seed)
    return Scene(ZONE, WEST, NORTH, 10, unit_vectors(rng, height, width, dtype))


def refused(path: Path | str, code: str, *facts: object) -> None:
    """Check for which fault a file is refused, in one line."""
    with pytest.raises(InputError, check=fault(code, *facts)) as caught:
        open_embedding([path])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bottom_up", [False, True])
def test_what_a_raster_holds(tmp_path: Path, bottom_up: bool) -> None:
    made = scene()
    made.stored[:3] = -128
    path = write_scene(tmp_path / "a.tif", made, bottom_up=bottom_up)
    embedding = open_embedding([path])
    assert (embedding.kind, embedding.crs, embedding.pixels) == ("raster", ZONE, 17 * 30)
    assert embedding.files == (path,)
    corner = transformer(ZONE, "EPSG:4326").transform(WEST + 150, NORTH - 100)
    assert embedding.footprint.contains(shapely.Point(corner))
    outside = transformer(ZONE, "EPSG:4326").transform(WEST + 150, NORTH + 10)
    assert not embedding.footprint.contains(shapely.Point(outside))
    (info,) = embedding.infos
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (info.path, info.crs, info.width, info.height) == (path, ZONE, 30, 20)
    assert info.footprint.equals(embedding.footprint)


def test_pixels_of_overlapping_files_count_once(tmp_path: Path) -> None:
    first, second = scene(), scene(seed=1)
    second.west += 100
    first.stored[0] = -128
    second.stored[:, -1] = -128
    paths = [
        write_scene(tmp_path / "a.tif", first),
        write_scene(tmp_path / "b.tif", second, bottom_up=True),
    ]
    # 40 x 20 together; 10 columns of the first row and the last column hold nothing.
    assert open_rasters(paths).pixels == 40 * 20 - 10 - 20


def test_the_crs_is_that_of_the_raster_with_most_pixels(tmp_path: Path) -> None:
    small, large = scene(5, 5), scene()
    small.crs = "EPSG:32634"
    paths = [write_scene(tmp_path / "a.tif", small), write_scene(tmp_path / "b.tif", large)]
    embedding = open_rasters(paths)
    assert embedding.crs == ZONE
    assert [info.crs for info in embedding.infos] == ["EPSG:32634", ZONE]


def test_a_file_given_twice_counts_once(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", scene())
    embedding = open_embedding([path, str(path)])
    assert embedding.files == (path,)
    assert embedding.pixels == 600


def test_minus_128_is_nodata_in_float_files_too(tmp_path: Path) -> None:
    made = scene(dtype="float32")
    made.stored[0] = -128
    made.stored[1, :, 5] = np.nan
    made.stored[2] = -9999
    path = write_scene(tmp_path / "a.tif", made, nodata=-9999)
    lonlat = np.array([transformer(ZONE, "EPSG:4326").transform(WEST + 155, NORTH - 25)])
    pooled = open_rasters([path]).pool(lonlat, [View("base", "square", radius_px=2)])
    assert pooled.dropped == {"less than half the window has data": 1}
    pooled = open_rasters([path]).pool(lonlat - [0, 1e-4], [View("base", "square", radius_px=2)])
    expected = made.stored[3:6, 13:18].reshape(-1, 64).astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(pooled.vectors[0, 0], expected / np.linalg.norm(expected), atol=1e-6)


@pytest.mark.parametrize("bands", [63, 65])
def test_63_and_65_bands_are_refused(tmp_path: Path, bands: int) -> None:
    made = scene()
    made.stored = np.resize(made.stored, (20, 30, bands))
    path = write_scene(tmp_path / "a.tif", made)
    refused(path, "raster-wrong-band-count", path.name, f"{bands} bands", 64)


@pytest.mark.parametrize(
    ("bands", "names", "tags"),
    [
        (12, [f"B{band:02d}" for band in range(12)], {}),
        (128, [f"Z{band:03d}" for band in range(128)], {}),
        (7, [str(band) for band in range(7)], {}),
        (3, [], {"EMBEDDING": "ours"}),
    ],
)
def test_other_embeddings_are_taken_at_their_word(
    tmp_path: Path, bands: int, names: list[str], tags: dict[str, str]
) -> None:
    made = scene()
    made.stored = made.stored[..., np.resize(np.arange(64), bands)].astype(np.float32)
    made.stored /= np.linalg.norm(made.stored, axis=2, keepdims=True)
    path = write_scene(tmp_path / "a.tif", made)
    with pytest.raises(InputError, check=fault("raster-wrong-band-count", path.name, bands, 64)):
        open_embedding([path])
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**tags)
        for band, name in enumerate(names, start=1):
            dataset.set_band_description(band, name)
    embedding = open_embedding([path])
    assert (embedding.dim, embedding.pixels) == (bands, 600)
    lonlat = np.array([transformer(ZONE, "EPSG:4326").transform(WEST + 155, NORTH - 105)])
    pooled = embedding.pool(lonlat, [View("base", "square", radius_px=2)])
    mean = made.stored[8:13, 13:18].reshape(-1, bands).astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(pooled.vectors[0, 0], mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize(
    "names",
    [
        [f"A{band:02d}" for band in range(63)],  # AlphaEarth, and one band of it is missing
        [f"Z{band + 1}" for band in range(63)],  # the first is missing
        [f"{'XY'[band % 2]}{band}" for band in range(63)],  # two things in one file
    ],
)
def test_names_that_declare_no_embedding(tmp_path: Path, names: list[str]) -> None:
    made = scene()
    made.stored = made.stored[..., :63]
    path = write_scene(tmp_path / "a.tif", made)
    with rasterio.open(path, "r+") as dataset:
        for band, name in enumerate(names, start=1):
            dataset.set_band_description(band, name)
    refused(path, "raster-wrong-band-count", path.name, "63 bands")


def test_files_of_different_embeddings_do_not_mix(tmp_path: Path) -> None:
    wide = scene()
    wide.stored = np.concatenate([wide.stored, wide.stored], axis=2)
    paths = [write_scene(tmp_path / "a.tif", scene()), write_scene(tmp_path / "b.tif", wide)]
    with rasterio.open(paths[1], "r+") as dataset:
        dataset.update_tags(EMBEDDING="ours")
    with pytest.raises(
        InputError, check=fault("files-of-different-length", "a.tif", 64, "b.tif", 128)
    ):
        open_embedding(paths)


def test_a_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=3, dtype="uint8", photometric="RGB",
        crs=ZONE, transform=Affine(10, 0, WEST, 0, -10, NORTH),
    ) as dataset:  # fmt: skip
        dataset.write(np.zeros((3, 8, 8), dtype=np.uint8))
    refused(path, "raster-wrong-band-count", "photo.tif", "3 bands", "picture")


def test_other_number_types_are_refused(tmp_path: Path) -> None:
    made = scene()
    made.stored = made.stored.astype(np.int16)
    path = write_scene(tmp_path / "a.tif", made, nodata=-128)
    refused(path, "raster-value-type-unknown", path.name, "int16")


def test_no_crs_is_refused(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", scene(), crs=None)
    refused(path, "raster-without-crs", path.name)


def test_control_points_instead_of_a_grid_are_refused(tmp_path: Path) -> None:
    points = [
        GroundControlPoint(row, column, x, y)
        for row, column, x, y in [(0, 0, WEST, NORTH), (0, 30, WEST + 300, NORTH), (20, 0, WEST, 0)]
    ]
    path = tmp_path / "a.tif"
    write_scene(path, scene(), transform=Affine.identity(), crs=None)
    with rasterio.open(path, "r+") as dataset:
        dataset.gcps = points, rasterio.crs.CRS.from_string(ZONE)
    refused(path, "raster-without-crs", path.name)


def test_a_rotated_raster_is_refused(tmp_path: Path) -> None:
    turned = Affine(10, 2, WEST, 2, -10, NORTH)
    path = write_scene(tmp_path / "a.tif", scene(), transform=turned)
    refused(path, "raster-rotated", path.name)


def test_bands_out_of_order_are_refused(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", scene())
    with rasterio.open(path, "r+") as dataset:
        for band in range(1, 65):
            dataset.set_band_description(band, f"A{64 - band:02d}")
    refused(path, "raster-bands-out-of-order", path.name, "A63 A62")


@pytest.mark.parametrize("layout", [{}, {"interleave": "pixel"}, {"tiled": True}])
@pytest.mark.parametrize("kept", [0.02, 0.6, 0.98])
def test_a_truncated_file_is_refused(
    tmp_path: Path, kept: float, layout: dict[str, object]
) -> None:
    path = write_scene(tmp_path / "a.tif", scene(64, 64), **layout)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    refused(path, "raster-truncated", path.name)


def test_damaged_blocks_are_refused(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", scene(), interleave="pixel", blockysize=20)
    with rasterio.open(path) as dataset:
        offset = int(dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 400)
    refused(path, "raster-unreadable", path.name)


def test_zero_bytes_and_other_content_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.touch()
    refused(path, "file-empty", path.name)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    refused(path, "raster-unreadable", path.name)
    path.write_text("not a raster at all")
    refused(path, "raster-unreadable", path.name)


def test_all_nodata_is_refused(tmp_path: Path) -> None:
    made = scene()
    made.stored[:] = -128
    refused(write_scene(tmp_path / "a.tif", made), "embedding-without-data", "a.tif")


@pytest.mark.parametrize("share", [0.02, 1.0])
@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_vectors_of_another_length_are_refused_with_the_figures(
    tmp_path: Path, dtype: str, share: float
) -> None:
    made = scene(40, 50, dtype)
    count = round(share * 2000)
    made.stored.reshape(-1, 64)[:count] //= 2 if dtype == "int8" else 0.9
    path = write_scene(tmp_path / "a.tif", made)
    refused(path, "vectors-of-wrong-length", path.name, f"{share:.1%}", "median")


def test_one_bad_vector_in_a_hundred_is_let_pass(tmp_path: Path) -> None:
    made = scene(40, 50)
    made.stored.reshape(-1, 64)[:20] //= 2
    assert open_embedding([write_scene(tmp_path / "a.tif", made)]).pixels == 2000


def test_int8_levels_taken_for_values_are_refused(tmp_path: Path) -> None:
    made = scene()
    made.stored = made.stored.astype(np.float32) / 127.5  # forgotten: the square
    refused(write_scene(tmp_path / "a.tif", made), "vectors-of-wrong-length", "a.tif")


@pytest.mark.parametrize("name", ["a.vrt", "a.tif"])
def test_a_vrt_is_refused_under_any_name(tmp_path: Path, name: str) -> None:
    write_scene(tmp_path / "source.tif", scene())
    path = tmp_path / name
    path.write_text(
        '<VRTDataset rasterXSize="30" rasterYSize="20"><VRTRasterBand dataType="Int8" band="1">'
        f"<SimpleSource><SourceFilename>{tmp_path}/source.tif</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    refused(path, "vrt-not-opened", name)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("https://example.org/a.tif", "address-not-opened"),
        ("/vsicurl/example.org/a.tif", "virtual-path-not-opened"),
    ],
)
def test_addresses_are_refused(given: str, code: str) -> None:
    refused(given, code, given)


def test_missing_files_and_none_at_all_are_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-file", "none.tif")):
        open_embedding([tmp_path / "none.tif"])
    with pytest.raises(InputError, check=fault("no-embedding-file")):
        open_embedding([])


def test_rasters_and_tables_do_not_mix(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", scene())
    (tmp_path / "b.csv").write_text("lon,lat\n24,60\n")
    with pytest.raises(InputError, check=fault("rasters-mixed-with-tables", "a.tif", "b.csv")):
        open_embedding([path, tmp_path / "b.csv"])


def test_files_of_others_are_first_looked_at_in_a_process_of_its_own(tmp_path: Path) -> None:
    made = scene()
    path = write_scene(tmp_path / "a.tif", made)
    assert open_rasters([path], foreign=True).pixels == open_rasters([path]).pixels
    path.with_name("b.tif").write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, check=fault("raster-truncated")):
        open_rasters([path.with_name("b.tif")], foreign=True)
    set_reading_limits(ReadingLimits(seconds=0.0))
    try:
        with pytest.raises(UnreadableFileError) as error:
            open_rasters([path], foreign=True)
    finally:
        set_reading_limits(ReadingLimits())
    assert error.value.reason == "time"
