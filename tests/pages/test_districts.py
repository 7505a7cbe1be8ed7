"""Districts: figures beside the city's and another's, a question's scores, files, what is wrong."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon
from streamlit.testing.v1 import AppTest

from db.cities import cities as city_rows
from tests.app_fixtures import SLUG, set_environment
from tests.db.city_data import add_areas, add_share_layer
from tests.pages.visit import links, open_page, words
from ui.districts.areas import BESIDE, CHOSEN, WHOLE, Districts, Sketch
from ui.map.box_map import Shape
from ui.map.legend import PERCENTILE_NAMES
from workflows.cities.cities import list_cities
from workflows.home.store import Store
from workflows.layers.layers import list_layers, remove_layer
from workflows.layers.profile import profile_shapes
from workflows.layers.scored import scored
from workflows.search.ask import ask

QUERY = "parks near a school"


@pytest.fixture(autouse=True)
def city_store(module_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Tinytown for the whole module: no test changes it."""
    return set_environment(module_store, monkeypatch)


def said_by(visit: AppTest) -> str:
    """What the page says, as it is read."""
    return words(visit).replace("\\", "")


def halves(store: Store) -> dict[str, shapely.Geometry]:
    """The west and the east of the city."""
    west, south, east, north = list_cities(store)[0].bbox
    middle = (west + east) / 2
    return {
        "Area 1": shapely.box(west, south, middle, north),
        "Area 2": shapely.box(middle, south, east, north),
    }


def with_drawings(visit: AppTest, shapes: dict[str, shapely.Geometry]) -> AppTest:
    """The page after these areas were drawn on the map."""
    sketches = [Sketch(name, Shape("box", MultiPolygon([box]))) for name, box in shapes.items()]
    visit.session_state["districts"] = Districts(SLUG, tuple(sketches), sketches[-1].name)
    visit.run()
    assert not visit.exception, visit.exception
    return visit


def charts(visit: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in visit.get("vega_lite_chart")]


def titles(visit: AppTest) -> list[str]:
    return [chart["title"]["text"] for chart in charts(visit)]


def map_of(visit: AppTest) -> dict[str, Any]:
    """What the map is told."""
    told = [json.loads(one.proto.json) for one in visit.get("bidi_component")]
    return next(one for one in told if "outlines" in one)


def upload(visit: AppTest, file: Path) -> None:
    visit.get_by_key("district-way").set_value("From a file").run()
    visit.get_by_key("district-0-file-way").set_value("Path on the server").run()
    visit.text_input(key="district-0-file-path").input(str(file)).run()
    assert not visit.exception, visit.exception


def test_before_an_area_the_page_says_what_to_do() -> None:
    visit = open_page("districts")
    assert "Draw a district" in words(visit)
    assert not charts(visit)
    assert not visit.error


