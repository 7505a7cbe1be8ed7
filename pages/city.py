"""City: what one city holds and what was left out; add one, fetch one, remove one."""

import streamlit as st

from aether_core.eo.embedding_kind import kind_title
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.language import _, date, figure, mark
from ui.fetch import batch as fetch_batch
from ui.fetch import form as fetch_form
from ui.fetch import jobs as fetch_jobs
from ui.fetch import next_steps, real_demo
from ui.fetch import year as fetch_year
from ui.forms import add as add_form
from ui.forms import places as places_form
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.map import map as city_map
from ui.map.nearby import places_of
from ui.shell import errors, notice, page, rights, state
from ui.shell.text import count, facts, plain, sentence
from workflows.accounts.acting import REMOVE_CITY
from workflows.cities.cities import CitySummary, remove_city_numbered, show_city
from workflows.fetch.fetch import FetchSummary

MAP_HEIGHT = 560
SHOW, ADD = mark("This city"), mark("Add a city")
FETCH, FILES, MANY = mark("From public data"), mark("From your files"), mark("A list of cities")
WAYS = {"add": FETCH, "fetch": FETCH, "files": FILES, "many": MANY}
ABOUT = {
    FETCH: mark(
        "Satellite data and places come from public servers: choose the area, check "
        "the estimate, start. No account needed."
    ),
    FILES: mark("Upload satellite data (an AlphaEarth embedding) and a file of places."),
    MANY: mark("Several cities from public data, listed in a table with one row each."),
}


def draw_places(city: CitySummary) -> None:
    """The city's boundary and places on a map."""
    frame = places_of(city)
    city_map.draw_map(
        city,
        key="city-map",
        height=MAP_HEIGHT,
        alt=_("Map of the places of {name}", name=city.name),
        with_places=True,
        with_footprint=True,
    )
    st.caption(
        _(
            "Grey line: the city's boundary. Orange line: extent of the satellite data. Dots: "
            "places."
        )
    )
    if len(frame) < city.pois:
        st.caption(_("{frame:,} of {pois:,} places are shown.", frame=len(frame), pois=city.pois))


def draw_facts(city: CitySummary) -> None:
    """The figures of the city."""
    kind = FILE_KINDS[city.embedding_kind].unit
    made_up = _(", made up (demo)") if city.simulated else ""
    read = f"{city.year}, {figure(city.pixels, ',')} {kind}{made_up}"
    facts(
        {
            _("Places"): figure(city.pois, ","),
            sentence(_(city.unit.several)): city.units_in_words,
            **_lengths(city),
            _("Satellite data"): f"{kind_title(city.embedding)} {read}",
            **_further_years(city),
            _("Surroundings considered"): _surroundings(city),
            _("Coordinates"): city.crs,
            _("Short name"): city.slug,
            _("Model in use"): city.model or _("none yet"),
            _("Added"): date(city.created),
        }
    )


def _surroundings(city: CitySummary) -> str:
    if city.cell_resolution is None:
        return _("the area of each place, and those beside it")
    return _("{radius_m:g} m around each place", radius_m=city.radius_m)


def _lengths(city: CitySummary) -> dict[str, str]:
    """How long the vectors of areas were before they were brought to length 1."""
    if city.vector_length is None:
        return {}
    least, median, most = city.vector_length
    return {
        _("Length of the vectors"): _(
            "{least:.2f} to {most:.2f}, median {median:.2f}", least=least, most=most, median=median
        )
    }


def _further_years(city: CitySummary) -> dict[str, str]:
    """The years of a city that holds several."""
    return {_("Years"): ", ".join(map(str, city.years))} if len(city.years) > 1 else {}


def draw_dropped(city: CitySummary) -> None:
    """What the file or source of places held and the city does not."""
    st.header(_("Left out"), anchor=False)
    dropped = {reason: number for reason, number in city.pois_dropped.items() if number}
    if not dropped and not city.pois:
        st.caption(_("No places were given, so there was none to leave out."))
        return
    if not dropped:
        st.caption(_("Every place of the sources is in the city."))
        return
    left_out = count(sum(dropped.values()), "place")
    st.caption(_("{places} of the sources could not be used.", places=left_out))
    ordered = sorted(dropped.items(), key=lambda item: -item[1])
    st.dataframe(
        {
            _("Reason"): [_(reason) for reason, number in ordered],
            _("Places"): [number for reason, number in ordered],
        },
        hide_index=True,
        key="dropped",
    )


