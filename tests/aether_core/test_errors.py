"""Errors between processes."""

import pickle

import pytest

from aether_core.errors import AetherError, DiskFullError, InputError, NotFoundError


@pytest.mark.parametrize(
    "error",
    [
        AetherError("no room", code="no-room"),
        DiskFullError("no room"),
        InputError("no such city", "Narva", "give another one", code="no-such-city"),
        NotFoundError("no such city", "Narva", "give another one"),
    ],
)
def test_an_error_travels_as_it_is(error: AetherError) -> None:
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - what was just made
    assert type(found) is type(error)
    assert (str(found), found.code, found.exit_code) == (str(error), error.code, error.exit_code)
