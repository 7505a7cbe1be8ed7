"""The same POIs read equal from every format, and columns are found or refused by name."""

import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_core.errors import InputError
from aether_core.language import names_kept
from aether_core.poi.fields import PoiFields
from aether_core.poi.frame import plain_text
from aether_core.poi.read import read_pois
from aether_core.vector import Limits
from tests.errors import fault

FORMATS = (".geojson", ".gpkg", ".zip", ".fgb", ".parquet", ".csv")

_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=30).map(
    plain_text
)
_TRICKY = st.sampled_from(
    ["", "NA", "null", "1", "1.10", "007", "true", "2020/01/01", "a,b", '"q"']
)
_CATEGORY = st.sampled_from(["", "cafe", "place of worship", "bäckerei", "駅"])
_DEGREES = {"allow_nan": False, "allow_infinity": False}
_POI = st.tuples(
    st.one_of(_TEXT, _TRICKY),
    _CATEGORY,
    st.sampled_from(["", "food and drink", "transport"]),
    st.floats(-179, 179, **_DEGREES).map(lambda x: round(x, 7)),
    st.floats(-85, 85, **_DEGREES).map(lambda x: round(x, 7)),
)


def in_swedish(name: str) -> str:
    return f"{name} på svenska" if name else ""


def write(rows: list[tuple[str, str, str, float, float]], path: Path) -> None:
    """Write POIs the way a user's software would."""
    table = pd.DataFrame(
        [(str(i), *row) for i, row in enumerate(rows)],
        columns=["source_id", "name", "category", "group", "lon", "lat"],
    )
    table["name:sv"] = [in_swedish(name) for name in table["name"]]
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
        return
    frame = gpd.GeoDataFrame(
        table.drop(columns=["lon", "lat"]),
        geometry=gpd.points_from_xy(table["lon"], table["lat"]),
        crs="EPSG:4326",
    )
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".zip":
        inner = path.with_suffix(".shp")
        frame.rename(columns={"name:sv": "name_sv"}).to_file(inner, encoding="UTF-8")
        with zipfile.ZipFile(path, "w") as archive:
            for part in path.parent.glob(f"{path.stem}.*"):
                if part.suffix in {".shp", ".shx", ".dbf", ".prj", ".cpg"}:
                    archive.write(part, part.name)
    elif path.suffix == ".geojson":
        frame.to_file(path, RFC7946="YES")
    else:
        frame.to_file(path)


def as_rows(pois: gpd.GeoDataFrame) -> list[tuple[str, str, str, float, float]]:
    """POIs as plain rows, in the order of their ids: FlatGeobuf reorders its features."""
    pois = pois.sort_values("source_id", key=lambda ids: ids.astype(int))
    columns = (pois["name"], pois["category"], pois["group"], pois.geometry.x, pois.geometry.y)
    return [(n, c, g, round(x, 7), round(y, 7)) for n, c, g, x, y in zip(*columns, strict=True)]


