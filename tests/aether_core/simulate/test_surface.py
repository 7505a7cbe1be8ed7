"""The packaged figures of genuine AlphaEarth pixels."""

import json
from pathlib import Path

import numpy as np
import pytest

from aether_core.simulate.surface import surface_statistics


def test_directions_are_orthonormal_and_strongest_first() -> None:
    statistics = surface_statistics()
    gram = statistics.directions @ statistics.directions.T
    np.testing.assert_allclose(gram, np.eye(12), atol=2e-4)  # the file has four decimals
    assert (np.diff(statistics.standard_deviations) <= 0).all()


def test_directions_and_rest_make_up_the_whole_spread() -> None:
    statistics = surface_statistics()
    explained = np.square(statistics.standard_deviations).sum()
    rest = 52 * statistics.residual_standard_deviation**2
    assert explained + rest == pytest.approx(statistics.total_standard_deviation**2)


def test_figures_cannot_be_changed_by_a_caller() -> None:
    with pytest.raises(ValueError, match="read-only"):
        surface_statistics().means["water"][0] = 1.0


def test_source_names_both_datasets_and_their_licence() -> None:
    source = surface_statistics().source
    assert "AlphaEarth" in source
    assert "Dynamic World" in source
    assert source.count("CC-BY 4.0") == 2


def test_packaged_figures_are_the_published_ones(shared: Path) -> None:
    path = shared / "alphaearth_surface_statistics.json"
    if not path.is_file():
        pytest.skip("alphaearth_surface_statistics.json not present")
    figures = json.loads(path.read_text(encoding="utf-8"))
    statistics = surface_statistics()
    assert set(statistics.means) == set(figures["classes"])
    for name, mean in statistics.means.items():
        np.testing.assert_array_equal(mean, figures["classes"][name]["mean"])
