"""What was measured while a map was made: how far to trust it."""

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from aether_core.findings import Measured, Record, StoredFindings
from aether_core.spatial.variogram import Variogram
from aether_core.tasks.testing.fairness import GroupFigures


class Score(Record):
    """One metric on one split.

    Attributes:
        mean: Over the seeds.
        sd: Standard deviation over the seeds.
        lo: Lower end of the 95 % interval.
        hi: Upper end.
        n_seeds: Number of seeds.
    """

    mean: float
    sd: Measured
    lo: Measured
    hi: Measured
    n_seeds: int


class Folds(Record):
    """Who was held out together, for a map of the folds.

    Attributes:
        lonlat: Where at most 3,000 of the samples are, WGS84.
        by_split: Fold of each of them, for the first seed.
    """

    lonlat: list[tuple[float, float]]
    by_split: dict[str, list[int]]


class BlockFigures(Record):
    """The spatial blocks.

    Attributes:
        side_m: Side of a block in metres.
        range_m: Autocorrelation range of the labels in metres; None where the user set the side.
        limited: Whether the side was cut so that enough blocks stay.
        occupied: Number of blocks with labels.
        chosen_by: What chose the side, in words.
    """

    side_m: float
    range_m: float | None
    limited: bool
    occupied: int
    chosen_by: str


class HeldOut(Record):
    """How samples were held out.

    Attributes:
        blocks: None where no spatial blocks were asked for.
    """

    folds: Folds
    variogram: Variogram
    blocks: BlockFigures | None = None


class ApplicabilityFigures(Record):
    """The area of applicability.

    Attributes:
        threshold: Dissimilarity above which a cell is outside.
        outside: Part of the cells with data that is.
    """

    threshold: float
    outside: float


class MapTest(Record):
    """What predictions of held-out samples say about a map.

    Attributes:
        accuracy: `{split: {metric: score}}`.
        calibrated_on: Split whose predictions uncertainty was calibrated on.
        fairness: Error and coverage by group, for each way to group the samples.
    """

    accuracy: dict[str, dict[str, Score]]
    calibrated_on: str
    applicability: ApplicabilityFigures
    fairness: dict[str, list[GroupFigures]]

    @property
    def means(self) -> dict[str, dict[str, float]]:
        """`{split: {metric: mean}}`."""
        return {
            split: {metric: score.mean for metric, score in scores.items()}
            for split, scores in self.accuracy.items()
        }

    @property
    def hardest(self) -> str:
        """The split to rely on: spatial blocks where there are some."""
        return "spatial" if "spatial" in self.accuracy else next(iter(self.accuracy))


class SampleFindings(StoredFindings):
    """What is known of the samples of any fit.

    Attributes:
        outcomes: Names of the classes or fields, in their order.
        used: Labels or areas that gave at least one sample; of labels as `LabelCount` has it.
        dropped: How many of them were left out, by reason.
        samples_dropped: Cells and points left out though their label may have others, by reason.
        held_out: How samples were held out.
    """

    _old_names: ClassVar[Mapping[str, str]] = {
        "classes": "outcomes",
        "fields": "outcomes",
        "labels_used": "used",
        "areas_used": "used",
        "labels_dropped": "dropped",
        "areas_dropped": "dropped",
        "labels_repaired": "repaired",
        "areas_repaired": "repaired",
        "from": "source",
    }

    outcomes: list[str]
    used: int
    dropped: dict[str, int]
    samples_dropped: dict[str, int] = Field(default_factory=dict)
    held_out: HeldOut

    @classmethod
    def _from_version_1(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        new = {cls._old_names.get(key, key): value for key, value in document.items()}
        folds = dict(new.pop("folds"))
        new["held_out"] = {
            "folds": {"lonlat": folds.pop("lonlat"), "by_split": folds},
            "variogram": new.pop("variogram"),
            "blocks": new.pop("blocks", None),
        }
        return new


class ComparisonFindings(SampleFindings):
    """Of a comparison of representations.

    Attributes:
        source: File or layer the samples came from.
        samples: Rows compared on, where a label gives several.
        resampled: What the intervals resample, in words.
    """

    source: str
    samples: int | None = None
    resampled: str = "labels"


class Findings(SampleFindings):
    """Of any map.

    Attributes:
        task: Name of the kind of task.
        repaired: How many labels or areas had their geometry mended.
        test: What was measured on held-out samples.
        note: What must be said wherever the map is shown.
    """

    note: ClassVar[str | None] = None

    task: str
    repaired: int = 0
    test: MapTest

    @classmethod
    def _from_version_1(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        new = super()._from_version_1(document)
        test = cast("type[MapTest]", cls.model_fields["test"].annotation)
        new["test"] = {key: new.pop(key) for key in test.model_fields if key in new}
        new["test"]["fairness"] = {
            kind: [{key: value for key, value in row.items() if key != "too_few"} for row in rows]
            for kind, rows in new["test"]["fairness"].items()
        }
        return new
