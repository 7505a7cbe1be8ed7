"""Accounts of tests: their passwords are kept at little cost."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from workflows.accounts import passwords


@pytest.fixture(scope="module")
def cheap_passwords() -> Iterator[None]:
    """A password takes the product a tenth of a second, on purpose; a test makes a hundred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))
        yield