def test_two_drawings_stand_beside_the_city_and_each_other(city_store: Store) -> None:
    shapes = halves(city_store)
    visit = with_drawings(open_page("districts"), shapes)
    profile = profile_shapes(city_store, SLUG, shapes).profile
    said = said_by(visit)
    assert f"**Area 1.** {profile.sentence(0)}" in said
    assert visit.selectbox(key=BESIDE).options == [WHOLE, "Area 2"]
    assert titles(visit) == ["Places by kind"]
    visit.selectbox(key=CHOSEN).set_value("Area 2").run()
    visit.selectbox(key=BESIDE).set_value("Area 1").run()
    said = said_by(visit)
    assert f"**Area 2.** {profile.sentence(1)}" in said
    assert f"**Beside Area 1.** {profile.between('Area 2', 'Area 1')['sentence']}" in said
    places = charts(visit)[0]["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert places == ["Area 2", "Area 1", WHOLE]
    assert len(visit.dataframe[0].value) == len(profile.figures)
    assert visit.dataframe[1].value["Area"].tolist() == ["Area 1", "Area 2"]
    assert links(visit)["Make a map of land use"] == "land_use"


def test_a_question_scores_the_areas_and_goes_along(city_store: Store) -> None:
    shapes = halves(city_store)
    visit = with_drawings(open_page("districts", q=QUERY), shapes)
    asked = ask(city_store, SLUG, QUERY)
    profile = profile_shapes(city_store, SLUG, shapes, scored=scored(asked)).profile
    assert titles(visit)[0] == QUERY
    drawn = visit.dataframe[0].value.set_index("Figure")
    told = profile.area(0)["figures"]["question_score"]
    assert drawn.loc[f"score of “{QUERY}”", "Area 1"] == f"{told['value']:.3g}"
    assert np.isfinite(told["lo"])
    painted = map_of(visit)["answer"]
    assert painted["cells"]["places"]
    assert all(name in words(visit) for name in [f"<b>{QUERY}</b>", *PERCENTILE_NAMES])

    visit.text_input(key="q").input("asdfghjkl qwerty").run()
    assert "The city cannot answer this" in words(visit)
    assert map_of(visit)["answer"] is None
    assert titles(visit) == ["Places by kind"]
    visit.text_input(key="q").input("y" * 1001).run()
    assert "1,001" in visit.error[0].value.replace("\\", "")
    assert titles(visit) == ["Places by kind"]

    visit.text_input(key="q").input(QUERY).run()
    visit.button(key="search-here").click().run()
    (area,) = visit.session_state["ask-areas"][1]
    assert area.words == "Area 1"
    assert links(visit)["Search is limited to Area 1"] == "search"
    visit.run()
    assert "Only ground in Area 1 is scored" in words(visit)
    assert gpd.read_file(area.source.file).geometry[0].equals(shapes["Area 1"])


def test_one_button_leads_from_a_comparison_to_its_report(city_store: Store) -> None:
    visit = with_drawings(open_page("districts", q=QUERY), halves(city_store))
    visit.button(key="keep-and-report").click().run(timeout=90)
    assert not visit.exception
    (kept,) = list_layers(city_store, SLUG)
    try:
        assert kept.title == QUERY
        assert "Report" in str(visit.title[0].value)
        assert visit.multiselect[0].value == ["Area 1", "Area 2"]  # those that were compared
    finally:
        remove_layer(city_store, SLUG, kept.layer)


def test_a_file_in_another_crs_joins_what_was_drawn_and_can_be_taken_back(
    city_store: Store, tmp_path: Path
) -> None:
    shapes = halves(city_store)
    file = tmp_path / "quarters.gpkg"
    frame = gpd.GeoDataFrame(
        {"name": ["West", "Far away"]},
        geometry=[shapes["Area 1"], shapely.box(10.7, 59.9, 10.8, 60.0)],
        crs=4326,
    )
    frame.to_crs(3067).to_file(file)
    visit = with_drawings(open_page("districts"), {"Area 1": shapes["Area 2"]})
    upload(visit, file)
    assert any("quarters.gpkg was read" in one.label for one in visit.expander)
    assert visit.selectbox(key=CHOSEN).options == ["Area 1", "West"]
    assert "1 area shares no ground with the city: Far away" in said_by(visit)
    visit.button(key="district-anew").click().run()
    assert "Draw a district" in words(visit)


def test_areas_of_a_saved_layer_are_chosen_and_taken_back(city_store: Store) -> None:
    shapes = np.array(list(halves(city_store).values()), dtype=object)
    with city_store.session() as session:
        city = city_rows.city_by_slug(session, SLUG)
        layer = add_share_layer(session, add_areas(session, city.id, geometry=shapes)).slug
    visit = open_page("districts")
    visit.get_by_key("district-way").set_value("From a saved layer").run()
    visit.multiselect(key=f"district-0-of-{layer}").set_value(["South"]).run()
    assert visit.selectbox(key=CHOSEN).options == ["South"]
    visit.get_by_key("district-way").set_value("Draw").run()
    assert visit.selectbox(key=CHOSEN).options == ["South"]
    visit.get_by_key("district-way").set_value("From a saved layer").run()
    assert visit.multiselect(key=f"district-0-of-{layer}").value == ["South"]
    visit.multiselect(key=f"district-0-of-{layer}").set_value([]).run()
    assert "Draw a district" in words(visit)
    visit.multiselect(key=f"district-0-of-{layer}").set_value(["North"]).run()
    remove_layer(city_store, SLUG, layer)  # by somebody else meanwhile
    visit.run()
    assert "no such layer" in said_by(visit).lower()


def test_many_districts_have_a_line_each(city_store: Store, tmp_path: Path) -> None:
    west, south, east, north = list_cities(city_store)[0].bbox
    wide, high = (east - west) / 50, (north - south) / 40
    boxes = [
        shapely.box(
            west + i * wide, south + j * high, west + (i + 1) * wide, south + (j + 1) * high
        )
        for i in range(50)
        for j in range(40)
    ]
    file = tmp_path / "many.geojson"
    names = [f"D{at}" for at in range(len(boxes))]
    gpd.GeoDataFrame({"name": names}, geometry=boxes, crs=4326).to_file(file)
    visit = open_page("districts")
    upload(visit, file)
    assert not visit.error
    assert visit.dataframe[2].value["Area"].tolist() == names
    assert len(charts(visit)) == 1


@pytest.mark.parametrize(
    ("name", "properties", "shape", "said"),
    [
        ("empty", [], None, "no"),
        (
            "bow",
            [{"name": "Bow"}],
            [[24.0, 60.0], [24.1, 60.1], [24.1, 60.0], [24.0, 60.1], [24.0, 60.0]],
            "crosses itself",
        ),
        (
            "oslo",
            [{"name": "Oslo"}],
            [[10.7, 59.9], [10.8, 59.9], [10.8, 60.0], [10.7, 59.9]],
            "no area shares ground with the city",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_plain_box(
    tmp_path: Path, name: str, properties: list[dict[str, str]], shape: Any, said: str
) -> None:
    features = [
        {
            "type": "Feature",
            "properties": one,
            "geometry": {"type": "Polygon", "coordinates": [shape]},
        }
        for one in properties
    ]
    file = tmp_path / f"{name}.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    visit = open_page("districts")
    upload(visit, file)
    (error,) = visit.error
    assert said in error.value.replace("\\", "").lower()
    assert not charts(visit)
