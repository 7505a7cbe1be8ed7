"""Where pyrosm keeps what it has read: with the process that read it.

By itself pyrosm keeps every result in `pyrosm/cache` of the folder for temporary files, for ever
and under names anybody can foresee: what one user of a machine read stops the next one, who may
not write there, and could be given to others.
"""

import atexit
import os
from pathlib import Path
from tempfile import gettempdir

from aether_core.files.held_folder import HeldFolder, hold_folder

_NAME = "reading"
"""As for readers' scratch, so that what a killed process left goes with theirs."""
_held: dict[int, HeldFolder] = {}
"""The folder of each process: a fork makes its own."""


def keep_results_private() -> None:
    """Have pyrosm keep results in a folder of this process, which goes when the process ends."""
    from pyrosm.engine import cache

    cache.cache_dir = _folder


def _folder() -> Path:
    process = os.getpid()
    if process not in _held:
        _held[process] = hold_folder(Path(gettempdir()), _NAME)
        atexit.register(_remove, process)
    path = _held[process].path
    path.mkdir(exist_ok=True)  # whoever cleans the folder for temporary files may have taken it
    return path


def _remove(process: int) -> None:
    if process == os.getpid() and process in _held:
        _held.pop(process).remove()
