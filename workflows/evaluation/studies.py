"""Studies of a city's model, and of one city's model in another: ask, list, show, stop, remove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from aether_core.city.units import UnitKind
from aether_core.errors import InputError, NotFoundError
from aether_core.model.recipes import recipe
from aether_core.study.enough_places import check_enough
from aether_core.study.kinds import ALL_KINDS, KINDS, StudyKind
from aether_core.study.result import StudyResult
from db.cities import cities as city_rows
from db.evidence import label_sets as label_rows
from db.jobs import studies as study_rows
from db.schema import City, JobState, Study
from workflows.cities.units import unit_kind
from workflows.evaluation.study_city import kept_label_set
from workflows.evaluation.study_kind import STUDY, StudyRun
from workflows.home.documents import from_document
from workflows.home.store import Store
from workflows.jobs.job import cancel_job, new_job, release, remove_job
from workflows.jobs.one_home import check_no_other_home
from workflows.tasks.labels import LabelRequest
from workflows.training.train import check_device, check_places

FIRST_SEED, SEEDS, MOST_SEEDS = 42, 5, 30


def seeds_from(first: int, count: int) -> tuple[int, ...]:
    """So many seeds, one after the other.

    Raises:
        InputError: Too few or too many, or one is none.
    """
    if not 1 <= count <= MOST_SEEDS:
        raise InputError(
            "too many seeds",
            count,
            f"use 1 to {MOST_SEEDS}",
            code="seed-count-out-of-range",
        )
    if not 0 <= first < 2**31 - MOST_SEEDS:
        raise InputError(
            "the seed must be a whole number from 0",
            first,
            f"try {FIRST_SEED}",
            code="seed-out-of-range",
        )
    return tuple(range(first, first + count))


@dataclass(frozen=True)
class StudyRequest:
    """What a user asks for.

    Attributes:
        kind: One of `aether_core.study.kinds.ALL_KINDS`.
        recipe: Name of the recipe that is studied.
        settings: What is changed of it.
        seeds: Every variant is trained once with each.
        device: `auto`, `cpu` or `cuda`.
        labels: What to judge maps by: a file, the number of a set kept with the city, or None.
    """

    kind: str
    recipe: str = "aether"
    settings: Mapping[str, str] = field(default_factory=dict)
    seeds: Sequence[int] = seeds_from(FIRST_SEED, SEEDS)
    device: str = "auto"
    labels: LabelRequest | int | None = None


@dataclass(frozen=True)
class StudySummary:
    """One study.

    Attributes:
        id: Its number.
        job: Number of its job.
        city: The city; of a transfer the one that was trained on.
        other_city: The city a transfer is tried on; None for other kinds.
        simulated: Whether an embedding in it is simulated.
        attribution: Credits of the city, or of both.
        labels: Name of the labels it judges by; None without.
        state: queued, running, done, failed or cancelled.
        stage: What it is doing now, in plain words.
        progress: 0 to 1.
        error: Why it failed, in one line.
        exit_code: What a command that waited for it ends with.
        seconds: What its figures took so far.
        seconds_left: Estimate while it runs.
        result: What it found; None before it is done.
    """

    id: int
    job: int
    kind: str
    city: str
    other_city: str | None
    simulated: bool
    attribution: list[str]
    recipe: str
    settings: dict[str, Any]
    seeds: tuple[int, ...]
    device: str
    labels: str | None
    state: JobState
    stage: str
    progress: float
    error: str | None
    exit_code: int
    seconds: float
    seconds_left: float | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    result: StudyResult | None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more."""
        return self.state.is_finished


def study_kind(kind: str) -> StudyKind:
    """What a kind of study asks, in words.

    Raises:
        InputError: There is no such kind.
    """
    if kind not in ALL_KINDS:
        raise InputError(
            "unknown study",
            kind,
            f"choose from {', '.join(KINDS)}",
            code="no-such-study-kind",
        )
    return ALL_KINDS[kind]


def studies_of(units: UnitKind) -> list[str]:
    """Names of the studies of one city that can be made of a city mapped on such units.

    An area that came with its vector is its own window, which cannot be made larger or smaller.
    """
    return [name for name, kind in KINDS.items() if not (kind.of_windows and units.of_embedding)]


def start_study(store: Store, slug: str, request: StudyRequest) -> StudySummary:
    """Check a study of one city, queue it, and see to it that a worker takes it.

    Raises:
        NotFoundError: No such city, recipe, file or labels.
        InputError: The request cannot be carried out.
    """
    study = add_study(store, slug, request)
    release(store, [study.job])
    return show_study(store, study.id)


def add_study(store: Store, slug: str, request: StudyRequest) -> Study:
    """Check a study of one city and write it down, its job still to be queued.

    Raises:
        NotFoundError: No such city, recipe, file or labels.
        InputError: The request cannot be carried out.
    """
    if study_kind(request.kind).of_two_cities:
        raise InputError(
            "a transfer needs two cities",
            slug,
            "name the other city as well",
            code="transfer-without-other-city",
        )
    return write_down(store, slug, request, None)


