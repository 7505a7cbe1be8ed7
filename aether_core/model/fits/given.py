"""What a training needs, as one file: arrays and settings, and nothing that has to be looked up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as arrays_as_bytes

from aether_core.errors import DamagedFileError
from aether_core.files.whole import sha256_of
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe, Value
from aether_core.model.training.training_set import TrainingSet

_ARRAYS = ("base", "wide", "text", "text_index", "lonlat", "category")
_NOT_ALWAYS = frozenset({"wide", "category"})
_FACTS = "fit"


@dataclass(frozen=True)
class Given:
    """All that decides a training's outcome.

    Attributes:
        data: The places, with the held-out ones among them: which those are follows from where
            they lie, the recipe and the seed.
        recipe: Name of the recipe.
        settings: Its settings that differ from the recipe's own.
        seed: The same seed gives the same model.
        device: "cpu" or "cuda".
        threads: Threads torch computes with; another number gives other last bits.
        versions: What computes, to its version.
    """

    data: TrainingSet
    recipe: str
    settings: Mapping[str, Value]
    seed: int
    device: str
    threads: int
    versions: Mapping[str, str]

    def chosen(self) -> Recipe:
        """The recipe with these settings."""
        return recipe(self.recipe).override(dict(self.settings))

    def as_bytes(self) -> bytes:
        """The file: the same training gives the same bytes."""
        arrays = {
            name: array for name in _ARRAYS if (array := getattr(self.data, name)) is not None
        }
        facts = {
            "recipe": self.recipe,
            "settings": dict(self.settings),
            "seed": self.seed,
            "device": self.device,
            "threads": self.threads,
            "versions": dict(self.versions),
        }
        return bytes(arrays_as_bytes(arrays, {_FACTS: json.dumps(facts, sort_keys=True)}))


def read_given(path: Path, key: str) -> Given:
    """Read the file that `Given.as_bytes` made.

    Args:
        path: The file.
        key: Its SHA-256.

    Raises:
        DamagedFileError: It is cut, changed or gone.
    """
    damaged = DamagedFileError(
        "what a training was handed over with is damaged or gone",
        path,
        "give the same command again, which writes it anew",
        code="fit-damaged",
    )
    try:
        if sha256_of(path) != key:
            raise damaged
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError, ValueError, KeyError):
        raise damaged from None
    there = {name: arrays.get(name) for name in _NOT_ALWAYS}
    return Given(data=TrainingSet(**(there | arrays)), **facts)
