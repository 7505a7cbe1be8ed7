"""Land use: from labels to a map that says how sure it is, and what is refused on the way."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from aether_core.tasks.kinds.classes import ClassFindings
from tests.app_fixtures import SLUG, Once
from tests.pages.visit import deck, layer, open_page, words
from tests.task_fixtures import TaskFiles
from ui.map.coloured import untrusted
from workflows.home.store import Store
from workflows.layers.layers import layer_values, list_layers, remove_layer
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, LandUseResult, land_use
from workflows.tasks.settings import FitSettings

pytestmark = pytest.mark.usefixtures("jobs_at_once")
QUICK = FitSettings(seeds=2, folds=3)
GREY = list(untrusted(dark=False))


def give(visit: AppTest, path: Path) -> None:
    """Give labels by their path on the server."""
    visit.get_by_key("landuse-labels-way").set_value("Path on the server").run()
    visit.text_input(key="landuse-labels-path").input(str(path)).run()
    assert not visit.exception


def charts(visit: AppTest) -> list[str]:
    """Titles of the page's charts."""
    specs = [json.loads(one.proto.spec) for one in visit.get("vega_lite_chart")]
    return [spec["title"]["text"] for spec in specs]


def errors(visit: AppTest) -> str:
    return " ".join(str(box.value) for box in visit.error).replace("\\", "")


@pytest.fixture
def mapped(app_environment: Store, task_files: TaskFiles, once: Once) -> LandUseResult:
    request = LandUseRequest(LabelRequest(task_files.points, "zone"), QUICK)
    return once("land use", app_environment, lambda store: land_use(store, SLUG, request))


@pytest.mark.usefixtures("app_environment")
def test_before_a_map_the_page_says_what_is_needed() -> None:
    visit = open_page("land_use")
    assert "points or polygons with known land use" in visit.info[0].value
    assert "Add some known examples first." in words(visit)
    assert visit.button(key="landuse-go").disabled
    assert layer(deck(visit), "boundary")


@pytest.mark.usefixtures("app_environment")
def test_labels_are_counted_and_drawn_before_anything_is_fitted(
    app_environment: Store, task_files: TaskFiles
) -> None:
    visit = open_page("land_use")
    give(visit, task_files.points)
    zones = gpd.read_file(task_files.points)["zone"]
    (field,) = [box for box in visit.selectbox if box.label == "Class field"]
    assert f"zone: {zones.nunique()} values" in " ".join(field.options)
    assert charts(visit) == ["Labels per class"]
    drawn = layer(deck(visit), "areas")["data"]["features"]
    titles = [feature["properties"]["t"] for feature in drawn]
    assert 300 < len(titles) <= 500
    assert set(titles) <= set(zones)
    assert not visit.button(key="landuse-go").disabled
    assert list_layers(app_environment, SLUG) == []


def test_a_fit_is_kept_and_shown(app_environment: Store, task_files: TaskFiles) -> None:
    visit = open_page("land_use")
    give(visit, task_files.points)
    visit.number_input(key="landuse-folds").set_value(3).run()
    visit.number_input(key="landuse-seeds").set_value(2).run()
    visit.button(key="landuse-go").click().run()
    assert not errors(visit)
    (kept,) = list_layers(app_environment, SLUG)
    assert kept.parameters["folds"] == 3
    said = words(visit)
    assert "points.csv" in said
    assert "most probable class" in said
    frame = layer_values(app_environment, SLUG, kept.layer).set_index("cell")
    drawn = {cell["h"]: cell["t"] for cell in layer(deck(visit), "cells")["data"]}
    assert drawn == frame["landuse"].to_dict()


def test_what_is_not_to_be_trusted_is_grey_until_asked_otherwise(
    app_environment: Store, mapped: LandUseResult
) -> None:
    frame = layer_values(app_environment, SLUG, mapped.layer.layer).set_index("cell")
    visit = open_page("land_use")
    grey = {cell["h"] for cell in layer(deck(visit), "cells")["data"] if cell["c"] == GREY}
    assert grey == set(frame.index[~frame["trusted"].astype(bool)])
    assert "unreliable" in words(visit)
    visit.toggle(key="landuse-landuse-grey").set_value(False).run()
    assert all(cell["c"] != GREY for cell in layer(deck(visit), "cells")["data"])


def test_one_class_is_coloured_by_its_probability(
    app_environment: Store, mapped: LandUseResult
) -> None:
    visit = open_page("land_use")
    visit.get_by_key("landuse-landuse-by").set_value("Single class").run()
    visit.selectbox(key=f"landuse-landuse-one-{mapped.layer.layer}").select("park").run()
    cell = layer(deck(visit), "cells")["data"][0]
    frame = layer_values(app_environment, SLUG, mapped.layer.layer).set_index("cell")
    assert cell["t"].endswith(f"park {frame.loc[cell['h'], 'p_park']:.3g}")


