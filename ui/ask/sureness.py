"""How sure an answer is: support of each likeness, and how familiar the ground of each cell is."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from aether_core.language import _, mark
from aether_core.search.support import Level
from ui.ask.question import Found, Question
from ui.ask.wording import label_of
from ui.shell import state
from ui.shell.text import count, plain
from workflows.search.ask import Answer
from workflows.search.sureness import Familiarity, familiar_ground

LEAST: Final = "ask-sure"
SUPPORT_WORDS: Final[Mapping[Level, str]] = {
    Level.STRONG: mark("well known here"),
    Level.WEAK: mark("doubtful"),
    Level.NONE: mark("unknown here"),
}
"""A planner's words for a support; researchers read the level itself in JSON and exports."""
_GROUND: Final = "sureness"


def least() -> float:
    """How sure a cell must be to keep its colour, 0 to 1; kept while another tab is open."""
    return int(st.session_state.get(LEAST) or 0) / 100


def of_cells(question: Question, found: Found) -> npt.NDArray[np.float32] | None:
    """How sure the answer is of each cell, float32 `[m]`; None where nothing is modelled, or known.

    Raises:
        NotFoundError: The city or its model was removed meanwhile.
    """
    if not _modelled(found):
        return None
    ground = _ground(question, found)
    if ground is None:
        return None
    result = found.result
    levels = (
        {part.support.level for part in result.parts if part.used and part.support is not None}
        if isinstance(result, Answer)
        else set()
    )
    return ground.sureness(levels)


def ask_sureness(question: Question, found: Found) -> None:
    """Support in words, the slider, and what it uses."""
    result = found.result
    tested: list[str] = []
    if isinstance(result, Answer):
        for part in result.parts:
            if part.support is None:
                continue
            st.markdown(
                plain(label_of(part.criterion)) + f": **{_(SUPPORT_WORDS[part.support.level])}**"
            )
            st.caption(plain(_(part.support.summary)))
            if part.support.figures:
                tested.append(f"{label_of(part.criterion)}: {_(part.support.figures)}.")
    if not _modelled(found):
        st.write(_("Nothing here is modelled: distances and areas are measured."))
        return
    ground = _ground(question, found)
    if ground is None:
        st.caption(
            _(
                "The city's places are too few, or too close together, to tell familiar ground "
                "from "
                "unfamiliar."
            )
        )
        return
    unit = found.result.units.kind
    st.slider(
        _("Grey out {several} less sure than", several=_(unit.several)),
        0,
        90,
        step=10,
        format="%d %%",
        key=LEAST,
        persist_state="session",
    )
    outside = int(ground.outside.sum())
    tested.append(
        _(
            "Sureness compares the ground of each {one}, as the model sees it, with that "
            "under {places} of the city: 100 % where it is alike, 50 % at the border of "
            "the area of applicability, 0 % far beyond. {units} of {all:,} {lie} "
            "outside it. Weak support of a likeness halves all of it.",
            one=_(unit.one),
            places=count(ground.places, "place"),
            units=unit.counted(outside),
            all=len(ground.outside),
            lie=_("lies") if outside == 1 else _("lie"),
        )
    )
    st.caption(_("Surer where the ground looks like that under the city's known places."))
    with st.expander(_("How was this tested?")):
        for line in tested:
            st.caption(plain(line))


def _modelled(found: Found) -> bool:
    result = found.result
    return not isinstance(result, Answer) or any(
        part.used and part.support is not None for part in result.parts
    )


def _ground(question: Question, found: Found) -> Familiarity | None:
    if _GROUND not in found.made:
        with st.spinner(_("Comparing the ground")):
            found.made[_GROUND] = familiar_ground(
                state.store(), question.city, question.model, found.result.year
            )
    ground: Familiarity | None = found.made[_GROUND]
    return ground
