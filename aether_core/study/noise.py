"""Training places with errors put in on purpose; what is tested stays as it is.

An error of a higher level holds all of a lower one: a place whose category is wrong at 10 % has the
same wrong one at 50 %, and a place is moved the same way at every distance.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pyproj import Geod

from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.text import poi_text, poi_texts
from aether_core.study.city import StudyCity
from aether_core.study.kinds import KINDS
from aether_core.study.trial import Plan, Trial, TrialInputs, Variant, plain_plan, pooled

WRONG_PERCENT = (10, 20, 30, 50)
DISTANCES_M = (50, 100, 200)

_EARTH = Geod(ellps="WGS84")

Strings = NDArray[np.object_]


def noise(city: StudyCity) -> Plan:
    """Plan the study of errors in the places."""
    variants = [Variant(KINDS["noise"].baseline, None, Trial.prepared)]
    note = (
        "Errors are added to the training places only; the test blocks are unchanged. A wrong "
        "category is that of another place drawn at random; a moved place is shifted by the "
        "full distance in a random direction and pooled again."
    )
    notes = [note]
    texts = _Texts(city)
    if city.pois["category"].nunique() < 2:
        notes.append("Wrong categories are left out: there is only one category.")
    else:
        variants += [
            Variant(f"{percent} % wrong categories", float(percent), _wrong(percent / 100, texts))
            for percent in WRONG_PERCENT
        ]
    variants += [
        Variant(f"moved by {distance} m", float(distance), _displaced(distance))
        for distance in DISTANCES_M
    ]
    if (city.pois["name"] != "").any():
        variants.append(Variant("names removed", None, _nameless(texts)))
    else:
        notes.append("'Names removed' is left out: no place has a name.")
    return plain_plan(city, variants, notes)


class _Texts:
    """Gives changed places their texts' vectors; each text is encoded once a seed.

    Args:
        city: The city.
    """

    def __init__(self, city: StudyCity) -> None:
        self._city = city
        self._given = dict(
            zip(poi_texts(city.pois), city.training.text_index.tolist(), strict=True)
        )
        self._seed: int | None = None
        self._row, self._vectors = self._given, city.training.text

    def put(self, trial: Trial, rows: NDArray[np.int64], texts: Sequence[str]) -> TrainingSet:
        """Give some of the city's places other texts.

        Args:
            trial: Tells the seed; the texts of another one are forgotten.
            rows: The places, int64 `[r]`.
            texts: Their new texts, as many.

        Returns:
            All of the city's places.
        """
        if trial.seed != self._seed:
            self._seed = trial.seed
            self._row, self._vectors = dict(self._given), self._city.training.text
        unseen = [text for text in dict.fromkeys(texts) if text not in self._row]
        if unseen:
            self._row.update({text: len(self._vectors) + i for i, text in enumerate(unseen)})
            self._vectors = np.concatenate([self._vectors, self._city.encode(unseen)])
        text_index = self._city.training.text_index.copy()
        text_index[rows] = [self._row[text] for text in texts]
        return replace(self._city.training, text=self._vectors, text_index=text_index)


def _wrong(share: float, texts: _Texts) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        pois, training = trial.city.pois, trial.city.training
        rng = np.random.default_rng(trial.seed)
        learnable = np.flatnonzero(trial.learnable)
        donor = _donors(pois["category"].to_numpy(object), rng)
        rows = np.sort(rng.permutation(learnable)[: round(share * len(learnable))])
        category, group = (pois[key].to_numpy(object)[donor[rows]] for key in ("category", "group"))
        changed = texts.put(
            trial, rows, _sentences(pois["name"].to_numpy(object)[rows], category, group)
        )
        if training.category is not None:
            numbers = training.category.copy()
            numbers[rows] = training.category[donor[rows]]
            changed = replace(changed, category=numbers)
        return trial.prepared(changed.part(trial.learnable))

    return prepare


def _donors(category: Strings, rng: np.random.Generator) -> NDArray[np.int64]:
    """For every place another one with another category, int64 `[n]`.

    A place is found by counting places in the order of their categories and leaping over the own
    category, so that every place of the others is as likely as the next.
    """
    _, number, sizes = np.unique(category, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    first = np.cumsum(sizes) - sizes
    others = len(category) - sizes[number]
    at = np.floor(rng.random(len(category)) * others).astype(np.int64)
    return np.asarray(order[np.where(at >= first[number], at + sizes[number], at)], dtype=np.int64)


def _nameless(texts: _Texts) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        pois, rows = trial.city.pois, np.flatnonzero(trial.learnable)
        category, group = (pois[key].to_numpy(object)[rows] for key in ("category", "group"))
        changed = texts.put(
            trial, rows, _sentences(np.full(len(rows), "", object), category, group)
        )
        return trial.prepared(changed.part(trial.learnable))

    return prepare


def _displaced(distance_m: float) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        learned = trial.city.training.part(trial.learnable)
        bearing = np.random.default_rng(trial.seed).uniform(0, 360, len(learned))
        lon, lat, _ = _EARTH.fwd(
            learned.lonlat[:, 0],
            learned.lonlat[:, 1],
            bearing,
            np.full(len(learned), float(distance_m)),
        )
        lonlat = np.stack([lon, lat], axis=1)
        base, wide = pooled(trial.city, lonlat, trial.city.views)
        return trial.prepared(replace(learned, base=base, wide=wide, lonlat=lonlat))

    return prepare


def _sentences(name: Strings, category: Strings, group: Strings) -> list[str]:
    return [poi_text(*row) for row in zip(name, category, group, strict=True)]
