"""City, fetched from public data: find, estimate, start, fail, go on; and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.app_fixtures import SLUG
from tests.pages.visit import links, open_page, words
from tests.public_server.server import Fault, PublicServer
from tests.public_server.whole import BOX, NAME, World, environment, serve
from workflows.cities.cities import list_cities, show_city
from workflows.demo.simulated import SLUG as DEMO
from workflows.fetch.fetch import FetchSummary, list_fetches
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out

EDGES = ("west", "south", "east", "north")
pytestmark = pytest.mark.usefixtures("no_worker")


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[PublicServer]:
    with serve(world) as server:
        yield server


@pytest.fixture(autouse=True)
def server(running: PublicServer, world: World, monkeypatch: pytest.MonkeyPatch) -> PublicServer:
    """A server that behaves, settings that lead to it, and no worker but the test itself."""
    running.behave()
    running.log.clear()
    for name, value in environment(running, world).items():
        monkeypatch.setenv(name, value)
    return running


def draw_box(visit: AppTest, west: float, south: float, east: float, north: float) -> None:
    """Type the four edges of the area."""
    visit.get_by_key("fetch-way").set_value("Draw").run()
    for edge, value in zip(EDGES, (west, south, east, north), strict=True):
        visit.number_input(key=f"fetch-{edge}").set_value(value)
    visit.run()


def find(visit: AppTest, name: str) -> None:
    visit.text_input(key="fetch-place").input(name)
    visit.button(key="fetch-find-go").click().run()


def figures(visit: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in visit.metric}


def said_wrong(visit: AppTest) -> str:
    """The page's one error box, as it reads."""
    (box,) = visit.error
    return str(box.value).replace("\\", "")


def only_fetch(store: Store) -> FetchSummary:
    (fetch,) = list_fetches(store)
    return fetch


@pytest.mark.usefixtures("empty_environment")
def test_a_city_is_found_by_name_without_asking_anybody(server: PublicServer) -> None:
    visit = open_page("city")
    assert visit.title[0].value == "Add a city"
    assert visit.get_by_key("add-way").value == "From public data"
    assert not visit.metric
    find(visit, "Springfield")
    candidates = visit.radio(key="fetch-candidate")
    assert len(candidates.options) > 3
    before = figures(visit)
    assert before["Download"].startswith("about ")
    assert visit.text_input(key="fetch-name").value == "Springfield"
    find(visit, "Turku")
    assert visit.text_input(key="fetch-name").value == "Turku"
    assert figures(visit) != before
    find(visit, "Turkuu")
    assert "Turku" in said_wrong(visit)
    assert not visit.metric
    assert not server.log


@pytest.mark.usefixtures("empty_environment")
def test_outline_and_exact_figures_are_asked_for_by_buttons(server: PublicServer) -> None:
    visit = open_page("city")
    find(visit, NAME)  # the gazetteer has no such city
    assert visit.error
    visit.button(key="fetch-ask-geocoder").click().run()
    assert not visit.error
    assert "Outline" in words(visit)
    assert {request.path for request in server.log} == {"/search"}
    visit.button(key="fetch-exact-go").click().run()
    assert not visit.error
    assert not figures(visit)["Download"].startswith("about")
    assert "at most" in words(visit)
    server.misbehave("/search", Fault("status", code=404), times=-1)
    visit.text_input(key="fetch-name").input("Mine").run()
    find(visit, "Turku")
    visit.button(key="fetch-ask-geocoder").click().run()
    assert "/search" in said_wrong(visit)
    assert figures(visit)  # what was found before stays
    assert visit.text_input(key="fetch-name").value == "Mine"


def test_a_fetch_is_started_fails_goes_on_and_shows_its_city(
    empty_environment: Store, server: PublicServer
) -> None:
    store = empty_environment
    visit = open_page("city")
    draw_box(visit, *BOX)
    assert visit.button(key="fetch-go").disabled  # it has no name yet
    visit.text_input(key="fetch-name").input(NAME).run()
    visit.checkbox(key="fetch-train").uncheck().run()
    visit.get_by_key("fetch-confidence-rule").set_value("The least sure share").run()
    before = figures(visit)["Download"]
    visit.get_by_key("fetch-eo-source").set_value("mosaic").run()
    assert figures(visit)["Download"] != before
    visit.get_by_key("fetch-eo-source").set_value("tiles").run()
    visit.button(key="fetch-go").click().run()
    assert not visit.error
    fetch = only_fetch(store)
    assert (fetch.request.eo_source, fetch.request.unsure_share) == ("tiles", 0.25)
    assert (fetch.slug, fetch.state) == ("borderville", "queued")
    assert fetch.request.boundary.bounds == BOX
    assert visit.button(key=f"fetch-stop-{fetch.job}")

    server.misbehave(".tiff", Fault("missing"), times=-1)
    carry_out(store, fetch.job)
    other = open_page("city")  # who left the page, or comes later, finds it there
    assert ".tiff" in said_wrong(other)
    visit.run()
    assert ".tiff" in said_wrong(visit)
    server.behave()
    visit.button(key=f"fetch-resume-{fetch.id}").click().run()
    assert only_fetch(store).state == "queued"
    carry_out(store, fetch.job)
    assert only_fetch(store).error is None
    visit.run()
    assert visit.title[0].value == f"City: {NAME}"
    assert f"{NAME} is ready" in words(visit)
    assert links(visit)["Train its model"] == "train"
    assert "Overture" in words(visit)  # credited
    assert show_city(store, "borderville").years == [2024]

    visit.selectbox(key="year-borderville").select(2018).run()
    visit.button(key="year-go-borderville").click().run()
    assert not visit.error
    further = list_fetches(store)[0]
    assert (further.request.extends, further.request.years) == (True, (2018,))
    assert visit.button(key=f"fetch-stop-{further.job}")
    carry_out(store, further.job)
    visit.run()
    assert "2018, 2024" in words(visit)


