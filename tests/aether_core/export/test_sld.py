"""Styles for programs that read SLD; QGIS 3.22 has loaded each kind of them."""

from xml.etree import ElementTree as ET

from aether_core.export.sld import sld_classes, sld_graduated, sld_plain

SE, OGC = "{http://www.opengis.net/se}", "{http://www.opengis.net/ogc}"
ODD = "a \"b\" & <c> 'd'"


def rules(sld: str) -> list[ET.Element]:
    return list(ET.fromstring(sld).iter(f"{SE}Rule"))  # noqa: S314 - just written


def filled(rule: ET.Element) -> dict[str | None, str | None]:
    return {one.get("name"): one.text for one in rule.iter(f"{SE}SvgParameter")}


def test_classes_and_the_grey_of_what_cannot_be_trusted() -> None:
    park, rest = rules(sld_classes("l", "use", [{"name": ODD, "colour": "#112233"}], trusted="ok"))
    assert park.findtext(f"{SE}Name") == ODD
    both = park.find(f"{OGC}Filter/{OGC}And")
    assert both is not None
    assert [one.text for one in both.iter(f"{OGC}Literal")] == [ODD, "true"]
    assert filled(park)["fill"] == "#112233"
    assert [one.text for one in rest.iter(f"{OGC}Literal")] == ["false"]


def test_a_limit_belongs_to_the_step_above_it_and_the_last_step_is_closed() -> None:
    style = sld_graduated(
        "l", "score", [0, 0.5, 1], ["#000000", "#ffffff"], ["low", "high"], strengths=[0.25, 1]
    )
    low, high = rules(style)
    assert low.find(f"{OGC}Filter/{OGC}And/{OGC}PropertyIsLessThan") is not None
    assert high.find(f"{OGC}Filter/{OGC}And/{OGC}PropertyIsLessThanOrEqualTo") is not None
    assert filled(low) == {"fill": "#000000", "fill-opacity": "0.25"}
    assert "fill-opacity" not in filled(high)


def test_ground_is_lines_areas_or_an_outline() -> None:
    (line,) = rules(sld_plain("streets", "#b4bcc3", lines=True))
    assert line.find(f"{SE}LineSymbolizer/{SE}Stroke") is not None
    (edge,) = rules(sld_plain("edge", "#54626e", hollow=True))
    assert edge.find(f"{SE}PolygonSymbolizer/{SE}Fill") is None
    (area,) = rules(sld_plain("water", "#c9dde8"))
    assert filled(area)["fill"] == "#c9dde8"