def write_down(store: Store, slug: str, request: StudyRequest, other: str | None) -> Study:
    """Add a study whose kind and cities are right, after checking the rest of it.

    Args:
        other: The city a transfer is tried on, whose labels it judges by.
    """
    chosen = recipe(request.recipe).override(request.settings)
    check_device(request.device)
    _check_seeds(request.seeds)
    slugs = [slug] if other is None else [slug, other]
    with store.session() as session:
        for one in slugs:
            city = city_rows.city_by_slug(session, one)
            places = city_rows.counts(session, city.id)["pois"]
            _check_windows(request.kind, city)
            check_places(city, places, chosen)
            if one == slugs[-1]:  # the city it is tested on
                check_enough(places, f"{places} in {one}")
    label_set = kept_label_set(store, slugs[-1], request.labels)
    check_no_other_home(store)
    with store.session() as session:
        ids = [city_rows.city_by_slug(session, one).id for one in slugs]
        job = new_job(session, STUDY, slug, StudyRun(0, request.kind), city_id=ids[0])
        study = study_rows.add_study(
            session,
            ids[0],
            job.id,
            other_city_id=ids[1] if other is not None else None,
            kind=request.kind,
            recipe=request.recipe,
            settings=request.settings,
            seeds=request.seeds,
            device=request.device,
            request={"label_set": label_set},
        )
        job.request = STUDY.to_document(StudyRun(study.id, request.kind))
        return study


def _check_windows(kind: str, city: City) -> None:
    """Refuse now what would fail once the study has trained for a while."""
    units = unit_kind(city)
    if study_kind(kind).of_windows and units.of_embedding:
        raise InputError(
            f"the {units.several} of this city came with a vector each, and have no window whose "
            "size could be changed",
            city.slug,
            f"choose from {', '.join(studies_of(units))}",
            code="study-without-windows",
        )


def _check_seeds(seeds: Sequence[int]) -> None:
    if len(set(seeds)) != len(seeds) or not 1 <= len(seeds) <= MOST_SEEDS:
        raise InputError(
            "give at least one seed, each only once",
            ", ".join(map(str, seeds)) or "(none)",
            f"use 1 to {MOST_SEEDS} different ones",
            code="seeds-not-distinct",
        )


def list_studies(store: Store, slug: str, kind: str | None = None) -> list[StudySummary]:
    """The studies a city has part in, newest first.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return [_summary(session, one) for one in study_rows.list_studies(session, city.id, kind)]


def show_study(store: Store, study_id: int) -> StudySummary:
    """One study.

    Raises:
        NotFoundError: No study has this number.
    """
    with store.session() as session:
        return _summary(session, study_rows.study_by_id(session, study_id))


def cancel_study(store: Store, study_id: int) -> StudySummary:
    """Ask a study to stop; a queued one stops at once, a running one after its step.

    Raises:
        NotFoundError: No study has this number.
        ConflictError: It has finished already.
    """
    cancel_job(store, show_study(store, study_id).job)
    return show_study(store, study_id)


def remove_study(store: Store, study_id: int) -> None:
    """Delete a finished study.

    Raises:
        NotFoundError: No study has this number.
        ConflictError: It is queued or running.
    """
    remove_job(store, show_study(store, study_id).job)


def _summary(session: Session, study: Study) -> StudySummary:
    city = city_rows.city_by_id(session, study.city_id)
    other = city_rows.city_by_id(session, study.other_city_id) if study.other_city_id else None
    job = study.job
    return StudySummary(
        id=study.id,
        job=job.id,
        kind=study.kind,
        city=city.slug,
        other_city=other.slug if other else None,
        simulated=city.simulated or (other is not None and other.simulated),
        attribution=list(dict.fromkeys([*city.attribution, *(other.attribution if other else [])])),
        recipe=study.recipe,
        settings=dict(study.settings),
        seeds=tuple(study.seeds),
        device=study.device,
        labels=_labels_name(session, other or city, study.request.get("label_set")),
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        error=job.error,
        exit_code=job.exit_code,
        seconds=study.seconds,
        seconds_left=_seconds_left(study),
        created=job.created_at,
        started=job.started_at,
        finished=job.finished_at,
        result=from_document(StudyResult, study.result) if job.state.is_done else None,
    )


def _labels_name(session: Session, city: City, label_set: int | None) -> str | None:
    if label_set is None:
        return None
    try:
        return label_rows.label_set_by_id(session, city.id, label_set).name
    except NotFoundError:
        return "labels since removed"


def _seconds_left(study: Study) -> float | None:
    """What is left at the pace so far; None before that can be told."""
    job = study.job
    if not job.state.is_running or not study.rows or not job.progress:
        return None
    return study.seconds / job.progress * (1 - job.progress)
