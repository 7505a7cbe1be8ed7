"""`model train-many`: a model for each of many cities, computed by any number of workers."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.models.training import Device, Encoder, Recipe, Settings, settings_in
from cli.options import Scheduler, Workers

if TYPE_CHECKING:  # the libraries of training load when a command needs them
    from workflows.training.many import CityTrained


def train_many(
    cities: Annotated[
        list[str] | None, typer.Argument(metavar="SLUG...", help="Short names of the cities.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Train every city.")] = False,
    recipe: Recipe = "aether",
    settings: Settings = None,
    seed: int = 42,
    device: Device = "auto",
    encoder: Encoder = None,
    scheduler: Scheduler = "here",
    workers: Workers = 2,
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder for what is under way, under one path on all machines; default: the home."
        ),
    ] = None,
) -> int:
    """Train many cities, a run each; one that fails does not stop the rest.

    Run it again to go on where it stopped: cities that are done stay as they are.
    """
    from workflows.home.store import open_store
    from workflows.training.many import TrainMany, every_city, train_many

    if bool(cities) == every:
        raise InputError(
            "say in exactly one way which cities to train",
            " ".join([*(cities or []), "--all"]) if every else "neither names nor --all",
            "name them, or add --all",
            code="cities-given-twice" if every else "no-cities-given",
        )
    store = open_store()
    request = TrainMany(
        cities=every_city(store) if every else tuple(cities or ()),
        recipe=recipe,
        settings=settings_in(settings or []),
        seed=seed,
        device=device,
        encoder=encoder,
        scheduler=scheduler,
        workers=workers,
        folder=folder,
    )
    with output.progress() as progress:
        done = train_many(store, request, progress)
    output.document(
        {
            "counts": done.counts,
            "cities": [asdict(city) for city in done.cities],
            "seconds": done.seconds,
        }
    )
    output.table(
        ["city", "run", "model", "state", "seconds", "error"],
        [_row(city) for city in done.cities],
    )
    return 0 if done.all_done else 1


def _row(city: "CityTrained") -> tuple[object, ...]:
    state = f"{city.state} before" if city.before else city.state
    seconds = "" if city.seconds is None else f"{city.seconds:.1f}"
    return city.city, city.run, city.model, state, seconds, city.error
