"""Labels on their way in: a file or the city's own OSM land use, what its values mean, a look."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import shapely
import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _, mark
from aether_core.tasks.labels.count import FEWEST_LABELS, LabelCount
from aether_core.tasks.labels.crosswalks import (
    CROSSWALKS,
    apply_mapping,
    check_class_number,
)
from aether_core.tasks.labels.read import (
    USUAL_FIELDS,
    FieldInfo,
    Labels,
    label_fields,
    labels_inside,
)
from aether_core.tasks.samples.small_classes import OTHER, SMALL_RULES
from aether_core.vector import UPLOAD_SUFFIXES, ReadOptions
from aether_core.vector.keyed.read import needs_shapes
from ui.forms import label_preview, reading, shapes
from ui.map import empty_map
from ui.shell import errors, state, uploads
from ui.shell.text import count, plain
from workflows.cities.cities import CitySummary
from workflows.cities.osm_labels import OSM_LABELS, has_osm_labels
from workflows.home.store import Store
from workflows.tasks.labels import LabelRequest, classed_labels, raw_labels, samples_in
from workflows.tasks.settings import FitSettings

_FILE, _OSM = mark("A file"), mark("This city's OpenStreetMap land use")
_ENDINGS: Final = (*sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES), "pbf")
_AS_THEY_ARE: Final = mark("Use the values as they are")
_MOST_ROWS: Final = 400
_MOSTLY: Final = 0.9
_HINT: Final = mark(
    "Upload points or polygons with known land use. A few dozen per class are enough to start with."
)
_ABOUT: Final = mark(
    "Points or polygons with a class field: GeoJSON, GeoPackage, zipped Shapefile or FileGDB, "
    "FlatGeobuf, GeoParquet, KML, GML, CSV with coordinates, or an OpenStreetMap extract (.pbf)."
)


def ask_labels(city: CitySummary, key: str) -> LabelRequest | None:
    """Ask for labels and what they mean; counts and a map are shown before anything is fitted.

    Args:
        city: The city.
        key: Start of the widgets' names, different for each form of a visit.

    Returns:
        What was asked for; None while something is missing or cannot be used (said in a box).
    """
    request: LabelRequest | None = None
    with errors.boxed(state.reachable):
        request = _source(city, key)
        if request is not None:
            request = _meaning(city, request, key)
    return request


def _source(city: CitySummary, key: str) -> LabelRequest | None:
    """Ask where the labels come from, for the field that holds them and a crosswalk."""
    way = _FILE
    if has_osm_labels(state.store(), city.slug):
        way = st.segmented_control(
            _("Labels from"),
            [_FILE, _OSM],
            default=_FILE,
            required=True,
            key=f"{key}-source",
            format_func=_,
        )
    if way == _OSM:
        return LabelRequest(file=None)
    files = uploads.choose(_("Labels"), key=f"{key}-labels", endings=_ENDINGS, about=_(_ABOUT))
    if not files:
        empty_map.draw_empty_map(city, f"{key}-empty", _(_HINT))
        return None
    path = files[0]
    beside = st.container()
    left, middle, right = st.columns([5, 5, 3])
    with right:
        asked = LabelRequest(file=path, options=reading.ask(f"{key}-reading", path))
    if path.suffix.lower() != ".pbf":
        if _needs_shapes(str(path), reading.changed(path), asked.options):
            with beside:
                geometry = shapes.ask(f"{key}-{path.name}")
            if geometry is None:
                return None
            asked = replace(asked, geometry=geometry)
        with left:
            fields = _fields(str(path), reading.changed(path), asked.options)
            asked = replace(asked, field=_ask_field(fields, f"{key}-{path.name}-field"))
    with middle:
        raw = _raw(state.store(), city.slug, *_named(city, asked))
        return replace(asked, crosswalk=_crosswalk(raw, f"{key}-{raw.sha256[:8]}-{raw.field}"))


def _ask_field(fields: list[FieldInfo], key: str) -> str | None:
    """Ask for the field of the classes; each says how many different values it has."""
    by_name = {field.name: field for field in fields}
    usual = {name.lower(): name for name in reversed(by_name)}
    likely = next((usual[name] for name in USUAL_FIELDS if name in usual), None)
    names = list(by_name)
    return st.selectbox(
        _("Class field"),
        names,
        index=names.index(likely) if likely in names else 0,
        format_func=lambda name: f"{name}: {_values(by_name[name])}",
        key=key,
    )


def _values(field: FieldInfo) -> str:
    some = ", ".join(field.examples[:4])
    more = ", ..." if field.distinct > len(field.examples[:4]) else ""
    return f"{count(field.distinct, 'value')} ({some[:60]}{more})"


def _meaning(city: CitySummary, asked: LabelRequest, key: str) -> LabelRequest | None:
    """Ask what the values mean, and show what comes of it."""
    raw = _raw(state.store(), city.slug, *_named(city, replace(asked, crosswalk=None)))
    name = f"{key}-{raw.sha256[:8]}-{raw.field}"
    known = asked.crosswalk or (OSM_LABELS if asked.file is None else None)
    classed = apply_mapping(raw, CROSSWALKS[known].mapping, strict=True) if known else raw
    picture, panel = st.columns(2, gap="medium")
    below = st.container()
    with panel:
        mapping = _mapping(classed, {} if known else raw.unlabelled, f"{name}-{known}")
    asked = replace(asked, mapping=mapping)
    if any(value in raw.unlabelled for value in mapping):
        raw = _raw(state.store(), city.slug, *_named(city, asked))
    with below:
        if raw.report is not None:
            reading.show_report(raw.report, f"{name}-report")
        if raw.shapes is not None:
            reading.show_report(raw.shapes, f"{name}-shapes-report")
    with picture:
        try:
            labels = classed_labels(raw, asked)
            inside = labels_inside(labels, shapely.geometry.shape(city.boundary))
            check_class_number(inside)
            found = _counted(state.store(), city.slug, inside, *_named(city, asked)[1:])
        except AetherError as error:
            errors.show(error)
            return None
        label_preview.preview_labels(city, inside, found, key)
    with panel:
        return _small(asked, found, f"{name}-small")


def _crosswalk(raw: Labels, key: str) -> str | None:
    """Ask for a built-in mapping; one is proposed for codes, which nobody reads on a map."""
    codes = all(value.isdigit() for value in raw.counts)
    known = {name: _known_share(raw, one.mapping) for name, one in CROSSWALKS.items()}
    best = max(known, key=lambda name: known[name])
    options = [_AS_THEY_ARE, *CROSSWALKS]
    chosen = st.selectbox(
        _("Classes from"),
        options,
        index=options.index(best) if codes and known[best] >= _MOSTLY else 0,
        format_func=lambda name: (
            name
            if name == _AS_THEY_ARE
            else _(
                "{title} (covers {known:.0%} of the file)",
                title=CROSSWALKS[name].title,
                known=known[name],
            )
        ),
        key=f"{key}-crosswalk",
        help=_("A crosswalk converts the codes of a classification scheme into map classes."),
    )
    return None if chosen == _AS_THEY_ARE else chosen


def _known_share(raw: Labels, mapping: Mapping[str, str]) -> float:
    """Share of what a file says that a crosswalk has a class for."""
    try:
        kept = apply_mapping(raw, mapping, strict=True)
    except AetherError:
        return 0.0
    return len(kept) / max(len(raw), 1)


def _mapping(classed: Labels, unlabelled: Mapping[str, int], key: str) -> dict[str, str]:
    """Let classes be renamed, merged and dropped; returns only what was changed.

    Values that say nothing, such as `N/A`, stand below without a class.
    """
    counts = classed.counts
    values = list(counts)[:_MOST_ROWS]
    st.markdown(
        f"**{_('Classes')}**",
        help=_(
            "Give two rows the same class to merge them. Clear a class to leave its labels out. "
            "Values such as N/A have none until you give them one."
        ),
    )
    table = pd.DataFrame(
        {
            "value": [*values, *unlabelled],
            "times": [*(counts[value] for value in values), *unlabelled.values()],
            "class": [*values, *("" for _ in unlabelled)],
        }
    )
    edited = st.data_editor(
        table,
        key=f"{key}-mapping",
        hide_index=True,
        height=min(38 + 35 * len(table), 320),
        column_config={
            "value": st.column_config.TextColumn(_("Value"), disabled=True, width=120),
            "times": st.column_config.NumberColumn(
                _("In file"),
                disabled=True,
                width=56,
                help=_(
                    "How often the file has this value, anywhere. What counts as a label of this "
                    "city is drawn below the map."
                ),
            ),
            "class": st.column_config.TextColumn(_("Map class"), max_chars=80, width=130),
        },
    )
    if len(counts) > _MOST_ROWS:
        st.caption(
            _(
                "Showing the {most_rows} most frequent of {counts:,} values.",
                most_rows=_MOST_ROWS,
                counts=len(counts),
            )
        )
    classes = edited["class"].tolist()
    named = renamed(list(unlabelled), classes[len(values) :])
    return renamed(values, classes[: len(values)]) | {
        value: new for value, new in named.items() if new
    }


def renamed(values: Sequence[str], classes: Sequence[object]) -> dict[str, str]:
    """What a user changed: the class of each value that is not its own; empty to leave it out."""
    given = (" ".join(new.split()) if isinstance(new, str) else "" for new in classes)
    return {value: new for value, new in zip(values, given, strict=True) if new != value}


def _small(asked: LabelRequest, found: LabelCount, key: str) -> LabelRequest:
    """Say which classes have few labels, and ask what becomes of them."""
    small = found.rare
    if not small:
        return asked
    some = ", ".join(f"{plain(name)} ({n})" for name, n in list(small.items())[:6])
    more = _(" and {small} more", small=len(small) - 6) if len(small) > 6 else ""
    st.caption(
        _(
            "Fewer than {fewest_labels} labels: {some}{more}. Such classes cannot be tested well.",
            fewest_labels=FEWEST_LABELS,
            some=some,
            more=more,
        )
    )
    rule = st.radio(
        _("What to do with such classes"),
        list(SMALL_RULES),
        format_func=lambda name: SMALL_RULES[name].words,
        key=key,
    )
    if not SMALL_RULES[rule].merges:
        return replace(asked, small=rule)
    frequent = [name for name in found.by_class if name not in small]
    into = st.selectbox(
        _("Merge them into"),
        [OTHER, *(name for name in frequent if name != OTHER)],
        key=f"{key}-into",
        accept_new_options=True,
        help=_("Choose a class, or type a new name."),
    )
    return replace(asked, small=rule, merge_into=str(into or OTHER))


@st.cache_resource(max_entries=4, show_spinner=mark("Counting the labels"))
def _counted(
    _store: Store,
    slug: str,
    _inside: Labels,
    name: str,  # noqa: ARG001 - tells requests apart
    changed: float,  # noqa: ARG001 - a file written anew is counted anew
) -> LabelCount:
    return samples_in(_store, slug, _inside, seed=FitSettings().seed).count


@st.cache_data(max_entries=4, show_spinner=mark("Reading the fields"))
def _fields(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> list[FieldInfo]:
    return label_fields(path, options)


@st.cache_data(max_entries=4, show_spinner=mark("Reading the fields"))
def _needs_shapes(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> bool:
    return needs_shapes(path, options)


def _named(city: CitySummary, asked: LabelRequest) -> tuple[LabelRequest, str, float]:
    """The request, and what tells it from others in a cache."""
    files = [file for file in (asked.file, asked.geometry) if file is not None]
    changed = max(map(reading.changed, files), default=city.created.timestamp())
    return asked, repr(asked), changed


@st.cache_resource(max_entries=4, show_spinner=mark("Reading the labels"))
def _raw(
    _store: Store,
    slug: str,
    _asked: LabelRequest,
    name: str,  # noqa: ARG001 - tells requests apart
    changed: float,  # noqa: ARG001 - a file written anew is read anew
) -> Labels:
    return raw_labels(_store, slug, _asked)
