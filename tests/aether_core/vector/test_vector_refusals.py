"""Every way a vector file can be wrong ends in one plain line, and nothing else is opened."""

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.errors import InputError, NotFoundError
from aether_core.vector import Limits, ReadOptions, looks_swapped, read_vector
from aether_core.vector.limits import TooLargeError
from aether_core.vector.report import CRS_GIVEN, CRS_STATED
from tests.errors import fault

HELSINKI = [(24.94, 60.17), (24.95, 60.18), (24.96, 60.16)]
HELSINKI_BOX = shapely.box(24.9, 60.1, 25.0, 60.2)


def points(
    crs: str | None = "EPSG:4326", lonlat: list[tuple[float, float]] = HELSINKI
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": ["a", "b", "c"][: len(lonlat)]},
        geometry=[shapely.Point(p) for p in lonlat],
        crs=crs,
    )


def refused(
    path: Path | str, code: str | None = None, *facts: object, **options: object
) -> InputError:
    """Return the refusal; its message is one line that names the facts."""
    with pytest.raises(InputError, check=fault(code, *facts) if code else None) as caught:
        read_vector(path, **options)
    assert "\n" not in str(caught.value)
    return caught.value


def limit_of(path: Path, limits: Limits) -> str:
    error = refused(path, "file-too-large", path.name, limits=limits)
    assert isinstance(error, TooLargeError)
    return error.limit


def zipped_shapefile(folder: Path, frame: gpd.GeoDataFrame, inside: str = "") -> Path:
    parts = folder / "parts"
    parts.mkdir()
    frame.to_file(parts / "layer.shp")
    path = folder / "layer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(parts.iterdir()):
            archive.writestr(zipfile.ZipInfo(inside + part.name), part.read_bytes())
    return path


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".parquet", ".shp", ".zip"])
def test_no_crs_is_refused_and_accepted_with_one(tmp_path: Path, suffix: str) -> None:
    frame = points(crs="EPSG:3067").set_crs(None, allow_override=True)
    metres = points().to_crs("EPSG:3067").set_crs(None, allow_override=True)
    frame = frame.set_geometry(metres.geometry)
    path = tmp_path / f"layer{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".zip":
        path = zipped_shapefile(tmp_path, frame)
    else:
        frame.to_file(path)
    refused(path, "file-without-crs", "--crs")
    # FlatGeobuf keeps its features in the order of its index.
    read = read_vector(path, options=ReadOptions(crs="EPSG:3067")).frame.sort_values("name")
    assert np.allclose(shapely.get_coordinates(read.geometry.to_numpy()), HELSINKI, atol=1e-8)


def test_a_crs_nobody_knows_is_refused(tmp_path: Path) -> None:
    points().to_file(tmp_path / "a.gpkg")
    refused(
        tmp_path / "a.gpkg",
        "no-such-crs",
        "EPSG:99999999",
        options=ReadOptions(crs="EPSG:99999999"),
    )


def test_the_users_crs_wins_over_the_files_and_that_is_said(tmp_path: Path) -> None:
    metres = points().to_crs("EPSG:3067")
    mislabelled = tmp_path / "a.gpkg"
    metres.set_crs("EPSG:4326", allow_override=True).to_file(mislabelled)
    refused(mislabelled, "coordinates-not-degrees", "--crs")
    read = read_vector(mislabelled, ReadOptions(crs="EPSG:3067"))
    assert np.allclose(shapely.get_coordinates(read.frame.geometry.to_numpy()), HELSINKI, atol=1e-8)
    assert (read.report.crs, read.report.crs_from) == ("EPSG:3067", CRS_GIVEN)
    assert any("EPSG:4326" in note for note in read.report.notes)
    sound = tmp_path / "b.gpkg"
    metres.to_file(sound)
    silent = read_vector(sound, ReadOptions(crs_if_unstated="EPSG:27700"))
    assert (silent.report.crs, silent.report.crs_from) == ("EPSG:3067", CRS_STATED)


