"""Districts of a trained city: figures against an overlay made beside them, files, bad input."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.errors import InputError, NotFoundError
from aether_core.spatial.hexagons import cell_polygons
from aether_core.vector import ReadOptions
from cli.__main__ import run
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.layers import layers as layer_rows
from tests.app_fixtures import SLUG, set_environment
from tests.cli.test_cli import ask as run_json
from tests.db.city_data import add_areas, add_share_layer
from tests.errors import fault
from tests.task_fixtures import TaskFiles
from workflows.home.store import Store
from workflows.layers import profile as profiles
from workflows.layers.export import export_profile
from workflows.layers.layers import keep_layer, list_layers, remove_layer
from workflows.layers.profile import AreaProfile, profile_file, profile_shapes
from workflows.layers.scored import scored
from workflows.search.ask import ask
from workflows.search.search import search_cells

CLASSES = ("homes", "work", "green")
FIELDS = [
    {"name": "landuse", "type": "text", "unit": "most probable class"},
    {"name": "applicable", "type": "bool", "unit": "inside the area of applicability"},
    *({"name": f"p_{name}", "type": "float", "unit": "probability, 0 to 1"} for name in CLASSES),
]
UTM = "EPSG:32635"


@pytest.fixture(scope="module")
def bare(module_store: Store) -> Store:
    """A store with Tinytown for the whole module; a test that keeps a layer removes it."""
    return module_store


@pytest.fixture(scope="module")
def places(bare: Store) -> gpd.GeoDataFrame:
    with bare.session() as session:
        return poi_rows.poi_frame(session, city_rows.city_by_slug(session, SLUG).id)


@pytest.fixture
def mapped(bare: Store) -> Iterator[gpd.GeoDataFrame]:
    """The cells of two kept layers: land use whose truth is known, and a search."""
    rng = np.random.default_rng(0)
    with bare.session() as session:
        city = city_rows.city_by_slug(session, SLUG)
        ids, h3 = feature_rows.cells(session, city.id)
        chance = rng.dirichlet(np.ones(len(CLASSES)), len(h3)).round(4)
        frame = pd.DataFrame(chance, columns=[f"p_{name}" for name in CLASSES])
        frame["landuse"] = np.array(CLASSES, dtype=object)[chance.argmax(axis=1)]
        frame["applicable"] = rng.uniform(size=len(h3)) > 0.2
        layer_rows.add_layer(
            session,
            city.id,
            slug="landuse-zones",
            title="Zones",
            kind="landuse",
            model_id=None,
            fields=FIELDS,
            parameters={},
            lineage={"year": 2024},
            cell_ids=ids,
            columns={name: frame[name].to_numpy() for name in frame.columns},
        )
    scores = search_cells(bare, SLUG, "park")
    kept = keep_layer(bare, scores).layer
    by_cell = dict(zip(scores.units.keys.tolist(), scores.score.tolist(), strict=True))
    frame["score"] = [by_cell[int(one)] for one in h3]
    yield gpd.GeoDataFrame(frame, geometry=cell_polygons(h3), crs="EPSG:4326")
    for layer in ("landuse-zones", kept):
        remove_layer(bare, SLUG, layer)


def figure(found: AreaProfile, area: str, name: str) -> dict[str, float]:
    return found.profile.area(found.profile.row_of(area))["figures"][name]


def test_every_figure_is_what_an_overlay_finds(
    bare: Store, mapped: gpd.GeoDataFrame, places: gpd.GeoDataFrame, task_files: TaskFiles
) -> None:
    found = profile_file(bare, SLUG, task_files.districts)
    districts = gpd.read_file(task_files.districts).to_crs(UTM)
    pieces = gpd.overlay(districts, mapped.to_crs(UTM), how="intersection")
    pieces["m2"] = pieces.area
    every, trusted = pieces.groupby("name"), pieces[pieces["applicable"]]
    joined = gpd.sjoin(places[["group", "geometry"]].to_crs(UTM), districts, predicate="within")
    on_cells = places.within(shapely.union_all(mapped.geometry)).to_numpy()
    city_m2 = mapped.to_crs(UTM).area
    assert len(found.profile.ground) == 4
    for area, size in zip(districts["name"], districts.area, strict=True):
        own, one = pieces[pieces["name"] == area], trusted[trusted["name"] == area]
        assert figure(found, area, "area_km2")["value"] == pytest.approx(size / 1e6, rel=2e-3)
        assert figure(found, area, "places")["value"] == (joined["name"] == area).sum()
        for name in CLASSES:
            mix = (one[f"p_{name}"] * one["m2"]).sum() / one["m2"].sum()
            told = figure(found, area, f"landuse_zones_{name}")
            assert told["value"] == pytest.approx(mix, abs=1e-4)
            assert told["lo"] < told["value"] < told["hi"]
        untold = 1 - one["m2"].sum() / own["m2"].sum()
        told = figure(found, area, "landuse_zones_not_trusted")
        assert told["value"] == pytest.approx(untold, abs=1e-4)
        score = (own["score"] * own["m2"]).sum() / own["m2"].sum()
        assert figure(found, area, "search_park_score")["value"] == pytest.approx(score, abs=1e-4)
        rated = joined.index[(joined["name"] == area) & on_cells[joined.index]]
        groups = places.loc[rated, "group"].value_counts()
        covered = every.get_group(area)["m2"].sum() / 1e6
        rates = [one for one in found.profile.facts() if one["name"].startswith("places_per_km2_")]
        assert len(rates) == places["group"].nunique()
        for group, count in groups.items():
            label = f"{group} places".replace("_", " ")
            (name,) = [one["name"] for one in rates if one["label"] == label]
            assert figure(found, area, name)["value"] == pytest.approx(count / covered, rel=2e-3)
    for name in CLASSES:
        inside = mapped["applicable"]
        city = np.average(mapped.loc[inside, f"p_{name}"], weights=city_m2[inside])
        told = figure(found, "North-west", f"landuse_zones_{name}")
        assert told["city"] == pytest.approx(city, abs=1e-4)
    assert profile_file(bare, SLUG, task_files.districts) is found  # equal ones are computed once


def test_a_question_is_scored_over_the_ground_like_a_layer(
    bare: Store, task_files: TaskFiles
) -> None:
    answer = ask(bare, SLUG, "parks near a school")
    found = profile_file(bare, SLUG, task_files.districts, layers=[], scored=scored(answer))
    assert not found.layers
    cells = gpd.GeoDataFrame(
        {"score": answer.score}, geometry=answer.units.polygons(), crs="EPSG:4326"
    ).dropna()
    districts = gpd.read_file(task_files.districts)
    pieces = gpd.overlay(districts.to_crs(UTM), cells.to_crs(UTM), how="intersection")
    pieces["m2"] = pieces.area
    for area, own in pieces.groupby("name"):
        mean = (own["score"] * own["m2"]).sum() / own["m2"].sum()
        told = figure(found, str(area), "question_score")
        assert told["value"] == pytest.approx(mean, abs=1e-4)
        assert told["lo"] <= told["value"] <= told["hi"]
    again = profile_file(bare, SLUG, task_files.districts, layers=[], scored=scored(answer))
    assert again is found
    other = scored(search_cells(bare, SLUG, "park"))
    changed = profile_file(bare, SLUG, task_files.districts, layers=[], scored=other)
    assert changed.profile.facts()[-1]["label"] == "best percentile of “park”"


def test_without_a_layer_what_exists_is_told_and_what_to_do(
    bare: Store, task_files: TaskFiles
) -> None:
    found = profile_file(bare, SLUG, task_files.districts)
    assert {one["source"] for one in found.profile.facts()} == {"area", "places"}
    assert any("./aether landuse tinytown" in note for note in found.notes)
    with pytest.raises(NotFoundError, check=fault("no-such-layer", "landuse-9")):
        profile_file(bare, SLUG, task_files.districts, layers=["landuse-9"])
    with pytest.raises(NotFoundError, check=fault("no-such-city", "atlantis")):
        profile_file(bare, "atlantis", task_files.districts)
    with pytest.raises(NotFoundError, check=fault("no-such-file")):
        profile_file(bare, SLUG, task_files.districts.with_name("nowhere.gpkg"))


def test_layers_are_chosen_by_name(
    bare: Store, mapped: gpd.GeoDataFrame, task_files: TaskFiles
) -> None:
    found = profile_file(bare, SLUG, task_files.districts, layers=["landuse-zones"])
    assert found.layers == ("landuse-zones",)
    assert {one["source"] for one in found.profile.facts()} == {"area", "places", "landuse-zones"}
    assert len(mapped)


@pytest.mark.usefixtures("mapped")
def test_the_newest_layers_are_taken_and_one_removed_meanwhile_is_told(
    bare: Store, task_files: TaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "MOST_LAYERS", 1)
    found = profile_file(bare, SLUG, task_files.districts)
    assert found.layers == ("search-park",)
    assert any("of 2 kept layers the 1 newest" in note for note in found.notes)
    gone = keep_layer(bare, search_cells(bare, SLUG, "bar"))
    stale = list_layers(bare, SLUG)
    remove_layer(bare, SLUG, gone.layer)
    monkeypatch.setattr(profiles, "list_layers", lambda *_: stale)
    found = profile_file(bare, SLUG, task_files.districts)
    assert found.layers == ()
    assert any(gone.layer in note and "no such layer" in note for note in found.notes)


@pytest.mark.usefixtures("mapped")
def test_what_all_profiles_need_is_read_once_and_begun_before_one_is_asked_for(
    bare: Store, places: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noting(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def noted(*given: object) -> object:
            read.append(name)
            return real(*given)

        return noted

    for name in ("unit_sizes", "layer_values"):
        monkeypatch.setattr(profiles, name, noting(name, getattr(profiles, name)))
    profiles._ground.cache_clear()
    profiles.prepare(bare, SLUG)
    west, south, east, north = places.total_bounds
    for part in (0.2, 0.3):
        shape = shapely.box(west, south, west + part * (east - west), north)
        profile_shapes(bare, SLUG, {"West": shape})
    assert read == ["unit_sizes", "layer_values", "layer_values"]
    profiles.prepare(bare, "nowhere")  # says nothing: who asks for a profile is told


def test_a_layer_of_areas_gives_no_figures_and_is_refused_by_name(
    bare: Store, task_files: TaskFiles
) -> None:
    with bare.session() as session:
        areas = add_areas(session, city_rows.city_by_slug(session, SLUG).id)
        add_share_layer(session, areas, "young-and-old")
    try:
        found = profile_file(bare, SLUG, task_files.districts)
        assert "young-and-old" not in found.layers
        assert any("young-and-old" in note for note in found.notes)
        with pytest.raises(InputError, check=fault("profile-of-area-layer", "young-and-old")):
            profile_file(bare, SLUG, task_files.districts, layers=["young-and-old"])
    finally:
        remove_layer(bare, SLUG, "young-and-old")


def test_areas_in_another_crs_partly_outside_small_and_overlapping_are_told(
    bare: Store, mapped: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    west, south, east, north = mapped.total_bounds
    middle = shapely.Point((west + east) / 2, (south + north) / 2)
    shapes = [
        shapely.box(west - 0.02, south, (west + east) / 2, north),
        shapely.box(west, south, east, (south + north) / 2),
        middle.buffer(1e-5),
        shapely.box(0, 0, 1, 1),
    ]
    names = ["Over the edge", "South", "Kiosk", "Null Island"]
    frame = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs="EPSG:4326")
    frame[:3].to_crs("EPSG:3067").to_file(tmp_path / "areas.gpkg")
    frame.to_file(tmp_path / "areas.geojson")
    found = profile_file(bare, SLUG, tmp_path / "areas.gpkg")
    assert found.read is not None
    assert found.read.crs == "EPSG:3067"
    told = " | ".join(found.notes)
    assert "partly outside the city's cells (Over the edge" in told
    assert "smaller than a cell (Kiosk)" in told
    assert "areas overlap" in told
    kiosk = figure(found, "Kiosk", "landuse_zones_homes")
    at = mapped.sindex.query(middle, predicate="intersects")
    if mapped["applicable"].iloc[at[0]]:
        assert kiosk["value"] == pytest.approx(mapped["p_homes"].iloc[at[0]], abs=1e-4)
    else:
        assert kiosk["value"] is None
    assert found.profile.ground.covered[0] < 0.9
    elsewhere = profile_file(bare, SLUG, tmp_path / "areas.geojson")
    assert elsewhere.profile.ground.outside == ("Null Island",)
    frame[3:].to_file(tmp_path / "far.geojson")
    with pytest.raises(InputError, check=fault("area-outside-city", "0.0000, 0.0000")):
        profile_file(bare, SLUG, tmp_path / "far.geojson")
    with pytest.raises(InputError):
        profile_file(bare, SLUG, tmp_path / "areas.gpkg", ReadOptions(layer="nothing"))


def test_drawn_areas_are_profiled_as_those_of_a_file(
    bare: Store, mapped: gpd.GeoDataFrame, task_files: TaskFiles
) -> None:
    districts = gpd.read_file(task_files.districts)
    drawn = dict(zip(districts["name"], districts.geometry, strict=True))
    found = profile_shapes(bare, SLUG, drawn)
    of_file = profile_file(bare, SLUG, task_files.districts)
    for name in drawn:
        assert figure(found, name, "landuse_zones_homes")["value"] == pytest.approx(
            figure(of_file, name, "landuse_zones_homes")["value"], abs=1e-6
        )
    x, y = mapped.total_bounds[:2]
    bow = shapely.Polygon([(x, y), (x + 1, y + 1), (x + 1, y), (x, y + 1), (x, y)])
    with pytest.raises(InputError, check=fault("boundary-crosses-itself", "the area lasso")):
        profile_shapes(bare, SLUG, {"lasso": bow})
    with pytest.raises(InputError, check=fault("area-not-a-polygon", "Point")):
        profile_shapes(bare, SLUG, {"spot": shapely.Point(x, y)})
    with pytest.raises(InputError, check=fault("area-not-a-polygon", "no area")):
        profile_shapes(bare, SLUG, {})


@pytest.mark.usefixtures("mapped")
def test_the_command_prints_the_contract_and_writes_a_property_a_figure(
    bare: Store,
    task_files: TaskFiles,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_environment(bare, monkeypatch)
    target = tmp_path / "districts.geojson"
    asked = ["profile", SLUG, "--areas", str(task_files.districts), "--name-field", "name"]
    code, found, _ = run_json(
        capsys, *asked, "--compare", "North-west", "South-east", "-o", str(target)
    )
    assert code == 0
    names = gpd.read_file(task_files.districts)["name"].tolist()
    assert [one["name"] for one in found["areas"]] == names
    for one in found["areas"]:
        assert {"name", "cells", "figures", "sentence"} <= set(one)
        for told in one["figures"].values():
            assert {"value", "lo", "hi", "city"} <= set(told)
            assert told["value"] is None or told["lo"] is None or told["lo"] <= told["value"]
    assert found["comparison"]["a"] == "North-west"
    homes = found["comparison"]["figures"]["landuse_zones_homes"]
    assert homes["difference"] == pytest.approx(homes["a"] - homes["b"])
    assert found["read"]["areas"]["columns"] == {"name": "name"}
    frame = gpd.read_file(target).set_index("area")
    first = found["areas"][0]
    for name, told in first["figures"].items():
        assert frame.loc[first["name"], name] == pytest.approx(told["value"], rel=1e-6)
    assert frame.loc[first["name"], "landuse_zones_homes_lo"] == pytest.approx(
        first["figures"]["landuse_zones_homes"]["lo"], rel=1e-6
    )
    assert json.loads(target.read_text())["figures"][0]["name"] == "area_km2"
    assert run(asked) == 0
    shown = capsys.readouterr().out
    assert first["sentence"] in shown
    assert "█" in shown
    assert run([*asked, "--compare", "North-west", "South-east", "--question", "park"]) == 0
    shown = capsys.readouterr().out
    assert "difference" in shown
    assert "score of “park”" in shown


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("ending", ["gpkg", "csv", "parquet"])
def test_a_profile_is_written_in_every_format_of_tables(
    bare: Store, task_files: TaskFiles, tmp_path: Path, ending: str
) -> None:
    found = profile_file(bare, SLUG, task_files.districts)
    target = tmp_path / f"districts.{ending}"
    export_profile(found, target)
    readers = {"csv": pd.read_csv, "parquet": gpd.read_parquet, "gpkg": gpd.read_file}
    back = readers[ending](target)
    assert back["area"].tolist() == found.profile.ground.name.tolist()
    np.testing.assert_allclose(back["area_km2"], found.profile.ground.km2, rtol=1e-6)
    assert {figure.info.name for figure in found.profile.figures} <= set(back)
