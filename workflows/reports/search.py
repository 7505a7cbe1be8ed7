"""What the report of a kept search says."""

from textwrap import shorten

from aether_core.model.training.retrieval import measured_apart
from aether_core.report import Block, Callout, Heading, KeyFigure, KeyFigures, Paragraph
from workflows.layers.layers import layer_values
from workflows.reports.maps import map_figure
from workflows.reports.subject import REPORT_BODIES, Subject
from workflows.training.models import list_models

_MAP_MM = 125


def body(subject: Subject) -> list[Block]:
    """The sections between the opening boxes and the data."""
    asked = subject.layer.parameters
    values = layer_values(subject.store, subject.city.slug, subject.layer.layer)
    question = str(asked.get("query") or subject.layer.title)
    unit = subject.city.unit
    scale = next(field["unit"] for field in subject.layer.fields if field["name"] == "score")
    without = f", but not {asked['minus']}" if asked.get("minus") else ""
    return [
        KeyFigures(
            (
                KeyFigure("asked", shorten(question, 40, placeholder="…"), "in plain words"),
                KeyFigure(unit.several, f"{len(values):,}", "each with a score"),
                KeyFigure("best score", f"{float(values['score'].max()):.3f}", scale),
            )
        ),
        Paragraph(f"Query: {question}{without}."),
        Heading("The map"),
        map_figure(
            subject,
            "percentile",
            tallest_mm=_MAP_MM,
            caption=f"Share of the city's {unit.several} that score lower.",
        ),
        Callout(
            "caution",
            "A percentile is a rank within this city, not a grade: even in a city without any "
            "such place, "
            f"some {unit.one} ranks first. Look at the places before acting on it.",
            title="How to read it",
        ),
        Heading("Accuracy"),
        Paragraph(validation(subject)),
    ]


def validation(subject: Subject) -> str:
    """How well the model finds places on parts of the city it did not see."""
    models = list_models(subject.store, subject.city.slug)
    card = next((model.card for model in models if model.name == subject.layer.model), None)
    found = card.get("validation") if card else None
    if not isinstance(found, dict) and card and card.get("origin"):
        return "The model was trained elsewhere and was not tested in this city."
    if not isinstance(found, dict):
        return "No places were held out when the model was trained, so its accuracy is unknown."
    words = found["text_to_place"]
    where = (
        "used neither for training nor for selecting the epoch"
        if card and measured_apart(card.get("validated_on"))
        else "held out from training, but used to select the epoch"
    )
    return (
        f"Recall@10 is {words['recall_at_10']:.0%} (chance: {words['chance_at_10']:.0%}), tested "
        f"on parts of the city {where}: the share of texts with a matching place in the top 10 of "
        f"{found['candidates']:,}. You can test the query against your own labels: "
        "./aether evaluate --task retrieval."
    )


REPORT_BODIES["search"] = body
REPORT_BODIES["similar"] = body
