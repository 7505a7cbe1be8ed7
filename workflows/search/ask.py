"""Ask a city a question of several criteria: parsed, measured, combined, every part kept."""

import re
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.language import SOURCE, as_marked, mark, said_in
from aether_core.search.ground import Extent
from aether_core.search.overlay import check_mode, combined
from aether_core.search.question.criteria import (
    KINDS,
    Criterion,
    Evidence,
    FileSource,
    Source,
    checked,
)
from aether_core.search.question.languages.meaning import known_part
from aether_core.search.question.parse import Question, Unmapped, parse
from aether_core.search.question.place_words import plain
from aether_core.search.scoring import best_rows, cosine_scores, percentiles
from aether_core.search.support import Support, unread
from aether_core.spatial.distances import nearest_shape
from aether_core.spatial.plane import Plane
from aether_core.spatial.streets import StreetNetwork, walking_distance
from aether_core.vector import NO_OPTIONS, ReadOptions
from workflows.encoders.encoders import ENGLISH_ONLY
from workflows.home.shared_results import SharedResults
from workflows.home.store import Store
from workflows.search.ground import left_out
from workflows.search.search import called
from workflows.search.support import support_of
from workflows.search.targets import (
    NotInCityError,
    Targets,
    area_of,
    check_area_in_city,
    source_key,
    streets_of,
    targets_of,
    with_centre_distance,
)
from workflows.training.representation import (
    CellVectors,
    ModelInUse,
    OfModel,
    YearFiles,
    cell_vectors,
    model_for,
    query_vector,
    year_files,
)

_ON_FOOT, _STRAIGHT = mark("along streets"), mark("in a straight line")
STRAIGHT_LINE = mark("distances are straight lines: the city's streets are not kept as a network")
ALONG_STREETS = mark("near is measured on foot, along the city's streets")
NOT_NEAR_STRAIGHT = mark(
    "not near is measured in a straight line: noise and sight keep to no street"
)
_KEPT_ANSWERS = 16
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Part:
    """One criterion of an answer, with what was measured.

    Attributes:
        criterion: What was asked.
        name: Short and unique in the answer: `near_schools`.
        value: How far each cell fulfils it, float32 `[m]` in 0 to 1; NaN without data.
        metres: To the nearest target, float32 `[m]`; None where the kind has no distance.
        nearest: Row of that target in `names`, int64 `[m]`; None likewise.
        names: Of the targets.
        meaning: What the words were taken to mean, for people.
        support: Whether the city can answer the words, where likeness is by the model.
        along_streets: Whether the metres are those on foot along the city's streets, and no
            straight line.
        used: Whether it counts in the score: a likeness without support does not, while anything
            else is left to rank by.
    """

    criterion: Criterion
    name: str
    value: NDArray[np.float32]
    metres: NDArray[np.float32] | None
    nearest: NDArray[np.int64] | None
    names: tuple[str, ...]
    meaning: str
    support: Support | None
    along_streets: bool = False
    used: bool = True

    @property
    def way(self) -> str:
        """How its metres were measured, for people; empty where there are none."""
        if self.metres is None:
            return ""
        return _ON_FOOT if self.along_streets else _STRAIGHT

    @property
    def sentence(self) -> str:
        """What it asks for and how that was measured, without a full stop."""
        return ", ".join(filter(None, [self.criterion.sentence, self.way]))

    def facts(self) -> dict[str, Any]:
        """As JSON values: what was asked, and how it was understood."""
        one = self.criterion
        return {
            "kind": one.kind,
            "words": one.words,
            "said": one.said or None,
            "language": one.language,
            "distance_m": one.distance_m,
            "weight": one.weight,
            "support": None if self.support is None else _support_facts(self.support),
            "name": self.name,
            "label": one.label,
            "sentence": self.sentence,
            "meaning": self.meaning,
            "used": self.used,
            "stated": one.stated,
            "clause": one.clause,
            "option": one.option,
            "straight_line": None if self.metres is None else not self.along_streets,
            "source": _source_facts(one.source),
        }


