"""Every kind of job there is, by name: a new kind is an object in its room and one line here.

The maps of tasks need no line.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from aether_core.errors import NotFoundError
from workflows.jobs.kind import JobKind

KINDS: Final[Mapping[str, str]] = {
    "add-city": "workflows.cities.job_kinds:ADD_CITY",
    "add-year": "workflows.cities.job_kinds:ADD_YEAR",
    "add-places": "workflows.cities.job_kinds:ADD_PLACES",
    "fetch": "workflows.fetch.job_kind:FETCH",
    "train": "workflows.training.job_kind:TRAIN",
    "compare": "workflows.evaluation.comparison_job:COMPARE",
    "retrieval": "workflows.evaluation.retrieval_job:RETRIEVAL",
    "change": "workflows.layers.job_kind:CHANGE",
    "layer-file": "workflows.layers.file_kinds:LAYER_FILE",
    "answer-file": "workflows.layers.file_kinds:ANSWER_FILE",
    "search-file": "workflows.layers.file_kinds:SEARCH_FILE",
    "change-file": "workflows.layers.file_kinds:CHANGE_FILE",
    "city-package": "workflows.layers.package:CITY_PACKAGE",
    "report": "workflows.reports.job_kind:REPORT",
    "study": "workflows.evaluation.study_kind:STUDY",
}
"""Where each kind is, as module and name: rooms import this one, which must not import them, and
whoever looks at a job loads what that job needs, not all that any job might."""
MAPS: Final = "workflows.tasks.job_kinds:map_jobs"
"""Where the rest are: every kind of task has a map, and its job is called as it is."""


def kind_named(name: str) -> JobKind[Any]:
    """The kind of that name.

    Raises:
        NotFoundError: There is none, as where a newer version wrote the job.
    """
    if name in KINDS:
        return cast("JobKind[Any]", _object_at(KINDS[name]))
    maps = _maps()
    if name in maps:
        return maps[name]
    raise NotFoundError(
        "unknown kind of job",
        name,
        f"there are {', '.join(kind_names())}",
        code="no-such-job-kind",
    )


def kind_names() -> list[str]:
    """The names of all kinds."""
    return [*KINDS, *_maps()]


def _maps() -> Mapping[str, JobKind[Any]]:
    return cast("Callable[[], Mapping[str, JobKind[Any]]]", _object_at(MAPS))()


def _object_at(where: str) -> object:
    module, _, attribute = where.partition(":")
    return getattr(importlib.import_module(module), attribute)
