"""The question a visitor has asked: words, criteria that were edited, or a point on the map.

All of it but an uploaded area lives in the page's address, so a link brings it back: `q` the
words, `c` the criteria once they were edited, `mode`, `ground`, `at` the example, `cell` what is
looked at, `year` the embedding's where it is not the city's own.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import streamlit as st

from aether_core.errors import InputError
from aether_core.language import _, mark, spoken
from aether_core.search.ground import Extent
from aether_core.search.question.criteria import Criterion
from aether_core.search.question.parse import parse
from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.search.ask import Answer, ask, merged_criteria
from workflows.search.criteria_file import criteria_in_link, link_of
from workflows.search.search import CellScores, similar_cells

WORDS: Final = "q"
OLD_MINUS: Final = "not"
CRITERIA: Final = "c"
MODE: Final = "mode"
GROUND: Final = "ground"
AT: Final = "at"
CELL: Final = "cell"
YEAR: Final = "year"
CHIP: Final = "chip"
_AREAS: Final = "ask-areas"
_ANSWER: Final = "ask-answer"

EXAMPLES: Final = (mark("a night out"), mark("a park"), mark("offices and business"))
QUESTIONS: Final = (
    mark("a night out"),
    mark("homes near a park and a school"),
    mark("offices away from main roads"),
)
"""Examples on the page; each translation is read as its English sibling is."""


@dataclass(frozen=True)
class Question:
    """What was asked of which city with which model; equal questions have equal answers.

    Attributes:
        words: As typed.
        criteria: As read from the words, or as edited.
        edited: Whether the criteria were edited, so that the words no longer say all.
        areas: Uploaded areas that the ranking is limited to.
        at: An example on the map (lon, lat) that is asked for instead.
        year: Of the embedding; the model's own where None.
        language: Of the page, which the words are read in.
    """

    city: str
    created: str
    model: str
    words: str
    criteria: tuple[Criterion, ...]
    edited: bool
    areas: tuple[Criterion, ...]
    mode: str
    extent: Extent
    at: tuple[float, float] | None
    year: int | None
    language: str

    @property
    def cacheable(self) -> bool:
        """Whether its answer cannot change: a file or a layer may be gone at any time."""
        return all(one.source is None for one in (*self.criteria, *self.areas))


@dataclass
class Found:
    """An answer, and what was made of it for pages; equal questions share both."""

    result: Answer | CellScores
    made: dict[Any, Any]


_MOST_FOUND: Final = 32
_found_lately: Final[OrderedDict[int, Found]] = OrderedDict()
_finding: Final = Lock()


def current(city: CitySummary) -> Question | None:
    """The question as it stands; None while there is none or the city has no model.

    Raises:
        InputError: The words cannot be read, or the link holds no criteria.
    """
    if city.model is None:
        return None
    words = " ".join((st.session_state.get(WORDS) or "").split())
    at = _point(st.query_params.get(AT))
    linked = st.query_params.get(CRITERIA)
    criteria: tuple[Criterion, ...] = ()
    if linked:
        criteria = criteria_in_link(linked)
    elif words:
        criteria = parse(words, spoken()).criteria
    if at is None and not words and not criteria:
        return None
    return Question(
        city.slug,
        city.created.isoformat(),
        city.model,
        words,
        criteria,
        bool(linked),
        areas(city),
        st.query_params.get(MODE, "all"),
        Extent.EVERYWHERE if st.query_params.get(GROUND) == Extent.EVERYWHERE else Extent.LAND,
        at,
        year_asked(city),
        spoken(),
    )


def answer(question: Question) -> Found:
    """The answer; kept for this visit until the question changes, and shared by equal questions.

    Raises:
        AetherError: The question cannot be answered.
    """
    kept: tuple[Question, Found] | None = st.session_state.get(_ANSWER)
    if kept is not None and kept[0] == question and question.cacheable:
        return kept[1]
    found = _found(_computed(question))
    st.session_state[_ANSWER] = (question, found)
    return found


def _found(result: Answer | CellScores) -> Found:
    """What was made of this very result for another visit, or nothing yet."""
    with _finding:
        found = _found_lately.setdefault(id(result), Found(result, {}))
        _found_lately.move_to_end(id(result))
        if len(_found_lately) > _MOST_FOUND:
            _found_lately.popitem(last=False)
    return found


def _computed(question: Question) -> Answer | CellScores:
    store = state.store()
    if question.at is not None:
        return similar_cells(
            store, question.city, *question.at, model=question.model, year=question.year
        )
    if question.edited:
        words, given = "", merged_criteria(question.criteria, question.areas)
    else:
        words, given = question.words, question.areas
    return ask(
        store,
        question.city,
        words,
        given,
        mode=question.mode,
        model=question.model,
        extent=question.extent,
        year=question.year,
        language=question.language,
    )


def take_old_address() -> None:
    """Turn the `not` of an older link into a criterion."""
    minus = (st.query_params.get(OLD_MINUS) or "").strip()
    if OLD_MINUS in st.query_params:
        del st.query_params[OLD_MINUS]
    if not minus or CRITERIA in st.query_params:
        return
    words = st.query_params.get(WORDS, "")
    try:
        asked = parse(words, spoken()).criteria if words.strip() else ()
    except InputError:
        return  # the words are refused where they are read
    change((*merged_criteria(asked, [Criterion("not_like", minus)]),))


def change(criteria: Sequence[Criterion]) -> None:
    """Ask these criteria from now on."""
    forget_point()
    if criteria:
        st.query_params[CRITERIA] = link_of(criteria)
        return
    _forget(CRITERIA)
    st.session_state[WORDS] = ""


def read_again() -> None:
    """Forget what was edited: the criteria are those of the words again."""
    _forget(CRITERIA, CELL)


def address(city: CitySummary) -> dict[str, str]:
    """What the address of another page says, so that the question goes along."""
    words = " ".join((st.session_state.get(WORDS) or "").split())
    asked = {
        name: st.query_params[name]
        for name in (CRITERIA, MODE, GROUND, AT, YEAR)
        if name in st.query_params
    }
    return {state.CITY: city.slug} | ({WORDS: words} if words else {}) | asked


def has_link() -> bool:
    """Whether the address carries criteria."""
    return CRITERIA in st.query_params


def choose_mode(mode: str | None) -> None:
    """All must hold, or they add up."""
    if mode == "add":
        st.query_params[MODE] = mode
    else:
        _forget(MODE)


def rank_everywhere(*, everywhere: bool) -> None:
    """Rank water, too, or leave it out."""
    if everywhere:
        st.query_params[GROUND] = str(Extent.EVERYWHERE)
    else:
        _forget(GROUND)


def areas(city: CitySummary) -> tuple[Criterion, ...]:
    """Uploaded areas this visit limits the ranking of a city to."""
    slug, kept = st.session_state.get(_AREAS, ("", ()))
    return kept if slug == city.slug else ()


def limit_to(city: CitySummary, given: Sequence[Criterion]) -> None:
    """Limit the ranking to uploaded areas; to none without any."""
    st.session_state[_AREAS] = (city.slug, tuple(given))


def ask_words(words: str) -> None:
    """Ask words as if they were typed."""
    st.session_state[WORDS] = words
    words_changed()


def ask_like(lon: float, lat: float) -> None:
    """Ask for places like the one at a point."""
    st.query_params[AT] = f"{lon:.6f},{lat:.6f}"


def ask_chip() -> None:
    """Ask the words of the example that was pressed."""
    chip = st.session_state.get(CHIP)
    if chip:
        ask_words(_(chip) if chip in QUESTIONS else chip)


def words_changed() -> None:
    """The words were typed: they lead again."""
    st.session_state[CHIP] = None
    _forget(CRITERIA, AT, CELL)


def year_asked(city: CitySummary) -> int | None:
    """The year the address asks of; None for the city's own, and for one it does not hold."""
    asked = st.query_params.get(YEAR, "")
    found = next((year for year in city.years if str(year) == asked), None)
    return None if found == city.year else found


def year_gone(city: CitySummary) -> str | None:
    """The year that the address asks of and the city does not hold; None for any other."""
    asked = st.query_params.get(YEAR)
    return None if asked is None or asked in map(str, city.years) else asked


def choose_year(city: CitySummary, year: int) -> None:
    """Ask of this year from now on."""
    if year == city.year:
        _forget(YEAR)
    else:
        st.query_params[YEAR] = str(year)


def look_at(cell: str) -> None:
    """Look at one cell."""
    st.query_params[CELL] = cell


def looked_at() -> str | None:
    """The cell that is looked at (H3, hexadecimal)."""
    return st.query_params.get(CELL)


def forget_point() -> None:
    """Go back from a point on the map to the question."""
    _forget(AT)


def _forget(*names: str) -> None:
    for name in names:
        if name in st.query_params:
            del st.query_params[name]


def _point(text: str | None) -> tuple[float, float] | None:
    """A point from the address; an unreadable one counts as none."""
    try:
        lon, lat = (float(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return lon, lat
