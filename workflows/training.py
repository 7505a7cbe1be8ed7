"""Train a city's model: queue a run, and what the worker does with it."""

import importlib.metadata
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from aether_core.errors import (
    AetherError,
    CancelledError,
    InputError,
    NotFoundError,
    StoreUnavailableError,
)
from aether_core.model.checkpoint import EmbeddingCard, EncoderCard, ModelCard, save_model
from aether_core.model.recipe import Recipe, recipe
from aether_core.model.trainer import EpochReport, Trained, train
from aether_core.model.training_set import TrainingSet
from db import cities as city_rows
from db import features as feature_rows
from db import models as model_rows
from db import pois as poi_rows
from db import runs as run_rows
from db import texts as text_rows
from db.schema import City
from workflows.encoders import default_encoder
from workflows.queue import defer_training, ensure_worker
from workflows.runs import RunSummary, show_run
from workflows.store import Store

MAX_ATTEMPTS = 3
MINIMUM_POIS = 64
"""Fewer usable places than this cannot be told apart by a contrastive loss."""


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
    _check_device(device)
    if not 0 <= seed < 2**63:
        raise InputError("the seed must be a whole number from 0", seed, "try 42")
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        _check_pois(city, city_rows.counts(session, city.id)["pois"], chosen)
        return run_rows.add_run(
            session,
            city.id,
            recipe=recipe_name,
            settings=dict(settings or {}),
            seed=seed,
            device=device,
        ).id


def _check_device(device: str) -> None:
    import torch

    if device not in {"auto", "cpu", "cuda"}:
        raise InputError("the device is unknown", device, "use auto, cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "this machine has no CUDA device that torch can use", device, "use --device auto or cpu"
        )


def _check_pois(city: City, pois: int, chosen: Recipe) -> None:
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

    A run that is found running was left by a worker that died; it starts again from its seed,
    which gives the same weights, at most `MAX_ATTEMPTS` times.
    """
    with store.session() as session:
        run = run_rows.run_by_id(session, run_id)
        if run.state not in {"queued", "running"}:
            return
        if run.cancel_requested:
            run_rows.mark_cancelled(session, run_id)
            return
        if run.attempts >= MAX_ATTEMPTS:
            run_rows.mark_failed(
                session, run_id, f"its worker died {run.attempts} times; see logs/worker.log"
            )
            return
        run_rows.mark_running(session, run_id)
    try:
        _train_and_store(store, run_id)
    except CancelledError:
        _conclude(store, run_id, run_rows.mark_cancelled)
    except StoreUnavailableError:
        raise  # nothing can be written down: a worker finds the run without a job and queues it
    except AetherError as error:
        _conclude(store, run_id, partial(run_rows.mark_failed, error=str(error)))
    except Exception as error:
        reason = f"an error of ours ({type(error).__name__}); see logs/worker.log"
        _conclude(store, run_id, partial(run_rows.mark_failed, error=reason))
        raise


def _conclude(store: Store, run_id: int, mark: Callable[[Session, int], object]) -> None:
    """Write down how a run ended; nobody waits for one whose city was removed meanwhile."""
    with suppress(NotFoundError), store.session() as session:
        mark(session, run_id)


def _train_and_store(store: Store, run_id: int) -> None:
    with store.session() as session:
        run = run_rows.run_by_id(session, run_id)
        city = city_rows.city_by_id(session, run.city_id)
        run_rows.report_progress(session, run_id, stage="reading places and features", progress=0.0)
        data = training_set(store, session, city)
        chosen = recipe(run.recipe).override(run.settings)
        seed, device, slug = run.seed, run.device, city.slug

    def on_epoch(report: EpochReport) -> None:
        with store.session() as session:
            cancelled = run_rows.report_progress(
                session,
                run_id,
                stage="training",
                progress=report.epoch / report.epochs,
                entry=epoch_entry(report),
            )
        if cancelled:
            raise CancelledError(f"run {run_id} was cancelled")

    trained = train(data, chosen, seed=seed, device=device, on_epoch=on_epoch)
    _store_model(store, run_id, f"{slug}-{run_id}", chosen, seed, data, trained)


def training_set(store: Store, session: Session, city: City) -> TrainingSet:
    """A city's features as the trainer wants them: both views and the distinct texts."""
    _, base = feature_rows.poi_features(session, city.id, "base")
    _, wide = feature_rows.poi_features(session, city.id, "wide")
    frame = poi_rows.poi_frame(session, city.id)
    distinct, index = np.unique(frame["text_hash"].to_numpy(dtype=str), return_inverse=True)
    encoder = default_encoder(store.settings)
    return TrainingSet(
        base=base,
        wide=wide,
        text=text_rows.text_vectors(session, encoder.name, list(distinct)),
        text_index=index.astype(np.int64),
        lonlat=np.column_stack([frame.geometry.x, frame.geometry.y]),
    )


