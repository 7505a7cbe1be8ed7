"""Criteria of a question: what must hold, how it is measured, what its chip says."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.language import SOURCE, mark
from aether_core.search.question import curves
from aether_core.search.question.place_words import plain

MAX_CRITERIA = 20
"""More than this no chip row and no planner holds in view."""
LEAST_M, MOST_M = 1.0, 50_000.0
"""Distances that can be asked for, in metres: nothing farther is within a city."""
MOST_WEIGHT = 10.0

NEAR_M = 300.0
"""What "near" means where no distance is said: WHO Regional Office for Europe, "Urban green spaces
and health" (2016): 300 m in a straight line, about five minutes' walk."""
AWAY_M = 200.0
"""What "away from" means: the strip along a road that air quality assessments look at, National
Highways, DMRB LA 105 (2019), 2.1: 200 m."""

Evidence = Literal["likeness", "distance", "area"]
"""What a criterion is measured by: the model, metres to the nearest thing, lying in an area."""


@dataclass(frozen=True)
class FileSource:
    """A vector file of things to measure to, or of an area.

    Attributes:
        file: The file.
        crs: Its CRS; wins over what it says.
        layer: Layer of a file with several.
        field: The field that chooses among its features; all count when left out.
        value: Features with this value of the field, as text.
    """

    file: Path
    crs: str | None = None
    layer: str | None = None
    field: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class LayerSource:
    """A kept layer of the city, or those of its features that one field chooses.

    Attributes:
        layer: Its short name.
        field: The field that chooses.
        value: Features with this value of the field.
        least: Features with at least this value of the field.
    """

    layer: str
    field: str | None = None
    value: str | float | None = None
    least: float | None = None


Source = FileSource | LayerSource


@dataclass(frozen=True)
class Criterion:
    """One thing that should hold.

    Attributes:
        kind: Name of one of `KINDS`.
        words: What is looked for, or measured to: in the words of the question, or in English where
            these are of another language and their meaning is known (`languages/words_*.tsv`).
        distance_m: Metres; None where the kind has none.
        stated: Whether the distance was said; an assumed one is taken less strictly.
        weight: How much it counts beside the others, above 0.
        clause: Criteria of one clause are alternatives: one of them is enough.
        option: Criteria of one option hold together; options are alternatives.
        source: A file or layer to measure to, instead of the city's own places.
        said: How the question's own language says it, where `words` are the English of it.
        language: Of `words`, one of `languages.GRAMMARS`; another than English where their meaning
            is not known.
    """

    kind: str
    words: str
    distance_m: float | None = None
    stated: bool = False
    weight: float = 1.0
    clause: int = 0
    option: int = 0
    source: Source | None = None
    said: str = ""
    language: str = SOURCE

    @property
    def in_own_words(self) -> str:
        """What is looked for, in the language it was asked in."""
        return self.said or self.words

    @property
    def label(self) -> str:
        """What its chip says: `near: main roads, 300 m`."""
        distance = f", {self.distance_m:,.0f} m" if self.distance_m is not None else ""
        times = f" ×{self.weight:g}" if self.weight != 1 else ""
        return f"{KINDS[self.kind].title}: {self.words}{distance}{times}"

    @property
    def sentence(self) -> str:
        """What it asks for, in one sentence without a full stop."""
        return KINDS[self.kind].sentence(self)


Curve = Callable[[NDArray[np.float64], Criterion], NDArray[np.float32]]


@dataclass(frozen=True)
class Kind:
    """A kind of criterion.

    Attributes:
        name: As in JSON.
        title: As on a chip.
        evidence: What it is measured by.
        default_m: Distance where none is said; None where the kind has no distance.
        opposite: Name of the kind that contradicts it about the same words.
        negated: Whether it asks that something is not there.
        on_foot: Whether its distance is one to walk, and follows the streets where they are kept;
            what is to be kept away from works in a straight line.
        constraint: Whether what does not fulfil it is left out of the ranking, instead of being
            weighed against the rest.
        value: From evidence to 0 to 1: a likeness as percentile 0 to 100, metres, or 1 inside and
            0 outside an area.
        sentence: What it asks for.
    """

    name: str
    title: str
    evidence: Evidence
    default_m: float | None
    opposite: str | None
    negated: bool
    on_foot: bool
    constraint: bool
    value: Curve
    sentence: Callable[[Criterion], str]

    @property
    def has_distance(self) -> bool:
        """Whether it is fulfilled within or beyond some metres."""
        return self.default_m is not None


def _near(metres: NDArray[np.float64], one: Criterion) -> NDArray[np.float32]:
    fall = curves.STATED_FALL if one.stated else curves.UNSTATED_NEAR_FALL
    return curves.within(metres, one.distance_m or NEAR_M, fall)


