"""QGIS styles: well formed, and saying what was asked for.

What stands here was loaded and drawn by QGIS 3.22 itself, from files and from PostGIS.
"""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from aether_core.errors import ConflictError
from aether_core.export import (
    qml_classes,
    qml_graduated,
    qml_raster_classes,
    qml_raster_graduated,
    write_style,
)
from aether_core.export.qml import qml_plain
from tests.errors import fault

CLASSES = [
    {"value": 1, "name": "a \"b\" & <c> 'd'", "colour": "#102030"},
    {"value": 2, "name": "Häuser", "colour": "#EE6677"},
]
EDGES, COLOURS = [0.0, 0.1, 0.5, 1.0], ["#f2ec99", "#01748e", "#281755"]


def parsed(style: str) -> ET.Element:
    return ET.fromstring(style)  # noqa: S314 - what was just written


def fills(root: ET.Element) -> dict[str | None, str | None]:
    """Colour of each symbol by its name."""
    found = {}
    for symbol in root.iter("symbol"):
        options = {o.get("name"): o.get("value") for o in symbol.iter("Option")}
        found[symbol.get("name")] = options["color"]
    return found


def test_classes_of_polygons() -> None:
    root = parsed(qml_classes("land use", CLASSES))
    renderer = root.find("renderer-v2")
    assert renderer.get("type") == "categorizedSymbol"
    assert renderer.get("attr") == '"land use"'
    categories = renderer.findall("categories/category")
    assert [c.get("value") for c in categories] == [entry["name"] for entry in CLASSES]
    colours = fills(root)
    assert [colours[c.get("symbol")] for c in categories] == ["16,32,48,255", "238,102,119,255"]
    assert root.findtext("layerGeometryType") == "2"


def test_cells_not_to_be_trusted_are_grey() -> None:
    root = parsed(qml_classes("use", CLASSES, trusted='ok "here"'))
    assert root.find("renderer-v2").get("attr") == 'if("ok ""here""", "use", \'\')'
    last = root.findall("renderer-v2/categories/category")[-1]
    assert (last.get("value"), last.get("label")) == ("", "unreliable here")
    red, green, blue, _ = fills(root)[last.get("symbol")].split(",")
    assert red == green == blue
    root = parsed(qml_graduated("young", EDGES, COLOURS, trusted="ok"))
    assert root.find("renderer-v2").get("attr") == 'if("ok", "young", NULL)'


def test_steps_of_polygons() -> None:
    root = parsed(qml_graduated("young", EDGES, COLOURS, unit="% of people"))
    renderer = root.find("renderer-v2")
    assert renderer.get("type") == "graduatedSymbol"
    steps = renderer.findall("ranges/range")
    bounds = [(float(s.get("lower")), float(s.get("upper"))) for s in steps]
    assert bounds == [(0.0, 0.1), (0.1, 0.5), (0.5, 1.0)]
    assert steps[1].get("label") == "0.1 to 0.5 % of people"
    assert list(fills(root).values()) == ["242,236,153,255", "1,116,142,255", "40,23,85,255"]


def test_classes_of_a_raster() -> None:
    root = parsed(qml_raster_classes(CLASSES))
    renderer = root.find("pipe/rasterrenderer")
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "1")
    assert [tuple(e.attrib.values()) for e in renderer.iter("paletteEntry")] == [
        ("1", "#102030", CLASSES[0]["name"], "255"),
        ("2", "#ee6677", "Häuser", "255"),
    ]


def test_steps_of_a_raster() -> None:
    root = parsed(qml_raster_graduated(EDGES, COLOURS, band=3))
    renderer = root.find("pipe/rasterrenderer")
    assert (renderer.get("type"), renderer.get("band")) == ("singlebandpseudocolor", "3")
    shader = renderer.find("rastershader/colorrampshader")
    assert shader.get("colorRampType") == "DISCRETE"
    items = [(float(i.get("value")), i.get("color")) for i in shader.iter("item")]
    assert items == list(zip([0.1, 0.5, float("inf")], COLOURS, strict=True))


def test_names_that_xml_cannot_hold() -> None:
    odd = [{"name": "a\x00\x0b\ud800b", "colour": "#000000"}]
    for style in (qml_classes("f\x1b", odd), qml_raster_classes(odd)):
        assert "ab" in style
        parsed(style)


@pytest.mark.parametrize(
    ("edges", "colours"),
    [([0, 1], []), ([0], []), ([0, 1], COLOURS), ([0, 2, 1, 3], COLOURS), ([0, 1, 1, 2], COLOURS)],
)
def test_steps_that_do_not_fit_their_colours(edges: list[float], colours: list[str]) -> None:
    for make in (
        lambda: qml_graduated("f", edges, colours),
        lambda: qml_raster_graduated(edges, colours),
    ):
        with pytest.raises(ValueError, match="one edge more"):
            make()


def test_a_style_lies_beside_its_layer(tmp_path: Path) -> None:
    style = qml_classes("use", CLASSES)
    written = write_style(tmp_path / "my.layer.gpkg", style)
    assert written == tmp_path / "my.layer.qml"
    assert written.read_text(encoding="utf-8") == style
    with pytest.raises(ConflictError, check=fault("file-exists", "my.layer.qml")):
        write_style(tmp_path / "my.layer.gpkg", "other")
    assert written.read_text(encoding="utf-8") == style
    write_style(tmp_path / "my.layer.gpkg", "other", force=True)
    assert written.read_text() == "other"


def test_steps_that_let_the_ground_through_have_no_seams() -> None:
    root = parsed(qml_graduated("f", EDGES, COLOURS, strengths=[0.2, 0.6, 1], opacity=0.86))
    assert [one.rpartition(",")[2] for one in map(str, fills(root).values())] == [
        "51",
        "153",
        "255",
    ]
    outlines = [
        one.get("value") for one in root.iter("Option") if one.get("name") == "outline_style"
    ]
    assert outlines == ["no", "no", "solid"]
    assert root.findtext("layerOpacity") == "0.86"


def test_ground_is_lines_areas_or_an_outline() -> None:
    line = parsed(qml_plain("#b4bcc3", lines=True, width=0.35))
    assert line.find("renderer-v2").get("type") == "singleSymbol"
    assert line.find("renderer-v2/symbols/symbol/layer").get("class") == "SimpleLine"
    assert line.findtext("layerGeometryType") == "1"
    hollow = parsed(qml_plain("#54626e", hollow=True))
    styles = {one.get("name"): one.get("value") for one in hollow.iter("Option")}
    assert (styles["style"], styles["outline_style"]) == ("no", "solid")
    assert styles["outline_color"] == "84,98,110,255"
