"""How a probe is fitted and tested: the settings most leave as they are."""

from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.tasks.predictors.predictor import PREDICTORS
from aether_core.tasks.samples.representations import usable_representations
from aether_core.tasks.testing.chosen import BEST
from aether_core.tasks.testing.comparison import spoken_names
from aether_core.tasks.testing.protocols import PROTOCOLS
from ui.shell import state
from ui.shell.text import worded
from workflows.cities.cities import CitySummary
from workflows.tasks.settings import MOST_SEEDS, FitSettings
from workflows.training.models import list_models

_IN_USE: Final = mark("Model in use")
_NUMBER_PX: Final = 130
"""Width that a label beside its help needs; narrower columns broke words."""


def ask_fit(city: CitySummary, key: str, *, with_representation: bool) -> FitSettings:
    """Ask for the settings of a fit, in an expander.

    Args:
        city: The city.
        key: Start of the widgets' names, different for each form of a visit.
        with_representation: Whether one representation is chosen here; comparisons ask for several
            themselves.

    Raises:
        InputError: The settings cannot be used.
    """
    default = FitSettings()
    with st.expander(_("Advanced"), icon=":material/tune:"):
        representation = _representation(city, key) if with_representation else "alphaearth"
        model = _model(city, key)
        predictor = st.selectbox(
            _("Method"),
            list(PREDICTORS),
            format_func=lambda name: _(PREDICTORS[name].title),
            key=f"{key}-predictor",
            help=_("The linear probe is quick, and hard to beat with few labels."),
        )
        protocol = st.selectbox(
            _("Kind of test"),
            list(PROTOCOLS),
            format_func=lambda name: _(PROTOCOLS[name].title),
            key=f"{key}-protocol",
            help=_(
                "Cross-validation tests every label once per seed. The published protocol tests "
                "a fifth of them, with the paper's seeds and training."
            ),
        )
        folds, seeds, seed = _folds(key, PROTOCOLS[protocol].own_seeds)
        block_m = st.number_input(
            _("Side of a spatial block, in metres"),
            10.0,
            100_000.0,
            value=None,
            step=100.0,
            format="%.0f",
            key=f"{key}-block",
            placeholder=_("from the variogram range"),
            help=_(
                "Labels in the same block are held out together. Default: the distance up to "
                "which neighbouring labels are similar (variogram range)."
            ),
        )
        level = st.slider(
            _("Coverage level (%)"),
            50,
            99,
            value=round(100 * default.level),
            key=f"{key}-level",
            help=_("A higher level gives larger sets and wider intervals."),
        )
    return FitSettings(
        representation=representation,
        model=model,
        predictor=predictor,
        protocol=protocol,
        folds=folds,
        seeds=seeds,
        seed=seed,
        block_m=block_m,
        level=level / 100,
    )


def _representation(city: CitySummary, key: str) -> str:
    offered = usable_representations(with_model=city.model is not None)
    default = FitSettings().representation
    names = spoken_names(city.embedding)
    return st.selectbox(
        _("Data used"),
        [*offered, BEST],
        index=offered.index(default) if default in offered else 0,
        format_func=lambda name: names.get(name, name),
        key=f"{key}-representation",
        help=_(
            "AETHER needs a trained model. On real census tracts of ten cities, satellite data "
            "and AETHER together were better than satellite data alone, AETHER alone was not, so "
            "both "
            "together are the default. Best by inner folds tries three on parts of your data."
        ),
    )


def _model(city: CitySummary, key: str) -> str | None:
    """Ask for a model where the city has several."""
    if city.models < 2:
        return None
    names = [model.name for model in list_models(state.store(), city.slug)]
    chosen = st.selectbox(
        _("Model"), [_IN_USE, *names], key=f"{key}-model", format_func=worded(_IN_USE)
    )
    return None if chosen == _IN_USE else chosen


def _folds(key: str, own_seeds: tuple[int, ...] | None) -> tuple[int, int, int]:
    """Folds, number of seeds and the first seed; not asked where a protocol has its own."""
    default = FitSettings()
    if own_seeds is not None:
        st.caption(_("Seeds: {numbers}.", numbers=", ".join(map(str, own_seeds))))
        return default.folds, default.seeds, default.seed
    row = st.container(horizontal=True)
    folds = row.number_input(
        _("Test areas"),
        2,
        20,
        value=default.folds,
        key=f"{key}-folds",
        help=_("Number of parts the labels are split into; each is held out in turn."),
        width=_NUMBER_PX,
    )
    seeds = row.number_input(
        _("Repeats"),
        1,
        MOST_SEEDS,
        value=default.seeds,
        key=f"{key}-seeds",
        help=_("Number of times the folds are redrawn."),
        width=_NUMBER_PX,
    )
    seed = row.number_input(
        _("Random seed"), 0, value=default.seed, key=f"{key}-seed", width=_NUMBER_PX
    )
    return int(folds), int(seeds), int(seed)
