"""Districts: what is in an area, beside the city and beside another one."""

from dataclasses import dataclass

import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _, translated
from aether_core.tasks.kinds.classes import CLASSES
from ui.ask import question as ask
from ui.ask import take_away
from ui.ask.colours import coloured
from ui.ask.waiting import shown_if_slow
from ui.districts import areas, drawing, figures, progress_bar, sources
from ui.districts.areas import BESIDE, CHOSEN, WHOLE, Districts
from ui.districts.drawing import Drawn, Outline, Role
from ui.map import legend
from ui.shell import downloads, errors, page, state
from ui.shell.text import count, plain, worded
from workflows.cities.cities import CitySummary
from workflows.layers.export import export_profile
from workflows.layers.layers import list_layers
from workflows.layers.profile import AreaProfile, prepare, profile_shapes
from workflows.layers.scored import QUESTION, Scored, scored
from workflows.search.ask import Answer
from workflows.search.search import CellScores

MAP_HEIGHT = 560
PREPARED = "districts-prepared"


@dataclass(frozen=True)
class Asked:
    """The question the areas are scored by: its answer, and that as scores of ground."""

    result: Answer | CellScores
    scores: Scored


def draw_question(city: CitySummary) -> Asked | None:
    """The question whose scores the areas get, where one is asked and can be answered."""
    st.text_input(
        _("Score the areas by a question (optional)"),
        key=ask.WORDS,
        placeholder=_("such as: homes near a park and a school, away from main roads"),
        disabled=city.model is None,
        bind="query-params",
        on_change=ask.words_changed,
        icon=":material/search:",
    )
    found: Asked | None = None
    with errors.boxed(state.reachable):
        question = ask.current(city)
        if question is not None:
            found = score(question)
    return found


def score(question: ask.Question) -> Asked | None:
    """The scores of a question; None where the city cannot answer it, which is said."""
    with shown_if_slow(_("Searching"), kind=(question.city, question.model)):
        result = ask.answer(question).result
    if isinstance(result, Answer) and not result.paints:
        st.caption(_("The city cannot answer this, so the areas get no score of it."))
        return None
    if question.edited and question.at is None:
        st.caption(plain("; ".join(one.label for one in question.criteria)))
    if question.areas:
        names = ", ".join(one.words for one in question.areas)
        st.caption(
            plain(_("Only ground in {names} is scored: the search is limited to it.", names=names))
        )
    return Asked(result, scored(result))


def profiled(
    city: CitySummary, now: Districts, asked: Asked | None
) -> AreaProfile | AetherError | None:
    """The figures, or the error they ended in; None without an area."""
    try:
        shapes = areas.shapes(city, now)
        if not shapes:
            return None
        with progress_bar.progress_bar(
            _("Figures of {areas}", areas=count(len(shapes), "area"))
        ) as progress:
            return profile_shapes(
                state.store(), city.slug, shapes, scored=_scores(asked), progress=progress
            )
    except AetherError as error:
        return error


def choose(found: AreaProfile) -> tuple[str, str]:
    """Which area is looked at, and beside what."""
    names = found.profile.ground.name.tolist()
    if st.session_state.get(CHOSEN) not in names:
        st.session_state[CHOSEN] = names[0]
    left, right = st.columns(2, gap="small")
    area = left.selectbox(_("Area"), names, key=CHOSEN)
    others = [WHOLE, *(name for name in names if name != area)]
    if st.session_state.get(BESIDE) not in others:
        st.session_state[BESIDE] = WHOLE
    return area, right.selectbox(_("Beside"), others, key=BESIDE, format_func=worded(WHOLE))


