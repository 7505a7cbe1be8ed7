"""The city that questions are asked of."""

import pytest

from workflows.home.store import Store


@pytest.fixture(scope="module")
def city(module_store: Store) -> Store:
    """A store with trained Tinytown for the whole module; nothing here changes the city."""
    return module_store
