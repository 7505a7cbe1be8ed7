"""Models against each other on the tasks of a release, seed by seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from aether_core.cityrep.embeddings.aligned import Aligned, CoversNothingError, aligned
from aether_core.cityrep.embeddings.registry import source_of
from aether_core.cityrep.protocols import MOST_EPOCHS, SEEDS, Protocol
from aether_core.cityrep.registry import ManifestRow, TaskEntry, file_of
from aether_core.cityrep.release import Release, Skipped
from aether_core.cityrep.samples import TaskSamples, read_samples
from aether_core.cityrep.splits import Fold, read_split, split_path
from aether_core.errors import InputError
from aether_core.progress import Progress, silent

if TYPE_CHECKING:  # torch takes seconds to load
    import torch

    from aether_core.cityrep.head import Fitted


@dataclass(frozen=True, eq=False)
class Candidate:
    """Vectors of a task's samples; the same object is fitted once for all who take part with it.

    Attributes:
        name: In notes.
        align: Gives the samples their vectors.
    """

    name: str
    align: Callable[[TaskSamples], Aligned]


@dataclass(frozen=True)
class Entrant:
    """A model on a task.

    Attributes:
        model: What its rows are called.
        entry: The task.
        candidates: What it is described by; of several, each seed takes the one whose head has the
            least loss on the validation samples, which test samples have no part in.
        files: Those it reads beside samples and split.
        columns: Columns of the samples that it looks vectors up by.
        may_cover_nothing: Whether it is left out, not refused, where no sample has a vector.
    """

    model: str
    entry: TaskEntry
    candidates: tuple[Candidate, ...]
    files: tuple[Path, ...] = ()
    columns: tuple[str, ...] = ()
    may_cover_nothing: bool = False


@dataclass(frozen=True)
class SeedScores:
    """What a model scored on a task with one seed.

    Attributes:
        metrics: By the benchmark's names.
        samples: Of the task.
        without: Samples without a vector, which are 0 throughout.
    """

    model: str
    city: str
    task: str
    task_id: str
    protocol: str
    seed: int
    metrics: dict[str, float]
    samples: int
    without: int


@dataclass(frozen=True)
class Outcome:
    """What an evaluation leaves beside its scores.

    Attributes:
        skipped: What was not evaluated.
        notes: What is to be known of embeddings, in sentences.
    """

    skipped: list[Skipped]
    notes: list[str]


def released(release: Release, row: ManifestRow) -> Entrant:
    """A model of the release on one of its tasks."""
    config, entry = row.config, release.tasks[row.task_id]
    source = source_of(config, f"{row.model} on {row.task_id}")
    file = file_of(release.folder, config.path)

    def align(samples: TaskSamples) -> Aligned:
        what = f"{row.model} on {row.task_id}"
        return aligned(source.vectors(samples, config, file), samples.ids, what)

    columns = [one for one in (config.task_entity_id_col, config.task_region_id_col) if one]
    labels = release.labels_of(entry) if source.reads_labels else []
    return Entrant(
        row.model, entry, (Candidate(row.model, align),), (file, *labels), tuple(columns)
    )


def evaluate(
    release: Release,
    entrants: Sequence[Entrant],
    protocol: Protocol,
    *,
    device: "torch.device",
    on_scored: Callable[[list[SeedScores]], None],
    skip_unusable: bool = False,
    progress: Progress = silent,
) -> Outcome:
    """Evaluate models task by task; the samples and folds of a task are read once for all of them.

    Args:
        release: The release.
        entrants: Models on tasks; those of one task follow each other.
        protocol: How samples are held out.
        device: Where heads are fitted.
        on_scored: Called with the seeds of a model on a task as soon as it is done with them.
        skip_unusable: Go on where files of a model or a task cannot be used, and say so.
        progress: Told epoch by epoch.

    Raises:
        NotFoundError: A file is missing.
        InputError: A file cannot be used.
        CancelledError: `progress` asked to stop.
    """
    outcome = Outcome([], [])
    done = 0
    for entry, group in groupby(entrants, key=lambda one: one.entry):
        here = list(group)

        def leave_out(entrant: Entrant, error: InputError) -> None:
            task = entrant.entry
            outcome.skipped.append(Skipped(entrant.model, task.city, task.task, str(error)))

        try:
            columns = [name for one in here for name in one.columns]
            samples = read_samples(release.folder, entry, columns)
            folds = read_split(
                split_path(release.folder, protocol.name, entry.task_id), samples.ids
            )
        except InputError as error:
            if not skip_unusable:
                raise
            for entrant in here:
                leave_out(entrant, error)
            done += len(here)
            continue
        fits = _Fits(samples, folds, device)
        for entrant in here:
            told = _told(progress, entrant, done, len(entrants))
            done += 1
            try:
                scored, notes = _scored(entrant, fits, protocol, told)
            except InputError as error:
                if skip_unusable or (
                    entrant.may_cover_nothing and isinstance(error, CoversNothingError)
                ):
                    leave_out(entrant, error)
                    continue
                raise
            outcome.notes.extend(f"{entrant.model} on {entry.task_id}: {one}" for one in notes)
            on_scored(scored)
    return outcome


@dataclass(frozen=True, eq=False)
class _Fit:
    """The heads of a candidate, one a fold, and what is to be known of its vectors."""

    heads: "list[Fitted]"
    without: int
    notes: tuple[str, ...]


class _Fits:
    """Heads on the folds of a task, each candidate fitted once.

    Args:
        samples: Of the task.
        folds: One a seed.
        device: Where heads are fitted.
    """

    def __init__(self, samples: TaskSamples, folds: Sequence[Fold], device: "torch.device") -> None:
        self.samples = samples
        self.folds = folds
        self._device = device
        self._known: dict[Candidate, _Fit] = {}

    def of(self, candidate: Candidate, progress: Progress) -> _Fit:
        """The candidate's heads."""
        if candidate not in self._known:
            self._known[candidate] = self._fitted(candidate, progress)
        return self._known[candidate]

    def _fitted(self, candidate: Candidate, progress: Progress) -> _Fit:
        from aether_core.cityrep.head import fit_and_predict

        progress("reading its vectors", 0, 1)
        given = candidate.align(self.samples)
        heads = []
        for number, fold in enumerate(self.folds):

            def told(
                _stage: str, epoch: int, epochs: int, number: int = number, seed: int = fold.seed
            ) -> None:
                progress(f"seed {seed}", number * epochs + epoch, len(SEEDS) * epochs)

            heads.append(
                fit_and_predict(
                    given.x,
                    self.samples.target,
                    fold,
                    loss_of=self.samples.entry.kind.loss,
                    outputs=self.samples.outputs,
                    device=self._device,
                    progress=told,
                )
            )
        return _Fit(heads, given.without, given.notes)


