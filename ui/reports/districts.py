"""Which districts a report compares: those of the Districts page, or of a saved layer of areas."""

from collections.abc import Mapping
from typing import Final

import shapely
import streamlit as st

from aether_core.language import _, mark
from ui.districts import areas
from ui.forms import kept_areas
from ui.shell import page, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.reports.choices import MOST_DISTRICTS, ReportDistrict

_NONE, _HERE, _LAYER = mark("None"), mark("Drawn or uploaded"), mark("From a saved layer")
_KEY: Final = "report-districts"


def ask_districts(city: CitySummary) -> tuple[ReportDistrict, ...]:
    """Ask for one or two; none as it begins, unless some were drawn in this visit.

    Raises:
        AetherError: What they come from is gone or cannot be read.
    """
    here = areas.shapes(city, areas.current(city))
    kept = kept_areas.layers_of_areas(city)
    ways = [_NONE, *([_HERE] if here else []), *([_LAYER] if kept else [])]
    if len(ways) == 1:
        st.caption(
            _("No districts yet. Draw or upload some to compare their figures in the report.")
        )
        page_link(city)
        return ()
    way = st.segmented_control(
        _("Districts to compare"),
        ways,
        default=_HERE if here else _NONE,
        format_func=_,
        required=True,
        # Ways come and go with districts and layers: another list is another question.
        key=f"{_KEY}-{city.slug}-{len(ways)}-{bool(here)}",
        persist_state="session",
    )
    if way == _HERE:
        return _of_page(city, here)
    if way == _LAYER and kept:
        layer, names = kept_areas.ask(city, kept, f"{_KEY}-kept-{city.slug}", most=MOST_DISTRICTS)
        known = areas.areas_of_layer(city, layer)
        return tuple(ReportDistrict.of(name, known[name]) for name in names if name in known)
    return ()


def page_link(city: CitySummary) -> None:
    """Where districts are drawn."""
    st.page_link(
        page.DISTRICTS,
        label=_("Draw or upload districts"),
        icon=":material/arrow_forward:",
        query_params={state.CITY: city.slug},
    )


def _of_page(city: CitySummary, here: Mapping[str, shapely.Geometry]) -> tuple[ReportDistrict, ...]:
    """One or two of the Districts page: those it compares as it begins."""
    key = f"{_KEY}-of-{city.slug}"
    chosen = st.session_state.get(key)
    if chosen is None:
        compared = [st.session_state.get(name) for name in (areas.CHOSEN, areas.BESIDE)]
        first = [name for name in compared if name in here] or list(here)
        st.session_state[key] = first[:MOST_DISTRICTS]
    elif gone := [name for name in chosen if name not in here]:
        st.session_state[key] = [name for name in chosen if name in here]
        st.info(
            _("No longer there, so left out: {gone}.", gone=plain(", ".join(gone))),
            icon=":material/info:",
        )
    names = st.multiselect(
        _("Districts"),
        list(here),
        key=key,
        max_selections=MOST_DISTRICTS,
        placeholder=_("Choose one or two"),
        label_visibility="collapsed",
        persist_state="session",
    )
    page_link(city)
    return tuple(ReportDistrict.of(name, here[name]) for name in names)
