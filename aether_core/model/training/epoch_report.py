"""What one epoch of a training run did."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aether_core.model.training.retrieval import DirectedRetrieval, Retrieval


@dataclass(frozen=True)
class EpochReport:
    """What one epoch did.

    Attributes:
        epoch: Number of the epoch, from 1.
        epochs: Epochs there will be at most.
        loss: Mean training loss over the epoch's batches, taken before each step.
        loss_multiscale: Likewise of the multiscale part.
        loss_cross_modal: Likewise of the cross-modal part.
        learning_rate: Rate after the epoch's last step.
        validation: Retrieval on the held-out blocks; None when nothing is held out.
        validation_loss: The training objective on the held-out blocks, all of the compared places
            as one batch: what `keep="best"` goes by. None when nothing is held out.
        seconds: Time spent on training so far; time between two sittings does not count.
        seconds_left: Time the epochs still to come would take at most.
        resumed_from: Epoch after which this sitting went on; 0 where training began in it.
    """

    epoch: int
    epochs: int
    loss: float
    loss_multiscale: float
    loss_cross_modal: float
    learning_rate: float
    validation: Retrieval | None
    validation_loss: float | None
    seconds: float
    seconds_left: float
    resumed_from: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values, every float exactly as it is."""
        found = self.validation
        if found is None:
            return dict(vars(self))
        directed = {"text_to_place": found.text_to_place, "place_to_text": found.place_to_text}
        plain = {key: dict(vars(value)) for key, value in directed.items()}
        # Not `asdict`, whose deep copies cost more than an epoch once there are a thousand reports.
        return {**vars(self), "validation": {**vars(found), **plain}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "EpochReport":
        """The report that `as_json` wrote.

        Raises:
            KeyError: A field is missing.
            TypeError: A field is unknown.
        """
        report = cls(**values)
        found = values["validation"]
        if found is None:
            return report
        directed = {
            key: DirectedRetrieval(**found[key]) for key in ("text_to_place", "place_to_text")
        }
        return replace(report, validation=Retrieval(**{**found, **directed}))
