"""Errors that reach another process are the errors they were."""

import pickle

import pytest

from aether_core.errors import AetherError, CancelledError, ConflictError, InputError


@pytest.mark.parametrize(
    "error",
    [
        AetherError("no worker is left", code="workers-lost"),
        CancelledError("stopped"),
        InputError("the seed is wrong", -1, "try 42", code="seed-out-of-range"),
        ConflictError("file exists", "a.tif", "add --force"),
    ],
)
def test_an_error_survives_the_way_to_another_process(error: AetherError) -> None:
    there = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own
    assert type(there) is type(error)
    assert (str(there), there.code, there.exit_code) == (str(error), error.code, error.exit_code)
