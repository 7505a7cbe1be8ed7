"""A map of classes: what was observed, predictions in the gaps, and how sure both are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aether_core.findings import Record
from aether_core.language import _, figure, mark
from aether_core.tasks.samples.observed import OBSERVED_SHARE, Observed

if TYPE_CHECKING:  # the kind of task makes the map
    from aether_core.tasks.kinds.classes import ClassTest

FloatArray = NDArray[np.float32]

OBSERVED, PREDICTED = "observed", "predicted"
"""Where the class of a cell comes from: its `source`."""


class CellSources(Record):
    """How many cells of a map are known, and how many are predicted.

    Attributes:
        observed: Cells that labelled ground of one class covers to `share` or more.
        predicted: All others.
        reliable: Predicted cells inside the area of applicability with at most two classes
            possible.
        contested: Predicted cells that two or more classes cover as far.
        share: Part of a cell's ground that a class must cover to be observed.
        everywhere: Predictions were asked for everywhere: nothing counts as observed.
        one: What one is called.
        several: What several are called.
    """

    observed: int
    predicted: int
    reliable: int
    contested: int = 0
    share: float = OBSERVED_SHARE
    everywhere: bool = False
    one: str = mark("map cell")
    several: str = mark("map cells")

    @property
    def observed_part(self) -> float:
        """Part of the map that is observed."""
        return self.observed / max(self.observed + self.predicted, 1)

    @property
    def reliable_part(self) -> float:
        """Part of the predicted cells that can be relied on; 0 where nothing is predicted."""
        return self.reliable / max(self.predicted, 1)

    @property
    def usable(self) -> float:
        """Part of the map that is observed or reliable."""
        return (self.observed + self.reliable) / max(self.observed + self.predicted, 1)

    @property
    def sentences(self) -> list[str]:
        """What the map is made of, in one or two sentences."""
        total = f"{self.observed + self.predicted:,} {self.several}"
        reliable = _(
            "{part_in_words} of them reliably", part_in_words=part_in_words(self.reliable_part)
        )
        if self.everywhere:
            return [
                _(
                    "All {total} are predicted, as was asked for, {reliable}.",
                    total=total,
                    reliable=reliable,
                )
            ]
        least = _("at least {part_in_words} of", part_in_words=part_in_words(self.share))
        if not self.observed:
            why = _("no label covers {least} one, and a point covers no ground", least=least)
            return [
                _(
                    "All {total} are predicted, {reliable}: {why}.",
                    total=total,
                    reliable=reliable,
                    why=why,
                )
            ]
        known = _(
            "{observed:,} of {total} ({part_in_words}) are observed: labels of one class "
            "cover {least} each.",
            observed=self.observed,
            total=total,
            part_in_words=part_in_words(self.observed_part),
            least=least,
        )
        if not self.predicted:
            return [known]
        gaps = _(
            "The other {predicted:,} are predicted, {reliable}",
            predicted=self.predicted,
            reliable=reliable,
        )
        contested = _(
            "; labels of two classes cover {contested:,} of them", contested=self.contested
        )
        return [known, f"{gaps}{contested if self.contested else ''}."]


@dataclass(frozen=True)
class LandUseMap:
    """What the map says of each cell.

    Attributes:
        classes: Names of the classes.
        probability: Calibrated probabilities, float32 `[m, K]`.
        sets: Whether a class is in the cell's conformal set, bool `[m, K]`.
        dissimilarity: Dissimilarity index, float32 `[m]`; inf without data.
        applicable: Inside the area of applicability, bool `[m]`.
        trusted: Applicable, and the set holds the likeliest class and at most one more,
            bool `[m]`.
        test: How far to trust it.
        observed: What is known of each cell; its class is shown instead of the prediction.
        everywhere: Predictions were asked for everywhere.
    """

    classes: tuple[str, ...]
    probability: FloatArray
    sets: NDArray[np.bool_]
    dissimilarity: FloatArray
    applicable: NDArray[np.bool_]
    trusted: NDArray[np.bool_]
    test: "ClassTest"
    observed: Observed
    everywhere: bool = False

    @property
    def there(self) -> NDArray[np.bool_]:
        """Cells with data, bool `[m]`: those of the layer."""
        return np.asarray(np.isfinite(self.probability).all(axis=1))

    @property
    def sources(self) -> CellSources:
        """How many of the cells with data are observed and predicted."""
        there = self.there
        known = there & (self.observed.label >= 0)
        return CellSources(
            observed=int(known.sum()),
            predicted=int((there & ~known).sum()),
            reliable=int((there & ~known & self.trusted).sum()),
            contested=self.observed.contested,
            everywhere=self.everywhere,
        )

    def fields(self, level: float) -> list[dict[str, str]]:
        """Name, type and unit of each value of its layer."""
        share = "probability, 0 to 1"
        known = self._known.any()
        also = "; 1 where observed" if known else ""
        shown = [
            {
                "name": "landuse",
                "type": "text",
                "unit": "observed or most probable class" if known else "most probable class",
            },
            {"name": "source", "type": "text", "unit": "observed by a label, or predicted"},
            {
                "name": "confidence",
                "type": "float",
                "unit": f"its calibrated {share}{also}",
            },
            {
                "name": "set",
                "type": "list",
                "unit": f"set that contains the true class with coverage {level:.0%}",
            },
            {"name": "applicable", "type": "bool", "unit": "inside the area of applicability"},
            {
                "name": "trusted",
                "type": "bool",
                "unit": "observed, or inside the area of applicability with a small set"
                if known
                else "inside the area of applicability, with a small set",
            },
            *({"name": f"p_{name}", "type": "float", "unit": share} for name in self.classes),
        ]
        if not known:
            return shown
        said = "of the prediction, also where the class was observed"
        return [
            *shown,
            {
                "name": "predicted",
                "type": "text",
                "unit": f"most probable class {said}",
            },
            {"name": "predicted_confidence", "type": "float", "unit": f"confidence {said}"},
            {"name": "predicted_set", "type": "list", "unit": f"set {said}"},
            {"name": "predicted_trusted", "type": "bool", "unit": f"trusted {said}"},
        ]

    def columns(self) -> dict[str, Any]:
        """Values of the cells with data, one column a field.

        An observed cell is of its class with certainty: its probability is 1, its set holds nothing
        else. The prediction stands beside it, in fields of its own.
        """
        there, known = self.there, self._known
        names = np.array(self.classes, dtype=object)
        predicted = self.probability[there].round(4)
        probability, sets = predicted.copy(), self.sets[there].copy()
        of_class = self.observed.label[there][known]
        probability[known], sets[known] = 0.0, False
        probability[known, of_class], sets[known, of_class] = 1.0, True
        columns = {
            "landuse": names[probability.argmax(axis=1)],
            "source": np.where(known, OBSERVED, PREDICTED).astype(object),
            "confidence": probability.max(axis=1),
            "set": _named_sets(names, probability, sets),
            "applicable": self.applicable[there],
            "trusted": self.trusted[there] | known,
            **{f"p_{name}": probability[:, k] for k, name in enumerate(self.classes)},
        }
        if known.any():
            columns |= {
                "predicted": names[predicted.argmax(axis=1)],
                "predicted_confidence": predicted.max(axis=1),
                "predicted_set": _named_sets(names, predicted, self.sets[there]),
                "predicted_trusted": self.trusted[there],
            }
        return columns

    @property
    def _known(self) -> NDArray[np.bool_]:
        """Cells with data that are observed, bool, one a cell with data."""
        return np.asarray(self.observed.label[self.there] >= 0)


def part_in_words(share: float) -> str:
    """A share in per cent, never `0 %` for something that is there."""
    return _("under 1 %") if 0 < share < 0.005 else figure(share, ".0%")


def _named_sets(
    names: NDArray[np.object_], probability: FloatArray, sets: NDArray[np.bool_]
) -> list[list[str]]:
    """The classes of each set, the likeliest first."""
    order = np.argsort(-probability, axis=1, kind="stable")
    return [
        names[ranked[admitted[ranked]]].tolist()
        for ranked, admitted in zip(order, sets, strict=True)
    ]
