"""What a job is doing, which it tells in English, in the reader's language."""

import re
from typing import Final

from aether_core.language import _, mark

COUNTED: Final = (mark("epoch {first} of {second}"), mark("{first} of {second}"))
"""What is told with numbers, which stand in the stage as the job has told them."""
_NUMBER: Final = re.compile(r"\d[\d,]*")
_NAMES: Final = ("first", "second", "third", "fourth")


def stage_in_words(stage: str) -> str:
    """A stage in the reader's language, its numbers kept; in English what no catalogue has.

    Args:
        stage: As a job or a verb tells it: `storing`, `epoch 6 of 100, pooling, 3 of 40`.
    """
    return ", ".join(_part(part) for part in stage.split(", "))


def _part(part: str) -> str:
    numbers = _NUMBER.findall(part)[: len(_NAMES)]
    if not numbers:
        return _(part) if part else part
    names = iter(_NAMES)
    sentence = _NUMBER.sub(lambda found: f"{{{next(names, found[0])}}}", part)
    return _(sentence, **dict(zip(_NAMES, numbers, strict=False)))
