"""The map to draw on in a real browser: by mouse and by keyboard, and what it tells the server."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
from playwright.sync_api import Page, Route
from shapely.geometry import MultiPolygon, Polygon

from aether_core.city.outline import box_boundary
from tests.chromium import browser
from tests.map_data import fetched, parts_of
from ui.districts import drawing
from ui.fetch import area as fetch_area
from ui.map import box_map, served, towns
from ui.map.browser import FOLDER
from ui.map.cells import CellValues
from ui.map.coloured import Shown
from ui.map.map import MapLayer
from ui.map.ramp import Steps
from ui.map.shapes import ShapeValues

LAND = FOLDER / "box_map_land.json.gz"
COLOURS = {
    "water": "rgb(0,0,255)",
    "land": "rgb(0,255,0)",
    "coast": "rgb(0,255,0)",
    "town": "#000",
    "name": "#000",
    "edge": "rgb(255,0,0)",
    "area": "rgba(255,0,0,1)",
}
DATA: dict[str, Any] = {
    "height": 400,
    "words": box_map.WORDS,
    "colours": COLOURS,
    "font": "sans-serif",
    "towns": [["Turku <b>", 22.27, 60.45, 195_000]],
    "covered": [20.0, 58.0, 25.0, 62.0],
    "shape": None,
    "area": None,
    "shapeVersion": 1,
    "bounds": [22.0, 60.3, 22.6, 60.6],
    "viewVersion": 1,
}
SITE = "http://map.test"
BOX = {"kind": "box", "rings": [[[22.1, 60.55], [22.5, 60.55], [22.5, 60.35], [22.1, 60.35]]]}


@pytest.fixture(scope="module")
def browser_page() -> Iterator[Page]:
    with browser() as opened:
        page = opened.new_page(viewport={"width": 700, "height": 420})
        page.route(f"{SITE}/**", the_apps_server())
        yield page


@pytest.fixture
def page(browser_page: Page) -> Page:
    """The component's own files on an empty page, mounted as Streamlit mounts them."""
    css, html = parts_of("box_map")
    browser_page.set_content(f"<style>body {{ margin: 0 }} {css}</style><main>{html}</main>")
    browser_page.evaluate(
        f"""async () => {{
            window.sent = [];
            const {{ default: mount }} = await import("{SITE}/box_map.js");
            const parentElement = document.querySelector("main");
            const setStateValue = (name, value) => sent.push([name, value]);
            window.show = (data) => mount({{ data, parentElement, setStateValue }});
        }}"""
    )
    show(browser_page)
    return browser_page


def show(page: Page, **changes: object) -> None:
    page.evaluate("data => { window.show(data) }", DATA | changes)
    page.wait_for_timeout(100)


def sent(page: Page, name: str = "drawn") -> list[Any]:
    told = page.evaluate("window.sent")
    return [value for what, value in told if what == name]


def ring(page: Page) -> Polygon:
    return Polygon(sent(page)[-1]["ring"])


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
    page.mouse.move(*end)
    page.mouse.up()


def colour(page: Page, x: int, y: int) -> tuple[int, ...]:
    ratio = "[...document.querySelector('.ground').getContext('2d').getImageData(x, y, 1, 1).data]"
    found: list[int] = page.evaluate(f"([x, y]) => {ratio}", [x, y])
    return tuple(found[:3])


def test_a_box_is_drawn_by_dragging_and_its_corner_moved(page: Page) -> None:
    page.get_by_role("button", name="Box").click()
    drag(page, (250, 120), (450, 300))
    (told,) = sent(page)
    first = ring(page)
    assert told["kind"] == "box"
    assert first.equals(shapely.box(*first.bounds))
    assert colour(page, 350, 250) == (255, 0, 0)
    drag(page, (450, 300), (550, 350))
    wider = ring(page).bounds
    assert wider[:1] + wider[3:] == pytest.approx(first.bounds[:1] + first.bounds[3:], abs=1e-4)
    assert wider[2] > first.bounds[2]
    assert wider[1] < first.bounds[1]


def test_a_polygon_is_closed_at_its_first_corner_and_loses_one_by_delete(page: Page) -> None:
    page.get_by_role("button", name="Polygon").click()
    corners = [(200, 100), (450, 110), (460, 300), (210, 320)]
    for corner in [*corners, corners[0]]:
        page.mouse.click(*corner)
    assert sent(page)[-1]["kind"] == "polygon"
    assert len(sent(page)[-1]["ring"]) == 4
    page.locator(".handle.corner").nth(1).focus()
    page.keyboard.press("Delete")
    page.wait_for_function("sent.length === 2")
    assert len(sent(page)[-1]["ring"]) == 3


