"""What a line of the benchmark table is: a piece of work, done our way and the plain way."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

Size = Mapping[str, int]
"""How much of what, e.g. `{"places": 100_000, "side": 1500}`."""


class Clock:
    """Wall and processor seconds of a `with` block; all threads of the process count."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.cpu_seconds = time.process_time() - self._cpu


@dataclass(frozen=True)
class Case:
    """One measurement to be made.

    Attributes:
        size: How much work.
        folder: Where `prepare` has put the inputs, and where results may be left for `agree`.
    """

    size: Size
    folder: Path


@dataclass(frozen=True)
class Took:
    """What one measurement gave.

    Attributes:
        seconds: Wall time of the whole size.
        cpu_seconds: Processor time of the whole size, all threads together.
        share: What was run and scaled up, in words; "" when all of it ran.
        facts: Further figures a check needs, e.g. the size of the file written.
    """

    seconds: float
    cpu_seconds: float
    share: str = ""
    facts: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def whole(cls, clock: Clock, **facts: float) -> "Took":
        """Everything was run once, under one clock."""
        return cls(clock.seconds, clock.cpu_seconds, facts=facts)

    @classmethod
    def scaled(cls, first: Clock, rest: Clock, done: tuple[int, int], total: int) -> "Took":
        """A share was run in two parts, and only the second is scaled up.

        The first part also pays for what happens once, such as filling a cache. Scaling it would
        charge a plain way for that many times over.

        Args:
            first: Time of the first part.
            rest: Time of the second.
            done: Items of either part.
            total: Items of the whole size.
        """
        factor = max(total - done[0], 0) / done[1]
        ran = sum(done)
        return cls(
            first.seconds + factor * rest.seconds,
            first.cpu_seconds + factor * rest.cpu_seconds,
            f"{ran:,} of {total:,} run, the rest scaled" if ran < total else "",
        )


@dataclass(frozen=True)
class Way:
    """One way of doing a line's work.

    Attributes:
        words: What it does, for the table.
        run: Does it in a process of its own, which imports what it needs.
        once: It is measured once however many repeats are asked for, because it is slow.
    """

    words: str
    run: Callable[[Case], Took]
    once: bool = False


@dataclass(frozen=True)
class Spread:
    """Measurements of one way at one size.

    Attributes:
        words: What the way does.
        seconds: Median wall time.
        low: Shortest.
        high: Longest.
        cpu_seconds: Median processor time.
        peak_bytes: Most memory any of the processes held, libraries and interpreter included.
        runs: How many there were, each in a process of its own.
        others: Largest share of the processors that other programs took meanwhile, 0 to 1.
        share: What was run and scaled up, in words.
        facts: Further figures of the last run.
    """

    words: str
    seconds: float
    low: float
    high: float
    cpu_seconds: float
    peak_bytes: int
    runs: int
    others: float
    share: str
    facts: Mapping[str, float]


@dataclass(frozen=True)
class Check:
    """One figure against its target.

    Attributes:
        what: What is measured.
        value: The figure.
        target: What it is to be.
        unit: "x", "s", "bytes" or "" for a plain number.
        at_least: The figure is to be at least the target; else at most.
    """

    what: str
    value: float
    target: float
    unit: str
    at_least: bool

    @property
    def holds(self) -> bool:
        """The figure reaches its target."""
        return self.value >= self.target if self.at_least else self.value <= self.target


Measured = Mapping[str, Spread]
"""The ways of a line at its whole size, by name."""


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        name: What `--only` calls it.
        module: The module that declares it in `LINES`; measuring processes import it alone.
        size: The sizes of a part of the work; 1 is the size the target is set for.
        words: The work in words.
        items: Which entry of a size counts the data that the cost is held against.
        prepare: Makes the inputs of a size in a folder, in a process of its own.
        ways: By name; "ours" and, when there is one, "reference" are set against each other.
        checks: The figures that have targets.
        agree: Compares what the ways left in the folder; raises when they did different work, and
            may give further figures with targets.
        unavailable: Why this machine cannot run it, "" when it can.
        disk_bytes: Room that the inputs of a size need.
        grows: The cost is held against the size; else there is one size.
    """

    name: str
    module: str
    size: Callable[[float], Size]
    words: Callable[[Size], str]
    items: str
    prepare: Callable[[Case], None]
    ways: Mapping[str, Way]
    checks: Callable[[Measured], Sequence[Check]]
    agree: Callable[[Path], Sequence[Check] | None] = lambda _folder: None
    unavailable: Callable[[], str] = lambda: ""
    disk_bytes: Callable[[Size], int] = lambda _size: 0
    grows: bool = True


def ratio(measured: Measured) -> float:
    """How many times as long the reference takes."""
    return measured["reference"].seconds / measured["ours"].seconds


def at_least_times(target: float) -> Callable[[Measured], Check]:
    """A check that the reference takes at least so many times as long."""

    def check(measured: Measured) -> Check:
        return Check("times as fast as the plain way", ratio(measured), target, "x", at_least=True)

    return check


def peak_at_most(target: float) -> Callable[[Measured], Check]:
    """A check that our peak memory stays within so many bytes."""

    def check(measured: Measured) -> Check:
        peak = measured["ours"].peak_bytes
        return Check("peak memory", peak, target, "bytes", at_least=False)

    return check


def seconds_at_most(target: float) -> Callable[[Measured], Check]:
    """A check that ours takes at most so many seconds."""

    def check(measured: Measured) -> Check:
        return Check("seconds", measured["ours"].seconds, target, "s", at_least=False)

    return check


def every(*checks: Callable[[Measured], Check]) -> Callable[[Measured], Sequence[Check]]:
    """All of the checks."""
    return lambda measured: [check(measured) for check in checks]
