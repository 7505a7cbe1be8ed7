"""Change: where the city has moved towards a query from one year to another."""

import numpy as np
import streamlit as st

from aether_core.charts import change_histogram
from aether_core.charts.words import percent
from aether_core.errors import AetherError
from aether_core.language import _, figure, mark
from ui.ask import change as change_ask
from ui.ask import when
from ui.ask.waiting import shown_if_slow
from ui.jobs import made_file
from ui.jobs import panel as job_panel
from ui.jobs.links import LAYER
from ui.map import ground
from ui.map import map as city_map
from ui.map.map import Point
from ui.map.nearby import nearest_names, spread_out
from ui.maps import layer_map, swipe, views
from ui.maps.change_views import change_view
from ui.maps.views import Look
from ui.shell import chart, errors, page, rights, state
from ui.shell.text import plain, rows, sentence
from workflows.cities.cities import CitySummary
from workflows.layers.export import export_change
from workflows.layers.file_kinds import CHANGE_FILE, change_file
from workflows.layers.job_kind import CHANGE, ChangeLayer
from workflows.search.change import CAUTION, CellChange, in_words

DIFFERENCE, BOTH = mark("Difference"), mark("Two years")
TOP, LOOKED_AT = 6, 1000
HISTOGRAM_HEIGHT = 260


def draw_one_year(city: CitySummary) -> None:
    """What to do when there is nothing to compare."""
    page.empty(
        _("This city has one year only, {year}", year=city.year),
        _(
            "Mapping change takes two. Fetch a city from public data with several years, or add "
            "satellite data of another year, of the same kind and encoding."
        ),
        page.CITY,
        _("Add a city with several years"),
    )
    st.caption(_("On the command line, for this city:"))
    st.code(f"./aether city add-year {city.slug} --year YEAR --embedding FILE.tif", language=None)


def marks_of(city: CitySummary, found: CellChange) -> list[Point]:
    """The cells that moved most towards the query and lie apart, named after what is near."""
    best = [cell for cell in found.best(LOOKED_AT) if cell["beyond_noise"] and cell["change"] > 0]
    if not best:
        return []
    lonlat = np.array([[cell["lon"], cell["lat"]] for cell in best])
    kept = spread_out(lonlat, city.radius_m, TOP)
    names = nearest_names(city, lonlat[kept])
    return [
        Point(
            float(lonlat[i, 0]),
            float(lonlat[i, 1]),
            _("{n}. near {name}", n=n, name=name) if name else f"{n}. {best[i]['cell']}",
            figure(best[i]["change"], "+.3f"),
        )
        for n, (i, name) in enumerate(zip(kept, names, strict=True), 1)
    ]


def draw_difference(city: CitySummary, found: CellChange, marks: list[Point]) -> None:
    """The map of the change."""
    noise = found.noise
    view = change_view(change_ask.values_of(found), noise.low, noise.high, found.title)
    city_map.draw_map(
        city,
        key=f"change-map-{city.slug}",
        alt=_("Map of {name}: change towards {title}", name=city.name, title=found.title),
        layers=[layer_map.of_units(found.units, view)],
        marks=marks,
    )


def draw_both(city: CitySummary, found: CellChange) -> None:
    """The two years on either side of the divider, in the same colours."""
    pair = views.same_scale(
        (found.score_from, found.score_to),
        ("score", "score"),
        (found.title, found.title),
        _("match, -1 to 1"),
        Look(dark=state.is_dark(), on_ground=ground.has_shapes(city)),
    )
    swipe.show_swipe(
        city,
        [layer_map.of_units(found.units, view) for view in pair],
        (str(found.year_from), str(found.year_to)),
        key=f"change-years-{city.slug}",
    )


def draw_histogram(found: CellChange) -> None:
    """How many cells changed by how much."""
    chart.show_chart(
        change_histogram(
            found.change, found.noise.low, found.noise.high, _(found.units.kind.several)
        ),
        "change-histogram",
        height=HISTOGRAM_HEIGHT,
        alt=_("Histogram of change with the noise band"),
    )


