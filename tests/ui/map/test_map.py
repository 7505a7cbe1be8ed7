"""A city's map in a real browser: what it paints, says, sends, and what outlives a rerun."""

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import pydeck
import pytest
import shapely
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SOFTWARE_WEBGL
from tests.chromium import browser
from tests.map_data import fetched, parts_of
from tests.ui.map.named_streets import NAMED
from ui.map import cells, legend, served, shapes
from ui.map import map as city_map
from ui.map.browser import FOLDER
from ui.map.cells import CellValues
from ui.map.coloured import Shown
from ui.map.names import names_of
from ui.map.ramp import Steps
from ui.map.shapes import ShapeValues
from ui.shell.palette import LIGHT
from ui.shell.routes import _MODULES

DECK = Path(pydeck.__file__).parent / "nbextension" / "static" / "index.js"
SCRIPTS = [f"{name}.js" for name in (*_MODULES, "load_map")]
SITE = "http://map.test"
STEPS = Steps((0.0, 50.0, 100.0), ((255, 0, 0, 255), (0, 0, 255, 255)))
HOST = f"""<!doctype html><style>body {{ margin: 0 }}</style><main></main><script type="module">
import mount from "{SITE}/load_map.js";
window.sent = [];
window.put = (data) => {{
  const main = document.querySelector("main");
  if (!main.shadowRoot) {{
    main.attachShadow({{ mode: "open" }});
    main.shadowRoot.innerHTML = `<style>${{window.css}}</style>${{window.html}}`;
  }}
  mount({{
    data, parentElement: main.shadowRoot,
    setTriggerValue: (name, value) => window.sent.push([name, value]),
  }});
}};
</script>"""

AWAY = """() => {
  const main = document.querySelector("main");
  main.shadowRoot?.querySelector(".city-map").cityMap?.leave();
  main.replaceWith(document.createElement("main"));
  window.sent = [];
  sessionStorage.clear();
  history.replaceState(null, "", "/");
}"""
"""Take the map away, as a page does that is left; its code stays."""


@pytest.fixture(scope="module")
def opened() -> Iterator[Page]:
    with browser(SOFTWARE_WEBGL) as running:
        yield running.new_page(viewport={"width": 600, "height": 520})


@pytest.fixture
def asked() -> list[str]:
    """What the page has asked for."""
    return []


