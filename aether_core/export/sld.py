"""Styled Layer Descriptors (OGC SLD 1.1 with Symbology Encoding): polygons by class or by number.

What GeoServer, MapServer, QGIS and ArcGIS read alike; the same classes as the QML beside it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from xml.etree import ElementTree as ET

from aether_core.export.classes import UNTRUSTED_COLOUR, UNTRUSTED_NAME, entries
from aether_core.export.qgis_xml import without_control_characters

_SLD, _SE, _OGC = (f"http://www.opengis.net/{name}" for name in ("sld", "se", "ogc"))


def sld_classes(
    layer: str, field: str, classes: Sequence[Mapping[str, object]], *, trusted: str | None = None
) -> str:
    """Return the style of polygons that hold the name of a class.

    Args:
        layer: What the layer is called.
        field: The field of class names.
        classes: `{value, name, colour "#rrggbb"}` each, in the legend's order.
        trusted: A yes/no field; polygons with a no are grey whatever their class.
    """
    root, rules = _begun(layer)
    for entry in entries(classes):
        rule = _rule(rules, entry.name)
        _holds(rule, [_compared("EqualTo", field, entry.name)], trusted)
        _filled(rule, entry.colour)
    if trusted is not None:
        rule = _rule(rules, UNTRUSTED_NAME)
        ET.SubElement(rule, f"{{{_OGC}}}Filter").append(_compared("EqualTo", trusted, "false"))
        _filled(rule, UNTRUSTED_COLOUR)
    return _document(root)


def sld_graduated(
    layer: str,
    field: str,
    edges: Sequence[float],
    colours: Sequence[str],
    names: Sequence[str],
    *,
    strengths: Sequence[float],
    trusted: str | None = None,
) -> str:
    """Return the style of polygons that hold a number, cut into steps.

    Args:
        layer: What the layer is called.
        field: The field of numbers.
        edges: Ascending bounds of the steps, one more than colours; a bound belongs to the step
            above it.
        colours: `#rrggbb` a step.
        names: What each step is called.
        strengths: How much of each colour is laid on, 0 to 1.
        trusted: A yes/no field; polygons with a no are not drawn.
    """
    root, rules = _begun(layer)
    steps = list(zip(pairwise(edges), colours, names, strengths, strict=True))
    for at, ((low, high), colour, name, strength) in enumerate(steps, start=1):
        rule = _rule(rules, name)
        above = "LessThanOrEqualTo" if at == len(steps) else "LessThan"
        limits = [
            _compared("GreaterThanOrEqualTo", field, repr(float(low))),
            _compared(above, field, repr(float(high))),
        ]
        _holds(rule, limits, trusted)
        _filled(rule, colour, strength)
    return _document(root)


def sld_plain(layer: str, colour: str, *, lines: bool = False, hollow: bool = False) -> str:
    """Return the style of areas, or of lines, that are all alike.

    Args:
        layer: What the layer is called.
        colour: `#rrggbb`.
        lines: Whether they are lines.
        hollow: Areas are drawn as their outline alone.
    """
    root, rules = _begun(layer)
    rule = _rule(rules, layer)
    if lines or hollow:
        kind = "LineSymbolizer" if lines else "PolygonSymbolizer"
        _stroked(ET.SubElement(rule, f"{{{_SE}}}{kind}"), colour, 1.0)
    else:
        _filled(rule, colour)
    return _document(root)


def _begun(layer: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element(f"{{{_SLD}}}StyledLayerDescriptor", {"version": "1.1.0"})
    named = ET.SubElement(root, f"{{{_SLD}}}NamedLayer")
    ET.SubElement(named, f"{{{_SE}}}Name").text = layer
    style = ET.SubElement(named, f"{{{_SLD}}}UserStyle")
    ET.SubElement(style, f"{{{_SE}}}Name").text = layer
    return root, ET.SubElement(style, f"{{{_SE}}}FeatureTypeStyle")


def _rule(parent: ET.Element, name: str) -> ET.Element:
    rule = ET.SubElement(parent, f"{{{_SE}}}Rule")
    ET.SubElement(rule, f"{{{_SE}}}Name").text = name
    title = ET.SubElement(ET.SubElement(rule, f"{{{_SE}}}Description"), f"{{{_SE}}}Title")
    title.text = name
    return rule


def _holds(rule: ET.Element, wanted: Sequence[ET.Element], trusted: str | None) -> None:
    """Limit a rule to what fulfils all of these and may be believed."""
    every = [*wanted, *([] if trusted is None else [_compared("EqualTo", trusted, "true")])]
    parent = ET.SubElement(rule, f"{{{_OGC}}}Filter")
    if len(every) > 1:
        parent = ET.SubElement(parent, f"{{{_OGC}}}And")
    parent.extend(every)


def _compared(how: str, field: str, value: str) -> ET.Element:
    found = ET.Element(f"{{{_OGC}}}PropertyIs{how}")
    ET.SubElement(found, f"{{{_OGC}}}PropertyName").text = field
    ET.SubElement(found, f"{{{_OGC}}}Literal").text = value
    return found


def _filled(rule: ET.Element, colour: str, strength: float = 1.0) -> None:
    symbol = ET.SubElement(rule, f"{{{_SE}}}PolygonSymbolizer")
    fill = ET.SubElement(symbol, f"{{{_SE}}}Fill")
    _parameter(fill, "fill", colour)
    if strength < 1:
        _parameter(fill, "fill-opacity", f"{strength:g}")
    else:
        _stroked(symbol, colour, 0.5)


def _stroked(symbol: ET.Element, colour: str, width: float) -> None:
    stroke = ET.SubElement(symbol, f"{{{_SE}}}Stroke")
    _parameter(stroke, "stroke", colour)
    _parameter(stroke, "stroke-width", f"{width:g}")


def _parameter(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, f"{{{_SE}}}SvgParameter", {"name": name}).text = value


def _document(root: ET.Element) -> str:
    for prefix, uri in (("sld", _SLD), ("se", _SE), ("ogc", _OGC)):
        ET.register_namespace(prefix, uri)
    ET.indent(root, " ")
    text = without_control_characters(ET.tostring(root, encoding="unicode"))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
