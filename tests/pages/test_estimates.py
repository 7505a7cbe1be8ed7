"""Estimates: from places with a number to a map of it, and what is refused."""

from pathlib import Path

import geopandas as gpd
import pytest
from streamlit.testing.v1 import AppTest

from tests.app_fixtures import SLUG, Once
from tests.pages.visit import deck, layer, open_page, words
from tests.task_fixtures import TaskFiles
from workflows.home.store import Store
from workflows.tasks.numbers import NumberRequest, NumberResult, ValueRequest, estimate
from workflows.tasks.settings import FitSettings

pytestmark = pytest.mark.usefixtures("jobs_at_once")


def give(visit: AppTest, path: Path) -> None:
    """Give numbers by their path on the server."""
    visit.get_by_key("numbers-values-way").set_value("Path on the server").run()
    visit.text_input(key="numbers-values-path").input(str(path)).run()
    assert not visit.exception


@pytest.mark.usefixtures("app_environment")
def test_a_field_is_chosen_looked_at_and_mapped(task_files: TaskFiles) -> None:
    visit = open_page("estimates")
    assert "points or areas with a number" in visit.info[0].value
    assert visit.button(key="numbers-go").disabled
    give(visit, task_files.areas)
    field = visit.selectbox(key=f"numbers-{task_files.areas.name}-field")
    assert {"homes", "work", "other"} <= set(field.options)
    field.set_value("homes").run()
    assert "areas in the city" in words(visit)
    assert layer(deck(visit), "areas")
    assert not visit.button(key="numbers-go").disabled


@pytest.mark.usefixtures("app_environment")
def test_a_file_without_numbers_is_refused_in_a_box(task_files: TaskFiles, tmp_path: Path) -> None:
    path = tmp_path / "names.geojson"
    frame = gpd.read_file(task_files.areas)[["code", "geometry"]].to_crs("EPSG:4326")
    frame.to_file(path, driver="GeoJSON")
    visit = open_page("estimates")
    give(visit, path)
    assert "no field of numbers" in " ".join(str(box.value) for box in visit.error)


@pytest.fixture
def mapped(app_environment: Store, task_files: TaskFiles, once: Once) -> NumberResult:
    asked = NumberRequest(
        ValueRequest(task_files.areas, "homes"), FitSettings(seeds=2, folds=3), title="Homes"
    )
    return once("homes", app_environment, lambda store: estimate(store, SLUG, asked))


@pytest.mark.usefixtures("mapped")
def test_a_map_says_how_good_and_how_sure_it_is() -> None:
    visit = open_page("estimates")
    assert visit.metric[0].label.startswith("R²")
    by = visit.get_by_key("numbers-value-by")
    assert list(by.options) == ["Estimate", "Lower end", "Upper end", "Width"]
    by.set_value("Width").run()
    assert not visit.exception
    assert "Homes: width" in str(deck(visit))
