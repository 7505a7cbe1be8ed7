"""A first look at a vector file, for choosing what its columns mean."""

from pathlib import Path

from aether_core.reading import in_own_process
from aether_core.vector.options import NO_OPTIONS, ReadOptions
from aether_core.vector.read import read_vector
from aether_core.vector.report import ReadingReport


@in_own_process
def look_at(path: str | Path, options: ReadOptions = NO_OPTIONS) -> ReadingReport:
    """Read a vector file for its report alone: format, headings, first rows.

    Args:
        path: See `read_vector`.
        options: What the user says about the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    return read_vector(path, options, typed=False).report
