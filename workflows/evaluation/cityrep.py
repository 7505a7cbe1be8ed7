"""The authors' benchmark on a release of it, a city of ours beside its models where asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aether_core.cityrep.embeddings.aligned import Aligned, Found, aligned
from aether_core.cityrep.evaluate import Candidate, Entrant, SeedScores, evaluate, released
from aether_core.cityrep.protocols import MAIN_PROTOCOL, Protocol, protocol_named
from aether_core.cityrep.registry import TaskEntry
from aether_core.cityrep.release import IncompleteReleaseError, Release, Skipped, open_release
from aether_core.cityrep.results import CityMean, Mean, as_csv, means, over_cities, read_scores
from aether_core.cityrep.samples import TaskSamples
from aether_core.errors import InputError
from aether_core.files.whole import atomic_path, check_target
from aether_core.progress import Progress, silent
from aether_core.tasks.samples.representations import (
    REPRESENTATIONS,
    Representation,
    need_places,
    representation,
)
from aether_core.tasks.testing.chosen import BEST, FEWEST_CANDIDATES
from workflows.evaluation.cityrep_city import described
from workflows.home.reading import apply_reading_limits
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.tasks.arrays import TaskCity, task_city
from workflows.training.models import list_models

_ENDING = ".csv"


@dataclass(frozen=True)
class OwnCity:
    """A city of ours that takes part.

    Attributes:
        slug: The city.
        names: Representations and models of it, and `best` of them; those the city can have when
            empty.
        model: Whose heads representations use; the one in use when None.
        alone: Whether the release's own models are left out.
    """

    slug: str
    names: tuple[str, ...] = ()
    model: str | None = None
    alone: bool = False


@dataclass(frozen=True)
class CityRepRequest:
    """What is evaluated.

    Attributes:
        data: The release's folder.
        models: Names of its models; all when empty.
        cities: Names of its cities; all when empty.
        tasks: Names or ids of its tasks; all when empty.
        protocol: How samples are held out.
        own: A city of ours.
        skip_missing: Go on without what is missing or cannot be used.
        device: "auto", "cpu" or "cuda".
        target: CSV file of the scores, which grows with every model and task; None writes none.
        force: Replace a file that is there.
        resume: Go on from what the file has.
    """

    data: Path
    models: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    protocol: str = MAIN_PROTOCOL
    own: OwnCity | None = None
    skip_missing: bool = False
    device: str = "auto"
    target: Path | None = None
    force: bool = False
    resume: bool = False


@dataclass(frozen=True)
class CityRepResult:
    """What came out.

    Attributes:
        rows: One a model, city, task and metric.
        means: Over the cities.
        skipped: What was not evaluated, and why.
        notes: What is to be known of embeddings, in sentences.
        resumed: Models and tasks that were taken from the file.
    """

    rows: list[Mean]
    means: list[CityMean]
    skipped: list[Skipped]
    notes: list[str] = field(default_factory=list)
    resumed: int = 0


def run_cityrep(
    settings: Settings,
    request: CityRepRequest,
    store: Callable[[], Store],
    progress: Progress = silent,
) -> CityRepResult:
    """Evaluate models on a release.

    Not a job: a release has tens of gigabytes, which no job could take a copy of, and needs no
    store. What was scored is in the file as soon as a model is done with a task.

    Args:
        settings: What reading a file may cost.
        request: What is evaluated.
        store: Opens the store; called only where a city of ours takes part.
        progress: Told epoch by epoch.

    Raises:
        NotFoundError: There is no such folder, city or model.
        IncompleteReleaseError: Files are missing, all of which it names.
        InputError: The release or the request cannot be used.
        ConflictError: The file exists.
        CancelledError: `progress` asked to stop.
    """
    from aether_core.model.heads.device import choose_device

    apply_reading_limits(settings)
    device = choose_device(request.device)
    protocol = protocol_named(request.protocol)
    before = _before(request)
    progress("reading the release", 0, 1)
    release = open_release(request.data)
    entrants, skipped = _entrants(release, request, protocol, store, progress)
    known = {(one.model, one.task_id) for one in before if one.protocol == protocol.name}
    waiting = [one for one in entrants if (one.model, one.entry.task_id) not in known]
    scores = list(before)

    def keep(done: list[SeedScores]) -> None:
        scores.extend(done)
        if request.target is not None:
            with atomic_path(request.target, force=True) as path:
                path.write_text(as_csv(scores), encoding="utf-8")

    outcome = evaluate(
        release,
        waiting,
        protocol,
        device=device,
        on_scored=keep,
        skip_unusable=request.skip_missing,
        progress=progress,
    )
    asked = {(one.model, one.entry.task_id, protocol.name) for one in entrants}
    rows = [one for one in means(scores) if (one.model, one.task_id, one.protocol) in asked]
    skipped += outcome.skipped
    if not rows:
        raise _nothing_left(skipped, request.own)
    return CityRepResult(
        rows=rows,
        means=over_cities(rows),
        skipped=skipped,
        notes=outcome.notes,
        resumed=len(entrants) - len(waiting),
    )


def _before(request: CityRepRequest) -> list[SeedScores]:
    """What the file has, where it is gone on with; and see that it can be written."""
    if request.target is None:
        if request.resume:
            raise InputError(
                "there is no file to go on from",
                "--resume without --output",
                "name the file that holds the scores so far",
                code="cityrep-resume-without-file",
            )
        return []
    if request.target.suffix.lower() != _ENDING:
        raise InputError(
            "this file format cannot be written",
            request.target,
            f"end it in {_ENDING}",
            code="output-wrong-ending",
        )
    check_target(request.target, force=request.force or request.resume)
    return read_scores(request.target) if request.resume and request.target.exists() else []


def _entrants(
    release: Release,
    request: CityRepRequest,
    protocol: Protocol,
    store: Callable[[], Store],
    progress: Progress,
) -> tuple[list[Entrant], list[Skipped]]:
    """Who takes part, task by task, and who does not.

    Raises:
        IncompleteReleaseError: Files are missing and nobody said to go on without.
        InputError: A name is unknown, or nobody is left.
    """
    tasks = release.chosen_tasks(request.cities, request.tasks)
    own = request.own
    rows = [] if own and own.alone else release.chosen_rows(request.models, tasks)
    skipped = [
        Skipped(one.model, one.city, one.task, one.why_not or "the release does not have it")
        for one in rows
        if not one.available
    ]
    wanted = [released(release, one) for one in rows if one.available]
    if own is not None:
        offered = _of_city(release, store(), own, progress)
        open_to_all = [one for one in tasks if one.availability is None]
        skipped += [
            Skipped(name, one.city, one.task, f"the release says {one.availability}")
            for one in tasks
            for name in offered
            if one.availability is not None
        ]
        wanted += [offered[name](task) for task in open_to_all for name in offered]
    missing = [
        release.missing([*release.needed_for(one.entry, protocol), *one.files]) for one in wanted
    ]
    every = list(dict.fromkeys(name for names in missing for name in names))
    if every and not request.skip_missing:
        raise IncompleteReleaseError(
            every,
            "download them, choose other models, cities or tasks, or run the rest (in commands: "
            "--skip-missing)",
        )
    there = []
    for one, names in zip(wanted, missing, strict=True):
        if names:
            reason = f"missing: {', '.join(names)}"
            skipped.append(Skipped(one.model, one.entry.city, one.entry.task, reason))
        else:
            there.append(one)
    order = {one.task_id: place for place, one in enumerate(tasks)}
    there.sort(key=lambda one: order[one.entry.task_id])
    if not there:
        raise _nothing_left(skipped, own)
    return there, skipped


def _nothing_left(skipped: list[Skipped], own: OwnCity | None) -> InputError:
    if own is not None and own.alone and skipped:
        return InputError(
            "no sample of these tasks lies in the city, or none can be evaluated",
            f"{own.slug}; {', '.join(dict.fromkeys(one.city for one in skipped))}",
            "choose the city of the release that it is",
            code="cityrep-city-elsewhere",
        )
    return InputError(
        "nothing is left to evaluate",
        "; ".join(dict.fromkeys(one.reason for one in skipped)) or "no model has these tasks",
        "choose other models, cities or tasks",
        code="cityrep-nothing-to-evaluate",
    )


def _of_city(
    release: Release, store: Store, own: OwnCity, progress: Progress
) -> dict[str, Callable[[TaskEntry], Entrant]]:
    """What a city of ours offers: an entrant for a task, by the name its rows have.

    Raises:
        NotFoundError: No such city, representation or model.
        InputError: The city lacks what a representation needs, or a name means two things.
    """
    models = [one.name for one in list_models(store, own.slug)]
    names = own.names or (("alphaearth", "aether", "concat") if models else ("alphaearth",))
    kept = [*REPRESENTATIONS, *models]
    unknown = [one for one in names if one not in kept and one != BEST]
    double = [one for one in names if one in REPRESENTATIONS and one in models]
    if unknown or double or len(set(names)) < len(names):
        raise InputError(
            "a name means both a representation and a model of the city"
            if double
            else "the city has no such representation or model, or it is named twice",
            ", ".join(double or unknown or names),
            f"use --model with representations: {', '.join(REPRESENTATIONS)}"
            if double
            else f"choose each once from {', '.join([*kept, BEST])}",
            code="cityrep-name-means-two" if double else "cityrep-no-such-own-model",
        )
    candidates = [one for one in names if one != BEST or BEST in models]
    choosing = len(candidates) < len(names)
    if choosing and len(candidates) < FEWEST_CANDIDATES:
        raise InputError(
            f"{BEST} has nothing to choose from",
            ", ".join(names),
            f"name at least {FEWEST_CANDIDATES} others beside it",
            code="best-without-candidates",
        )
    offered: dict[str, Callable[[TaskEntry], Entrant]] = {}
    for name in candidates:
        named = name if name in models else own.model
        seen = name if name in REPRESENTATIONS else "aether"
        city = task_city(
            store, own.slug, model=named, with_places=need_places([seen]), progress=progress
        )
        offered[f"{own.slug}/{name}"] = _entrant(release, f"{own.slug}/{name}", city, seen)
    if choosing:
        offered[f"{own.slug}/{BEST}"] = _best_of(f"{own.slug}/{BEST}", list(offered.values()))
    return offered


def _best_of(
    name: str, others: Sequence[Callable[[TaskEntry], Entrant]]
) -> Callable[[TaskEntry], Entrant]:
    def for_task(entry: TaskEntry) -> Entrant:
        made = [other(entry) for other in others]
        candidates = tuple(one for entrant in made for one in entrant.candidates)
        return replace(made[0], model=name, candidates=candidates)

    return for_task


def _entrant(
    release: Release, name: str, city: TaskCity, seen: str
) -> Callable[[TaskEntry], Entrant]:
    shown: Representation = representation(seen, city.arrays)

    # The best of several takes part with the very candidates that they do.
    candidates: dict[str, Candidate] = {}

    def for_task(entry: TaskEntry) -> Entrant:
        def align(samples: TaskSamples) -> Aligned:
            found = Found(described(city, shown, samples))
            return aligned(found, samples.ids, f"{name} on {entry.task_id}")

        labels = tuple(release.labels_of(entry))
        candidate = candidates.setdefault(entry.task_id, Candidate(name, align))
        return Entrant(name, entry, (candidate,), labels, may_cover_nothing=True)

    return for_task
