"""`models`, `model`."""

from dataclasses import asdict

import typer

from workflows.cli import output

model_app = typer.Typer(help="Choose the model in use.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("models")(models)
    app.add_typer(model_app, name="model")


def models(slug: str) -> None:
    """List a city's models."""
    from workflows.models import list_models
    from workflows.store import open_store

    found = list_models(open_store(), slug)
    output.document([asdict(model) for model in found])
    output.table(
        ["model", "recipe", "in use", "created"],
        [(m.name, m.recipe, "yes" if m.in_use else "", m.created) for m in found],
    )


@model_app.command("use")
def model_use(slug: str, model: str) -> None:
    """Let searches use this model."""
    from workflows.models import use_model
    from workflows.store import open_store

    chosen = use_model(open_store(), slug, model)
    output.document(asdict(chosen))
    output.say(f"{slug} now uses {chosen.name}.")
