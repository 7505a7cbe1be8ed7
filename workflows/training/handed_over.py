"""A run whose computing is done elsewhere: by any process that sees the folder of its files."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aether_core.errors import AetherError
from aether_core.language import mark
from aether_core.model.fits.fit import (
    Fit,
    carry_out,
    epochs_done,
    forget,
    hand_over,
    outcome,
    tell_to_stop,
)
from aether_core.model.fits.given import Given
from aether_core.model.heads.device import choose_device
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import Trained
from db.jobs import runs as run_rows
from workflows.jobs.work import Work
from workflows.schedulers.schedulers import Computing
from workflows.training.data import run_encoder, training_set
from workflows.training.job_kind import TrainKind, TrainRun
from workflows.training.runs import run_folder
from workflows.training.train import READING, before_training, store_model
from workflows.training.trained_card import LearntFrom, versions_here

WAITS: Final = mark("waiting for a worker")
COMPUTED: Final = mark("computed by a worker")


def threads_here() -> int:
    """How many threads a training started in this process computes with."""
    import torch

    return torch.get_num_threads()


@dataclass(frozen=True)
class TrainElsewhere(TrainKind):
    """The one kind of training, with its epochs computed by somebody else.

    Attributes:
        computing: Whoever computes.
        folder: Where the files of each training lie meanwhile, seen by all who compute; None for
            the job's own folder.
        reading: Held while a city is read, so that one is in memory at a time.
    """

    computing: Computing
    folder: Path | None
    reading: threading.Lock = field(default_factory=threading.Lock)

    def work(self, work: Work, request: TrainRun) -> None:
        """Hand the run over, wait for what comes of it, and keep the model."""
        store, run_id = work.store, request.run
        with store.session() as session:
            run_rows.begin_epochs(session, run_id)
            run = run_rows.run_by_id(session, run_id)
        chosen = recipe(run.recipe).override(run.settings)
        encoder = run_encoder(store, run)
        with self.reading:
            say = before_training(work, 0.0)
            say(READING, 0, 1)
            data = training_set(store, run.city_id, chosen, encoder, say)
            learnt = LearntFrom.of(data)
            given = Given(
                data=data,
                recipe=run.recipe,
                settings=run.settings,
                seed=run.seed,
                device=choose_device(run.device).type,
                threads=threads_here(),
                versions=versions_here(),
            )
            del data
            fit = self._handed_over(work, given)
            del given
        trained = self._computed(work, fit, chosen.epochs)
        with store.session() as session:
            run_rows.begin_epochs(session, run_id, [one.as_json() for one in trained.history])
        store_model(work, run_id, chosen, learnt, encoder, trained)
        forget(fit)
        with suppress(OSError):  # other files are in it
            work.folder.rmdir()
        run_folder(store, run_id).remove()  # of a worker that had begun it by itself, and died

    def _handed_over(self, work: Work, given: Given) -> Fit:
        root = self.folder or work.folder.resolve()
        attempt = f"{work.job.id}-{work.job.starts}"
        return hand_over(root, work.job.subject, given, attempt)

    def _computed(self, work: Work, fit: Fit, epochs: int) -> Trained:
        """What came of it; whoever stops waiting tells those who compute."""
        try:
            self.computing.one(carry_out, fit, _looking(work, fit, epochs))
        except BaseException:
            tell_to_stop(fit)
            raise
        trained = outcome(fit)
        if trained is None:
            raise AetherError(
                f"a worker has trained, but its outcome is not in {fit.folder}: give a folder that "
                "all machines share under one path",
                code="fit-without-outcome",
            )
        return trained


def _looking(work: Work, fit: Fit, epochs: int) -> Callable[[], None]:
    """Say how far a training is that somebody else computes, and see whether it is still wanted."""

    def look() -> None:
        done = epochs_done(fit)
        words = f"epoch {done} of {epochs}, {COMPUTED}" if done else WAITS
        work.tell(words, done / epochs)

    return look
