"""Population and housing: from shares of areas to a map of areas and cells, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from aether_core.tasks.kinds.shares import ShareFindings
from tests.app_fixtures import SLUG, Once
from tests.pages.visit import deck, layer, open_page, words
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.home.store import Store
from workflows.layers.layers import layer_values, list_layers
from workflows.tasks.areas import AreaRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import (
    SocioeconomicRequest,
    SocioeconomicResult,
    socioeconomic,
)

FIELDS = tuple(GROUPS)

pytestmark = pytest.mark.usefixtures("jobs_at_once")


def give(visit: AppTest, path: Path, fields: tuple[str, ...] = FIELDS) -> None:
    """Give areas by their path on the server and choose fields."""
    visit.get_by_key("shares-areas-way").set_value("Path on the server").run()
    visit.text_input(key="shares-areas-path").input(str(path)).run()
    if fields and visit.multiselect:
        visit.multiselect[0].set_value(list(fields)).run()
    assert not visit.exception


def errors(visit: AppTest) -> str:
    return " ".join(str(box.value) for box in visit.error).replace("\\", "")


def areas_drawn(visit: AppTest) -> dict[str, str]:
    """Second tooltip line of each area drawn, by code."""
    features = layer(deck(visit), "areas")["data"]["features"]
    reported = [feature["properties"] for feature in features]
    return {one["t"].split(" · ")[0]: one["n"] for one in reported}


@pytest.fixture
def mapped(app_environment: Store, task_files: TaskFiles, once: Once) -> SocioeconomicResult:
    request = SocioeconomicRequest(
        AreaRequest(task_files.areas, FIELDS), FitSettings(seeds=2, folds=3)
    )
    return once("shares", app_environment, lambda store: socioeconomic(store, SLUG, request))


@pytest.mark.usefixtures("app_environment")
def test_before_a_map_the_page_says_what_is_needed() -> None:
    visit = open_page("socioeconomic")
    assert "add up to a whole" in visit.info[0].value
    assert str(ShareFindings.note) in words(visit)
    assert visit.button(key="shares-go").disabled


@pytest.mark.usefixtures("app_environment")
def test_only_fields_with_numbers_are_offered(task_files: TaskFiles) -> None:
    visit = open_page("socioeconomic")
    give(visit, task_files.areas, ())
    assert visit.multiselect[0].options == list(FIELDS)
    assert "Choose the fields that add up" in words(visit)
    assert visit.button(key="shares-go").disabled


def test_areas_are_drawn_before_anything_is_fitted(
    app_environment: Store, task_files: TaskFiles
) -> None:
    visit = open_page("socioeconomic")
    give(visit, task_files.areas)
    assert "given as counts" in words(visit)
    assert set(areas_drawn(visit)) <= set(gpd.read_file(task_files.areas)["code"])
    assert list_layers(app_environment, SLUG) == []


def test_the_least_number_of_people_leaves_areas_out(
    app_environment: Store, task_files: TaskFiles
) -> None:
    assert app_environment
    visit = open_page("socioeconomic")
    give(visit, task_files.areas)
    (least,) = [box for box in visit.number_input if box.label == "Minimum population"]
    least.set_value(2000.0).run()
    assert "fewer than 2000 people" in errors(visit)
    assert visit.button(key="shares-go").disabled


def test_areas_too_small_for_a_figure_are_said_before_a_fit(
    app_environment: Store, task_files: TaskFiles
) -> None:
    assert app_environment
    visit = open_page("socioeconomic")
    give(visit, task_files.areas)
    (least,) = [box for box in visit.number_input if box.label == "Minimum size, in m²"]
    least.set_value(20_000.0).run()
    assert "smaller than 20,000 m²" in words(visit)
    assert visit.button(key="shares-go").disabled


def test_a_fit_keeps_areas_and_cells(app_environment: Store, task_files: TaskFiles) -> None:
    visit = open_page("socioeconomic")
    give(visit, task_files.areas)
    visit.number_input(key="shares-folds").set_value(3).run()
    visit.number_input(key="shares-seeds").set_value(1).run()
    visit.selectbox(key="shares-representation").set_value("best").run()
    visit.button(key="shares-go").click().run()
    assert not errors(visit)
    kept = {one.kind: one for one in list_layers(app_environment, SLUG)}
    assert set(kept) == {"socioeconomic", "socioeconomic areas"}
    chosen = kept["socioeconomic"].parameters
    assert chosen["representation"] in chosen["chosen_from"]
    assert "chosen by inner folds" in words(visit)
    assert str(ShareFindings.note) in words(visit)
    assert len(areas_drawn(visit)) == kept["socioeconomic areas"].features


def test_an_area_tells_its_share_interval_and_what_was_observed(
    app_environment: Store, mapped: SocioeconomicResult
) -> None:
    frame = layer_values(app_environment, SLUG, mapped.areas_layer.layer).set_index("area")
    code, row = next(frame.iterrows())
    reported = areas_drawn(open_page("socioeconomic"))[str(code)]
    shares = (row["homes"], row["homes_lo"], row["homes_hi"], row["homes_observed"])
    share, low, high, seen = (f"{100 * one:.1f} %" for one in shares)
    assert reported.startswith(f"predicted {share}, 90 % interval {low} to {high}; observed {seen}")


@pytest.mark.parametrize(
    "change",
    [
        "title = 'Ages' WHERE spatial_unit = 'area'",
        "created_at = created_at + interval '1 second' WHERE spatial_unit = 'cell'",
    ],
)
def test_areas_are_found_whatever_they_are_called_and_however_old(
    app_environment: Store, mapped: SocioeconomicResult, change: str
) -> None:
    with app_environment.session() as session:
        session.execute(text(f"UPDATE layer SET {change}"))  # noqa: S608
    assert len(areas_drawn(open_page("socioeconomic"))) == mapped.areas_layer.features


def test_areas_of_another_layer_are_not_taken_for_its_own(
    app_environment: Store, mapped: SocioeconomicResult
) -> None:
    """The pair is broken: the areas left over belong to no layer, though title and time fit."""
    with app_environment.session() as session:
        session.execute(text("UPDATE layer SET cells_layer_id = NULL"))
    visit = open_page("socioeconomic")
    assert not visit.exception
    assert visit.selectbox(key="shares-layer").value == mapped.layer.layer
    assert not [one for one in deck(visit)["layers"] if one["id"].startswith("areas")]


def test_the_error_of_an_area_is_predicted_less_observed(
    app_environment: Store, mapped: SocioeconomicResult
) -> None:
    frame = layer_values(app_environment, SLUG, mapped.areas_layer.layer).set_index("area")
    visit = open_page("socioeconomic")
    visit.get_by_key("shares-socioeconomic-areas-by").set_value("Error").run()
    features = layer(deck(visit), "areas")["data"]["features"]
    titles = {f["properties"]["t"].split(" · ")[0]: f["properties"]["t"] for f in features}
    for code, title in list(titles.items())[:20]:
        wrong = frame.loc[code, "homes"] - frame.loc[code, "homes_observed"]
        assert float(title.split("error ")[1].split()[0]) == pytest.approx(100 * wrong, abs=0.051)


@pytest.mark.usefixtures("mapped")
def test_cells_can_be_shown_and_two_fields_subtracted(app_environment: Store) -> None:
    visit = open_page("socioeconomic")
    visit.get_by_key("shares-unit").set_value("Cells").run()
    visit.get_by_key("shares-socioeconomic-by").set_value("Difference").run()
    assert not errors(visit)
    name = next(one for one in list_layers(app_environment, SLUG) if one.unit == "cell").layer
    frame = layer_values(app_environment, SLUG, name).set_index("cell")
    cell = layer(deck(visit), "cells")["data"][0]
    gap = frame.loc[cell["h"], "homes"] - frame.loc[cell["h"], "work"]
    assert cell["t"] == f"homes minus work {100 * gap:+.1f} points"


def test_the_headline_is_the_typical_error_in_points(mapped: SocioeconomicResult) -> None:
    visit = open_page("socioeconomic")
    (figure,) = [one for one in visit.metric if one.label.startswith("Typical error")]
    l1 = mapped.cross_validation["spatial"]["l1"]
    assert figure.value == f"{100 * l1 / len(mapped.fields):.1f}\N{NO-BREAK SPACE}points"
    folded = [one.label for one in visit.expander]
    assert "How was this tested?" in folded


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize("tab", ["Accuracy", "Confidence", "Limitations", "Test areas"])
def test_each_question_of_trust_has_its_tab(tab: str) -> None:
    visit = open_page("socioeconomic")
    visit.session_state["shares-tabs"] = tab
    visit.run()
    assert not errors(visit)
    specs = [json.loads(one.proto.spec) for one in visit.get("vega_lite_chart")]
    assert specs


def suppressed(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frame["homes"] = frame["homes"].astype(str)
    frame.loc[7, "homes"] = "many"
    return frame


def negative(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frame.loc[7, "homes"] = -5
    return frame


def overlapping(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frame.loc[7, "geometry"] = frame.geometry[8]
    return frame


def twice(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frame.loc[7, "code"] = frame.loc[8, "code"]
    frame.loc[7, "homes"] = frame.loc[8, "homes"] + 10
    return frame


def elsewhere(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(frame.translate(500_000, 0))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (suppressed, "not a number"),
        (negative, "negative"),
        (overlapping, "overlap"),
        (twice, "same code"),
        (elsewhere, "no area is inside the city"),
    ],
)
def test_areas_that_cannot_be_used_are_a_box(
    app_environment: Store,
    task_files: TaskFiles,
    tmp_path: Path,
    spoil: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame],
    says: str,
) -> None:
    path = tmp_path / "areas.gpkg"
    spoil(gpd.read_file(task_files.areas)).to_file(path)
    visit = open_page("socioeconomic")
    give(visit, path)
    assert says in errors(visit).lower()
    assert visit.button(key="shares-go").disabled
    assert list_layers(app_environment, SLUG) == []


@pytest.mark.usefixtures("app_environment")
def test_rows_that_sum_to_nothing_are_counted(task_files: TaskFiles, tmp_path: Path) -> None:
    frame = gpd.read_file(task_files.areas)
    frame.loc[np.arange(3), list(FIELDS)] = 0
    path = tmp_path / "areas.gpkg"
    frame.to_file(path)
    visit = open_page("socioeconomic")
    give(visit, path)
    assert "3 left out: population of zero" in words(visit)


@pytest.mark.usefixtures("app_environment")
def test_totals_and_codes_are_offered_only_to_who_asks(
    task_files: TaskFiles, tmp_path: Path
) -> None:
    frame = gpd.read_file(task_files.areas)
    frame["homes"] += np.arange(len(frame)) % 7
    frame["everybody"] = frame[list(FIELDS)].sum(axis=1)
    frame["tract"] = 36_001_000_100 + np.arange(len(frame)) * 3
    path = tmp_path / "areas.gpkg"
    frame.to_file(path)
    visit = open_page("socioeconomic")
    give(visit, path, ())
    assert visit.multiselect[0].options == list(FIELDS)
    assert "everybody (total of homes, work, other)" in words(visit).replace("\\", "")
    assert "tract (code)" in words(visit).replace("\\", "")
    visit.toggle[0].set_value(True).run()
    visit.multiselect[0].set_value([*FIELDS, "everybody"]).run()
    assert "everybody is the total of homes, work, other" in errors(visit)


@pytest.mark.usefixtures("app_environment")
def test_a_table_of_codes_asks_for_its_shapes(task_files: TaskFiles, tmp_path: Path) -> None:
    frame = gpd.read_file(task_files.areas)
    path = tmp_path / "people.csv"
    frame.drop(columns="geometry").iloc[:-2].to_csv(path, index=False)
    shapes = tmp_path / "shapes.gpkg"
    frame[["code", "geometry"]].rename(columns={"code": "GEOID"}).to_file(shapes)
    visit = open_page("socioeconomic")
    give(visit, path, ())
    assert any("names its area by a code" in box.value for box in visit.info)
    visit.get_by_key("shares-people.csv-shapes-way").set_value("Path on the server").run()
    visit.text_input(key="shares-people.csv-shapes-path").input(str(shapes)).run()
    visit.multiselect[0].set_value(list(FIELDS)).run()
    assert not errors(visit)
    assert "How people" in " ".join(box.label for box in visit.expander)
    assert "2 of" in words(visit)
    assert len(areas_drawn(visit)) > 50


@pytest.mark.usefixtures("app_environment")
def test_numbers_of_two_readings_are_asked_for(task_files: TaskFiles, tmp_path: Path) -> None:
    frame = gpd.read_file(task_files.areas)
    frame[["homes", "work"]] = frame[["homes", "work"]] // 25
    path = tmp_path / "areas.gpkg"
    frame.to_file(path)
    visit = open_page("socioeconomic")
    give(visit, path, ("homes", "work"))
    assert "may be percentages or counts" in errors(visit)
    (kind,) = [box for box in visit.selectbox if box.label == "The numbers are"]
    kind.set_value("percent").run()
    assert not errors(visit)
    assert "given as percentages" in words(visit)


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_the_page_says_so() -> None:
    assert "There is no city yet" in words(open_page("socioeconomic"))
