"""Archives, formats of several files and of several layers: one map out of each, or a choice."""

import gzip
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.vector import UPLOAD_SUFFIXES, Limits, ReadOptions, VectorFile, read_vector
from aether_core.vector.limits import TooLargeError
from tests.errors import fault

AREAS = gpd.GeoDataFrame(
    {"code": ["007", "008", None], "n": pd.array([2**53 + 1, None, 3], "Int64")},
    geometry=[shapely.box(24.9 + n / 100, 60.1, 24.905 + n / 100, 60.11) for n in range(3)],
    crs="EPSG:4326",
)
PLACES = gpd.GeoDataFrame({"name": ["pub"]}, geometry=[shapely.Point(24.9, 60.1)], crs="EPSG:4326")
MAPINFO = AREAS.assign(code=["007", "008", "009"], n=[1, 2, 3])  # it knows no empty cells
FILES: dict[str, Callable[[Path], object]] = {
    "a.gpkg": lambda path: AREAS.to_file(path, layer="areas"),
    "a.fgb": AREAS.to_file,
    "a.geojson": AREAS.to_file,
    "a.geojsonl": lambda path: AREAS.to_file(path, driver="GeoJSONSeq"),
    "a.parquet": AREAS.to_parquet,
    "a.kml": lambda path: AREAS.to_file(path, driver="LIBKML"),
    "a.gml": lambda path: AREAS.to_crs(3067).to_file(path, driver="GML"),
    "a.csv": lambda path: AREAS.to_wkt().to_csv(path, index=False),
    "a.shp": AREAS.to_file,
    "a.tab": lambda path: MAPINFO.to_file(path, driver="MapInfo File"),
    "a.mif": lambda path: MAPINFO.to_file(path, driver="MapInfo File"),
    "a.gdb": lambda path: AREAS.to_crs(3067).to_file(
        path, driver="OpenFileGDB", TARGET_ARCGIS_VERSION="ARCGIS_PRO_3_2_OR_LATER"
    ),
}


def made(folder: Path, name: str) -> list[Path]:
    """Write one of `FILES` into a folder of its own; return all it consists of."""
    inside = folder / f"made-{name}"
    inside.mkdir()
    FILES[name](inside / name)
    return sorted(path for path in inside.rglob("*") if path.is_file())


def zipped(path: Path, *groups: list[Path], within: str = "") -> Path:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for group in groups:
            root = next(one for one in group[0].parents if one.name.startswith("made-"))
            for one in group:
                archive.write(one, f"{within}{one.relative_to(root)}")
    return path


def check(found: VectorFile) -> None:
    frame = found.frame.sort_values("code")
    assert frame["code"].tolist()[:2] == ["007", "008"]
    assert str(frame["n"].tolist()[0]) in {str(2**53 + 1), "1"}
    drawn = shapely.union_all(found.frame.geometry.to_numpy())
    assert drawn.symmetric_difference(shapely.union_all(AREAS.geometry)).area < 1e-9


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("within", ["", "export/2024/"])
def test_every_format_is_read_out_of_a_zip(tmp_path: Path, name: str, within: str) -> None:
    path = zipped(tmp_path / "a.zip", made(tmp_path, name), within=within)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "x")
        archive.writestr("licence.pdf", "x")
    found = read_vector(path, typed=False)
    check(found)
    assert found.report.file == "a.zip"
    assert found.report.format.startswith("zipped ")
    assert found.report.layer.startswith(f"{within}{name}")


@pytest.mark.parametrize("name", [name for name in FILES if Path(name).suffix in UPLOAD_SUFFIXES])
def test_every_format_of_one_file_is_read_out_of_a_gz(tmp_path: Path, name: str) -> None:
    first = next(one for one in made(tmp_path, name) if one.name == name)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(first.read_bytes(), mtime=0))
    found = read_vector(path, typed=False)
    check(found)
    assert (found.report.file, found.report.format[:8]) == (path.name, "gzipped ")


