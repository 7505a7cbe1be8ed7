"""How every page begins: its heading, the city it is about, or what to do when there is none."""

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.shell import footer, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary

_FOLDER: Final = Path(__file__).parents[2] / "pages"


def _of_tasks() -> dict[str, tuple[str, str]]:
    """The page of each kind of task that has one: its file is called as its title."""
    files = {kind.title.lower().replace(" ", "_"): kind for kind in TASK_KINDS.values()}
    return {
        name: (kind.title, f":material/{kind.symbol}:")
        for name, kind in files.items()
        if (_FOLDER / f"{name}.py").exists()
    }


_SECTIONS: Final = {
    "Cities": {
        "home": ("Home", ":material/home:"),
        "city": ("City", ":material/location_city:"),
    },
    "Ask": {
        "search": ("Search", ":material/search:"),
        "change": ("Change", ":material/compare:"),
        "districts": ("Districts", ":material/grid_view:"),
    },
    "Maps": {
        **_of_tasks(),
        "layers": ("Layers", ":material/layers:"),
    },
    "Reports": {"reports": ("Reports", ":material/description:")},
    "Expert": {
        "train": ("Train", ":material/model_training:"),
        "evaluate": ("Evaluate", ":material/balance:"),
    },
}
"""The menu, by what somebody came to do: the files of `pages/` with title and icon."""
REPORTS: Final = "pages/reports.py"
_PAGES: Final = {name: said for part in _SECTIONS.values() for name, said in part.items()}
"""All of them; the first opens first."""
HOME, SEARCH, DISTRICTS, CHANGE, EVALUATE, LAYERS, TRAIN, CITY = (
    f"pages/{name}.py"
    for name in (
        "home",
        "search",
        "districts",
        "change",
        "evaluate",
        "layers",
        "train",
        "city",
    )
)


def of_task(task: str) -> str:
    """The page that shows maps of a kind of task: its own, or that of all layers."""
    title = TASK_KINDS[task].title
    found = (f"pages/{name}.py" for name, (called, _) in _PAGES.items() if called == title)
    return next(found, LAYERS)


_ROUTED = "routed"


def menu() -> dict[str, list[StreamlitPage]]:
    """Every page for the router, by section."""
    first = next(iter(_PAGES))
    return {
        section: [
            st.Page(f"pages/{name}.py", title=title, icon=icon, default=name == first)
            for name, (title, icon) in pages.items()
        ]
        for section, pages in _SECTIONS.items()
    }


def mark_routed() -> None:
    """Note that this visit came through the router."""
    st.session_state[_ROUTED] = True


def through_router() -> None:
    """Send a visit that missed the router through it.

    Streamlit runs a file of the folder `pages` by itself for whoever comes first, by a link to a
    page, after the server has started; calling `st.navigation` once ends that rule.
    """
    if _ROUTED not in st.session_state:
        st.navigation([f"pages/{name}.py" for name in _PAGES])
        st.rerun()


def heading(title: str, city: CitySummary | None = None) -> None:
    """The page's title, with the city's name and whether its embedding is simulated."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(
            title if city is None else f"{title}: {plain(city.name)}", anchor=False, width="content"
        )
        if city is not None and city.simulated:
            footer.simulated_badge()


def with_city(title: str) -> CitySummary | None:
    """Draw the heading and return the city picked; without any city, say so and return None."""
    city = state.city(state.cities())
    heading(title, city)
    if city is None:
        empty(
            "There is no city yet",
            "Fetch one from public data, by name or bounding box, or add one from your own files. "
            "It takes a few minutes.",
            CITY,
            "Add a city",
        )
    return city


def empty(title: str, words: str, target: str, label: str) -> None:
    """An empty state: what is missing, and the one page that mends it."""
    with st.container(
        border=True, width=560, key=f"empty-{target.rpartition('/')[2].removesuffix('.py')}"
    ):
        st.subheader(title, anchor=False)
        st.write(words)
        st.page_link(target, label=label, icon=":material/arrow_forward:", width="stretch")
