"""Train a city's model: queue a run, and what the worker does with it."""

import time
from collections.abc import Callable
from functools import partial

from aether_core.errors import (
    AetherError,
    CancelledError,
    InputError,
    NotFoundError,
)
from aether_core.model.device import device_in_words
from aether_core.model.recipe import Recipe
from aether_core.model.recipes import recipe
from aether_core.model.run_checkpoints import RunCheckpoints
from aether_core.model.trainer import EpochReport, Trained, train
from aether_core.model.training_set import TrainingSet
from aether_core.progress import Progress
from db import cities as city_rows
from db import models as model_rows
from db import runs as run_rows
from db.schema import City, Run
from workflows.job_outcome import Mark, outcome_written
from workflows.kept_model import keep_model
from workflows.owned_folders import staged, storing
from workflows.queue import defer_training, ensure_worker
from workflows.runs import RunSummary, run_folder, show_run
from workflows.store import Store
from workflows.trained_card import run_metrics, trained_card
from workflows.training_data import training_set

MAX_ATTEMPTS = 3
MINIMUM_POIS = 64
"""Fewer usable places than this cannot be told apart by a contrastive loss."""
_REPORT_SECONDS = 0.5
"""Within a stage, progress is written down this often at most."""


def start_training(
    store: Store,
    slug: str,
    recipe_name: str = "aether",
    settings: dict[str, str] | None = None,
    seed: int = 42,
    device: str = "auto",
) -> RunSummary:
    """Check the request, queue a run, and see to it that a worker takes it.

    Raises:
        NotFoundError: No such city or recipe.
        InputError: A setting cannot be used, or the city has too few places.
    """
    run_id = add_run(store, slug, recipe_name, settings, seed, device)
    defer_training(store, run_id, slug)
    ensure_worker(store)
    return show_run(store, run_id)


def add_run(
    store: Store,
    slug: str,
    recipe_name: str = "aether",
    settings: dict[str, str] | None = None,
    seed: int = 42,
    device: str = "auto",
) -> int:
    """Check the request and write down a run that is still to be queued.

    Returns:
        The run's number.

    Raises:
        NotFoundError: No such city or recipe.
        InputError: A setting cannot be used, or the city has too few places.
    """
    chosen = recipe(recipe_name).override(settings or {})
    check_device(device)
    if not 0 <= seed < 2**63:
        raise InputError("the seed must be a whole number from 0", seed, "try 42")
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        check_places(city, city_rows.counts(session, city.id)["pois"], chosen)
        run = run_rows.add_run(
            session,
            city.id,
            recipe=recipe_name,
            settings=dict(settings or {}),
            seed=seed,
            device=device,
        )
        # A home outlives its database: a folder of this number would be of another run.
        run_folder(store, run.id).remove()
        return run.id


def check_device(device: str) -> None:
    """Refuse a device that is unknown or not there.

    Raises:
        InputError: It cannot be trained on.
    """
    import torch

    if device not in {"auto", "cpu", "cuda"}:
        raise InputError("the device is unknown", device, "use auto, cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "this machine has no CUDA device that torch can use", device, "use --device auto or cpu"
        )


def check_places(city: City, pois: int, chosen: Recipe) -> None:
    """Refuse to train where there are too few places, or fewer than the batch that was asked for.

    Raises:
        InputError: The city has too few.
    """
    if pois < MINIMUM_POIS:
        raise InputError(
            "the city has too few usable places to train on",
            f"{pois} in {city.slug}",
            f"add a city with at least {MINIMUM_POIS} places inside the embedding",
        )
    if "batch_size" in chosen.explicit and chosen.batch_size > pois:
        raise InputError(
            "the batch is larger than the data",
            f"batch_size={chosen.batch_size} with {pois} places",
            f"use a batch_size of at most {pois}, or leave it out",
        )


