"""A training handed to another process: carried out there from files alone, twice if need be."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from aether_core.errors import CancelledError
from aether_core.files.whole import atomic_path
from aether_core.model.checkpoints.checkpoints import RunCheckpoints
from aether_core.model.checkpoints.folder import RunFolder
from aether_core.model.fits.given import Given, read_given
from aether_core.model.fits.outcome import read_outcome, write_outcome
from aether_core.model.training.trainer import EpochReport, Trained, train

_GIVEN: Final = "given.safetensors"
_CHECKPOINTS: Final = "checkpoints"
_OUTCOME: Final = "trained"
_LOCK: Final = "at-work"
_KEY_DIGITS: Final = 12


@dataclass(frozen=True)
class Fit:
    """A training of one city, on its way.

    Attributes:
        folder: All of it lies here, under this path on every machine.
        key: SHA-256 of what it is trained on.
        stop: Once this file is there, the training ends after the epoch it is at.
    """

    folder: Path
    key: str
    stop: Path

    @property
    def name(self) -> str:
        """What tells it apart from others."""
        return self.folder.name


def hand_over(root: Path, name: str, given: Given, attempt: str) -> Fit:
    """Write down what a training needs, whole or not at all.

    Args:
        root: A folder that every process sees which may carry it out; made if it is not there.
        name: What the training is called; the same one handed over again has the same folder.
        given: What it needs.
        attempt: Tells this hand-over from an earlier one of the same, which may still be at work.

    Raises:
        DiskFullError: There is no room left.
        InputError: The folder cannot be written.
    """
    content = given.as_bytes()
    key = sha256(content).hexdigest()
    folder = root / f"{name}-{key[:_KEY_DIGITS]}"
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / _GIVEN, force=True) as path:
        path.write_bytes(content)
    return Fit(folder, key, folder / f"stop-{attempt}")


def carry_out(fit: Fit) -> None:
    """Train, unless the outcome lies there whole; from the last epoch that somebody finished.

    However often it is begun, and wherever, the weights are the same to the last bit. One process
    is at it at a time, where the file system knows locks: another waits, and finds the outcome.

    Raises:
        InputError: As `train`.
        DamagedFileError: What was handed over is damaged.
        DiskFullError: There is no room left.
        CancelledError: It was told to stop.
    """

    def look(_report: EpochReport) -> None:
        if fit.stop.exists():
            raise CancelledError(f"the training {fit.name} was stopped")

    with _alone(fit.folder):
        if outcome(fit) is not None:
            return
        given = read_given(fit.folder / _GIVEN, fit.key)
        trained = train(
            given.data,
            given.chosen(),
            seed=given.seed,
            device=given.device,
            threads=given.threads,
            on_epoch=look,
            checkpoints=RunCheckpoints(fit.folder / _CHECKPOINTS),
        )
        write_outcome(fit.folder / _OUTCOME, trained, fit.key)


def epochs_done(fit: Fit) -> int:
    """How many epochs have been finished so far."""
    return RunFolder(fit.folder / _CHECKPOINTS).newest_epoch()


def outcome(fit: Fit) -> Trained | None:
    """What came of it; None where nothing has yet."""
    return read_outcome(fit.folder / _OUTCOME, fit.key)


def tell_to_stop(fit: Fit) -> None:
    """Let whoever is at it end after the epoch they are at."""
    with suppress(OSError):  # gone, or a full disk: it goes on to its end then, which harms nobody
        fit.stop.touch()


def forget(fit: Fit) -> None:
    """Remove all of it."""
    shutil.rmtree(fit.folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("w") as file:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