@dataclass(frozen=True)
class Answer(OfModel):
    """Every cell of a city scored against a question.

    Attributes:
        in_use: The model and the city it was asked of.
        question: As typed, "" where only criteria were given.
        parts: One a criterion that was answered, in their order.
        unmapped: Words no criterion was made of, with reasons.
        notes: What could have been read otherwise, what targets were taken, how it was measured.
        remarks: Those of them without which this answer would be taken for another.
        mode: `all` or `add`.
        year: Of the embedding that likeness was measured on.
        units: The cells, m: of H3, or areas.
        score: 0 to 1, float32 `[m]`; NaN outside an area that was asked for, where the ground is
            left out of the ranking, and without data.
        percentile: Share of the ranked cells that score lower, 0 to 100, float32 `[m]`; NaN where
            the score is.
        extent: Which ground is ranked.
        left_out: How many cells it leaves out.
        seconds: Time taken when it was computed, loading included.
    """

    in_use: ModelInUse
    question: str
    parts: tuple[Part, ...]
    unmapped: tuple[Unmapped, ...]
    notes: tuple[str, ...]
    remarks: tuple[str, ...]
    mode: str
    year: int
    ids: NDArray[np.int64]
    units: Units
    score: NDArray[np.float32]
    percentile: NDArray[np.float32]
    extent: Extent
    left_out: int
    seconds: float

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each cell, WGS84, float64 `[m, 2]`."""
        return self.units.lonlat

    @property
    def ranked(self) -> int:
        """How many cells have a score."""
        return int(np.isfinite(self.score).sum())

    @property
    def paints(self) -> bool:
        """Whether a map may be painted: not where only likenesses without support would rank."""
        ranking = [part for part in self.parts if not KINDS[part.criterion.kind].constraint]
        return not ranking or any(
            part.used and (part.support is None or part.support.paints) for part in ranking
        )

    @property
    def title(self) -> str:
        """The question, or what its criteria ask for where they were edited."""
        return self.question or "; ".join(part.criterion.label for part in self.parts)

    def best(self, n: int, names_in: str | None = None) -> list[dict[str, Any]]:
        """The `n` best cells with every part: value, metres and name of the nearest target.

        Args:
            n: How many.
            names_in: Language tag of the names, where their source has it; None: the main names.
        """
        return [self.cell(int(row), names_in) for row in best_rows(self.score, n)]

    def cell(self, row: int, names_in: str | None = None) -> dict[str, Any]:
        """All that is known of one cell, as JSON values; `names_in` as in `best`."""
        measured = [part for part in self.parts if part.metres is not None]
        return {
            **called(self.units, row),
            "lon": round(float(self.lonlat[row, 0]), 7),
            "lat": round(float(self.lonlat[row, 1]), 7),
            "score": _number(self.score[row]),
            "percentile": _number(self.percentile[row]),
            "parts": {part.name: _number(part.value[row]) for part in self.parts},
            "metres": {
                part.name: round(float(part.metres[row]), 1)
                for part in measured
                if part.metres is not None
            },
            "nearest": {
                part.name: said_in(part.names[part.nearest[row]], names_in)
                for part in measured
                if part.nearest is not None
            },
        }


def ask(
    store: Store,
    slug: str,
    question: str = "",
    criteria: Sequence[Criterion] = (),
    *,
    mode: str = "all",
    area: Path | None = None,
    area_options: ReadOptions = NO_OPTIONS,
    year: int | None = None,
    model: str | None = None,
    extent: Extent = Extent.LAND,
    language: str = SOURCE,
) -> Answer:
    """Answer a question, or edited criteria, for every cell of a city.

    Equal questions are computed once, however many ask.

    Args:
        store: The store.
        slug: The city.
        question: In words; may be empty where criteria are given.
        criteria: Beside those of the question; one about the same words and of the same kind
            replaces the question's.
        mode: `all`: all must hold; `add`: they add up.
        area: A file of polygons that the ranking is limited to.
        area_options: What the user says about that file.
        year: A year the city holds; its own when left out.
        model: Name of a model; the one in use when left out.
        extent: Which ground is ranked; no water when left out.
        language: Of the question, as in `parse`.

    Returns:
        The answer. Criteria the city cannot answer are in `unmapped`, unless none is left.

    Raises:
        NotFoundError: No such city, model, year, file or layer; or the city has nothing that any
            criterion means.
        InputError: Nothing in the question is a criterion, they contradict each other, or a value
            of one cannot be used.
    """
    check_mode(mode)
    understood = parse(question, language) if question.strip() else Question("", (), (), ())
    asked = merged_criteria(understood.criteria, criteria)
    if area is not None:
        file = FileSource(area, area_options.crs, area_options.layer)
        asked = _with_area(asked, Criterion("in", area.name, source=file))
    if not asked and understood.unmapped:
        raise InputError(
            "nothing in the question is a criterion",
            understood.text,
            "; ".join(f"“{one.words}”: {one.reason}" for one in understood.unmapped[:3]),
            code="question-without-criteria",
        )
    checked(asked)
    chosen = model_for(store, slug, model)
    asked = checked([with_centre_distance(store, chosen, one) for one in asked])
    files = year_files(store, chosen, year)
    keys = tuple(source_key(store, chosen, one) for one in asked)
    key: Hashable = (store, chosen, files, asked, keys, mode, extent, understood.text, language)
    scope = _Scope(store, chosen, files, extent)
    return _ANSWERS.get(key, lambda: _answered(scope, understood, asked, keys, mode))


_ANSWERS: SharedResults[Answer] = SharedResults(_KEPT_ANSWERS)


def merged_criteria(
    parsed: Sequence[Criterion], given: Sequence[Criterion]
) -> tuple[Criterion, ...]:
    """The question's criteria and those given beside it, which hold in each of its options.

    One of the same kind about the same words replaces the question's.
    """
    replaced = {(one.kind, plain(one.words)) for one in given}
    kept = [one for one in parsed if (one.kind, plain(one.words)) not in replaced]
    first_free = 1 + max((one.clause for one in kept), default=-1)
    options = sorted({one.option for one in kept})
    if len({one.option for one in given}) > 1 or not options:
        options = []
    added = []
    for turn, option in enumerate(options or [None]):
        step = first_free + turn * (1 + max((one.clause for one in given), default=0))
        for one in given:
            placed = replace(one, clause=one.clause + step)
            added.append(placed if option is None else replace(placed, option=option))
    return (*kept, *added)


def _with_area(asked: Sequence[Criterion], area: Criterion) -> tuple[Criterion, ...]:
    """An area limits every option."""
    free = 1 + max((one.clause for one in asked), default=-1)
    options = sorted({one.option for one in asked}) or [0]
    return (
        *asked,
        *(replace(area, clause=free + at, option=option) for at, option in enumerate(options)),
    )


@dataclass(frozen=True)
class _Scope:
    """The cells that are asked: of which model and city, which year, on which ground."""

    store: Store
    model: ModelInUse
    files: YearFiles | None
    extent: Extent

    @property
    def year(self) -> int | None:
        return self.files[0] if self.files else None

    def cells(self) -> CellVectors:
        return cell_vectors(self.store, self.model, self.year)


@lru_cache(maxsize=4)
def _not_ranked(scope: _Scope) -> NDArray[np.bool_]:
    """Which cells are left out by what they stand on in the city's own year, bool `[m]`."""
    return left_out(scope.store, scope.model, scope.cells().keys, scope.extent)