def _scored(
    entrant: Entrant, fits: _Fits, protocol: Protocol, progress: Progress
) -> tuple[list[SeedScores], list[str]]:
    """What an entrant scores with each seed, and what is to be known of it.

    Raises:
        InputError: It cannot be fitted, or has to choose where a seed has no validation samples.
    """
    entry, samples = entrant.entry, fits.samples
    several = len(entrant.candidates) > 1
    blank = [str(fold.seed) for fold in fits.folds if not len(fold.val)]
    if several and blank:
        raise InputError(
            "a seed has no validation samples to choose by",
            f"{entrant.model} on {entry.task_id}: {', '.join(blank)}",
            "take its candidates one by one",
            code="cityrep-best-without-validation",
        )
    made = [
        (one, fits.of(one, _nth(progress, one.name, number, len(entrant.candidates))))
        for number, one in enumerate(entrant.candidates)
    ]
    scored: list[SeedScores] = []
    taken: dict[str, list[str]] = {}
    for number, fold in enumerate(fits.folds):
        chosen, fit = min(made, key=lambda one: one[1].heads[number].validation_loss or 0.0)
        taken.setdefault(chosen.name, []).append(str(fold.seed))
        scored.append(
            SeedScores(
                model=entrant.model,
                city=entry.city,
                task=entry.task,
                task_id=entry.task_id,
                protocol=protocol.name,
                seed=fold.seed,
                metrics=entry.kind.scores(samples.target[fold.test], fit.heads[number].outputs),
                samples=len(samples),
                without=fit.without,
            )
        )
    if several:
        words = (f"{name} (seed {', '.join(seeds)})" for name, seeds in taken.items())
        return scored, [f"the validation samples chose {', '.join(words)}"]
    return scored, list(made[0][1].notes)


def _nth(progress: Progress, name: str, number: int, count: int) -> Progress:
    """Progress of one candidate of several, as a part of the entrant's."""
    if count == 1:
        return progress

    def told(stage: str, done: int, total: int) -> None:
        progress(f"{name}, {stage}", number * total + done, count * total)

    return told


def _told(progress: Progress, entrant: Entrant, before: int, entrants: int) -> Progress:
    """Progress of one model on one task, as a part of the whole."""
    whole = len(SEEDS) * MOST_EPOCHS

    def report(stage: str, done: int, total: int) -> None:
        progress(
            f"{entrant.model} on {entrant.entry.task_id}, {stage}",
            before * whole + whole * done // max(total, 1),
            entrants * whole,
        )

    return report
