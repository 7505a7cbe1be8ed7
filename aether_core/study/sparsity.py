"""Training on ever fewer places."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aether_core.model.training.training_set import MIN_PLACES
from aether_core.study.city import StudyCity
from aether_core.study.enough_places import RESERVE, TEST_PART
from aether_core.study.kinds import KINDS
from aether_core.study.trial import Plan, Trial, TrialInputs, Variant, plain_plan

PERCENT = (50, 25, 10, 5, 2, 1)


def sparsity(city: StudyCity) -> Plan:
    """Plan the study of fewer places.

    A smaller part is contained in every larger one of the same seed; the test blocks stay whole.
    """
    plan = plain_plan(city, [Variant(KINDS["sparsity"].baseline, 100.0, Trial.prepared)], [])
    there = round(int(plan.usable.sum()) * (1 - TEST_PART))
    plan.notes.append(f"100 % are about {there:,} training places.")
    for percent in PERCENT:
        name = f"{percent} % of the places"
        if not enough(there, percent / 100):
            plan.notes.append(too_few(name, there, percent / 100))
        else:
            plan.variants.append(Variant(name, float(percent), _part(percent / 100)))
    return plan


def enough(there: int, share: float) -> bool:
    """Whether a share of about so many places can be trained on in any trial."""
    return share * there * RESERVE >= MIN_PLACES


def too_few(name: str, there: int, share: float) -> str:
    """Say why a step is left out."""
    return (
        f"'{name}' is left out: about {math.ceil(share * there)} places, and {MIN_PLACES} are "
        "the minimum for training."
    )


def drawn(trial: Trial, share: float) -> NDArray[np.bool_]:
    """Places of a share of those that may be learned from, bool `[n]`; shares are nested."""
    rows = np.flatnonzero(trial.learnable)
    order = np.random.default_rng(trial.seed).permutation(rows)
    chosen = np.zeros(len(trial.learnable), dtype=bool)
    chosen[order[: math.ceil(share * len(rows))]] = True
    return chosen


def _part(share: float) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        return trial.prepared(trial.city.training.part(drawn(trial, share)))

    return prepare
