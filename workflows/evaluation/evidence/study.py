"""What of a recipe carries it, on genuine areas: every variant trained blind and measured."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.cases import BLOCK_M, FOLDS, SEEDS, Case, cases_of, richest
from aether_core.evidence.heads import RECIPES
from aether_core.evidence.metro import Metro
from aether_core.evidence.places import Drawing, Encode
from aether_core.evidence.targets import TARGETS, Target
from aether_core.evidence.text_to_map import Questions, questions
from aether_core.evidence.variants import AS_IT_IS, VARIANTS, Learning, Variant, kind_vectors
from aether_core.evidence.varied import (
    answered,
    ask_variant,
    asked_over_seeds,
    folds_of,
    judge_embedding,
    judge_variant,
    over_seeds,
    varied,
)
from aether_core.evidence.varied_tables import study_tables
from aether_core.files.whole import sha256_of
from aether_core.model.recipes import recipe as recipe_named
from aether_core.progress import Progress, silent
from workflows.evaluation.evidence.inputs import (
    check_names,
    encoder_of,
    files_of,
    read_tables,
    targets_named,
)
from workflows.evaluation.evidence.outputs import case_row, write_both
from workflows.evaluation.evidence.parts import Outcome, Parts
from workflows.evaluation.evidence.processes import given, in_turn, process_pool
from workflows.evaluation.evidence.testable import leave_out
from workflows.home.settings import Settings

METROS = 3
"""Metropolitan areas that are tested unless others are named: those with most areas."""
MOST_PLACES = 5_000
"""Places heads learn from, at most: a hundred trainings an area are to end within minutes."""
STUDY_TARGETS = ("income", "density", "developed")

SEEDS_TRAINED = 3
"""Seeds each variant is trained with: one alone cannot be told from chance in the training."""
_BETWEEN_SEEDS = 10
"""Apart, so that the variant that is trained with the next seed is none of them."""
_WRITTEN_AFTER_SECONDS = 60.0
_UNTRAINED_SEED = 0

Key = tuple[str, str | None, int]
"""Case, variant, and which of the seeds; variant None for AlphaEarth alone."""


@dataclass(frozen=True)
class StudyRequest:
    """What is measured.

    Attributes:
        data: Folder with a table of areas for each metropolitan area, and tables of places.
        metros: Names of tables that are tested; None takes the three with most areas. Heads
            that learn elsewhere learn from all tables.
        targets: Names in `TARGETS`.
        recipe: Name of the recipe that is varied.
        variants: Names in `VARIANTS`, beside the recipe as it is; None takes all.
        most_places: Places heads learn from, at most.
        seed: Of trainings and of what is drawn.
        seeds: How many seeds each variant is trained with.
        workers: Processes; None takes one a core. The figures do not depend on it.
    """

    data: Path
    metros: tuple[str, ...] | None = None
    targets: tuple[str, ...] = STUDY_TARGETS
    recipe: str = RECIPES[0]
    variants: tuple[str, ...] | None = None
    most_places: int = MOST_PLACES
    seed: int = 0
    seeds: int = SEEDS_TRAINED
    workers: int | None = None


@dataclass(frozen=True)
class EvidenceStudy:
    """What was measured.

    Attributes:
        cases: One a case: name, title, areas, blocks, places, counted.
        parts: Groups of variants: name and title.
        variants: One a variant: name, title and part.
        rows: One a target, variant, representation and case: its error, and the change against
            AlphaEarth alone and against the recipe as it is, with 95 % intervals. `case` is None
            over all cases.
        questions: One a variant and case: how well questions find what was counted.
        left_out: What could not be measured, and why.
        settings: Recipe, blocks, folds, places at most, seed, trainings of each variant, and how
            many of all are measured.
        seconds: By the clock.
    """

    cases: list[dict[str, Any]]
    parts: list[dict[str, str]]
    variants: list[dict[str, str]]
    rows: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    settings: dict[str, Any]
    seconds: float

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class _Shared:
    """What every process works on.

    Attributes:
        cases: Those that are tested.
        everywhere: One case a table of the folder, those with most places first.
        kinds: Vectors of kinds of places, by case.
        questions: What is asked, by case.
        targets: What is predicted.
        request: What was asked for.
    """

    cases: Sequence[Case]
    everywhere: Sequence[Case]
    kinds: Mapping[str, Mapping[str, NDArray[np.float32]]]
    questions: Mapping[str, Questions]
    targets: Sequence[str]
    request: StudyRequest


def study_evidence(
    settings: Settings, request: StudyRequest, folder: Path, progress: Progress = silent
) -> EvidenceStudy:
    """Train and measure every variant, and write `study.json` and `study.md`.

    Args:
        settings: Names the text encoder.
        request: What is measured.
        folder: Where the two files are written, whole, every minute with what is there by then;
            those of an earlier run are replaced. Beside them each training is kept, so that a
            study of the same data, or one of further seeds or variants, goes on from there.
        progress: Told what is done; raising `CancelledError` stops all processes.

    Raises:
        NotFoundError: The folder of data is not there, or holds no table of that name.
        InputError: A table cannot be used, and the message names it; or none can be tested.
        CancelledError: `progress` asked to stop; what was measured stays.
    """
    started = time.perf_counter()
    targets = targets_named(request.targets)
    check_names("recipe", [request.recipe], RECIPES, "no-such-recipe")
    chosen = _chosen(request.variants)
    if request.metros is not None:
        files_of(request.data, request.metros)  # refuses names that are not there
    tables, place_files = files_of(request.data, None)
    if not folder.is_dir():
        folder.mkdir(parents=True)
    metros = read_tables(tables, progress)
    progress("encoding the texts of places", 0, 1)
    encode = encoder_of(settings)
    tested, everywhere = _cases(metros, place_files, request, encode)
    cases, left_out = leave_out(tested, targets)
    shared = _shared(cases, everywhere, encode, targets, request)
    given_recipe = recipe_named(request.recipe)
    same = [one for one in chosen if one.is_the_recipe(given_recipe)]
    left_out += [
        {"case": "", "what": one.title, "why": f"{request.recipe} is that anyway"} for one in same
    ]
    variants = [one for one in chosen if one not in same]
    keys = _keys(shared, variants)

    def write(outcomes: Mapping[Key, Outcome]) -> EvidenceStudy:
        seconds = time.perf_counter() - started
        result = _result(shared, targets, variants, keys, outcomes, left_out, seconds)
        write_both(folder, "study", result.document(), study_tables)
        return result

    parts = _parts(folder, shared, place_files)
    return write(_outcomes(shared, keys, parts, progress, write))


def _chosen(names: Sequence[str] | None) -> list[Variant]:
    """The variants of that name, and the recipe as it is.

    Raises:
        InputError: A name is unknown.
    """
    if names is None:
        return list(VARIANTS)
    check_names("variant", names, {one.name: one for one in VARIANTS}, "no-such-variant")
    return [one for one in VARIANTS if one.name == AS_IT_IS or one.name in names]


def _cases(
    metros: Sequence[Metro], place_files: Sequence[Path], request: StudyRequest, encode: Encode
) -> tuple[list[Case], list[Case]]:
    """Cases that are tested, and one of every table, those with most places first."""
    drawing = Drawing(encode, request.most_places, request.seed)
    largest = sorted(metros, key=len, reverse=True)[:METROS]
    names = request.metros or [metro.name for metro in largest]
    mine = [metro for metro in metros if metro.name in names]
    tested = richest(cases_of(mine, place_files, drawing, fewer=False))
    others = cases_of([metro for metro in metros if metro not in mine], [], drawing)
    return tested, sorted([*tested, *others], key=_places, reverse=True)


def _places(case: Case) -> int:
    return 0 if case.places is None else len(case.places.area)


def _shared(
    cases: Sequence[Case],
    everywhere: Sequence[Case],
    encode: Encode,
    targets: Sequence[Target],
    request: StudyRequest,
) -> _Shared:
    return _Shared(
        cases,
        [case for case in everywhere if case.places is not None],
        {one.name: {} if one.places is None else kind_vectors(one.places, encode) for one in cases},
        {case.name: questions(case, encode) for case in cases},
        [target.name for target in targets],
        request,
    )


def _keys(shared: _Shared, variants: Sequence[Variant]) -> list[Key]:
    """All there is to do: every variant with the first seed, then all with the next."""
    largest_first = sorted(shared.cases, key=_places, reverse=True)
    keys: list[Key] = [(case.name, None, _UNTRAINED_SEED) for case in largest_first]
    keys += [
        (case.name, one.name, seed)
        for seed in range(shared.request.seeds)
        for case in largest_first
        for one in variants
    ]
    return keys


def _outcomes(
    shared: _Shared,
    keys: Sequence[Key],
    parts: Parts,
    progress: Progress,
    write: Callable[[Mapping[Key, Outcome]], object],
) -> dict[Key, Outcome]:
    """What each key comes to, what is there already first; written as it comes."""
    stage = "training and testing"
    done = {key: there for key in keys if (there := parts.read(_about(shared, key))) is not None}
    left = [key for key in keys if key not in done]
    if not left:
        return done
    written = time.monotonic()
    with process_pool(shared, shared.request.workers) as pool:
        for key, outcome in in_turn(pool, left, lambda key: (_one, *key), stage, progress):
            parts.keep(_about(shared, key), outcome)
            done[key] = outcome
            if time.monotonic() - written > _WRITTEN_AFTER_SECONDS:
                write(done)
                written = time.monotonic()
    return done


def _parts(folder: Path, shared: _Shared, place_files: Sequence[Path]) -> Parts:
    """What is there of earlier runs on these data."""
    request = shared.request
    return Parts(
        folder,
        {
            "tables": {one.metro.name: one.metro.sha256 for one in shared.everywhere},
            "places": {file.name: sha256_of(file) for file in place_files},
            "targets": list(shared.targets),
            "recipe": [request.recipe, dict(recipe_named(request.recipe).settings)],
            "most_places": request.most_places,
            "block_m": BLOCK_M,
            "folds": FOLDS,
        },
    )


def _about(shared: _Shared, key: Key) -> dict[str, Any]:
    """What decides a key's numbers, beside what decides all."""
    name, variant, seed = key
    return {
        "case": name,
        "draw": [case.name for case in shared.cases].index(name),
        "variant": variant,
        "seed": shared.request.seed + _BETWEEN_SEEDS * seed,
    }


