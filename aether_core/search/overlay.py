"""The weighted overlay: the parts of a question become one score a cell.

Two ways to combine, after Eastman's review of multi-criteria evaluation in GIS (Jiang and Eastman
2000, Int. J. of GIS 14(2): 173-184) and the OECD/JRC Handbook on Constructing Composite Indicators
(2008), step 6:

- `all`, the weighted geometric mean: a part that is 0 makes the score 0, and a weak part cannot be
  bought off one to one. The other candidate, the minimum, knows no weights, and leaves cells whose
  worst part is equal in one heap however different the rest is.
- `add`, the weighted linear combination (Malczewski 2000, Transactions in GIS 4(1): 5-22): parts
  compensate each other in full.

Alternatives ("a park or a playground") count as the best of them, the fuzzy union (Zadeh 1965).
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.search.question.criteria import KINDS, Criterion

Parts = Sequence[NDArray[np.float32]]
"""Of each criterion the value of each cell: float32 `[m]` in 0 to 1, NaN where it has no data."""

_Combine = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def _geometric(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(weights @ np.log(values)), dtype=np.float64)


def _linear(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(weights @ values, dtype=np.float64)


MODES: Mapping[str, _Combine] = MappingProxyType({"all": _geometric, "add": _linear})
"""How parts become one score: values `[k, m]` and weights `[k]` that sum to 1 give `[m]`."""


def check_mode(mode: str) -> None:
    """Refuse a way to combine that there is not.

    Raises:
        InputError: It is none of `MODES`.
    """
    if mode not in MODES:
        raise InputError(
            "no such way to combine criteria",
            mode,
            f"choose {' or '.join(MODES)}",
            code="no-such-mode",
        )


def combined(criteria: Sequence[Criterion], parts: Parts, mode: str) -> NDArray[np.float32]:
    """Score cells by all parts of a question.

    A cell without data for a criterion has no score, because a part that is missing can neither
    hold nor be weighed; of alternatives it is enough that one has data. A cell outside an area that
    was asked for has none either: it is no candidate.

    Args:
        criteria: As `checked` returns them.
        parts: Their values, in the same order, of the same cells.
        mode: One of `MODES`.

    Returns:
        Float32 `[m]` in 0 to 1; NaN where a cell has no score.

    Raises:
        InputError: There is no such mode.
    """
    check_mode(mode)
    options = sorted({one.option for one in criteria})
    scores = [
        _of_option([(one, part) for one, part in zip(criteria, parts, strict=True)
                    if one.option == option], mode)
        for option in options
    ]  # fmt: skip
    return np.asarray(np.fmax.reduce(np.stack(scores)), dtype=np.float32)


def _of_option(
    pairs: Sequence[tuple[Criterion, NDArray[np.float32]]], mode: str
) -> NDArray[np.float64]:
    """Score of criteria that hold together."""
    clauses: dict[int, list[tuple[Criterion, NDArray[np.float32]]]] = {}
    for one, part in pairs:
        clauses.setdefault(one.clause, []).append((one, part))
    values, weights, candidate = [], [], np.ones(len(pairs[0][1]), dtype=bool)
    for alternatives in clauses.values():
        best = np.fmax.reduce(np.stack([part for _, part in alternatives])).astype(np.float64)
        if all(KINDS[one.kind].constraint for one, _ in alternatives):
            candidate &= best > 0
            continue
        values.append(best)
        weights.append(max(one.weight for one, _ in alternatives))
    if not values:  # only an area was asked for: all in it is equal
        return np.where(candidate, 1.0, np.nan)
    shares = np.array(weights, dtype=np.float64) / sum(weights)
    stacked = np.stack(values)
    known = ~np.isnan(stacked).any(axis=0)
    score = np.full(stacked.shape[1], np.nan)
    score[known] = MODES[mode](stacked[:, known], shares)
    return np.where(candidate, np.clip(score, 0.0, 1.0), np.nan)
