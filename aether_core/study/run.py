"""Running a study: every variant of every seed is trained, measured and compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from aether_core.errors import InputError, NotFoundError
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.trainer import EpochReport
from aether_core.progress import Progress, silent
from aether_core.study.ablation import ablation
from aether_core.study.buffer import buffer
from aether_core.study.city import StudyCity
from aether_core.study.enough_places import TEST_PART, check_enough
from aether_core.study.kinds import KINDS, StudyKind
from aether_core.study.land_use import LandUse
from aether_core.study.noise import noise
from aether_core.study.result import METRICS, StudyResult, StudyRow, summarise
from aether_core.study.seeds import seed_spread
from aether_core.study.sparsity import sparsity
from aether_core.study.trial import Plan, Trial, Variant

__all__ = ["KINDS", "StudyKind", "run_study"]

SEEDS = (42, 43, 44, 45, 46)


@dataclass(frozen=True)
class _Asked:
    """What a plan may be made from."""

    city: StudyCity
    recipe: Recipe
    seeds: Sequence[int]
    progress: Progress


_PLANS: Mapping[str, Callable[[_Asked], Plan]] = MappingProxyType(
    {
        "ablation": lambda asked: ablation(asked.city, asked.recipe),
        "noise": lambda asked: noise(asked.city),
        "sparsity": lambda asked: sparsity(asked.city),
        "buffer": lambda asked: buffer(asked.city, asked.progress),
        "seeds": lambda asked: seed_spread(asked.city, asked.seeds),
    }
)


def keep_nothing(_rows: list[StudyRow]) -> None:
    """Keep nothing on the way."""


def run_study(
    kind: str,
    city: StudyCity,
    recipe: Recipe,
    *,
    seeds: Sequence[int] = SEEDS,
    device: str = "auto",
    variants: Sequence[str] | None = None,
    progress: Progress = silent,
    done: Sequence[StudyRow] = (),
    on_rows: Callable[[list[StudyRow]], None] = keep_nothing,
) -> StudyResult:
    """Run one kind of study on a city.

    For each seed a fifth of the places is set aside in whole blocks that no variant trains on or
    chooses an epoch by; every variant of the seed is tested on the same blocks, label folds and
    queries.

    Args:
        kind: Key of `KINDS`.
        city: What is studied.
        recipe: What a variant does not change.
        seeds: One repetition each, distinct; with one there are no intervals.
        device: "auto", "cpu" or "cuda".
        variants: Names of the variants to run beside the baseline; None runs all.
        progress: Told before every training and after each of its epochs, in trainings; raising
            `CancelledError` stops the study.
        done: Rows of an earlier run of the same study that was interrupted; what they hold is not
            run again.
        on_rows: Given the new rows of each variant and seed as soon as they are there.

    Raises:
        NotFoundError: Unknown kind or variant.
        InputError: No or repeated seeds, or too few places for the baseline.
        CancelledError: Raised by `progress`.
    """
    if kind not in KINDS:
        raise NotFoundError(
            "unknown study", kind, f"use one of {', '.join(KINDS)}", code="no-such-study-kind"
        )
    check_seeds(seeds)
    plan = _chosen(_PLANS[kind](_Asked(city, recipe, seeds, progress)), variants)
    return run_plan(
        kind, plan, city, recipe, seeds, device, progress=progress, done=done, on_rows=on_rows
    )


def check_seeds(seeds: Sequence[int]) -> None:
    """Refuse seeds that cannot be compared.

    Raises:
        InputError: None are given, or one twice.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise InputError(
            "give at least one seed, each only once",
            list(seeds),
            "change them",
            code="seeds-not-distinct",
        )


