"""The ways to hold samples out of a fit, and what each is called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aether_core.language import mark


@dataclass(frozen=True)
class Split:
    """One way to hold samples out.

    Attributes:
        name: In the store, in commands and JSON.
        title: What charts and pages call it.
        in_reports: What tables of reports call it.
        in_short: The same where there is little room.
        where: Where it tests, before the word for what was known: `close to` or `away from`.
        of_blocks: Whether whole blocks of ground are held out, so that it is the one to rely on.
    """

    name: str
    title: str
    in_reports: str
    in_short: str
    where: str
    of_blocks: bool = False


RANDOM: Final = Split(
    "random", mark("random folds"), mark("random folds"), mark("random folds"), mark("close to")
)
SPATIAL: Final = Split(
    "spatial",
    mark("spatial blocks"),
    mark("whole blocks held out"),
    mark("on blocks"),
    mark("away from"),
    of_blocks=True,
)
DISTRICT: Final = Split(
    "district",
    mark("whole districts"),
    mark("whole districts held out"),
    mark("whole districts held out"),
    mark("away from"),
)
BLIND: Final = Split(
    "blind",
    mark("unseen blocks"),
    mark("whole blocks held out of the model, too"),
    mark("on unseen blocks"),
    mark("away from"),
    of_blocks=True,
)
"""The folds of `SPATIAL`, with heads that were trained without the places of the tested blocks."""
SPLITS: Final[Mapping[str, Split]] = MappingProxyType(
    {split.name: split for split in (RANDOM, SPATIAL, BLIND, DISTRICT)}
)
"""All there are, by name."""
OFFERED: Final = (RANDOM.name, SPATIAL.name)
"""Those a user may choose, the hardest last; districts and `--blind` bring their own."""


def hardest(names: Iterable[str]) -> str:
    """The split to rely on among these: the one of blocks where it is there, else the first."""
    there = list(names)
    return next((name for name in there if name in SPLITS and SPLITS[name].of_blocks), there[0])
