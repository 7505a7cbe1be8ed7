"""The city's places that match a question of likenesses, by what they are and where they stand."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from aether_core.language import _, figure, translated
from ui.ask.question import Found, Question
from ui.shell import state
from ui.shell.text import rows
from workflows.search.search import PlaceHit, search_places

_MOST: Final = 20


def likeness_of(question: Question) -> tuple[str, str | None] | None:
    """Words and what to look away from, where a question is no more than that; None otherwise."""
    if question.at is not None or question.areas:
        return None
    by_kind = [(one.kind, one.words) for one in question.criteria]
    if [kind for kind, _ in by_kind] == ["like"]:
        return by_kind[0][1], None
    if sorted(kind for kind, _ in by_kind) == ["like", "not_like"]:
        return dict(by_kind)["like"], dict(by_kind)["not_like"]
    return None


def best(question: Question, found: Found, words: str, minus: str | None) -> Sequence[PlaceHit]:
    """The best places, best first."""
    key = ("places", words, minus)
    if key not in found.made:
        found.made[key] = search_places(
            state.store(), question.city, words, top=_MOST, minus=minus, model=question.model
        )
    hits: Sequence[PlaceHit] = found.made[key]
    return hits


def show_places(hits: Sequence[PlaceHit]) -> None:
    """The best places as a list."""
    with st.container(height=380, border=False):
        rows(
            (
                translated(hit.name) or _("Unnamed"),
                hit.category or hit.group,
                figure(hit.score, ".3f"),
            )
            for hit in hits
        )
