"""Files that users give are read in a process of their own, with limits.

A file of 131 KB can make its reader take 10 GB. So a reader is marked `in_own_process`: a call runs
in a child process that may take so much memory and time and no more, and only what it found comes
back, as Arrow and NumPy files. The child is forked from a process that has the readers loaded
already and does nothing else, so a small file costs a tenth of a second more.
"""

from aether_core.reading.call import in_own_process
from aether_core.reading.client import remove_left_readings, start_reading
from aether_core.reading.confined import lacking
from aether_core.reading.errors import UnreadableFileError
from aether_core.reading.limits import ReadingLimits, reading_limits, set_reading_limits

__all__ = [
    "ReadingLimits",
    "UnreadableFileError",
    "in_own_process",
    "lacking",
    "reading_limits",
    "remove_left_readings",
    "set_reading_limits",
    "start_reading",
]
