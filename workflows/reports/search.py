"""What the report of a kept search says."""

from textwrap import shorten

from aether_core.language import _, figure
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
    without = _(", but not {minus}", minus=asked["minus"]) if asked.get("minus") else ""
    return [
        KeyFigures(
            (
                KeyFigure(_("asked"), shorten(question, 40, placeholder="…"), _("in plain words")),
                KeyFigure(_(unit.several), figure(len(values), ","), _("each with a score")),
                KeyFigure(_("best score"), figure(float(values["score"].max()), ".3f"), _(scale)),
            )
        ),
        Paragraph(_("Query: {question}{without}.", question=question, without=without)),
        Heading(_("The map")),
        map_figure(
            subject,
            "percentile",
            tallest_mm=_MAP_MM,
            caption=_("Share of the city's {several} that score lower.", several=_(unit.several)),
        ),
        Callout(
            "caution",
            _(
                "A percentile is a rank within this city, not a grade: even in a city without "
                "any such place, some {one} ranks first. Look at the places before acting on "
                "it.",
                one=_(unit.one),
            ),
            title=_("How to read it"),
        ),
        Heading(_("Accuracy")),
        Paragraph(validation(subject)),
    ]


def validation(subject: Subject) -> str:
    """How well the model finds places on parts of the city it did not see."""
    models = list_models(subject.store, subject.city.slug)
    card = next((model.card for model in models if model.name == subject.layer.model), None)
    found = card.get("validation") if card else None
    if not isinstance(found, dict) and card and card.get("origin"):
        return _("The model was trained elsewhere and was not tested in this city.")
    if not isinstance(found, dict):
        return _("No places were held out when the model was trained, so its accuracy is unknown.")
    words = found["text_to_place"]
    where = (
        _("used neither for training nor for selecting the epoch")
        if card and measured_apart(card.get("validated_on"))
        else _("held out from training, but used to select the epoch")
    )
    return _(
        "Recall@10 is {recall_at_10:.0%} (chance: {chance_at_10:.0%}), tested on parts "
        "of the city {where}: the share of texts with a matching place in the top 10 "
        "of {candidates:,}. You can test the query against your own labels: ./aether "
        "evaluate --task retrieval.",
        recall_at_10=words["recall_at_10"],
        chance_at_10=words["chance_at_10"],
        where=where,
        candidates=found["candidates"],
    )


REPORT_BODIES["search"] = body
REPORT_BODIES["similar"] = body
