"""`study start`, `transfer`, and what is done with one study."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aether_core.errors import InputError
from cli import output
from cli.following import Wait, followed
from cli.maps.task_options import LabelOptions
from cli.models.training import Device, Recipe, Settings, settings_in
from cli.options import Delete, Force, flat

if TYPE_CHECKING:  # so that other commands do not load what training needs
    from aether_core.study.result import StudyResult, StudySummary
    from workflows.evaluation import studies as studies_module
    from workflows.evaluation.studies import StudyRequest
    from workflows.home.store import Store
    from workflows.tasks.labels import LabelRequest

NO_LABELS = "none"
_VERDICTS = {True: "better", False: "worse", None: "none shown"}

StudyId = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)]
Seeds = Annotated[int, typer.Option(help="Training runs per variant.")]
Seed = Annotated[int, typer.Option(help="The first seed.")]
LabelsFile = Annotated[
    Path | None,
    typer.Option(
        help="Labelled points or polygons to judge maps by; osm for the city's own OpenStreetMap "
        "land use, none for no labels; default: the newest labels stored with the city."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="File to write: .csv, .json, .svg or .png"),
]
Metric = Annotated[str | None, typer.Option(help="Metric to plot; default: the first.")]


@dataclass(frozen=True)
class TrainOptions:
    """How the models of a study are trained."""

    recipe: Recipe = "aether"
    settings: Settings = None
    seeds: Seeds = 5
    seed: Seed = 42
    device: Device = "auto"

    def request(self, kind: str, labels: "LabelRequest | int | None") -> "StudyRequest":
        """A study of a kind, its maps judged by labels."""
        from workflows.evaluation.studies import StudyRequest, seeds_from

        return StudyRequest(
            kind,
            self.recipe,
            settings_in(self.settings or []),
            seeds_from(self.seed, self.seeds),
            self.device,
            labels,
        )


@dataclass(frozen=True)
class JudgeOptions(LabelOptions):
    """Labels that a study's maps are judged by."""

    labels: LabelsFile = None

    def kept_or_given(self, store: "Store", slug: str) -> "LabelRequest | int | None":
        """Which labels are meant; without a file the newest that are kept with the city."""
        from workflows.evaluation.study_city import label_choices

        if self.labels is None and self.field is None:
            kept = label_choices(store, slug)
            return kept[0].id if kept else None
        return None if str(self.labels) == NO_LABELS else self.request()


@dataclass(frozen=True)
class ResultOptions:
    """Where a study's result is written."""

    target: Output = None
    metric: Metric = None
    force: Force = False

    def check(self, *, wait: bool) -> None:
        """Refuse what could not be written, before anything is trained for it.

        Raises:
            InputError: There is no such metric, or no such file can be written.
            ConflictError: The file exists and may not be replaced.
        """
        from aether_core.study.result import METRICS
        from workflows.evaluation.study_export import check_study_target

        if self.metric is not None and self.metric not in METRICS:
            raise InputError(
                "unknown metric",
                self.metric,
                f"choose from {', '.join(METRICS)}",
                code="no-such-metric",
            )
        if self.target is None:
            return
        if not wait:
            raise InputError(
                "nothing can be written until the study is done",
                self.target,
                "leave out --no-wait, or write it later with ./aether study show ID -o FILE",
                code="output-before-result",
            )
        check_study_target(self.target, force=self.force)

    def write(self, store: "Store", study_id: int) -> None:
        """Write what a study found, where that is asked for."""
        from workflows.evaluation.study_export import export_study

        if self.target is not None:
            export_study(store, study_id, self.target, metric=self.metric, force=self.force)


@flat
def start(
    slug: str,
    kind: Annotated[str, typer.Option(help="ablation, noise, sparsity, buffer or seeds.")],
    trained: TrainOptions,
    judged: JudgeOptions,
    result: ResultOptions,
    wait: Wait = True,
) -> None:
    """Train many times with one thing changed at a time, and say what it was worth."""
    from workflows.evaluation.studies import start_study
    from workflows.home.store import open_store

    result.check(wait=wait)
    store = open_store()
    request = trained.request(kind, judged.kept_or_given(store, slug))
    _follow(store, start_study(store, slug, request), result, wait=wait)


@flat
def transfer(
    home: Annotated[str, typer.Argument(metavar="SLUG_A", help="City to train on.")],
    away: Annotated[str, typer.Argument(metavar="SLUG_B", help="City to use the model in.")],
    trained: TrainOptions,
    judged: JudgeOptions,
    result: ResultOptions,
    wait: Wait = True,
) -> None:
    """Train on one city, use the model in another; labels are the other city's."""
    from aether_core.study.kinds import TRANSFER_KIND
    from workflows.evaluation.transfer import start_transfer
    from workflows.home.store import open_store

    result.check(wait=wait)
    store = open_store()
    request = trained.request(TRANSFER_KIND, judged.kept_or_given(store, away))
    _follow(store, start_transfer(store, home, away, request), result, wait=wait)


