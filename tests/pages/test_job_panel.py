"""The jobs behind a form: found by whoever opens the page, followed, stopped, tried again."""

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from tests.app_fixtures import SLUG
from tests.pages.visit import open_page, words
from tests.task_fixtures import TaskFiles
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import JobSummary, list_jobs
from workflows.layers.layers import list_layers

pytestmark = pytest.mark.usefixtures("no_worker")


def ask(path: Path) -> AppTest:
    """The land-use form with labels given, and a fit as short as can be."""
    visit = open_page("land_use")
    visit.get_by_key("landuse-labels-way").set_value("Path on the server").run()
    visit.text_input(key="landuse-labels-path").input(str(path))
    visit.number_input(key="landuse-folds").set_value(2)
    visit.number_input(key="landuse-seeds").set_value(1).run()
    return visit


def go(visit: AppTest) -> None:
    visit.button(key="landuse-go").click().run()
    assert not visit.error
    assert not visit.exception


def jobs(store: Store) -> list[JobSummary]:
    return list_jobs(store, SLUG, kinds=["landuse"])


def panel(visit: AppTest) -> list[str]:
    """Titles of the jobs at work on the page, beside those in the sidebar."""
    buttons = [one.key for one in visit.main.button if (one.key or "").startswith("landuse-stop-")]
    return [key.rpartition("-")[2] for key in buttons if key]


def test_two_fits_work_at_once_and_each_visit_opens_its_own(
    app_environment: Store, task_files: TaskFiles
) -> None:
    visit = ask(task_files.points)
    go(visit)
    (first,) = jobs(app_environment)
    assert panel(visit) == [str(first.job)]
    assert visit.button(key="landuse-go").disabled  # the same is being made already
    visit.text_input(key="landuse-title").input("Another").run()
    assert panel(visit) == [str(first.job)]  # typing stops nothing
    go(visit)
    second = jobs(app_environment)[0]
    reloaded = open_page("land_use")
    assert panel(reloaded) == panel(visit) == [str(first.job), str(second.job)]

    carry_out(app_environment, second.job)
    visit.run()
    made = list_layers(app_environment, SLUG)[0]
    assert made.title == "Another"
    assert visit.selectbox(key="landuse-layer").value == made.layer
    assert panel(visit) == [str(first.job)]
    carry_out(app_environment, first.job)
    for one in (visit, reloaded):
        one.run()
        assert not one.error
        assert (
            one.selectbox(key="landuse-layer").value == list_layers(app_environment, SLUG)[0].layer
        )
        assert not panel(one)


def test_a_fit_is_stopped_and_that_is_said_once(
    app_environment: Store, task_files: TaskFiles
) -> None:
    visit = ask(task_files.points)
    go(visit)
    (job,) = jobs(app_environment)
    visit.button(key=f"landuse-stop-{job.job}").click().run()
    assert "Stopped. Nothing was changed." in words(visit)
    visit.run()
    assert "Stopped. Nothing was changed." not in words(visit)
    assert not panel(visit)
    assert not visit.button(key="landuse-go").disabled
    assert list_layers(app_environment, SLUG) == []


def test_a_fit_that_failed_is_tried_again_and_dismissed(
    app_environment: Store, tmp_path: Path
) -> None:
    (west, south, east, north) = app_environment_box(app_environment)
    frame = gpd.GeoDataFrame(
        {"zone": ["park", "water"] * 30},
        geometry=[
            shapely.Point(
                (west + east) / 2 + 2e-6 * (at % 8), (south + north) / 2 + 2e-6 * (at // 8)
            )
            for at in range(60)
        ],
        crs="EPSG:4326",
    )
    path = tmp_path / "near.geojson"
    frame.to_file(path, driver="GeoJSON")
    visit = ask(path)
    go(visit)
    (job,) = jobs(app_environment)
    carry_out(app_environment, job.job)
    other = open_page("land_use")  # whoever comes later sees it, too
    for one in (visit.run(), other):
        (box,) = one.error
        assert "spatial folds are not possible" in box.value.lower()
    other.button(key=f"landuse-again-{job.job}").click().run()
    assert jobs(app_environment)[0].state == "queued"
    assert not other.error
    carry_out(app_environment, job.job)
    other.run()
    other.button(key=f"landuse-dismiss-{job.job}").click().run()
    assert not other.error
    assert not jobs(app_environment)
    visit.run()
    assert not visit.error


def app_environment_box(store: Store) -> tuple[float, float, float, float]:
    from workflows.cities.cities import show_city

    west, south, east, north = shapely.geometry.shape(show_city(store, SLUG).footprint).bounds
    return west, south, east, north
