"""Classes with too few labels to be tested well: kept, left out or merged, as the user chooses."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.findings import Record
from aether_core.tasks.labels.count import FEWEST_LABELS
from aether_core.tasks.samples.samples import Samples

OTHER: Final = "other"
FEWEST_SAMPLES: Final = 10
"""Cells or points below which no set of a class can be calibrated."""
LEFT_OUT: Final = f"class with fewer than {FEWEST_LABELS} labels"

SmallRule = Literal["testable", "keep", "drop", "merge"]
TESTABLE: Final[SmallRule] = "testable"
"""What is done where nothing was chosen."""


@dataclass(frozen=True)
class _Rule:
    """One thing to do with rare classes.

    Attributes:
        words: What it does, as a choice in a form.
        becomes: The class that a class of so many samples becomes, given the class to merge into;
            None leaves it out.
        merges: It needs a class to merge into.
    """

    words: str
    becomes: Callable[[str, int, str], str | None]
    merges: bool = False


SMALL_RULES: Final[Mapping[SmallRule, _Rule]] = MappingProxyType(
    {
        "testable": _Rule(
            f"Keep those with at least {FEWEST_SAMPLES} map cells or points, leave out the others",
            lambda name, samples, _into: name if samples >= FEWEST_SAMPLES else None,
        ),
        "keep": _Rule("Keep all", lambda name, _samples, _into: name),
        "drop": _Rule("Leave out", lambda _name, _samples, _into: None),
        "merge": _Rule("Merge into one class", lambda _name, _samples, into: into, merges=True),
    }
)


class RareClass(Record):
    """A class with fewer than ten labels, and what became of it.

    Attributes:
        name: What it was called.
        labels: Its labels.
        samples: The cells and points they gave.
        became: The class it is now, its own where it stayed; None where it was left out.
    """

    name: str
    labels: int
    samples: int
    became: str | None


class RareClasses(Record):
    """What was done with the classes that have fewer than ten labels.

    Attributes:
        rule: What was chosen.
        classes: Them, those with most labels first.
    """

    rule: SmallRule
    classes: list[RareClass]

    @property
    def sentence(self) -> str:
        """What was done, in one sentence; empty where no class is rare."""
        if not self.classes:
            return ""
        fates: dict[str, list[str]] = {}
        for one in self.classes:
            outcome = "left out" if one.became is None else f"merged into {one.became}"
            fate = "kept" if one.became == one.name else outcome
            fates.setdefault(fate, []).append(f"{one.name} ({one.labels})")
        outcomes = "; ".join(f"{fate}: {', '.join(names)}" for fate, names in fates.items())
        return f"Classes with fewer than {FEWEST_LABELS} labels were {outcomes}."

    def renamed(self, values: NDArray[np.object_]) -> NDArray[np.object_]:
        """The class each value has now, None where it was left out.

        Args:
            values: Classes as the mapping gives them, object `[n]` of str.
        """
        now = {one.name: one.became for one in self.classes}
        return np.array([now.get(value, value) for value in values], dtype=object)


@dataclass(frozen=True)
class Treated:
    """Samples without rare classes, or with those that were kept.

    Attributes:
        samples: Those that are left.
        kept: Which of the samples given they are, bool `[n]`.
        rare: What was done.
    """

    samples: Samples
    kept: NDArray[np.bool_]
    rare: RareClasses


def check_rule(rule: str, into: str) -> None:
    """Refuse what is no choice.

    Raises:
        InputError: There is no such rule, or the class to merge into has no name.
    """
    if rule not in SMALL_RULES:
        raise InputError(
            "classes with few labels cannot be treated like this",
            rule,
            f"say {', '.join(SMALL_RULES)}",
            code="no-such-small-class-rule",
        )
    if not into.strip():
        raise InputError(
            "the class to merge into has no name",
            repr(into),
            f"name a class, such as {OTHER}",
            code="merged-class-without-name",
        )


def treat_small(samples: Samples, rule: SmallRule = TESTABLE, into: str = OTHER) -> Treated:
    """Keep, leave out or merge the classes with fewer than ten labels.

    What is merged and still has fewer than ten labels is left out.

    Args:
        samples: Of all classes.
        rule: One of `SMALL_RULES`.
        into: The class that `merge` puts them into: one there is, or a new one.

    Raises:
        InputError: Fewer than two classes are left.
    """
    labels, of_class = samples.count.by_class, samples.of_class
    becomes = SMALL_RULES[rule].becomes
    rare = [
        RareClass(
            name=name,
            labels=n,
            samples=of_class[name],
            became=becomes(name, of_class[name], into),
        )
        for name, n in samples.count.rare.items()
    ]
    done = RareClasses(rule=rule, classes=_without_small_mergers(rare, labels))
    names = done.renamed(np.array(samples.classes, dtype=object))[samples.label]
    kept = np.array([name is not None for name in names], dtype=bool)
    left = sorted(set(names[kept].tolist()))
    if len(left) < 2:
        listed = ", ".join(f"{name} {n}" for name, n in sorted(labels.items()))
        raise InputError(
            f"fewer than two classes are left when those with under {FEWEST_LABELS} labels are "
            f"treated as chosen ({rule})",
            listed,
            "keep all of them, give more labels, or merge classes by a mapping",
            code="classes-too-small",
        )
    place = {name: k for k, name in enumerate(left)}
    renamed = replace(
        samples,
        classes=tuple(left),
        label=np.array([place.get(name, 0) for name in names], dtype=np.int64),
    )
    return Treated(renamed.keep(kept, LEFT_OUT), kept, done)


def _without_small_mergers(rare: list[RareClass], labels: Mapping[str, int]) -> list[RareClass]:
    """Leave out what was merged and still has too few labels."""
    merged = {one.became for one in rare if one.became not in (None, one.name)}
    small = {one.name for one in rare}
    total = Counter({name: n for name, n in labels.items() if name not in small})
    for one in rare:
        total[str(one.became)] += one.labels
    return [
        one.model_copy(update={"became": None})
        if one.became in merged and total[str(one.became)] < FEWEST_LABELS
        else one
        for one in rare
    ]