def _answered(
    scope: _Scope,
    understood: Question,
    asked: Sequence[Criterion],
    keys: Sequence[tuple[object, ...]],
    mode: str,
) -> Answer:
    started = time.perf_counter()
    cells, model = scope.cells(), scope.model
    parts: list[Part] = []
    notes = list(understood.notes)
    unmapped = list(understood.unmapped)
    refused: NotInCityError | None = None
    for one, key in zip(asked, keys, strict=True):
        try:
            found = _MEASURES[KINDS[one.kind].evidence](scope, one, key)
        except NotInCityError as error:
            refused = refused or error
            unmapped.append(Unmapped(one.in_own_words, error.reason, error.code))
            continue
        part = _part(one, found, {name for part in parts for name in (part.name, f"{part.name}_m")})
        parts.append(part)
        notes += [note for note in (*found.notes, *_unfulfilled_notes(part)) if note not in notes]
    if not parts and refused is not None:
        raise refused
    parts, unsupported = _with_usage(parts)
    unmapped += unsupported
    used = [part for part in parts if part.used]
    remarks = tuple(notes)
    notes += _measuring_notes(scope, parts)
    unranked = _not_ranked(scope)
    if unranked.any():
        notes.append(
            mark(
                "of water or outside the built city, and not ranked: {number:,} of {all:,}",
                number=int(unranked.sum()),
                all=len(unranked),
            )
        )
    score = combined([part.criterion for part in used], [part.value for part in used], mode)
    score[unranked] = np.nan
    score.flags.writeable = False  # one answer serves all who ask
    return Answer(
        in_use=model,
        question=understood.text,
        parts=tuple(parts),
        unmapped=tuple(unmapped),
        notes=tuple(notes),
        remarks=remarks,
        mode=mode,
        year=scope.year or model.year,
        ids=cells.ids,
        units=cells.units,
        score=score,
        percentile=percentiles(score),
        extent=scope.extent,
        left_out=int(unranked.sum()),
        seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True)