@settings(max_examples=8)
@given(rows=st.lists(_POI, min_size=1, max_size=8))
def test_the_same_pois_are_read_equal_from_every_format(rows: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for suffix in FORMATS:
            path = Path(folder) / f"pois{suffix}"
            write(rows, path)
            pois = read_pois(path).frame
            assert as_rows(pois) == rows, suffix
            assert list(pois.columns) == [
                "source", "source_id", "name", "category", "group", "other_names", "geometry",
            ]  # fmt: skip
            called = [names_kept(text).get("sv", "") for text in pois["other_names"]]
            assert called == [in_swedish(name) for name in pois["name"]], suffix
            assert pois.crs == "EPSG:4326"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "pois.csv"
    path.write_text("Foo,Bar,Baz,lon,lat\nAalto,art_museum,KULTUR,24.9,60.1\n")
    return path


def test_columns_are_named_by_the_user(table: Path) -> None:
    fields = PoiFields(name="Foo", category="Bar", group="Baz")
    poi = read_pois(table, fields=fields).frame.iloc[0]
    assert (poi["name"], poi["category"], poi["group"]) == ("Aalto", "art museum", "KULTUR")


def test_unknown_columns_list_those_there_are(table: Path) -> None:
    with pytest.raises(InputError, check=fault("no-such-column", "Sorte", "Foo, Bar, Baz")):
        read_pois(table, fields=PoiFields(category="Sorte"))
    with pytest.raises(InputError, check=fault("places-without-name-or-category", "Foo, Bar, Baz")):
        read_pois(table)


def test_osm_tag_columns_go_through_the_taxonomy(tmp_path: Path) -> None:
    path = tmp_path / "export.geojson"
    gpd.GeoDataFrame(
        {
            "osm_id": [1, 2, 3],
            "type": ["multipolygon", None, None],
            "name": ["A", None, "C"],
            "amenity": ["fast_food;cafe", None, None],
            "shop": [None, "yes", None],
        },
        geometry=[shapely.box(0, 0, 1, 1), shapely.Point(1, 1), shapely.Point(2, 2)],
        crs=4326,
    ).to_file(path)
    pois = read_pois(path).frame
    assert list(pois["category"]) == ["fast food", "shop", ""]
    assert list(pois["group"]) == ["food and drink", "shop", ""]
    assert list(pois["source_id"]) == ["1", "2", "3"]


def test_geofabrik_classes_and_codes(tmp_path: Path) -> None:
    path = tmp_path / "gis_osm_pois.csv"
    path.write_text("osm_id,code,fclass,name,lon,lat\n7,2501,supermarket,S,1,2\n8,2301,pub,P,1,2\n")
    pois = read_pois(path).frame
    assert list(zip(pois["category"], pois["group"], strict=True)) == [
        ("supermarket", "shop"),
        ("pub", "nightlife"),
    ]


def test_categories_that_say_nothing_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,category,lon,lat\nA,yes,1,2\nB,none;fast_food,1,2\nC,a; b_c,1,2\n")
    assert list(read_pois(path).frame["category"]) == ["", "fast food", "a; b c"]


def test_overture_structs(tmp_path: Path) -> None:
    path = tmp_path / "places.parquet"
    gpd.GeoDataFrame(
        {
            "id": ["x"],
            "names": [{"primary": "Kaffa", "common": None}],
            "categories": [{"primary": "coffee_shop", "alternate": ["cafe"]}],
        },
        geometry=[shapely.Point(24.9, 60.1)],
        crs=4326,
    ).to_parquet(path)
    poi = read_pois(path).frame.iloc[0]
    assert (poi["source_id"], poi["name"], poi["category"]) == ("x", "Kaffa", "coffee shop")


def test_areas_and_lines_become_a_point_on_them(tmp_path: Path) -> None:
    ring = shapely.Point(0, 0).buffer(2).difference(shapely.Point(0, 0).buffer(1))
    shapes = [ring, shapely.LineString([(0, 0), (1, 1)]), shapely.MultiPoint([(1, 1), (2, 2)])]
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"name": ["a", "b", "c"]}, geometry=shapes, crs=4326).to_file(path)
    points = read_pois(path).frame.geometry
    assert set(points.geom_type) == {"Point"}
    assert all(shape.distance(point) < 1e-12 for shape, point in zip(shapes, points, strict=True))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (float("nan"), ""),
        (pd.NA, ""),
        (7.0, "7"),
        (7.5, "7.5"),
        ("  a \n b\x00c\t", "a b c"),
        ("é", "é"),
    ],
)
def test_plain_text(value: object, text: str) -> None:
    assert plain_text(value) == text


def test_limits_reach_the_reader(table: Path) -> None:
    with pytest.raises(InputError, check=fault("file-too-large", "10 bytes")):
        read_pois(table, limits=Limits(file_bytes=10))


def test_genuine_london_places(shared: Path) -> None:
    pois = read_pois(shared / "real" / "london" / "pois.csv").frame
    assert len(pois) == 12770
    assert (pois["name"] != "").all()
    assert pois["group"].nunique() == 7
    assert pois["source"].str.startswith("OpenStreetMap").any()
    assert pois.total_bounds[0] > -0.52


def test_genuine_bay_area_places(shared: Path) -> None:
    pois = read_pois(shared / "real" / "sf_bay" / "pois.csv").frame
    assert len(pois) == 8062
    assert (pois["name"] == "").sum() == 1759
    assert pois["source_id"][0] == "30181366"
    assert (pois["category"] == "").sum() == 10  # eight are a blank, two are "yes"
    assert not pois["category"].str.contains("_").any()


def test_two_columns_of_one_heading_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("lon,lat,name,name,category\n" + "4.9,52.3,a,b,cafe\n" * 9, encoding="utf-8")
    with pytest.raises(InputError, check=fault("places-columns-unclear", "--name-field")):
        read_pois(path)
