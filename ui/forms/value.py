"""A number of places on its way in: a file, the field that holds it, a look."""

from pathlib import Path
from typing import Final

import numpy as np
import shapely
import streamlit as st
from numpy.typing import NDArray

from aether_core.charts.breaks import number_text, value_breaks
from aether_core.eo.raster.file import RASTER_SUFFIXES
from aether_core.errors import AetherError, InputError
from aether_core.language import _, mark
from aether_core.tasks.samples.polygons import is_polygon
from aether_core.tasks.values.raster import is_raster, raster_bands
from aether_core.tasks.values.read import ValueColumns, Values, value_columns
from aether_core.tasks.values.transform import AUTO, TRANSFORMS, choose_transform
from aether_core.vector import UPLOAD_SUFFIXES, ReadOptions
from ui.forms import reading, shapes
from ui.map import empty_map, ground
from ui.map import map as city_map
from ui.map.coloured import Shown
from ui.map.map import MapLayer
from ui.map.shapes import ShapeValues
from ui.maps import layer_map
from ui.maps.views import LayerView, Look
from ui.shell import errors, state, uploads
from ui.shell.text import count, plain
from workflows.cities.cities import CitySummary
from workflows.tasks.numbers import ValueRequest, values_of

MAP_HEIGHT: Final = 420
_ENDINGS: Final = tuple(sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES | RASTER_SUFFIXES))
_HINT: Final = mark(
    "Upload points or areas with a number, such as a price, a temperature or people. "
    "A few hundred are a good start."
)
_ABOUT: Final = mark(
    "Points or polygons with a number: GeoPackage, GeoJSON, zipped Shapefile or FileGDB, "
    "FlatGeobuf, GeoParquet, KML, GML, or CSV with coordinates; or a GeoTIFF. Another table needs "
    "H3 cells, or codes and a second file with their shapes."
)


def ask_values(city: CitySummary, key: str) -> ValueRequest | None:
    """Ask for a number of places; a map is shown before anything is fitted.

    Args:
        city: The city.
        key: Start of the widgets' names, different for each form of a visit.

    Returns:
        What was asked for; None while something is missing or cannot be used (said in a box).
    """
    with errors.boxed(state.reachable):
        files = uploads.choose(_("Numbers"), key=f"{key}-values", endings=_ENDINGS, about=_(_ABOUT))
        if not files:
            empty_map.draw_empty_map(city, f"{key}-empty", _(_HINT))
            return None
        request = _field(files[0], key)
        if request is not None and _previewed(city, request, key):
            return request
    return None


def _field(path: Path, key: str) -> ValueRequest | None:
    """Ask which field holds the number, and what the number is."""
    beside = st.container()
    left, scale, right = st.columns([4, 3, 3], vertical_alignment="bottom")
    with right:
        options = reading.ask(f"{key}-reading", path)
    found = _columns(str(path), reading.changed(path), options)
    name = f"{key}-{path.name}"
    geometry = None
    if found.needs_shapes:
        with beside:
            geometry = shapes.ask(name)
        if geometry is None:
            return None
    with left:
        field = st.selectbox(
            _("Field with the number"),
            found.numbers,
            index=None,
            key=f"{name}-field",
            placeholder=_("choose a field"),
        )
    with scale:
        transform = st.selectbox(
            _("Scale"),
            [AUTO, *TRANSFORMS],
            key=f"{name}-scale",
            format_func=lambda one: _("Detect") if one == AUTO else TRANSFORMS[one].title,
            help=_(
                "The logarithm suits numbers of which a few are very large, such as people a km²."
            ),
        )
    if not found.numbers:
        raise InputError(
            "the file has no field of numbers",
            ", ".join(found.others[:30]) or "(none)",
            "give a file with a number for each place",
            code="values-without-number-field",
        )
    if field is None:
        rows = _("{rows} in the file, ", rows=count(found.rows, "row")) if found.rows else ""
        st.caption(
            _("{rows}{fields} with numbers.", rows=rows, fields=count(len(found.numbers), "field"))
        )
        return None
    per_km2 = st.toggle(
        _("It counts something in each area, such as people or homes"),
        key=f"{name}-per-km2",
        help=_(
            "Such a number grows with the area, so it is mapped per square kilometre. Off: the "
            "number holds for all of the area, as an average or a share does."
        ),
    )
    return ValueRequest(path, field, transform, per_km2, options, geometry=geometry)


