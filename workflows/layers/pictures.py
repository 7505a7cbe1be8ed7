"""Still pictures of layers: for reports and for comparing two of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype

from aether_core.charts.class_colours import class_colours, rgb
from aether_core.errors import InputError
from aether_core.report.map_picture import MapOutline, MapPicture, draw_map
from aether_core.tasks.findings import Findings
from db.cities import cities as city_rows
from workflows.cities.cities import base_map
from workflows.home.store import Store
from workflows.layers.breaks import field_breaks, numbers_of
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import LayerSummary, layer_shapes, show_layer


@dataclass(frozen=True)
class LayerPicture:
    """A layer drawn in one of its fields.

    Attributes:
        picture: The map.
        field: What is coloured.
        unit: What its values count.
        entries: Colour `#rrggbb` and its meaning, in the order of a legend.
        strength: How much of each colour is laid on, 0 to 1.
        ordered: Whether that is an order of their own, lowest first, as numbers have.
        share: Part of the features that each entry stands for.
        untrusted: Part of the features that are greyed.
    """

    picture: MapPicture
    field: str
    unit: str
    entries: list[tuple[str, str]]
    strength: list[float]
    ordered: bool
    share: list[float]
    untrusted: float


def layer_picture(
    store: Store,
    slug: str,
    layer: str,
    field: str | None = None,
    *,
    width_px: int = 1000,
    greyed: bool = True,
    view: tuple[float, float, float, float] | None = None,
    outlines: Sequence[MapOutline] = (),
) -> LayerPicture:
    """Draw a layer.

    Args:
        field: Field to colour; what the layer is about when None.
        greyed: Grey what is not to be trusted.
        view: West, south, east, north in degrees: only this is drawn, and shares are of it.
        outlines: Areas that are marked.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The layer has no such field, or nothing to draw.
    """
    summary = show_layer(store, slug, layer)
    frame = layer_shapes(store, slug, layer)
    chosen = chosen_field(summary, field)
    entries, which = field_colours(summary, frame, chosen)
    trusted = trusted_rows(frame) if greyed else None
    ground = base_map(store, slug)
    strength = field_strengths(summary, frame, chosen, on_ground=bool(len(ground)))
    palette = see_through([colour for colour, _ in entries], strength)
    there = which >= 0
    seen = np.ones(len(frame), dtype=bool) if view is None else _within(frame, view)
    with store.session() as session:
        boundary = city_rows.boundary_of(city_rows.city_by_slug(session, slug))
    picture = draw_map(
        frame.geometry.to_numpy()[there],
        palette[which[there]],
        boundary=boundary,
        trusted=None if trusted is None else trusted[there],
        base_map=ground,
        outlined=summary.has_shapes,
        outlines=outlines,
        view=view,
        width_px=width_px,
    )
    return LayerPicture(
        picture=picture,
        field=chosen,
        unit=unit_of(summary, chosen),
        entries=entries,
        strength=strength,
        ordered=bool(is_numeric_dtype(frame[chosen].dtype)),
        share=[float((which[seen] == k).mean()) for k in range(len(entries))],
        untrusted=0.0 if trusted is None else float((~trusted[seen]).mean()),
    )


def _within(frame: gpd.GeoDataFrame, view: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """What a view shows some of, bool `[n]`.

    Raises:
        InputError: It shows nothing of the layer.
    """
    west, south, east, north = view
    # Shapes beyond the 180th meridian are kept with longitudes from -180.
    boxes = [shapely.box(west + turn, south, east + turn, north) for turn in (0, -360)]
    shapes = frame.geometry.to_numpy()
    seen: NDArray[np.bool_] = np.logical_or.reduce([shapely.intersects(b, shapes) for b in boxes])
    if not seen.any():
        raise InputError(
            "the view shows nothing of the layer",
            ", ".join(f"{value:g}" for value in view),
            "show another part of the city, or all of it",
            code="view-without-data",
        )
    return seen


def main_field(summary: LayerSummary) -> str:
    """The field a layer is about."""
    names = [str(one["name"]) for one in summary.fields]
    about = layer_kind(summary.kind).main_field
    return about if about in names else names[0]


def chosen_field(summary: LayerSummary, field: str | None) -> str:
    """The field that was asked for; what the layer is about when None.

    Raises:
        InputError: The layer has no such field.
    """
    names = [str(one["name"]) for one in summary.fields]
    if field is not None and field not in names:
        raise InputError(
            "the layer has no such field",
            field,
            f"choose from {', '.join(names)}",
            code="no-such-field",
        )
    return main_field(summary) if field is None else field


def unit_of(summary: LayerSummary, field: str) -> str:
    """What the values of a field count; empty where nobody said."""
    return next(str(one.get("unit", "")) for one in summary.fields if one["name"] == field)


def class_names(summary: LayerSummary, values: Iterable[object]) -> list[str]:
    """Names of a layer's classes in the order of their colours; of these values where it has none.

    A map of shares colours by the largest field, so its fields are its classes. A class that is
    seen and was not predicted, as one too rare for the fit, comes after those that were.
    """
    seen = sorted({str(value) for value in values if isinstance(value, str)})
    if isinstance(summary.findings, Findings):
        return list(dict.fromkeys([*summary.findings.outcomes, *seen]))
    return seen


def field_colours(
    summary: LayerSummary, frame: pd.DataFrame, field: str
) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
    """Colours of a field's classes or steps, with the entry each feature takes, -1 for none.

    Raises:
        InputError: The field holds neither classes nor numbers, or no value at all.
    """
    values = frame[field]
    if is_numeric_dtype(values.dtype):
        breaks = field_breaks(summary, frame, field)
        entries = list(zip(breaks.colours, breaks.names, strict=True))
        return entries, breaks.class_of(numbers_of(frame, field))
    if not any(isinstance(value, str) for value in values):
        raise InputError(
            "the field holds neither numbers nor names of classes",
            field,
            "choose another field",
            code="field-not-drawable",
        )
    names = class_names(summary, values)
    at = {name: k for k, name in enumerate(names)}
    which = np.array([at.get(value, -1) for value in values], dtype=np.int64)
    return list(zip(class_colours(names), names, strict=True)), which


def field_strengths(
    summary: LayerSummary, frame: pd.DataFrame, field: str, *, on_ground: bool
) -> list[float]:
    """How much of the colour of each class or step is laid on, in the order of `field_colours`.

    Args:
        on_ground: Whether streets and parks lie below.
    """
    if not is_numeric_dtype(frame[field].dtype):
        return [1.0] * len(class_names(summary, frame[field]))
    return list(field_breaks(summary, frame, field).strengths(on_ground=on_ground))


def see_through(colours: Sequence[str], strength: Sequence[float]) -> NDArray[np.uint8]:
    """Red, green, blue and opacity of each colour, uint8 `[n, 4]`."""
    painted = [(*rgb(one), round(255 * part)) for one, part in zip(colours, strength, strict=True)]
    return np.array(painted, dtype=np.uint8).reshape(-1, 4)


def trusted_field(columns: Iterable[str]) -> str | None:
    """The field that says what may be believed: `trusted` where there is one, else `applicable`."""
    there = set(columns)
    return next((name for name in ("trusted", "applicable") if name in there), None)


def trusted_rows(frame: pd.DataFrame) -> NDArray[np.bool_] | None:
    """Which features may be believed, bool `[n]`; None where the layer does not say."""
    name = trusted_field(frame.columns)
    return None if name is None else np.asarray(frame[name].to_numpy(dtype=bool, na_value=False))
