"""The form that asks for a study: question, recipe, seeds, and how long it will take."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from aether_core.model.recipes import recipe, recipes
from aether_core.study.kinds import KINDS
from ui.shell import state
from ui.shell.text import count, duration, plain
from workflows.cities.cities import CitySummary
from workflows.evaluation.studies import (
    FIRST_SEED,
    MOST_SEEDS,
    SEEDS,
    TRANSFER_KIND,
    StudyRequest,
    seeds_from,
    start_study,
    study_kind,
)
from workflows.evaluation.study_city import label_choices
from workflows.evaluation.study_estimate import Estimate, estimate
from workflows.evaluation.transfer import start_transfer

_NO_LABELS: Final = 0
_JUDGED: Final = {
    "study": "judged by the last study of this kind",
    "run": "judged by the last training",
}


def draw(city: CitySummary) -> bool:
    """Draw the form.

    Returns:
        Whether a study has just been started.
    """
    others = [one for one in state.cities() if one.slug != city.slug]
    with st.container(border=True, key="study-form"):
        st.subheader("New study", anchor=False)
        kind = _ask_kind(with_transfer=bool(others))
        st.caption(study_kind(kind).question)
        source = _ask_source(others) if kind == TRANSFER_KIND else None
        request = _ask_request(city, kind)
        _say_cost(estimate(state.store(), city.slug, request))
        go = st.button(
            "Start study",
            type="primary",
            key="study-go",
            icon=":material/science:",
            width="stretch",
        )
    if not go:
        return False
    with st.spinner("Starting the study"):
        if source is not None:
            start_transfer(state.store(), source, city.slug, request)
        else:
            start_study(state.store(), city.slug, request)
    return True


def _ask_kind(*, with_transfer: bool) -> str:
    kinds = [*KINDS, *([TRANSFER_KIND] if with_transfer else [])]
    return st.selectbox(
        "Question",
        kinds,
        key="study-kind",
        format_func=lambda kind: study_kind(kind).title,
        help=None
        if with_transfer
        else "With a second city, transfer between them is offered, too.",
    )


def _ask_source(others: Sequence[CitySummary]) -> str:
    names = {one.slug: one.name for one in others}
    return st.selectbox(
        "Model from",
        list(names),
        key="study-source",
        format_func=lambda slug: names[slug],
        help="The model is trained on all places of that city and used in this one.",
    )


def _ask_request(city: CitySummary, kind: str) -> StudyRequest:
    names = [one.name for one in recipes()]
    name = st.selectbox(
        "Recipe", names, key="study-recipe", help="What is not changed by the study comes from it."
    )
    labels = _ask_labels(city)
    seeds = st.slider(
        "Seeds",
        1,
        10,
        SEEDS,
        key="study-seeds",
        help="Every variant is trained once with each. Two give an interval, five a fair one; "
        f"commands take up to {MOST_SEEDS}.",
    )
    with st.expander("Settings"):
        usual = recipe(name).epochs
        epochs = st.number_input(
            "Epochs at most",
            1,
            2000,
            usual,
            key=f"study-epochs-{name}",
            help="Fewer are faster and say less about the model at its best.",
        )
        first = st.number_input("First seed", 0, 2**31 - 100, FIRST_SEED, key="study-first")
        device = st.selectbox(
            "Device",
            ["auto", "cpu", "cuda"],
            key="study-device",
            help="Auto takes a GPU where there is one.",
        )
    return StudyRequest(
        kind=kind,
        recipe=name,
        settings={} if epochs == usual else {"epochs": str(int(epochs))},
        seeds=seeds_from(int(first), seeds),
        device=device,
        labels=labels,
    )


def _ask_labels(city: CitySummary) -> int | None:
    """Which kept labels maps are judged by."""
    kept = {one.id: one for one in label_choices(state.store(), city.slug)}
    if not kept:
        st.caption(
            "Labels kept with a land-use map would add two figures: how well the model tells land "
            "use apart, and whether words find it. Without them texts and places are tested."
        )
        return None
    chosen = st.selectbox(
        "Labels to judge maps by",
        [*kept, _NO_LABELS],
        key=f"study-labels-{city.slug}",
        format_func=lambda number: (
            f"{plain(kept[number].name)} ({count(kept[number].classes, 'class', 'classes')})"
            if number in kept
            else "none: texts and places only"
        ),
        help="Labels of land-use maps made before. No model learns from them.",
    )
    return None if chosen == _NO_LABELS else chosen


def _say_cost(cost: Estimate) -> None:
    trained = f"Trains some {count(cost.trainings, 'model')}"
    if cost.seconds is None:
        st.caption(f"{trained}. How long that takes is known once this city has been trained.")
    else:
        st.caption(f"{trained}: about {duration(cost.seconds)}, {_JUDGED[cost.judged_by]}.")
