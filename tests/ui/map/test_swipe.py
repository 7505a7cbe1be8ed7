"""The swipe in a real browser: by mouse and by keyboard, and told to screen readers."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.chromium import browser
from ui.map import swipe

FOLDER = Path(swipe.__file__).parent


def picture(colour: str) -> str:
    stream = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture
def page(running: Browser) -> Iterator[Page]:
    """The component's own files on an empty page, mounted as Streamlit mounts them."""
    html, css, js = (FOLDER.joinpath(f"swipe.{kind}").read_text() for kind in ("html", "css", "js"))
    data = {
        "left": picture("red"),
        "right": picture("blue"),
        "leftName": "by <AlphaEarth>",
        "rightName": "by AETHER",
        "width": 400,
        "height": 300,
        "tallest": 300,
        "label": "How much is shown of each",
    }
    module = "data:text/javascript;base64," + base64.b64encode(js.encode()).decode()
    opened = running.new_page(viewport={"width": 400, "height": 300})
    opened.set_content(f"<style>body {{ margin: 0 }} {css}</style><main>{html}</main>")
    opened.evaluate(
        f"""async () => {{
            const module = await import({json.dumps(module)});
            const parentElement = document.querySelector("main");
            module.default({{ data: {json.dumps(data)}, parentElement }});
        }}"""
    )
    opened.wait_for_function("document.querySelector('.right').naturalWidth === 400")
    yield opened
    opened.close()


def colour(page: Page, x: int) -> str:
    """What is seen at a place away from line, grip and names."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    red, _, blue = image.getpixel((x, 250))  # type: ignore[misc]
    return "left" if red > blue else "right"


def test_the_left_map_lies_left_of_the_line_and_the_right_one_right_of_it(page: Page) -> None:
    assert [colour(page, x) for x in (40, 180, 220, 360)] == ["left", "left", "right", "right"]


def test_the_line_follows_the_mouse(page: Page) -> None:
    page.mouse.move(200, 150)
    page.mouse.down()
    page.mouse.move(300, 150)
    page.mouse.up()
    assert [colour(page, x) for x in (40, 220, 280, 360)] == ["left", "left", "left", "right"]


def test_the_line_follows_the_arrow_keys(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Home")
    assert colour(page, 40) == "right"
    page.keyboard.press("End")
    assert colour(page, 360) == "left"
    page.keyboard.press("ArrowLeft")
    assert page.locator("input").get_attribute("aria-valuetext") == "100 % by <AlphaEarth>"


def test_names_are_text_and_pictures_have_them_as_alternatives(page: Page) -> None:
    assert page.locator(".of-left").inner_text() == "by <AlphaEarth>"
    assert page.locator(".right").get_attribute("alt") == "by AETHER"
