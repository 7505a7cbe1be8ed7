"""Classes with too few samples to be tested: dropped or merged, by the user's choice."""

from dataclasses import replace
from typing import Final, Literal

import numpy as np

from aether_core.errors import InputError
from aether_core.tasks.samples.samples import Samples

OTHER: Final = "other"


def small_classes(samples: Samples, minimum: int = 10) -> dict[str, int]:
    """Classes with fewer samples than `minimum`, with their numbers."""
    counts = np.bincount(samples.label, minlength=len(samples.classes)).tolist()
    return {name: n for name, n in zip(samples.classes, counts, strict=True) if n < minimum}


def treat_small(samples: Samples, rule: Literal["drop", "merge"], minimum: int = 10) -> Samples:
    """Drop the classes with fewer samples than `minimum`, or merge them into `other`.

    What is merged and still too small is dropped, too.

    Raises:
        InputError: Fewer than two classes are left.
    """
    names = np.array(samples.classes, dtype=object)[samples.label]
    if rule == "merge":
        names[np.isin(names.astype(str), list(small_classes(samples, minimum)))] = OTHER
    found, counts = np.unique(names.astype(str), return_counts=True)
    kept = np.isin(names.astype(str), found[counts >= minimum])
    if len(found[counts >= minimum]) < 2:
        listed = ", ".join(f"{name} {n}" for name, n in zip(found, counts, strict=True))
        raise InputError(
            f"fewer than two classes have {minimum} labels",
            listed,
            "give more labels, or merge classes by a mapping",
            code="classes-too-small",
        )
    classes, label = np.unique(names[kept].astype(str), return_inverse=True)
    units, unit = np.unique(samples.unit[kept], return_inverse=True)
    gone = int((~kept).sum())
    reason = f"class with fewer than {minimum} labels"
    return replace(
        samples,
        lonlat=samples.lonlat[kept],
        label=label.astype(np.int64),
        weight=samples.weight[kept],
        unit=unit.astype(np.int64),
        cell=samples.cell[kept],
        classes=tuple(classes.tolist()),
        features_used=len(units),
        dropped=samples.dropped | ({reason: gone} if gone else {}),
    )
