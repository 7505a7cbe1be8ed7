"""The switch of years: the same question of one year, or of what has changed between two."""

from typing import Final

import streamlit as st

from aether_core.errors import InputError
from aether_core.language import _, mark
from aether_core.search.question.criteria import KINDS, Criterion
from ui.ask import change as change_asked
from ui.ask import question as asking
from ui.shell import page, state
from ui.shell.text import plain, worded
from workflows.cities.cities import CitySummary

CHANGE: Final = mark("Change")
_WHEN: Final = "when"
_LEFT: Final = "question-left"


def switch_years(city: CitySummary, *, changed: bool) -> None:
    """Draw the switch where the city has more than one year, and go where it points.

    Args:
        city: The city.
        changed: Whether the page shows what has changed; that of one year does otherwise.
    """
    gone = None if changed else asking.year_gone(city)
    if gone is not None:
        st.warning(
            _(
                "This city has no data of {gone}: the link is wrong, or that year was removed. "
                "This is {year}.",
                gone=plain(gone),
                year=city.year,
            ),
            icon=":material/event_busy:",
        )
    if len(city.years) < 2:
        return
    here = CHANGE if changed else str(asking.year_asked(city) or city.year)
    # A key for each state: the switch always shows the page it stands on.
    chosen = st.segmented_control(
        _("Year"),
        [*map(str, city.years), CHANGE],
        default=here,
        required=True,
        key=f"{_WHEN}-{here}",
        help=_("Ask of another year, or what has changed between two years."),
        format_func=worded(CHANGE),
    )
    if chosen == here:
        return
    if chosen == CHANGE:
        st.switch_page(page.CHANGE, query_params=_to_change(city))
    if changed:
        st.switch_page(page.SEARCH, query_params=_to_question(city, int(chosen)))
    asking.choose_year(city, int(chosen))
    st.rerun()


def compared(criteria: tuple[Criterion, ...]) -> tuple[str, str]:
    """What of a question can have changed: its likenesses, and those it excludes.

    Distances and areas are the same in every year.
    """
    alike = [one for one in criteria if KINDS[one.kind].evidence == "likeness"]
    wanted = [one.words for one in alike if not KINDS[one.kind].negated]
    excluded = [one.words for one in alike if KINDS[one.kind].negated]
    return " and ".join(wanted), " and ".join(excluded)


def _to_change(city: CitySummary) -> dict[str, str]:
    """The address of the change towards the question as it stands."""
    left = asking.address(city)
    try:
        question = asking.current(city)
    except InputError:
        question = None
    what, without = compared(question.criteria) if question is not None else ("", "")
    st.session_state[_LEFT] = (what, without, left)
    said = {change_asked.WORDS: what, change_asked.MINUS: without}
    return {state.CITY: city.slug} | {name: words for name, words in said.items() if words}


def _to_question(city: CitySummary, year: int) -> dict[str, str]:
    """The address of the question that was left, or of what was typed since."""
    what, without = (
        (st.session_state.get(name) or "").strip()
        for name in (change_asked.WORDS, change_asked.MINUS)
    )
    year_asked = {} if year == city.year else {asking.YEAR: str(year)}
    left = st.session_state.get(_LEFT)
    if left is not None and left[:2] == (what, without) and left[2][state.CITY] == city.slug:
        kept = {name: value for name, value in left[2].items() if name != asking.YEAR}
        return kept | year_asked
    said = {asking.WORDS: what, asking.OLD_MINUS: without}
    return (
        {state.CITY: city.slug} | {name: words for name, words in said.items() if words}
    ) | year_asked
