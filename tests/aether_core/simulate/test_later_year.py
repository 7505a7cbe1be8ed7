"""A simulated city in another year: only what was built anew differs, but for the noise."""

import numpy as np

from aether_core.simulate.grid_city import SimulatedCity
from aether_core.simulate.later_year import YearNoise, later_year

SEED = 7  # of `truth_city`
STILL = YearNoise(pixel=0, patch=0, city=0)


def test_without_noise_only_what_was_built_anew_differs(truth_city: SimulatedCity) -> None:
    later = later_year(truth_city, SEED, 3, changed=0.1, noise=STILL)
    anew = later.truth != truth_city.truth
    assert 0.1 <= anew.mean() < 0.4
    same = np.isclose(later.vectors, truth_city.vectors, atol=1e-6).all(axis=-1)
    assert same[~anew].all()
    assert same[anew].mean() < 0.01


def test_noise_turns_every_pixel_a_little_and_living_ground_more(
    truth_city: SimulatedCity,
) -> None:
    later = later_year(truth_city, SEED, 3, changed=0)
    cosine = (later.vectors * truth_city.vectors).sum(axis=-1)
    living = np.isin(later.truth, (0, 1))  # water, park
    assert (later.truth == truth_city.truth).all()
    assert np.allclose(np.linalg.norm(later.vectors, axis=-1), 1, atol=1e-5)
    assert 0.5 < cosine[living].mean() < cosine[~living].mean() < 0.99