def test_a_box_is_made_and_moved_with_keys_alone(page: Page) -> None:
    page.get_by_role("button", name="Box").focus()
    page.keyboard.press("Enter")
    before = ring(page).bounds
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("North-west corner")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("sent.length === 2")
    after = ring(page).bounds
    assert after[0] > before[0]
    assert after[1:] == pytest.approx(before[1:], abs=1e-4)


def test_a_shape_of_the_server_is_taken_once_and_cleared_by_a_button(page: Page) -> None:
    show(page, shape=BOX, shapeVersion=2)
    assert page.locator(".handle.corner").count() == 4
    assert "22 × 22 km" in page.locator(".size").inner_text()
    drag(page, (350, 200), (300, 150))  # the map moves, the shape stays where it is on Earth
    assert not sent(page)
    show(page, shape=None, shapeVersion=2)  # not a new version: the map's own state holds
    assert page.locator(".handle.corner").count() == 4
    page.get_by_role("button", name="Clear").click()
    assert sent(page)[-1]["ring"] == []
    show(page, shape={"kind": "area", "rings": BOX["rings"]}, shapeVersion=3)
    assert page.locator(".handle").count() == 0  # an outline of many corners is only shown


CITY = {
    "words": drawing._WORDS,
    "colours": COLOURS
    | dict.fromkeys(("green", "road", "building", "boundary"), "rgb(9,9,9)")
    | {"a": "#00f", "aFill": "rgb(1,2,3)", "b": "#f00", "bFill": "#f00"}
    | {"rest": "#333", "restFill": "rgba(0,0,0,0)"}
    | {"street": "rgb(255,0,255)", "found": "rgb(0,255,255)"},
    "groundKey": "turku",
    "covered": None,
    "outlines": [],
    "name": "",
    "role": "rest",
}
HALVES = Steps((0.0, 0.5, 1.0), ((255, 0, 0, 255), (0, 0, 255, 255)))
LAKE = {"type": "MultiPolygon", "coordinates": [[BOX["rings"][0]]]}


def test_a_city_is_drawn_on_its_own_ground_with_a_lasso(page: Page) -> None:
    assert page.get_by_role("button", name="Lasso").count() == 0
    show(page, ground={"key": "turku", "shapes": json.dumps({"water": LAKE})})
    show(page, **CITY)
    assert colour(page, 300, 150) == (0, 0, 255)
    assert colour(page, 350, 390) == (0, 255, 0)  # all around is land
    page.get_by_role("button", name="Lasso").click()
    for several in (1, 2):  # one after the other, with the tool still in the hand
        page.mouse.move(250, 150)
        page.mouse.down()
        for x, y in ((400, 140), (420, 260), (260, 280), (250, 160)):
            page.mouse.move(x + 5 * several, y, steps=10)
        page.mouse.up()
        told = sent(page)[-1]
        assert len(sent(page)) == several
        assert (told["kind"], told["fresh"]) == ("polygon", True)
        assert 4 <= len(told["ring"]) <= 8  # of 40 points those that make the shape
        assert ring(page).is_valid
    page.keyboard.press("Escape")
    page.locator(".handle.corner").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("sent.length === 3")
    assert not sent(page)[-1]["fresh"]
    assert not sent(page, "view")


def test_a_large_ground_is_painted_once_a_view_and_moves_with_it(page: Page) -> None:
    ragged = shapely.Point(22.3, 60.45).buffer(0.05, quad_segs=6_000)
    lake = {"type": "MultiPolygon", "coordinates": [[list(ragged.exterior.coords)]]}
    show(page, ground={"key": "large", "shapes": json.dumps({"water": lake})})
    show(page, **CITY | {"groundKey": "large"})
    page.evaluate(
        """() => {
          const map = document.querySelector(".map").drawing;
          const paint = map.paintBackdrop;
          window.painted = 0;
          map.paintBackdrop = function (parts) {
            window.painted += 1;
            return paint.call(this, parts);
          };
        }"""
    )
    page.get_by_role("button", name="Lasso").click()
    drag(page, (150, 320), (260, 380))
    assert page.evaluate("painted") == 0
    page.keyboard.press("Escape")
    west = edge(page)
    page.mouse.move(350, 200)
    page.mouse.down()
    page.mouse.move(410, 200, steps=5)
    moved = edge(page)
    assert abs(moved - west - 60) <= 1
    page.mouse.up()
    page.wait_for_function("painted > 0")
    assert abs(edge(page) - moved) <= 1


def edge(page: Page) -> int:
    """Where the lake begins in the row through its middle, pixels from the left."""
    row = (
        "[...document.querySelector('.ground').getContext('2d').getImageData(0, 200, 700, 1).data]"
    )
    found: list[int] = page.evaluate(row)
    return [tuple(found[at : at + 3]) for at in range(0, len(found), 4)].index((0, 0, 255))


