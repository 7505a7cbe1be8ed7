"""What the report of a saved question says: how it was read, the best spots, how sure each part."""

import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.language import _, figure, mark, translated
from aether_core.report import (
    Block,
    Bullets,
    Callout,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Table,
)
from aether_core.spatial.plane import Plane
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.search import validation
from workflows.reports.subject import REPORT_BODIES, Subject
from workflows.search.explain import Address, addresses
from workflows.training.models import list_models
from workflows.training.representation import every_unit, model_for

_MAP_MM = 125
_SPOTS: Final = 8
_LOOKED_AT: Final = 1000
_MODES: Final = {"all": mark("all must hold"), "add": mark("they add up")}
_SUPPORT: Final = {
    "strong": mark("well known here"),
    "weak": mark("doubtful"),
    "none": mark("unknown here"),
}


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    asked = subject.layer.parameters
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    question = str(asked.get("question") or subject.layer.title)
    criteria: list[dict[str, Any]] = list(asked.get("criteria") or ())
    unit = subject.city.unit
    ranked = int(values["score"].notna().sum())
    likeness = any(one.get("support") for one in criteria)
    return [
        KeyFigures(
            (
                KeyFigure(_("asked"), shorten(question, 60, placeholder="…"), _("in plain words")),
                KeyFigure("criteria", f"{len(criteria)}", _MODES[asked.get("mode", "all")]),
                KeyFigure(
                    _("ranked {units}", units=_(unit.several)),
                    figure(ranked, ","),
                    _("by how well they fit"),
                ),
            )
        ),
        Heading(_("How the question was read")),
        Paragraph(f"“{question}”"),
        Table(
            (_("Criterion"), _("What was measured"), _("How well known")),
            tuple(_criterion(one) for one in criteria),
            align="lll",
        ),
        *_remarks(asked),
        Heading(_("The map")),
        map_figure(
            subject,
            "percentile",
            tallest_mm=_MAP_MM,
            caption=_("Share of the city's {several} that fit less well.", several=_(unit.several)),
        ),
        *_spots(subject, values, criteria),
        Callout(
            "caution",
            _(
                "The ranking is one within this city, not a grade: even in a city without any such "
                "place, some spot ranks first. Look at the places before acting on it."
            ),
            title=_("How to read it"),
        ),
        *(_tested(subject) if likeness else []),
    ]


def _tested(subject: Subject) -> list[Block]:
    """How well the model, which likenesses are by, finds places it did not see."""
    return [Heading(_("How this was tested")), Paragraph(validation(subject))]


def _criterion(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """A criterion's row: as asked, as measured, and whether the city can answer it."""
    support = one.get("support")
    known = _SUPPORT[support["level"]] if support else "measured"
    used = "" if one.get("used", True) else _(", does not count")
    label = re.sub(r"(?<=\d) (?=k?m\b)", "\N{NO-BREAK SPACE}", str(one["label"]))
    return label, f"{one['sentence']} ({one['meaning']})", f"{known}{used}"


def _remarks(asked: Mapping[str, Any]) -> list[Block]:
    """What was not understood, and what could have been read otherwise."""
    lines = [
        *(f"“{one['words']}”: {one['reason']}" for one in asked.get("unmapped") or ()),
        *(str(note) for note in asked.get("notes") or ()),
    ]
    return [Bullets(tuple(lines))] if lines else []


def _spots(subject: Subject, values: pd.DataFrame, criteria: list[dict[str, Any]]) -> list[Block]:
    """The best spots that lie apart, with what is near and what each criterion measured."""
    units = every_unit(subject.store, subject.city.id, subject.city.created)
    best = values.dropna(subset=["score"]).nlargest(_LOOKED_AT, "score")
    codes = best[units.kind.column].astype(str).tolist()
    middles = [units.middle_of(code) for code in codes]
    there = [row for row, middle in enumerate(middles) if middle is not None]
    if not there:
        return []
    lonlat = np.array([middles[row] for row in there], dtype=np.float64)
    kept = _apart(lonlat, 2 * subject.city.radius_m)[:_SPOTS]
    names = _named(subject, lonlat[kept])
    measured = [one for one in criteria if f"{one['name']}_m" in best]
    rows = []
    for rank, (at, name) in enumerate(zip(kept, names, strict=True), 1):
        row = best.iloc[there[at]]
        lon, lat = lonlat[at]
        metres = (f"{row[one['name'] + '_m']:,.0f} m" for one in measured)
        fit = f"{100 * row['score']:.0f} %"
        rows.append((str(rank), name, f"{lat:.5f}, {lon:.5f}", fit, *metres))
    heads = (
        "",
        _("Near"),
        _("Latitude, longitude"),
        _("Fit"),
        *(str(one["label"]) for one in measured),
    )
    return [
        Heading(_("Best spots")),
        Table(heads, tuple(rows), align="rllr" + "r" * len(measured)),
    ]


def _apart(lonlat: NDArray[np.float64], metres: float) -> list[int]:
    """Rows in their order, without those near an earlier one."""
    flat = Plane(lonlat).points(lonlat)
    kept: list[int] = []
    for row in range(len(flat)):
        away = np.hypot(*(flat[kept] - flat[row]).T)
        if not kept or away.min() >= metres:
            kept.append(row)
        if len(kept) == _SPOTS:
            break
    return kept


def _named(subject: Subject, lonlat: NDArray[np.float64]) -> list[str]:
    """What people know near each spot; a dash where nothing has a name, or the model is gone."""
    slug, model = subject.city.slug, subject.layer.model
    if model not in {one.name for one in list_models(subject.store, slug)}:
        return ["–"] * len(lonlat)
    found = addresses(subject.store, model_for(subject.store, slug, model), lonlat)
    return [_address(one) for one in found]


def _address(one: Address) -> str:
    parts = (translated(near.name) for near in (one.place, one.street) if near is not None)
    return ", ".join(dict.fromkeys(parts)) or "–"


REPORT_BODIES["ask"] = body