def draw_panel(city: CitySummary, found: CellChange, marks: list[Point]) -> None:
    """The sentence, the figures, the list, what can be done with it."""
    st.write(plain(in_words(found)))
    unit = found.units.kind
    left, right = st.columns(2, gap="small")
    left.metric(
        _("Within noise"),
        percent(found.share_below_noise, 1),
        help=_(
            "Share of {several} that changed no more than stable ones do from one year to "
            "the other",
            several=_(unit.several),
        ),
    )
    right.metric(
        _("Moved towards"),
        figure(found.towards, ","),
        help=_("{several} beyond noise", several=sentence(_(unit.several))),
    )
    if found.lacking:
        st.caption(
            _(
                "{units} without data in one of the years are left out.",
                units=unit.counted(found.lacking),
            )
        )
    if marks:
        rows(
            (mark.title.partition(". ")[2], f"{mark.lat:.5f}, {mark.lon:.5f}", mark.note)
            for mark in marks
        )
    st.caption(_("By {model}. {caution}", model=plain(found.model), caution=_(CAUTION)))
    draw_actions(city, found)


def draw_actions(city: CitySummary, found: CellChange) -> None:
    """Keep the change or take it away."""
    keeping, taking = st.columns(2, gap="small")
    with (
        keeping,
        st.popover(
            _("Save to Maps"),
            icon=":material/bookmark_add:",
            width="stretch",
            **rights.needing(CHANGE.role),
        ),
    ):
        title = st.text_input(
            _("Title of the layer"), found.title, key=f"title-{found.title}", max_chars=200
        )
        with errors.boxed(state.reachable):
            keep(city, found, title)
    with taking, st.popover(_("Download"), icon=":material/download:", width="stretch"):
        st.caption(
            _(
                "Every {one} with both scores, the change, and whether it is beyond noise.",
                one=_(found.units.kind.one),
            )
        )
        with errors.boxed(state.reachable):
            made_file.in_a_format(
                f"{city.slug}-{found.title}",
                city.slug,
                CHANGE_FILE,
                lambda suffix: change_file(state.store(), found, suffix),
                lambda path: export_change(found, path),
                key="change",
                features=len(found.units),
            )


def keep(city: CitySummary, found: CellChange, title: str) -> None:
    """Keep the change as a layer, with what works on it."""
    request = ChangeLayer(
        found.query,
        found.year_from,
        found.year_to,
        found.minus,
        found.model,
        title.strip() or None,
    )
    asked = CHANGE.to_document(request)
    panel = job_panel.look(
        "change",
        city.slug,
        [CHANGE],
        lambda job: all(job.request[name] == asked[name] for name in asked if name != "title"),
    )
    go = job_panel.button(
        panel,
        _("Save as layer"),
        key="keep-change",
        icon=":material/bookmark_add:",
        request=request,
    )
    if go:
        job_panel.start(panel, CHANGE, request)
    for job in panel.ended:
        st.success(_("Kept as {title}.", title=plain(job.title)))
        st.page_link(
            page.LAYERS,
            label=_("See it under Maps"),
            width="stretch",
            query_params={state.CITY: city.slug, LAYER: str(job.result[LAYER])},
        )


def answered(asked: change_ask.Asked | None) -> CellChange | AetherError | None:
    """The answer, or the error it ended in: the map is drawn either way."""
    if asked is None:
        return None
    try:
        with shown_if_slow(_("Scoring both years"), kind=(asked.city, asked.model, "change")):
            return change_ask.answer(asked)
    except AetherError as error:
        return error


def draw() -> None:
    """The page."""
    city = page.with_city(_("Change"))
    if city is None:
        return
    if city.model is None:
        page.needs_model(city, _("Changes are scored with the city's model"))
        return
    if len(city.years) < 2:
        draw_one_year(city)
        return
    when.switch_years(city, changed=True)
    asked = change_ask.ask_change(city)
    result = answered(asked)
    found = result if isinstance(result, CellChange) else None
    marks = marks_of(city, found) if found else []
    if isinstance(result, AetherError):
        with errors.boxed(state.reachable):
            raise result
    picture, panel = st.columns([3, 1], gap="medium")
    with panel, errors.boxed(state.reachable):
        if found is None:
            st.header(_("Ask what has changed"), anchor=False)
            st.write(
                _(
                    "Type what there may be more of, or choose an example, and pick two years. "
                    "Only "
                    "changes beyond the usual difference between years are coloured."
                )
            )
        else:
            view = st.segmented_control(
                _("Show"),
                [DIFFERENCE, BOTH],
                default=DIFFERENCE,
                required=True,
                key="change-view",
                format_func=_,
            )
            draw_panel(city, found, marks)
    with picture, errors.boxed(state.reachable):
        if found is None or asked is None:
            city_map.draw_map(
                city,
                key=f"change-map-{city.slug}",
                alt=_("Map of {name}: no query yet", name=city.name),
            )
            return
        if view == BOTH:
            draw_both(city, found)
        else:
            draw_difference(city, found, marks)
        draw_histogram(found)


page.through_router()
with errors.boxed(state.reachable):
    draw()
