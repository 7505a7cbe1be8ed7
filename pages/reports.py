"""Reports: a map with what it means, in one document for a committee, seen as it comes about."""

import streamlit as st

from aether_core.language import _, tag
from ui.jobs.links import LAYER, from_address
from ui.maps import gone
from ui.maps.layer_names import distinct_names
from ui.reports import preview, take_away
from ui.reports.districts import ask_districts
from ui.reports.view import ask_view
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import MAX_TITLE, LayerSummary, list_layers
from workflows.reports.choices import MOST_WORDS, ReportChoices, ReportDistrict, View

CHOSEN = "report-layer"


def choose(city: CitySummary, layers: list[LayerSummary]) -> LayerSummary:
    """Which map the report is about; one is always chosen."""
    by_name = {layer.layer: layer for layer in layers}
    names = distinct_names(layers)
    linked = from_address(LAYER)
    key = f"{CHOSEN}-{city.slug}"
    wanted = linked or st.session_state.get(key)
    if wanted in by_name:
        st.session_state[key] = wanted
    else:
        st.session_state[key] = layers[0].layer
        gone.note(CHOSEN, [wanted or ""], by_name)
    name = st.selectbox(
        _("Map"),
        list(by_name),
        format_func=lambda slug: f"{names[slug]} ({_(layer_kind(by_name[slug].kind).noun)})",
        key=key,
        on_change=lambda: gone.forget(CHOSEN),
        persist_state="session",
    )
    gone.say(CHOSEN, _("This is another one."))
    return by_name[name]


def ask_words(city: CitySummary, layer: LayerSummary) -> tuple[str | None, str]:
    """The title, None for the map's own, and what is said under it."""
    title = st.text_input(
        _("Title"),
        key=f"report-title-{layer.number}",
        placeholder=layer.title,
        max_chars=MAX_TITLE,
        live=True,
        persist_state="session",
    )
    words = st.text_area(
        _("In your own words"),
        key=f"report-words-{city.slug}",
        placeholder=_("What was asked, and what you make of it. An empty line starts a paragraph."),
        max_chars=MOST_WORDS,
        height=150,
        persist_state="session",
    )
    return title.strip() or None, words


def ask_part(city: CitySummary) -> tuple[View | None, tuple[ReportDistrict, ...]]:
    """Districts to compare, and what of the city the map shows."""
    districts: tuple[ReportDistrict, ...] = ()
    with errors.boxed(state.reachable):
        districts = ask_districts(city)
    return ask_view(city, districts), districts


def draw() -> None:
    """The page."""
    city = page.with_city(_("Reports"))
    if city is None:
        return
    layers = list_layers(state.store(), city.slug)
    if not layers:
        page.empty(
            _("No saved map to report on yet"),
            _(
                "Ask the city a question and save the answer to Maps, or make a map of land use. "
                "Any "
                "saved map can become a report."
            ),
            page.SEARCH,
            _("Ask this city"),
        )
        return
    with st.container(key="report-body"):
        form, shown = st.columns([4, 7], gap="large")
    with form:
        layer = choose(city, layers)
        title, words = ask_words(city, layer)
        view, districts = ask_part(city)
    with shown, errors.boxed(state.reachable):
        report = preview.make(city, layer, ReportChoices(title, words, view, districts, tag()))
        take_away.show_downloads(city, layer, report)
        preview.show(report)


page.through_router()
with errors.boxed(state.reachable):
    draw()
