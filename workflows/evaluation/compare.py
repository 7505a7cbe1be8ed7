"""Was AETHER worth it here: representations compared on the user's own labels, same folds."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.tasks.findings import ComparisonFindings
from aether_core.tasks.samples.representations import REPRESENTATIONS
from aether_core.tasks.testing.chosen import BEST, FEWEST_CANDIDATES, ChosenByInnerFolds
from aether_core.tasks.testing.comparison import (
    Comparison,
    Gain,
    compare,
    in_words,
    representation_names,
)
from aether_core.tasks.testing.experiment import Described, ExperimentSetup, run_experiment
from aether_core.tasks.testing.learning_curve import learning_curve
from aether_core.tasks.testing.protocols import CROSS_VALIDATION
from aether_core.tasks.testing.splits import BLIND, RANDOM, SPATIAL
from db.cities import cities as city_rows
from db.evidence import evaluations as evaluation_rows
from db.schema import City
from db.schema import Evaluation as EvaluationRow
from workflows.evaluation.blind import blind_representations
from workflows.home.json_values import json_values
from workflows.home.store import Store
from workflows.tasks.task import ComparedSamples, task_of

Within = Callable[[Session, int], None]
"""Called with a comparison's number, as the last in the transaction that keeps it."""
AGAINST = "alphaearth"
_CURVE_SEEDS = 3
_CURVE_SIZES = (25, 50, 100, 200, 400, 800, 1600, 3200)


@dataclass(frozen=True)
class Evaluation:
    """A comparison of representations on the same folds.

    Attributes:
        task: Name of the kind of task.
        rows: One a representation, split and metric: mean, sd, ci95, n_seeds.
        gains: Paired differences against AlphaEarth alone: relative, ci95, better.
        verdict: What the main metric says, in plain words.
        learning_curve: Score by number of labels and representation; empty unless asked for.
        findings: Labels used, folds, variogram, blocks.
        attribution: Credits of the city and of what the model was trained on.
        request: What was asked: labels or areas, representations, predictor, protocol, seeds.
        created: When; None until it is kept.
    """

    task: str
    rows: list[dict[str, Any]]
    gains: list[dict[str, Any]]
    verdict: str
    learning_curve: list[dict[str, Any]]
    findings: ComparisonFindings
    seconds: float
    attribution: list[str] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)
    created: datetime | None = None

    def document(self) -> dict[str, Any]:
        """As JSON values, but for `created`."""
        return {**asdict(self), "findings": self.findings.document()}


def evaluate_task(
    store: Store,
    slug: str,
    request: object,
    representations: tuple[str, ...],
    progress: Progress = silent,
    *,
    with_curve: bool = False,
    blind: bool = False,
    within: Within | None = None,
) -> Evaluation:
    """Compare representations on the samples of a kind of task.

    Args:
        store: The store.
        slug: The city.
        request: What a task's map is asked for by, such as `LandUseRequest`.
        representations: Their names.
        progress: Told what is done.
        with_curve: Score against the number of labels, too.
        blind: Test on spatial blocks whose places the model has not seen, too: heads are trained
            anew for each fold.
        within: Called with the comparison's number, as the last in the transaction that keeps it.

    Raises:
        NotFoundError: No such city, model or file.
        InputError: Labels, areas, settings or representations cannot be used; or `blind` is asked
            for where nothing is held out in blocks, or of a model that was not trained here.
        CancelledError: `progress` asked to stop; nothing is kept.
    """
    started = time.perf_counter()
    check_representations(representations)
    made = tuple(name for name in representations if name != BEST)
    compared = task_of(request).compared(store, slug, request, made, progress)
    unseen: dict[str, Described] | None = None
    if blind:
        unseen = dict(blind_representations(store, compared, progress))
    described: dict[str, Described] = dict(compared.x)
    if BEST in representations:
        described[BEST] = ChosenByInnerFolds(compared.x)
        if unseen is not None:
            unseen[BEST] = ChosenByInnerFolds({**compared.x, **unseen})
    return _evaluated(
        store, compared, described, unseen, started, progress, with_curve=with_curve, within=within
    )


def check_representations(names: tuple[str, ...]) -> None:
    """Refuse an empty list and unknown names.

    Raises:
        InputError: A name is unknown, given twice, there is none, or `best` has nothing to choose
            from.
    """
    unknown = [name for name in names if name not in (*REPRESENTATIONS, BEST)]
    if unknown or not names or len(set(names)) < len(names):
        raise InputError(
            "the representations cannot be compared",
            ", ".join(unknown or names) or "(none)",
            f"choose each at most once from {', '.join((*REPRESENTATIONS, BEST))}",
            code="no-such-representation" if unknown else "representations-not-distinct",
        )
    if BEST in names and len(names) < FEWEST_CANDIDATES + 1:
        raise InputError(
            f"{BEST} has nothing to choose from",
            ", ".join(names),
            f"name at least {FEWEST_CANDIDATES} others beside it",
            code="best-without-candidates",
        )


