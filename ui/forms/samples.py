"""What a kind of task is fitted on, asked for: labels, areas with shares, or numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from aether_core.eo.file_kind import FILE_KINDS
from aether_core.language import _, mark
from ui.forms import area as area_form
from ui.forms import label as label_form
from ui.forms import value as value_form
from workflows.cities.cities import CitySummary
from workflows.tasks.chosen import may_be_of_pixels
from workflows.tasks.task import NO_CHOICES, MapChoices


@dataclass(frozen=True)
class SampleForm:
    """How one sort of samples is asked for.

    Attributes:
        ask: Draws the form, with the key its widgets' names start with; None while something is
            missing.
        missing: What is missing then.
        first: What to do first, a sentence; "" where nothing more is to be said.
        hint: What to bring for a comparison.
        choices: Asks what else can be chosen of a map of them, seen by a representation.
    """

    ask: Callable[[CitySummary, str], Any]
    missing: str
    first: str
    hint: str
    choices: Callable[[CitySummary, str, str], MapChoices]


def _of_labels(_city: CitySummary, _representation: str, key: str) -> MapChoices:
    """Ask whether predictions are shown where labels say what is there."""
    everywhere = st.toggle(
        _("Predict everywhere"),
        key=f"{key}-everywhere",
        help=_(
            "Off: where your labels cover the ground, the map keeps what they say, and "
            "predictions fill the gaps. On: predictions everywhere."
        ),
    )
    return MapChoices(predict_everywhere=everywhere)


def _of_areas(city: CitySummary, representation: str, key: str) -> MapChoices:
    """Ask whether areas take their mean over pixels, where the embedding has some."""
    has_pixels = FILE_KINDS[city.embedding_kind].has_pixels
    if not (has_pixels and may_be_of_pixels(representation)):
        return NO_CHOICES
    pixels = st.toggle(
        _("Average over pixels"),
        key=f"{key}-pixels",
        help=_(
            "Average the pixels in each area instead of its cells: more precise for small "
            "areas, but slower."
        ),
    )
    return MapChoices(pixels=pixels)


def _of_numbers(_city: CitySummary, _representation: str, _key: str) -> MapChoices:
    return NO_CHOICES


SAMPLES: Final[Mapping[str, SampleForm]] = {
    "labels": SampleForm(
        label_form.ask_labels,
        mark("some known examples"),
        mark("Add some known examples first."),
        mark(
            "Upload points or polygons with known classes: start with a few dozen per class, "
            "spread "
            "over the city so that they can be tested in separate areas."
        ),
        _of_labels,
    ),
    "areas": SampleForm(
        area_form.ask_areas,
        mark("areas with at least two fields"),
        "",
        mark(
            "Upload areas with shares or counts: start with a few dozen, spread over the city so "
            "that "
            "they can be tested in separate areas."
        ),
        _of_areas,
    ),
    "samples": SampleForm(
        value_form.ask_values,
        mark("places with a number"),
        "",
        mark(
            "Upload points or areas with a number: start with a few dozen, spread over the city so "
            "that they can be tested on spatial blocks."
        ),
        _of_numbers,
    ),
}
"""By what a kind of task says that it is fitted on."""
