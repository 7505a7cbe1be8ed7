"""The question of the change page: what, from which year, to which; it stands in the address."""

from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from aether_core.language import _, spoken
from aether_core.search.question.parse import parse
from ui.ask.question import EXAMPLES
from ui.shell import state
from ui.shell.text import plain, worded
from workflows.cities.cities import CitySummary, categories
from workflows.search.change import FIELDS, CellChange, change_cells

WORDS: Final = "what"
MINUS: Final = "without"
FROM: Final = "from"
TO: Final = "to"
CHIP: Final = "change-chip"
_ANSWER: Final = "change-answer"
_CHIPS: Final = 6


@dataclass(frozen=True)
class Asked:
    """What was asked; equal questions have equal answers."""

    city: str
    model: str
    years: tuple[int, ...]
    words: str
    minus: str
    year_from: int
    year_to: int


def ask_change(city: CitySummary) -> Asked | None:
    """Draw the boxes; None while nothing is asked.

    Args:
        city: A city with a model and at least two years.
    """
    words, minus, first, second = st.columns([5, 3, 1.3, 1.3])
    with words:
        asked = st.text_input(
            _("Where is there more of ..."),
            key=WORDS,
            placeholder=_("in plain words, such as: offices and business"),
            bind="query-params",
            icon=":material/search:",
        )
    with minus:
        without = st.text_input(
            _("But not"),
            key=MINUS,
            placeholder=_("optional, such as: traffic"),
            bind="query-params",
            icon=":material/do_not_disturb_on:",
        )
    with first:
        year_from = _year(city, _("From"), FROM, city.years, city.years[0])
    with second:
        others = [year for year in city.years if year != year_from]
        year_to = _year(city, _("To"), TO, others, others[-1])
    own = [name for name, _ in categories(state.store(), city.slug, _CHIPS)]
    st.pills(
        _("Examples"),
        list(dict.fromkeys([*EXAMPLES, *own])),
        key=CHIP,
        on_change=_ask_chip,
        label_visibility="collapsed",
        format_func=worded(*EXAMPLES),
    )
    if not (asked or "").strip() or city.model is None:
        return None
    return Asked(
        city.slug,
        city.model,
        tuple(city.years),
        _in_english(asked or ""),
        _in_english(without or ""),
        year_from,
        year_to,
    )


def _in_english(words: str) -> str:
    """Words as the model is asked for them; what was made of other languages is said."""
    typed = " ".join(words.split())
    if not typed:
        return typed
    named = parse(typed, spoken()).criteria
    if not any(one.said for one in named) or any(one.kind != "like" for one in named):
        return typed
    english = " and ".join(one.words for one in named)
    st.caption(plain(_("“{words}” is asked as: {english}", words=typed, english=english)))
    return english


def answer(asked: Asked) -> CellChange:
    """The change asked for; kept for this visit until the question changes.

    Raises:
        AetherError: The question cannot be answered.
    """
    kept: tuple[Asked, CellChange] | None = st.session_state.get(_ANSWER)
    if kept is not None and kept[0] == asked:
        return kept[1]
    found = change_cells(
        state.store(),
        asked.city,
        asked.words,
        asked.year_from,
        asked.year_to,
        asked.minus or None,
        asked.model,
    )
    st.session_state[_ANSWER] = (asked, found)
    return found


def values_of(found: CellChange) -> pd.DataFrame:
    """The values of every cell, a column a field."""
    return pd.DataFrame({str(one["name"]): getattr(found, str(one["name"])) for one in FIELDS})


def _year(city: CitySummary, label: str, key: str, years: list[int], first: int) -> int:
    missed = f"{key}-gone"
    if key not in st.session_state and st.query_params.get(key, "") not in [
        "",
        *map(str, city.years),
    ]:
        st.session_state[missed] = st.query_params[key]
    if st.session_state.get(key) not in years:
        linked = st.query_params.get(key, "")
        st.session_state[key] = int(linked) if linked in map(str, years) else first
    chosen: int = st.selectbox(
        label, years, key=key, on_change=lambda: st.session_state.pop(missed, None)
    )
    if missed in st.session_state:
        st.warning(
            _(
                "This city has no data of {year}: the link is wrong, or that year was "
                "removed. This is {chosen}.",
                year=plain(st.session_state[missed]),
                chosen=chosen,
            ),
            icon=":material/event_busy:",
        )
    st.query_params[key] = str(chosen)
    return chosen


def _ask_chip() -> None:
    chip = st.session_state.get(CHIP)
    if chip:
        st.session_state[WORDS] = _(chip) if chip in EXAMPLES else chip