@pytest.mark.parametrize("name", ["a.tab", "a.mif", "a.gml", "a.kml", "a.geojsonl"])
def test_formats_are_read_as_they_lie(tmp_path: Path, name: str) -> None:
    path = next(one for one in made(tmp_path, name) if one.name == name)
    before = sorted(path.parent.iterdir())
    check(read_vector(path, typed=False))
    assert sorted(path.parent.iterdir()) == before


@pytest.mark.parametrize(
    "names",
    [
        {".shp": "L1.SHP", ".shx": "l1.SHX", ".dbf": "l1.dbf", ".prj": "L1.prj"},
        {".shp": "l1.shp", ".shx": "L1.shx", ".dbf": "L1.DBF", ".prj": "l1.PRJ"},
    ],
)
def test_parts_whose_names_differ_in_case_are_one_shapefile(
    tmp_path: Path, names: dict[str, str]
) -> None:
    folder = tmp_path / "made-case"
    folder.mkdir()
    for part in made(tmp_path, "a.shp"):
        if part.suffix in names:
            shutil.copy(part, folder / names[part.suffix])
    check(read_vector(folder / names[".shp"]))
    check(read_vector(zipped(tmp_path / "a.zip", sorted(folder.iterdir()))))
    shutil.copy(folder / names[".dbf"], folder / "a.dbf")
    (folder / names[".dbf"]).unlink()
    with pytest.raises(InputError, check=fault("shapefile-lacks-parts", ".dbf")):
        read_vector(folder / names[".shp"])


def two_maps(folder: Path) -> Path:
    return zipped(folder / "two.zip", made(folder, "a.shp"), made(folder, "a.gpkg"), within="d/")


def test_of_several_maps_in_a_zip_one_is_chosen(tmp_path: Path) -> None:
    path = two_maps(tmp_path)
    with pytest.raises(InputError, check=fault("file-with-several-layers", "d/a.shp", "d/a.gpkg")):
        read_vector(path)
    for wanted in ("d/a.gpkg", "a.gpkg", "A.GPKG", "a.gpkg/areas"):
        assert read_vector(path, ReadOptions(layer=wanted)).report.layer == "d/a.gpkg/areas"
    assert read_vector(path, ReadOptions(layer="a.shp")).report.layer == "d/a.shp"
    with pytest.raises(InputError, check=fault("file-with-several-layers", "d/a.shp")):
        read_vector(path, ReadOptions(layer="a"))
    with pytest.raises(InputError, check=fault("no-such-layer-in-file", "b", "d/a.shp")):
        read_vector(path, ReadOptions(layer="b"))
    with pytest.raises(InputError, check=fault("no-such-layer-in-file", "nope", "areas")):
        read_vector(path, ReadOptions(layer="a.gpkg/nope"))


