"""Files a browser fetches by address: named by their content, so that each is fetched once.

They are made anew from the store whenever they are missing, and are no more than a cache.
"""

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from aether_core.errors import AetherError
from aether_core.files.whole import atomic_path
from workflows.home.settings import Settings

KINDS: Final = {
    "bin": "application/octet-stream",
    "json": "application/json",
    "png": "image/png",
    "html": "text/html; charset=utf-8",
}
"""Media type by ending."""
MOST_BYTES: Final = 2_000_000_000
_NAME: Final = re.compile(r"[0-9a-f]{32}\.(?:bin|json|png|html)")


def put(settings: Settings, content: bytes, ending: str) -> str | None:
    """Keep content to be fetched.

    Args:
        settings: The installation.
        content: What is fetched.
        ending: One of `KINDS`.

    Returns:
        The file's name, which says what is in it; None where the disk takes nothing.
    """
    name = f"{sha256(content).hexdigest()[:32]}.{ending}"
    if use(settings, name):
        return name
    path = settings.served / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path, force=True) as temporary:
            temporary.write_bytes(content)
    except (AetherError, OSError):
        return None
    return name


def find(settings: Settings, name: str) -> Path | None:
    """The file of a name, or None where there is none; no other file can be named."""
    path = settings.served / name
    return path if _NAME.fullmatch(name) and path.is_file() else None


def use(settings: Settings, name: str) -> bool:
    """Whether a file is there still; if so it counts as used now."""
    try:
        os.utime(settings.served / name)
    except OSError:
        return False
    return True


def forget_unused(settings: Settings, most_bytes: int = MOST_BYTES) -> int:
    """Delete what was not used for longest until the rest fits; returns the files deleted."""
    found = []
    for path in settings.served.glob("*"):
        with suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    found.sort(reverse=True)
    kept = deleted = 0
    for _, size, path in found:
        kept += size
        if kept > most_bytes:
            with suppress(OSError):
                path.unlink()
                deleted += 1
    return deleted
