"""What the screen and other programs say a layer's colours mean, to be held together."""

from xml.etree import ElementTree as ET

import pandas as pd

from aether_core.tasks.findings import Findings
from ui.map.coloured import Categories
from ui.map.ramp import Steps
from ui.maps import share_views, views
from ui.maps.views import LayerView, Look
from workflows.layers.layers import LayerSummary

LIGHT = Look(dark=False, on_ground=True)
Classes = dict[str, str]
"""Colour `#rrggbb` by what it means."""


def of_screen(view: LayerView) -> Classes:
    """The legend of the page, without how far the ground shows through."""
    steps = view.shown.steps
    assert isinstance(steps, Categories | Steps)
    names = steps.names if isinstance(steps, Categories) else view.names
    return {
        name: "#{:02x}{:02x}{:02x}".format(*colour[:3])
        for name, colour in zip(names, steps.colours, strict=True)
    }


def of_qml(qml: str) -> Classes:
    """The classes of a QGIS style, without the grey."""
    root = ET.fromstring(qml)  # noqa: S314 - ours
    symbols = {
        one.get("name"): next(
            option.get("value", "")
            for option in one.iter("Option")
            if option.get("name") == "color"
        )
        for one in root.iter("symbol")
    }
    named = [*root.iter("category"), *root.iter("range")]
    return {
        str(one.get("label")): "#"
        + bytes(map(int, symbols[one.get("symbol")].split(",")[:3])).hex()
        for one in named
        if one.get("label") != "unreliable here"
    }


def of_sld(sld: str) -> Classes:
    """The same of an SLD."""
    se = "{http://www.opengis.net/se}"
    root = ET.fromstring(sld)  # noqa: S314 - ours
    return {
        str(rule.findtext(f"{se}Name")): str(rule.findtext(f"{se}PolygonSymbolizer/{se}Fill/*"))
        for rule in root.iter(f"{se}Rule")
        if rule.findtext(f"{se}Name") != "unreliable here"
    }


def on_screen(layer: LayerSummary, frame: pd.DataFrame) -> dict[str, LayerView]:
    """Every view of the page that colours by one field, by the field."""
    if not isinstance(layer.findings, Findings):
        fields = [str(one["name"]) for one in layer.fields]
        return {name: views.numbers(frame, name, "", "", LIGHT) for name in fields}
    outcomes = layer.findings.outcomes
    if "landuse" in frame:
        look = {
            "landuse": views.land_use(frame, outcomes, views.CLASS, LIGHT),
            "confidence": views.land_use(frame, outcomes, views.CONFIDENCE, LIGHT),
        }
        return look | {
            f"p_{one}": views.land_use(frame, outcomes, views.ONE_CLASS, LIGHT, one=one)
            for one in outcomes
        }
    asked = {
        "dominant": share_views.Asked(share_views.LARGEST, outcomes[0]),
        "entropy": share_views.Asked(share_views.MIXED, outcomes[0]),
        **{one: share_views.Asked(share_views.FIELD, one) for one in outcomes},
    }
    return {field: share_views.shares(frame, outcomes, one, LIGHT) for field, one in asked.items()}


def _hex(listed: str) -> str:
    """`#rrggbb` of `r,g,b,a`."""
    return "#" + bytes(map(int, listed.split(",")[:3])).hex()