def list_all(
    slug: str, kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None
) -> None:
    """List the studies a city has part in."""
    from workflows.evaluation.studies import list_studies, study_kind
    from workflows.evaluation.study_export import study_document
    from workflows.home.store import open_store

    if kind is not None:
        study_kind(kind)
    found = list_studies(open_store(), slug, kind)
    output.document([study_document(one) for one in found])
    output.table(
        ["study", "kind", "cities", "recipe", "seeds", "state", "done", "created"],
        [
            (
                one.id,
                one.kind,
                one.city if one.other_city is None else f"{one.city} to {one.other_city}",
                one.recipe,
                len(one.seeds),
                one.state,
                f"{one.progress:.0%}",
                one.created,
            )
            for one in found
        ],
    )


@flat
def show(study_id: StudyId, result: ResultOptions) -> None:
    """Show one study, or write what it found to a file."""
    from workflows.evaluation.studies import show_study
    from workflows.evaluation.study_export import study_document
    from workflows.home.store import open_store

    store = open_store()
    found = show_study(store, study_id)
    result.write(store, found.id)
    output.document(study_document(found))
    _say(found, result.target)


def cancel(study_id: StudyId) -> None:
    """Stop a study at work; it leaves no result."""
    from workflows.evaluation.studies import cancel_study
    from workflows.evaluation.study_export import study_document
    from workflows.home.store import open_store

    found = cancel_study(open_store(), study_id)
    output.document(study_document(found))
    output.say(
        f"Study {study_id} is {found.state}."
        if found.is_finished
        else f"Study {study_id} is stopping."
    )


def remove(study_id: StudyId, yes: Delete = False) -> None:
    """Delete a finished study."""
    from workflows.evaluation.studies import remove_study
    from workflows.home.store import open_store

    if not yes:
        raise InputError(
            "a removed study cannot be restored",
            study_id,
            "add --yes to confirm",
            code="removal-not-confirmed",
        )
    remove_study(open_store(), study_id)
    output.document({"study": study_id, "removed": True})
    output.say(f"Study {study_id} is removed.")


def _follow(
    store: "Store",
    started: "studies_module.StudySummary",
    result: ResultOptions,
    *,
    wait: bool,
) -> None:
    from workflows.evaluation.studies import show_study
    from workflows.evaluation.study_export import study_document

    if not wait:
        output.document(study_document(started))
        output.say(f"Study {started.id} is queued. See ./aether study show {started.id}")
        return
    followed(store, started.job)
    found = show_study(store, started.id)
    result.write(store, found.id)
    output.document(study_document(found))
    _say(found, result.target)


def _say(found: "studies_module.StudySummary", target: Path | None) -> None:
    where = found.city if found.other_city is None else f"{found.city} to {found.other_city}"
    output.say(
        f"study {found.id} of {where}: {found.kind}, {found.state}"
        f"{': ' + found.error if found.error else ''}"
    )
    if found.result is None:
        if not found.is_finished:
            output.say(f"{found.progress:.0%} done. {found.stage}")
        return
    for metric in found.result.metrics:
        _say_metric(found.result, metric)
    for note in found.result.notes:
        output.say(f"- {note}")
    if found.simulated:
        output.say("- The embedding is simulated: the figures show how this works, no real city.")
    if target is not None:
        output.say(f"Written to {target}")


def _say_metric(result: "StudyResult", metric: str) -> None:
    from aether_core.study.result import METRICS
    from aether_core.study.words import in_words

    called = METRICS[metric]
    shown = [one for one in result.summaries if one.metric == metric]
    title = f"{called.title} ({'lower' if called.lower_is_better else 'higher'} is better)"
    if any(one.difference is not None for one in shown):
        columns = ["variant", "mean", "95 %", "difference", "95 % of it", "verdict"]
        output.table(columns, [_compared(one) for one in shown], title=title)
    else:
        rows = [(one.variant, one.mean, _interval(one.ci95), one.sd) for one in shown]
        output.table(["variant", "mean", "95 %", "sd"], rows, title=title)
    output.say(in_words(result, metric) + "\n")


def _compared(one: "StudySummary") -> tuple[object, ...]:
    """A variant with how it differs from the baseline; the baseline itself does not."""
    from aether_core.study.words import signed

    mean = one.variant, one.mean, _interval(one.ci95)
    if one.difference is None:
        return *mean, None, None, None
    verdict = _VERDICTS[one.better] if one.difference_ci95 else None
    return *mean, signed(one.difference), _interval(one.difference_ci95), verdict


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
