"""Several metropolitan areas added up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.measure import Gain, Measured, against
from aether_core.tasks.testing.bootstrap import interval


@dataclass(frozen=True)
class Pooled:
    """What a representation adds over all metropolitan areas that have it.

    Attributes:
        target: Its name.
        representation: Its name.
        recipe: Of its heads; None without heads.
        split: `spatial` or `blind`.
        cases: How many there are.
        by_area: Every area counts alike.
        by_metro: Every metropolitan area counts alike.
    """

    target: str
    representation: str
    recipe: str | None
    split: str
    cases: int
    by_area: Gain
    by_metro: Gain


def pooled(found: Sequence[Measured], metric: str, target: str) -> list[Pooled]:
    """Add up what was measured of one target.

    Blocks were drawn in each metropolitan area by itself, so its resamples are put beside those
    of the others.

    Args:
        found: Everything that is to be added up.
        metric: The target's main metric.
        target: Its name.
    """
    mine = [one for one in found if one.target == target]
    keys = dict.fromkeys(one.key for one in mine)
    result = []
    for key in keys:
        pairs = [
            (one, other)
            for one in mine
            if one.key == key and (other := against(mine, one)) is not None
        ]
        if not pairs:
            continue
        by_area, by_metro = added_up(pairs, metric)
        result.append(Pooled(*key, cases=len(pairs), by_area=by_area, by_metro=by_metro))
    return result


def added_up(pairs: Sequence[tuple[Measured, Measured]], metric: str) -> tuple[Gain, Gain]:
    """What one representation adds to another over several metropolitan areas.

    Args:
        pairs: Of each area the representation, and what it is held against.
        metric: Name of the metric.

    Returns:
        The gain where every area counts alike, and where every metropolitan area does.
    """
    ratio = np.array([a.resampled[metric] / b.resampled[metric] - 1 for a, b in pairs])
    error = sum(a.areas * a.resampled[metric] for a, _ in pairs)
    base = sum(b.areas * b.resampled[metric] for _, b in pairs)
    blocks = _worth(one.effective for one, _ in pairs)
    by_area = _gain(metric, np.asarray(error / base - 1), blocks)
    return by_area, _gain(metric, ratio.mean(axis=0), blocks)


def _worth(effective: Iterable[float]) -> float:
    return float(sum(effective))


def _gain(metric: str, change: NDArray[np.float64], blocks: float) -> Gain:
    return Gain(metric, float(change[0]), *interval(change[1:], blocks))
