"""QGIS layer styles (QML): classes and value steps, for vector layers and for rasters.

QGIS loads a style by itself when it lies beside a file under the file's name with the ending .qml.
The structure is what QGIS 3.22 and later write themselves.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

from aether_core.export.classes import UNTRUSTED_COLOUR, UNTRUSTED_NAME, ClassEntry, entries
from aether_core.export.qgis_xml import VERSION, document
from aether_core.files import whole as files

_LINES, _POLYGONS = "1", "2"


def qml_classes(
    field: str,
    classes: Sequence[Mapping[str, object]],
    *,
    trusted: str | None = None,
    opacity: float = 1.0,
) -> str:
    """Return the style of polygons that hold the name of a class.

    Args:
        field: The field of class names.
        classes: `{value, name, colour "#rrggbb"}` each, in the legend's order.
        trusted: A yes/no field; polygons with a no are grey whatever their class.
        opacity: Of the whole layer, 0 to 1.
    """
    listed = entries(classes)
    shown = [(entry.name, entry.name, entry.colour) for entry in listed]
    if trusted is not None:
        # An empty value is QGIS's category for everything that is in no other one.
        shown.append(("", UNTRUSTED_NAME, UNTRUSTED_COLOUR))
    root = _style()
    renderer = _renderer(root, "categorizedSymbol", _value_of(field, trusted, otherwise="''"))
    categories = ET.SubElement(renderer, "categories")
    for at, (value, label, _) in enumerate(shown):
        ET.SubElement(
            categories,
            "category",
            {"value": value, "label": label, "symbol": str(at), "render": "true", "type": "string"},
        )
    _symbols(renderer, [colour for *_, colour in shown])
    return _finished(root, opacity=opacity)


def qml_graduated(
    field: str,
    edges: Sequence[float],
    colours: Sequence[str],
    *,
    unit: str = "",
    names: Sequence[str] = (),
    strengths: Sequence[float] = (),
    trusted: str | None = None,
    opacity: float = 1.0,
) -> str:
    """Return the style of polygons that hold a number, cut into steps.

    Args:
        field: The field of numbers.
        edges: Ascending bounds of the steps, one more than colours; values outside are not drawn.
        colours: `#rrggbb` a step.
        unit: Written behind the numbers in the legend.
        names: What the legend calls each step; its bounds where empty.
        strengths: How much of each colour is laid on, 0 to 1; all of it where empty.
        trusted: A yes/no field; polygons with a no are not drawn.
        opacity: Of the whole layer, 0 to 1.
    """
    _check_steps(edges, colours)
    root = _style()
    renderer = _renderer(root, "graduatedSymbol", _value_of(field, trusted, otherwise="NULL"))
    renderer.set("graduatedMethod", "GraduatedColor")
    ranges = ET.SubElement(renderer, "ranges")
    for at, label in enumerate(names or _step_labels(edges, unit)):
        bounds = {"lower": repr(float(edges[at])), "upper": repr(float(edges[at + 1]))}
        ET.SubElement(
            ranges, "range", {**bounds, "label": label, "symbol": str(at), "render": "true"}
        )
    _symbols(renderer, colours, strengths)
    return _finished(root, opacity=opacity)


def qml_plain(colour: str, *, lines: bool = False, hollow: bool = False, width: float = 0.1) -> str:
    """Return the style of areas, or of lines, that are all alike.

    Args:
        colour: `#rrggbb`.
        lines: Whether they are lines.
        hollow: Areas are drawn as their outline alone.
        width: Of lines and outlines, in millimetres.
    """
    root = _style()
    renderer = ET.SubElement(
        root, "renderer-v2", {"type": "singleSymbol", "symbollevels": "0", "enableorderby": "0"}
    )
    symbols = ET.SubElement(renderer, "symbols")
    red, green, blue = bytes.fromhex(colour[1:])
    shown = f"{red},{green},{blue},255"
    if lines:
        _symbol(
            symbols,
            "0",
            "line",
            "SimpleLine",
            (
                ("line_color", shown),
                ("line_style", "solid"),
                ("line_width", f"{width:g}"),
                ("line_width_unit", "MM"),
                ("capstyle", "round"),
                ("joinstyle", "round"),
            ),
        )
    else:
        _fill(symbols, "0", shown, style="no" if hollow else "solid", width=width)
    return _finished(root, geometry=_LINES if lines else _POLYGONS)


def qml_raster_classes(classes: Sequence[Mapping[str, object]], *, band: int = 1) -> str:
    """Return the style of a raster of class numbers, see `qml_classes`."""
    root = _style()
    renderer = _raster_renderer(root, "paletted", band)
    palette = ET.SubElement(renderer, "colorPalette")
    for entry in entries(classes):
        _palette_entry(palette, entry)
    return _finished(root, geometry=None)


def qml_raster_graduated(
    edges: Sequence[float], colours: Sequence[str], *, band: int = 1, unit: str = ""
) -> str:
    """Return the style of a raster of numbers, cut into steps; see `qml_graduated`."""
    _check_steps(edges, colours)
    root = _style()
    renderer = _raster_renderer(root, "singlebandpseudocolor", band)
    low, high = repr(float(edges[0])), repr(float(edges[-1]))
    renderer.attrib.update({"classificationMin": low, "classificationMax": high})
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        {
            "colorRampType": "DISCRETE",
            "classificationMode": "1",
            "clip": "0",
            "minimumValue": low,
            "maximumValue": high,
        },
    )
    # A discrete item colours what is up to its value; the last step is open upwards.
    uppers = [*(repr(float(edge)) for edge in edges[1:-1]), "inf"]
    for upper, colour, label in zip(uppers, colours, _step_labels(edges, unit), strict=True):
        ET.SubElement(
            shader, "item", {"value": upper, "color": colour, "label": label, "alpha": "255"}
        )
    return _finished(root, geometry=None)


def write_style(path: Path, style: str, *, force: bool = False) -> Path:
    """Write a style beside a layer's file, where QGIS looks for it.

    Args:
        path: The layer's file; the style takes its name with the ending `.qml`.
        style: QML.
        force: Replace an existing style.

    Returns:
        The style's file.

    Raises:
        InputError: The folder does not exist or may not be written.
        ConflictError: The style's file exists and `force` is false.
        AetherError: The disk is full.
    """
    target = Path(path).with_suffix(".qml")
    with files.atomic_path(target, force=force) as written:
        written.write_text(style, encoding="utf-8")
    return target


def quoted(field: str) -> str:
    """Return a field's name as QGIS expressions want it."""
    escaped = field.replace('"', '""')
    return f'"{escaped}"'


