"""What came of a training, as a folder: weights, and a record of how they came about."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from aether_core.errors import AetherError
from aether_core.files.whole import atomic_folder, sha256_of
from aether_core.model.files.card import WEIGHTS_FILE
from aether_core.model.files.folder import load_heads, weights_bytes
from aether_core.model.training.epoch_report import EpochReport
from aether_core.model.training.trainer import Trained

_RECORD: Final = "trained.json"
_PLAIN: Final = (
    "kept_epoch",
    "validated_on",
    "device",
    "seconds",
    "pois_used",
    "held_out",
    "chose_epoch",
    "resumed_from",
)


def write_outcome(folder: Path, trained: Trained, key: str) -> None:
    """Write an outcome, whole or not at all; one that is there is replaced.

    Args:
        folder: Where; its parent is there.
        trained: What came of it.
        key: Of what it was trained on.

    Raises:
        DiskFullError: There is no room left.
    """
    weights = weights_bytes(trained.heads, folder.parent.name)
    record = {
        "key": key,
        "weights": sha256(weights).hexdigest(),
        "history": [report.as_json() for report in trained.history],
        **{name: getattr(trained, name) for name in _PLAIN},
    }
    with atomic_folder(folder, force=True, holds={WEIGHTS_FILE, _RECORD}) as whole:
        (whole / WEIGHTS_FILE).write_bytes(weights)
        (whole / _RECORD).write_text(json.dumps(record))


def read_outcome(folder: Path, key: str) -> Trained | None:
    """The outcome that lies there; None where it is not whole, or of something else."""
    try:
        record = json.loads((folder / _RECORD).read_bytes())
        if (record.pop("key"), record.pop("weights")) != (key, sha256_of(folder / WEIGHTS_FILE)):
            return None
        history = [EpochReport.from_json(entry) for entry in record.pop("history")]
        validation = history[record["kept_epoch"] - 1].validation
        heads = load_heads(folder)
        return Trained(heads=heads, history=history, validation=validation, **record)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AetherError):
        return None
