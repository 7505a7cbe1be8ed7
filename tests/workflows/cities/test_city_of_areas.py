"""A city whose units are areas, by every verb: trained, asked, mapped, compared, taken away."""

import json
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from sqlalchemy import text

from aether_core.eo.alphaearth import BAND_NAMES, dequantise
from aether_core.errors import InputError
from cli.__main__ import run
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from tests.app_fixtures import CityFiles, set_environment
from tests.errors import fault
from workflows.cities.add import AddCity, add_city
from workflows.cities.add_places import AddPlaces, add_places
from workflows.cities.cities import CitySummary, remove_city_numbered, show_city
from workflows.cities.years import add_year, list_years
from workflows.evaluation.studies import StudyRequest, add_study
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.layers.export import export_layer, export_scores
from workflows.layers.layers import keep_layer, layer_shapes
from workflows.search.ask import ask
from workflows.search.change import change_cells
from workflows.search.explain import code_at, row_called
from workflows.search.search import search_cells, similar_cells
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic
from workflows.training.train import add_run

SLUG = "wards"
SIDE = 12
BANDS = list(BAND_NAMES)


@pytest.fixture(scope="module")
def wards(city_files: CityFiles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tinytown cut into 12 x 12 wards, each the mean of its pixels, as reduceRegions makes it."""
    with rasterio.open(city_files.embedding) as raster:
        vectors = dequantise(np.moveaxis(raster.read(), 0, -1))
        rows, columns = (np.linspace(0, n, SIDE + 1).astype(int) for n in raster.shape)
        shapes, means = [], []
        for top, bottom in pairwise(rows):
            for left, right in pairwise(columns):
                means.append(vectors[top:bottom, left:right].reshape(-1, 64).mean(axis=0))
                corners = [raster.transform @ at for at in ((left, top), (right, bottom))]
                shapes.append(shapely.box(*np.sort(np.array(corners), axis=0).ravel()))
        crs = raster.crs
    frame = gpd.GeoDataFrame(pd.DataFrame(means, columns=BANDS), geometry=shapes, crs=crs)
    frame.insert(0, "ward_code", [f"W{number:03d}" for number in range(len(frame))])
    frame.insert(1, "name", [f"Ward {number}" for number in range(len(frame))])
    frame["open"], frame["built"] = 10.0, np.arange(len(frame)) % 30 + 200.0
    path = tmp_path_factory.mktemp("wards") / "wards.gpkg"
    frame.to_crs(4326).to_file(path)
    return path


def added(store: Store, wards: Path, pois: Path | None, **more: object) -> CitySummary:
    request = AddCity(SLUG, "Wards", [wards], 2024, pois, simulated=True, **more)  # type: ignore[arg-type]
    return add_city(store, request)


def test_a_city_of_areas_by_every_verb(
    store: Store, city_files: CityFiles, wards: Path, tmp_path: Path
) -> None:
    city = added(store, wards, city_files.pois)
    assert (city.units, city.cells, city.cell_resolution) == ("areas", SIDE**2, None)
    assert city.pois > 500
    least, median, most = city.vector_length or (0, 0, 0)
    frame = gpd.read_file(wards)
    length = np.linalg.norm(frame[BANDS].to_numpy(), axis=1)
    assert np.allclose([least, median, most], [length.min(), np.median(length), length.max()])

    carry_out(store, add_run(store, SLUG, settings={"epochs": "4"}).job_id)
    scores = search_cells(store, SLUG, "park")
    assert len(scores.units) == SIDE**2
    (best,) = scores.best(1)
    assert best["name"] == f"Ward {int(best['cell'][1:])}"
    own = frame.set_index("ward_code").geometry[best["cell"]]
    assert own.contains(shapely.Point(best["lon"], best["lat"]))
    lon, lat = scores.lonlat[7]
    assert similar_cells(store, SLUG, lon, lat).best(1)[0]["cell"] == "W007"
    assert code_at(store, city, lon, lat) == "W007"
    assert row_called(scores, "W007") == 7
    with pytest.raises(InputError, check=fault("point-outside-city", "60")):
        similar_cells(store, SLUG, 10.0, 60.0)
    assert ask(store, SLUG, "near a park").cell(0)["cell"] == "W000"

    layer = keep_layer(store, scores)
    assert (layer.unit, layer.has_shapes, layer.by_area) == ("area", True, False)
    shapes = layer_shapes(store, SLUG, layer.layer)
    assert shapes["area"].tolist() == frame["ward_code"].tolist()
    assert shapely.equals_exact(shapes.geometry[7].geoms[0], frame.geometry[7], 1e-9)
    with store.session() as session:
        found = session.execute(text(f'SELECT count(*), min(area) FROM "{layer.view}"')).one()  # noqa: S608
    assert tuple(found) == (SIDE**2, "W000")
    for number, ending in enumerate(("geojson", "gpkg", "parquet", "csv", "tif")):
        export_layer(store, SLUG, layer.layer, tmp_path / f"layer.{ending}")
        export_scores(scores, tmp_path / f"scores{number}.{ending}")
    for file in ("layer.geojson", "scores0.geojson"):
        written = json.loads((tmp_path / file).read_text())["features"][7]
        assert (written["properties"]["area"], written["properties"]["name"]) == ("W007", "Ward 7")

    with pytest.raises(InputError, check=fault("study-without-windows", SLUG, "ablation")):
        add_study(store, SLUG, StudyRequest("buffer", seeds=(1,)))

    # The same areas in another year come by their codes alone, in any order, one missing.
    later = frame.drop(columns=["geometry", "name"]).iloc[::-1].iloc[:-1]
    later.to_csv(tmp_path / "later.csv", index=False)
    year = add_year(store, SLUG, 2023, [tmp_path / "later.csv"])
    assert (year.cells, year.cells_without) == (SIDE**2 - 1, 1)
    changed = change_cells(store, SLUG, "park", 2023, 2024)
    assert len(changed.units) == SIDE**2 - 1
    assert changed.units.code(0) == "W001"
    assert np.abs(changed.change).max() < 1e-5
    assert [one.year for one in list_years(store, SLUG)] == [2023, 2024]


def test_areas_without_places_are_mapped_on_the_embedding_alone_and_given_places_later(
    store: Store, city_files: CityFiles, wards: Path, tmp_path: Path
) -> None:
    city = added(store, wards, None)
    assert (city.pois, city.cells) == (0, SIDE**2)
    fit = FitSettings(representation="alphaearth", seeds=1)
    made = socioeconomic(
        store, SLUG, SocioeconomicRequest(AreaRequest(wards, ["open", "built"]), fit)
    )
    assert (made.areas_used, made.cells) == (SIDE**2, SIDE**2)
    labels = gpd.read_file(wards)
    labels["use"] = np.where(np.arange(len(labels)) % SIDE < SIDE // 2, "west", "east")
    labels[["use", "geometry"]].to_file(tmp_path / "labels.gpkg")
    mapped = land_use(
        store, SLUG, LandUseRequest(LabelRequest(tmp_path / "labels.gpkg", "use"), fit)
    )
    assert (mapped.samples, mapped.cells) == (SIDE**2, SIDE**2)

    came = add_places(store, SLUG, AddPlaces(city_files.pois))
    assert came.added == came.city.pois > 500
    with store.session() as session:
        ids, vectors = feature_rows.poi_features(session, city.id, "base")
        places = poi_rows.poi_frame(session, city.id)
        of_areas = feature_rows.cell_features(session, city.id, "base")[2]
    assert ids.tolist() == places["id"].tolist()
    own = labels.geometry.to_crs(4326)
    assert np.array_equal(vectors[7], of_areas[int(own.contains(places.geometry[7]).argmax())])
    remove_city_numbered(store, city.id)
    with store.session() as session:
        assert session.scalar(text("SELECT count(*) FROM city_area")) == 0
        assert session.scalar(text("SELECT count(*) FROM cell")) == 0


def test_a_boundary_keeps_the_areas_whose_middle_it_holds(
    store: Store, city_files: CityFiles, wards: Path
) -> None:
    city = added(store, wards, None, boundary=city_files.boundary)
    boundary = gpd.read_file(city_files.boundary).geometry[0]
    inside = gpd.read_file(wards).geometry.representative_point().within(boundary)
    assert 10 < city.cells == int(inside.sum()) < SIDE**2
    with store.session() as session:
        row = city_rows.city_by_slug(session, SLUG)
        kept = feature_rows.areas(session, row.id)
    assert kept.number.tolist() == np.flatnonzero(inside).tolist()


def test_what_areas_have_no_use_for_is_refused_and_nothing_is_kept(
    store: Store, wards: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, check=fault("cell-size-of-areas", "9")):
        added(store, wards, None, cell_resolution=9)
    frame = gpd.read_file(wards)
    twice = tmp_path / "twice.gpkg"
    pd.concat([frame, frame.iloc[:1]]).to_file(twice)
    with pytest.raises(InputError, check=fault("areas-repeated", "W000")):
        added(store, twice, None)
    with store.session() as session:
        assert session.scalar(text("SELECT count(*) FROM city")) == 0


def test_the_years_of_areas_are_areas(store: Store, city_files: CityFiles, wards: Path) -> None:
    added(store, wards, None)
    with pytest.raises(InputError, check=fault("years-of-different-kinds", "rasters")):
        add_year(store, SLUG, 2023, [city_files.embedding])
    strange = gpd.read_file(wards)
    strange["ward_code"] = [f"X{number:04d}" for number in range(len(strange))]
    strange.to_file(wards.with_name("strange.gpkg"))
    with pytest.raises(InputError, check=fault("no-cell-with-embedding", "X0000", "W000")):
        add_year(store, SLUG, 2023, [wards.with_name("strange.gpkg")])


def test_the_batches_of_an_export_become_a_city_by_command(
    store: Store, shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(store, monkeypatch)
    real = shared / "real"
    batches = sorted((real / "readers" / "earth_engine_batches").glob("*.csv"))
    files = [word for batch in batches for word in ("--embedding", str(batch))]
    tracts = str(real / "us_tracts" / "duluth.parquet")
    words = ["city", "add", "duluth", "--name", "Duluth", *files, "--year", "2020"]
    assert run([*words, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "table-needs-geometry"
    assert run([*words, "--geometry", tracts, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["units"], document["cells"], document["pois"]) == ("areas", 101, 0)
    assert show_city(store, "duluth").vector_length is not None