def test_a_table_of_degrees_in_another_datum_is_moved(tmp_path: Path) -> None:
    path = tmp_path / "ed50.csv"
    path.write_text("lon,lat,name\n2.3,48.9,a\n", encoding="utf-8")
    moved = read_vector(path, ReadOptions(crs="EPSG:4230")).frame.geometry[0]
    plain = read_vector(path).frame.geometry[0]
    assert 0.0005 < abs(moved.x - plain.x) < 0.005


def test_the_crs_of_geojson_is_degrees_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    def write(name: str, lonlat: np.ndarray) -> Path:
        features = [
            {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": c}}
            for c in lonlat.tolist()
        ]
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    metres = write("m.geojson", points().to_crs("EPSG:3067").get_coordinates().to_numpy())
    degrees = write("d.geojson", np.array(HELSINKI))
    refused(metres, "coordinates-not-degrees", metres.name)
    refused(degrees, "coordinates-are-degrees", options=ReadOptions(crs="EPSG:3067"))
    read = [
        read_vector(metres, ReadOptions(crs="EPSG:3067")),
        read_vector(metres, ReadOptions(crs_if_unstated="EPSG:3067")),
        read_vector(degrees, ReadOptions(crs_if_unstated="EPSG:3067")),
    ]
    for one in read:
        shapes = one.frame.geometry.to_numpy()
        assert np.allclose(shapely.get_coordinates(shapes), HELSINKI, atol=1e-8)


@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gpkg"])
def test_latitudes_beyond_the_pole_are_named_as_swapped(tmp_path: Path, suffix: str) -> None:
    swapped = [(37.77, -122.42), (37.78, -122.41)]
    path = tmp_path / f"sf{suffix}"
    if suffix == ".csv":
        pd.DataFrame(swapped, columns=["lon", "lat"]).to_csv(path, index=False)
    else:
        points(lonlat=swapped).to_file(path)
    refused(path, "coordinates-swapped", path.name)


def test_one_impossible_row_among_good_ones_loses_its_point_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,lon,lat\na,24.94,60.17\nb,999,999\nc,24.96,60.16\nd,,\ne,x,1\n")
    read = read_vector(path).frame
    assert list(read["name"]) == ["a", "b", "c", "d", "e"]
    assert list(shapely.is_missing(read.geometry.to_numpy())) == [False, True, False, True, True]


def test_looks_swapped_only_when_swapping_helps() -> None:
    right = np.array([shapely.Point(p) for p in HELSINKI], dtype=object)
    swapped = np.array([shapely.Point(y, x) for x, y in HELSINKI], dtype=object)
    elsewhere = np.array([shapely.Point(1, 2), None, shapely.Point(2, 1)], dtype=object)
    assert looks_swapped(swapped, HELSINKI_BOX)
    assert not looks_swapped(right, HELSINKI_BOX)
    assert not looks_swapped(elsewhere, HELSINKI_BOX)
    assert not looks_swapped(np.array([None], dtype=object), HELSINKI_BOX)


@pytest.mark.parametrize(
    "suffix", [".geojson", ".json", ".gpkg", ".fgb", ".parquet", ".shp", ".zip", ".csv", ".tsv"]
)
def test_zero_bytes_and_noise(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()
    refused(path, "file-empty", path.name)
    path.write_bytes(bytes(range(128, 256)) * 40)
    refused(path)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet", ".zip"])
def test_cut_short(tmp_path: Path, suffix: str) -> None:
    many = gpd.GeoDataFrame(
        {"name": [f"place {i}" for i in range(500)]},
        geometry=shapely.points(np.linspace(24, 25, 500), np.linspace(60, 61, 500)),
        crs="EPSG:4326",
    )
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        many.to_parquet(path)
    elif suffix == ".zip":
        path = zipped_shapefile(tmp_path, many)
    else:
        many.to_file(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    refused(path)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet", ".csv"])
def test_no_rows(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    none = points().iloc[:0]
    if suffix == ".csv":
        path.write_text("name,lon,lat\n")
    elif suffix == ".parquet":
        none.to_parquet(path)
    else:
        none.to_file(path)
    refused(path, "file-without-rows", path.name)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet"])
def test_no_geometry(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    bare = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[None, shapely.Point()], crs="EPSG:4326")
    if suffix == ".parquet":
        bare.to_parquet(path)
    else:
        bare.to_file(path)
    refused(path, "file-without-geometry", path.name)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_without_coordinates_lists_its_columns(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    frame = pd.DataFrame({"shop": ["a"], "street": ["b"]})
    frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    refused(path, "table-without-coordinates", "shop, street")
    refused(
        path, "no-such-column", "laenge", "shop, street", lon_field="laenge", lat_field="breite"
    )


def test_coordinate_columns_without_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat\n24°56'E,60°10'N\n")
    refused(path, "coordinates-not-numbers", "24°56'E")


@pytest.mark.parametrize(
    "path",
    [
        "https://example.org/a.geojson",
        "/vsicurl/https://example.org/a.geojson",
        "/vsizip/a.zip/a.shp",
        "a.vrt",
        "a.dwg",
        "GPKG:a.gpkg",
    ],
)
def test_addresses_virtual_paths_and_other_formats(path: str) -> None:
    with pytest.raises(InputError):
        read_vector(path)


def test_a_missing_file() -> None:
    with pytest.raises(NotFoundError):
        read_vector("nowhere.geojson")


def test_a_virtual_dataset_under_another_name(tmp_path: Path) -> None:
    points().to_file(tmp_path / "real.gpkg")
    source = f"<SrcDataSource>{tmp_path / 'real.gpkg'}</SrcDataSource>"
    text = f'<OGRVRTDataSource><OGRVRTLayer name="real">{source}</OGRVRTLayer></OGRVRTDataSource>'
    for suffix in (".geojson", ".gpkg", ".fgb", ".shp", ".csv"):
        path = tmp_path / f"virtual{suffix}"
        path.write_text(text)
        refused(path)


def test_a_gdal_pipeline_dressed_as_geojson_reads_nothing(tmp_path: Path) -> None:
    points().to_file(tmp_path / "secret.gpkg")
    pipeline = f"gdal vector pipeline ! read {tmp_path / 'secret.gpkg'} ! write --of stream s"
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "gdal_streamed_alg", "command_line": pipeline}))
    refused(path)


@pytest.mark.parametrize("key", ['"crs"', '"\\u0063rs"', '"crs" '])
@pytest.mark.parametrize("kind", ["link", "url", "LINK", "\\u006cink"])
def test_a_linked_crs_is_never_fetched(
    tmp_path: Path, listener: tuple[str, list[str]], key: str, kind: str
) -> None:
    address, asked = listener
    crs = f'{{"type":"{kind}","properties":{{"href":"{address}","url":"{address}"}}}}'
    point = '{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}'
    path = tmp_path / "a.geojson"
    path.write_text(f'{{"type":"FeatureCollection",{key}:{crs},"features":[{point}]}}')
    refused(path)
    assert asked == []


def test_a_named_crs_in_geojson_is_followed_without_the_network(
    tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    address, asked = listener
    points().to_crs("EPSG:3067").to_file(tmp_path / "a.geojson")
    assert '"crs"' in (tmp_path / "a.geojson").read_text()
    read = read_vector(tmp_path / "a.geojson").frame
    assert np.allclose(shapely.get_coordinates(read.geometry.to_numpy()), HELSINKI, atol=1e-6)
    text = (tmp_path / "a.geojson").read_text().replace("urn:ogc:def:crs:EPSG::3067", address)
    (tmp_path / "b.geojson").write_text(text)
    refused(tmp_path / "b.geojson")
    assert asked == []


def test_reading_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    points().to_file(path, dataset_metadata={"note": "x"})
    before = path.read_bytes()
    read_vector(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_several_layers(tmp_path: Path) -> None:
    points().to_file(tmp_path / "a.gpkg", layer="pubs")
    points().to_file(tmp_path / "a.gpkg", layer="parks")
    refused(tmp_path / "a.gpkg", "file-with-several-layers", "pubs", "parks")


def test_a_shapefile_alone(tmp_path: Path) -> None:
    points().to_file(tmp_path / "a.shp")
    (tmp_path / "a.shx").unlink()
    refused(tmp_path / "a.shp", "shapefile-lacks-parts", ".zip")


def test_zips_without_a_map_with_several_and_with_missing_parts(tmp_path: Path) -> None:
    def pack(*names: str) -> Path:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, b"x")
        return path

    refused(pack("readme.txt"), "zip-without-map", "readme.txt")
    refused(pack(), "zip-without-map", "empty")
    refused(pack("a.shp", "b.shp"), "file-with-several-layers", "a.shp", "b.shp")
    refused(pack("a.shp", "a.shx"), "shapefile-lacks-parts", ".dbf")


@pytest.mark.parametrize("inside", ["../../../../etc/", "/etc/", "a/../../", "..\\..\\", "C:\\x\\"])
def test_a_zip_with_names_that_lead_out_writes_nothing(tmp_path: Path, inside: str) -> None:
    path = zipped_shapefile(tmp_path, points(), inside=inside)
    refused(path, "zip-with-unsafe-name", path.name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["layer.zip", "parts"]


def test_a_zip_with_folders_and_shadows_is_read(tmp_path: Path) -> None:
    path = zipped_shapefile(tmp_path, points(), inside="city/export/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/city/export/._layer.shp", b"x")
        archive.writestr("city/readme.txt", b"x")
    assert len(read_vector(path).frame) == 3


def test_limits_are_named(tmp_path: Path) -> None:
    corners = [(np.cos(a) * 0.1, np.sin(a) * 0.1) for a in np.linspace(0, 6, 400)]
    frame = gpd.GeoDataFrame(geometry=[shapely.Polygon(corners)] * 3, crs="EPSG:4326")
    frame["name"] = "a"
    for suffix in (".geojson", ".gpkg", ".fgb", ".parquet"):
        path = tmp_path / f"a{suffix}"
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
        assert limit_of(path, Limits(vertices=1000)) == "vertices"
        assert limit_of(path, Limits(features=2)) == "features"
        assert limit_of(path, Limits(file_bytes=1000)) == "file_bytes"
        assert len(read_vector(path, limits=Limits(200_000, 3, 1300)).frame) == 3


def test_a_zip_is_bounded_by_what_it_unpacks_to(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shp", ".shx", ".dbf"):
            archive.writestr(f"a{suffix}", bytes(1_000_000))
    assert path.stat().st_size < 100_000
    assert limit_of(path, Limits(file_bytes=2_000_000)) == "file_bytes"


def test_a_unit_that_nobody_knows_is_a_crs_that_is_not_understood(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(385_000, 6_672_000)], crs=3067)
    frame.to_file(tmp_path / "a.shp")
    stated = tmp_path / "a.prj"
    stated.write_text(stated.read_text().replace('UNIT["Meter",1.0]', 'UNIT["Meter",1e-320]'))
    with pytest.raises(InputError, check=fault("crs-not-understood")):
        read_vector(tmp_path / "a.shp")


def test_a_property_given_twice_is_read(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["b"]}, geometry=[shapely.Point(24.9, 60.1)], crs=4326)
    path = tmp_path / "a.gml"
    frame.to_file(path, driver="GML")
    named = "<ogr:name>b</ogr:name>"
    path.write_text(path.read_text().replace(named, named * 2))
    path.with_suffix(".xsd").unlink()
    assert len(read_vector(path).frame) == 1
