"""The form that asks for a study: question, recipe, seeds, and how long it will take."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.model.recipes import recipe, recipes
from aether_core.study.kinds import TRANSFER_KIND
from ui.shell import rights, state
from ui.shell.text import count, duration, plain
from workflows.cities.cities import CitySummary
from workflows.evaluation.studies import (
    FIRST_SEED,
    MOST_SEEDS,
    SEEDS,
    StudyRequest,
    seeds_from,
    start_study,
    studies_of,
    study_kind,
)
from workflows.evaluation.study_city import label_choices
from workflows.evaluation.study_estimate import Estimate, estimate
from workflows.evaluation.study_kind import STUDY
from workflows.evaluation.transfer import start_transfer

_NO_LABELS: Final = 0
_JUDGED: Final = {
    "study": mark("based on the last study of this kind"),
    "run": mark("based on the last training run"),
}


def ask_study(city: CitySummary) -> bool:
    """Draw the form.

    Returns:
        Whether a study has just been started.
    """
    others = [one for one in state.cities() if one.slug != city.slug]
    with st.container(border=True, key="study-form"):
        st.header(_("New study"), anchor=False)
        kind = _ask_kind(city, with_transfer=bool(others))
        st.caption(study_kind(kind).question)
        source = _ask_source(others) if study_kind(kind).of_two_cities else None
        request = _ask_request(city, kind)
        _say_cost(estimate(state.store(), city.slug, request))
        go = st.button(
            _("Start study"),
            type="primary",
            key="study-go",
            icon=":material/science:",
            width="stretch",
            **rights.needing(STUDY.role),
        )
        rights.note(STUDY.role)
    if not go:
        return False
    with st.spinner(_("Starting the study")):
        if source is not None:
            start_transfer(state.store(), source, city.slug, request)
        else:
            start_study(state.store(), city.slug, request)
    return True


def _ask_kind(city: CitySummary, *, with_transfer: bool) -> str:
    kinds = [*studies_of(city.unit), *([TRANSFER_KIND] if with_transfer else [])]
    return st.selectbox(
        _("Question"),
        kinds,
        key="study-kind",
        format_func=lambda kind: study_kind(kind).title,
        help=None if with_transfer else _("Add a second city to study transfer between the two."),
    )


def _ask_source(others: Sequence[CitySummary]) -> str:
    names = {one.slug: one.name for one in others}
    return st.selectbox(
        _("Model from"),
        list(names),
        key="study-source",
        format_func=lambda slug: names[slug],
        help=_("The model is trained on all places of that city and applied in this one."),
    )


def _ask_request(city: CitySummary, kind: str) -> StudyRequest:
    names = [one.name for one in recipes()]
    name = st.selectbox(
        _("Recipe"),
        names,
        key="study-recipe",
        help=_("Provides all settings that the study does not vary."),
    )
    labels = _ask_labels(city)
    seeds = st.slider(
        _("Seeds"),
        1,
        10,
        SEEDS,
        key="study-seeds",
        help=_(
            "Every variant is trained once per seed. Two seeds give an interval, five a "
            "reliable one; the command line allows up to {most_seeds}.",
            most_seeds=MOST_SEEDS,
        ),
    )
    with st.expander(_("Settings")):
        usual = recipe(name).epochs
        epochs = st.number_input(
            _("Maximum epochs"),
            1,
            2000,
            usual,
            key=f"study-epochs-{name}",
            help=_("Fewer epochs are faster but say less about a fully trained model."),
        )
        first = st.number_input(_("First seed"), 0, 2**31 - 100, FIRST_SEED, key="study-first")
        device = st.selectbox(
            _("Device"),
            ["auto", "cpu", "cuda"],
            key="study-device",
            help=_("Auto uses a GPU if there is one."),
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
            _(
                "Labels from a land-use map would add two metrics: land-use accuracy and text "
                "search. "
                "Without them, only the match between texts and places is tested."
            )
        )
        return None
    chosen = st.selectbox(
        _("Labels for testing maps"),
        [*kept, _NO_LABELS],
        key=f"study-labels-{city.slug}",
        format_func=lambda number: (
            f"{plain(kept[number].name)} ({count(kept[number].classes, 'class', 'classes')})"
            if number in kept
            else _("none: test texts and places only")
        ),
        help=_("Labels of earlier land-use maps. They are used for testing only."),
    )
    return None if chosen == _NO_LABELS else chosen


def _say_cost(cost: Estimate) -> None:
    trained = _("Trains about {models}", models=count(cost.trainings, "model"))
    if cost.seconds is None:
        st.caption(
            _(
                "{trained}. A time estimate is available once this city has a trained model.",
                trained=trained,
            )
        )
    else:
        st.caption(
            _(
                "{trained}: about {seconds}, {judged}.",
                trained=trained,
                seconds=duration(cost.seconds),
                judged=_(_JUDGED[cost.judged_by]),
            )
        )
