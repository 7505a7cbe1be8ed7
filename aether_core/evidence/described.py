"""What a predictor is shown of an area: a registered object each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import eye_array

from aether_core.evidence.metro import Metro
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo
from aether_core.tasks.samples.representations import diversity

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Plain:
    """A representation that needs no heads.

    Attributes:
        name: In commands and JSON.
        title: In tables.
        needs_counts: Whether it is made of counts of places.
        of: Describes the areas, float32 `[m, d]`.
    """

    name: str
    title: str
    needs_counts: bool
    of: Callable[[Metro], Floats]


@dataclass(frozen=True)
class Headed:
    """A representation by trained heads; attributes as of `Plain`."""

    name: str
    title: str
    needs_counts: bool
    of: Callable[[Metro, Heads], Floats]


def alphaearth(metro: Metro) -> Floats:
    """The embedding alone, float32 `[m, dim]`."""
    return metro.vectors


def context(metro: Metro) -> Floats:
    """The embedding of an area, and of it with its neighbours, float32 `[m, 2 * dim]`."""
    return np.hstack([metro.vectors, metro.around.wide])


def statistics(metro: Metro) -> Floats:
    """The embedding, and its least, most and deviation over the area and its neighbours.

    Source: statistics pooling, arXiv 2603.02080, over areas instead of pixels, of which a table
    of areas has none. float32 `[m, 4 * dim]`.
    """
    known: NDArray[np.bool_] = np.asarray(np.isfinite(metro.vectors).all(axis=1))
    beside = (metro.around.neighbours + eye_array(len(metro))).tocsr()
    found = np.full((len(metro), 3 * metro.vectors.shape[1]), np.nan, dtype=np.float32)
    for row in np.flatnonzero(known):
        group = beside.indices[beside.indptr[row] : beside.indptr[row + 1]]
        seen = metro.vectors[group[known[group]]]
        found[row] = np.concatenate([seen.min(axis=0), seen.max(axis=0), seen.std(axis=0)])
    return np.hstack([metro.vectors, found])


def place_mix(metro: Metro) -> Floats:
    """Logarithms of places a km2, of each kind and of all, and how mixed they are, `[m, k + 2]`."""
    counts = metro.places.to_numpy(dtype=np.float64)
    density = counts / metro.km2[:, None]
    every = np.log1p(density.sum(axis=1))
    return np.column_stack([np.log1p(density), every, diversity(counts)]).astype(np.float32)


def _with_mix(metro: Metro) -> Floats:
    return np.hstack([metro.vectors, place_mix(metro)])


def _aether(metro: Metro, heads: Heads) -> Floats:
    return encode_eo(heads, metro.vectors)


def _concat(metro: Metro, heads: Heads) -> Floats:
    return np.hstack([metro.vectors, _aether(metro, heads)])


def _concat_mix(metro: Metro, heads: Heads) -> Floats:
    return np.hstack([_concat(metro, heads), place_mix(metro)])


AGAINST: Final = Plain("alphaearth", "AlphaEarth alone", needs_counts=False, of=alphaearth)
"""What every other representation is held against."""
PLAIN: Final = (
    AGAINST,
    Plain("context", "AlphaEarth, with its neighbours", needs_counts=False, of=context),
    Plain("statistics", "AlphaEarth, with statistics of its neighbours", needs_counts=False,
          of=statistics),
    Plain("mix", "AlphaEarth + place mix", needs_counts=True, of=_with_mix),
)  # fmt: skip
HEADED: Final = (
    Headed("aether", "AETHER alone", needs_counts=False, of=_aether),
    Headed("concat", "AlphaEarth + AETHER", needs_counts=False, of=_concat),
    Headed("concat-mix", "AlphaEarth + AETHER + place mix", needs_counts=True, of=_concat_mix),
)
ELSEWHERE: Final = Headed(
    "concat-elsewhere", "AlphaEarth + AETHER trained elsewhere", needs_counts=False, of=_concat
)
"""By heads that learnt from the other metropolitan areas only."""
BEST_OF: Final = ("alphaearth", "context", "mix", "concat", "concat-mix")
"""What `best` chooses from, by inner folds."""
