"""What a kept password costs whoever has stolen it."""

from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from workflows.accounts.passwords import hashed, is_right


def test_a_password_is_kept_at_the_cost_of_rfc_9106() -> None:
    words = "correct horse battery"
    kept = hashed(words)
    assert extract_parameters(kept) == RFC_9106_LOW_MEMORY
    assert words not in kept
    assert is_right(words, kept)
    assert not is_right(words + "x", kept)
    assert not is_right(words, "no hash at all")
