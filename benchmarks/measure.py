"""One measurement in a process of its own, so that its peak memory is its own.

Run by `runner.py` as `python -m benchmarks.measure MODULE LINE WAY JOB OUT`; the result goes to the
file OUT as JSON, so that nothing a library prints can be mistaken for it.
"""

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

from benchmarks.line import Case, Line

PREPARE = "prepare"


def peak_bytes() -> int:
    """The most memory this process has held, in bytes.

    Linux's own high-water mark of the address space is read: `ru_maxrss` survives `exec`, so a
    small child of a large parent would be charged with its parent's memory.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for entry in status.read_text().splitlines():
            if entry.startswith("VmHWM:"):
                return int(entry.split()[1]) * 1024
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def stay_on(threads: int) -> list[int]:
    """Keep every thread of this process on the first so many processors it may use.

    Libraries that start threads of their own accord cannot take more than the comparison allows.

    Returns:
        Their numbers; none where a system does not tell.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    chosen = sorted(os.sched_getaffinity(0))[:threads]
    os.sched_setaffinity(0, set(chosen))
    return chosen


class Onlooker:
    """Tells how much of some processors other programs took while a block ran.

    Two threads that wait for each other on processors that are not theirs alone can take ten times
    as long, so a figure is worth little when others were busy.

    Args:
        processors: Which to look at.

    Attributes:
        others: Share of the processors' time that was not this process's, 0 to 1.
    """

    others: float = 0.0

    def __init__(self, processors: Sequence[int]) -> None:
        self._names = {f"cpu{number}" for number in processors}

    def __enter__(self) -> Self:
        self._before = *self._ticks(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        busy, total = self._ticks()
        ours = (time.process_time() - self._before[2]) * os.sysconf("SC_CLK_TCK")
        passed = total - self._before[1]
        if passed:
            self.others = max(0.0, (busy - self._before[0] - ours) / passed)

    def _ticks(self) -> tuple[int, int]:
        """Clock ticks so far, busy and all; nothing where the system does not count them."""
        counters = Path("/proc/stat")
        found = (
            [line.split() for line in counters.read_text().splitlines()]
            if counters.exists()
            else []
        )
        ticks = [[int(word) for word in line[1:9]] for line in found if line[0] in self._names]
        total = sum(map(sum, ticks))
        idle = sum(line[3] + line[4] for line in ticks)  # idle, and waiting for the disk
        return total - idle, total


def drop_from_cache(folder: Path) -> None:
    """Ask the system to forget the files of a folder, so that they are read from the disk."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    """Measure what the command line names."""
    module, name, way, job, out = sys.argv[1:]
    reported = json.loads(job)
    processors = stay_on(reported["threads"])
    lines: tuple[Line, ...] = importlib.import_module(module).LINES
    line = next(line for line in lines if line.name == name)
    case = Case(reported["size"], Path(reported["folder"]))
    if way == PREPARE:
        line.prepare(case)
        result: dict[str, object] = {}
    else:
        if reported["cold"]:
            drop_from_cache(case.folder)
        with Onlooker(processors) as onlooker:
            took = line.ways[way].run(case)
        result = asdict(took) | {"peak_bytes": peak_bytes(), "others": onlooker.others}
    Path(out).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
