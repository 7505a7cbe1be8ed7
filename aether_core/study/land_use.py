"""How well a representation tells the classes of labelled points."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.pooling.view import View
from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_text
from aether_core.poi.text import query_texts
from aether_core.search.scoring import cosine_scores, mean_direction, query_direction
from aether_core.study.city import StudyCity, StudyLabels
from aether_core.tasks.kinds.classes import CLASSES
from aether_core.tasks.kinds.metrics import macro_f1
from aether_core.tasks.testing.experiment import ExperimentSetup, out_of_fold
from aether_core.tasks.testing.folds import choose_blocks, make_folds
from aether_core.tasks.testing.retrieval_truth import score_query
from aether_core.tasks.testing.splits import SPATIAL

_PIXEL_M = 10.0


class LandUse:
    """The labelled points of a city, and the two figures a study takes from them.

    Args:
        city: Its labels are used.
        there: Labels that every variant has data at, bool `[k]`.
        seeds: Seeds that will decide the folds.

    Raises:
        InputError: The city has no labels, or they cannot be tested on spatial folds.
    """

    def __init__(self, city: StudyCity, there: NDArray[np.bool_], seeds: Sequence[int]) -> None:
        if city.labels is None:
            raise InputError(
                "there are no labels", city.slug, "give some labels", code="city-without-labels"
            )
        labels = city.labels
        self._there = there
        self._label = labels.label[there]
        unit = np.arange(len(labels.label)) if labels.unit is None else labels.unit
        self._setup = ExperimentSetup(
            task=CLASSES,
            target=self._label,
            names=labels.names,
            unit=unit[there],
            block=choose_blocks(
                labels.lonlat[there], self._label, smallest_m=_width_m(city.views[0])
            ).number,
        )
        self._class_queries = _class_queries(city, labels, self._label)
        self._fold = {seed: self._folds(seed) for seed in seeds}

    @property
    def count(self) -> int:
        """Number of labels that are tested."""
        return len(self._label)

    def macro_f1(self, vectors: NDArray[np.float32], seed: int) -> float:
        """Macro-F1 of a linear probe on spatial folds.

        Args:
            vectors: Representation of all labels, float32 `[k, d]`.
            seed: Decides the folds.
        """
        fold = self._fold[seed]
        predicted = out_of_fold(vectors[self._there], self._setup, fold, seed).argmax(axis=1)
        return macro_f1(self._label, predicted, len(self._setup.names))

    def text_to_map_auc(self, heads: Heads, z: NDArray[np.float32]) -> float:
        """Mean over the classes of the AUC of asking for a class by its name.

        Args:
            heads: The model.
            z: EO head of all labels, unit rows float32 `[k, 128]`.
        """
        values = []
        for number, (name, vector) in self._class_queries.items():
            direction = query_direction(encode_text(heads, vector[None])[0])
            found = score_query(
                cosine_scores(z[self._there], direction),
                self._label == number,
                np.zeros(len(self._label), dtype=np.int64),  # one block: no interval is wanted
                query=name,
            )
            values.append(next(one.value for one in found if one.metric == "auc"))
        return float(np.mean(values))

    def _folds(self, seed: int) -> NDArray[np.int64]:
        """Spatial folds, each of which leaves two classes to learn from."""
        setup = self._setup
        fold = make_folds(SPATIAL.name, setup.target, setup.unit, setup.block, seed=seed)
        for number in range(setup.folds):
            if len(np.unique(self._label[fold != number])) < 2:
                raise InputError(
                    "a fold leaves only one class to train on",
                    f"fold {number + 1}",
                    "give labels of the other classes from more places",
                    code="fold-of-one-class",
                )
        return fold


def _class_queries(
    city: StudyCity, labels: StudyLabels, there: NDArray[np.int64]
) -> dict[int, tuple[str, NDArray[np.float32]]]:
    """Name and text vector of every class that occurs, as a query of a user is encoded."""
    numbers = np.unique(there).tolist()
    if len(numbers) < 2:
        raise InputError(
            "labels of a single class",
            f"{len(there)} labels",
            "give labels of at least 2 classes",
            code="labels-of-one-class",
        )
    wordings = [query_texts(labels.names[number]) for number in numbers]
    vectors = city.encode([text for wording in wordings for text in wording])
    pairs = vectors.reshape(len(numbers), 2, -1)
    return {
        number: (labels.names[number], mean_direction(pair))
        for number, pair in zip(numbers, pairs, strict=True)
    }


def _width_m(view: View) -> float:
    """Width of a window in metres; pixels are taken as AlphaEarth's."""
    if view.radius_m is not None:
        return 2 * view.radius_m
    return (2 * (view.radius_px or 0) + 1) * _PIXEL_M
