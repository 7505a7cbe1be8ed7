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
    """

    title: str
    question: str
    x_label: str
    baseline: str
    trainings: int


KINDS: Mapping[str, StudyKind] = MappingProxyType(
    {
        "ablation": StudyKind(
            "What each part is worth",
            "How much worse does the model get when one part of it is left out?",
            "",
            "full model",
            7,
        ),
        "noise": StudyKind(
            "Errors in the places",
            "How much do wrong categories, shifted positions and missing names in the training "
            "places harm the model?",
            "Wrong categories (%) or distance (m)",
            "places as they are",
            9,
        ),
        "sparsity": StudyKind(
            "Fewer places",
            "How many places does the model need?",
            "Training places (% of those there are)",
            "100 % of the places",
            8,
        ),
        "buffer": StudyKind(
            "Size of the surroundings",
            "How large should the window around a place be, and of which shape?",
            "Radius of a disk (m)",
            "the city's windows",
            8,
        ),
        "seeds": StudyKind(
            "Chance",
            "How much do the figures differ when only chance differs?",
            "",
            "test blocks and training",
            2,
        ),
    }
)
"""The studies of one city by name."""

TRANSFER = StudyKind(
    "Transfer",
    "What is another city's model worth here, as it is and with a few of this city's places?",
    "Own training places (%)",
    "own model",
    8,
)
"""The study of two cities."""