def run_training(store: Store, run_id: int) -> None:
    """Carry out one queued run: what the worker calls. Its outcome is written to the run.

    A run that has a checkpoint goes on from there, whether its worker died or the user stopped it
    and wants it now; it ends with the weights it would have had. A run is given up when it was
    begun `MAX_ATTEMPTS` times without an end.
    """
    checkpoints = RunCheckpoints(run_folder(store, run_id).folder)
    run = _taken_up(store, run_id, checkpoints)
    if run is None:
        return
    with outcome_written(
        partial(_conclude, store, run_id),
        cancelled=run_rows.mark_cancelled,
        failed=run_rows.mark_failed,
    ):
        _train_and_store(store, run, checkpoints)


def _conclude(store: Store, run_id: int, mark: Mark) -> None:
    """Write down how a run ended; nobody waits for one whose city was removed meanwhile."""
    try:
        with store.session() as session:
            mark(session, run_id)
    except NotFoundError:
        run_folder(store, run_id).remove()


def _taken_up(store: Store, run_id: int, checkpoints: RunCheckpoints) -> Run | None:
    """The run, now running; None when there is nothing to do, or its state says how it ended."""
    with store.session() as session:
        run = run_rows.run_by_id(session, run_id)
        if run.state == "done":
            checkpoints.remove()  # left by a worker that died just after the end
        if run.state not in {"queued", "running"}:
            return None
        if run.cancel_requested:
            run_rows.mark_cancelled(session, run_id)
            return None
        if run.attempts >= MAX_ATTEMPTS:
            reason = f"its worker died {run.attempts} times; see logs/worker.log"
            run_rows.mark_failed(session, run_id, reason)
            return None
        try:
            state = checkpoints.newest()
        except AetherError as error:
            run_rows.mark_failed(session, run_id, str(error), exit_code=error.exit_code)
            return None
        history = [report.as_json() for report in state.history] if state else []
        return run_rows.mark_running(session, run_id, history=history)


def _train_and_store(store: Store, run: Run, checkpoints: RunCheckpoints) -> None:
    say = _reporter(store, run)
    say("reading places and features", 0, 1)
    chosen = recipe(run.recipe).override(run.settings)
    data = training_set(store, run.city_id, chosen, say)
    if run.history:
        say(f"going on from epoch {run.history[-1]['epoch']}", 0, 1)
    trained = train(
        data,
        chosen,
        seed=run.seed,
        device=run.device,
        on_epoch=_epoch_reporter(store, run.id, device_in_words(run.device)),
        checkpoints=checkpoints,
    )
    _store_model(store, run.id, chosen, data, trained)
    checkpoints.remove()


def _reporter(store: Store, run: Run) -> Progress:
    """Progress before the first epoch: written to the run at each new stage and now and then."""
    last = run.history[-1] if run.history else {"epoch": 0, "epochs": 1}
    said, at = "", 0.0

    def report(stage: str, _done: int, _total: int) -> None:
        nonlocal said, at
        if stage == said and time.monotonic() - at < _REPORT_SECONDS:
            return
        said, at = stage, time.monotonic()
        with store.session() as session:
            stop = run_rows.report_progress(
                session, run.id, stage=stage, progress=last["epoch"] / last["epochs"]
            )
        if stop:
            raise CancelledError(f"run {run.id} was cancelled")

    return report


def _epoch_reporter(store: Store, run_id: int, stage: str) -> Callable[[EpochReport], None]:
    def report(epoch: EpochReport) -> None:
        with store.session() as session:
            stop = run_rows.report_progress(
                session,
                run_id,
                stage=stage,
                progress=epoch.epoch / epoch.epochs,
                entry=epoch.as_json(),
            )
        if stop:
            raise CancelledError(f"run {run_id} was cancelled")

    return report


def _store_model(
    store: Store, run_id: int, chosen: Recipe, data: TrainingSet, trained: Trained
) -> None:
    with store.session() as session:
        run_rows.report_progress(session, run_id, stage="keeping the model", progress=1.0)
    with staged(store.settings.models) as whole, storing(store) as (session, folders):
        run = run_rows.run_by_id(session, run_id)
        city = city_rows.lock_city(session, run.city_id)
        card = trained_card(store, session, run, city, chosen, data, trained)
        model = keep_model(
            store, session, folders, whole, city.id, trained.heads, card, run_id=run_id
        )
        model_rows.use_model(session, city.id, model.name)
        run_rows.mark_done(session, run_id, metrics=run_metrics(trained), model_id=model.id)