def test_streets_are_named_beside_tools_and_districts_and_are_found(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three streets one lies under the tools and one under a district's name."""
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    show(page, **CITY)
    spots = {"Long Road": (350, 300), "Tool Street": (120, 28), "District Lane": (350, 200)}
    names = [
        {"p": place(page, at), "t": name, "n": "Street", "a": 0, "l": 10**6, "f": True}
        for name, at in spots.items()
    ]
    where = f"{SITE}{served.of_json(names)}"
    district = {"name": "Kamppi", "rings": BOX["rings"], "at": names[2]["p"], "role": "a"}
    city = CITY | {"names": where, "found": [where], "outlines": [district]}
    show(page, **city)
    page.wait_for_function("document.querySelector('.map').drawing.named")
    assert [named(page, *at) for at in spots.values()] == [True, False, False]
    page.get_by_role("button", name="Lasso").click()
    page.evaluate("window.kept = document.querySelector('.map').drawing.named")
    page.mouse.move(150, 320)
    page.mouse.down()
    page.mouse.move(260, 340, steps=3)  # a lasso under way paints no name anew
    assert page.evaluate("kept === document.querySelector('.map').drawing.named")
    page.mouse.up()
    box = page.get_by_role("combobox", name="Find a place or street")
    box.fill("lane")
    page.get_by_role("option", name="District Lane").wait_for()
    box.press("Enter")
    page.wait_for_function("!document.querySelector('.map').drawing.moving")
    assert colour(page, 350 + 13, 200) == (0, 255, 255)
    assert place(page, (350, 200)) == pytest.approx(names[2]["p"], abs=1e-4)
    box.fill("")
    assert colour(page, 350 + 13, 200) != (0, 255, 255)


def place(page: Page, at: tuple[int, int]) -> list[float]:
    """Longitude and latitude under a point of the map."""
    found: list[float] = page.evaluate(
        "at => document.querySelector('.map').drawing.under(at)", list(at)
    )
    return found


def named(page: Page, x: int, y: int) -> bool:
    """Whether something is written around a point in the ink of street names."""
    pixels = (
        "document.querySelector('.ground').getContext('2d').getImageData(x - 30, y - 8, 60, 16)"
    )
    row: dict[str, int] = page.evaluate(f"([x, y]) => ({{ ...{pixels}.data }})", [x, y])
    parts = list(row.values())
    return any(
        red > 200 and green < 100 and blue > 200
        for red, green, blue in zip(parts[::4], parts[1::4], parts[2::4], strict=True)
    )


def test_polygons_follow_each_other_and_leave_no_corner(page: Page) -> None:
    show(page, **CITY)
    page.get_by_role("button", name="Polygon").click()
    for closed, end in (((250, 150), "dblclick"), ((300, 160), "Enter"), ((350, 150), "dblclick")):
        x, y = closed
        for corner in ((x, y), (x + 40, y), (x + 40, y + 60)):
            page.mouse.click(*corner)
        if end == "Enter":
            page.keyboard.press("Enter")
        else:
            page.mouse.dblclick(x, y)  # the first click closes it, the second begins none
    assert [len(told["ring"]) for told in sent(page)] == [3, 3, 3]
    page.get_by_role("button", name="Move", exact=True).click()
    assert page.locator(".handle.corner").count() == 3


def test_an_answer_is_painted_under_what_is_drawn(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """West of 22.3 degrees one class, east of it another, as cells and as a picture of areas."""
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    ground = shapely.box(22.1, 60.35, 22.5, 60.55)
    cells = np.array(sorted(h3.geo_to_cells(ground, 8)), dtype=np.uint64)
    east = np.array([h3.cell_to_latlng(int(cell))[1] > 22.3 for cell in cells], dtype=float)
    of_cells = MapLayer(cells=CellValues(cells, Shown(east, HALVES, "east")))
    halves = np.array(
        [shapely.box(22.1, 60.35, 22.3, 60.55), shapely.box(22.3, 60.35, 22.5, 60.55)]
    )
    of_areas = MapLayer(areas=ShapeValues(halves, Shown(np.array([0.0, 1.0]), HALVES, "east")))
    city = CITY | {"groundKey": "bare"}
    show(page, **city)
    for layer in (of_cells, of_areas):
        painted = layer.painted()
        assert painted is not None
        document = json.dumps(served.document(painted)).replace('"/map-data', f'"{SITE}/map-data')
        show(page, **city | {"answer": json.loads(document)})
        page.wait_for_function("document.querySelector('.map').drawing.answer")
        assert [colour(page, x, 250) for x in (290, 410, 60)] == [
            (255, 0, 0),
            (0, 0, 255),
            (0, 255, 0),
        ]
        show(page, **city | {"answer": None})
        assert colour(page, 290, 250) == (0, 255, 0)
    assert MapLayer().painted() is None


def the_apps_server() -> Callable[[Route], None]:
    """The component's code and data, as from the app's server."""

    def answer(route: Route) -> None:
        address = route.request.url.removeprefix(SITE)
        code = FOLDER / address.removeprefix("/")
        body = code.read_bytes() if code.suffix == ".js" else fetched(address)
        kind = "text/javascript" if code.suffix == ".js" else "application/octet-stream"
        allowed = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(body=body, content_type=kind, headers=allowed)

    return answer


def test_a_district_on_the_map_can_be_pointed_at(page: Page) -> None:
    outline = {"name": "Kamppi", "rings": BOX["rings"], "at": [22.3, 60.45], "role": "a"}
    show(page, **CITY | {"outlines": [outline]})
    assert colour(page, 300, 150) == (1, 2, 3)
    assert page.locator(".hint").inner_text().startswith("Click a district")
    page.mouse.click(20, 390)
    assert not sent(page, "picked")
    for tool in ("Move", "Lasso", "Box"):
        page.get_by_role("button", name=tool, exact=True).click()
        page.mouse.click(300, 150)
    assert [told["name"] for told in sent(page, "picked")] == ["Kamppi"] * 3


def test_the_land_is_drawn_once_it_has_come_and_towns_are_asked_for_where_one_looks(
    page: Page,
) -> None:
    middle = (350, 40)
    assert colour(page, *middle) == (0, 0, 255)
    page.evaluate(
        "data => { window.show(data) }", {"land": base64.b64encode(LAND.read_bytes()).decode()}
    )
    page.wait_for_function(
        "document.querySelector('.ground').getContext('2d')"
        ".getImageData(350, 40, 1, 1).data[1] === 255"
    )
    for _ in range(4):
        page.get_by_role("button", name="Zoom out").click()
    page.wait_for_function("sent.some(([name]) => name === 'view')")
    west, south, east, north = sent(page, "view")[-1]
    assert west < 20
    assert east > 25
    assert south < 58
    assert north > 62


def test_the_land_holds_the_known_and_crosses_no_meridian() -> None:
    packed = json.loads(gzip.decompress(LAND.read_bytes()))
    polygons = []
    for steps in packed["rings"]:
        lon, lat = 0, 0
        corners = []
        for east, north in zip(steps[::2], steps[1::2], strict=True):
            lon, lat = lon + east, lat + north
            corners.append((lon * packed["unit"], lat * packed["unit"]))
        polygons.append(Polygon(corners).buffer(0))
    tree = shapely.STRtree(polygons)
    for name, lon, lat, land in (
        ("Helsinki", 24.94, 60.20, True),
        ("Nairobi", 36.82, -1.29, True),
        ("Suva", 178.1, -17.8, True),
        ("the Atlantic", -30.0, 30.0, False),
        ("the Pacific at the 180th meridian", 179.9, 30.0, False),
    ):
        assert (len(tree.query(shapely.Point(lon, lat), predicate="within")) > 0) is land, name
    assert all(polygon.bounds[0] >= -180 and polygon.bounds[2] <= 180 for polygon in polygons)


def test_what_can_be_edited_and_what_is_only_shown() -> None:
    box = shapely.box(24, 60, 25, 61)
    ragged = shapely.Point(24, 60).buffer(0.1, quad_segs=32)
    holed = box - shapely.box(24.4, 60.4, 24.5, 60.5)
    assert box_map.kind_of(MultiPolygon([box])) == "box"
    triangle = Polygon([(24, 60), (25, 60), (24, 61)])
    assert box_map.kind_of(MultiPolygon([triangle])) == "polygon"
    for area in (
        MultiPolygon([ragged]),
        MultiPolygon([holed]),
        MultiPolygon([box, shapely.box(26, 60, 27, 61)]),
    ):
        assert box_map.kind_of(area) == "area"


def test_a_box_across_the_180th_meridian_is_one_box_in_view() -> None:
    across = box_boundary(179.2, -17.2, -179.5, -16.2)
    assert box_map.kind_of(across) == "box"
    drawn = box_map._on_screen(box_map.Shape("box", across))
    assert drawn["rings"] == [[[179.2, -16.2], [180.5, -16.2], [180.5, -17.2], [179.2, -17.2]]]
    named = [name for name, lon, *_ in towns.around((179.2, -17.2, 180.5, -16.2))]
    assert "Labasa" in named
    assert fetch_area._edges(across) == (179.2, -17.2, -179.5, -16.2)


def test_towns_of_a_view_come_with_the_largest_of_the_world() -> None:
    near = towns.around((22.0, 60.3, 22.6, 60.6))
    names = [name for name, *_ in near]
    assert "Turku" in names
    assert "Tokyo" in names
    people = [number for *_, number in near]
    assert people == sorted(people, reverse=True)
    assert len(near) < 1000
