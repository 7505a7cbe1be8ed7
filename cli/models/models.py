"""`models`, `model`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.maps.ask import Force

model_app = typer.Typer(
    help="Choose the model in use; take models away as files and bring them in.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command("models")(models)
    app.add_typer(model_app, name="model")


def models(slug: str) -> None:
    """List a city's models."""
    from workflows.home.store import open_store
    from workflows.training.models import list_models

    found = list_models(open_store(), slug)
    output.document([asdict(model) for model in found])
    output.table(
        ["model", "recipe", "in use", "origin", "created"],
        [(m.name, m.recipe, "yes" if m.in_use else "", m.origin, m.created) for m in found],
    )


@model_app.command("use")
def model_use(slug: str, model: str) -> None:
    """Let searches use this model."""
    from workflows.home.store import open_store
    from workflows.training.models import use_model

    chosen = use_model(open_store(), slug, model)
    output.document(asdict(chosen))
    output.say(f"{slug} now uses {chosen.name}.")


@model_app.command("export")
def model_export(
    model: str,
    target: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="Folder to write; a name ending in .zip gives a zip of it, one in .pth the "
            "published checkpoint alone.",
        ),
    ],
    layout: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="aether: heads.safetensors and model.json. "
            "published: MODEL.pth, which the published code loads, and model.json.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Write a model to files that can be imported elsewhere."""
    from workflows.home.store import open_store
    from workflows.training.model_files import export_model

    written = export_model(open_store(), model, target, layout=layout, force=force)
    output.document(asdict(written))
    output.say(f"{written.model} written to {written.path} ({', '.join(written.files)})")


@model_app.command("import")
def model_import(
    path: Annotated[
        Path,
        typer.Argument(
            help="Folder (or zip) with heads.safetensors and model.json, heads.safetensors alone, "
            "or a published .pth file."
        ),
    ],
    city: Annotated[str, typer.Option(help="Short name of the city that is to use it.")],
    name: Annotated[
        str | None, typer.Option(help="What to call it; its own name if left out.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Text encoder that weights without a card were trained with; without it they "
            "answer no text query."
        ),
    ] = None,
) -> None:
    """Take in a model that was trained elsewhere."""
    from workflows.home.store import open_store
    from workflows.training.model_files import import_model

    model = import_model(open_store(), path, city, name=name, encoder=encoder)
    output.document(asdict(model))
    output.say(f"{model.name} imported for {city}{', now in use' if model.in_use else ''}.")
    if model.answers_no_text:
        output.say(
            "Its text encoder is not known, so it answers no text query; similar, landuse and "
            "socioeconomic work with it."
        )
