"""A small training set with structure that can be learned."""

import numpy as np

from aether_core.model.training.training_set import TrainingSet


def make_training_set(places: int, *, seed: int = 0, text_dim: int = 384) -> TrainingSet:
    """Places in 8 kinds on a 3 x 3 km square; kinds share a text and have alike surroundings."""
    rng = np.random.default_rng(seed)

    def unit(values: np.ndarray) -> np.ndarray:
        return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)

    kinds = 8
    kind = rng.integers(0, kinds, places)
    centre = rng.standard_normal((kinds, 64))[kind]
    noise = rng.standard_normal((2, places, 64))
    return TrainingSet(
        base=unit(centre + 0.5 * noise[0]),
        wide=unit(centre + 0.4 * noise[0] + 0.1 * noise[1]),
        text=unit(rng.standard_normal((kinds, text_dim))),
        text_index=kind.astype(np.int64),
        lonlat=np.array([24.94, 60.17]) + rng.uniform(0, [0.054, 0.027], (places, 2)),
        category=kind.astype(np.int64),
    )
