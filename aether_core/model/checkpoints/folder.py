"""Where the checkpoints of one training run lie."""

import re
import shutil
from pathlib import Path

_NAME = re.compile(r"epoch-(\d{6})\.safetensors")


class RunFolder:
    """The folder of one run's checkpoints; it holds the newest one and belongs to the run alone.

    Args:
        folder: Made when the first checkpoint is written; its parent may be missing, too.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, epoch: int) -> Path:
        """The file of an epoch's checkpoint."""
        return self.folder / f"epoch-{epoch:06d}.safetensors"

    def newest_path(self) -> Path | None:
        """The newest checkpoint's file; None when there is none."""
        entries = self.folder.iterdir() if self.folder.is_dir() else []
        return max((path for path in entries if _NAME.fullmatch(path.name)), default=None)

    def newest_epoch(self) -> int:
        """The epoch a run can go on from; 0 when there is no checkpoint."""
        path = self.newest_path()
        found = _NAME.fullmatch(path.name) if path else None
        return int(found[1]) if found else 0

    def remove_all_but(self, kept: Path) -> None:
        """Remove older checkpoints, and what a write that was cut off left behind."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path != kept:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder and all in it; harmless when it is not there."""
        shutil.rmtree(self.folder, ignore_errors=True)
