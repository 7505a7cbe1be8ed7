"""How many labels there are: one definition, counted once, and passed on as what it is."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from pydantic import Field

from aether_core.findings import Record

FEWEST_LABELS: Final = 10
"""A class with fewer labels is rare: its figures say more about chance than about the class."""


class LabelCount(Record):
    """The labels of a map.

    A label is one point, or one polygon in one part or several, with a class, that gives the map at
    least one sample. Every other feature of the source is left out, for one reason each, so
    that both together are all that was given. Samples, the cells and points a probe is fitted on,
    are no labels: a polygon gives many.

    Attributes:
        by_class: Labels of each class, the most frequent first, ties by name.
        left_out: Labels that were left out, by reason; those that occurred.
    """

    by_class: dict[str, int]
    left_out: dict[str, int] = Field(default_factory=dict)

    @property
    def used(self) -> int:
        """All that are used."""
        return sum(self.by_class.values())

    @property
    def given(self) -> int:
        """All there were, whatever became of them."""
        return self.used + sum(self.left_out.values())

    @property
    def rare(self) -> dict[str, int]:
        """Labels of the classes that have too few to be tested well."""
        return {name: n for name, n in self.by_class.items() if n < FEWEST_LABELS}


def added(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Add up counts by reason; reasons that did not occur are left out."""
    total = Counter(counts)
    total.update(more)
    return {reason: count for reason, count in total.items() if count}
