"""What a study has measured so far, a file a training, so that a killed one goes on from there."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.measure import Measured
from aether_core.evidence.varied import Asked
from aether_core.files.whole import atomic_path

FOLDER: Final = "study-parts"
_TOLD: Final = "told"
_LIBRARIES: Final = ("torch", "numpy", "scipy")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one training of a variant in a case came to; `trained` is false where it cannot be."""

    measured: list[Measured]
    asked: list[Asked]
    trained: bool = True


class Parts:
    """Files in a folder, each known by all that decides its numbers.

    Args:
        folder: Where the study's files go; the parts lie in a folder of it.
        about: What all parts rest on, such as the checksums of the data, as JSON values.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self._folder = folder / FOLDER
        libraries = {name: version(name) for name in _LIBRARIES}
        self._about = json.dumps({**about, "libraries": libraries}, sort_keys=True)

    def read(self, key: Mapping[str, Any]) -> Outcome | None:
        """What was measured under a key; None where nothing was, or its file is damaged."""
        try:
            with np.load(self._file(key), allow_pickle=False) as arrays:
                told = json.loads(str(arrays[_TOLD]))
                return Outcome(
                    [
                        Measured(**one, resampled=_metrics(arrays, f"measured-{at}-"))
                        for at, one in enumerate(told["measured"])
                    ],
                    [
                        Asked(**one, auc=arrays[f"asked-{at}"])
                        for at, one in enumerate(told["asked"])
                    ],
                    told["trained"],
                )
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return None

    def keep(self, key: Mapping[str, Any], outcome: Outcome) -> None:
        """Write what was measured under a key, whole or not at all."""
        arrays: dict[str, Any] = {}
        told: dict[str, Any] = {"trained": outcome.trained, "measured": [], "asked": []}
        for at, one in enumerate(outcome.measured):
            facts = asdict(one)
            for metric, values in facts.pop("resampled").items():
                arrays[f"measured-{at}-{metric}"] = values
            told["measured"].append(facts)
        for at, asked in enumerate(outcome.asked):
            facts = asdict(asked)
            arrays[f"asked-{at}"] = facts.pop("auc")
            told["asked"].append(facts)
        arrays[_TOLD] = np.array(json.dumps(told))
        self._folder.mkdir(parents=True, exist_ok=True)
        with (
            atomic_path(self._file(key), force=True) as path,
            path.open("wb") as file,  # a path without the ending would be given one
        ):
            np.savez(file, **arrays)

    def _file(self, key: Mapping[str, Any]) -> Path:
        name = sha256((self._about + json.dumps(key, sort_keys=True)).encode()).hexdigest()[:24]
        return self._folder / f"{name}.npz"


def _metrics(arrays: Mapping[str, NDArray[Any]], start: str) -> dict[str, NDArray[np.float64]]:
    return {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}