def _one(name: str, variant: str | None, seed: int) -> Outcome:
    """Train and measure a variant; in a process of the pool."""
    shared = cast("_Shared", given())
    draw = [case.name for case in shared.cases].index(name)
    case = shared.cases[draw]
    targets = [target for target in TARGETS if target.name in shared.targets]
    if variant is None:
        return Outcome([m for one in targets for m in judge_embedding(case, one, draw=draw)], [])
    request = shared.request
    learning = Learning(
        case=case,
        others=[one for one in shared.everywhere if one.metro.name != case.metro.name],
        kinds=shared.kinds[name],
        recipe=recipe_named(request.recipe),
        most=request.most_places,
        seed=request.seed + _BETWEEN_SEEDS * seed,
        on_epoch=lambda _report: None,
    )
    known = next(one for one in VARIANTS if one.name == variant)
    heads = known.heads_by_fold(learning, folds_of(case))
    if heads is None:
        return Outcome([], [], trained=False)
    return Outcome(
        [m for one in targets for m in judge_variant(case, one, heads, variant, draw=draw)],
        ask_variant(case, heads, variant, shared.questions[name]),
    )


def _result(
    shared: _Shared,
    targets: Sequence[Target],
    variants: Sequence[Variant],
    keys: Sequence[Key],
    outcomes: Mapping[Key, Outcome],
    left_out: Sequence[dict[str, str]],
    seconds: float,
) -> EvidenceStudy:
    names = [None, *(one.name for one in variants)]
    ordered = [
        outcomes[key]
        for name in names
        for case in shared.cases
        for key in keys
        if key[:2] == (case.name, name) and key in outcomes
    ]
    measured = over_seeds([row for one in ordered for row in one.measured])
    request = shared.request
    few = [
        {"case": case.name, "what": one.title, "why": "there are too few places or areas for it"}
        for case in shared.cases
        for one in variants
        if case.places is not None
        and any(
            key[:2] == (case.name, one.name) and key in outcomes and not outcomes[key].trained
            for key in keys
        )
    ]
    return EvidenceStudy(
        cases=[case_row(case) for case in shared.cases],
        parts=[asdict(part) for part in dict.fromkeys(one.part for one in variants)],
        variants=[
            {"name": one.name, "title": one.title, "part": one.part.name} for one in variants
        ],
        rows=[asdict(row) for target in targets for row in varied(measured, target)],
        questions=[
            asdict(row)
            for row in answered(asked_over_seeds([row for one in ordered for row in one.asked]))
        ],
        left_out=[*left_out, *few],
        settings={
            "recipe": request.recipe,
            "block_m": BLOCK_M,
            "folds": FOLDS,
            "seeds": list(SEEDS[:1]),
            "most_places": request.most_places,
            "seed": request.seed,
            "trainings": request.seeds,
            "measured": len(outcomes),
            "to_measure": len(keys),
        },
        seconds=seconds,
    )
