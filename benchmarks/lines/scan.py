"""The best 1,000 of many cells for a query: what a list needs, where a map scores all of them.

FAISS is measured beside it where it is installed (`pip install faiss-cpu`, in an environment of its
own: it's no part of Aether), pgvector where `BENCH_PGVECTOR` is the address of a database in which
this may make its extension and a table.
"""

import importlib.util
import os
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import SEED, unit_rows
from benchmarks.line import Case, Check, Clock, Line, Size, Took, Way, every, seconds_at_most

_QUERIES = 15
_BEST = 1000
_WARM_UP = 2
_RECALL = 0.99
_BLOCK = 250_000
_PGVECTOR = "BENCH_PGVECTOR"

Find = Callable[[NDArray[np.float32]], NDArray[np.integer]]


def prepare(case: Case) -> None:
    """Keep unit vectors of cells, made in blocks, and their copy as cities keep it."""
    from workflows.home.kept_arrays import kept_quantised

    random = np.random.default_rng(SEED)
    count = case.size["cells"]
    z = np.lib.format.open_memmap(
        case.folder / "cells.npy", mode="w+", dtype=np.float32, shape=(count, 128)
    )
    for start in range(0, count, _BLOCK):
        z[start : start + _BLOCK] = unit_rows(random, min(_BLOCK, count - start), 128)
    z.flush()
    kept_quantised(case.folder, "cells", z)


def _times(case: Case, name: str, find: Find) -> Took:
    """The median query after two that warm up; what was found is kept."""
    directions = unit_rows(np.random.default_rng(SEED + 1), _QUERIES, 128)
    laps, found = [], []
    for direction in directions:
        with Clock() as lap:
            found.append(find(direction))
        laps.append(lap)
    np.save(case.folder / f"found-{name}", np.array(found))
    return Took(
        statistics.median(lap.seconds for lap in laps[_WARM_UP:]),
        statistics.median(lap.cpu_seconds for lap in laps[_WARM_UP:]),
        facts={"least": min(lap.seconds for lap in laps[_WARM_UP:])},
    )


def _cells(case: Case) -> NDArray[np.float32]:
    z: NDArray[np.float32] = np.load(case.folder / "cells.npy", mmap_mode="r")
    return z


def ours(case: Case) -> Took:
    """`aether_core.search.nearest`, rows and copy mapped from the disk."""
    from aether_core.search.nearest import nearest_rows
    from workflows.home.kept_arrays import kept_quantised

    z = _cells(case)
    copy = kept_quantised(case.folder, "cells", z)
    return _times(case, "ours", lambda direction: nearest_rows(z, copy, direction, _BEST).rows)


def plain(case: Case) -> Took:
    """A product in float32, and the best of it."""
    z = _cells(case)

    def find(direction: NDArray[np.float32]) -> NDArray[np.integer]:
        score = z @ direction
        best = np.argpartition(-score, min(_BEST, len(score) - 1))[:_BEST]
        return best[np.argsort(-score[best])]

    return _times(case, "plain", find)


def faiss_flat(case: Case) -> Took:
    """FAISS, exact inner products."""
    import faiss  # type: ignore[import-not-found] # measured against, and never installed with us

    index = faiss.IndexFlatIP(128)
    index.add(_cells(case))
    return _times(case, "faiss", lambda direction: index.search(direction[None], _BEST)[1][0])


def faiss_bytes(case: Case) -> Took:
    """FAISS, a byte a value, the best 4,000 of which are scored again."""
    import faiss

    z = _cells(case)
    index = faiss.IndexScalarQuantizer(
        128, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.train(np.array(z[:100_000]))
    index.add(z)

    def find(direction: NDArray[np.float32]) -> NDArray[np.integer]:
        near = np.sort(index.search(direction[None], 4 * _BEST)[1][0])
        return near[np.argsort(-(z[near] @ direction))[:_BEST]]

    return _times(case, "faiss-bytes", find)


def pgvector(case: Case) -> Took:
    """PostgreSQL's rows with pgvector, all of them looked at by as many processes as it gives."""
    import psycopg

    z = _cells(case)
    with psycopg.connect(os.environ[_PGVECTOR], autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute("DROP TABLE IF EXISTS bench_cells")
        connection.execute("CREATE UNLOGGED TABLE bench_cells (row int4, z vector(128))")
        with connection.cursor().copy("COPY bench_cells FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for start in range(0, len(z), _BLOCK):
                copy.write(_as_rows(z[start : start + _BLOCK], start))
            copy.write(b"\xff\xff")
        connection.execute("VACUUM ANALYZE bench_cells")

        def find(direction: NDArray[np.float32]) -> NDArray[np.integer]:
            found = connection.execute(
                "SELECT row FROM bench_cells ORDER BY z <#> %s::vector LIMIT %s",
                [str(direction.tolist()), _BEST],
            ).fetchall()
            return np.array([row for (row,) in found])

        took = _times(case, "pgvector", find)
        connection.execute("DROP TABLE bench_cells")
    return took


def _as_rows(z: NDArray[np.float32], first: int) -> bytes:
    """Rows of a number and a vector as COPY's binary format and pgvector have them."""
    fields = [("fields", ">i2"), ("row_bytes", ">i4"), ("row", ">i4")]
    fields += [("z_bytes", ">i4"), ("dim", ">i2"), ("unused", ">i2")]
    rows = np.zeros(len(z), dtype=[*fields, ("z", ">f4", z.shape[1])])
    rows["fields"], rows["row_bytes"], rows["row"] = 2, 4, np.arange(first, first + len(z))
    rows["z_bytes"], rows["dim"], rows["z"] = 4 + 4 * z.shape[1], z.shape[1], z
    return rows.tobytes()


def agree(folder: Path) -> list[Check]:
    """How many of the best in float32 each way finds; ours has a target."""
    exact = np.load(folder / "found-plain.npy")
    checks = []
    for path in sorted(folder.glob("found-*.npy")):
        pairs = zip(exact, np.load(path), strict=True)
        recall = float(np.mean([len(np.intersect1d(*pair)) / len(pair[0]) for pair in pairs]))
        name = path.stem.removeprefix("found-")
        if name != "plain":
            checks.append(Check(f"recall of the best, {name}", recall, _RECALL, "", at_least=True))
    return checks


def _size(part: float) -> Size:
    return {"cells": max(4 * _BEST, round(2_000_000 * part))}


_WAYS = {
    "ours": Way("nearest_rows, mapped from the disk", ours),
    "reference": Way("a product and argpartition, mapped from the disk", plain),
}
_FAISS = {
    "faiss": Way("FAISS, IndexFlatIP in memory", faiss_flat),
    "faiss-bytes": Way("FAISS, 8 bits in memory, 4,000 scored again", faiss_bytes),
}
_OTHERS = (_FAISS if importlib.util.find_spec("faiss") else {}) | (
    {"pgvector": Way("pgvector, all rows; processor time without the server's", pgvector)}
    if _PGVECTOR in os.environ
    else {}
)

LINES = (
    Line(
        name="best-of-many",
        module=__name__,
        size=_size,
        words=lambda size: f"the best {_BEST:,} of {size['cells']:,} cells for a query, warm",
        items="cells",
        prepare=prepare,
        ways=_WAYS | _OTHERS,
        checks=every(seconds_at_most(0.050)),
        agree=agree,
        disk_bytes=lambda size: size["cells"] * 128 * 5,
    ),
)
