"""The figures of a district beside the city's and another's: a sentence, bars, a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from aether_core.charts.districts import Bar, bars_height, profile_bars
from aether_core.language import _, mark, tag, translated
from aether_core.search.profile.figures import BLOCKS, GROUND, INTERVALS, MAP_ERROR, PLACES, POISSON
from aether_core.search.profile.words import told, told_number, told_range, told_unit
from ui.districts.areas import WHOLE
from ui.shell import chart
from ui.shell.text import facts, plain
from workflows.layers.profile import AreaProfile
from workflows.layers.scored import QUESTION

_NUMBER_OF_PLACES: Final = "places"
_EVERY_PLACE: Final = "places_per_km2"
_FIRST_GROUPS: Final = 8

_ABOUT: Final = {
    POISSON: mark("of counts by chance"),
    MAP_ERROR: mark("of the map's error"),
    BLOCKS: mark("over other ground like this"),
}

Fact = Mapping[str, Any]


@dataclass(frozen=True)
class _Compared:
    """An area, perhaps another one, and the city.

    Attributes:
        who: Their names, the city's last.
        figures: Of each, value with the ends of its interval by figure.
        short: What each figure is called below the title of its source.
    """

    who: tuple[str, ...]
    figures: tuple[Mapping[str, Mapping[str, float | None]], ...]
    short: Mapping[str, str]

    def bars(self, figure: Fact) -> list[Bar]:
        """One bar for each of them."""
        name = figure["name"]
        return [
            Bar(self.short[name], who, one[name]["value"], one[name]["lo"], one[name]["hi"])
            for who, one in zip(self.who, self.figures, strict=True)
        ]


def show_figures(found: AreaProfile, area: str, beside: str, titles: Mapping[str, str]) -> None:
    """Draw the figures.

    Args:
        found: The profile.
        area: Name of the area.
        beside: Name of another one, or `WHOLE`.
        titles: What the sources of figures are called: the question, and layers; in this order.
    """
    profile = found.profile
    row = profile.row_of(area)
    st.markdown(f"**{plain(area)}.** {plain(translated(profile.sentence(row)))}")
    if beside != WHOLE:
        between = profile.between(area, beside)
        st.markdown(
            _(
                "**Beside {beside}.** {sentence}",
                beside=plain(beside),
                sentence=plain(translated(between["sentence"])),
            )
        )
    every = profile.facts()
    rows = [row, *([profile.row_of(beside)] if beside != WHOLE else [])]
    city = {
        one["name"]: {"value": one["city"], "lo": one["city_lo"], "hi": one["city_hi"]}
        for one in every
    }
    who = (area, *([beside] if beside != WHOLE else []), _(WHOLE))
    compared = _Compared(
        who,
        (*(profile.area(one)["figures"] for one in rows), city),
        {one.info.name: translated(one.info.short or one.info.label) for one in profile.figures},
    )
    _draw_sizes(compared, every)
    sources = dict.fromkeys([*titles, *(one["source"] for one in every)])
    for source in sources:
        of_source = [one for one in every if one["source"] == source]
        if of_source and source != GROUND:
            _draw_source(compared, of_source, titles)
    _draw_table(compared, every)


def _draw_sizes(compared: _Compared, every: Sequence[Fact]) -> None:
    """Size and number of places, which are counted, and the best spot of each score."""
    size, places, rate = (
        [one[name]["value"] for one in compared.figures]
        for name in ("area_km2", _NUMBER_OF_PLACES, _EVERY_PLACE)
    )
    lines = {
        who: _(
            "{km2} km² · {n} places · {each} per km²",
            km2=told_number(km2),
            n=told_number(n),
            each=told_number(each),
        )
        for who, km2, n, each in zip(compared.who, size, places, rate, strict=True)
    }
    facts(lines)
    for one in every:
        if one["unit"] == "percentile" and one["source"] == QUESTION:
            best = [figure[one["name"]]["value"] for figure in compared.figures[:-1]]
            spots = [
                _("{who}: above {value} %", who=who, value=int(value))
                for who, value in zip(compared.who, best, strict=False)
                if value is not None
            ]
            if spots:
                st.caption(
                    plain(_("Best spot, ranked in the city: {spots}.", spots="; ".join(spots)))
                )


def _draw_source(compared: _Compared, figures: Sequence[Fact], titles: Mapping[str, str]) -> None:
    """Bars of one layer, of the question, or of the places: one chart a unit."""
    source = figures[0]["source"]
    title = _("Places by kind") if source == PLACES else titles.get(source, source)
    shown = [
        one
        for one in figures
        if one["unit"] != "percentile" and one["name"] not in (_NUMBER_OF_PLACES, _EVERY_PLACE)
    ]
    for at, unit in enumerate(dict.fromkeys(one["unit"] for one in shown)):
        of_unit = [one for one in shown if one["unit"] == unit]
        if source == PLACES and len(of_unit) > _FIRST_GROUPS:
            every = st.toggle(
                _("All {of_unit} kinds of place", of_unit=len(of_unit)), key="district-all-places"
            )
            of_unit = of_unit if every else of_unit[:_FIRST_GROUPS]
        bars = [bar for one in of_unit for bar in compared.bars(one)]
        chart.draw_written(
            _written(
                tuple(bars),
                compared.who,
                "" if at else title,
                unit,
                _interval(of_unit[0]),
                tag(),
            ),
            f"district-{source}-{unit}",
            height=bars_height(bars, compared.who),
            alt=f"{title}, {told_unit(unit)}: {', '.join(compared.who)}",
        )


@st.cache_data(max_entries=64, show_spinner=False)
def _written(
    bars: tuple[Bar, ...],
    who: tuple[str, ...],
    title: str,
    unit: str,
    note: str,
    language: str,  # noqa: ARG001 - what is kept is in it
) -> dict[str, Any]:
    """Bars as Vega-Lite: writing a chart costs a hundred times what reading one does."""
    found: dict[str, Any] = profile_bars(bars, who, title=title, unit=unit, note=note).to_dict()
    return found


def _draw_table(compared: _Compared, every: Sequence[Fact]) -> None:
    with st.expander(_("All figures"), icon=":material/table:"):
        columns: dict[str, list[Any]] = {
            _("Figure"): [translated(one["label"]) for one in every],
            _("Unit"): [told_unit(one["unit"]) for one in every],
        }
        for who, figures in zip(compared.who, compared.figures, strict=True):
            columns[who] = [told(figures[one["name"]]["value"], one["unit"]) for one in every]
            columns[_("{who}, interval", who=who)] = [
                told_range(figures[one["name"]]["lo"], figures[one["name"]]["hi"], one["unit"])
                for one in every
            ]
        st.dataframe(pd.DataFrame(columns), hide_index=True, key="district-table")
        for kind in dict.fromkeys(one["interval"] for one in every):
            st.caption(plain(f"{_(kind)}: {_(INTERVALS[kind])}."))


def show_all(found: AreaProfile) -> None:
    """A line an area: where there are several, all of them at a glance."""
    profile = found.profile
    if len(profile.ground) < 2:
        return
    with st.expander(_("All {ground:,} areas", ground=len(profile.ground)), icon=":material/list:"):
        named = {figure.info.name: figure.value[:-1] for figure in profile.figures}
        st.dataframe(
            pd.DataFrame(
                {
                    _("Area"): profile.ground.name,
                    "km²": named["area_km2"].round(3),
                    _("Places"): named[_NUMBER_OF_PLACES].astype(int),
                    _("What sets it apart"): [translated(one) for one in profile.sentences],
                }
            ),
            hide_index=True,
            key="district-areas",
        )


def _interval(figure: Fact) -> str:
    """What the lines on bars mean, in few words."""
    kind = figure["interval"]
    level = _("{level:.0f} % interval", level=100 * figure["level"]) if figure["level"] else ""
    return (
        _("line: {level} {about}", level=level, about=_(_ABOUT[kind]))
        if kind in _ABOUT and level
        else ""
    )
