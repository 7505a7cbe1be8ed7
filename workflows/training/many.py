"""Many cities trained with one command: a run each, their epochs computed by any number of workers.

Each run is a job like that of `train`, taken up by this process and handed to whoever computes.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from aether_core.errors import AetherError, CancelledError, InputError
from aether_core.model.fits import fit
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.preloading import FIRST_OPTIMIZER_LOADS
from aether_core.progress import Progress, silent
from db.cities import cities as city_rows
from db.evidence import models as model_rows
from db.jobs import runs as run_rows
from workflows.accounts.acting import check_may
from workflows.encoders.choice import asked_encoder
from workflows.encoders.of_city import city_encoder
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import JobSummary, cancel_job, show_job
from workflows.locations.disk import DiskFolder
from workflows.schedulers.schedulers import HERE, computing
from workflows.training.data import training_set
from workflows.training.handed_over import TrainElsewhere
from workflows.training.job_kind import TRAIN
from workflows.training.runs import RunSummary, list_runs, show_run
from workflows.training.train import add_run, check_device, check_seed
from workflows.training.trained_card import TRAINING_SET, LearntFrom, versions_here

log = structlog.get_logger()
_LOOK_S: Final = 1.0
_TELL_S: Final = 0.5
_LOADED: Final = (fit.__name__, FIRST_OPTIMIZER_LOADS)
"""What workers train with."""


@dataclass(frozen=True)
class TrainMany:
    """Which cities are trained, and how.

    Attributes:
        cities: Their short names.
        recipe: Name of the recipe.
        settings: Changed settings of the recipe.
        seed: The same seed gives the same models.
        device: auto, cpu or cuda.
        encoder: Name of the text encoder; each city's usual one when left out.
        scheduler: "here", "local", or the address of a Dask scheduler.
        workers: Processes, for "local".
        folder: Where the files of each training lie meanwhile, under one path on all machines; in
            the home when left out.
    """

    cities: Sequence[str]
    recipe: str = "aether"
    settings: dict[str, str] = field(default_factory=dict)
    seed: int = 42
    device: str = "auto"
    encoder: str | None = None
    scheduler: str = HERE
    workers: int = 2
    folder: Path | None = None


@dataclass(frozen=True)
class CityTrained:
    """How one city fared.

    Attributes:
        city: Its short name.
        state: done, failed or cancelled as its run is; refused where it was given none.
        run: Number of the run.
        model: Name of the model.
        before: Whether that run was done before, so that nothing was left to do.
        seconds: What its training took, all sittings together.
        metrics: What the run reports; empty where it is not done.
        error: Why not, in one line.
        error_type: Name of the error's class.
        error_code: Its code.
    """

    city: str
    state: str
    run: int | None = None
    model: str | None = None
    before: bool = False
    seconds: float | None = None
    metrics: dict[str, object] = field(default_factory=dict)
    error: str | None = None
    error_type: str | None = None
    error_code: str | None = None


@dataclass(frozen=True)
class ManyTrained:
    """How all fared, in the order in which they were named."""

    cities: tuple[CityTrained, ...]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        return dict(Counter(city.state for city in self.cities))

    @property
    def all_done(self) -> bool:
        """Whether each has its model."""
        return self.counts.keys() <= {"done"}


def every_city(store: Store) -> tuple[str, ...]:
    """Short names of all cities of the store.

    Raises:
        InputError: There is none.
    """
    with store.session() as session:
        found = tuple(city.slug for city in city_rows.list_cities(session))
    if not found:
        raise InputError(
            "there is no city to train",
            store.settings.home,
            "add one with ./aether city add",
            code="no-city-to-train",
        )
    return found


def train_many(store: Store, request: TrainMany, progress: Progress = silent) -> ManyTrained:
    """Train cities; one that cannot be trained stops no other.

    A city that has a model of the same places, recipe, settings, seed and versions is left as it
    is, so the same request goes on where it was cut off. Weights are those of `start_training` in a
    process with as many threads as this one.

    Args:
        store: Where the cities are.
        request: Which, and how.
        progress: Told how many are done, in thousandths.

    Raises:
        InputError: No recipe, setting, seed, device, encoder or scheduler of that name or range.
        NotAllowedError: Whoever asks may not train.
        AetherError: The scheduler has no workers.
        KeyboardInterrupt: Stopped from here; runs under way are cancelled, models made are kept.
    """
    check_may(TRAIN.role, f"start {TRAIN.noun}")
    chosen = recipe(request.recipe).override(request.settings)
    check_device(request.device)
    check_seed(request.seed)
    if request.encoder is not None:
        asked_encoder(store.settings, request.encoder)
    began = time.perf_counter()
    folder = (request.folder or store.settings.jobs).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with computing(request.scheduler, request.workers, DiskFolder(folder), _LOADED) as ready:
        kind = TrainElsewhere(ready, request.folder and folder)
        many = _Many(store, request, chosen, kind)
        slugs = list(dict.fromkeys(request.cities))
        done = many.trained(slugs, ready.ahead, progress)
    return ManyTrained(tuple(done[slug] for slug in slugs), time.perf_counter() - began)


class _Many:
    """One request at work: a thread a city, which waits while others compute."""

    def __init__(
        self, store: Store, request: TrainMany, chosen: Recipe, kind: TrainElsewhere
    ) -> None:
        self._store, self._request, self._chosen, self._kind = store, request, chosen, kind
        self._jobs: dict[str, int] = {}
        self._taken: set[int] = set()
        self._stopped = False

    def trained(
        self, slugs: Sequence[str], at_once: int, progress: Progress
    ) -> dict[str, CityTrained]:
        """How each city fared, once all have."""
        done: dict[str, CityTrained] = {}
        with ThreadPoolExecutor(at_once, thread_name_prefix="city") as threads:
            waiting: set[Future[CityTrained]] = {
                threads.submit(copy_context().run, self._city, slug) for slug in slugs
            }
            with self._stopping(threads):
                while waiting:
                    ended, waiting = wait(waiting, _TELL_S, FIRST_COMPLETED)
                    done |= {city.city: city for city in (one.result() for one in ended)}
                    self._tell(done, len(slugs), progress)
        return done

    @contextmanager
    def _stopping(self, threads: ThreadPoolExecutor) -> Iterator[None]:
        """Where the block ends in an error, stop what is under way and begin nothing more."""
        try:
            yield
        except BaseException:
            self._stopped = True
            threads.shutdown(wait=False, cancel_futures=True)
            for job in list(self._taken):  # not those of other people, which are waited for
                self._cancel(job)
            raise

    def _cancel(self, job: int) -> None:
        with suppress(AetherError):  # it ended just now
            cancel_job(self._store, job)

    def _tell(self, done: dict[str, CityTrained], cities: int, progress: Progress) -> None:
        share, words = float(len(done)), ""
        for slug, number in list(self._jobs.items()):
            if slug not in done:
                with suppress(AetherError):  # the city may just have been removed
                    job = show_job(self._store, number)
                    share += job.progress
                    words = words or f", {slug}: {job.stage or job.state}"
        progress(f"{len(done)} of {cities} cities{words}", round(1000 * share), 1000 * cities)

    def _city(self, slug: str) -> CityTrained:
        """Train one city, or say why not."""
        try:
            before = self._same_as_asked(slug)
            if before is not None and before.state.is_done:
                return _told(before, show_job(self._store, before.job), before=True)
            if before is None:
                asked = self._request
                added = add_run(
                    self._store,
                    slug,
                    asked.recipe,
                    asked.settings,
                    asked.seed,
                    asked.device,
                    asked.encoder,
                )
                self._taken.add(added.job_id)
                before = show_run(self._store, added.id)
            self._jobs[slug] = before.job
            job = self._carried_out(before.job)
            return _told(show_run(self._store, before.id), job)
        except AetherError as error:
            return CityTrained(
                slug,
                "refused",
                error=str(error),
                error_type=type(error).__name__,
                error_code=error.code,
            )

    def _carried_out(self, number: int) -> JobSummary:
        """The job at its end, carried out here unless a living worker is at it.

        It waits while another training of the city runs.
        """
        while not (job := show_job(self._store, number)).is_finished:
            if self._stopped:
                if number in self._taken:
                    self._cancel(number)
                raise CancelledError(f"job {number} was stopped")
            if job.state.is_queued or job.is_left:
                self._taken.add(number)
                try:
                    carry_out(self._store, number, kind=self._kind)
                except AetherError:
                    raise
                except Exception as error:  # the job says so, the log why, and the others go on
                    log.exception("defect", job=number, error=type(error).__name__)
                if show_job(self._store, number).is_finished:
                    continue
            time.sleep(_LOOK_S)
        return job

    def _same_as_asked(self, slug: str) -> RunSummary | None:
        """The newest run that is what was asked: under way, or done of the data there are now."""
        encoder = self._encoder(slug)
        for run in list_runs(self._store, slug):
            if not self._is_asked(run, encoder):
                continue
            if not run.is_finished or (run.model is not None and self._is_of_now(run)):
                return run
        return None

    def _encoder(self, slug: str) -> str:
        if self._request.encoder is not None:
            return self._request.encoder
        with self._store.session() as session:
            city_id = city_rows.city_by_slug(session, slug).id
        return city_encoder(self._store, city_id).name

    def _is_asked(self, run: RunSummary, encoder: str) -> bool:
        asked = self._request
        if (run.recipe, run.seed, run.device, run.encoder) != (
            asked.recipe,
            asked.seed,
            asked.device,
            encoder,
        ):
            return False
        settings = {key: str(value) for key, value in run.settings.items()}
        return recipe(run.recipe).override(settings) == self._chosen

    def _is_of_now(self, run: RunSummary) -> bool:
        """Whether a run that is done would be trained on the same, with the same, now."""
        with self._store.session() as session:
            row = run_rows.run_by_id(session, run.id)
            card = model_rows.model_by_name(session, str(run.model)).card
        if card["versions"] != versions_here():
            return False
        encoder = asked_encoder(self._store.settings, str(run.encoder))
        with self._kind.reading:
            data = training_set(self._store, row.city_id, self._chosen, encoder)
            return bool(card["data_hashes"].get(TRAINING_SET) == LearntFrom.of(data).sha256)


def _told(run: RunSummary, job: JobSummary, *, before: bool = False) -> CityTrained:
    seconds = run.metrics.get("seconds")
    return CityTrained(
        city=run.city,
        state=str(run.state),
        run=run.id,
        model=run.model,
        before=before,
        seconds=float(str(seconds)) if seconds is not None else None,
        metrics=run.metrics,
        error=job.error,
        error_type=job.error_type,
        error_code=job.error_code,
    )
