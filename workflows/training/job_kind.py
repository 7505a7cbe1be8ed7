"""Training a city's model."""

from dataclasses import dataclass

from db.schema import Job
from workflows.home.store import Store
from workflows.jobs.kind import TRAINING, JobKind
from workflows.jobs.work import Work


@dataclass(frozen=True)
class TrainRun:
    """Which run is trained.

    Attributes:
        run: Its number; 0 before it has one.
        recipe: Name of its recipe.
    """

    run: int
    recipe: str = ""


class TrainKind(JobKind[TrainRun]):
    """One training; it goes on from its last epoch when its worker dies."""

    name = "train"
    noun = "training"
    queue = TRAINING
    request = TrainRun

    def title(self, request: TrainRun) -> str:
        """Names the recipe."""
        return f"Training with {request.recipe}"

    def lock(self, city_id: int | None) -> str:
        """One training of a city runs at a time."""
        return f"city-{city_id}"

    def work(self, work: Work, request: TrainRun) -> None:
        """Train, and keep the model."""
        from workflows.training.train import run_training

        run_training(work, request.run)

    def check_resume(self, store: Store, job: Job) -> None:
        """Refuse a run that left no checkpoint, or whose input has changed."""
        from workflows.training.resume import check_run_resumes

        check_run_resumes(store, self.from_document(job.request).run)


TRAIN = TrainKind()