@pytest.fixture
def page(
    opened: Page, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """An empty page that can fetch the component's code and data, as from the app's server."""
    monkeypatch.setenv("AETHER_HOME", str(tmp_path))
    css, html = parts_of("map")

    def answer(route: Route) -> None:
        address = route.request.url.removeprefix(SITE)
        asked.append(address)
        known: dict[str, bytes] = {"/": HOST.encode()}
        known |= {f"/{name}": (FOLDER / name).read_bytes() for name in SCRIPTS}
        if address == "/deck.js":
            route.fulfill(body=DECK.read_bytes(), content_type="text/javascript")
        elif address in known:
            kind = "text/javascript" if address.endswith(".js") else "text/html"
            route.fulfill(body=known[address], content_type=kind)
        elif "lost" in address:
            route.fulfill(status=404)
        else:
            route.fulfill(body=fetched(address))

    opened.route(f"{SITE}/**", answer)
    if opened.url.partition("#")[0] != f"{SITE}/":
        opened.goto(f"{SITE}/")
        opened.evaluate("([css, html]) => Object.assign(window, { css, html })", [css, html])
    yield opened
    opened.evaluate(AWAY)
    opened.unroute(f"{SITE}/**")


def sent_data(**changes: Any) -> dict[str, Any]:
    """A map of a few cells, west red and east blue, as the page sends it."""
    centre = h3.latlng_to_cell(60.17, 24.94, 9)
    ids = np.sort(np.asarray(h3.grid_disk(centre, 3), dtype=np.uint64))
    lonlat = np.array([h3.cell_to_latlng(int(cell))[::-1] for cell in ids])
    values = np.where(lonlat[:, 0] < 24.94, 10, 90).astype(np.float32)
    made = cells.layer(CellValues(ids, Shown(values, STEPS, "score", note="click")), layer_id="c")
    west, south = (lonlat.min(axis=0) - 0.002).tolist()
    east, north = (lonlat.max(axis=0) + 0.002).tolist()
    key = legend.of_steps("Schools <b>", "score", STEPS)
    data = {
        "script": "/map.js",
        "code": "/deck.js",
        "words": city_map._WORDS,
        "alt": "Map of Helsinki",
        "height": 400,
        "place": "helsinki 1",
        "name": "Helsinki",
        "bounds": [west, south, east, north],
        "land": [240, 240, 240],
        "style": None,
        "layers": [{**served.document(made), "group": "Map colours", "movable": True}],
        "legends": [
            {
                "of": "c",
                "title": key.title,
                "unit": key.unit,
                "ordered": key.ordered,
                "entries": [
                    {"colour": one.colour, "name": one.name, "figure": "", "place": one.place}
                    for one in key.entries
                ],
            }
        ],
        "credits": ["Data by somebody"],
        "clickable": True,
        "mark": [0, 0, 0],
        "found": [],
    }
    return data | changes


def put(page: Page, data: dict[str, Any]) -> None:
    """Give the map its data, as a run of the page does, and wait until it is painted."""
    page.evaluate("(data) => window.put(data)", data)
    page.wait_for_function(
        "() => { const map = document.querySelector('main').shadowRoot.querySelector('.city-map');"
        "return map.cityMap?.deck && !map.querySelector('.note').textContent }"
    )
    page.wait_for_timeout(300)


def expect_colour(page: Page, x: int, y: int, colour: tuple[int, ...]) -> None:
    """Wait until the map has painted a pixel so: a busy machine paints late."""
    deadline = time.monotonic() + 10
    while True:
        image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        found = image.getpixel((x, y))
        if found == colour or time.monotonic() > deadline:
            break
    assert found == colour


def seen(page: Page) -> list[float]:
    """Longitude, latitude and zoom of the map."""
    script = "({ longitude, latitude, zoom }) => [longitude, latitude, zoom]"
    inside = "document.querySelector('main').shadowRoot.querySelector('.city-map').cityMap.view"
    found: list[float] = page.evaluate(f"() => ({script})({inside})")
    return found


def test_cells_are_painted_said_counted_and_chosen(page: Page) -> None:
    data = sent_data()
    put(page, data)
    expect_colour(page, 240, 200, (255, 0, 0))
    expect_colour(page, 360, 200, (0, 0, 255))
    expect_colour(page, 20, 380, (240, 240, 240))

    page.mouse.move(360, 200)
    expect(page.locator(".tip")).to_have_text("score 90click")
    page.mouse.click(360, 200)
    page.wait_for_function("() => window.sent.length")
    ((name, where),) = page.evaluate("() => window.sent")
    assert name == "clicked"
    west, south, east, north = data["bounds"]
    assert (west + east) / 2 < where["lon"] < east
    assert where["lat"] == pytest.approx((south + north) / 2, abs=1e-4)
    assert page.locator(".pointed path").get_attribute("d")  # its outline
    page.mouse.move(20, 380)
    expect(page.locator(".tip")).to_be_hidden()
    assert not page.locator(".pointed path").get_attribute("d")

    expect(page.locator(".legend-title")).to_have_text("Schools <b>")
    rows = page.locator(".entry")
    assert rows.all_inner_texts() == ["0 to 50", "50 to 100"]
    numbers = [int(one.get_attribute("title") or 0) for one in page.locator(".count").all()]
    assert sum(numbers) == 37
    assert min(numbers) > 10


def test_of_many_cells_each_is_found_and_painted_at_every_zoom(page: Page) -> None:
    centre = h3.latlng_to_cell(60.17, 24.94, 12)
    ids = np.sort(np.asarray(h3.grid_disk(centre, 101), dtype=np.uint64))
    lonlat = np.array([h3.cell_to_latlng(int(cell))[::-1] for cell in ids])
    values = np.where(np.arange(len(ids)) % 3, 10, 90).astype(np.float32)  # neighbours differ
    made = cells.layer(CellValues(ids, Shown(values, STEPS, "score")), layer_id="c")
    bounds = [*lonlat.min(axis=0).tolist(), *lonlat.max(axis=0).tolist()]
    data = sent_data(layers=[{**served.document(made), "group": "Map colours"}], bounds=bounds)
    put(page, data)

    drawn = "document.querySelector('main').shadowRoot.querySelector('.city-map').cityMap"
    random = np.random.default_rng(0)
    points = random.uniform(bounds[:2], bounds[2:], (2000, 2))
    found = page.evaluate(
        f"(points) => points.map((at) => {drawn}.drawn[0].index().at(...at))", points.tolist()
    )
    row = {int(cell): at for at, cell in enumerate(ids)}
    asked = [row.get(int(h3.latlng_to_cell(lat, lon, 12)), -1) for lon, lat in points]
    assert found == asked
    assert -1 in found

    kinds = set()
    for zoom in (12.8, 14, 18):
        for at in (500, 25_002):
            where = dict(zip(("longitude", "latitude"), lonlat[at].tolist(), strict=True))
            page.evaluate("([view]) => " + drawn + ".go(view)", [{**where, "zoom": zoom}])
            expect_colour(page, 300, 200, (0, 0, 255) if at % 3 == 0 else (255, 0, 0))
            kinds.add(page.evaluate(f"() => {drawn}.given[0].id"))
            page.mouse.move(300, 200)
            expect(page.locator(".tip")).to_have_text(f"score {90 if at % 3 == 0 else 10}")
            page.mouse.move(300, 500)
    assert kinds == {"c", "c-picture"}  # from afar all as one picture, then those in view


def test_by_keyboard(page: Page) -> None:
    put(page, sent_data())
    stage = page.locator(".stage")
    stage.focus()
    before = seen(page)
    for key in ("ArrowRight", "ArrowUp", "+"):
        stage.press(key)
    after = seen(page)
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert after[2] > before[2]
    stage.press("Enter")
    ((_, where),) = page.evaluate("() => window.sent")
    assert [where["lon"], where["lat"]] == pytest.approx(after[:2])
    label = stage.get_attribute("aria-label") or ""
    assert label.startswith("Map of Helsinki")
    names = [one.get_attribute("aria-label") for one in page.locator(".bar button").all()]
    assert all(names)


def test_view_and_switches_outlive_reruns_and_pages(page: Page, asked: list[str]) -> None:
    put(page, sent_data())
    page.get_by_role("button", name="Zoom in").click()
    zoomed = seen(page)
    page.get_by_role("button", name="Layers").click()
    page.get_by_label("Map colours", exact=True).uncheck()
    expect_colour(page, 300, 200, (240, 240, 240))

    fetches = len(asked)
    put(page, sent_data(legends=[]))
    assert seen(page) == zoomed
    assert len(asked) == fetches  # nothing is fetched twice

    page.goto(f"{SITE}/")
    css, html = parts_of("map")
    page.evaluate("([css, html]) => Object.assign(window, { css, html })", [css, html])
    put(page, sent_data())
    assert seen(page) == pytest.approx(zoomed)
    expect_colour(page, 300, 200, (240, 240, 240))
    page.get_by_role("button", name="Show the whole city").click()
    assert seen(page)[2] < zoomed[2]


def two(sides: bool = False) -> dict[str, Any]:
    """A map of two sets of colours: one as ever, one the other way round."""
    data, other = sent_data(), sent_data()
    first, second = data["layers"][0], json.loads(json.dumps(other["layers"][0]))
    second |= {"id": "d", "group": "Turned"}
    second["shown"]["palette"] = second["shown"]["palette"][1::-1] + second["shown"]["palette"][2:]
    if sides:
        first["side"], second["side"] = "left", "right"
    return data | {"layers": [first, second], "legends": data["legends"] * 2}


def test_a_link_brings_the_view_back(page: Page) -> None:
    west, south, _, _ = sent_data()["bounds"]
    page.goto("about:blank")
    page.goto(f"{SITE}/#map=16.50/{south:.5f}/{west:.5f}")
    css, html = parts_of("map")
    page.evaluate("([css, html]) => Object.assign(window, { css, html })", [css, html])
    put(page, sent_data())
    assert seen(page) == pytest.approx([west, south, 16.5], abs=1e-4)
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("() => location.hash.startsWith('#map=17.50/')")


def test_the_whole_city_fills_a_map_of_any_size_until_somebody_moves(page: Page) -> None:
    data = sent_data()
    put(page, data)
    page.get_by_role("button", name="Show the whole city").click()
    *middle, zoom = seen(page)
    put(page, data | {"height": data["height"] // 2})
    *still, smaller = seen(page)
    assert still == pytest.approx(middle, abs=1e-6)
    assert smaller < zoom - 0.5
    page.wait_for_function("() => !location.hash")
    page.mouse.move(200, 100)
    page.mouse.wheel(0, -200)
    page.wait_for_function("() => location.hash")
    moved = seen(page)
    put(page, data)
    assert seen(page) == moved
    page.get_by_role("button", name="Show the whole city").click()
    assert seen(page) == pytest.approx([*middle, zoom], abs=1e-6)
    page.wait_for_function("() => !location.hash")


def test_two_layers_change_places(page: Page) -> None:
    put(page, two())
    expect_colour(page, 240, 200, (0, 0, 255))  # the later one lies above
    expect(page.locator(".legend-title")).to_have_count(2)
    page.get_by_role("button", name="Layers").click()
    boxes = page.locator(".stack label")
    expect(boxes).to_have_text(["Turned", "Map colours"])
    page.get_by_role("button", name="Move down: Turned").click()
    expect(boxes).to_have_text(["Map colours", "Turned"])
    expect_colour(page, 240, 200, (255, 0, 0))
    page.get_by_label("Map colours", exact=True).uncheck()
    expect_colour(page, 240, 200, (0, 0, 255))


def test_a_divider_shows_one_map_on_each_side(page: Page) -> None:
    put(page, two(sides=True))
    divider = page.get_by_role("slider", name=re.compile("Divider"))
    assert divider.get_attribute("aria-valuetext") == "50 % Map colours"
    expect_colour(page, 240, 200, (255, 0, 0))
    expect_colour(page, 360, 200, (255, 0, 0))  # east is blue on the left map only
    divider.focus()
    divider.press("End")
    expect_colour(page, 360, 200, (0, 0, 255))
    divider.press("Home")
    expect_colour(page, 240, 200, (0, 0, 255))
    box = divider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 12, 300)
    page.mouse.down()
    page.mouse.move(300, 300, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert divider.get_attribute("aria-valuenow") == "50"

    before = seen(page)
    page.mouse.move(150, 300)  # the ground goes on through both when one is dragged
    page.mouse.down()
    page.mouse.move(100, 300, steps=4)
    page.mouse.up()
    page.wait_for_timeout(300)
    assert seen(page)[0] > before[0]
    west, _, east, _ = two()["bounds"]
    page.mouse.click(360, 200)
    page.wait_for_function("() => window.sent.length")
    where = page.evaluate("() => window.sent.at(-1)[1]")
    degrees = 60 * 360 / (512 * 2 ** before[2])  # 60 pixels right of the middle
    assert where["lon"] == pytest.approx(seen(page)[0] + degrees, abs=1e-5)
    assert west < where["lon"] < east
    with page.expect_download():
        page.get_by_role("button", name=re.compile("Save as picture")).click()


def test_a_place_is_found_by_name(page: Page) -> None:
    west, south, east, north = sent_data()["bounds"]
    names = ["Café Ämyrä", "Old café", "Library"]
    where = [[west, south], [(west + east) / 2 + 0.004, (south + north) / 2], [east, north]]
    places = [{"p": at, "t": name, "n": "place"} for at, name in zip(where, names, strict=True)]
    places[2]["o"] = ["Kirjasto <b>", "مكتبة"]
    put(page, sent_data())
    expect(page.get_by_role("search")).to_be_hidden()
    streets = names_of(NAMED)
    put(page, sent_data(found=[served.of_json(places), served.of_json(streets)]))
    box = page.get_by_role("combobox", name="Find a place")
    box.type("long r")
    expect(page.get_by_role("option")).to_have_text(["Long RoadStreet"])
    for asked, by in (("kirj", "Kirjasto <b>"), ("كتب", "مكتبة")):
        box.fill(asked)
        expect(page.get_by_role("option")).to_have_text([f"Libraryplace · \u2068{by}\u2069"])
    box.fill("cafe")
    expect(page.get_by_role("option")).to_have_text(["Café Ämyräplace", "Old caféplace"])
    box.press("ArrowDown")
    box.press("Enter")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.wait_for_timeout(500)
    longitude, latitude, zoom = seen(page)
    assert [longitude, latitude] == pytest.approx(where[1])
    assert zoom >= 16
    expect_colour(page, 300 + 13, 200, (0, 0, 0))
    box.fill("nowhere")
    expect(page.get_by_role("listbox")).to_contain_text("Nothing here")
    box.fill("")
    expect_colour(page, 300 + 13, 200, (0, 0, 255))


def test_names_are_written_where_they_have_room(page: Page) -> None:
    document: dict[str, Any] = {"@@type": "NameLayer", "id": "names", "group": "Names"}
    document |= {"data": served.of_json(names_of(NAMED)), "ink": [0, 0, 0], "halo": [255] * 3}
    put(page, sent_data(layers=[document], bounds=list(NAMED.total_bounds)))
    names = """(zoom) => {
      const { cityMap } = document.querySelector("main").shadowRoot.querySelector(".city-map");
      const seen = { zoom, wider: () => [-180, -85, 180, 85], inside: () => true };
      return cityMap.drawn[0].layer(seen).props.data.map(({ t, a }) => [t, a]);
    }"""
    assert sorted(page.evaluate(names, 16)) == [["A Park", 0], ["Long Road", 0], ["Side Lane", 90]]
    # From afar the short ones have no room, and one name of the long road stands alone.
    assert page.evaluate(names, 13.4) == [["Long Road", 0]]
    # deck.gl cannot write these: they come as pictures, which the browser has written.
    called = {"Long Road": "شارع المكتبة الطويل", "A Park": "פארק"}
    shaped = served.of_json(names_of(NAMED.assign(name=NAMED["name"].replace(called))))
    put(page, sent_data(layers=[document | {"data": shaped}], bounds=list(NAMED.total_bounds)))
    counts = names.replace(
        ".props.data.map(({ t, a }) => [t, a])", ".map((one) => one.props.data.length)"
    )
    assert page.evaluate(counts, 16) == [1, 2]


def test_names_give_way_to_a_style_once_it_is_drawn(page: Page) -> None:
    document = {"@@type": "NameLayer", "id": "names", "group": "Names", "yields": True}
    document |= {"data": served.of_json(names_of(NAMED)), "ink": [0, 0, 0], "halo": [255] * 3}
    drawn = """() => document.querySelector("main").shadowRoot.querySelector(".city-map")
      .cityMap.drawn.map(({ one }) => one.id)"""
    data = sent_data(layers=[document], bounds=list(NAMED.total_bounds))
    put(page, data | {"style": f"{SITE}/lost.json"})
    page.wait_for_timeout(1000)  # nobody answers there
    assert page.evaluate(drawn) == ["names"]
    green: dict[str, Any] = {
        "version": 8,
        "sources": {
            "s": {
                "type": "geojson",
                "data": {"type": "Point", "coordinates": [0, 0]},
                "attribution": "© Whoever drew it",
            }
        },
        "layers": [
            {"id": "l", "type": "background", "paint": {"background-color": "#00ff00"}},
            {"id": "s", "type": "circle", "source": "s"},
        ],
    }
    put(page, data | {"style": green})
    page.wait_for_function(f"() => !({drawn})().length")
    expect_colour(page, 10, 10, (0, 255, 0))
    blue = json.loads(json.dumps(green).replace("#00ff00", "#0000ff"))
    put(page, data | {"style": blue})  # as where a page turns dark
    page.wait_for_timeout(500)
    expect_colour(page, 10, 10, (0, 0, 255))
    assert page.evaluate(drawn) == []
    page.evaluate(
        """() => {
          const write = CanvasRenderingContext2D.prototype.fillText;
          window.written = [];
          CanvasRenderingContext2D.prototype.fillText = function (words, ...more) {
            window.written.push(words);
            return write.call(this, words, ...more);
          };
        }"""
    )
    with page.expect_download():
        page.get_by_role("button", name=re.compile("Save as picture")).click()
    written = " ".join(page.evaluate("() => window.written"))
    assert "Data by somebody · " in written
    assert "© Whoever drew it" in written


def test_a_city_across_the_180th_meridian_is_seen_whole(page: Page) -> None:
    put(page, sent_data(bounds=[179.96, -16.83, 180.04, -16.77], place="fiji 1"))
    longitude, latitude, zoom = seen(page)
    assert abs(abs(longitude) - 180) < 0.01
    assert latitude == pytest.approx(-16.8, abs=0.01)
    assert zoom > 10


def test_data_that_are_gone_are_said_and_asked_for_again(page: Page) -> None:
    data = sent_data()
    broken = json.loads(json.dumps(data))
    broken["layers"][0]["cells"]["places"] = "/map-data/lost.bin"
    page.evaluate("(data) => window.put(data)", broken)
    expect(page.locator(".note")).to_contain_text("could not be loaded")
    page.evaluate(
        "(layers) => { document.querySelector('main').shadowRoot.querySelector('.city-map')"
        ".cityMap.data.layers = layers }",
        data["layers"],
    )
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".note")).to_have_text("")
    expect_colour(page, 240, 200, (255, 0, 0))


def test_areas_and_a_style_below(page: Page) -> None:
    west, south, east, north = sent_data()["bounds"]
    middle = (west + east) / 2
    halves = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    halves[0] -= shapely.box(west, south, west + (middle - west) / 2, (south + north) / 2)
    shown = Shown(np.array([10, np.nan], dtype=np.float32), STEPS, "score", titles=["West", "East"])
    areas = ShapeValues(np.array(halves, dtype=object), shown)
    (made,) = shapes.layers(areas, LIGHT, layer_id="areas")
    dot = {"@@type": "ScatterplotLayer", "id": "dot", "getPosition": "@@=p", "getRadius": 30}
    there = [{"p": [middle, (south + north) / 2], "t": "The <b>middle</b>", "n": ""}]
    style = {
        "version": 8,
        "sources": {},
        "layers": [{"id": "l", "type": "background", "paint": {"background-color": "#00ff00"}}],
    }
    put(
        page,
        sent_data(
            layers=[
                {**served.document(made), "group": "Map colours"},
                {**dot, "data": served.of_json(there), "pickable": True, "group": "Places"},
            ],
            style=style,
        ),
    )
    page.mouse.move(200, 120)
    expect(page.locator(".tip b")).to_have_text("West")
    assert page.locator(".pointed path").get_attribute("d")
    page.mouse.move(120, 300)
    expect(page.locator(".tip")).to_be_hidden()  # its bounds, but not it
    page.mouse.move(300, 200)
    expect(page.locator(".tip b")).to_have_text("The <b>middle</b>")
    page.mouse.move(420, 120)
    expect(page.locator(".tip")).to_be_hidden()
    expect_colour(page, 420, 120, (0, 255, 0))  # nothing is drawn on the style there


def test_of_many_areas_the_one_under_the_pointer_is_said(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shapes, "PICTURE_FROM", 1)
    west, south, east, north = sent_data()["bounds"]
    middle = (west + east) / 2
    halves = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    shown = Shown(np.array([10, 90], dtype=np.float32), STEPS, "score", titles=["West", "East"])
    areas = ShapeValues(np.array(halves, dtype=object), shown)
    (made,) = shapes.layers(areas, LIGHT, layer_id="areas")
    put(page, sent_data(layers=[{**served.document(made), "group": "Map colours"}]))
    expect_colour(page, 240, 200, (255, 0, 0))
    page.mouse.move(240, 200)  # asks for which area each pixel shows
    page.wait_for_timeout(300)
    page.mouse.move(241, 200)
    expect(page.locator(".tip b")).to_have_text("West")
    page.mouse.move(360, 200)
    expect(page.locator(".tip b")).to_have_text("East")


def test_a_picture_has_map_legend_and_credits(page: Page, tmp_path: Path) -> None:
    put(page, sent_data())
    with page.expect_download() as started:
        page.get_by_role("button", name=re.compile("Save as picture")).click()
    path = tmp_path / started.value.suggested_filename
    started.value.save_as(path)
    assert path.name == "helsinki-map.png"
    image = Image.open(path).convert("RGB")
    assert image.width >= 590
    assert image.height > 450
    assert image.getpixel((240, 200)) == (255, 0, 0)
    below = np.asarray(image)[400:]
    for colour in STEPS.colours:
        assert (below == colour[:3]).all(axis=2).any()
    assert (below < 100).all(axis=2).sum() > 100  # words