def test_a_fetch_is_cancelled_and_dismissed(empty_environment: Store) -> None:
    visit = open_page("city")
    draw_box(visit, *BOX)
    visit.text_input(key="fetch-name").input(NAME).run()
    visit.button(key="fetch-go").click().run()
    fetch = only_fetch(empty_environment)
    visit.button(key=f"fetch-stop-{fetch.job}").click().run()
    assert only_fetch(empty_environment).state == "cancelled"
    assert "was stopped" in words(visit)
    visit.button(key=f"fetch-dismiss-{fetch.id}").click().run()
    assert not list_fetches(empty_environment)
    assert not list_cities(empty_environment)


def geojson(folder: Path, geometry: dict[str, object]) -> Path:
    path = folder / "area.geojson"
    path.write_text(json.dumps(geometry))
    return path


def test_areas_no_city_can_have_are_boxes(empty_environment: Store, tmp_path: Path) -> None:
    visit = open_page("city")
    draw_box(visit, 25.0, 60.0, 24.0, 61.0)
    assert "west" in said_wrong(visit)
    draw_box(visit, 20.0, 50.0, 30.0, 60.0)
    assert "larger than the limit for one city" in said_wrong(visit)
    draw_box(visit, 10.0, 83.9, 10.1, 84.1)
    assert "84" in said_wrong(visit)
    line = {"type": "LineString", "coordinates": [[24.0, 60.0], [24.1, 60.1]]}
    visit.get_by_key("fetch-way").set_value("File").run()
    visit.get_by_key("fetch-boundary-way").set_value("Path on the server").run()
    visit.text_input(key="fetch-boundary-path").input(str(geojson(tmp_path, line))).run()
    assert "line" in said_wrong(visit).lower()
    draw_box(visit, 23.5, 60.0, 24.5, 60.4)
    assert not visit.error
    visit.text_input(key="fetch-name").input("Wide").run()
    assert visit.button(key="fetch-go").disabled  # not before the download is agreed to
    visit.checkbox(key="fetch-consent").check().run()
    assert not visit.button(key="fetch-go").disabled
    assert not list_fetches(empty_environment)


def test_a_taken_short_name_is_refused(app_environment: Store) -> None:
    visit = open_page("city", do="add")
    draw_box(visit, *BOX)
    visit.text_input(key="fetch-name").input("Tinytown").run()
    visit.text_input(key="fetch-slug").input(SLUG).run()
    visit.button(key="fetch-go").click().run()
    assert SLUG in said_wrong(visit)
    assert not list_fetches(app_environment)
    visit.get_by_key("city-view").set_value("This city").run()
    assert f"year-{SLUG}" not in {box.key for box in visit.selectbox}  # it is simulated


def test_a_list_of_cities_is_checked_row_by_row_and_queued(empty_environment: Store) -> None:
    box = ",".join(map(str, BOX))
    table = f'slug,name,year,place,bbox\ntown,Town,2024,,"{box}"\nbad,Bad,2024,Nowhereville,\n'
    visit = open_page("city", do="many")
    visit.file_uploader(key="many-table-0-upload").upload("cities.csv", table.encode()).run()
    assert "Line 3, bad" in words(visit)
    assert "Nowhereville" in words(visit)
    assert visit.button(key="many-go").disabled
    visit.checkbox(key="many-skip").check().run()
    visit.button(key="many-go").click().run()
    assert not visit.error
    assert only_fetch(empty_environment).batch == "cities"
    states = visit.dataframe[0].value
    assert list(states["City"]) == ["Town"]
    assert list(states["State"]) == ["waiting"]
    assert "In progress" not in words(visit)  # the table shows them


def test_the_demo_offers_the_real_embedding_or_says_why_not(
    app_environment: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app_environment.session() as session:
        session.connection().exec_driver_sql("UPDATE city SET slug = %s", (DEMO,))
    visit = open_page("city")
    visit.button(key="real-demo-go").click().run()
    assert visit.title[0].value == "Add a city"
    assert visit.text_input(key="fetch-slug").value == f"{DEMO}-real"
    assert visit.metric
    monkeypatch.setenv("AETHER_ALPHAEARTH_URL", "http://127.0.0.1:9/annual")
    assert "Not available now" in words(open_page("city"))
