"""The order of the places in an epoch."""

import numpy as np
import torch

from aether_core.model.training.batches import Batches
from aether_core.model.training.device_features import DeviceFeatures
from tests.aether_core.model.places import make_training_set


def test_each_place_comes_once_and_the_last_partial_batch_not_at_all() -> None:
    data = make_training_set(100)
    features = DeviceFeatures.on(torch.device("cpu"), data, np.zeros(100, dtype=bool))
    batches = Batches(features, 30)
    generator = torch.Generator().manual_seed(0)
    first, second = batches.epoch(generator), batches.epoch(generator)
    assert batches.steps == 3
    assert first.shape == (3, 30)
    assert len(first.unique()) == 90
    assert not torch.equal(first, second)
    assert torch.equal(first, batches.epoch(torch.Generator().manual_seed(0)))