def _far(metres: NDArray[np.float64], one: Criterion) -> NDArray[np.float32]:
    fall = curves.STATED_FALL if one.stated else curves.UNSTATED_FAR_FALL
    return curves.beyond(metres, one.distance_m or AWAY_M, fall)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(
                "like",
                mark("like"),
                "likeness",
                None,
                "not_like",
                negated=False,
                on_foot=False,
                constraint=False,
                value=lambda percentile, _: np.asarray(percentile / 100, dtype=np.float32),
                sentence=lambda one: f"looks like a place for {one.words}",
            ),
            Kind(
                "not_like",
                mark("not like"),
                "likeness",
                None,
                "like",
                negated=True,
                on_foot=False,
                constraint=False,
                value=lambda percentile, _: np.asarray(1 - percentile / 100, dtype=np.float32),
                sentence=lambda one: f"does not look like a place for {one.words}",
            ),
            Kind(
                "near",
                mark("near"),
                "distance",
                NEAR_M,
                "not_near",
                negated=False,
                on_foot=True,
                constraint=False,
                value=_near,
                sentence=lambda one: f"lies within {one.distance_m:,.0f} m of {one.words}",
            ),
            Kind(
                "not_near",
                mark("not near"),
                "distance",
                AWAY_M,
                "near",
                negated=True,
                on_foot=False,
                constraint=False,
                value=_far,
                sentence=lambda one: f"lies at least {one.distance_m:,.0f} m from {one.words}",
            ),
            Kind(
                "in",
                mark("in"),
                "area",
                None,
                None,
                negated=False,
                on_foot=False,
                constraint=True,
                value=lambda inside, _: np.asarray(inside, dtype=np.float32),
                sentence=lambda one: f"lies in {one.words}",
            ),
        )
    }
)
"""Every kind of criterion, by its name."""


def checked(criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Complete distances, and refuse what cannot be asked.

    Args:
        criteria: In any order; a missing distance becomes that of the kind.

    Returns:
        The criteria in their order.

    Raises:
        InputError: There is none, or more than `MAX_CRITERIA`; a kind, distance or weight cannot be
            used; two of them contradict each other.
    """
    if not criteria:
        raise InputError(
            "the question holds nothing to look for",
            "no criterion",
            'say what or where, such as "quiet streets near a school"',
            code="question-without-criteria",
        )
    if len(criteria) > MAX_CRITERIA:
        raise InputError(
            f"the question has too many criteria, the limit is {MAX_CRITERIA}",
            f"{len(criteria)} criteria",
            "leave out what matters least",
            code="too-many-criteria",
        )
    complete = tuple(_complete(one) for one in criteria)
    _refuse_contradictions(complete)
    return complete


def _complete(one: Criterion) -> Criterion:
    kind = KINDS.get(one.kind)
    if kind is None:
        raise InputError(
            "no such kind of criterion",
            one.kind,
            f"the kinds are {', '.join(KINDS)}",
            code="no-such-criterion-kind",
        )
    if not one.words.strip():
        raise InputError(
            "a criterion has no words", one.kind, "say what it is about", code="criterion-empty"
        )
    if not (math.isfinite(one.weight) and 0 < one.weight <= MOST_WEIGHT):
        raise InputError(
            f"a weight must be above 0 and at most {MOST_WEIGHT:g}",
            f"{one.weight:g} of {one.words}",
            "try 2, or remove the criterion",
            code="weight-out-of-range",
        )
    if one.source is not None and kind.evidence == "likeness":
        raise InputError(
            "what a place is like is told by words, not by a file or layer",
            f"{one.kind}: {one.words}",
            "use near, not_near or in",
            code="source-not-for-this-kind",
        )
    if kind.default_m is None:
        if one.distance_m is not None:
            raise InputError(
                "this kind of criterion has no distance",
                f"{one.kind}: {one.words}, {one.distance_m:g} m",
                "use near or not_near",
                code="distance-not-for-this-kind",
            )
        return one
    if one.distance_m is None:
        return replace(one, distance_m=kind.default_m, stated=False)
    if not (math.isfinite(one.distance_m) and LEAST_M <= one.distance_m <= MOST_M):
        raise InputError(
            f"a distance must lie between {LEAST_M:g} m and {MOST_M / 1000:g} km",
            f"{one.distance_m:,.10g} m of {one.words}",
            "try 300 m",
            code="distance-out-of-range",
        )
    return one


def _refuse_contradictions(criteria: Sequence[Criterion]) -> None:
    """Refuse what no place can fulfil: the same thing wanted and not wanted.

    A ring is none: "within 500 m of a school but at least 100 m from it" has both distances said.
    """
    for at, one in enumerate(criteria):
        for other in criteria[at + 1 :]:
            opposed = KINDS[one.kind].opposite == other.kind and one.option == other.option
            same = _same_thing(one) == _same_thing(other)
            if opposed and same and not _is_ring(one, other):
                raise InputError(
                    "the question contradicts itself",
                    f"{one.label} and {other.label}",
                    "remove one of them, or say two distances that leave room between them",
                    code="criteria-contradict",
                )


def _same_thing(one: Criterion) -> tuple[str, Source | None]:
    return plain(one.words), one.source


def _is_ring(one: Criterion, other: Criterion) -> bool:
    inner, outer = sorted((one, other), key=lambda each: not KINDS[each.kind].negated)
    if inner.distance_m is None or outer.distance_m is None:
        return False
    return inner.stated and outer.stated and inner.distance_m < outer.distance_m
