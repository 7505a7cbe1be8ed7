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


@dataclass(frozen=True)
class Entrant:
    """A model on a task.

    Attributes:
        model: What its rows are called.
        entry: The task.
        align: Gives the samples their vectors.
        files: Those it reads beside samples and split.
        columns: Columns of the samples that it looks vectors up by.
        may_cover_nothing: Whether it is left out, not refused, where no sample has a vector.
    """

    model: str
    entry: TaskEntry
    align: Callable[[TaskSamples], Aligned]
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
    return Entrant(row.model, entry, align, (file, *labels), tuple(columns))


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
        for entrant in here:
            told = _told(progress, entrant, done, len(entrants))
            done += 1
            try:
                told("reading its vectors", 0, 1)
                given = entrant.align(samples)
            except InputError as error:
                if skip_unusable or (
                    entrant.may_cover_nothing and isinstance(error, CoversNothingError)
                ):
                    leave_out(entrant, error)
                    continue
                raise
            outcome.notes.extend(
                f"{entrant.model} on {entry.task_id}: {one}" for one in given.notes
            )
            on_scored(
                [
                    _scored(entrant, samples, given, fold, number, protocol, device, told)
                    for number, fold in enumerate(folds)
                ]
            )
    return outcome


def _scored(
    entrant: Entrant,
    samples: TaskSamples,
    given: Aligned,
    fold: Fold,
    number: int,
    protocol: Protocol,
    device: "torch.device",
    progress: Progress,
) -> SeedScores:
    from aether_core.cityrep.head import fit_and_predict

    def told(_stage: str, epoch: int, epochs: int) -> None:
        progress(f"seed {fold.seed}", number * epochs + epoch, len(SEEDS) * epochs)

    entry = entrant.entry
    outputs = fit_and_predict(
        given.x,
        samples.target,
        fold,
        loss_of=entry.kind.loss,
        outputs=samples.outputs,
        device=device,
        progress=told,
    )
    return SeedScores(
        model=entrant.model,
        city=entry.city,
        task=entry.task,
        task_id=entry.task_id,
        protocol=protocol.name,
        seed=fold.seed,
        metrics=entry.kind.scores(samples.target[fold.test], outputs),
        samples=len(samples),
        without=given.without,
    )


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