def latest_evaluation(store: Store, slug: str, task: str) -> Evaluation | None:
    """The newest comparison of a task, if there is one.

    Raises:
        NotFoundError: No such city.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = evaluation_rows.latest_evaluation(session, city.id, task)
        return None if row is None else _evaluation(city, row)


def show_evaluation(
    store: Store, slug: str, evaluation_id: int, task: str | None = None
) -> Evaluation:
    """One comparison that was kept; of this task, where one is named.

    Raises:
        NotFoundError: No such city, or it has no such comparison any more.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = evaluation_rows.evaluation_by_id(session, city.id, evaluation_id, task)
        return _evaluation(city, row)


def _evaluation(city: City, row: EvaluationRow) -> Evaluation:
    found = {"attribution": list(city.attribution), **row.result}
    found["findings"] = ComparisonFindings.read(found["findings"])
    return Evaluation(**found, request=dict(row.request), created=row.created_at)


def _evaluated(
    store: Store,
    compared: ComparedSamples,
    x: Mapping[str, Described],
    unseen: Mapping[str, Described] | None,
    started: float,
    progress: Progress,
    *,
    with_curve: bool,
    within: Within | None,
) -> Evaluation:
    city, findings = compared.city, compared.findings
    setup = replace(compared.inputs.setup, blind=unseen is not None)
    against = AGAINST if AGAINST in x else next(iter(x))
    experiment = run_experiment(setup, x, progress, blind=unseen or {})
    comparison = compare(experiment, against=against)
    curve = _curve(setup, compared.x, progress) if with_curve else []
    result = Evaluation(
        task=setup.task.name,
        rows=[_with_interval(asdict(row)) for row in comparison.rows],
        gains=[_with_interval(asdict(gain)) for gain in comparison.gains],
        verdict=_verdict(setup, comparison, representation_names(city.embedding)),
        learning_curve=curve,
        findings=findings.model_copy(update={"resampled": comparison.resampled}),
        seconds=time.perf_counter() - started,
        attribution=list(city.attribution),
    )
    request = {
        "from": findings.source,
        "representations": list(x),
        "protocol": setup.protocol,
        "predictor": setup.predictor,
        "seeds": list(setup.seeds),
        "splits": list(setup.splits),
        "folds": setup.folds,
        "blind": setup.blind,
    }
    return _kept(store, city.slug, result, request, within)


def _kept(
    store: Store, slug: str, result: Evaluation, request: dict[str, Any], within: Within | None
) -> Evaluation:
    """Keep a comparison, to be found again on the page."""
    content = result.document()
    del content["request"], content["created"]
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        row = evaluation_rows.add_evaluation(
            session,
            city.id,
            task=result.task,
            request=request,
            result=json_values(content),
        )
        if within is not None:
            within(session, row.id)
        return replace(result, request=request, created=row.created_at)


def _with_interval(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its interval as the contract writes it."""
    return {**row, "ci95": [row["lo"], row["hi"]]}


def _verdict(setup: ExperimentSetup, comparison: Comparison, called: Mapping[str, str]) -> str:
    """One sentence a representation, about the task's main metric."""
    metric = setup.task.main_metric

    def gain(name: str, split: str) -> Gain | None:
        return next(
            (
                one
                for one in comparison.gains
                if (one.representation, one.split, one.metric) == (name, split, metric.name)
            ),
            None,
        )

    names = dict.fromkeys(one.representation for one in comparison.gains)
    said = [
        in_words([gain(name, split.name) for split in (RANDOM, SPATIAL, BLIND)], metric, called)
        for name in names
    ]
    return " ".join(said)


def _curve(
    setup: ExperimentSetup, x: Mapping[str, NDArray[np.float32]], progress: Progress
) -> list[dict[str, Any]]:
    """Score of each representation by number of labels, on the hardest split asked for."""
    most = len(np.unique(setup.unit)) * (setup.folds - 1) // setup.folds
    sizes = [size for size in _CURVE_SIZES if size < most] + [most]
    short = replace(setup, protocol=CROSS_VALIDATION.name, seeds=setup.seeds[:_CURVE_SEEDS])
    found = []
    for done, (name, rows) in enumerate(x.items()):
        progress("drawing the learning curve", done, len(x))
        points = learning_curve(short, rows, sizes=sizes, seeds=short.seeds, split=setup.splits[-1])
        found += [{"representation": name, **asdict(point)} for point in points]
    return found
