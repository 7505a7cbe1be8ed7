"""The command line's root: all commands under one name."""

import typer

from workflows.cli import (
    arrays,
    ask,
    bench,
    city,
    documents,
    embed,
    evaluate,
    layers,
    models,
    recipes,
    study,
    system,
    tasks,
    training,
)

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
    training,
    recipes,
    models,
    ask,
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
