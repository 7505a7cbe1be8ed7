"""Files kept so as not to ask or compute again: each begins with the checksum of what follows.

Such a file may cost time and nothing else. What a full disk, a crash or a bad sector made of it is
told by the checksum; it is removed, and its content is made anew by whoever wanted it.
"""

import hashlib
from contextlib import suppress
from pathlib import Path

from aether_core.files.whole import atomic_path

_DIGITS = 64


def read_kept(path: Path) -> bytes | None:
    """What `write_kept` wrote; None where there is nothing, or no longer just that."""
    try:
        digest, _, content = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    except OSError:
        digest, content = b"", b""
    if len(digest) == _DIGITS and hashlib.sha256(content).hexdigest().encode() == digest:
        return content
    drop_kept(path)
    return None


def write_kept(path: Path, content: bytes) -> None:
    """Keep something; the folder is made when missing.

    Raises:
        DiskFullError: There is no room left.
        InputError: This user may not write there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path, force=True) as written:
        written.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def drop_kept(path: Path) -> None:
    """Forget what was kept, as far as this user may."""
    with suppress(OSError):
        path.unlink()