def draw_map(
    city: CitySummary,
    now: Districts,
    found: AreaProfile | None,
    compared: tuple[str, str],
    asked: Scored | None,
) -> None:
    """The city with its districts; those that are compared in the colours of their bars."""
    area, beside = compared
    painted = None if asked is None else coloured(city, asked.units, asked.percentile, asked.title)
    roles: dict[str, Role] = {beside: "b", area: "a"}
    outlines = []
    if found is not None:
        ground = found.profile.ground
        outlines = [
            Outline(name, shape, roles.get(name, "rest"))
            for name, shape in zip(ground.name.tolist(), ground.geometry, strict=True)
            if name != now.active or now.unusable is not None
        ]
        outlines.sort(key=lambda one: one.role != "rest")
    name = now.active if now.unusable is None else None
    drawing.show_drawing_map(
        city,
        Drawn(now.on_map, name or "", roles.get(name or "", "rest"), now.version),
        outlines,
        key=f"district-map-{city.slug}",
        on_drawn=lambda shape: areas.take_drawn(city, shape),
        on_picked=lambda picked: areas.choose(city, picked),
        height=MAP_HEIGHT,
        answer=painted,
    )
    if painted is not None and painted.legend is not None:
        st.html(legend.as_html(painted.legend))
    if now.problem is not None:
        errors.show(now.problem)


def draw_figures(
    city: CitySummary, found: AreaProfile, area: str, beside: str, asked: Asked | None
) -> None:
    """What is in the area, and what can be done with it."""
    titles = {QUESTION: asked.scores.title} if asked is not None else {}
    titles |= {one.layer: one.title for one in list_layers(state.store(), city.slug)}
    figures.show_figures(found, area, beside, titles)
    figures.show_all(found)
    for note in found.notes:
        words = translated(note)
        st.caption(plain(f"{words[:1].upper()}{words[1:]}."))
    if not found.layers:
        st.page_link(
            page.of_task(CLASSES.name),
            label=_("Make a map of land use"),
            icon=":material/category:",
        )
    with st.popover(_("Download"), icon=":material/download:", width="stretch"):
        st.caption(_("Every area with every figure, its interval and the sentence, WGS84."))
        with errors.boxed(state.reachable):
            downloads.buttons(
                f"{city.slug}-districts", lambda path: export_profile(found, path), key="districts"
            )
    if asked is not None:
        take_away.make_report(city, asked.result)
    draw_limit(city, found, area)


def draw_limit(city: CitySummary, found: AreaProfile, area: str) -> None:
    """Search this area alone."""
    if st.button(
        _("Search only in {area}", area=plain(area)),
        icon=":material/search:",
        width="stretch",
        key="search-here",
        disabled=city.model is None,
    ):
        with errors.boxed(state.reachable):
            ground = found.profile.ground
            areas.limit_search(city, area, ground.geometry[found.profile.row_of(area)])
    limits = ask.areas(city)
    if limits:
        st.page_link(
            page.SEARCH,
            label=_(
                "Search is limited to {words}",
                words=plain(", ".join(one.words for one in limits)),
            ),
            icon=":material/arrow_forward:",
            query_params=ask.address(city),
        )


def draw_hint() -> None:
    """What to do while there is no area."""
    st.header(_("Draw a district"), anchor=False)
    st.write(
        _(
            "Choose Lasso, Box or Polygon on the map and draw around the ground you are interested "
            "in, or take districts from a file or a saved layer. Its figures appear here, beside "
            "the "
            "whole city's. Draw a second one to compare the two."
        )
    )


def _scores(asked: Asked | None) -> Scored | None:
    return None if asked is None else asked.scores


def prepare_once(city: CitySummary) -> None:
    """Let the city's ground be read while the first district is being drawn."""
    if st.session_state.get(PREPARED) != city.slug:
        st.session_state[PREPARED] = city.slug
        prepare(state.store(), city.slug)


def draw() -> None:
    """The page."""
    city = page.with_city(_("Districts"))
    if city is None:
        return
    prepare_once(city)
    asked = draw_question(city)
    sources.ask_districts(city)
    now = areas.current(city)
    with st.container(key="district-body"):
        picture, panel = st.columns([6, 5], gap="medium")
    with panel, errors.boxed(state.reachable):
        result = profiled(city, now, asked)
        found = result if isinstance(result, AreaProfile) else None
        area, beside = choose(found) if found is not None else ("", WHOLE)
    with picture, errors.boxed(state.reachable):
        draw_map(city, now, found, (area, beside), _scores(asked))
        sources.show_list(city, now)
    with panel, errors.boxed(state.reachable):
        if isinstance(result, AetherError):
            raise result
        if found is None:
            draw_hint()
        else:
            draw_figures(city, found, area, beside, asked)


page.through_router()
with errors.boxed(state.reachable):
    draw()
