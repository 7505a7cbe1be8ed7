"""What AETHER adds on genuine areas: every case trained and measured, and the tables written."""

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aether_core.errors import InputError, NotFoundError
from aether_core.evidence.cases import BLOCK_M, FOLDS, SEEDS, Case, cases_of
from aether_core.evidence.heads import ALL, ELSEWHERE, RECIPES, Weights, heads_of
from aether_core.evidence.measure import Measured, against, gain, measure, why_not
from aether_core.evidence.metro import TABLE_SUFFIXES, Metro, read_metro
from aether_core.evidence.places import PLACE_SUFFIXES, Drawing, Encode
from aether_core.evidence.pooled import pooled
from aether_core.evidence.tables import evidence_tables
from aether_core.evidence.targets import TARGETS, Target
from aether_core.evidence.text_to_map import Found, text_to_map
from aether_core.files.whole import atomic_path
from aether_core.progress import Progress, silent
from workflows.home.encoders import default_encoder
from workflows.home.json_values import json_values
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
    by_name = {target.name: target for target in TARGETS}
    _check_names("target", request.targets, by_name, "no-such-target")
    _check_names("recipe", request.recipes, RECIPES, "no-such-recipe")
    targets = [target for name, target in by_name.items() if name in request.targets]
    tables, place_files = _files(request)
    if not folder.is_dir():
        folder.mkdir(parents=True)
    metros = [_read(path, progress, done, len(tables)) for done, path in enumerate(tables)]
    progress("encoding the texts of places", 0, 1)
    encode = _encoder(settings)
    drawing = Drawing(encode, request.most_places, request.seed)
    cases = cases_of(metros, place_files, drawing)
    work = _Work(cases, targets)
    _leave_out(work)
    with _pool(work.cases, request) as pool:
        _train(pool, work, request, progress)
        _measure(pool, work, progress)
    for case in work.cases:
        heads = {(k[1], k[2]): one.heads() for k, one in work.trained.items() if k[0] == case.name}
        work.found += text_to_map(case, heads, encode)
    result = _result(work, request, time.perf_counter() - started)
    _write(folder, result)
    return result


def _check_names(what: str, names: Sequence[str], known: Collection[str], code: str) -> None:
    """Refuse an empty list, and names that are not known."""
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise InputError(
            f"the {what} is unknown",
            ", ".join(unknown) or "(none)",
            f"choose from {', '.join(known)}",
            code=code,
        )


def _files(request: EvidenceRequest) -> tuple[list[Path], list[Path]]:
    """The tables of areas, and those of places."""
    if not request.data.is_dir():
        raise NotFoundError(
            "there is no such folder",
            str(request.data),
            "give the folder with the tables of areas",
            code="evidence-without-folder",
        )
    files = sorted(path for path in request.data.iterdir() if path.is_file())
    tables = {path.stem: path for path in files if path.suffix.lower() in TABLE_SUFFIXES}
    if not tables:
        raise InputError(
            "the folder holds no table of areas",
            str(request.data),
            f"put one file a metropolitan area there ({', '.join(sorted(TABLE_SUFFIXES))})",
            code="evidence-without-tables",
        )
    wanted = request.metros if request.metros is not None else tuple(tables)
    missing = [name for name in wanted if name not in tables]
    if missing or not wanted:
        raise NotFoundError(
            "there is no such table of areas",
            ", ".join(missing) or "(none)",
            f"choose from {', '.join(tables)}",
            code="no-such-metro",
        )
    places = [path for path in files if path.suffix.lower() in PLACE_SUFFIXES]
    return [tables[name] for name in dict.fromkeys(wanted)], places


def _read(path: Path, progress: Progress, done: int, total: int) -> Metro:
    progress(f"reading the tables, {path.stem}", done, total)
    return read_metro(path)


def _encoder(settings: Settings) -> Encode:
    encoder = default_encoder(settings)
    return lambda texts: encoder.encode(list(texts))


