"""Which studies there are, in words; light to import, for pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class StudyKind:
    """One kind of study.

    Attributes:
        title: Its name as a heading.
        question: What it answers, in plain words.
        x_label: What a row's `x` counts, with its unit; "" where there is none.
        baseline: The variant all others are compared with.
        trainings: About how many models are trained for each seed.
        is_curve: Whether its variants are points of a curve over `x`, rather than rows.
        of_two_cities: Whether a model of another city is tried.
        of_windows: Whether the embedding is pooled in windows of other sizes.
    """

    title: str
    question: str
    x_label: str
    baseline: str
    trainings: int
    is_curve: bool = False
    of_two_cities: bool = False
    of_windows: bool = False


KINDS: Mapping[str, StudyKind] = MappingProxyType(
    {
        "ablation": StudyKind(
            "Contribution of each part",
            "How much worse is the model without one of its parts?",
            "",
            "full model",
            7,
        ),
        "noise": StudyKind(
            "Errors in the places",
            "How much do wrong categories, shifted positions and missing names in the training "
            "places affect the model?",
            "Wrong categories (%) or distance (m)",
            "unchanged places",
            9,
        ),
        "sparsity": StudyKind(
            "Fewer places",
            "How many places does the model need?",
            "Training places (% of those available)",
            "100 % of the places",
            8,
            is_curve=True,
        ),
        "buffer": StudyKind(
            "Window size",
            "How large should the window around a place be, and what shape?",
            "Radius of a disk (m)",
            "the city's windows",
            8,
            of_windows=True,
        ),
        "seeds": StudyKind(
            "Chance",
            "How much do the figures vary by chance?",
            "",
            "test blocks and training",
            2,
        ),
    }
)
"""The studies of one city by name."""

TRANSFER = StudyKind(
    "Transfer",
    "How well does another city's model work here, unchanged or with a few of this city's places?",
    "Local training places (%)",
    "local model",
    8,
    of_two_cities=True,
)
"""The study of two cities."""
TRANSFER_KIND = "transfer"
ALL_KINDS: Mapping[str, StudyKind] = MappingProxyType({**KINDS, TRANSFER_KIND: TRANSFER})
"""The studies of one city and of two, by name."""
