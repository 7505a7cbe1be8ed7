"""How every page begins: its heading, the city it is about, or what to do when there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from aether_core.language import _, mark
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.shell import footer, state
from ui.shell.text import of_what, plain
from workflows.cities.cities import CitySummary

_FOLDER: Final = Path(__file__).parents[2] / "pages"


@dataclass(frozen=True)
class Entry:
    """One entry of the menu: what somebody came to do.

    Attributes:
        title: As the menu names it.
        symbol: Name of its Material symbol.
        pages: Files of `pages/` with their titles; the menu opens the first, a row under the
            heading leads to the others.
        has_row: Whether that row is drawn; pages that lead to each other otherwise have none.
    """

    title: str
    symbol: str
    pages: dict[str, str]
    has_row: bool = True


def _of_tasks() -> dict[str, str]:
    """The page of each kind of task that has one: its file is called as its title or its name."""
    files = {
        name: kind.title
        for kind in TASK_KINDS.values()
        for name in (kind.title.lower().replace(" ", "_"), kind.name)
    }
    return {name: title for name, title in files.items() if (_FOLDER / f"{name}.py").exists()}


_ENTRIES: Final = (
    Entry(
        mark("Cities"), "location_city", {"home": mark("All cities"), "city": mark("Add or manage")}
    ),
    Entry(mark("Ask"), "search", {"search": mark("Ask"), "change": mark("Change")}, has_row=False),
    Entry(
        mark("Maps"),
        "layers",
        {"layers": mark("Saved maps"), **_of_tasks(), "districts": mark("Districts")},
    ),
    Entry(mark("Reports"), "description", {"reports": mark("Reports")}, has_row=False),
    Entry(mark("Expert"), "science", {"train": mark("Train"), "evaluate": mark("Evaluate")}),
)
HOME, CITY, SEARCH, CHANGE, LAYERS, DISTRICTS, REPORTS, TRAIN, EVALUATE = (
    f"pages/{name}.py"
    for name in (
        "home",
        "city",
        "search",
        "change",
        "layers",
        "districts",
        "reports",
        "train",
        "evaluate",
    )
)


def of_task(task: str) -> str:
    """The page that shows maps of a kind of task: its own, or that of all layers."""
    title = TASK_KINDS[task].title
    found = (
        f"pages/{name}.py"
        for entry in _ENTRIES
        for name in entry.pages
        if entry.pages[name] == title
    )
    return next(found, LAYERS)


_ROUTED = "routed"


def menu() -> list[StreamlitPage]:
    """Every page for the router; the menu shows the first of each entry."""
    first = _ENTRIES[0]
    return [
        st.Page(
            f"pages/{name}.py",
            title=_(title if at else entry.title),
            icon=f":material/{entry.symbol}:",
            default=entry is first and not at,
            visibility="hidden" if at else "visible",
        )
        for entry in _ENTRIES
        for at, (name, title) in enumerate(entry.pages.items())
    ]


def mark_routed(current: StreamlitPage) -> None:
    """Note that this visit came through the router, and to which page."""
    st.session_state[_ROUTED] = current.url_path or next(iter(_ENTRIES[0].pages))


def through_router() -> None:
    """Send a visit that missed the router through it.

    Streamlit runs a file of the folder `pages` by itself for whoever comes first, by a link to a
    page, after the server has started; calling `st.navigation` once ends that rule.
    """
    if _ROUTED not in st.session_state:
        st.navigation([f"pages/{name}.py" for entry in _ENTRIES for name in entry.pages])
        st.rerun()


def heading(title: str, city: CitySummary | None = None) -> None:
    """The page's title, with the city's name and whether its embedding is simulated.

    Below it stand the other pages of the same entry.
    """
    named = title if city is None else of_what(title, city.name)
    st.set_page_config(page_title=f"{named} · Aether")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        shown = title if city is None else of_what(title, plain(city.name))
        st.title(shown, anchor=False, width="content")
        if city is not None and city.simulated:
            footer.simulated_badge()
    here = st.session_state.get(_ROUTED, "")
    entry = next((entry for entry in _ENTRIES if here in entry.pages), None)
    if entry is not None:
        _mark(entry, here)
        _row(entry, city)


def _mark(entry: Entry, here: str) -> None:
    """Show in the menu which entry a page that it does not name belongs to."""
    first = next(iter(entry.pages))
    if here != first:
        address = "/" if entry is _ENTRIES[0] else f"/{first}"
        link = f'[data-testid="stSidebarNavLink"][href$="{address}"]'
        look = "background: color-mix(in srgb, currentColor 12%, transparent); font-weight: 600;"
        st.html(f"<style>{link} {{ {look} }}</style>")


def _row(entry: Entry, city: CitySummary | None) -> None:
    """The way to the other pages of an entry."""
    if not entry.has_row or not state.has_cities():
        return
    with st.container(horizontal=True, gap="small", key="entry-row"):
        for name, title in entry.pages.items():
            st.page_link(
                f"pages/{name}.py",
                label=_(title),
                query_params={} if city is None else {state.CITY: city.slug},
            )


def with_city(title: str) -> CitySummary | None:
    """Draw the heading and return the city picked; without any city, say so and return None."""
    city = state.city(state.cities())
    heading(title, city)
    if city is None:
        empty(
            _("There is no city yet"),
            _(
                "Fetch one from public data, by name or bounding box, or add one from your own "
                "files. "
                "It takes a few minutes."
            ),
            CITY,
            _("Add a city"),
        )
    return city


def empty(
    title: str, words: str, target: str, label: str, *, address: Mapping[str, str] | None = None
) -> None:
    """An empty state: what is missing, and the one page that mends it.

    Args:
        title: What is missing.
        words: Why it is needed.
        target: The page.
        label: Of the link.
        address: What the page's address says.
    """
    with st.container(
        border=True, width=560, key=f"empty-{target.rpartition('/')[2].removesuffix('.py')}"
    ):
        st.header(title, anchor=False)
        st.write(words)
        st.page_link(
            target,
            label=label,
            icon=":material/arrow_forward:",
            width="stretch",
            query_params=dict(address or {}),
        )


def needs_model(city: CitySummary, purpose: str) -> None:
    """What a city without a model needs first: places, which one learns from, or the training.

    Args:
        city: Has no model.
        purpose: What the model is for, as a sentence without a full stop.
    """
    if city.pois:
        empty(
            _("This city has no model yet"),
            _("{purpose}, so train one first. It takes a few minutes at most.", purpose=purpose),
            TRAIN,
            _("Train its model"),
            address={state.CITY: city.slug},
        )
        return
    empty(
        _("This city has no places"),
        _(
            "{purpose}, and a model learns from places: shops, schools, parks. Add a file of them.",
            purpose=purpose,
        ),
        CITY,
        _("Add places"),
        address={state.CITY: city.slug},
    )
    st.page_link(
        LAYERS,
        label=_("Or make a map, which needs no places"),
        icon=":material/layers:",
        query_params={state.CITY: city.slug},
    )
