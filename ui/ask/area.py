"""Limit a ranking to an area: districts of a kept layer, or a file that is uploaded."""

from dataclasses import replace
from pathlib import Path
from typing import Final
from zlib import crc32

import streamlit as st

from aether_core.language import _, mark
from aether_core.search.ground import Extent
from aether_core.search.question.criteria import Criterion, FileSource, LayerSource
from aether_core.vector import UPLOAD_SUFFIXES, ReadOptions, read_vector
from aether_core.vector.report import ReadingReport
from ui.ask import question as asking
from ui.ask.question import Question
from ui.forms import kept_areas, reading
from ui.shell import errors, state, uploads
from ui.shell.text import worded
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary
from workflows.search.ask import merged_criteria

_FILE, _LAYER = mark("A file"), mark("Districts of a saved layer")
_ENDINGS: Final = tuple(sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES))
_MOST_VALUES: Final = 5_000
_MOST_DISTRICTS: Final = 15
_WHOLE: Final = mark("all of the file")


def ask_area(city: CitySummary, question: Question) -> None:
    """The button that opens the form; what it holds is drawn once it is opened."""
    everything = (question.criteria, question.areas, question.extent)
    opened = st.popover(
        _("Limit to an area"),
        icon=":material/crop_free:",
        key=f"area-{crc32(repr(everything).encode()):08x}",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened, errors.boxed(state.reachable):
        everywhere = question.extent is Extent.EVERYWHERE
        st.toggle(
            _("Rank water, too"),
            value=everywhere,
            key="ask-everywhere",
            on_change=lambda: asking.rank_everywhere(
                everywhere=bool(st.session_state["ask-everywhere"])
            ),
        )
        kept = kept_areas.layers_of_areas(city)
        way = _FILE
        if kept:
            way = st.segmented_control(
                _("Area from"),
                [_FILE, _LAYER],
                default=_FILE,
                required=True,
                key="ask-area-from",
                format_func=_,
            )
        if way == _LAYER:
            _of_layer(city, question, kept)
        else:
            _of_file(city)


def _of_layer(city: CitySummary, question: Question, kept: list[LayerSummary]) -> None:
    name, chosen = kept_areas.ask(city, kept, "ask-area", most=_MOST_DISTRICTS)
    st.button(
        _("Limit to these"),
        type="primary",
        disabled=not chosen,
        key="limit-to-layer",
        on_click=lambda: asking.change(
            merged_criteria(
                question.criteria,
                [Criterion("in", each, source=LayerSource(name, "area", each)) for each in chosen],
            )
        ),
    )


def _of_file(city: CitySummary) -> None:
    files = uploads.choose(
        _("Area"),
        key="ask-area",
        endings=_ENDINGS,
        about=_(
            "One polygon or several, such as districts. An uploaded area is not part of the "
            "page's link."
        ),
    )
    if not files:
        return
    path = files[0]
    options = reading.ask("ask-area-reading", path)
    report, values = _read(str(path), reading.changed(path), options)
    reading.show_report(report, "ask-area-report")
    source = FileSource(path, options.crs, options.layer)
    field = None
    if values and report.used > 1:
        field = st.selectbox(
            _("Districts by"),
            [_WHOLE, *values],
            key=f"ask-area-{path.name}-field",
            format_func=worded(_WHOLE),
        )
    if field is None or field == _WHOLE:
        given = [Criterion("in", path.name, source=source)]
    else:
        chosen = st.multiselect(
            _("Districts"),
            values[field],
            key=f"ask-area-{path.name}-{field}",
            max_selections=_MOST_DISTRICTS,
        )
        given = [
            Criterion("in", each, source=replace(source, field=field, value=each))
            for each in chosen
        ]
    st.button(
        _("Limit to this area"),
        type="primary",
        disabled=not given,
        key="limit-to-file",
        on_click=lambda: asking.limit_to(city, given),
    )


@st.cache_data(max_entries=4, show_spinner=mark("Reading the area"))
def _read(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> tuple[ReadingReport, dict[str, list[str]]]:
    """How the file was read, and its distinct values by field that tell its features apart."""
    read = read_vector(Path(path), options)
    values = {
        str(name): sorted({str(value) for value in column.dropna()})
        for name, column in read.frame.drop(columns="geometry").items()
    }
    return read.report, {name: one for name, one in values.items() if 1 < len(one) <= _MOST_VALUES}
