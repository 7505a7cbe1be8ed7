"""Genuine AlphaEarth points with a label each."""

from pathlib import Path

import pytest

from tests.aether_core.tasks.uncertainty.genuine import LabelledPoints, read_points


@pytest.fixture(scope="session")
def bay(shared: Path) -> LabelledPoints:
    """San Francisco Bay: 640 points, 80 of each of 8 classes."""
    return read_points(shared / "real" / "alphaearth" / "sf_bay_urban_2024.csv")


@pytest.fixture(scope="session")
def iowa(shared: Path) -> LabelledPoints:
    """Farmland far away from the Bay."""
    return read_points(shared / "real" / "alphaearth" / "iowa_ag_2024.csv")
