"""Let a run that ended early go on from its last epoch, as if it had never been cut off."""

from typing import TYPE_CHECKING

from aether_core.errors import ConflictError
from aether_core.model.recipes import recipe
from aether_core.progress import Progress, silent
from db.jobs import runs as run_rows
from workflows.home.store import Store
from workflows.jobs.job import resume_job
from workflows.training.command import training_command
from workflows.training.data import run_encoder, training_set
from workflows.training.runs import RunSummary, run_folder, show_run
from workflows.training.train import start_training

if TYPE_CHECKING:
    from aether_core.model.checkpoints.checkpoints import RunState


def resume_run(store: Store, run_id: int) -> RunSummary:
    """Queue a run again that failed, was stopped or was left by its worker, from its checkpoint.

    Raises:
        NotFoundError: No run has this number.
        ConflictError: See `check_run_resumes`.
        InputError: Its checkpoint is damaged, or its device is not there.
    """
    resume_job(store, show_run(store, run_id).job)
    return show_run(store, run_id)


def check_run_resumes(store: Store, run_id: int, progress: Progress = silent) -> None:
    """Check that a run can go on.

    On a CPU it ends with the weights it would have had, to the last bit. That is checked before:
    places, vectors, settings and versions must be those it began with.

    Raises:
        NotFoundError: No run has this number.
        ConflictError: It is done, left no checkpoint, or began with other input; the message says
            what has changed and how a new run is started.
        InputError: Its checkpoint is damaged, or its device is not there.
    """
    from aether_core.model.checkpoints.checkpoints import RunCheckpoints

    run = show_run(store, run_id)
    if run.state.is_done:
        raise ConflictError(
            "the run is done",
            f"run {run.id}",
            f"its model is {run.model}; nothing is left to do",
            code="run-done",
        )
    state = RunCheckpoints(run_folder(store, run_id).folder).newest()
    if state is not None:
        _check_unchanged(store, run, state, progress)
    elif run.is_finished:
        raise ConflictError(
            "the run ended before its first epoch was done, so there is nothing to go on from",
            f"run {run_id}",
            f"start a new run: {training_command(run)}",
            code="run-without-checkpoint",
        )


def start_again(store: Store, run_id: int) -> RunSummary:
    """Start a new run with the settings and the seed of another.

    Raises:
        NotFoundError: No run has this number.
        InputError: Its settings can no longer be used, or the city has too few places.
    """
    run = show_run(store, run_id)
    settings = {key: str(value) for key, value in run.settings.items()}
    return start_training(store, run.city, run.recipe, settings, run.seed, run.device, run.encoder)


def _check_unchanged(store: Store, run: RunSummary, state: "RunState", progress: Progress) -> None:
    from aether_core.model.training.trainer import changes_since

    with store.session() as session:
        row = run_rows.run_by_id(session, run.id)
        city_id = row.city_id
    settings = {key: str(value) for key, value in run.settings.items()}
    chosen = recipe(run.recipe).override(settings)
    data = training_set(store, city_id, chosen, run_encoder(store, row), progress)
    changes = changes_since(state, data, chosen, seed=run.seed, device=run.device)
    if changes:
        raise ConflictError(
            f"run {run.id} cannot resume from epoch {state.epoch}, since its inputs have changed",
            f"changed: {', '.join(changes)}",
            f"start a new run: {training_command(run)}",
            code="run-input-changed",
        )
