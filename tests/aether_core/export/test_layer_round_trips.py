"""Every export read back by someone else's reader: pyogrio, pyarrow, pandas, rasterio, json."""

import json
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import rasterio
import shapely
from pyproj import Transformer
from rio_cogeo.cogeo import cog_validate

from aether_core.export import FORMATS, write_layer
from aether_core.vector import read_vector
from aether_core.vector.spreadsheet_text import APOSTROPHE_NOTE

METADATA = {
    "attribution": ["© OpenStreetMap contributors", "AlphaEarth: Google and Google DeepMind"],
    "query": 'a "night" out, é',
    "model": "helsinki-aether-1",
    "parameters": {"minus": None, "top": 20},
    "layer": "a night out",
    "simulated": True,
}


def cell_polygon(cell: str) -> shapely.Polygon:
    return shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])


def layer(
    resolution: int = 10, rings: int = 6, lat: float = 60.17, lon: float = 24.94
) -> gpd.GeoDataFrame:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(lat, lon, resolution), rings))
    generator = np.random.default_rng(3)
    count = len(cells)
    score = generator.uniform(-1, 1, count).astype(np.float32)
    score[3] = np.nan
    return gpd.GeoDataFrame(
        {
            "cell": cells,
            "score": score,
            "rank": np.arange(count),
            "landuse": generator.choice(["Park", "Wohnen; dicht", 'a "b", c'], count),
            "set": [["Park", "é"][: i % 3] for i in range(count)],
            "applicable": generator.random(count) > 0.5,
        },
        geometry=[cell_polygon(cell) for cell in cells],
        crs="EPSG:4326",
    )


@pytest.fixture(scope="module")
def frame() -> gpd.GeoDataFrame:
    return layer()


@pytest.fixture(scope="module")
def written(frame: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    for suffix in FORMATS:
        write_layer(frame, folder / f"layer{suffix}", metadata=METADATA)
    assert len(list(folder.iterdir())) == len(FORMATS)
    return folder


def assert_properties(read: pd.DataFrame, frame: gpd.GeoDataFrame) -> None:
    assert list(read["cell"]) == list(frame["cell"])
    assert np.allclose(read["score"].astype(float), frame["score"], atol=1e-7, equal_nan=True)
    assert list(read["rank"]) == list(frame["rank"])
    assert list(read["landuse"]) == list(frame["landuse"])
    assert list(read["applicable"].astype(bool)) == list(frame["applicable"])


def test_geojson(written: Path, frame: gpd.GeoDataFrame) -> None:
    read = pyogrio.read_dataframe(written / "layer.geojson")
    assert_properties(read, frame)
    assert shapely.equals_exact(
        read.geometry.to_numpy(), frame.geometry.to_numpy(), 1e-7, normalize=True
    ).all()
    document = json.loads((written / "layer.geojson").read_text(encoding="utf-8"))
    for key, value in METADATA.items():
        assert document[key] == value
    assert document["note"] == "simulated embedding"
    sets = [feature["properties"]["set"] for feature in document["features"]]
    assert sets == list(frame["set"])
    assert document["features"][3]["properties"]["score"] is None


def test_geopackage(written: Path, frame: gpd.GeoDataFrame) -> None:
    path = written / "layer.gpkg"
    read = pyogrio.read_dataframe(path)
    assert_properties(read, frame)
    assert [json.loads(text) for text in read["set"]] == list(frame["set"])
    assert shapely.equals_exact(read.geometry.to_numpy(), frame.geometry.to_numpy(), 0).all()
    info = pyogrio.read_info(path)
    assert info["crs"] == "EPSG:4326"
    assert info["layer_name"] == METADATA["layer"]
    assert info["dataset_metadata"]["query"] == METADATA["query"]
    assert json.loads(info["dataset_metadata"]["attribution"]) == METADATA["attribution"]
    assert info["dataset_metadata"]["note"] == "simulated embedding"


def test_geoparquet(written: Path, frame: gpd.GeoDataFrame) -> None:
    path = written / "layer.parquet"
    read = gpd.read_parquet(path)
    assert_properties(read, frame)
    assert [list(cell) for cell in read["set"]] == list(frame["set"])
    assert read["score"].dtype == np.float32
    assert shapely.equals_exact(read.geometry.to_numpy(), frame.geometry.to_numpy(), 0).all()
    footer = pq.read_schema(path).metadata
    assert footer[b"query"].decode() == METADATA["query"]
    assert json.loads(footer[b"parameters"]) == METADATA["parameters"]
    assert footer[b"note"] == b"simulated embedding"


def test_csv(written: Path, frame: gpd.GeoDataFrame) -> None:
    read = pd.read_csv(written / "layer.csv")
    assert list(read.columns[:3]) == ["cell", "lon", "lat"]
    assert_properties(read, frame)
    assert [json.loads(text) for text in read["set"]] == list(frame["set"])
    centres = [h3.cell_to_latlng(cell)[::-1] for cell in frame["cell"]]
    assert np.allclose(read[["lon", "lat"]], centres, atol=1e-7)
    assert set(read["attribution"]) == {" ".join(METADATA["attribution"])}
    assert set(read["note"]) == {"simulated embedding"}


def test_excel_opens_a_csv_with_its_letters(tmp_path: Path) -> None:
    frame = layer().head(3).reset_index(drop=True)
    frame["landuse"] = ["Größe", "公园", "=Ñandú"]
    write_layer(frame, tmp_path / "a.csv", metadata=METADATA)
    written = (tmp_path / "a.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfcell,lon,lat,")  # by this mark it knows UTF-8
    assert written.count(b"\xef\xbb\xbf") == 1
    again = read_vector(tmp_path / "a.csv", typed=False).frame
    assert again["cell"].tolist() == frame["cell"].tolist()
    assert again["landuse"].tolist() == frame["landuse"].tolist()


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".csv"])
def test_our_own_reader_reads_what_we_write(
    written: Path, frame: gpd.GeoDataFrame, suffix: str
) -> None:
    read = read_vector(written / f"layer{suffix}").frame
    assert list(read["cell"]) == list(frame["cell"])


