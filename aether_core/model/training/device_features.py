"""The training places' features on the device they are trained on."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aether_core.model.training.training_set import TrainingSet


@dataclass(frozen=True)
class DeviceFeatures:
    """The places that are trained on, on the device.

    Attributes:
        base: Base view, float32 `[n, eo_dim]`.
        wide: Wide view, float32 `[n, eo_dim]`; None where there is one view only.
        text: Distinct text vectors, float32 `[t, text_dim]`.
        text_index: Row of `text` of each place, int64 `[n]`.
        category: Number of each place's category, int64 `[n]`, -1 where it has none; None where
            categories are not known.
    """

    base: Tensor
    wide: Tensor | None
    text: Tensor
    text_index: Tensor
    category: Tensor | None = None

    @classmethod
    def on(
        cls, device: torch.device, data: TrainingSet, held: NDArray[np.bool_]
    ) -> "DeviceFeatures":
        """Put the places that are not `held` on a device."""

        def put(values: NDArray[np.float32] | NDArray[np.int64]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        return cls(
            put(data.base[~held].astype(np.float32)),
            None if data.wide is None else put(data.wide[~held].astype(np.float32)),
            put(data.text.astype(np.float32)),
            put(data.text_index[~held].astype(np.int64)),
            None if data.category is None else put(data.category[~held].astype(np.int64)),
        )

    def __len__(self) -> int:
        return len(self.base)