def _value_of(field: str, trusted: str | None, *, otherwise: str) -> str:
    if trusted is None:
        return quoted(field)
    return f"if({quoted(trusted)}, {quoted(field)}, {otherwise})"


def _style() -> ET.Element:
    return ET.Element("qgis", {"version": VERSION, "styleCategories": "Symbology"})


def _renderer(root: ET.Element, kind: str, value: str) -> ET.Element:
    return ET.SubElement(
        root,
        "renderer-v2",
        {
            "type": kind,
            "attr": value,
            "symbollevels": "0",
            "enableorderby": "0",
            "forceraster": "0",
        },
    )


def _symbols(renderer: ET.Element, colours: Sequence[str], strengths: Sequence[float] = ()) -> None:
    """Add plain fills; a hairline of the same colour hides the gaps between neighbours.

    See-through ones have none: it would be seen where two of them meet.
    """
    symbols = ET.SubElement(renderer, "symbols")
    for at, (colour, strength) in enumerate(
        zip(colours, strengths or [1.0] * len(colours), strict=True)
    ):
        red, green, blue = bytes.fromhex(colour[1:])
        shown = f"{red},{green},{blue},{round(255 * strength)}"
        _fill(symbols, str(at), shown, style="solid", width=0.1 if strength == 1 else 0.0)


def _fill(parent: ET.Element, name: str, colour: str, *, style: str, width: float) -> None:
    _symbol(
        parent,
        name,
        "fill",
        "SimpleFill",
        (
            ("color", colour),
            ("style", style),
            ("outline_color", colour),
            ("outline_style", "solid" if width else "no"),
            ("outline_width", f"{width:g}"),
            ("outline_width_unit", "MM"),
        ),
    )


def _symbol(
    parent: ET.Element, name: str, kind: str, drawn_by: str, options: Sequence[tuple[str, str]]
) -> None:
    shared = {"alpha": "1", "clip_to_extent": "1", "force_rhr": "0"}
    symbol = ET.SubElement(parent, "symbol", {"type": kind, "name": name, **shared})
    layer = ET.SubElement(
        symbol, "layer", {"class": drawn_by, "enabled": "1", "locked": "0", "pass": "0"}
    )
    listed = ET.SubElement(layer, "Option", {"type": "Map"})
    for option, value in options:
        ET.SubElement(listed, "Option", {"type": "QString", "name": option, "value": value})


def _raster_renderer(root: ET.Element, kind: str, band: int) -> ET.Element:
    pipe = ET.SubElement(root, "pipe")
    return ET.SubElement(
        pipe,
        "rasterrenderer",
        {"type": kind, "band": str(band), "opacity": "1", "alphaBand": "-1", "nodataColor": ""},
    )


def _palette_entry(palette: ET.Element, entry: ClassEntry) -> None:
    ET.SubElement(
        palette,
        "paletteEntry",
        {
            "value": str(entry.value),
            "color": entry.colour,
            "label": entry.name,
            "alpha": "255",
        },
    )


def _finished(root: ET.Element, *, geometry: str | None = _POLYGONS, opacity: float = 1.0) -> str:
    """The document; `geometry` is None for rasters."""
    ET.SubElement(root, "blendMode").text = "0"
    if geometry is not None:
        ET.SubElement(root, "featureBlendMode").text = "0"
        ET.SubElement(root, "layerOpacity").text = f"{opacity:g}"
        ET.SubElement(root, "layerGeometryType").text = geometry
    return document(root)


def _check_steps(edges: Sequence[float], colours: Sequence[str]) -> None:
    ascending = all(a < b for a, b in pairwise(edges))
    if len(edges) != len(colours) + 1 or not colours or not ascending:
        raise ValueError(f"{len(colours)} colours need one edge more, ascending, not {list(edges)}")


def _step_labels(edges: Sequence[float], unit: str) -> list[str]:
    behind = f" {unit}" if unit else ""
    return [f"{low:g} to {high:g}{behind}" for low, high in pairwise(edges)]
