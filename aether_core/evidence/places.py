"""What heads learn from in a metropolitan area: its counts of places, or places with names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.evidence.metro import Metro
from aether_core.model.training.training_set import TrainingSet
from aether_core.poi.clean import clean_pois
from aether_core.poi.read import read_pois
from aether_core.poi.text import poi_text, poi_texts
from aether_core.spatial.ground import ground_of_areas

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Turns texts into unit rows, float32 `[len(texts), text_dim]`."""

PLACE_SUFFIXES = frozenset({".csv"})
FEWEST_PLACES = 1_000
"""Places with names that are worth a test of their own."""
STREET_FURNITURE = frozenset({
    "bench", "bicycle parking", "bicycle rental", "drinking water", "fountain", "parking",
    "parking entrance", "parking space", "post box", "recycling", "telephone", "toilets",
    "vending machine", "waste basket",
})  # fmt: skip
"""Categories that say nothing of what people do somewhere."""
NAMES_POOR_TRACTS = frozenset({"residential", "social services"})
"""Named public housing and social services nearly name a poor tract: shown with and without."""

_WORDS = {
    "edu": "education",
    "comm": "shopping",
    "med": "health care",
    "trans": "public transport",
    "pub": "public service",
    "food": "food and drink",
    "finance": "bank",
    "other": "other amenity",
}
_NEAR = 2


@dataclass(frozen=True, eq=False)
class Places:
    """Places and the areas they are in.

    Attributes:
        learned: What heads are trained on.
        area: Row of the area each is in, int64 `[p]`.
        kind: What each is, str `[p]`.
        counted: What is known of them, in words.
    """

    learned: TrainingSet
    area: NDArray[np.int64]
    kind: NDArray[np.object_]
    counted: str

    def part(self, rows: NDArray[np.bool_]) -> "Places":
        """Some of them.

        Args:
            rows: True for those that stay, bool `[p]`.
        """
        return Places(self.learned.part(rows), self.area[rows], self.kind[rows], self.counted)

    def drawn(self, most: int, seed: int) -> "Places":
        """At most so many of them, drawn at random."""
        return self.part(_some(len(self.area), most, seed))


def word(kind: str) -> str:
    """A kind of counted place in words."""
    return _WORDS.get(kind, kind.replace("_", " "))


@dataclass(frozen=True)
class Drawing:
    """How texts become vectors, and how many places are taken.

    Attributes:
        encode: The text encoder.
        most: Places taken at most; of more some are drawn at random, and only their texts encoded.
        seed: Of the drawing.
    """

    encode: Encode
    most: int
    seed: int


def counted_places(metro: Metro, drawing: Drawing) -> Places | None:
    """One place for each kind that an area has, with what else there is as its context.

    Its text names the kind, and the two other kinds that are commonest there for the metropolitan
    area. How many there are is not said.

    Args:
        metro: Its counts of places.
        drawing: How they are encoded and drawn.

    Returns:
        None where nothing was counted.
    """
    counts = metro.places
    if not counts.to_numpy().sum():
        return None
    kinds = [str(name) for name in counts]
    numbers = counts.to_numpy()
    usual = numbers.sum(axis=0) / metro.km2.sum()
    common = numbers / metro.km2[:, None] / np.maximum(usual, 1e-12)
    area, kind = np.nonzero(numbers)
    pairs = zip(area.tolist(), kind.tolist(), strict=True)
    texts = [_text(kinds, common[a], numbers[a], k) for a, k in pairs]
    named = np.array(kinds, dtype=object)[kind]
    return _places(metro, area, texts, named, "counts of places a tract", drawing)


def named_places(
    metro: Metro, files: Sequence[Path], drawing: Drawing, without: frozenset[str] = frozenset()
) -> Places | None:
    """The places with names, or of a kind, that lie in the areas.

    Args:
        metro: Its areas.
        files: Tables of places, WGS84.
        drawing: How they are encoded and drawn.
        without: Categories to leave out.

    Returns:
        None where fewer than 1,000 lie there.

    Raises:
        InputError: A file cannot be read as places.
    """
    found = [read_pois(file).frame for file in files]
    if not found:
        return None
    frame = pd.concat(found, ignore_index=True)
    named = frame[(frame["name"] != "") & ~frame["category"].isin(STREET_FURNITURE | without)]
    kept = clean_pois(named, ground_of_areas(metro.areas.geometry)).pois
    if len(kept) < FEWEST_PLACES:
        return None
    lonlat = np.column_stack([kept.geometry.x, kept.geometry.y])
    area = metro.areas.rows_at(lonlat)
    inside = area >= 0
    kept, area, lonlat = kept[inside], area[inside], lonlat[inside]
    kinds = kept["category"].to_numpy(dtype=object)
    return _places(metro, area, poi_texts(kept), kinds, "named places", drawing, lonlat)


def _text(
    kinds: Sequence[str], common: NDArray[np.float64], there: NDArray[np.int64], kind: int
) -> str:
    order = [k for k in np.argsort(-common, kind="stable").tolist() if k != kind and there[k]]
    near = " and ".join(word(kinds[k]) for k in order[:_NEAR]) or "nothing else"
    return poi_text("", f"{word(kinds[kind])}, near {near}", "")


def _places(
    metro: Metro,
    area: NDArray[np.int64],
    texts: Sequence[str],
    kind: NDArray[np.object_],
    counted: str,
    drawing: Drawing,
    lonlat: NDArray[np.float64] | None = None,
) -> Places:
    usable = np.flatnonzero(np.isfinite(metro.vectors[area]).all(axis=1))
    rows = usable[_some(len(usable), drawing.most, drawing.seed)]
    taken = np.asarray(texts, dtype=object)[rows].astype(str)
    distinct, index = np.unique(taken, return_inverse=True)
    categories, category = np.unique(kind[rows].astype(str), return_inverse=True)
    there = area[rows].astype(np.int64)
    learned = TrainingSet(
        base=metro.vectors[there],
        wide=metro.around.wide[there],
        text=drawing.encode([str(text) for text in distinct]),
        text_index=index.astype(np.int64),
        lonlat=metro.areas.lonlat[there] if lonlat is None else lonlat[rows],
        category=np.where(categories[category] == "", -1, category).astype(np.int64),
    )
    return Places(learned, there, kind[rows], counted)


def _some(count: int, most: int, seed: int) -> NDArray[np.bool_]:
    """True for at most so many of `count`, drawn at random, bool `[count]`."""
    rows = np.ones(count, dtype=bool)
    if count > most:
        rows[np.random.default_rng(seed).permutation(count)[most:]] = False
    return rows
