"""How long a study will take, judged by what was done with the city before."""

from dataclasses import dataclass
from typing import Any

from aether_core.model.recipes import recipe
from db.cities import cities as city_rows
from db.jobs import runs as run_rows
from db.jobs import studies as study_rows
from workflows.evaluation.studies import StudyRequest, study_kind
from workflows.home.store import Store


@dataclass(frozen=True)
class Estimate:
    """How much work a study is.

    Attributes:
        trainings: About how many models it trains.
        seconds: About how long that takes at most; None where nothing was trained before.
        judged_by: What the seconds come from: `study`, `run` or nothing.
    """

    trainings: int
    seconds: float | None
    judged_by: str


def estimate(store: Store, slug: str, request: StudyRequest) -> Estimate:
    """Estimate a study from the city's last study of its kind, else from its last training.

    Args:
        slug: The city whose places are most of the work; of a transfer the one it is tried on.

    Raises:
        NotFoundError: No such city or recipe.
        InputError: There is no such kind, or a setting cannot be used.
    """
    trainings = study_kind(request.kind).trainings * len(request.seeds)
    epochs = recipe(request.recipe).override(request.settings).epochs
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        for study in study_rows.list_studies(session, city.id, request.kind):
            if study.job.state.is_done:
                pace = study.seconds / len(study.seeds) / _epochs(study.recipe, study.settings)
                return Estimate(trainings, pace * epochs * len(request.seeds), "study")
        for run in run_rows.list_runs(session, city.id):
            if run.job.state.is_done:
                pace = float(run.metrics["seconds"]) / _epochs(run.recipe, run.settings)
                return Estimate(trainings, pace * epochs * trainings, "run")
    return Estimate(trainings, None, "")


def _epochs(name: str, settings: dict[str, Any]) -> int:
    """The epochs a training was allowed; not those it took, since it may stop early again."""
    return recipe(name).override(settings).epochs