@pytest.mark.usefixtures("mapped")
@pytest.mark.parametrize(
    ("tab", "titles"),
    [
        ("Accuracy", {"Confusion matrix"}),
        (
            "Confidence",
            {"Calibration of the probabilities", "Coverage of the prediction sets; target 90 %"},
        ),
        ("Limitations", {"Error by land-use class", "Coverage by land-use class"}),
        ("Test areas", {"Variogram of the labels"}),
    ],
)
def test_each_question_of_trust_has_its_tab(tab: str, titles: set[str]) -> None:
    visit = open_page("land_use")
    visit.session_state["landuse-tabs"] = tab
    visit.run()
    assert not errors(visit)
    assert {title.replace("\u00a0", " ") for title in charts(visit)} == titles


def test_random_and_spatial_figures_stand_beside_each_other(mapped: LandUseResult) -> None:
    visit = open_page("land_use")
    (figure,) = [one for one in visit.metric if one.label.startswith("Accuracy")]
    accuracy = mapped.cross_validation["spatial"]["accuracy"]
    assert figure.value == f"{100 * accuracy:.0f}\u00a0%"
    assert f"close to labels {100 * mapped.cross_validation['random']['accuracy']:.0f}" in words(
        visit
    )


def test_an_older_map_can_be_opened_again(
    app_environment: Store, mapped: LandUseResult, task_files: TaskFiles
) -> None:
    request = LandUseRequest(LabelRequest(task_files.zones, "zone"), QUICK, title="From zones")
    newest = land_use(app_environment, SLUG, request).layer
    visit = open_page("land_use")
    assert visit.selectbox(key="landuse-layer").value == newest.layer
    visit.selectbox(key="landuse-layer").select(mapped.layer.layer).run()
    assert "points.csv" in words(visit)
    linked = open_page("land_use", layer="gone-9")
    assert ["gone-9" in str(box.value) for box in linked.warning] == [True]
    linked.selectbox(key="landuse-layer").select(mapped.layer.layer).run()
    assert not linked.warning


def test_a_map_that_someone_else_removed_is_no_error(
    app_environment: Store, mapped: LandUseResult
) -> None:
    visit = open_page("land_use")
    remove_layer(app_environment, SLUG, mapped.layer.layer)
    visit.run()
    assert not visit.exception
    assert "Add some known examples first." in words(visit)


def write(path: Path, values: list[str], *, lon: float = 24.94, step: float = 1e-4) -> Path:
    points = [shapely.Point(lon + at * step, 60.17) for at in range(len(values))]
    frame = gpd.GeoDataFrame({"zone": values}, geometry=points, crs="EPSG:4326")
    frame.to_file(path, driver="GeoJSON")
    return path


