"""A visit to the app's pages without a browser."""

import json
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

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
    kinds = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    said = [str(element.value) for kind in kinds for element in getattr(visit, kind)]
    said += [element.body for element in visit.html]
    return "\n".join(said)


def deck(visit: AppTest) -> dict[str, Any]:
    """The one map of the page as deck.gl receives it."""
    (chart,) = visit.get("deck_gl_json_chart")
    spec: dict[str, Any] = json.loads(chart.proto.json)
    return spec


def layer(spec: dict[str, Any], start: str) -> dict[str, Any]:
    """The map's layer whose id starts so."""
    return next(one for one in spec["layers"] if one["id"].startswith(start))


def links(visit: AppTest) -> dict[str, str]:
    """The page's links by label."""
    return {link.proto.label: link.proto.page for link in visit.get("page_link")}