def _previewed(city: CitySummary, request: ValueRequest, key: str) -> bool:
    try:
        changed = [reading.changed(file) for file in (request.file, request.geometry) if file]
        boundary = shapely.geometry.shape(city.boundary)
        values = _values(repr(request), changed, city.slug, request, boundary, city.cells)
    except AetherError as error:
        errors.show(error)
        return False
    reading.show_report(values.report, f"{key}-report")
    if values.shapes is not None:
        reading.show_report(values.shapes, f"{key}-shapes-report")
    shapely.prepare(boundary)
    inside = shapely.intersects(values.geometry, boundary)
    if not inside.any():
        errors.show(
            InputError(
                "all numbers lie outside the city",
                values.source,
                "check that the file covers this city, and its coordinate system",
                code="values-outside-city",
            )
        )
        return False
    _map(city, values, inside, key)
    _said(values, inside, request.transform)
    return True


def _map(city: CitySummary, values: Values, inside: NDArray[np.bool_], key: str) -> None:
    """The numbers as they were given; points as small circles."""
    look = Look(dark=state.is_dark(), on_ground=ground.has_shapes(city))
    number = values.value[inside].astype(np.float32)
    breaks = value_breaks(number)
    words = [f"{values.field} {number_text(one)} {values.unit}".rstrip() for one in number.tolist()]
    shown = Shown(number, look.steps(breaks), values.field, words)
    title = f"{values.field} {values.unit}".rstrip()
    view = LayerView(shown, title, _("number in the uploaded file"), breaks.names)
    city_map.draw_map(
        city,
        key=f"{key}-values-map",
        height=MAP_HEIGHT,
        alt=_("Map of {places} by {field}", places=count(len(number), "place"), field=values.field),
        layers=[
            MapLayer(
                areas=ShapeValues(values.geometry[inside], shown),
                legend=layer_map.legend_of(view),
            )
        ],
    )


def _said(values: Values, inside: NDArray[np.bool_], transform: str) -> None:
    """What the file gave, what was left out and why, and the scale."""
    number = values.value[inside]
    areas = int(is_polygon(values.geometry[inside]).sum())
    places = [
        *([count(len(number) - areas, "point")] if len(number) > areas else []),
        *([count(areas, "area")] if areas else []),
    ]
    chosen = choose_transform(transform, number)
    least, most, mean = (number_text(one) for one in (number.min(), number.max(), number.mean()))
    parts = [
        _("{places} in the city", places=_(" and ").join(places)),
        _("from {least} to {most}, mean {mean}", least=least, most=most, mean=mean),
        _("scale: {scale}", scale=_(chosen.title).lower()),
    ]
    if len(number) < len(values):
        parts.append(_("{number:,} outside the city", number=len(values) - len(number)))
    if values.repaired:
        parts.append(_("{polygons} repaired", polygons=count(values.repaired, "polygon")))
    parts += [
        _("{gone:,} left out: {why}", gone=gone, why=plain(why))
        for why, gone in values.dropped.items()
    ]
    st.caption(" · ".join(parts))


@st.cache_data(max_entries=4, show_spinner=mark("Reading the fields"))
def _columns(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> ValueColumns:
    if is_raster(path):
        return ValueColumns(rows=0, numbers=raster_bands(path), others=[], needs_shapes=False)
    return value_columns(path, options)


@st.cache_resource(max_entries=4, show_spinner=mark("Reading the numbers"))
def _values(
    name: str,  # noqa: ARG001 - tells requests apart
    changed: list[float],  # noqa: ARG001 - a file written anew is read anew
    city: str,  # noqa: ARG001 - tells cities apart
    _request: ValueRequest,
    _boundary: shapely.Geometry,
    _cells: int,
) -> Values:
    return values_of(_request, _boundary, cells=_cells)
