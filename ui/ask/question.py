"""The question a visitor has asked: words, words to look away from, or a point on the map.

The question lives in the page's address (`q`, `not`, `at`), so a link brings it back.
"""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.search.search import CellScores, search_cells, similar_cells

WORDS: Final = "q"
MINUS: Final = "not"
AT: Final = "at"
CHIP: Final = "chip"
_ANSWER: Final = "answer"

EXAMPLES: Final = ("a night out", "a park", "offices and business")


@dataclass(frozen=True)
class Question:
    """What was asked of which city with which model; equal questions have equal answers."""

    city: str
    model: str
    words: str
    minus: str
    at: tuple[float, float] | None


def current(city: CitySummary) -> Question | None:
    """The question as it stands; None while there is none or the city has no model."""
    words = (st.session_state.get(WORDS) or "").strip()
    at = _point(st.query_params.get(AT))
    if city.model is None or (at is None and not words):
        return None
    minus = (st.session_state.get(MINUS) or "").strip()
    return Question(city.slug, city.model, "" if at else words, "" if at else minus, at)


def answer(question: Question) -> CellScores:
    """Every cell's score; kept for this visit until the question changes.

    Raises:
        AetherError: The question cannot be answered.
    """
    kept: tuple[Question, CellScores] | None = st.session_state.get(_ANSWER)
    if kept is not None and kept[0] == question:
        return kept[1]
    store = state.store()
    if question.at is not None:
        scores = similar_cells(store, question.city, *question.at, model=question.model)
    else:
        scores = search_cells(
            store, question.city, question.words, question.minus or None, question.model
        )
    st.session_state[_ANSWER] = (question, scores)
    return scores


def ask_like(lon: float, lat: float) -> None:
    """Ask for places like the one at a point."""
    st.query_params[AT] = f"{lon:.6f},{lat:.6f}"
    st.session_state[CHIP] = None


def ask_chip() -> None:
    """Ask the words of the chip that was pressed."""
    chip = st.session_state.get(CHIP)
    if chip:
        st.session_state[WORDS] = chip
        forget_point()


def words_changed() -> None:
    """The words were edited: they lead again, and no chip is lit."""
    st.session_state[CHIP] = None
    forget_point()


def forget_point() -> None:
    """Go back from a point on the map to the words."""
    if AT in st.query_params:
        del st.query_params[AT]


def _point(text: str | None) -> tuple[float, float] | None:
    """A point from the address; an unreadable one counts as none."""
    try:
        lon, lat = (float(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return lon, lat
