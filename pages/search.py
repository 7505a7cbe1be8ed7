"""Ask: a question, see how it was read, where it holds, why, and how sure; keep it."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _, mark
from ui.ask import card, chips, places, spots, sureness, take_away, when
from ui.ask import question as ask
from ui.ask.colours import coloured
from ui.ask.question import Found, Question
from ui.ask.waiting import shown_if_slow
from ui.map import map as city_map
from ui.map.map import MapLayer, Point
from ui.shell import errors, notice, page, state
from ui.shell.text import plain, worded
from workflows.cities.cities import CitySummary, categories
from workflows.search.ask import Answer
from workflows.search.explain import code_at, row_called

BESIDE = "clicked-beside"
CHIPS = 6
OFFERED = 5
SHARES = {mark("All"): 0.0, "25 %": 75.0, "10 %": 90.0, "1 %": 99.0}


def draw_bar(city: CitySummary) -> None:
    """The question bar."""
    ask.take_old_address()
    st.text_input(
        _("What are you looking for?"),
        key=ask.WORDS,
        placeholder=_(
            "a whole question, such as: homes near a park and a school, away from main roads"
        ),
        disabled=city.model is None,
        bind="query-params",
        on_change=ask.words_changed,
        icon=":material/search:",
    )


def draw_examples(city: CitySummary) -> None:
    """Questions to begin with."""
    own = [name for name, _ in categories(state.store(), city.slug, CHIPS)]
    st.pills(
        _("Examples"),
        list(dict.fromkeys([*ask.QUESTIONS, *own])),
        key=ask.CHIP,
        on_change=ask.ask_chip,
        disabled=city.model is None,
        label_visibility="collapsed",
        format_func=worded(*ask.QUESTIONS),
    )


def answered(question: Question | None) -> Found | AetherError | None:
    """The answer, or the error it ended in: chips and map are drawn either way."""
    if question is None:
        return None
    try:
        with shown_if_slow(_("Searching"), kind=(question.city, question.model)):
            return ask.answer(question)
    except AetherError as error:
        return error


def look(city: CitySummary, lon: float, lat: float) -> None:
    """Look at the cell that was clicked."""
    if (code := code_at(state.store(), city, lon, lat)) is not None:
        spots.choose(code)
    else:
        st.session_state[BESIDE] = True


def say_beside(city: CitySummary) -> None:
    """Say once that a click met none of the city's areas."""
    if st.session_state.pop(BESIDE, False):
        notice.say(_("That is outside this city's {several}.", several=_(city.unit.several)))


def chosen_row(found: Found) -> int | None:
    """Row of the cell that is looked at; None while none is."""
    cell = ask.looked_at()
    return row_called(found.result, cell) if cell else None


def draw_map(
    city: CitySummary,
    found: Found | None,
    marks: list[Point],
    least: float,
    unsure: npt.NDArray[np.bool_] | None,
) -> None:
    """The city with the answer on it; a click asks why here."""
    layers: list[MapLayer] = []
    title = ""
    if found is not None:
        title = take_away.title_of(found.result)
        ranks = found.result.percentile
        layers = [coloured(city, found.result.units, ranks, title, least=least, unsure=unsure)]
    city_map.draw_map(
        city,
        key=f"search-map-{city.slug}",
        alt=_("Map of {name}: {title}", name=city.name, title=title or _("no query yet")),
        layers=layers,
        with_places=not layers,
        marks=marks,
        on_click=partial(look, city) if city.model else None,
    )


def draw_hint(city: CitySummary) -> None:
    """What to do while there is no answer."""
    if city.model is None:
        page.needs_model(city, _("Questions are answered with the city's model"))
        return
    st.header(_("Ask the city"), anchor=False)
    st.write(
        _(
            "Type what you are looking for, choose an example, or click the map to see what is "
            "there "
            "and to find places like it."
        )
    )
    cell = ask.looked_at()
    if cell:
        card.show_place(city, cell)


def draw_unanswered(found: Found) -> None:
    """Why nothing is painted, and what can be asked instead."""
    st.header(_("The city cannot answer this"), anchor=False)
    offered: list[str] = []
    for part in found.result.parts if isinstance(found.result, Answer) else ():
        if part.support is not None and not part.support.paints:
            st.write(plain(f"“{part.criterion.in_own_words}”: {_(part.support.summary)}"))
            offered += [word for word in part.support.nearest if word not in offered]
    if offered:
        st.caption(_("It does know these. Choose one to ask for it:"))
        with st.container(horizontal=True, gap="small", key="offered"):
            for word in offered[:OFFERED]:
                st.button(plain(word), key=f"offer-{word}", on_click=ask.ask_words, args=(word,))