class _Evidence:
    """What was measured of every cell for one criterion, before its curve."""

    values: NDArray[np.float64]
    meaning: str
    notes: tuple[str, ...] = ()
    nearest: NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    support: Support | None = None
    along_streets: bool = False


_Measure = Callable[[_Scope, Criterion, tuple[object, ...]], _Evidence]


def _part(one: Criterion, found: _Evidence, taken: set[str]) -> Part:
    has_metres = KINDS[one.kind].default_m is not None
    return Part(
        one,
        _free_name(one, taken),
        KINDS[one.kind].value(found.values, one),
        found.values.astype(np.float32) if has_metres else None,
        found.nearest,
        found.names,
        found.meaning,
        found.support,
        found.along_streets,
    )


def _with_usage(parts: Sequence[Part]) -> tuple[list[Part], list[Unmapped]]:
    """Leave likenesses without support out of the score, unless nothing else would rank the cells.

    Left in, noise would decide between places that all fulfil what can be known.
    """
    unsupported = [part for part in parts if part.support is not None and not part.support.paints]
    left_out = {part.name for part in unsupported}
    ranking = [part for part in parts if not KINDS[part.criterion.kind].constraint]
    if len(unsupported) == len(ranking):
        return list(parts), []
    refusals = [
        Unmapped(
            part.criterion.in_own_words,
            mark("{reason} It does not count in the score.", reason=part.support.reason),
            "no-support",
        )
        for part in unsupported
        if part.support is not None
    ]
    return [replace(part, used=part.name not in left_out) for part in parts], refusals


def _measuring_notes(scope: _Scope, parts: Sequence[Part]) -> list[str]:
    """How the distances were measured."""
    measured = [part.along_streets for part in parts if part.metres is not None]
    if measured and streets_of(scope.store, scope.model) is None:
        return [STRAIGHT_LINE]
    return [ALONG_STREETS] * any(measured) + [NOT_NEAR_STRAIGHT] * (not all(measured))


def _unfulfilled_notes(part: Part) -> list[str]:
    """A note where no cell of the city fulfils a distance."""
    if part.metres is None or np.nanmax(part.value) >= 1:
        return []
    best = float(part.metres[int(np.nanargmax(part.value))])
    return [
        mark(
            "nowhere in the city “{label}” holds in full; {best:,.0f} m is the best",
            label=part.criterion.label,
            best=best,
        )
    ]


def _free_name(one: Criterion, taken: set[str]) -> str:
    """A name for files and JSON that no other part has."""
    words = re.sub(r"\W+", "_", plain(one.words)).strip("_")
    base = f"{one.kind}_{words}"[:_LONGEST_NAME].rstrip("_")
    candidates = (base if n == 1 else f"{base}_{n}" for n in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)


