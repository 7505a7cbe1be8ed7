"""The command line's root: all commands under one name."""

import typer

from cli import jobs, system
from cli.cities import city, earth_engine, fetch, fetch_many, find_place, years
from cli.evaluation import bench, evaluate, study
from cli.maps import ask, change, documents, layers, tasks
from cli.models import arrays, embed, models, recipes, training

app = typer.Typer(
    name="aether",
    help="Ask a city questions in plain words and get a map back. "
    "Every command takes --json for one JSON document on standard output.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (
    system,
    city,
    fetch,
    fetch_many,
    find_place,
    earth_engine,
    years,
    training,
    jobs,
    recipes,
    models,
    ask,
    change,
    tasks,
    evaluate,
    study,
    layers,
    documents,
    arrays,
    embed,
    bench,
):
    part.register(app)
