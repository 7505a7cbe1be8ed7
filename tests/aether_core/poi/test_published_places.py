"""Files of Overture's and Foursquare's places, and OSM tags, in the shapes people keep them in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.poi.fields import PoiFields
from aether_core.poi.read import PoiFile, read_pois
from tests.errors import fault

BAR = ["food_and_drink", "bar"]
OVERTURE: list[dict[str, Any]] = [
    {
        "id": "a",
        "name": "Aalto's",
        "leaf": "coffee_shop",
        "path": ["food_and_drink", "coffee_shop"],
    },
    {
        "id": "b",
        "name": 'The "Vault"',
        "common": {"sv": "Valvet"},
        "leaf": "bar",
        "path": BAR,
        "status": "temporarily_closed",
    },
    {"id": "c", "name": "Gone", "leaf": "bar", "path": BAR, "status": "permanently_closed"},
    {"id": "d", "name": "Unsure", "leaf": "bar", "path": BAR, "confidence": 0.2},
    {"id": "e", "name": "Untold", "leaf": "bar", "path": BAR, "confidence": None},
]
KEPT = [
    ("a", "Aalto's", "coffee shop", "food and drink"),
    ("b", 'The "Vault"', "bar", "nightlife"),
]
LEFT_OUT = {"permanently closed": 1, "confidence under 0.5": 1, "no confidence given": 1}


def records(*, old: bool = False) -> pd.DataFrame:
    """Rows of a release, of the schema of today or the one before."""
    category: dict[str, list[Any]] = (
        {"categories": [{"primary": row["leaf"], "alternate": ["x"]} for row in OVERTURE]}
        if old
        else {
            "basic_category": [row["leaf"] for row in OVERTURE],
            "taxonomy": [{"primary": row["leaf"], "hierarchy": row["path"]} for row in OVERTURE],
        }
    )
    return pd.DataFrame(
        {
            "id": [row["id"] for row in OVERTURE],
            "names": [{"primary": row["name"], "common": row.get("common")} for row in OVERTURE],
            **category,
            "confidence": [row.get("confidence", 0.9) for row in OVERTURE],
            "operating_status": [row.get("status", "open") for row in OVERTURE],
        }
    )


def spatial(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    points = [shapely.Point(24.9 + at / 100, 60.1) for at in range(len(frame))]
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


def tabular(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(lon=[24.9 + at / 100 for at in range(len(frame))], lat=60.1)


def in_cells(frame: pd.DataFrame, write: Callable[[Any], str]) -> pd.DataFrame:
    """Lists and records as text, as a CSV or GeoPackage holds them."""
    return frame.map(lambda cell: write(cell) if isinstance(cell, dict | list) else cell)


def geoparquet(path: Path) -> None:
    spatial(records()).to_parquet(path.with_suffix(".parquet"))


def plain_parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pandas(tabular(records())), path.with_suffix(".parquet"))


def geojson(path: Path) -> None:
    frame = records()
    features = [
        {
            "type": "Feature",
            "properties": {
                k: None if isinstance(v, float) and pd.isna(v) else v for k, v in row.items()
            },
            "geometry": {"type": "Point", "coordinates": [24.9, 60.1]},
        }
        for row in frame.to_dict("records")
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    path.with_suffix(".geojson").write_text(text)


def old_geojson(path: Path) -> None:
    spatial(in_cells(records(old=True), json.dumps)).to_file(path.with_suffix(".geojson"))


def geopackage(path: Path) -> None:
    spatial(in_cells(records(), json.dumps)).to_file(path.with_suffix(".gpkg"))


def json_csv(path: Path) -> None:
    tabular(in_cells(records(), json.dumps)).to_csv(path.with_suffix(".csv"), index=False)


def python_csv(path: Path) -> None:
    """What pandas writes when a release's Parquet is read and saved: Python's own notation."""
    geoparquet(path)
    frame = pd.read_parquet(path.with_suffix(".parquet")).drop(columns="geometry")
    path.with_suffix(".parquet").unlink()
    tabular(frame).to_csv(path.with_suffix(".csv"), index=False)


def duckdb_csv(path: Path) -> None:
    def write(cell: Any) -> str:
        if isinstance(cell, list):
            return f"[{', '.join(cell)}]"
        pairs = {k: "NULL" if v is None else write(v) if isinstance(v, list) else v
                 for k, v in cell.items()}  # fmt: skip
        return "{" + ", ".join(f"'{k}': {v}" for k, v in pairs.items()) + "}"

    tabular(in_cells(records(), write)).to_csv(path.with_suffix(".csv"), index=False)


def spread_csv(path: Path) -> None:
    """Records spread over columns, as GDAL does."""
    frame = records()
    flat = frame.drop(columns=["names", "taxonomy"]).assign(
        **{
            "names.primary": [cell["primary"] for cell in frame["names"]],
            "names.common": [json.dumps(cell["common"]) for cell in frame["names"]],
            "taxonomy.primary": [cell["primary"] for cell in frame["taxonomy"]],
            "taxonomy.hierarchy": [",".join(cell["hierarchy"]) for cell in frame["taxonomy"]],
        }
    )
    tabular(flat).to_csv(path.with_suffix(".csv"), index=False)


def named_csv(path: Path) -> None:
    """A selection with a plain name, in capitals and with a decimal comma."""
    frame = records().drop(columns="taxonomy")
    frame["names"] = [cell["primary"] for cell in frame["names"]]
    frame["confidence"] = [
        "" if pd.isna(value) else str(value).replace(".", ",") for value in frame["confidence"]
    ]
    frame.columns = [name.upper() for name in frame.columns]
    tabular(frame).to_csv(path.with_suffix(".csv"), sep=";", index=False)


WRITERS = (
    *(geoparquet, plain_parquet, geojson, old_geojson, geopackage),
    *(json_csv, python_csv, duckdb_csv, spread_csv, named_csv),
)


def rows(read: PoiFile) -> list[tuple[str, ...]]:
    frame = read.frame[["source_id", "name", "category", "group"]]
    return list(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
def test_overture_places_read_alike_from_every_kind_of_file(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    write(tmp_path / "places")
    (path,) = tmp_path.iterdir()
    read = read_pois(path)
    assert rows(read) == KEPT
    assert "Overture places" in read.report.format
    assert read.report.left_out == LEFT_OUT
    assert (read.report.rows, read.report.used) == (5, 2)
    assert any("0.5" in note and "closed" in note for note in read.report.notes)
    assert {"name", "category", "group"} <= set(read.report.columns)
    assert set(read.frame["source"]) == {"Overture Maps"}


def test_the_users_threshold_and_columns_win(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    tabular(in_cells(records(), json.dumps).assign(kind="x_y")).to_csv(path, index=False)
    every = read_pois(path, fields=PoiFields(min_confidence=0))
    assert [row[0] for row in rows(every)] == ["a", "b", "d", "e"]
    assert every.report.left_out == {"permanently closed": 1}
    own = read_pois(path, fields=PoiFields(category="kind"))
    assert rows(own)[0] == ("a", "Aalto's", "x y", "food and drink")
    assert own.report.columns["category"] == "kind"
    with pytest.raises(InputError, check=fault("confidence-out-of-range", 5)):
        read_pois(path, fields=PoiFields(min_confidence=5))


def test_without_confidences_none_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "places.parquet"
    spatial(records().drop(columns="confidence")).to_parquet(path)
    read = read_pois(path)
    assert [row[0] for row in rows(read)] == ["a", "b", "d", "e"]
    assert any("no confidence" in note for note in read.report.notes)


def test_the_trial_and_the_real_rows(shared: Path, tmp_path: Path) -> None:
    trial = read_pois(shared / "trials" / "p_overture_new.parquet")
    assert trial.report.left_out == {"permanently closed": 10, "confidence under 0.5": 20}
    assert rows(trial)[0][:3] == ("08f30", "River Station Mosque", "mosque")
    assert len(trial.frame) == 30
    real = pd.read_parquet(shared / "real" / "readers" / "overture_rows_300.parquet")
    path = tmp_path / "real.csv"
    real.assign(lon=1.0, lat=2.0).to_csv(path, index=False)
    read = read_pois(path)
    assert rows(read)[0][1:] == ("BP", "gas station", "transport")
    assert len(read.frame) + sum(read.report.left_out.values()) == 300
    assert (read.frame["category"] != "").mean() > 0.9


LABELS = [
    ["Dining and Drinking > Cafe, Coffee, and Tea House > Coffee Shop"],
    ["Landmarks and Outdoors > Park", "Sports and Recreation > Playground"],
    ["Dining and Drinking > Bar"],
]


def foursquare() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "fsq_place_id": ["1", "2", "3"],
            "name": ["Aalto's", "Green", "Gone"],
            "latitude": [60.1, 60.1, 60.1],
            "longitude": [24.9, 24.91, 24.92],
            "fsq_category_ids": [["x"]] * 3,
            "fsq_category_labels": LABELS,
            "date_closed": [None, None, "2024-03-01"],
        }
    )


FOURSQUARE: dict[str, Callable[[list[str]], Any]] = {
    "json": json.dumps,
    "python": repr,
    "numpy": lambda cell: str(pd.Series(cell, dtype=object).to_numpy()),
    "duckdb": lambda cell: f"[{', '.join(cell)}]",
    "gdal": lambda cell: f"({len(cell)}:{','.join(cell)})",
}


@pytest.mark.parametrize("notation", ["parquet", *FOURSQUARE])
def test_foursquare_places(notation: str, tmp_path: Path) -> None:
    frame = foursquare()
    if notation == "parquet":
        path = tmp_path / "fsq.parquet"
        frame.to_parquet(path)
    else:
        path = tmp_path / "fsq.csv"
        frame["fsq_category_labels"] = [FOURSQUARE[notation](cell) for cell in LABELS]
        frame.to_csv(path, index=False)
    read = read_pois(path)
    assert rows(read) == [
        ("1", "Aalto's", "coffee shop", "food and drink"),
        ("2", "Green", "park; playground", "green space"),
    ]
    assert "Foursquare places" in read.report.format
    assert read.report.left_out == {"permanently closed": 1}


LISTS = ("['cafe', 'bakery']", '["cafe", "bakery"]', "['cafe' 'bakery']", "{cafe,bakery}")


@pytest.mark.parametrize("cell", [*LISTS, "(2:cafe,bakery)", "[cafe, bakery]", "cafe;bakery"])
def test_a_category_that_is_a_list_written_as_text(cell: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    pd.DataFrame({"name": ["A"], "category": [cell], "lon": 1, "lat": 2}).to_csv(path, index=False)
    assert list(read_pois(path).frame["category"]) == ["cafe; bakery"]


def test_a_category_that_is_a_list(tmp_path: Path, shared: Path) -> None:
    path = tmp_path / "a.parquet"
    lists = [["cafe", "bakery", "cafe"], None, [{"alias": "x", "title": "Night Market"}]]
    pq.write_table(
        pa.table({
            "name": ["A", "B"], "lon": [1.0, 2.0], "lat": [1.0, 2.0], "categories": lists[:2],
        }),
        path,
    )  # fmt: skip
    assert list(read_pois(path).frame["category"]) == ["cafe; bakery", ""]
    features = [
        {
            "type": "Feature",
            "properties": {"name": "A", "categories": cell},
            "geometry": {"type": "Point", "coordinates": [1, 2]},
        }
        for cell in lists
    ]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert list(read_pois(path).frame["category"]) == ["cafe; bakery", "", "Night Market"]
    trial = read_pois(shared / "trials" / "p_listcat.parquet").frame
    assert list(trial["category"][:1]) == ["boating lake; shop"]


TAGS = [{"name": "A", "name:sv": "Å", "amenity": "fast_food"}, {"name": "B", "shop": "tyres"}]
TOGETHER: dict[str, Callable[[dict[str, str]], str]] = {
    "json": json.dumps,
    "python": repr,
    "hstore": lambda tags: ",".join(f'"{k}"=>"{v}"' for k, v in tags.items()),
    "duckdb": lambda tags: "{" + ", ".join(f"{k}={v}" for k, v in tags.items()) + "}",
}
OSM = [("A", "fast food", "food and drink"), ("B", "tyre shop", "shop")]


@pytest.mark.parametrize("notation", TOGETHER)
@pytest.mark.parametrize("heading", ["tags", "other_tags", "TAGS"])
def test_tags_in_one_column(notation: str, heading: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    cells = [TOGETHER[notation](tags) for tags in TAGS]
    pd.DataFrame({"id": [1, 2], heading: cells, "lon": 1, "lat": 2}).to_csv(path, index=False)
    read = read_pois(path)
    assert [row[1:] for row in rows(read)] == OSM
    assert read.frame["other_names"].tolist() == ['{"sv": "Å"}', ""]
    assert read.report.columns["name"] == read.report.columns["category"] == heading


def test_tags_as_a_parquet_map(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    kind = pa.map_(pa.string(), pa.string())
    tags = pa.array([list(row.items()) for row in TAGS], kind)
    pq.write_table(pa.table({"tags": tags, "lon": [1.0, 2.0], "lat": [1.0, 2.0]}), path)
    assert [row[1:] for row in rows(read_pois(path))] == OSM


@pytest.mark.parametrize("heading", ["AMENITY", "Amenity", "tags.amenity", "osm_amenity"])
def test_a_tag_a_column_in_any_case(heading: str, tmp_path: Path, shared: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"Name,{heading},SHOP,lon,lat\nA,fast_food,,1,2\nB,,tyres,1,2\n")
    assert [row[1:] for row in rows(read_pois(path))] == OSM
    trials = shared / "trials"
    assert set(read_pois(trials / "p_osmcaps.csv").frame["category"]) == {"restaurant"}
    assert set(read_pois(trials / "p_nestedtags.geojson").frame["group"]) == {"food and drink"}