def _leave_out(work: _Work) -> None:
    """Note what cannot be measured, and go on with the rest.

    Raises:
        InputError: Nothing is left.
    """
    for case in list(work.cases):
        try:
            for seed in SEEDS:
                case.folds(seed)
        except InputError as error:
            work.cases.remove(case)
            work.left_out.append({"case": case.name, "what": "all of it", "why": str(error)})
    if not work.cases:
        raise InputError(
            "no table can be tested",
            "; ".join(f"{one['case']}: {one['why']}" for one in work.left_out),
            f"give tables whose areas lie in at least {FOLDS} blocks of {BLOCK_M / 1000:g} km",
            code="evidence-untestable",
        )
    for case in work.cases:
        if case.places is None:
            work.left_out.append({"case": case.name, "what": "AETHER", "why": "no places counted"})
        for target in work.targets:
            if why := why_not(case, target):
                work.left_out.append({"case": case.name, "what": target.name, "why": why})


_ours: tuple[Sequence[Case], EvidenceRequest] | None = None
"""What a worker process works on."""


def _begin(cases: Sequence[Case], request: EvidenceRequest) -> None:
    import torch

    torch.set_num_threads(1)
    global _ours  # noqa: PLW0603 - the one thing a process of the pool is given, when it starts
    _ours = cases, request


def _case(name: str) -> tuple[Case, Sequence[Case], EvidenceRequest]:
    if _ours is None:
        msg = "this process was not started by the pool"
        raise RuntimeError(msg)
    cases, request = _ours
    return next(case for case in cases if case.name == name), cases, request


def _train_one(key: TrainingKey) -> Weights | None:
    name, recipe, fold = key
    case, cases, request = _case(name)
    richest = {other.metro.name: other for other in cases if other.metro is not case.metro}
    heads = heads_of(
        case,
        [
            next((one for one in cases if one.name == f"{other}-named"), richest[other])
            for other in richest
        ],
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


@contextmanager
def _pool(cases: Sequence[Case], request: EvidenceRequest) -> Iterator[ProcessPoolExecutor]:
    """Processes of one thread each; they end with the block, however it ends."""
    pool = ProcessPoolExecutor(
        request.workers or len(os.sched_getaffinity(0)),
        mp_context=multiprocessing.get_context("forkserver"),
        initializer=_begin,
        initargs=(cases, request),
    )
    try:
        yield pool
    except BaseException:
        for process in list(pool._processes.values()):
            process.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


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
    for key, weights in _in_turn(pool, keys, lambda key: (_train_one, key), "training", progress):
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

    by_key = dict(_in_turn(pool, keys, call, "testing", progress))
    for case in work.cases:
        for target in work.targets:
            work.measured += by_key[case.name, target.name]


def _size(case: Case) -> int:
    return len(case.metro) + (0 if case.places is None else len(case.places.area))


def _in_turn(
    pool: ProcessPoolExecutor,
    keys: Sequence[Any],
    call: Callable[[Any], tuple[Any, ...]],
    stage: str,
    progress: Progress,
) -> Iterator[tuple[Any, Any]]:
    """Give every key's result as it comes; the stage names the case that ended last."""
    running: dict[Future[Any], Any] = {pool.submit(*call(key)): key for key in keys}
    done = 0
    while running:
        progress(stage, done, len(keys))
        for future in wait(running, timeout=1.0, return_when=FIRST_COMPLETED).done:
            key = running.pop(future)
            done += 1
            progress(f"{stage}, {key[0]}", done, len(keys))
            yield key, future.result()


def _result(work: _Work, request: EvidenceRequest, seconds: float) -> Evidence:
    metric = {target.name: target.metric for target in work.targets}
    is_pooled = {case.name for case in work.cases if case.pooled}
    summed = [one for one in work.measured if one.case in is_pooled]
    return Evidence(
        cases=[_case_row(case) for case in work.cases],
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


def _case_row(case: Case) -> dict[str, Any]:
    return {
        "case": case.name,
        "title": case.title,
        "sha256": case.metro.sha256,
        "areas": int(case.tested.sum()),
        "blocks": len(set(case.block[case.tested].tolist())),
        "places": 0 if case.places is None else len(case.places.area),
        "counted": None if case.places is None else case.places.counted,
        "pooled": case.pooled,
    }


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


def _write(folder: Path, result: Evidence) -> None:
    document = json.dumps(json_values(result.document()), indent=1, allow_nan=False)
    for name, text in (
        ("evidence.json", document),
        ("evidence.md", evidence_tables(json_values(result.document()))),
    ):
        with atomic_path(folder / name, force=True) as path:
            path.write_text(text + "\n", encoding="utf-8")
