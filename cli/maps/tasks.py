"""The commands that make maps: one for each kind of task, such as `landuse`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from aether_core.tasks.kinds.kind import TaskKind
from aether_core.tasks.kinds.registry import TASK_KINDS
from cli import output
from cli.following import followed, say_queued
from cli.maps.files import write_layer
from cli.maps.task_options import (
    AreaOptions,
    DistrictOptions,
    FitOptions,
    LabelOptions,
    MapOptions,
    PredictEverywhere,
    ValueOptions,
)
from cli.options import Command, flat

if TYPE_CHECKING:  # scikit-learn and torch come with the fits
    from workflows.home.store import Store


def commands() -> dict[str, Command]:
    """The command of each kind of task, by what it is called."""
    return {kind.command or name: _command(kind) for name, kind in TASK_KINDS.items()}


def _command(kind: TaskKind) -> Command:
    command = _BY_SAMPLES[kind.samples](kind.name)
    command.__name__, command.__doc__ = kind.command or kind.name, kind.about
    return flat(command)


def _from_labels(task: str) -> Command:
    def command(
        slug: str,
        labels: LabelOptions,
        fit: FitOptions,
        districts: DistrictOptions,
        made: MapOptions,
        predict_everywhere: PredictEverywhere = False,
    ) -> None:
        made.check_target()
        chosen = {"predict_everywhere": predict_everywhere}
        _make(task, slug, labels.request(), fit, districts, made, chosen)

    return command


def _from_areas(task: str) -> Command:
    def command(
        slug: str,
        areas: AreaOptions,
        fit: FitOptions,
        districts: DistrictOptions,
        made: MapOptions,
    ) -> None:
        made.check_target()
        _make(task, slug, areas.request(), fit, districts, made, {"pixels": areas.pixels})

    return command


def _from_values(task: str) -> Command:
    def command(
        slug: str,
        values: ValueOptions,
        fit: FitOptions,
        districts: DistrictOptions,
        made: MapOptions,
    ) -> None:
        made.check_target()
        _make(task, slug, values.request(), fit, districts, made, {})

    return command


_BY_SAMPLES: Final[Mapping[str, Callable[[str], Command]]] = {
    "labels": _from_labels,
    "areas": _from_areas,
    "samples": _from_values,
}
"""By what a kind of task is fitted on."""


def _make(
    task: str,
    slug: str,
    samples: object,
    fit: FitOptions,
    districts: DistrictOptions,
    made: MapOptions,
    chosen: Mapping[str, bool],
) -> None:
    """Start the job, and tell what it has made.

    Args:
        chosen: What only maps of such samples let one choose, as `MapChoices` calls it.
    """
    from workflows.home.store import open_store
    from workflows.jobs.job import start_job
    from workflows.tasks.job_kinds import map_job, map_report
    from workflows.tasks.task import TASKS, MapChoices

    request = TASKS[task].request_for(
        samples,
        fit.settings(made.representation, made.level),
        MapChoices(made.title, districts.request(), **chosen),
    )
    store = open_store()
    job = start_job(store, map_job(task), slug, request)
    if not made.wait:
        say_queued(job)
        return
    job = followed(store, job.job)
    report = map_report(store, job)
    _write(store, slug, report.layer, made)
    output.document(report.document)
    _say_read(job.result["read"])
    _say_scores(report.scores, report.size)
    _say_dropped(report.dropped)
    for remark in report.remarks:
        output.say(remark)


def _write(store: "Store", slug: str, layer: str, made: MapOptions) -> None:
    if made.target is not None:
        write_layer(store, slug, layer, made.target, force=made.force)
        output.say(f"Written to {made.target}")


def _say_read(read: Mapping[str, Mapping[str, Any]]) -> None:
    """Say how each file was read: a line for what it is, a line a note and a reason."""
    for one in read.values():
        layer = f", layer {one['layer']}" if one["layer"] else ""
        columns = ", ".join(f"{role} from {name}" for role, name in one["columns"].items())
        counted = f"{one['rows']:,} rows, {one['used']:,} used"
        output.say(f"{one['file']}: {one['format']}{layer}, {counted}; {columns}")
        for note in one["notes"]:
            output.say(f"  {note}")
        for reason, number in one["left_out"].items():
            output.say(f"  left out: {number:,} x {reason}")


def _say_scores(scores: Mapping[str, Mapping[str, float]], title: str) -> None:
    metrics = next(iter(scores.values()))
    output.table(
        ["held out", *metrics],
        [(split, *figures.values()) for split, figures in scores.items()],
        title=title,
    )


def _say_dropped(dropped: Mapping[str, int]) -> None:
    if dropped:
        output.table(["reason left out", "number"], list(dropped.items()))
