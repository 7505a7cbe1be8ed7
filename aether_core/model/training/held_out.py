"""How a model does on the places held out of its training.

Whatever chooses something is no test of it: with `keep="best"` the epoch whose loss is lowest on
one half of the held-out blocks is kept, and its figures come from the other half.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from aether_core.model.heads.heads import Heads
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.losses import aether_loss
from aether_core.model.training.retrieval import (
    Retrieval,
    ValidatedOn,
    candidate_rows,
    measure_retrieval,
)
from aether_core.model.training.training_set import TrainingSet
from aether_core.spatial.blocks import held_out_blocks, held_out_in_two

HELD_OUT_VERSION = "2"
"""Changes when other places would be held out, or would choose the epoch, of the same data."""


class Validation:
    """What is held out of a run, and what of it chooses the epoch and what is reported on.

    Args:
        data: Usable places.
        recipe: Says how much is held out, and whether an epoch is chosen.
        seed: Decides which blocks.

    Attributes:
        held: True for a held-out place, bool `[n]`.
        choosing: How many of them choose the epoch.
        validated_on: See `ValidatedOn`; None when nothing is held out.

    Raises:
        InputError: An epoch is to be chosen with nothing held out, or all places lie in one block.
    """

    def __init__(self, data: TrainingSet, recipe: Recipe, seed: int) -> None:
        choosing, reporting = _parts(data, recipe, seed)
        self.held: NDArray[np.bool_] = choosing | reporting
        self.choosing = int(choosing.sum())
        self.validated_on: ValidatedOn | None = None
        self._reporting = self._choosing = None
        if not self.held.any():
            return
        apart = reporting.any()
        self.validated_on = "apart" if apart else "choice"
        self._reporting = HeldOutPlaces(data, reporting if apart else choosing, recipe, seed)
        if apart and choosing.any():
            self._choosing = HeldOutPlaces(data, choosing, recipe, seed)

    def measure(self, heads: Heads) -> tuple[Retrieval | None, float | None]:
        """Retrieval to report, and the loss that an epoch is chosen by; None, nothing held out."""
        if self._reporting is None:
            return None, None
        retrieval, loss = self._reporting.measure(heads)
        if self._choosing is not None:
            loss = self._choosing.measure(heads)[1]
        return retrieval, loss


def _parts(
    data: TrainingSet, recipe: Recipe, seed: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Places that choose the epoch and places that are reported on, bool `[n]` each."""
    recipe.check()
    nobody = np.zeros(len(data), dtype=bool)
    if recipe.holdout == 0:
        return nobody, nobody
    if recipe.keeps_best:
        return held_out_in_two(
            data.lonlat, fraction=recipe.holdout, seed=seed, block_m=recipe.block_m
        )
    return nobody, held_out_blocks(
        data.lonlat, fraction=recipe.holdout, seed=seed, block_m=recipe.block_m
    )


class HeldOutPlaces:
    """How the heads do on the held-out places, or on 1,000 of them where there are more.

    Args:
        data: Usable places.
        held: True for a held-out place, bool `[n]`.
        recipe: Gives temperature and weight of the loss.
        seed: Decides which places are compared.
    """

    def __init__(
        self, data: TrainingSet, held: NDArray[np.bool_], recipe: Recipe, seed: int
    ) -> None:
        rows = np.flatnonzero(held)
        rows = rows[candidate_rows(len(rows), seed=seed)]
        texts, self._text_index = np.unique(data.text_index[rows], return_inverse=True)
        self._base = torch.from_numpy(data.base[rows].astype(np.float32))
        self._wide = (
            torch.from_numpy(data.wide[rows].astype(np.float32))
            if data.wide is not None and recipe.lam > 0
            else None
        )
        self._text = torch.from_numpy(data.text[texts].astype(np.float32))
        self._recipe = recipe

    def measure(self, heads: Heads) -> tuple[Retrieval, float]:
        """Retrieval and loss of the present weights."""
        device = heads.device
        heads.eval()
        with torch.no_grad():
            base = heads.eo(self._base.to(device)).cpu()
            wide = None if self._wide is None else heads.eo(self._wide.to(device)).cpu()
            text = heads.text(self._text.to(device)).cpu()
            named = torch.from_numpy(self._text_index)
            loss = aether_loss(
                base,
                wide,
                text[named],
                temperature=self._recipe.temperature,
                lam=self._recipe.lam,
                alike=named if self._recipe.same_text == "masked" else None,
            )
        retrieval = measure_retrieval(base.numpy(), text.numpy(), self._text_index)
        return retrieval, float(loss.total)
