"""What is tested where: a metropolitan area with the places its heads learn from."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.metro import Metro
from aether_core.evidence.places import (
    NAMES_POOR_TRACTS,
    Drawing,
    Places,
    counted_places,
    named_places,
)
from aether_core.spatial.blocks import spatial_blocks
from aether_core.tasks.testing.folds import make_folds
from aether_core.tasks.testing.splits import SPATIAL

BLOCK_M = 10_000.0
"""Side of the blocks that are held out, in metres: several tracts, and far beyond what a tract's
neighbours share."""
FOLDS = 5
SEEDS = (0, 1)


@dataclass(frozen=True, eq=False)
class Case:
    """Areas to test on, and places to train on.

    Attributes:
        name: In JSON and of its files.
        title: In tables.
        metro: The metropolitan area.
        places: What heads learn from; None where nothing is known of places.
        tested: Areas that take part, bool `[m]`.
        pooled: Whether it counts among the metropolitan areas that are summed up.
    """

    name: str
    title: str
    metro: Metro
    places: Places | None
    tested: NDArray[np.bool_]
    pooled: bool

    @cached_property
    def block(self) -> NDArray[np.int64]:
        """Spatial block of each area, int64 `[m]`."""
        return spatial_blocks(self.metro.areas.lonlat, block_m=BLOCK_M)

    def folds(self, seed: int) -> NDArray[np.int64]:
        """Fold of each area, int64 `[m]`, -1 where it takes no part; the same for every target.

        Raises:
            InputError: The areas lie in fewer blocks than there are folds.
        """
        rows = np.flatnonzero(self.tested)
        fold = np.full(len(self.metro), -1, dtype=np.int64)
        fold[rows] = make_folds(
            SPATIAL.name,
            np.zeros((len(rows), 1)),
            np.arange(len(rows)),
            self.block[rows],
            folds=FOLDS,
            seed=seed,
        )
        return fold


_NAMED = ("named", "named places", frozenset[str]())
_FEWER = (
    "named-fewer", "named places without housing and social services", NAMES_POOR_TRACTS
)  # fmt: skip


def richest(cases: Sequence[Case]) -> list[Case]:
    """One case a metropolitan area: by named places where there are enough, else by counts."""
    found: dict[str, Case] = {}
    for case in cases:
        name = case.metro.name
        if name not in found or case.name == f"{name}-{_NAMED[0]}":
            found[name] = case
    return list(found.values())


def cases_of(
    metros: Sequence[Metro],
    place_files: Sequence[Path],
    drawing: Drawing,
    *,
    fewer: bool = True,
) -> list[Case]:
    """All that can be tested with these files.

    Args:
        metros: The metropolitan areas.
        place_files: Tables of places with names; each place counts where it lies.
        drawing: How places are encoded and drawn.
        fewer: Test named places without those that nearly name a poor tract, too.

    Raises:
        InputError: A file of places cannot be read.
    """
    found: list[Case] = []
    for metro in metros:
        known: NDArray[np.bool_] = np.asarray(np.isfinite(metro.vectors).all(axis=1))
        counted = counted_places(metro, drawing)
        title = metro.name.replace("_", " ")
        found.append(Case(metro.name, title, metro, counted, known, pooled=True))
        for suffix, words, without in (_NAMED, _FEWER) if fewer else (_NAMED,):
            places = named_places(metro, place_files, drawing, without)
            if places is None:
                continue
            near = np.zeros(len(metro), dtype=bool)
            near[places.area] = True
            near |= np.asarray(metro.around.neighbours @ near.astype(np.float64)) > 0
            found.append(
                Case(
                    f"{metro.name}-{suffix}",
                    f"{title}, {words}",
                    metro,
                    places,
                    near & known,
                    pooled=False,
                )
            )
    return found