def run_plan(
    kind: str,
    plan: Plan,
    city: StudyCity,
    recipe: Recipe,
    seeds: Sequence[int],
    device: str,
    *,
    progress: Progress,
    done: Sequence[StudyRow],
    on_rows: Callable[[list[StudyRow]], None],
) -> StudyResult:
    """Train and measure every variant of a plan; see `run_study`."""
    # A batch size asked for is a wish here: a variant with fewer places takes what it has.
    fitting = replace(recipe, explicit=recipe.explicit - {"batch_size"})
    usable = int(plan.usable.sum())
    check_enough(usable, f"{usable} of {len(city.training)} in {city.slug}")
    notes = list(plan.notes)
    land_use = _land_use(city, plan, seeds, notes)
    steps = [(seed, variant) for seed in seeds for variant in plan.variants]
    wanted = {(variant.name, seed) for seed, variant in steps}
    rows = [row for row in done if (row.variant, row.seed) in wanted]
    there = {(row.variant, row.seed) for row in rows}
    trials: list[Trial] = []
    for number, (seed, variant) in enumerate(steps):
        stage = f"{variant.name}, seed {seed}"
        progress(stage, number, len(steps))
        trial = Trial(
            city,
            fitting,
            plan.usable,
            land_use,
            seed=seed,
            block_seed=seed if variant.block_seed is None else variant.block_seed,
            device=device,
            on_epoch=_on_epoch(progress, stage, number, len(steps)),
        )
        trials.append(trial)
        if (variant.name, seed) in there:
            continue
        try:
            new = _rows(trial, variant)
        except InputError as error:
            if variant is plan.variants[0]:
                raise
            notes.append(f"'{variant.name}' is left out with seed {seed}: {error}.")
            continue
        rows += new
        on_rows(new)
    progress("done", len(steps), len(steps))
    return _result(kind, plan, recipe, rows, notes + _how(trials, land_use, seeds))


def _chosen(plan: Plan, names: Sequence[str] | None) -> Plan:
    """The baseline and the variants asked for."""
    if names is None:
        return plan
    known = [variant.name for variant in plan.variants]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise NotFoundError(
            "no such variant", ", ".join(unknown), f"use any of {known}", code="no-such-variant"
        )
    kept = [v for v in plan.variants if v.name in {known[0], *names}]
    return replace(plan, variants=kept)


def _land_use(
    city: StudyCity, plan: Plan, seeds: Sequence[int], notes: list[str]
) -> LandUse | None:
    """The city's labels as a task; None and a note where there are none that can be tested."""
    if plan.labelled is None:
        notes.append("There are no labels, so land-use figures are left out.")
        return None
    try:
        land_use = LandUse(city, plan.labelled, seeds)
    except InputError as error:
        notes.append(f"Land-use figures are left out: {error}.")
        return None
    return land_use


def _rows(trial: Trial, variant: Variant) -> list[StudyRow]:
    """Train what the variant trains, and measure it."""
    prepared = variant.prepare(trial)
    heads = prepared.start
    if prepared.learned is not None:
        heads = trial.train(prepared.learned, prepared.recipe, prepared.start)
    figures = trial.measure(heads, prepared)
    return [StudyRow(variant.name, variant.x, trial.seed, *figure) for figure in figures.items()]


def _on_epoch(
    progress: Progress, stage: str, done: int, total: int
) -> Callable[[EpochReport], None]:
    def report(epoch: EpochReport) -> None:
        progress(f"{stage}, epoch {epoch.epoch}", done, total)

    return report


def _result(
    kind: str, plan: Plan, recipe: Recipe, rows: list[StudyRow], notes: list[str]
) -> StudyResult:
    order = [variant.name for variant in plan.variants]
    rows.sort(key=lambda row: order.index(row.variant))  # stable: seeds and metrics stay in order
    baseline = order[0]
    settings = ", ".join(
        f"{key}={recipe.settings[key]}" for key in recipe.settings if key in recipe.explicit
    )
    said = f"Recipe {recipe.name}" + (f" with {settings}" if settings else "") + "."
    return StudyResult(
        kind=kind,
        baseline=baseline,
        metrics=tuple(key for key in METRICS if any(row.metric == key for row in rows)),
        rows=rows,
        summaries=summarise(rows, baseline, paired=plan.paired),
        notes=[said, *notes],
    )


def _how(trials: Sequence[Trial], land_use: LandUse | None, seeds: Sequence[int]) -> list[str]:
    """How it was measured."""
    notes = []
    if trials:
        least, most = (pick(trial.candidates for trial in trials) for pick in (min, max))
        among = f"{most:,}" if least == most else f"{least:,} to {most:,}"
        notes.append(
            f"Texts are matched against {among} places in the test blocks, which hold about "
            f"{TEST_PART:.0%} of the city's places."
        )
    if land_use is not None:
        notes.append(f"Land use: {land_use.count:,} labelled points, five spatial folds per seed.")
    if len(seeds) > 1:
        notes.append(
            f"Intervals are 95 % by Student's t over {len(seeds)} seeds in one city: they cover "
            "variation due to blocks and training, not between cities."
        )
    return notes
