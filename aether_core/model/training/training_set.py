"""What a training run learns from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

MIN_PLACES = 64
"""Fewer places than this carry too little to learn from."""


@dataclass(frozen=True)
class TrainingSet:
    """Places with both views of their surroundings and their text.

    Attributes:
        base: Base view, unit rows float32 `[n, eo_dim]`; a NaN row makes the place unusable.
        wide: Wide view, unit rows float32 `[n, eo_dim]`; likewise. None where a place is seen in
            one view only.
        text: Distinct text vectors, unit rows float32 `[t, text_dim]`.
        text_index: Row of `text` that is the place's text, int64 `[n]`.
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`.
        category: Number of the place's category, int64 `[n]`, -1 where it has none; None where
            categories are not known. Only some recipes use it.
    """

    base: NDArray[np.float32]
    wide: NDArray[np.float32] | None
    text: NDArray[np.float32]
    text_index: NDArray[np.int64]
    lonlat: NDArray[np.float64]
    category: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if self.base.ndim != 2 or not self.base.shape[1]:
            raise InputError(
                "base has the wrong shape",
                self.base.shape,
                "give [n, eo_dim]",
                code="array-wrong-shape",
            )
        rows = len(self.base)
        shapes = {
            "text_index": (self.text_index.shape, (rows,)),
            "lonlat": (self.lonlat.shape, (rows, 2)),
        }
        if self.wide is not None:
            shapes["wide"] = (self.wide.shape, self.base.shape)
        if self.category is not None:
            shapes["category"] = (self.category.shape, (rows,))
        for name, (there, wanted) in shapes.items():
            if there != wanted:
                raise InputError(
                    f"{name} has the wrong shape", there, f"give {wanted}", code="array-wrong-shape"
                )
        if self.text.ndim != 2 or not np.isfinite(self.text).all():
            raise InputError(
                "text vectors are unusable",
                self.text.shape,
                "give finite [t, d]",
                code="text-vectors-unusable",
            )
        if rows and not 0 <= self.text_index.min() <= self.text_index.max() < len(self.text):
            raise InputError(
                "text_index is out of range",
                f"{self.text_index.min()} to {self.text_index.max()}",
                f"use 0 to {len(self.text) - 1}",
                code="text-index-out-of-range",
            )

    def __len__(self) -> int:
        return len(self.base)

    def usable(self) -> "TrainingSet":
        """The places that have data in every view and a position.

        Raises:
            InputError: Fewer than 64 such places.
        """
        ok = np.isfinite(self.base).all(axis=1) & np.isfinite(self.lonlat).all(axis=1)
        if self.wide is not None:
            ok &= np.isfinite(self.wide).all(axis=1)
        if ok.sum() < MIN_PLACES:
            raise InputError(
                "too few usable places to train on",
                f"{ok.sum()} of {len(self)}",
                f"add places inside the embedding until there are {MIN_PLACES}",
                code="too-few-places",
            )
        return self.part(np.asarray(ok))

    def part(self, chosen: NDArray[np.bool_]) -> "TrainingSet":
        """The chosen places, with all the texts.

        Args:
            chosen: True for a place that stays, bool `[n]`.
        """
        return TrainingSet(
            self.base[chosen],
            None if self.wide is None else self.wide[chosen],
            self.text,
            self.text_index[chosen],
            self.lonlat[chosen],
            None if self.category is None else self.category[chosen],
        )
