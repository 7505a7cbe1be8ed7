"""Train a city's model: queue a run, and what the worker does with it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from aether_core.errors import InputError
from aether_core.language import mark
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe
from aether_core.progress import Progress
from aether_core.text.encoder import TextEncoder
from db.cities import cities as city_rows
from db.evidence import models as model_rows
from db.jobs import jobs as job_rows
from db.jobs import runs as run_rows
from db.schema import City, Run
from workflows.encoders.choice import asked_encoder
from workflows.encoders.of_city import city_encoder
from workflows.home.owned_folders import staged, storing
from workflows.home.store import Store
from workflows.jobs.job import new_job, release
from workflows.jobs.one_home import check_no_other_home
from workflows.jobs.work import Work, counted
from workflows.training.data import run_encoder, training_set
from workflows.training.job_kind import TRAIN, TrainRun
from workflows.training.kept_model import keep_model
from workflows.training.runs import RunSummary, run_folder, show_run
from workflows.training.trained_card import LearntFrom, run_metrics, trained_card

if TYPE_CHECKING:
    from aether_core.model.training.trainer import EpochReport, Trained

READING: Final = mark("reading places and features")
MINIMUM_POIS = 64
"""Fewer usable places than this cannot be told apart by a contrastive loss."""


def start_training(
    store: Store,
    slug: str,
    recipe_name: str = "aether",
    settings: dict[str, str] | None = None,
    seed: int = 42,
    device: str = "auto",
    encoder: str | None = None,
) -> RunSummary:
    """Check the request, queue a run, and see to it that a worker takes it.

    Args:
        store: The store.
        slug: Short name of the city.
        recipe_name: Name of the recipe.
        settings: Changed settings of the recipe.
        seed: The same seed gives the same model.
        device: auto, cpu or cuda.
        encoder: Name of the text encoder; the city's usual one when left out.

    Raises:
        NotFoundError: No such city or recipe.
        InputError: A setting cannot be used, or the city has too few places.
    """
    run = add_run(store, slug, recipe_name, settings, seed, device, encoder)
    release(store, [run.job])
    return show_run(store, run.id)


def add_run(
    store: Store,
    slug: str,
    recipe_name: str = "aether",
    settings: dict[str, str] | None = None,
    seed: int = 42,
    device: str = "auto",
    encoder: str | None = None,
) -> Run:
    """Check the request and write down a run, its job still to be queued.

    Raises:
        NotFoundError: No such city or recipe.
        InputError: A setting cannot be used, or the city has too few places.
    """
    chosen = recipe(recipe_name).override(settings or {})
    check_device(device)
    if encoder is not None:
        asked_encoder(store.settings, encoder)
    check_seed(seed)
    check_no_other_home(store)
    if encoder is None:
        with store.session() as session:
            city_id = city_rows.city_by_slug(session, slug).id
        encoder = city_encoder(store, city_id).name
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        check_places(city, city_rows.counts(session, city.id)["pois"], chosen)
        job = new_job(session, TRAIN, slug, TrainRun(0, recipe_name), city_id=city.id)
        run = run_rows.add_run(
            session,
            city.id,
            job.id,
            recipe=recipe_name,
            settings=dict(settings or {}),
            seed=seed,
            device=device,
            encoder=encoder,
        )
        job.request = TRAIN.to_document(TrainRun(run.id, recipe_name))
        # A home outlives its database: a folder of this number would be of another run.
        run_folder(store, run.id).remove()
        return run


def check_seed(seed: int) -> None:
    """Refuse a seed that the store cannot hold.

    Raises:
        InputError: It is out of range.
    """
    if not 0 <= seed < 2**63:
        raise InputError(
            "the seed must be a whole number from 0", seed, "try 42", code="seed-out-of-range"
        )


def check_device(device: str) -> None:
    """Refuse a device that is unknown or not there.

    Raises:
        InputError: It cannot be trained on.
    """
    import torch

    if device not in {"auto", "cpu", "cuda"}:
        raise InputError(
            "the device is unknown", device, "use auto, cpu or cuda", code="no-such-device"
        )
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "this machine has no CUDA device that torch can use",
            device,
            "use --device auto or cpu",
            code="no-cuda-device",
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
            code="too-few-places",
        )
    if "batch_size" in chosen.explicit and chosen.batch_size > pois:
        raise InputError(
            "the batch is larger than the data set",
            f"batch_size={chosen.batch_size} with {pois} places",
            f"use a batch_size of at most {pois}, or leave it out",
            code="batch-size-too-large",
        )


def run_training(work: Work, run_id: int) -> None:
    """Carry out one run.

    A run that has a checkpoint goes on from there, whether its worker died or the user stopped it
    and wants it now; it ends with the weights it would have had.
    """
    from aether_core.model.checkpoints.checkpoints import RunCheckpoints
    from aether_core.model.heads.device import device_in_words
    from aether_core.model.training.trainer import train

    store = work.store
    checkpoints = RunCheckpoints(run_folder(store, run_id).folder)
    state = checkpoints.newest()
    history = [report.as_json() for report in state.history] if state else []
    with store.session() as session:
        run_rows.begin_epochs(session, run_id, history)
        run = run_rows.run_by_id(session, run_id)
    done = history[-1] if history else {"epoch": 0, "epochs": 1}
    say = before_training(work, done["epoch"] / done["epochs"])
    say(READING, 0, 1)
    chosen = recipe(run.recipe).override(run.settings)
    encoder = run_encoder(store, run)
    data = training_set(store, run.city_id, chosen, encoder, say)
    if history:
        say(f"resuming from epoch {done['epoch']}", 0, 1)
    trained = train(
        data,
        chosen,
        seed=run.seed,
        device=run.device,
        on_epoch=_epoch_reporter(work, run_id, device_in_words(run.device)),
        checkpoints=checkpoints,
    )
    store_model(work, run_id, chosen, LearntFrom.of(data), encoder, trained)
    checkpoints.remove()


def before_training(work: Work, share: float) -> Progress:
    """Progress before the first epoch: the share of the epochs that need not be repeated."""

    def report(stage: str, done: int, total: int) -> None:
        work.tell(stage, share, words=counted(stage, done, total))

    return report


def _epoch_reporter(work: Work, run_id: int, stage: str) -> "Callable[[EpochReport], None]":
    """What keeps each epoch's figures, in the statement's transaction that finds out who waits."""

    def report(epoch: "EpochReport") -> None:
        with work.store.session() as session:
            run_rows.add_epoch(session, run_id, epoch.as_json())
            stop = job_rows.report(
                session,
                work.lease,
                stage=f"epoch {epoch.epoch} of {epoch.epochs}, {stage}",
                progress=epoch.epoch / epoch.epochs,
                seconds_left=epoch.seconds_left,
            )
        work.check_wanted(stop=stop)

    return report


def store_model(
    work: Work,
    run_id: int,
    chosen: Recipe,
    learnt: LearntFrom,
    encoder: TextEncoder,
    trained: "Trained",
) -> None:
    """Keep what a run has made as its city's model, and note with it that the run is done.

    Args:
        work: The run's job.
        run_id: The run.
        chosen: Its recipe with its settings.
        learnt: What its data were.
        encoder: What read its texts.
        trained: What came of it.

    Raises:
        SupersededError: Another worker has the job; nothing is stored.
        DiskFullError: There is no room left.
    """
    store = work.store
    work.tell("saving the model", 1.0)
    with staged(store.settings.models) as whole, storing(store) as (session, folders):
        run = run_rows.run_by_id(session, run_id)
        city = city_rows.lock_city(session, run.city_id)
        card = trained_card(session, run, city, chosen, learnt, encoder, trained)
        model = keep_model(
            store, session, folders, whole, city.id, trained.heads, card, run_id=run_id
        )
        model_rows.use_model(session, city.id, model.name)
        run_rows.keep_outcome(session, run_id, metrics=run_metrics(trained), model_id=model.id)
        work.finish(session, {"run": run_id, "model": model.name})
