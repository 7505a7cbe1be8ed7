"""The index of the mirror: real columns, real rows, and what is wrong with others."""

import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import shapely

from aether_core.eo.mirror.index import TileIndex, fetch_index
from aether_core.errors import InputError
from aether_core.net import RemoteMissingError
from tests.aether_core.eo.mirror.conftest import CITY, HALO_M, Mirror, Serve
from tests.errors import fault
from tests.public_server.alphaearth import REAL_PREFIX, MirrorTile, write_index

BIG_SUR = MirrorTile(  # grid square of a real file; its path, and its bounds in the real index
    "2022/10N/xaspzf5khdg4c5pbs-0000000000-0000008192.tiff",
    *(2022, "10N", 581_920.0, 3_932_160.0, 663_840.0, 4_014_080.0),
)
REAL_BOUNDS = (-122.09641373617602, 35.51952415252234, -121.17627335446835, 36.26818075229042)


def test_both_forms_of_the_index_name_the_same_files(mirror: Mirror) -> None:
    by_form = []
    for name in ("aef_index.parquet", "aef_index.csv"):
        index = fetch_index(mirror.web, f"{mirror.url}/{name}", mirror.cache)
        assert index.years(CITY, HALO_M) == [2018, 2024]
        by_form.append(index.tiles(CITY, 2024, HALO_M))
    assert by_form[0] == by_form[1]
    assert {tile.zone for tile in by_form[0]} == {"34N", "35N"}
    assert all(tile.url == f"{mirror.url}/{tile.path}" for tile in by_form[0])
    known = {tile.path for tile in mirror.tiles if tile.year == 2024}
    assert {tile.path for tile in by_form[0]} <= known


@pytest.mark.parametrize(
    "prefix", [REAL_PREFIX, "gs://alphaearth_foundations/satellite_embedding/v1/annual"]
)
def test_a_real_row_becomes_an_address_on_the_configured_mirror(
    tmp_path: Path, prefix: str
) -> None:
    assert BIG_SUR.outline.bounds == pytest.approx(REAL_BOUNDS, abs=1e-11)
    write_index(tmp_path, [BIG_SUR], prefix)
    for form in ("csv", "parquet"):
        index = TileIndex(tmp_path / f"aef_index.{form}", "https://host/tge-labs/aef/v1/annual")
        (found,) = index.tiles(shapely.box(-121.8, 35.9, -121.7, 36.0), 2022)
        assert found.url == f"https://host/tge-labs/aef/v1/annual/{BIG_SUR.path}"
        assert (found.west, found.north) == (BIG_SUR.west, BIG_SUR.north)


def test_a_year_without_data_is_refused_with_those_there_are(mirror: Mirror) -> None:
    index = fetch_index(mirror.web, mirror.url, mirror.cache)
    with pytest.raises(InputError, check=fault("mirror-lacks-year", 2021, "2018, 2024")):
        index.tiles(CITY, 2021)


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (shapely.box(-30, 40, -29.9, 40.1), ("mirror-lacks-area", "-30.0000, 40.0000")),
        (shapely.box(20, 83, 20.5, 83.2), ("mirror-lacks-area", "20.0000, 83.0000")),
        (shapely.box(20, 85, 20.5, 85.2), ("area-near-pole", "85.0 to 85.2")),
    ],
)
def test_an_area_without_data_is_refused(
    mirror: Mirror, area: shapely.Geometry, said: tuple[str, ...]
) -> None:
    index = fetch_index(mirror.web, mirror.url, mirror.cache)
    with pytest.raises(InputError, check=fault(*said)):
        index.tiles(area, 2024)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_index_with_other_columns_says_which_are_missing(
    written: tuple[Path, list[MirrorTile]], tmp_path: Path, form: str
) -> None:
    source = written[0] / "annual" / f"aef_index.{form}"
    changed = tmp_path / source.name
    if form == "csv":
        changed.write_text(source.read_text().replace("utm_west", "west").replace("path", "file"))
    else:
        table = pq.read_table(source)
        names = {"utm_west": "west", "path": "file"}
        pq.write_table(table.rename_columns([names.get(n, n) for n in table.schema.names]), changed)
    with pytest.raises(InputError, check=fault("mirror-index-lacks-columns", "path, utm_west")):
        TileIndex(changed, "https://host")


@pytest.mark.parametrize(
    "path",
    [
        "s3://b/annual/2024/34N/../../../x.tiff",
        "s3://b/annual/2024/34N/x.tiff?y=1",
        "s3://b/annual/2023/34N/x.tiff",
        "s3://b/annual/2024/35N/x.tiff",
        "https://elsewhere/2024/34N/x.tiff",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(
    written: tuple[Path, list[MirrorTile]], tmp_path: Path, path: str
) -> None:
    source = (written[0] / "annual" / "aef_index.csv").read_text()
    spoilt = re.sub(r"s3://[^,]*/2024/34N/[^,]*", path, source)
    assert spoilt != source
    (tmp_path / "aef_index.csv").write_text(spoilt)
    with pytest.raises(InputError, check=fault("mirror-index-path-unexpected", "2024", "34N")):
        TileIndex(tmp_path / "aef_index.csv", "https://host").tiles(CITY, 2024)


def test_a_kept_index_is_not_downloaded_again_until_it_changes(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    (folder / "annual").mkdir(parents=True)
    write_index(folder / "annual", written[1])
    mirror = serve(folder, written[1])
    fetch_index(mirror.web, mirror.url, mirror.cache)
    received = mirror.web.received
    assert received >= (folder / "annual/aef_index.parquet").stat().st_size
    assert fetch_index(mirror.web, mirror.url, mirror.cache).years(CITY) == [2018, 2024]
    assert mirror.web.received == received
    write_index(folder / "annual", [tile for tile in written[1] if tile.year == 2024])
    assert fetch_index(mirror.web, mirror.url, mirror.cache).years(CITY) == [2024]


def test_a_kept_index_that_was_damaged_is_downloaded_again(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    """The mirror says that it has not changed; what lies here has."""
    folder = tmp_path / "own"
    (folder / "annual").mkdir(parents=True)
    write_index(folder / "annual", written[1])
    mirror = serve(folder, written[1])
    fetch_index(mirror.web, mirror.url, mirror.cache)
    (kept,) = mirror.cache.rglob("*.parquet")
    whole = kept.read_bytes()
    for damaged in (b"", whole[:100], whole[:50] + b"\xff" + whole[51:]):
        kept.write_bytes(damaged)
        assert fetch_index(mirror.web, mirror.url, mirror.cache).years(CITY) == [2018, 2024]
        assert kept.read_bytes() == whole


def test_a_mirror_may_have_the_csv_alone_and_one_without_any_is_named(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    (folder / "annual").mkdir(parents=True)
    mirror = serve(folder, written[1])
    with pytest.raises(RemoteMissingError, check=fault("remote-missing", "annual/aef_index")):
        fetch_index(mirror.web, mirror.url, mirror.cache)
    shutil.copy(written[0] / "annual/aef_index.csv", folder / "annual")
    assert fetch_index(mirror.web, mirror.url + "/", mirror.cache).years(CITY) == [2018, 2024]
