"""How much room there is where something is to be written."""

import shutil
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """Free bytes on a folder's disk, also before the folder is made."""
    there = next(found for found in (folder, *folder.absolute().parents) if found.exists())
    return shutil.disk_usage(there).free
