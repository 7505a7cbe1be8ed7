"""The web app's entry: a router, nothing else."""

import logging

import streamlit as st

from ui.jobs import tray as job_tray
from ui.language import visitor as language
from ui.map import map as city_map
from ui.shell import errors, footer, notice, page, signed_in, state, style, tour
from ui.shell.logo import MARK, WORDMARK

logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
st.set_page_config(page_title="Aether", page_icon=MARK, layout="wide", initial_sidebar_state="auto")
st.logo(WORDMARK, icon_image=MARK, size="large")
style.apply()
language.apply()

current = st.navigation(page.menu())
page.mark_routed(current)

with errors.boxed(state.reachable):
    visitor = signed_in.visitor()
    state.apply_choice()
    cities = state.read_cities()
    if cities:
        state.pick_city(cities)
    if current.url_path:
        city_map.prepare()
    job_tray.show_tray(cities)
    signed_in.show_visitor(visitor)
    language.choose()
    tour.show(state.city(cities))
    current.run()
    shown = cities if current.url_path == "" else [state.city(cities)]
    notice.show()
    footer.attribution([line for city in shown if city is not None for line in city.attribution])
