"""Every kind of job there is, by name: a new kind is an object in its room and one line here."""

import importlib
from collections.abc import Mapping
from typing import Any, Final

from aether_core.errors import NotFoundError
from workflows.jobs.kind import JobKind

KINDS: Final[Mapping[str, str]] = {
    "add-city": "workflows.cities.job_kinds:ADD_CITY",
    "add-year": "workflows.cities.job_kinds:ADD_YEAR",
    "fetch": "workflows.fetch.job_kind:FETCH",
    "train": "workflows.training.job_kind:TRAIN",
    "landuse": "workflows.tasks.job_kinds:LAND_USE",
    "socioeconomic": "workflows.tasks.job_kinds:SOCIOECONOMIC",
    "compare": "workflows.evaluation.comparison_job:COMPARE",
    "retrieval": "workflows.evaluation.retrieval_job:RETRIEVAL",
    "change": "workflows.layers.job_kind:CHANGE",
    "layer-file": "workflows.layers.file_kinds:LAYER_FILE",
    "search-file": "workflows.layers.file_kinds:SEARCH_FILE",
    "change-file": "workflows.layers.file_kinds:CHANGE_FILE",
    "report": "workflows.reports.job_kind:REPORT",
    "study": "workflows.evaluation.study_kind:STUDY",
}
"""Where each kind is, as module and name: rooms import this one, which must not import them, and
whoever looks at a job loads what that job needs, not all that any job might."""


def kind_named(name: str) -> JobKind[Any]:
    """The kind of that name.

    Raises:
        NotFoundError: There is none, as where a newer version wrote the job.
    """
    if name not in KINDS:
        raise NotFoundError(
            "unknown kind of job", name, f"there are {', '.join(KINDS)}", code="no-such-job-kind"
        )
    module, _, attribute = KINDS[name].partition(":")
    kind: JobKind[Any] = getattr(importlib.import_module(module), attribute)
    return kind
