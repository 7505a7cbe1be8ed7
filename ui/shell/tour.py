"""A tour of three minutes: what can be asked, how far to trust it, what to make of it."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from aether_core.language import _, mark
from ui.shell import page, state
from workflows.cities.cities import CitySummary

STEP: Final = "tour"
"""Name of the stop in the page's address, and in the visit."""


@dataclass(frozen=True)
class Step:
    """One stop.

    Attributes:
        title: What it is about.
        words: What to look at, and what to try.
        target: The page it is on.
        address: What the page's address says beside the city.
    """

    title: str
    words: str
    target: str
    address: dict[str, str]


STEPS: Final = (
    Step(
        mark("Ask in plain words"),
        mark(
            "The darker a cell, the better it fits; the best spots are listed beside the map. "
            "The chip "
            "above it says how the question was understood, and that this city knows such places. "
            "Click a cell, or one of the spots, to see **why here**."
        ),
        page.SEARCH,
        {"q": "a night out"},
    ),
    Step(
        mark("A doubtful question"),
        mark(
            "Not everything can be seen from above or read off a city's places. Here nothing is "
            "described as asked, so no map is painted; what the city does know is offered instead."
        ),
        page.SEARCH,
        {"q": "low crime"},
    ),
    Step(
        mark("Ask for several things at once"),
        mark(
            "What a place is *like* comes from the model; *near* and *away from* are measured. "
            "Open a "
            "chip to change its distance or its weight, or remove it, and the map answers anew."
        ),
        page.SEARCH,
        {"q": "homes near a park and a school, away from main roads"},
    ),
    Step(
        mark("Figures of a district"),
        mark(
            "Draw around a few blocks with Lasso or Box: their figures appear beside the whole "
            "city's. "
            "Draw a second district, and the two are compared."
        ),
        page.DISTRICTS,
        {},
    ),
    Step(
        mark("Make a map of land use"),
        mark(
            "Known examples in, a map of the whole city out. What is known stays as it is; the "
            "rest is "
            "predicted, and grey where it is not to be trusted. Every map says how it was tested."
        ),
        page.of_task("landuse"),
        {},
    ),
    Step(
        mark("Save and export"),
        mark(
            "Maps that are saved stand here: laid over each other, compared on either side of a "
            "divider, exported, or written up in a report for a committee."
        ),
        page.LAYERS,
        {},
    ),
)


def offer(city: CitySummary) -> None:
    """The way into the tour, of a city that can be asked."""
    if city.model is not None:
        _lead(0, _("Take the three-minute tour"), ":material/tour:", city.slug)


def show(city: CitySummary | None) -> None:
    """The stop the visitor is at, above whatever page is open.

    Args:
        city: The city picked.
    """
    asked = st.query_params.get(STEP, "")
    if asked in map(str, range(len(STEPS))):
        st.session_state[STEP] = int(asked)
    at = st.session_state.get(STEP)
    if at is None or city is None:
        return
    step = STEPS[at]
    with st.container(border=True, key="tour-stop"):
        st.markdown(
            _("**{title}** · {at} of {all}", title=_(step.title), at=at + 1, all=len(STEPS))
        )
        st.write(_(step.words))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if at:
                _lead(at - 1, _("Back"), ":material/arrow_back:", city.slug)
            if at + 1 < len(STEPS):
                _lead(at + 1, _("Next"), ":material/arrow_forward:", city.slug)
            st.button(_("Leave the tour"), key="tour-end", type="tertiary", on_click=_end)


def _lead(at: int, label: str, icon: str, slug: str) -> None:
    step = STEPS[at]
    address = {state.CITY: slug, STEP: str(at), **step.address}
    st.page_link(step.target, label=label, icon=icon, query_params=address)


def _end() -> None:
    st.session_state.pop(STEP, None)
    st.query_params.pop(STEP, None)
