"""What one file may cost to read."""

from dataclasses import dataclass

READERS_AT_ONCE = 2
"""Files one program reads at the same time; the next ones wait. It bounds the memory of all."""


@dataclass(frozen=True)
class ReadingLimits:
    """Upper bounds of the process that reads one file.

    Attributes:
        memory_bytes: Memory it may take on top of what the loaded readers take. A million places
            take 1.2 GB, half a million vectors of 64 numbers in a CSV 1.5 GB.
        seconds: Time by the clock. On two busy cores a million places of a GeoJSON took 140, half
            a million vectors in a CSV 240.
        result_bytes: Size of what it hands back. A million places are 0.1 GB.
        scratch_bytes: Size of one file it may write on the way, such as an unpacked Shapefile.
    """

    memory_bytes: int = 4 * 1024**3
    seconds: float = 1200.0
    result_bytes: int = 1024**3
    scratch_bytes: int = 2 * 1024**3 + 1024**2


_current = ReadingLimits()


def reading_limits() -> ReadingLimits:
    """Return the limits this program reads files with."""
    return _current


def set_reading_limits(limits: ReadingLimits) -> None:
    """Set the limits for every file this program reads from now on."""
    global _current  # noqa: PLW0603 - one setting of the process, as its environment is
    _current = limits
