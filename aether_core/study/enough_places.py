"""How many places a study needs; light to import, for whoever asks for one."""

from aether_core.errors import InputError
from aether_core.model.training.training_set import MIN_PLACES

TEST_PART = 0.2
"""Part of the places that lies in the test blocks."""
RESERVE = 0.9
"""Test blocks hold their part only nearly, so a tenth of the other places is kept in reserve."""
MIN_STUDY_PLACES = int(MIN_PLACES / (1 - TEST_PART) / RESERVE) + 1
"""With fewer usable places than this, too few may be left to train on."""


def check_enough(places: int, shown: str) -> None:
    """Refuse to study a city with too few places.

    Args:
        places: Usable places there are.
        shown: The same in words, with the city.

    Raises:
        InputError: Fewer than `MIN_STUDY_PLACES`.
    """
    if places < MIN_STUDY_PLACES:
        raise InputError(
            "too few usable places for a study",
            shown,
            f"add places inside the embedding until there are {MIN_STUDY_PLACES}",
            code="study-with-too-few-places",
        )
