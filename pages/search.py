"""Search: ask in words or by pointing, see the map, keep the answer or take it away."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from aether_core.errors import AetherError
from aether_core.search.support import Support
from ui.ask import question as ask
from ui.jobs import made_file
from ui.map import cells, ground, legend, ramp
from ui.map import map as city_map
from ui.map.cells import CellValues
from ui.map.coloured import Shown
from ui.map.map import Point
from ui.map.nearby import nearest_names, places_of, spread_out
from ui.shell import errors, page, state
from ui.shell.text import plain, rows
from workflows.cities.cities import CitySummary, categories
from workflows.layers.export import export_scores
from workflows.layers.file_kinds import SEARCH_FILE, search_file
from workflows.layers.layers import default_title, keep_layer
from workflows.search.search import CellScores, PlaceHit, search_places
from workflows.search.support import support_of
from workflows.training.representation import model_for

MAP_HEIGHT = 600
CHIPS = 6
TOP_CELLS = 6
TOP_PLACES = 20
LOOKED_AT = 1000
SHARES = {"All": 0.0, "25 %": 75.0, "10 %": 90.0, "1 %": 99.0}


@dataclass(frozen=True)
class Spot:
    """A good cell, named after what is nearest; WGS84."""

    title: str
    lon: float
    lat: float
    score: float


def draw_question(city: CitySummary) -> None:
    """The boxes and the chips."""
    words, minus = st.columns([3, 2])
    with words:
        st.text_input(
            "What are you looking for?",
            key=ask.WORDS,
            placeholder="in plain words, such as: a night out",
            disabled=city.model is None,
            bind="query-params",
            on_change=ask.words_changed,
            icon=":material/search:",
        )
    with minus:
        st.text_input(
            "But not",
            key=ask.MINUS,
            placeholder="optional, such as: traffic",
            disabled=city.model is None,
            bind="query-params",
            on_change=ask.words_changed,
            icon=":material/do_not_disturb_on:",
        )
    options = [*ask.EXAMPLES, *(name for name, _ in categories(state.store(), city.slug, CHIPS))]
    st.pills(
        "Examples",
        list(dict.fromkeys(options)),
        key=ask.CHIP,
        on_change=ask.ask_chip,
        disabled=city.model is None,
        label_visibility="collapsed",
    )


def draw_map(
    city: CitySummary, scores: CellScores | None, found: list[Point], least: float
) -> None:
    """The city with the answer on it; a click asks for places like the one clicked."""
    values, marks, title = None, [], ""
    if scores is not None:
        steps = ramp.percentile_steps(dark=state.is_dark(), on_ground=ground.has_shapes(city))
        shown = np.where(scores.percentile >= least, scores.percentile, np.float32("nan"))
        values = CellValues(
            scores.h3, Shown(shown, steps, "percentile", note="click for places like this")
        )
        title = (
            f"Like {scores.at[1]:.4f}, {scores.at[0]:.4f}" if scores.at else default_title(scores)
        )
        marks = [Point(*scores.at, "The place you clicked")] if scores.at else []
        marks += found
    with st.container(key="map-frame-search", gap=None):
        city_map.draw(
            city,
            key=f"search-map-{city.slug}",
            height=MAP_HEIGHT,
            alt=f"Map of {city.name}: {title or 'no query yet'}",
            cells=values,
            targets=cells.all_of(city) if city.model else None,
            points=city_map.points_of(places_of(city)) if scores is None else [],
            marks=marks,
            on_click=ask.ask_like if city.model else None,
        )
        if values is not None:
            legend.draw(
                title, "percentile of the city's cells", steps, names=legend.PERCENTILE_NAMES
            )


def best_spots(city: CitySummary, scores: CellScores) -> list[Spot]:
    """The best cells that lie apart: within one radius they see the same surroundings."""
    best = scores.best(LOOKED_AT)
    lonlat = np.array([[cell["lon"], cell["lat"]] for cell in best])
    kept = spread_out(lonlat, city.radius_m, TOP_CELLS)
    names = nearest_names(city, lonlat[kept])
    return [
        Spot(
            f"near {name}" if name else best[i]["cell"],
            float(lonlat[i, 0]),
            float(lonlat[i, 1]),
            best[i]["score"],
        )
        for i, name in zip(kept, names, strict=True)
    ]


def draw_spots(scores: CellScores, spots: list[Spot]) -> None:
    """The best spots as a list."""
    rows((spot.title, f"{spot.lat:.5f}, {spot.lon:.5f}", f"{spot.score:.3f}") for spot in spots)
    st.caption(
        f"Best-scoring places of {len(scores.h3):,} cells, spaced apart. Model: "
        f"{plain(scores.model)}. "
        "Score: cosine, -1 to 1."
    )


def draw_hits(hits: list[PlaceHit]) -> None:
    """The best places as a list."""
    with st.container(height=380, border=False):
        rows((hit.name or "Unnamed", hit.category or hit.group, f"{hit.score:.3f}") for hit in hits)


def draw_actions(city: CitySummary, scores: CellScores) -> None:
    """Keep the answer or take it away."""
    name = default_title(scores)
    keeping, taking = st.columns(2, gap="small")
    with keeping, st.popover("Keep", icon=":material/bookmark_add:", width="stretch"):
        title = st.text_input("Title of the layer", name, key=f"title-{name}", max_chars=200)
        if st.button("Save as layer", type="primary", key="keep"):
            with errors.boxed(state.reachable):
                layer = keep_layer(state.store(), scores, title)
                st.success(f"Kept as {plain(layer.title)}.")
                st.page_link(page.LAYERS, label="See it under Layers", width="stretch")
    with taking, st.popover("Download", icon=":material/download:", width="stretch"):
        st.caption("Every cell with its score and percentile, WGS84.")
        with errors.boxed(state.reachable):
            made_file.in_a_format(
                f"{city.slug}-{name}",
                city.slug,
                SEARCH_FILE,
                lambda suffix: search_file(state.store(), scores, suffix),
                lambda path: export_scores(scores, path),
                key="search",
                features=len(scores.h3),
            )


def draw_hint(city: CitySummary) -> None:
    """What to do while there is no answer."""
    if city.model is None:
        page.empty(
            "This city has no model yet",
            "Train its model first; then the city can be searched in plain words.",
            page.TRAIN,
            "Train its model",
        )
        return
    st.subheader("Search the city", anchor=False)
    st.write(
        "Type what you are looking for, choose an example, "
        "or click the map to find places like the one you clicked."
    )


def answered(question: ask.Question | None) -> CellScores | AetherError | None:
    """The answer, or the error it ended in: the map is drawn either way."""
    if question is None:
        return None
    try:
        with st.spinner("Searching"):
            return ask.answer(question)
    except AetherError as error:
        return error


def support_for(question: ask.Question) -> Support | None:
    """Whether the city can answer the words; None for an example on the map."""
    if question.at is not None:
        return None
    store = state.store()
    return support_of(store, model_for(store, question.city, question.model), question.words)


def draw_unanswered(support: Support) -> None:
    """Why nothing is painted, and what can be asked instead."""
    st.subheader("The city cannot answer this", anchor=False)
    st.write(plain(support.reason))
    if support.nearest:
        st.write(plain(f"It does know: {', '.join(support.nearest)}."))


def draw() -> None:
    """The page."""
    city = page.with_city("Search")
    if city is None:
        return
    draw_question(city)
    question = ask.current(city)
    result = answered(question)
    scores = result if isinstance(result, CellScores) else None
    found: list[Point] = []
    least = 0.0
    picture, panel = st.columns([3, 1], gap="medium")
    with panel, errors.boxed(state.reachable):
        if isinstance(result, AetherError):
            raise result
        support = support_for(question) if scores is not None and question else None
        if scores is None or question is None:
            draw_hint(city)
        elif support is not None and not support.paints:
            draw_unanswered(support)
            scores = None
        else:
            found, least = draw_panel(city, question, scores)
            if support is not None:
                st.caption(plain(f"Support: {support.level}. {support.reason}"))
    with picture, errors.boxed(state.reachable):
        draw_map(city, scores, found, least)


def draw_panel(
    city: CitySummary, question: ask.Question, scores: CellScores
) -> tuple[list[Point], float]:
    """The answer beside the map; returns the places to mark and the least percentile to colour."""
    if question.at is not None:
        st.markdown(f"**Places like {question.at[1]:.5f}, {question.at[0]:.5f}**")
        st.button(
            "Back to text search",
            on_click=ask.forget_point,
            icon=":material/undo:",
            type="tertiary",
            key="back",
        )
    share = st.segmented_control(
        "Highlight top",
        list(SHARES),
        default="All",
        required=True,
        key="share",
        persist_state="session",
    )
    view = "Cells"
    if question.at is None:
        view = st.segmented_control(
            "List",
            ["Cells", "Places"],
            default="Cells",
            required=True,
            key="list",
            persist_state="session",
        )
    if view == "Places":
        hits = search_places(
            state.store(), city.slug, question.words, top=TOP_PLACES, minus=question.minus or None
        )
        draw_hits(hits)
        found = [Point(hit.lon, hit.lat, hit.name or hit.category, hit.category) for hit in hits]
    else:
        spots = best_spots(city, scores)
        draw_spots(scores, spots)
        found = [Point(spot.lon, spot.lat, f"{n}. {spot.title}") for n, spot in enumerate(spots, 1)]
    draw_actions(city, scores)
    return found, SHARES[share]


page.through_router()
with errors.boxed(state.reachable):
    draw()
