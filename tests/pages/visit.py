"""A visit to the app's pages without a browser."""

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.map_data import records

APP = Path(__file__).resolve().parents[2] / "app.py"


def open_page(name: str, *, timeout: float = 90, **address: str) -> AppTest:
    """The page as a visitor finds it who comes by a link."""
    visit = AppTest.from_file(str(APP), default_timeout=timeout)
    for key, value in address.items():
        visit.query_params[key] = value
    if name != "home":
        visit.switch_page(f"pages/{name}.py")
    visit.run()
    assert not visit.exception, visit.exception
    return visit


def words(visit: AppTest) -> str:
    """Everything the page says, as one text."""
    kinds = ("title", "header", "markdown", "caption", "error", "warning", "info", "success")
    said = [str(element.value) for kind in kinds for element in getattr(visit, kind)]
    said += [element.body for element in visit.html]
    maps = [json.loads(one.json) for one in _components(visit, "aether_map")]
    for legend in (legend for spec in maps for legend in spec["legends"]):
        said += [legend["title"], legend["unit"]]
        said += [f"{entry['name']} {entry['figure']}" for entry in legend["entries"]]
    return "\n".join(said)


def deck(visit: AppTest) -> dict[str, Any]:
    """The one map of the page as the browser receives it, with what it would fetch."""
    (found,) = _components(visit, "aether_map")
    spec: dict[str, Any] = json.loads(found.json)
    for one in spec["layers"]:
        one["data"] = records(one)
    return spec


def _components(visit: AppTest, name: str) -> list[Any]:
    every = [one.proto for one in visit.get("bidi_component")]
    return [one for one in every if one.component_name == name]


def layer(spec: dict[str, Any], start: str) -> dict[str, Any]:
    """The map's layer whose id starts so."""
    return next(one for one in spec["layers"] if one["id"].startswith(start))


def links(visit: AppTest) -> dict[str, str]:
    """The page's links by label."""
    return {link.proto.label: link.proto.page for link in visit.get("page_link")}


def popovers(visit: AppTest) -> dict[str, str]:
    """The page's popovers that open on the server: label, as it is read, and key."""
    return {
        block.proto.popover.label.replace("\\", ""): block.proto.id.split("-", 2)[2]
        for block in _blocks(visit.main)
        if block.proto.HasField("popover") and block.proto.id
    }


def open_popover(visit: AppTest, start: str) -> str:
    """Open the one popover whose label starts so; its key."""
    (key,) = [key for label, key in popovers(visit).items() if label.startswith(start)]
    visit.session_state[key] = True
    visit.run()
    assert not visit.exception, visit.exception
    return key


def _blocks(block: Any) -> list[Any]:
    inside = [child for child in block.children.values() if hasattr(child, "children")]
    there = [child for child in inside if getattr(child.proto, "DESCRIPTOR", None) is not None]
    there = [child for child in there if child.proto.DESCRIPTOR.name == "Block"]
    return [*there, *(one for child in inside for one in _blocks(child))]
