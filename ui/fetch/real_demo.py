"""The demo's next step: the same part of the city with the real embedding."""

from typing import Final

import streamlit as st

from aether_core.language import _
from ui.fetch import area as fetch_area
from ui.forms import names as fetch_names
from ui.shell import page, rights, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.demo.real import real_demo
from workflows.demo.simulated import SLUG
from workflows.fetch.job_kind import FETCH
from workflows.fetch.request import FetchCity

NEXT_VIEW: Final = "city-next"


def offer_real_demo(city: CitySummary) -> None:
    """Offer it under the demo where the mirror answers, else say in one line why not.

    To be drawn last: the mirror is given two seconds to answer.
    """
    if city.slug != SLUG or not city.simulated:
        return
    with st.container(border=True, key="real-demo"):
        st.header(_("Real satellite data"), anchor=False)
        with st.spinner(_("Checking the AlphaEarth mirror")):
            offer = real_demo(state.store())
        if offer.request is None:
            st.caption(plain(_("Not available now: {reason}.", reason=offer.reason.rstrip("."))))
            return
        st.write(
            _(
                "{name} uses made-up satellite data. You can fetch the same part of the city "
                "with real ones and current places.",
                name=plain(city.name),
            )
        )
        st.button(
            _("Fetch real satellite data for this city"),
            key="real-demo-go",
            icon=":material/satellite_alt:",
            on_click=_prepare,
            args=(offer.request,),
            **rights.needing(FETCH.role),
        )
    if st.session_state.pop("real-demo-chosen", False):
        st.switch_page(page.CITY)


def _prepare(request: FetchCity) -> None:
    """Fill the form; nothing is fetched before its button is pressed."""
    fetch_area.take(request.boundary, _("The demo city's boundary."))
    fetch_names.propose(request.name, request.slug)
    st.session_state["fetch-year"] = request.year
    st.session_state[NEXT_VIEW] = "fetch"
    st.session_state["real-demo-chosen"] = True
