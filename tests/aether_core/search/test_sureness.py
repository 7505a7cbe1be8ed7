"""How sure an answer is of a cell."""

import numpy as np

from aether_core.search.support import Level
from aether_core.search.sureness import sureness


def test_sureness_falls_with_distance_and_with_the_weakest_support() -> None:
    away = np.array([0.0, 0.1, 0.2, 0.4, 9.0, np.inf], dtype=np.float32)
    full = np.array([1.0, 0.75, 0.5, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(sureness(away, 0.2, []), full, atol=1e-6)
    np.testing.assert_allclose(sureness(away, 0.2, [Level.STRONG]), full, atol=1e-6)
    both = sureness(away, 0.2, [Level.STRONG, Level.WEAK])
    np.testing.assert_allclose(both, full / 2, atol=1e-6)
    assert not sureness(away, 0.2, [Level.NONE, Level.STRONG]).any()
