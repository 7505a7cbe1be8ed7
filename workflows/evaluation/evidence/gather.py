"""What AETHER adds on genuine areas: every case trained and measured, and the tables written."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from aether_core.evidence.cases import BLOCK_M, FOLDS, SEEDS, Case, cases_of, richest
from aether_core.evidence.heads import ALL, ELSEWHERE, RECIPES, Weights, heads_of
from aether_core.evidence.measure import Measured, against, gain, measure
from aether_core.evidence.places import Drawing
from aether_core.evidence.pooled import pooled
from aether_core.evidence.tables import evidence_tables
from aether_core.evidence.targets import TARGETS, Target
from aether_core.evidence.text_to_map import Found, text_to_map
from aether_core.progress import Progress, silent
from workflows.evaluation.evidence.inputs import (
    check_names,
    encoder_of,
    files_of,
    read_tables,
    targets_named,
)
from workflows.evaluation.evidence.outputs import case_row, write_both
from workflows.evaluation.evidence.processes import given, in_turn, process_pool
from workflows.evaluation.evidence.testable import leave_out
from workflows.home.settings import Settings

MOST_PLACES = 10_000
"""Places heads learn from, at most: more are drawn from, which keeps ten cities under half an
hour on two cores."""

TrainingKey = tuple[str, str, int]
"""Case, recipe, and fold, `ALL` or `ELSEWHERE`."""


@dataclass(frozen=True)
class EvidenceRequest:
    """What is measured.

    Attributes:
        data: Folder with a table of areas for each metropolitan area, and tables of places.
        metros: Names of tables; None takes all.
        targets: Names in `TARGETS`.
        recipes: Names of recipes that heads are trained by, at most those of `RECIPES`.
        blind: Train heads for each fold without the places of its blocks, too.
        most_places: Places heads learn from, at most.
        seed: Of trainings and of what is drawn.
        workers: Processes; None takes one a core. The figures do not depend on it.
    """

    data: Path
    metros: tuple[str, ...] | None = None
    targets: tuple[str, ...] = tuple(target.name for target in TARGETS)
    recipes: tuple[str, ...] = RECIPES
    blind: bool = True
    most_places: int = MOST_PLACES
    seed: int = 0
    workers: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What was measured.

    Attributes:
        cases: One a case: name, title, areas, blocks, places, counted.
        rows: One a case, target, representation, recipe, split and metric: mean and 95 % interval.
        gains: What each adds to AlphaEarth alone, by case.
        pooled: The same over all metropolitan areas.
        text_to_map: How well questions find what was counted.
        left_out: What could not be measured, and why.
        settings: Blocks, folds, seeds, places at most.
    """

    cases: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    gains: list[dict[str, Any]]
    pooled: list[dict[str, Any]]
    text_to_map: list[dict[str, Any]]
    left_out: list[dict[str, str]]
    settings: dict[str, Any]
    seconds: float = 0.0

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass
class _Work:
    """What is known so far."""

    cases: list[Case]
    targets: list[Target]
    trained: dict[TrainingKey, Weights] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)


def gather_evidence(
    settings: Settings, request: EvidenceRequest, folder: Path, progress: Progress = silent
) -> Evidence:
    """Train and measure every case, and write `evidence.json` and `evidence.md`.

    Args:
        settings: Names the text encoder.
        request: What is measured.
        folder: Where the two files are written, whole; those of an earlier run are replaced.
        progress: Told what is done; raising `CancelledError` stops all processes.

    Raises:
        NotFoundError: The folder of data is not there, or holds no table of that name.
        InputError: A table cannot be used, and the message names it; or none can be tested.
        CancelledError: `progress` asked to stop; nothing is written.
    """
    started = time.perf_counter()
    targets = targets_named(request.targets)
    check_names("recipe", request.recipes, RECIPES, "no-such-recipe")
    tables, place_files = files_of(request.data, request.metros)
    if not folder.is_dir():
        folder.mkdir(parents=True)
    metros = read_tables(tables, progress)
    progress("encoding the texts of places", 0, 1)
    encode = encoder_of(settings)
    drawing = Drawing(encode, request.most_places, request.seed)
    cases = cases_of(metros, place_files, drawing)
    testable, left_out = leave_out(cases, targets)
    work = _Work(testable, targets, left_out=left_out)
    with process_pool((work.cases, request), request.workers) as pool:
        _train(pool, work, request, progress)
        _measure(pool, work, progress)
    for case in work.cases:
        heads = {(k[1], k[2]): one.heads() for k, one in work.trained.items() if k[0] == case.name}
        work.found += text_to_map(case, heads, encode)
    result = _result(work, request, time.perf_counter() - started)
    write_both(folder, "evidence", result.document(), evidence_tables)
    return result


