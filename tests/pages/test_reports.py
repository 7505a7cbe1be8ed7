"""Reports: the document as it comes about, with own words, districts and a part of the city."""

import re
from pathlib import Path

import pytest
import shapely
from shapely.geometry import MultiPolygon
from streamlit.testing.v1 import AppTest

from tests.app_fixtures import SLUG
from tests.pages.visit import links, open_page, words
from ui.districts.areas import BESIDE, CHOSEN, Districts, Sketch
from ui.map.box_map import Shape
from workflows.cities.cities import list_cities
from workflows.home.store import Store
from workflows.layers import pictures
from workflows.layers.layers import MAX_TITLE, list_layers, remove_layer
from workflows.reports import maps
from workflows.reports.choices import MOST_WORDS

HOSTILE = "Parks #1 *bold* $x$ <script>alert(1)</script>"


def preview(visit: AppTest, store: Store) -> str:
    """The document in the page's frame, as it is served."""
    (frame,) = visit.get("iframe")
    name = frame.proto.src.rpartition("/")[2]
    return (store.settings.served / name).read_text(encoding="utf-8")


def said_in(page: str) -> str:
    """What a document says, without its marks."""
    text = re.sub(r"<style>.*?</style>|</?wbr>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def title_of(visit: AppTest, store: Store) -> str:
    return re.findall("<h1>(.*?)</h1>", preview(visit, store))[0]


@pytest.mark.usefixtures("app_environment")
def test_without_a_map_the_page_says_how_to_get_one() -> None:
    visit = open_page("reports")
    assert "No saved map to report on yet" in words(visit)
    assert links(visit)["Ask this city"] == "search"


def test_words_change_at_once_and_the_map_is_drawn_once(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counted(*given: object, **choices: object) -> pictures.LayerPicture:
        drawn.append("map")
        return pictures.layer_picture(*given, **choices)  # type: ignore[arg-type]

    monkeypatch.setattr(maps, "layer_picture", counted)
    visit = open_page("reports")
    assert title_of(visit, kept) == "school"
    assert "top 1 %" in said_in(preview(visit, kept))
    (title,) = visit.text_input
    assert (title.max_chars, visit.text_area[0].max_chars) == (MAX_TITLE, MOST_WORDS)
    title.set_value(HOSTILE).run()
    visit.text_area[0].set_value("One <b>line</b>.\n\nAnother: #let x = $1$").run()
    page = preview(visit, kept)
    assert "<script>" not in page.partition("<body>")[2]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<p>One &lt;b&gt;line&lt;/b&gt;.</p>" in page
    assert "<p>Another: #let x = $1$</p>" in page
    assert drawn == ["map"]
    keys = {one.key for one in visit.get("download_button")}
    assert {"report-pdf", "report-html", "report-map-project"} <= keys


def with_districts(visit: AppTest, shapes: dict[str, shapely.Geometry]) -> AppTest:
    """The page after these were drawn on the Districts page."""
    sketches = [Sketch(name, Shape("box", MultiPolygon([box]))) for name, box in shapes.items()]
    visit.session_state["districts"] = Districts(SLUG, tuple(sketches))
    visit.run()
    assert not visit.exception, visit.exception
    return visit


def test_the_districts_of_the_visit_are_compared_and_shown(kept: Store) -> None:
    west, south, east, north = list_cities(kept)[0].bbox
    middle = (west + east) / 2
    halves = {
        "The west": shapely.box(west, south, middle, north),
        "The east": shapely.box(middle, south, east, north),
    }
    visit = open_page("reports")
    assert links(visit)["Draw or upload districts"] == "districts"
    visit.session_state[CHOSEN], visit.session_state[BESIDE] = "The east", "The west"
    with_districts(visit, halves)
    told = said_in(preview(visit, kept))
    assert "The east beside The west." in told
    assert "part of the city" not in told
    (shown,) = [one for one in visit.segmented_control if "The districts" in one.options]
    visit.multiselect[0].set_value(["The west"])
    shown.set_value("The districts").run()
    told = said_in(preview(visit, kept))
    assert "District: The west" in told
    assert "The map shows a part of the city" in told
    with_districts(visit, {"The east": halves["The east"]})
    assert "No longer there, so left out: The west" in words(visit)
    assert "District" not in said_in(preview(visit, kept)).partition("Data and dates")[0]


def test_a_place_is_found_by_its_name_and_shown(kept: Store) -> None:
    visit = open_page("reports")
    (shown,) = [one for one in visit.segmented_control if "Around a place" in one.options]
    shown.set_value("Around a place").run()
    (place,) = [one for one in visit.text_input if one.label == "Place"]
    place.set_value("there is no such place").run()
    assert "No place here is called" in words(visit)
    (place,) = [one for one in visit.text_input if one.label == "Place"]
    place.set_value("a").run()
    assert [one for one in visit.selectbox if one.label == "Which one"]
    assert "The map shows a part of the city" in said_in(preview(visit, kept))


def test_a_link_chooses_the_map_and_one_that_is_gone_says_so(kept: Store) -> None:
    newest, older = [one.layer for one in list_layers(kept, SLUG)]
    visit = open_page("reports", layer=older)
    assert title_of(visit, kept) == "a night out"
    remove_layer(kept, SLUG, older)  # in another tab
    visit.run()
    assert not visit.exception
    assert "There is no saved map" in words(visit)
    assert title_of(visit, kept) == "school"
    remove_layer(kept, SLUG, newest)
    visit.run()
    assert "No saved map to report on yet" in words(visit)
    assert Path(links(open_page("reports"))["Ask this city"]).name == "search"
