"""Other windows around places and labels."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.pooling.view import Shape, View
from aether_core.model.training.training_set import MIN_PLACES, TrainingSet
from aether_core.progress import Progress, silent
from aether_core.study.city import StudyCity
from aether_core.study.kinds import KINDS
from aether_core.study.trial import (
    Plan,
    Trial,
    TrialInputs,
    Variant,
    labelled_points,
    pooled,
    usable_places,
)

RADII_M = (25.0, 50.0, 100.0, 200.0, 400.0)
WIDER = 2.25
"""A disk's wide view, as many times its radius: 9 / 4 as with the published squares."""
SQUARES_PX = ((2, 4), (4, 9), (9, 18))

Views = tuple[View, View]


def buffer(city: StudyCity, progress: Progress = silent) -> Plan:
    """Plan the study of window sizes: everything is pooled again, places and labels alike.

    Only places and labels with data in every window are tested, so that all variants stand before
    the same task.
    """
    notes = [
        f"The city's windows are {_window_words(city.views[0])} and {_window_words(city.views[1])}."
    ]
    usable, labelled = usable_places(city.training), labelled_points(city)
    variants = [Variant(KINDS["buffer"].baseline, None, Trial.prepared)]
    windows = _windows(city, notes)
    for number, (name, x, views) in enumerate(windows):
        progress(f"pooling: {name}", number, len(windows))
        base, wide = pooled(city, city.training.lonlat, views)
        training = replace(city.training, base=base, wide=wide)
        there = usable_places(training) & usable
        label_vectors = None
        if city.labels is not None:
            label_vectors = city.pool(city.labels.lonlat, views[:1])[0]
        if there.sum() < max(2 * MIN_PLACES, usable.sum() / 2):
            notes.append(f"'{name}' is left out: {there.sum():,} places have data in it.")
            continue
        usable = there
        if labelled is not None and label_vectors is not None:
            labelled = labelled & np.isfinite(label_vectors).all(axis=1)
        variants.append(Variant(name, x, _Pooled(training, label_vectors).prepare))
    return Plan(variants, usable, labelled, notes)


def _windows(city: StudyCity, notes: list[str]) -> list[tuple[str, float | None, Views]]:
    """Name, radius in metres and views of every window to try, the city's own left out."""
    found: list[tuple[str, float | None, Views]] = [
        (
            f"disk of {radius:g} m",
            radius,
            (View("base", Shape.DISK, radius), View("wide", Shape.DISK, WIDER * radius)),
        )
        for radius in RADII_M
    ]
    if city.views[0].shape.in_pixels:
        found += [
            (
                f"squares of {small} and {large} px",
                None,
                (
                    View("base", Shape.SQUARE, radius_px=small),
                    View("wide", Shape.SQUARE, radius_px=large),
                ),
            )
            for small, large in SQUARES_PX
        ]
    else:
        notes.append("Squares of pixels are left out: the city's windows are disks.")
    return [one for one in found if one[2] != city.views]


class _Pooled:
    """Places and labels in other windows."""

    def __init__(self, training: TrainingSet, labels: NDArray[np.float32] | None) -> None:
        self._training = training
        self._labels = labels

    def prepare(self, trial: Trial) -> TrialInputs:
        """Show these windows instead of the city's."""
        prepared = trial.prepared(self._training.part(trial.learnable))
        return replace(prepared, places=self._training.base, labels=self._labels)


def _window_words(view: View) -> str:
    if view.radius_m is not None:
        return f"a disk of {view.radius_m:g} m"
    return f"a square of {view.radius_px} px"
