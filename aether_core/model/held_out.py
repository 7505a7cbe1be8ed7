"""How a model does on the places held out of its training."""

import numpy as np
import torch
from numpy.typing import NDArray

from aether_core.model.heads import Heads
from aether_core.model.losses import aether_loss
from aether_core.model.recipe import Recipe
from aether_core.model.retrieval import Retrieval, candidate_rows, measure_retrieval
from aether_core.model.training_set import TrainingSet


class HeldOut:
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