@pytest.mark.parametrize("suffix", [".gpkg", ".gdb"])
def test_of_several_layers_one_is_chosen(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "made-x" / f"a{suffix}"
    path.parent.mkdir()
    driver = "GPKG" if suffix == ".gpkg" else "OpenFileGDB"
    AREAS.assign(n=0).to_file(path, layer="areas", driver=driver)
    PLACES.to_file(path, layer="pois", driver=driver)
    with pytest.raises(InputError, check=fault("file-with-several-layers", "areas, pois")):
        read_vector(path)
    found = read_vector(path, ReadOptions(layer="pois"))
    assert found.frame["name"].tolist() == ["pub"]
    assert found.report.layer.endswith("pois")


def test_tables_beside_a_map_are_left_and_said(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", made(tmp_path, "a.shp"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("fields.csv", "lon,lat\n1,2\n")
    found = read_vector(path)
    assert any("fields.csv" in note for note in found.report.notes)
    assert len(read_vector(path, ReadOptions(layer="fields.csv")).frame) == 1


def test_zips_in_zips_are_read_and_deeper_ones_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", made(tmp_path, "a.shp"))
    for outer in ("outer.zip", "most.zip"):
        path = tmp_path / outer
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(inner, inner.name)
        if outer == "outer.zip":
            check(read_vector(path))
        inner = path
    with pytest.raises(InputError, check=fault("archive-in-archive")):
        read_vector(path)


def test_a_gz_is_bounded_by_what_it_unpacks_to(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"lon,lat\n" + b"1,2\n" * 2_000_000, mtime=0))
    assert path.stat().st_size < 100_000
    with pytest.raises(TooLargeError, match=r"a\.csv\.gz"):
        read_vector(path, limits=Limits(file_bytes=2_000_000))


@pytest.mark.parametrize(
    ("name", "content", "code", "fact"),
    [
        ("a.csv.gz", b"lon,lat\n1,2\n", "file-of-another-format", "text that begins"),
        ("a.gz", gzip.compress(b"%PDF-1.4", mtime=0), "file-type-unknown", "PDF"),
        (
            "a.csv.gz",
            gzip.compress(b"lon,lat\n1,2\n" * 90, mtime=0)[:-9],
            "gzip-unreadable",
            "a.csv.gz",
        ),
        ("a.tab", b"x" * 90, "file-of-another-format", "text that begins"),
        ("a.shp", b"<html>", "file-of-another-format", "web page"),
        ("a.fgb", b"SQLite format 3\x00", "file-of-another-format", "SQLite"),
        ("a.gpkg", b"PK\x03\x04", "file-of-another-format", "zip"),
        ("a.kml", b"{}", "vector-file-unreadable", "JSON"),
        ("a.zip", b"Rar!\x1a\x07\x00", "file-of-another-format", "RAR"),
    ],
)
def test_what_is_there_is_named(
    tmp_path: Path, name: str, content: bytes, code: str, fact: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, check=fault(code, fact)):
        read_vector(path)


def test_a_database_that_is_no_geopackage_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database:
        database.execute("CREATE TABLE t (n INTEGER)")
    with pytest.raises(InputError, check=fault("file-of-another-format", "SQLite")):
        read_vector(tmp_path / "a.gpkg")


def test_a_geodatabase_is_read_as_the_folder_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a.gdb"
    FILES["a.gdb"](folder)
    (folder / "a00000001.gdbtable.lock").write_text("somebody has it open")
    (folder / "notes").mkdir()
    before = sorted(folder.rglob("*"))
    found = read_vector(folder)
    check(found)
    assert (found.report.file, found.report.format) == ("a.gdb", "FileGDB")
    assert sorted(folder.rglob("*")) == before
    with pytest.raises(TooLargeError, match=r"a\.gdb"):
        read_vector(folder, limits=Limits(file_bytes=1000))


def test_folders_that_are_no_geodatabase_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.gdb"
    empty.mkdir()
    with pytest.raises(InputError, check=fault("folder-not-a-geodatabase", "empty.gdb")):
        read_vector(empty)
    linked = tmp_path / "linked.gdb"
    FILES["a.gdb"](linked)
    (linked / "a00000099.gdbtable").symlink_to("/etc/passwd")
    with pytest.raises(InputError, check=fault("geodatabase-with-link", "a00000099.gdbtable")):
        read_vector(linked)
    other = tmp_path / "b.geojson"
    other.mkdir()
    with pytest.raises(InputError, check=fault("not-a-plain-file", "b.geojson")):
        read_vector(other)


@pytest.mark.parametrize(
    "text",
    [
        '!table\n!version 300\n\nDefinition Table\n  Type DBF\n  File "/etc/passwd"\n',
        '!table\n!version 100\nopen table "../secret.tab" Hide\ncreate view v as select * from x\n',
        '!table\n!version 300\nDefinition Table\n Type NATIVE\n"\\IsSeamless"="TRUE"',
    ],
)
def test_a_mapinfo_table_that_leads_to_other_files_is_refused(tmp_path: Path, text: str) -> None:
    for part in made(tmp_path, "a.tab"):
        shutil.copy(part, tmp_path / part.name)
    (tmp_path / "a.tab").write_text(text)
    with pytest.raises(InputError, check=fault("mapinfo-table-elsewhere")):
        read_vector(tmp_path / "a.tab")


def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", made(tmp_path, "a.geojson"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("damaged", "")
    path.write_bytes(path.read_bytes().replace(b"damaged", b"\0amaged"))
    assert len(read_vector(path).frame) == len(AREAS)