def test_no_text_of_a_csv_runs_as_a_formula_and_our_reader_gives_it_back(tmp_path: Path) -> None:
    names = ['=HYPERLINK("http://x.example","a")', "+1", "@home", "-", "\tx", "'=a", "plain", "-2"]
    frame = layer().head(len(names)).reset_index(drop=True)
    frame["landuse"] = names
    frame["=SUM(A1)"] = names
    write_layer(frame, tmp_path / "a.csv", metadata=METADATA)
    read = pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
    for column in read.columns:
        texts = [column, *read[column]]
        assert not any(text[:1] in {"=", "@", "\t"} for text in texts)
    assert read["landuse"].tolist()[3:] == ["'-", "'\tx", "''=a", "plain", "-2"]
    assert APOSTROPHE_NOTE in read["note"][0]
    again = read_vector(tmp_path / "a.csv", typed=False).frame
    assert again["landuse"].tolist() == names
    assert again["=SUM(A1)"].tolist() == names


def test_a_foreign_csv_keeps_its_apostrophes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat,name\n24.9,60.1,'@home'\n")
    assert read_vector(tmp_path / "a.csv").frame["name"].tolist() == ["'@home'"]


def test_geotiff(written: Path, frame: gpd.GeoDataFrame) -> None:
    path = written / "layer.tif"
    assert cog_validate(path, strict=True)[0]
    with rasterio.open(path) as raster:
        assert raster.crs == "EPSG:32635"
        assert raster.descriptions == ("score", "rank", "applicable")
        assert set(raster.dtypes) == {"float32"}
        assert np.isnan(raster.nodata)
        assert raster.res == (76.0, 76.0)  # H3's mean edge at resolution 10 is 75.9 m
        assert raster.tags()["query"] == METADATA["query"]
        assert raster.tags()["note"] == "simulated embedding"
        score, rank, _ = raster.read()
        rows, columns = np.mgrid[: raster.height, : raster.width]
        x, y = raster.transform @ np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5])
    to_degrees = Transformer.from_crs("EPSG:32635", "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    expected = np.full(len(lon), np.nan)
    for i, polygon in enumerate(frame.geometry):
        expected[shapely.contains_xy(polygon, lon, lat)] = i
    assert np.array_equal(rank.ravel(), expected.astype(np.float32), equal_nan=True)
    assert set(np.unique(rank[~np.isnan(rank)])) == set(range(len(frame)))
    assert np.isnan(score[rank == 3]).all()
    assert np.allclose(score[rank == 7], frame["score"][7])


@pytest.mark.parametrize(
    ("resolution", "lat", "lon"), [(12, -33.9, 151.2), (8, 64.1, -21.9), (13, 1.3, 103.8)]
)
def test_geotiff_elsewhere_and_at_other_sizes(
    tmp_path: Path, resolution: int, lat: float, lon: float
) -> None:
    frame = layer(resolution, 4, lat, lon)
    write_layer(frame, tmp_path / "a.tif", metadata={})
    with rasterio.open(tmp_path / "a.tif") as raster:
        edge = h3.average_hexagon_edge_length(resolution, unit="m")
        assert raster.res[0] == max(10, round(edge))
        found = raster.read(2)
    inside = np.count_nonzero(~np.isnan(found)) * max(10, round(edge)) ** 2
    area = frame.to_crs(frame.estimate_utm_crs()).area.sum()
    assert inside == pytest.approx(area, rel=0.05)


def test_a_geopackage_tells_names_apart_that_differ_by_case_alone(
    frame: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "names.gpkg"
    named = frame.assign(p_Park=0.25, p_park=0.75, fid=1.5)
    write_layer(named, path, metadata=METADATA)
    read = pyogrio.read_dataframe(path)
    assert (read["p_Park"] == 0.25).all()
    assert (read["p_park_"] == 0.75).all()
    assert (read["fid_"] == 1.5).all()
