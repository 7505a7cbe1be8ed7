"""What decides a run's numbers, so that one is gone on with only as it began."""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from aether_core.model.heads.heads import Heads
from aether_core.model.recipes.definition import Recipe, Value
from aether_core.model.training.held_out import HELD_OUT_VERSION
from aether_core.model.training.training_set import TrainingSet


@dataclass(frozen=True)
class RunIdentity:
    """All that decides the weights a run ends with.

    Attributes:
        data: Part of the training data to its SHA-256.
        recipe: Name of the recipe.
        settings: Every setting as it is used.
        seed: Seed of the run.
        device: "cpu" or "cuda".
        threads: Threads torch computes with; sums are taken in another order with another number.
        versions: What computes, to its version.
    """

    data: Mapping[str, str]
    recipe: str
    settings: Mapping[str, Value]
    seed: int
    device: str
    threads: int
    versions: Mapping[str, str]

    @classmethod
    def of(
        cls,
        data: TrainingSet,
        recipe: Recipe,
        *,
        seed: int,
        device: str,
        threads: int,
        start: Heads | None = None,
    ) -> "RunIdentity":
        """The identity of a run that would begin now; a second or less for 100,000 places."""
        first = [] if start is None else [value.numpy() for value in start.state_dict().values()]
        return cls(
            data={
                "places": _digest(data.lonlat, data.text_index, data.category),
                "text vectors": _digest(data.text),
                "embedding vectors": _digest(data.base, data.wide),
                "first weights": _digest(*first),
            },
            recipe=recipe.name,
            settings=recipe.settings,
            seed=seed,
            device=device,
            threads=threads,
            versions={
                "torch": importlib.metadata.version("torch"),
                "numpy": importlib.metadata.version("numpy"),
                "processor": torch.backends.cpu.get_cpu_capability(),
                "choice of held-out blocks": HELD_OUT_VERSION,
            },
        )

    def changes(self, now: "RunIdentity") -> list[str]:
        """What is different now, each in a few plain words; empty when nothing is."""
        found = [f"the {name}" for name, digest in self.data.items() if now.data[name] != digest]
        for key in sorted(self.settings.keys() | now.settings.keys()):
            found += _differing(f"the setting {key}", self.settings.get(key), now.settings.get(key))
        for name in ("recipe", "seed", "device", "threads"):
            found += _differing(f"the {name}", getattr(self, name), getattr(now, name))
        for name in [*self.versions, *(now.versions.keys() - self.versions.keys())]:
            found += _differing(f"the {name}", self.versions.get(name), now.versions.get(name))
        return found

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def _differing(name: str, then: Value | None, now: Value | None) -> list[str]:
    if then == now:
        return []
    before, after = ("none" if value is None else str(value) for value in (then, now))
    return [f"{name} ({before} then, {after} now)"]


def _digest(*arrays: NDArray[Any] | None) -> str:
    """SHA-256 over type, shape and content of arrays, absent ones included."""
    digest = sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