def draw_where(
    city: CitySummary, question: Question, found: Found, unsure: npt.NDArray[np.bool_] | None
) -> list[Point]:
    """The best spots, or places; returns what to mark."""
    st.segmented_control(
        _("Highlight top"),
        list(SHARES),
        default="All",
        required=True,
        key="share",
        format_func=worded("All"),
        persist_state="session",
    )
    asked, view = places.likeness_of(question), "Cells"
    if asked is not None:
        view = st.segmented_control(
            _("List"),
            [mark("Cells"), mark("Places")],
            default="Cells",
            required=True,
            key="list",
            persist_state="session",
            format_func=lambda one: _("Best spots" if one == "Cells" else one),
        )
    if asked is not None and view == "Places":
        hits = places.best(question, found, *asked)
        places.show_places(hits)
        return [Point(hit.lon, hit.lat, hit.name or hit.category, hit.category) for hit in hits]
    best = spots.best_spots(city, found, unsure)
    spots.show_spots(best)
    year = _(", on {year}", year=found.result.year) if found.result.year != city.year else ""
    st.caption(
        plain(
            _(
                "{ranked_cells}. Model: {model}{year}.",
                ranked_cells=spots.ranked_cells(found.result),
                model=found.result.model,
                year=year,
            )
        )
        if best
        else _(
            "No {one} is left: lower the slider under How sure, or widen the area.",
            one=_(found.result.units.kind.one),
        )
    )
    return marked(best)


def marked(best: Sequence[spots.Spot]) -> list[Point]:
    """The best spots as points on the map."""
    return [Point(spot.lon, spot.lat, f"{n}. {spot.title}") for n, spot in enumerate(best, 1)]


def draw_panel(
    city: CitySummary, question: Question, found: Found
) -> tuple[list[Point], npt.NDArray[np.bool_] | None]:
    """The answer beside the map; returns the places to mark and the cells to grey out."""
    marks: list[Point] = []
    if question.at is not None:
        st.markdown(_("**Places like {at:.5f}, {at2:.5f}**", at=question.at[1], at2=question.at[0]))
        st.button(
            _("Back to the question") if question.words or question.criteria else _("Clear"),
            on_click=ask.forget_point,
            icon=":material/undo:",
            type="tertiary",
            key="back",
        )
        marks.append(Point(*question.at, _("The place you clicked")))
    view = st.segmented_control(
        _("View"),
        [spots.WHERE, spots.WHY, spots.SURE],
        default=None if spots.VIEW in st.session_state else spots.WHERE,
        required=True,
        key=spots.VIEW,
        label_visibility="collapsed",
        format_func=_,
    )
    cell_sureness = None
    if view != spots.WHERE or sureness.least() > 0:
        cell_sureness = sureness.of_cells(question, found)
    row = chosen_row(found)
    if view == spots.SURE:
        sureness.ask_sureness(question, found)
    unsure = None
    if cell_sureness is not None and sureness.least() > 0:
        unsure = cell_sureness < sureness.least()
    if view == spots.WHERE:
        marks += draw_where(city, question, found, unsure)
    else:
        marks += marked(spots.best_spots(city, found, unsure))
    if view == spots.WHY:
        card.show_card(found, row, cell_sureness)
    if row is not None:
        lon, lat = found.result.lonlat[row].tolist()
        marks.append(Point(lon, lat, _("The place you chose")))
    take_away.show_take_away(city, found)
    st.page_link(
        page.DISTRICTS,
        label=_("Score districts by this"),
        icon=":material/grid_view:",
        query_params=ask.address(city),
    )
    return marks, unsure


def draw() -> None:
    """The page."""
    city = page.with_city(_("Ask"))
    if city is None:
        return
    say_beside(city)
    draw_bar(city)
    when.switch_years(city, changed=False)
    question: Question | None = None
    result: Found | AetherError | None = None
    try:
        question = ask.current(city)
        result = answered(question)
    except AetherError as error:
        result = error
    found = result if isinstance(result, Found) else None
    if question is not None and question.at is None:
        whole = found.result if found is not None and isinstance(found.result, Answer) else None
        chips.show_chips(city, question, whole)
    elif question is None:
        draw_examples(city)
    if isinstance(result, AetherError):
        with errors.boxed(state.reachable):  # above the map, below which a phone's panel stands
            if question is None and ask.has_link():
                chips.show_read_again()
            raise result
    marks: list[Point] = []
    unsure: npt.NDArray[np.bool_] | None = None
    with st.container(key="ask-body"):
        picture, panel = st.columns([7, 3], gap="medium")
    with panel, errors.boxed(state.reachable):
        if found is None or question is None:
            draw_hint(city)
        elif isinstance(found.result, Answer) and not found.result.paints:
            draw_unanswered(found)
            found = None
        else:
            marks, unsure = draw_panel(city, question, found)
    with picture, errors.boxed(state.reachable):
        draw_map(city, found, marks, SHARES[st.session_state.get("share") or "All"], unsure)


page.through_router()
with errors.boxed(state.reachable):
    draw()
