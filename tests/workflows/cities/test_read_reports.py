"""A city from files as people have them: what was left out and how it was read is kept and said."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio

from aether_core.eo.embedding import open_embedding
from aether_core.errors import InputError
from cli.__main__ import run
from db.cities import cities as city_rows
from tests.app_fixtures import CityFiles
from tests.errors import fault
from workflows.cities.add import AddCity, CityReports, add_city
from workflows.cities.files import open_city_embedding
from workflows.home.store import Store


def sampled(files: CityFiles, path: Path, *, step: int, crs: str | None = None) -> Path:
    """Every so many-th pixel of the city's raster each way, as a table."""
    with rasterio.open(files.embedding) as raster:
        rows, columns = (
            part.ravel() for part in np.mgrid[0 : raster.height : step, 0 : raster.width : step]
        )
        stored = raster.read()[:, rows, columns].astype(float)
        x, y = raster.xy(rows, columns)
        points = gpd.GeoSeries.from_xy(x, y, crs=raster.crs).to_crs(crs or 4326)
    values = np.sign(stored) * (stored / 127.5) ** 2
    table = pd.DataFrame(values.T, columns=[f"A{band:02d}" for band in range(64)])
    x_name, y_name = ("x", "y") if crs else ("longitude", "latitude")
    table[x_name], table[y_name] = points.x.to_numpy(), points.y.to_numpy()
    table.to_csv(path, index=False)
    return path


def request(files: CityFiles, embedding: Path, **more: object) -> AddCity:
    given = {"radius_m": 60.0, "cell_resolution": 11} | more
    return AddCity("samples", "Samples", [embedding], 2024, files.pois, **given)  # type: ignore[arg-type]


def test_a_table_in_metres_is_kept_with_its_crs(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    path = sampled(city_files, tmp_path / "utm.csv", step=3, crs="EPSG:3067")
    reports: list[CityReports] = []
    summary = add_city(
        store, request(city_files, path, embedding_crs="EPSG:3067"), on_read=reports.append
    )
    assert summary.pois > 500
    (read,) = reports
    assert read.pois.columns["name"] == "name"
    assert read.pois.used == summary.pois
    assert read.boundary is None
    (embedding,) = read.embedding
    assert (embedding.crs, embedding.crs_from) == ("EPSG:3067", "as you said")
    # Read again from the home, where nobody says it anew.
    with store.session() as session:
        city = city_rows.city_by_slug(session, "samples")
        kept = city_rows.rasters(session, city.id)
    again = open_city_embedding(store.settings, city.embedding, kept)
    assert again.pixels == summary.pixels
    assert again.footprint.equals(open_embedding([path], crs="EPSG:3067").footprint)


def test_a_radius_is_proposed_where_the_samples_lie_far_apart(
    store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    path = sampled(city_files, tmp_path / "coarse.csv", step=40)
    with pytest.raises(InputError, check=fault("no-place-with-embedding", "--radius-m")) as far:
        add_city(store, request(city_files, path, radius_m=5.0))
    radius = float(str(far.value).rpartition("--radius-m ")[2].rstrip(")"))
    assert 200 < radius < 600
    city = add_city(store, request(city_files, path, radius_m=radius))
    assert city.pois_dropped.get("no sample within the radius", 0) < 0.12 * city.pois


@pytest.mark.usefixtures("empty_environment", "jobs_at_once")
def test_the_command_says_how_files_were_read(
    city_files: CityFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = gpd.read_file(city_files.pois)
    table = pd.DataFrame({
        "id": range(len(places)),
        "names": [json.dumps({"primary": name}) for name in places["name"]],
        "basic_category": places["category"],
        "confidence": np.where(np.arange(len(places)) % 4, 0.9, 0.1),
        "operating_status": np.where(np.arange(len(places)) % 10, "open", "permanently_closed"),
        "lon": places.geometry.x, "lat": places.geometry.y,
    })  # fmt: skip
    path = tmp_path / "overture.csv"
    table.to_csv(path, index=False)
    args = ["city", "add", "town", "--name", "Town", "--year", "2024", "--pois", str(path)]
    args += ["--confidence", "0.05"]
    assert run([*args, "--embedding", str(city_files.embedding), "--json"]) == 0
    shown = capsys.readouterr()
    assert "CSV, Overture places" in shown.err
    assert "permanently closed" in shown.err
    assert "GeoTIFF" in shown.err
    city = json.loads(shown.out)
    dropped, read = city["pois_dropped"], city["read"]
    assert set(read) == {"embedding", "pois"}
    assert [one["format"] for one in read["embedding"]] == ["GeoTIFF"]
    asked = {"file", "format", "layer", "encoding", "crs", "columns", "rows", "used", "left_out"}
    assert asked <= set(read["pois"])
    assert read["pois"]["used"] == city["pois"]
    assert read["pois"]["left_out"] == dropped
    assert read["pois"]["rows"] == city["pois"] + sum(dropped.values())
    assert dropped["permanently closed"] == (table["operating_status"] != "open").sum()
