"""Names for SQL views, their columns and those of data frames, made from names people chose."""

import hashlib
from collections.abc import Collection, Sequence

LIMIT_BYTES = 63
"""PostgreSQL cuts longer identifiers without a word."""


def bounded(name: str, *, told_apart_by: str = "") -> str:
    """The name in at most 63 bytes.

    A name that is cut, or must be told apart from an equal one, ends in a hash of both arguments.
    """
    raw = name.encode()
    if len(raw) <= LIMIT_BYTES and not told_apart_by:
        return name
    mark = "_" + hashlib.sha256(f"{name}\n{told_apart_by}".encode()).hexdigest()[:8]
    return raw[: LIMIT_BYTES - len(mark)].decode(errors="ignore") + mark


def column_names(fields: Sequence[str], reserved: Collection[str]) -> list[str]:
    """One column name a field, all different from each other and from the reserved ones."""
    taken = set(reserved)
    names: list[str] = []
    for field in fields:
        name = bounded(field)
        tries = 0
        while name in taken or not name:
            name = bounded(f"{field}{'_' * (tries := tries + 1)}")
        taken.add(name)
        names.append(name)
    return names


def free_names(names: Sequence[str], reserved: Collection[str]) -> dict[str, str]:
    """Each name, with `_` added where it is reserved or was given out already."""
    taken = set(reserved)
    free: dict[str, str] = {}
    for name in names:
        chosen = name
        while chosen in taken:
            chosen += "_"
        taken.add(chosen)
        free[name] = chosen
    return free
