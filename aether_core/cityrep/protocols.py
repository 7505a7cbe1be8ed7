"""The two published protocols of CityRep, by their numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aether_core.errors import InputError
from aether_core.tasks.testing.published import PUBLISHED_SEEDS

SEEDS: Final = PUBLISHED_SEEDS
HIDDEN: Final = 1024
"""Units of the head's one hidden layer, whatever the length of the vectors."""
LEARNING_RATE: Final = 1e-3
BATCH: Final = 512
MOST_EPOCHS: Final = 100
PATIENCE: Final = 10

NOT_IN_MEANS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"age_distribution": frozenset({"mumbai", "nairobi", "jakarta", "cape_town"})}
)
"""Cities that the published means leave out, by task: their age counts are of poor quality."""


@dataclass(frozen=True)
class Protocol:
    """How the samples of every task are held out; everything else is the same in both.

    Attributes:
        name: In commands and JSON, and the folder of its splits.
        title: What people call it.
    """

    name: str
    title: str


PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType(
    {
        one.name: one
        for one in (
            Protocol("block10_5seed_mlp1024", "spatial blocks, 10 by 10"),
            Protocol("random_5seed_mlp1024", "random"),
        )
    }
)
"""The one that the main results are of first."""
MAIN_PROTOCOL: Final = next(iter(PROTOCOLS))


def protocol_named(name: str) -> Protocol:
    """The protocol of this name.

    Raises:
        InputError: There is none.
    """
    if name not in PROTOCOLS:
        raise InputError(
            "CityRep has no such protocol",
            name,
            f"use {' or '.join(PROTOCOLS)}",
            code="cityrep-no-such-protocol",
        )
    return PROTOCOLS[name]
