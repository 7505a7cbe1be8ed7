"""All lines of the table, in its order."""

from collections.abc import Sequence

from aether_core.errors import NotFoundError
from benchmarks.line import Line
from benchmarks.lines import embed, epoch, fetch, pool, pool_large, query, scan, text

LINES: tuple[Line, ...] = (
    *pool.LINES,
    *pool_large.LINES,
    *epoch.LINES,
    *text.LINES,
    *embed.LINES,
    *fetch.LINES,
    *query.LINES,
    *scan.LINES,
)


def lines_named(names: Sequence[str]) -> list[Line]:
    """Lines by name, in the table's order; all of them when no name is given.

    Raises:
        NotFoundError: No line has one of the names.
    """
    known = {line.name: line for line in LINES}
    for name in names:
        if name not in known:
            raise NotFoundError(
                "there is no such benchmark",
                name,
                f"use {', '.join(known)}",
                code="no-such-benchmark",
            )
    return [line for line in LINES if not names or line.name in names]
