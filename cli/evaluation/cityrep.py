"""`cityrep`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from aether_core.errors import InputError
from cli import output
from cli.options import Force, ModelName


def cityrep(
    data: Annotated[
        Path, typer.Option(help="Folder of the release: holds data, splits and baselines.")
    ],
    models: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Its models; default: all.")
    ] = None,
    cities: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Its cities; default: all.")
    ] = None,
    tasks: Annotated[
        list[str] | None, typer.Option(metavar="NAME...", help="Its tasks; default: all.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="block10_5seed_mlp1024 or random_5seed_mlp1024.")
    ] = "block10_5seed_mlp1024",
    city: Annotated[
        str | None, typer.Option(help="Short name of a city of your own that takes part.")
    ] = None,
    own: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="NAME...",
            help="Its representations (alphaearth, aether, concat, ...) or models; default: "
            "those three. best takes, for each seed, the one named beside it that validates best.",
        ),
    ] = None,
    model: ModelName = None,
    own_only: Annotated[
        bool, typer.Option("--own-only", help="Leave out the release's own models.")
    ] = False,
    skip_missing: Annotated[
        bool,
        typer.Option("--skip-missing", help="Run the rest where files are missing or unusable."),
    ] = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to fit.")] = "auto",
    target: Annotated[
        Path | None,
        typer.Option("-o", "--output", help=".csv file of the scores, seed by seed."),
    ] = None,
    force: Force = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from what the output file has.")
    ] = False,
) -> None:
    """Evaluate models on CityRep, the authors' benchmark.

    Fits the published head on the release's own splits and says what it scores.
    """
    from workflows.evaluation.cityrep import CityRepRequest, OwnCity, run_cityrep
    from workflows.home.settings import read_settings
    from workflows.home.store import open_store

    if city is None and (own or model or own_only):
        raise InputError(
            "only a city of your own has these",
            "--as, --model or --own-only without --city",
            "add --city SLUG",
            code="cityrep-own-without-city",
        )
    request = CityRepRequest(
        data=data,
        models=_names(models),
        cities=_names(cities),
        tasks=_names(tasks),
        protocol=protocol,
        own=None if city is None else OwnCity(city, _names(own), model, own_only),
        skip_missing=skip_missing,
        device=device,
        target=target,
        force=force,
        resume=resume,
    )
    try:
        with output.progress() as progress:
            found = run_cityrep(read_settings(), request, open_store, progress)
    except KeyboardInterrupt:
        if target is not None and target.exists():
            sys.stderr.write(f"{target} has what is done; add --resume to go on from there\n")
        raise
    output.document(asdict(found))
    output.table(
        ["model", "city", "task", "metric", "mean", "sd", "without vector"],
        [
            (r.model, r.city, r.task, r.metric, r.mean, r.sd, f"{r.without_vector} of {r.samples}")
            for r in found.rows
        ],
    )
    if len({row.city for row in found.rows}) > 1:
        output.table(
            ["model", "task", "metric", "mean over cities", "sd", "cities"],
            [(m.model, m.task, m.metric, m.mean, m.sd, len(m.cities)) for m in found.means],
        )
    for one in found.skipped:
        output.say(f"not evaluated: {one.model} on {one.city} {one.task}: {one.reason}")
    for note in found.notes:
        output.say(note)
    if target is not None:
        output.say(f"Scores of each seed written to {target}")


def _names(given: list[str] | None) -> tuple[str, ...]:
    """Names that follow each other or are separated by commas, each once."""
    parts = (part.strip() for one in given or () for part in one.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))