def _likeness(scope: _Scope, one: Criterion, _key: tuple[object, ...]) -> _Evidence:
    words, notes = _readable(scope, one)
    support = unread() if words is None else support_of(scope.store, scope.model, words)
    meaning = mark("what the model has learnt; support: {level}", level=as_marked(support.level))
    values = _like(scope, words or one.words)
    return _Evidence(values, meaning, notes if support.paints else (), support=support)


def _readable(scope: _Scope, one: Criterion) -> tuple[str | None, tuple[str, ...]]:
    """What the model's encoder is asked with, None where it can read nothing; and notes of it."""
    if one.language == SOURCE or scope.model.encoder not in ENGLISH_ONLY:
        return one.words, ()
    known = known_part(one)
    if known is None:
        return None, ()
    note = mark(
        "of “{words}” only “{part}” is among the words that are known of this language, and it "
        "alone was asked for; say the rest in English",
        words=one.words,
        part=known.part,
    )
    return known.noun.english, (note,)


@lru_cache(maxsize=32)
def _like(scope: _Scope, words: str) -> NDArray[np.float64]:
    """Percentile of each cell's likeness among those on the ground that is ranked."""
    scores = cosine_scores(scope.cells().vectors, query_vector(scope.store, scope.model, words))
    scores[_not_ranked(scope)] = np.nan
    return percentiles(scores).astype(np.float64)


def _distance(scope: _Scope, one: Criterion, key: tuple[object, ...]) -> _Evidence:
    # The distance asked for decides nothing here: editing it on a chip measures nothing anew.
    streets = streets_of(scope.store, scope.model) if KINDS[one.kind].on_foot else None
    asked = Criterion("near", one.words, source=one.source, language=one.language)
    targets, metres, nearest = _far(scope, asked, key, streets)
    return _Evidence(
        metres,
        targets.meaning,
        targets.notes,
        nearest,
        targets.names,
        along_streets=streets is not None,
    )


@lru_cache(maxsize=16)
def _far(
    scope: _Scope, one: Criterion, _key: tuple[object, ...], streets: StreetNetwork | None
) -> tuple[Targets, NDArray[np.float64], NDArray[np.int64]]:
    targets, lonlat = targets_of(scope.store, scope.model, one), scope.cells().lonlat
    if streets is None:
        return targets, *nearest_shape(lonlat, targets.shapes)
    return targets, *walking_distance(streets, lonlat, targets.shapes)


def _area(scope: _Scope, one: Criterion, _key: tuple[object, ...]) -> _Evidence:
    area, cells = area_of(scope.store, scope.model, one), scope.cells()
    inside = _inside(cells, area)
    check_area_in_city(inside, area, cells.lonlat, one.words)
    return _Evidence(inside.astype(np.float64), area.meaning, area.notes)


def _inside(cells: CellVectors, area: Targets) -> NDArray[np.bool_]:
    """Which cells have their centre in an area, on the cells' own plane."""
    plane = Plane(cells.lonlat)
    whole = shapely.union_all(shapely.make_valid(plane.shapes(area.shapes)))
    shapely.prepare(whole)
    x, y = plane.points(cells.lonlat).T
    return np.asarray(shapely.contains_xy(whole, x, y), dtype=bool)


_MEASURES: Mapping[Evidence, _Measure] = MappingProxyType(
    {"likeness": _likeness, "distance": _distance, "area": _area}
)
"""How each evidence is measured."""


def _support_facts(support: Support) -> dict[str, Any]:
    return {
        "level": str(support.level),
        "reason": support.reason,
        "auc": support.auc,
        "ci95": list(support.ci95) if support.ci95 is not None else None,
        "nearest": list(support.nearest),
    }


def _source_facts(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    facts: dict[str, Any]
    if isinstance(source, FileSource):
        facts = {
            "file": str(source.file),
            "crs": source.crs,
            "file_layer": source.layer,
            "field": source.field,
            "value": source.value,
        }
    else:
        facts = {
            "layer": source.layer,
            "field": source.field,
            "value": source.value,
            "least": source.least,
        }
    return {name: value for name, value in facts.items() if value is not None}


def _number(value: np.float32) -> float | None:
    return float(value) if np.isfinite(value) else None