def draw_removal(city: CitySummary) -> None:
    """Remove the city once its short name has been typed."""
    with st.popover(
        _("Remove this city"),
        icon=":material/delete:",
        width="stretch",
        **rights.needing(REMOVE_CITY.role),
    ):
        st.write(
            _(
                "This removes **{name}** with {places}, {models} and {layers}. It cannot be "
                "undone.",
                name=plain(city.name),
                places=count(city.pois, "place"),
                models=count(city.models, "model"),
                layers=count(city.layers, "layer"),
            )
        )
        typed = st.text_input(
            _("Type {slug} to confirm", slug=city.slug), key=f"confirm-{city.slug}"
        )
        refusal = st.container()  # above the button: below it may be beyond the window's edge
        if st.button(
            _("Remove permanently"),
            type="primary",
            disabled=typed != city.slug,
            key=f"remove-{city.slug}",
        ):
            with refusal, errors.boxed(state.reachable):
                remove_city_numbered(state.store(), city.id)
                state.leave_city()
                notice.say(_("The city was removed."))
                st.rerun()


def added(panel: Panel) -> None:
    """Show the city that was just added."""
    if not panel.ended:
        return
    slug = str(panel.ended[0].result["city"])
    state.choose_later(slug)
    st.session_state["city-next"] = SHOW
    notice.say(_("{name} was added.", name=show_city(state.store(), slug).name))
    st.rerun()


def look_at_places(city: CitySummary) -> Panel:
    """The places on their way in; says so and runs again once some have come."""
    panel = places_form.look(city)
    if panel.ended:
        notice.say(
            _("{places} were added.", places=count(int(panel.ended[0].result["added"]), "place"))
        )
        st.rerun()
    return panel


def fetched() -> None:
    """Show the city that this visit waited for, once it is there."""
    fetch = fetch_jobs.arrived()
    if fetch is None:
        return
    if fetch.request.extends:
        notice.say(
            _(
                "{years} was added to {name}.",
                years=_(" and ").join(map(str, fetch.request.years)),
                name=fetch.name,
            )
        )
        return
    if not fetch.city_exists:
        return
    next_steps.greet(fetch)
    state.choose_later(fetch.slug)
    st.session_state["city-next"] = SHOW
    st.rerun()


def settle_view(*, has_city: bool) -> None:
    """Decide what to show before anything is drawn."""
    following = st.session_state.pop("city-next", None)
    asked = WAYS.get(following or st.query_params.get("do", ""))
    if following == SHOW and has_city:
        st.session_state["city-view"] = SHOW
    elif not has_city or following or ("city-view" not in st.session_state and asked):
        st.session_state["city-view"] = ADD
    else:
        st.session_state.setdefault("city-view", SHOW)
    if asked and (following or "add-way" not in st.session_state):
        st.session_state["add-way"] = asked
    st.session_state.setdefault("add-way", FETCH)


def draw_adding(panel: Panel) -> None:
    """The ways to add a city, and what is on its way in."""
    with errors.boxed(state.reachable):
        fetch_jobs.show_fetches()
        if st.session_state["add-way"] != FILES:
            job_panel.show_jobs(panel)
    way = st.segmented_control(
        _("Data sources"),
        list(ABOUT),
        required=True,
        key="add-way",
        format_func=_,
        label_visibility="collapsed",
    )
    st.caption(_(ABOUT[way or FETCH]))
    with errors.boxed(state.reachable):
        if way == FETCH:
            fetch_form.ask_fetch(fetch_started)
        elif way == FILES:
            add_form.ask_city(panel)
        else:
            fetch_batch.ask_batch()


def fetch_started(fetch: FetchSummary) -> None:
    """Show the fetch that was just queued at work."""
    fetch_jobs.follow(fetch)
    st.rerun()


def draw_sources(city: CitySummary) -> None:
    """What a fetched city was made from."""
    if not city.sources:
        return
    with st.expander(_("Sources")):
        for one in city.sources:
            version = f", {plain(str(one['version']))}" if one.get("version") else ""
            licence = f" · {plain(str(one['licence']))}" if one.get("licence") else ""
            st.markdown(f"**{plain(str(one.get('title') or one.get('kind')))}**{version}{licence}")


def draw() -> None:
    """The page."""
    fetched()
    panel = add_form.look()
    added(panel)
    city = state.city(state.read_cities())  # with one that came just now
    settle_view(has_city=city is not None)
    adding = st.session_state["city-view"] == ADD
    page.heading(_("Add a city") if adding else _("City"), None if adding else city)
    if city is not None:
        st.segmented_control(
            _("What to do"),
            [SHOW, ADD],
            required=True,
            key="city-view",
            label_visibility="collapsed",
            format_func=_,
        )
    if adding or city is None:
        draw_adding(panel)
        return
    places_panel = look_at_places(city)
    next_steps.show_next_steps(city)
    with errors.boxed(state.reachable):
        fetch_jobs.show_fetches(city.slug)
    picture, aside = st.columns([3, 1], gap="medium")
    with aside:
        draw_facts(city)
        fetch_year.ask_year(city, fetch_started)
        draw_sources(city)
        draw_dropped(city)
        draw_removal(city)
    with picture, errors.boxed(state.reachable):
        draw_places(city)
        places_form.ask_places(city, places_panel)
        real_demo.offer_real_demo(city)


page.through_router()
with errors.boxed(state.reachable):
    draw()
