"""What every page of one visit shares: the open store, the city picked, the theme."""

import math
import threading
import time
from typing import Final

import streamlit as st

from aether_core.errors import DiskFullError, DiskReadOnlyError, StoreUnavailableError
from aether_core.language import _
from aether_core.reading import start_reading
from ui.shell.text import plain
from workflows.cities.cities import CitySummary, list_cities
from workflows.home.settings import Settings, read_settings
from workflows.home.shared_results import computed_once
from workflows.home.store import Store, open_store, revive

CITY = "city"
_CITIES = "cities-of-this-run"


@computed_once(2)  # a page asks twenty times a run, and Streamlit's own cache takes 0.3 ms
def _opened(settings: Settings) -> Store:
    with st.spinner(_("Opening the database")):
        store = open_store(settings)
        start_reading()  # the first visitor's file need not wait for the readers to be loaded
        return store


def store() -> Store:
    """The store this installation is set to, opened once for all visitors.

    Raises:
        StoreUnavailableError: The database cannot be reached or started.
    """
    return _opened(read_settings())


class _OneAsks:
    """Lets one visitor at a time ask whether the database answers; who waited takes the answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answer = False
        self._answered = -math.inf

    def ask(self, settings: Settings) -> bool:
        """Whether the database answers, as found now or while this call waited."""
        began = time.monotonic()
        with self._lock:
            if self._answered < began:
                self._answer = _revived(settings)
                self._answered = time.monotonic()
            return self._answer


@computed_once(2)
def _asking(settings: Settings) -> _OneAsks:  # noqa: ARG001 - one for each installation
    return _OneAsks()


def _revived(settings: Settings) -> bool:
    try:
        if not revive(_opened(settings)):
            _opened.cache_clear()
            _opened(settings)
    except (StoreUnavailableError, DiskFullError, DiskReadOnlyError):
        return False
    return True


def reachable() -> bool:
    """Whether the database answers; a private cluster that died is started again on the way.

    The store of all visitors stays as it is: its connections mend themselves.
    """
    settings = read_settings()
    return _asking(settings).ask(settings)


def read_cities() -> list[CitySummary]:
    """Every city by name, asked of the store: what the router does, once a run of the script."""
    st.session_state.pop(_CITIES, None)
    st.session_state[_CITIES] = list_cities(store())
    return cities()


def cities() -> list[CitySummary]:
    """Every city by name, as this run of the script found them."""
    if _CITIES not in st.session_state:
        return read_cities()
    found: list[CitySummary] = st.session_state[_CITIES]
    return found


def has_cities() -> bool:
    """Whether this run of the script has found any city."""
    return bool(st.session_state.get(_CITIES))


def is_dark() -> bool:
    """Whether the reader's page is dark."""
    return st.context.theme.type == "dark"


def pick_city(cities: list[CitySummary]) -> None:
    """Draw the city picker in the sidebar and keep the choice in the page's address.

    A link to a city that is not there leads to another one, which is said until a city is picked.
    """
    names = {city.slug: city.name for city in cities}
    linked = st.query_params.get(CITY)
    if linked in names:
        st.session_state[CITY] = linked
    else:
        if linked:
            st.session_state[_MISSED] = linked
        if st.session_state.get(CITY) not in names:
            st.session_state[CITY] = cities[0].slug
    st.sidebar.selectbox(
        _("City"), list(names), key=CITY, format_func=lambda slug: names[slug], on_change=_picked
    )
    _into_address()
    missed = st.session_state.get(_MISSED)
    if missed:
        shown = plain(names[st.session_state[CITY]])
        st.warning(
            _(
                "There is no city “{missed}” here: the link is wrong, or the city was removed. "
                "This is {shown}; pick another city in the sidebar.",
                missed=plain(missed),
                shown=shown,
            ),
            icon=":material/wrong_location:",
        )


_MISSED: Final = "missed-city"


def _picked() -> None:
    st.session_state.pop(_MISSED, None)
    _into_address()


def _into_address() -> None:
    st.query_params[CITY] = st.session_state[CITY]


def city(cities: list[CitySummary]) -> CitySummary | None:
    """The city picked, the first where none was, None where the store holds none."""
    chosen = st.session_state.get(CITY)
    return next((one for one in cities if one.slug == chosen), cities[0] if cities else None)


def choose_later(slug: str) -> None:
    """Make `slug` the picked city on the next run; the picker of this run is already drawn."""
    st.session_state["choose"] = slug


def leave_city() -> None:
    """Let go of the picked city, which its visitor has just removed."""
    st.query_params.pop(CITY, None)


def apply_choice() -> None:
    """Take over what `choose_later` left, before the picker is drawn."""
    slug = st.session_state.pop("choose", None)
    if slug:
        st.session_state.pop(_MISSED, None)
        st.query_params[CITY] = slug
