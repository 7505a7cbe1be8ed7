"""`model list`, `use`, `export`, `import`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli import output
from cli.options import Force


def list_all(slug: str) -> None:
    """List a city's models."""
    from workflows.home.store import open_store
    from workflows.training.models import list_models, model_document

    found = list_models(open_store(), slug)
    output.document([model_document(model) for model in found])
    output.table(
        ["model", "recipe", "in use", "origin", "created"],
        [(m.name, m.recipe, "yes" if m.in_use else "", m.origin, m.created) for m in found],
    )


def use(slug: str, model: str) -> None:
    """Let searches use this model."""
    from workflows.home.store import open_store
    from workflows.training.models import model_document, use_model

    chosen = use_model(open_store(), slug, model)
    output.document(model_document(chosen))
    output.say(f"{slug} now uses {chosen.name}.")


def export(
    model: str,
    target: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            help="Folder to write. A name ending in .zip writes a zip of it; .pth writes the "
            "published checkpoint only.",
        ),
    ],
    layout: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="aether: heads.safetensors and model.json. "
            "published: MODEL.pth, which the published code loads, and model.json. "
            "cityrep: the city's cells in the model's space, as the benchmark takes them.",
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


def import_(
    path: Annotated[
        Path,
        typer.Argument(
            help="Folder (or zip) with heads.safetensors and model.json, heads.safetensors alone, "
            "or a published .pth file."
        ),
    ],
    city: Annotated[str, typer.Option(help="Short name of the city to import it for.")],
    name: Annotated[str | None, typer.Option(help="Model name; default: its own.")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Text encoder the weights were trained with, if there is no model card; "
            "without it, text search is not available."
        ),
    ] = None,
) -> None:
    """Take in a model that was trained elsewhere."""
    from workflows.home.store import open_store
    from workflows.training.model_files import import_model
    from workflows.training.models import model_document

    model = import_model(open_store(), path, city, name=name, encoder=encoder)
    output.document(model_document(model))
    output.say(f"{model.name} imported for {city}{', now in use' if model.in_use else ''}.")
    if model.answers_no_text:
        output.say(
            "Its text encoder is unknown, so text search is not available; similar, landuse "
            "and socioeconomic work."
        )
