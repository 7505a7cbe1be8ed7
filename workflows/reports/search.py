"""What the report of a kept search says."""

from aether_core.report import Block, Callout, Heading, KeyFigure, KeyFigures, Paragraph
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.subject import Subject
from workflows.training.models import list_models

_MAP_MM = 125


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    asked = subject.layer.parameters
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    question = str(asked.get("query") or "")
    without = f", but not {asked['minus']}" if asked.get("minus") else ""
    return [
        KeyFigures(
            (
                KeyFigure("asked", question[:40], "in plain words"),
                KeyFigure("cells", f"{len(values):,}", "each with a score"),
                KeyFigure("best score", f"{float(values['score'].max()):.3f}", "cosine, -1 to 1"),
            )
        ),
        Paragraph(f"The question was: {question}{without}."),
        Heading("The map"),
        map_figure(
            subject,
            "percentile",
            tallest_mm=_MAP_MM,
            caption="Share of the city's cells that score lower.",
        ),
        Callout(
            "caution",
            "A percentile is a rank in this city, no grade: in a city without any such place, some "
            "cell still ranks first. Look at the places before acting on it.",
            title="How to read it",
        ),
        Heading("How good it is"),
        Paragraph(validation(subject)),
    ]


def validation(subject: Subject) -> str:
    """How well the model finds places on parts of the city it did not see."""
    models = list_models(subject.store, subject.city.slug)
    card = next((model.card for model in models if model.name == subject.layer.model), None)
    found = card.get("validation") if card else None
    if not isinstance(found, dict) and card and card.get("origin"):
        return "The model was trained elsewhere; how well it knows this city was not measured."
    if not isinstance(found, dict):
        return "Nothing was held out when the model was trained, so nothing can be said."
    words = found["text_to_place"]
    where = (
        "that neither trained it nor chose its epoch"
        if card and card.get("validated_on") == "apart"
        else "that were held out, though they chose which epoch was kept"
    )
    return (
        f"On parts of the city {where}, the model has a place of the right kind among "
        f"its first 10 of {found['candidates']:,} in {words['recall_at_10']:.0%} of cases; "
        f"guessing would in {words['chance_at_10']:.0%}. The question can be held against labels "
        "of your own: ./aether evaluate --task retrieval."
    )
