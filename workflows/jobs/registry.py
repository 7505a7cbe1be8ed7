"""Every kind of job there is, by name. A new kind is one file in `kinds/` and one line here."""

from collections.abc import Mapping
from typing import Any, Final

from aether_core.errors import NotFoundError
from workflows.jobs.kind import JobKind
from workflows.jobs.kinds.change import CHANGE
from workflows.jobs.kinds.city import ADD_CITY, ADD_YEAR
from workflows.jobs.kinds.comparison import COMPARE
from workflows.jobs.kinds.fetch import FETCH
from workflows.jobs.kinds.fits import LAND_USE, SOCIOECONOMIC
from workflows.jobs.kinds.report import REPORT
from workflows.jobs.kinds.retrieval import RETRIEVAL
from workflows.jobs.kinds.study import STUDY
from workflows.jobs.kinds.training import TRAIN

KINDS: Final[Mapping[str, JobKind[Any]]] = {
    kind.name: kind
    for kind in (
        ADD_CITY,
        ADD_YEAR,
        FETCH,
        TRAIN,
        LAND_USE,
        SOCIOECONOMIC,
        COMPARE,
        RETRIEVAL,
        CHANGE,
        REPORT,
        STUDY,
    )
}


def kind_named(name: str) -> JobKind[Any]:
    """The kind of that name.

    Raises:
        NotFoundError: There is none, as where a newer version wrote the job.
    """
    if name not in KINDS:
        raise NotFoundError(
            "no such kind of job", name, f"there are {', '.join(KINDS)}", code="no-such-job-kind"
        )
    return KINDS[name]