def epoch_entry(report: EpochReport) -> dict[str, Any]:
    """One epoch as it is kept in the run's history."""
    entry = asdict(report)
    entry["validation"] = asdict(report.validation) if report.validation else None
    return entry


def _store_model(
    store: Store,
    run_id: int,
    name: str,
    chosen: Recipe,
    seed: int,
    data: TrainingSet,
    trained: Trained,
) -> None:
    with store.session() as session:
        run_rows.report_progress(session, run_id, stage="keeping the model", progress=1.0)
        city = city_rows.city_by_id(session, run_rows.run_by_id(session, run_id).city_id)
        card = _card(store, session, city, name, chosen, seed, data, trained)
        folder = store.settings.models / name
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(
            folder, ignore_errors=True
        )  # left by an attempt that died before it was recorded
        save_model(folder, trained.heads, card)
        model = model_rows.add_model(
            session,
            city.id,
            name=name,
            run_id=run_id,
            folder=str(folder),
            card=card.model_dump(mode="json"),
        )
        model_rows.use_model(session, city.id, name)
        run_rows.mark_done(session, run_id, metrics=run_metrics(trained), model_id=model.id)


def run_metrics(trained: Trained) -> dict[str, Any]:
    """What a finished run reports."""
    kept = trained.history[trained.kept_epoch - 1]
    return {
        "device": trained.device,
        "epochs": len(trained.history),
        "kept_epoch": trained.kept_epoch,
        "seconds": trained.seconds,
        "losses": {
            "first": trained.history[0].loss,
            "last": trained.history[-1].loss,
            "kept": kept.loss,
        },
        "validation": asdict(trained.validation) if trained.validation else None,
        "pois_used": trained.pois_used,
        "held_out": trained.held_out,
    }


def _card(
    store: Store,
    session: Session,
    city: City,
    name: str,
    chosen: Recipe,
    seed: int,
    data: TrainingSet,
    trained: Trained,
) -> ModelCard:
    encoder = default_encoder(store.settings)
    metrics = run_metrics(trained)
    return ModelCard(
        name=name,
        city=city.slug,
        recipe=chosen.name,
        settings=chosen.settings,
        seed=seed,
        device=trained.device,
        encoder=EncoderCard(name=encoder.name, dim=encoder.dim),
        embedding=EmbeddingCard(
            kind=city.embedding_kind,
            dim=data.base.shape[1],
            year=city.year,
            simulated=city.simulated,
        ),
        data_hashes={
            "training set": _digest(data.base, data.wide, data.text, data.text_index),
            **{
                Path(raster.path).name: raster.sha256
                for raster in city_rows.rasters(session, city.id)
            },
        },
        pois_used=trained.pois_used,
        held_out=trained.held_out,
        validation=metrics["validation"],
        losses=metrics["losses"],
        kept_epoch=trained.kept_epoch,
        versions={
            package: importlib.metadata.version(package)
            for package in ("torch", "numpy", "sentence-transformers")
        },
        attribution=list(city.attribution),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _digest(*arrays: np.ndarray) -> str:
    digest = sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