def _case(name: str) -> tuple[Case, Sequence[Case], EvidenceRequest]:
    cases, request = cast("tuple[Sequence[Case], EvidenceRequest]", given())
    return next(case for case in cases if case.name == name), cases, request


def _train_one(key: TrainingKey) -> Weights | None:
    name, recipe, fold = key
    case, cases, request = _case(name)
    heads = heads_of(
        case,
        [other for other in richest(cases) if other.metro is not case.metro],
        recipe,
        fold,
        most=request.most_places,
        seed=request.seed,
        on_epoch=lambda _report: None,
    )
    return None if heads is None else Weights.of(heads)


def _measure_one(name: str, target: str, weights: dict[tuple[str, int], Weights]) -> list[Measured]:
    case, cases, _ = _case(name)
    return measure(
        case,
        next(one for one in TARGETS if one.name == target),
        {key: one.heads() for key, one in weights.items()},
        draw=[one.name for one in cases].index(name),
    )


def _train(
    pool: ProcessPoolExecutor, work: _Work, request: EvidenceRequest, progress: Progress
) -> None:
    folds = [ALL, ELSEWHERE, *(range(FOLDS) if request.blind else ())]
    keys = [
        (case.name, recipe, fold)
        for case in sorted(work.cases, key=_size, reverse=True)
        for recipe in request.recipes
        for fold in folds
        if case.places is not None or fold == ELSEWHERE
    ]
    for key, weights in in_turn(pool, keys, lambda key: (_train_one, key), "training", progress):
        if weights is not None:
            work.trained[key] = weights
        elif key[2] == ALL and key[1] == request.recipes[0]:
            why = "fewer places than heads can be trained on"
            work.left_out.append({"case": key[0], "what": "AETHER", "why": why})


def _measure(pool: ProcessPoolExecutor, work: _Work, progress: Progress) -> None:
    keys = [
        (case.name, target.name)
        for case in sorted(work.cases, key=_size, reverse=True)
        for target in work.targets
    ]

    def call(key: tuple[str, str]) -> tuple[Any, ...]:
        mine = {(k[1], k[2]): one for k, one in work.trained.items() if k[0] == key[0]}
        return _measure_one, *key, mine

    by_key = dict(in_turn(pool, keys, call, "testing", progress))
    for case in work.cases:
        for target in work.targets:
            work.measured += by_key[case.name, target.name]


def _size(case: Case) -> int:
    return len(case.metro) + (0 if case.places is None else len(case.places.area))


def _result(work: _Work, request: EvidenceRequest, seconds: float) -> Evidence:
    metric = {target.name: target.metric for target in work.targets}
    is_pooled = {case.name for case in work.cases if case.pooled}
    summed = [one for one in work.measured if one.case in is_pooled]
    return Evidence(
        cases=[case_row(case) for case in work.cases],
        rows=[row for one in work.measured for row in _rows(one)],
        gains=[
            {**_key(one), **asdict(gain(one, other, metric[one.target]))}
            for one in work.measured
            if (other := against(work.measured, one)) is not None
        ],
        pooled=[
            asdict(row)
            for target in work.targets
            for row in pooled(summed, target.metric, target.name)
        ],
        text_to_map=[asdict(one) for one in work.found],
        left_out=work.left_out,
        settings={
            "block_m": BLOCK_M,
            "folds": FOLDS,
            "seeds": list(SEEDS),
            "recipes": list(request.recipes),
            "blind": request.blind,
            "most_places": request.most_places,
            "seed": request.seed,
        },
        seconds=seconds,
    )


def _key(one: Measured) -> dict[str, Any]:
    return {
        "case": one.case,
        "target": one.target,
        "representation": one.representation,
        "recipe": one.recipe,
        "split": one.split,
        "areas": one.areas,
        "blocks": one.blocks,
    }


def _rows(one: Measured) -> Iterator[dict[str, Any]]:
    for name, values in one.resampled.items():
        yield {
            **_key(one),
            "metric": name,
            "mean": float(values[0]),
            "ci95": list(one.interval(name)),
        }
