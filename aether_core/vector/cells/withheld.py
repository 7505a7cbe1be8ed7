"""Marks that stand in a table where a number is missing or withheld."""

import re

import numpy as np
from numpy.typing import NDArray

_WORDS = frozenset(
    {
        "n/a",
        "n.a.",
        "na",
        "nan",
        "nd",
        "n.d.",
        "null",
        "nil",
        "none",
        "no data",
        "nodata",
        "not available",
        "missing",
        "unknown",
        "suppressed",
        "withheld",
        "confidential",
        "k.a.",
        "k. a.",
        "s.o.",
        "<na>",
        "#n/a",
        "#null!",
        "#value!",
        "#ref!",
        "#div/0!",
        "[c]",
        "[x]",
        "[z]",
        "[low]",
    }
)
_MARK = re.compile(
    r"""
    [.…:*#\-–—‒−/?\\xX×]+                      # .. : *** # - / x
    | [a-z]                                     # S, c, D, u
    | \(\s*(?:[a-z*x]{1,3}|\#)\s*\)             # (D), (S), (NA)
    | (?:<|≤|<=|&lt;|>|≥|>=|&gt;)\s*=?\s*\d+(?:[.,]\d+)?\s*%?   # <5
    | \d{1,2}\s*(?:-|–|—|to)\s*\d{1,3}          # 1-9, 1 to 4
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NINES = re.compile(r"9{5,}")
_BELOW_ZERO = re.compile(r"9{2,}|([1-9])\1{4,}|32768|2147483648|9223372036854775808")
_OUT_OF_THE_WAY = 10.0
"""A row of nines is withheld where it is so many times the largest other number."""
_HUGE = 1e30  # nodata of rasters and of single precision, such as -3.4e38


def is_withheld(text: str) -> bool:
    """Tell a mark of statistical offices from a number or a word; the empty text is one too."""
    plain = text.strip()
    if plain[:1].isdigit() and "." not in plain and not _MARK.fullmatch(plain):
        return False
    return not plain or plain.casefold() in _WORDS or _MARK.fullmatch(plain) is not None


def is_placeholder(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark numbers that stand for a missing one, such as -666666666 and 999999999.

    Below zero nothing can be counted, so a repeated digit there (-99, -66666) is none. Above, a row
    of five or more nines is none where it is ten times the largest other number of the table.

    Args:
        values: float64 `[n, k]` of counts or shares that belong together; NaN where missing.
    """
    finite = np.isfinite(values)
    found = finite & (np.abs(values) > _HUGE)
    candidates = [
        value
        for value in np.unique(values[finite & ~found]).tolist()
        if value.is_integer()
        and (_BELOW_ZERO if value < 0 else _NINES).fullmatch(f"{abs(value):.0f}")
    ]
    below = [value for value in candidates if value < 0]
    nines = [value for value in candidates if value > 0]
    others = values[finite & ~found & ~np.isin(values, nines) & (values >= 0)]
    if len(others):
        below += [value for value in nines if value >= _OUT_OF_THE_WAY * float(others.max())]
    return np.asarray(found | np.isin(values, below))
