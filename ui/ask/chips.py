"""How a question was understood, as chips: each can be edited, weighed, removed; one can be added.

What a chip holds is drawn once it is opened: twenty closed ones cost no more than twenty buttons.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from zlib import crc32

import streamlit as st

from aether_core.errors import InputError
from aether_core.language import _, mark, spoken
from aether_core.search.overlay import MODES
from aether_core.search.question.criteria import (
    KINDS,
    LEAST_M,
    MOST_M,
    MOST_WEIGHT,
    Criterion,
    checked,
)
from aether_core.search.question.languages.meaning import reworded
from ui.ask import area
from ui.ask import question as asking
from ui.ask.question import Question
from ui.ask.sureness import SUPPORT_WORDS
from ui.ask.wording import label_of, sentence_of
from ui.shell.text import plain, sentence
from workflows.cities.cities import CitySummary
from workflows.search.ask import STRAIGHT_LINE, Answer, Part, merged_criteria

_MODES: Final = {"all": mark("All must hold"), "add": mark("Add up")}
_ICONS: Final = {
    "likeness": ":material/visibility:",
    "distance": ":material/straighten:",
    "area": ":material/crop_free:",
}
LEAST_WEIGHT: Final = 0.1
_OFFERED: Final = tuple(name for name, kind in KINDS.items() if not kind.constraint)
Apply = Callable[[Criterion], None]


def show_chips(city: CitySummary, question: Question, answer: Answer | None) -> None:
    """The chips, the way they are combined, and what was not understood.

    Args:
        city: The city.
        question: What is asked.
        answer: None where there is none, because of an error.
    """
    shown = _completed(question.criteria)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="chips"):
        for at, one in enumerate(shown):
            if at and (conjunction := _conjunction(shown[at - 1], one)):
                st.markdown(conjunction, width="content")
            _chip(question, at, one, _part_of(answer, one), answered=answer is not None)
        for one in question.areas:
            _uploaded_chip(city, question, one)
        _add_chip(question)
        area.ask_area(city, question)
        if len(shown) > 1:
            st.segmented_control(
                _("How they combine"),
                list(MODES),
                default=question.mode if question.mode in MODES else "all",
                required=True,
                format_func=lambda mode: _(_MODES[mode]),
                key="ask-mode",
                on_change=lambda: asking.choose_mode(st.session_state["ask-mode"]),
                label_visibility="collapsed",
            )
        if answer is not None and answer.paints:
            _show_reading(answer)
    if question.edited and question.words:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_("The criteria were edited; the words above no longer say all."))
            show_read_again()


def show_read_again() -> None:
    """The button that forgets what was edited, or what a link brought without words."""
    label = _("Read the words again") if st.session_state.get(asking.WORDS) else _("Begin anew")
    st.button(label, on_click=asking.read_again, type="tertiary", key="reread")


def _completed(criteria: Sequence[Criterion]) -> Sequence[Criterion]:
    """With the usual distances; what cannot be asked stays as it is, for the answer to refuse."""
    return [_completed_one(one) for one in criteria]


def _completed_one(one: Criterion) -> Criterion:
    try:
        return checked([one])[0]
    except InputError:
        return one


def _conjunction(before: Criterion, one: Criterion) -> str:
    if before.option != one.option:
        return _("**or else**")
    return _("or") if before.clause == one.clause else ""


def _part_of(answer: Answer | None, one: Criterion) -> Part | None:
    def same(part: Part) -> bool:
        found = part.criterion
        return (found.kind, found.words, found.clause, found.option) == (
            one.kind,
            one.words,
            one.clause,
            one.option,
        )

    return next(filter(same, answer.parts), None) if answer is not None else None


def _chip(
    question: Question, at: int, one: Criterion, part: Part | None, *, answered: bool
) -> None:
    label = plain(label_of(part.criterion if part is not None else one))
    if part is not None and part.support is not None:
        label += f" · {_(SUPPORT_WORDS[part.support.level])}"
    if part is not None and part.along_streets:
        label += f" · {_(part.way)}"
    if part is None and answered:
        label += _(" · not here")
    name = f"chip-{at}-{crc32(repr(one).encode()):08x}"
    icon = _ICONS[KINDS[one.kind].evidence] if one.kind in KINDS else None
    opened = st.popover(label, key=name, icon=icon, on_change="rerun")
    if not opened.open:
        return
    with opened:
        if part is not None:
            st.caption(
                plain(
                    _(
                        "{sentence}; from: {meaning}.",
                        sentence=sentence(sentence_of(part)),
                        meaning=_(part.meaning),
                    )
                )
            )
            if part.support is not None:
                st.caption(plain(_(part.support.summary)))
        if one.kind in _OFFERED:
            _form(name, one, lambda edited: _replace(question, at, edited), _("Apply"))
        st.button(
            _("Remove"),
            icon=":material/delete:",
            key=f"{name}-remove",
            on_click=lambda: asking.change(
                [other for n, other in enumerate(question.criteria) if n != at]
            ),
        )


def _uploaded_chip(city: CitySummary, question: Question, one: Criterion) -> None:
    st.button(
        plain(_("in: {words}", words=one.words)),
        icon=":material/close:",
        help=_("An uploaded area; it is not part of the link. Press to remove it."),
        key=f"uploaded-{crc32(repr(one).encode()):08x}",
        on_click=lambda: asking.limit_to(city, [each for each in question.areas if each != one]),
    )


def _add_chip(question: Question) -> None:
    # A name of its own for each set of criteria: once one was added, the next one's is closed.
    name = f"add-{crc32(repr(question.criteria).encode()):08x}"
    opened = st.popover(_("Add"), key=name, icon=":material/add:", on_change="rerun")
    if opened.open:
        with opened:
            new = Criterion("near", "")
            _form(name, new, lambda one: _add(question, one), _("Add this"))


def _form(name: str, one: Criterion, apply: Apply, label: str) -> None:
    """The fields of a criterion; nothing is asked anew before they are sent."""
    with st.form(f"{name}-form", border=False):
        st.selectbox(
            _("Kind"),
            _OFFERED,
            index=_OFFERED.index(one.kind),
            format_func=lambda kind: _(KINDS[kind].title),
            key=f"{name}-kind",
        )
        st.text_input(_("Words"), one.in_own_words, key=f"{name}-words", max_chars=200)
        st.number_input(
            _("Distance, in metres"),
            LEAST_M,
            MOST_M,
            value=None if one.distance_m is None else _within(one.distance_m, LEAST_M, MOST_M),
            step=50.0,
            format="%.0f",
            placeholder=_("as usual for the kind"),
            key=f"{name}-distance",
            help=_(
                "Near: on foot along the streets where the city has them kept, else in a straight "
                "line, as not near always is. Left empty: 300 m for near, 200 m for not near."
            ),
        )
        st.number_input(
            _("Weight"),
            LEAST_WEIGHT,
            MOST_WEIGHT,
            value=_within(one.weight, LEAST_WEIGHT, MOST_WEIGHT),
            step=0.5,
            format="%g",
            key=f"{name}-weight",
            help=_("2 counts twice as much as 1."),
        )
        st.form_submit_button(label, type="primary", on_click=lambda: apply(_edited(name, one)))


def _within(value: float, least: float, most: float) -> float:
    """A value of a link as near as a field can show it."""
    return min(max(value, least), most) if math.isfinite(value) else least


def _edited(name: str, one: Criterion) -> Criterion:
    kind = st.session_state[f"{name}-kind"]
    words = " ".join((st.session_state[f"{name}-words"] or "").split())
    metres = st.session_state[f"{name}-distance"]
    if KINDS[kind].default_m is None:
        metres = None
    stated = metres is not None and (one.stated or metres != one.distance_m or kind != one.kind)
    if kind != one.kind and metres == one.distance_m and not one.stated:
        metres, stated = None, False  # the usual distance of the other kind
    weight = float(st.session_state[f"{name}-weight"])
    edited = replace(one, kind=kind, distance_m=metres, stated=stated, weight=weight)
    return reworded(edited, words, spoken())


def _replace(question: Question, at: int, edited: Criterion) -> None:
    asking.change([edited if n == at else one for n, one in enumerate(question.criteria)])


def _add(question: Question, one: Criterion) -> None:
    asking.change(merged_criteria(question.criteria, [one]))


def _show_reading(answer: Answer) -> None:
    """One line of what was left aside; the whole reading on demand."""
    lines = [
        _("Not used: “{words}”", words=one.words)
        + (_(" (unknown here)") if one.code == "no-support" else f" ({_(one.reason)})")
        for one in answer.unmapped
    ]
    lines += [sentence(_(note)) for note in answer.remarks]
    if STRAIGHT_LINE in answer.notes:
        lines.append(_("Distances are straight lines, this city has no streets kept"))
    if answer.left_out:
        lines.append(
            _("{units} of water are not ranked", units=answer.units.kind.counted(answer.left_out))
        )
    if not lines and not answer.notes:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key="understood"
    ):
        st.caption(plain(". ".join([*lines, ""]).strip()), width="content")
        opened = st.popover(_("How it was read"), type="tertiary", key="reading", on_change="rerun")
        if opened.open:
            with opened:
                for part in answer.parts:
                    st.caption(plain(f"{label_of(part.criterion)}: {sentence_of(part)}."))
                for one in answer.unmapped:
                    st.caption(
                        plain(
                            _(
                                "Not used: “{words}”: {reason}",
                                words=one.words,
                                reason=_(one.reason),
                            )
                        )
                    )
                for note in answer.notes:
                    st.caption(plain(f"{sentence(_(note))}."))