@pytest.mark.parametrize(
    ("values", "lon", "says"),
    [
        (["park"] * 40, None, "the same class"),
        ([f"class {at}" for at in range(200)], None, "200 classes"),
        (["park", "water"] * 20, 120.0, "outside the city"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_before_a_fit(
    app_environment: Store, tmp_path: Path, values: list[str], lon: float | None, says: str
) -> None:
    west, south, east, north = city_box(app_environment)
    path = write(tmp_path / "labels.geojson", values, lon=lon or west, step=0)
    frame = gpd.read_file(path)
    frame.geometry = [
        shapely.Point(point.x if lon else west + (east - west) * (0.2 + 0.6 * at / len(values)),
                      (south + north) / 2)
        for at, point in enumerate(frame.geometry)
    ]  # fmt: skip
    frame.to_file(path, driver="GeoJSON")
    visit = open_page("land_use")
    give(visit, path)
    assert says in errors(visit)
    assert visit.button(key="landuse-go").disabled


def test_a_file_that_is_not_there_is_a_box(app_environment: Store, tmp_path: Path) -> None:
    visit = open_page("land_use")
    give(visit, tmp_path / "labels.gpkg")
    assert "no such file" in errors(visit)
    assert list_layers(app_environment, SLUG) == []


def test_labels_in_one_block_end_in_a_box_and_nothing_is_kept(
    app_environment: Store, tmp_path: Path
) -> None:
    west, south, east, north = city_box(app_environment)
    path = write(tmp_path / "near.geojson", ["park", "water"] * 30, step=0)
    frame = gpd.read_file(path)
    middle = (west + east) / 2, (south + north) / 2
    frame.geometry = [
        shapely.Point(middle[0] + 2e-6 * (at % 8), middle[1] + 2e-6 * (at // 8))
        for at in range(len(frame))
    ]
    frame.to_file(path, driver="GeoJSON")
    visit = open_page("land_use")
    give(visit, path)
    visit.button(key="landuse-go").click().run()
    assert "spatial folds are not possible" in errors(visit).lower()
    assert list_layers(app_environment, SLUG) == []


def test_few_labels_of_a_class_are_said(app_environment: Store, tmp_path: Path) -> None:
    west, south, east, north = city_box(app_environment)
    values = ["park"] * 20 + ["water"] * 20 + ["kiosk"] * 3
    frame = gpd.GeoDataFrame(
        {"zone": values},
        geometry=[
            shapely.Point(west + (east - west) * (0.1 + 0.8 * at / 43), (south + north) / 2)
            for at in range(43)
        ],
        crs="EPSG:4326",
    )
    path = tmp_path / "few.gpkg"
    frame.to_file(path)
    visit = open_page("land_use")
    give(visit, path)
    assert "kiosk (3)" in words(visit)
    choice = next(box for box in visit.radio if box.label == "What to do with such classes")
    assert choice.value == "testable"  # three points cannot be tested: left out, and it is said
    assert choice.options[1:] == ["Keep all", "Leave out", "Merge into one class"]
    choice.set_value("merge").run()
    into = next(box for box in visit.selectbox if box.label == "Merge them into")
    assert into.options == ["other", "park", "water"]
    into.select("park").run()
    visit.number_input(key="landuse-seeds").set_value(1).run()
    visit.button(key="landuse-go").click().run()
    assert not errors(visit)
    (kept,) = list_layers(app_environment, SLUG)
    found = kept.measured(ClassFindings)
    assert found.labels.by_class == {"park": 23, "water": 20}
    assert found.labels.used == found.used
    assert found.rare.sentence.endswith("were merged into park: kiosk (3).")
    assert "were merged into park" in words(visit)


def test_without_a_model_alphaearth_is_seen(app_environment: Store, task_files: TaskFiles) -> None:
    with app_environment.session() as session:
        session.execute(text("DELETE FROM model"))
    visit = open_page("land_use")
    give(visit, task_files.points)
    assert visit.selectbox(key="landuse-representation").value == "alphaearth"
    visit.number_input(key="landuse-seeds").set_value(1).run()
    visit.button(key="landuse-go").click().run()
    assert not errors(visit)
    assert list_layers(app_environment, SLUG)[0].parameters["representation"] == "alphaearth"


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_the_page_says_so() -> None:
    assert "There is no city yet" in words(open_page("land_use"))


def city_box(store: Store) -> tuple[float, float, float, float]:
    with store.session() as session:
        box = session.execute(
            text("SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) "
                 "FROM (SELECT ST_Extent(boundary) AS e FROM city) AS of_city")
        ).one()  # fmt: skip
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


@pytest.mark.usefixtures("app_environment")
def test_values_that_say_nothing_have_no_class_on_the_page(
    task_files: TaskFiles, tmp_path: Path
) -> None:
    frame = gpd.read_file(task_files.points)
    frame.loc[:39, "zone"] = "N/A"
    frame.loc[40:80, "zone"] = frame.loc[40:80, "zone"].str.upper()
    path = tmp_path / "points.csv"
    frame.drop(columns="geometry", errors="ignore").to_csv(path, index=False)
    visit = open_page("land_use")
    give(visit, path)
    assert not errors(visit)
    said = words(visit)
    assert "no label (N/A), 40 rows" in said
    assert "differ only in capitals" in said


@pytest.mark.usefixtures("app_environment")
def test_labels_by_code_ask_for_their_shapes(task_files: TaskFiles, tmp_path: Path) -> None:
    zones = gpd.read_file(task_files.zones)
    zones["plot_code"] = [f"{row:05}" for row in range(len(zones))]
    path, outlines = tmp_path / "use.csv", tmp_path / "plots.gpkg"
    zones[["plot_code", "zone"]].to_csv(path, index=False)
    zones[["plot_code", "geometry"]].to_file(outlines)
    visit = open_page("land_use")
    give(visit, path)
    assert any("names its area by a code" in box.value for box in visit.info)
    visit.get_by_key("landuse-use.csv-shapes-way").set_value("Path on the server").run()
    visit.text_input(key="landuse-use.csv-shapes-path").input(str(outlines)).run()
    assert not errors(visit)
    assert not visit.button(key="landuse-go").disabled
