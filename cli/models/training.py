"""`train`, `run list`, `show`, `cancel`, `resume`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aether_core.errors import InputError
from cli import output
from cli.following import Wait, followed

if TYPE_CHECKING:  # so that other commands do not load what training needs
    from workflows.home.store import Store
    from workflows.training.runs import RunSummary

RunId = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)]
Recipe = Annotated[str, typer.Option(help="Name of a recipe, see `model recipes`.")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="key=value, may be repeated.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Encoder = Annotated[
    str | None,
    typer.Option(help="Text encoder; chosen by the language of the places' names if left out."),
]


def settings_in(pairs: list[str]) -> dict[str, str]:
    """Settings given as `key=value`.

    Raises:
        InputError: One does not read so.
    """
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key or not value:
            raise InputError(
                "a setting must be given as key=value",
                pair,
                "see ./aether model recipes for the keys",
                code="setting-not-key-value",
            )
        settings[key.strip()] = value.strip()
    return settings


def train(
    slug: str,
    recipe: Recipe = "aether",
    settings: Settings = None,
    seed: int = 42,
    device: Device = "auto",
    encoder: Encoder = None,
    wait: Wait = True,
) -> None:
    """Train a city's model; the newest is the one in use."""
    from workflows.home.store import open_store
    from workflows.training.train import start_training

    store = open_store()
    changed = settings_in(settings or [])
    run = start_training(store, slug, recipe, changed, seed, device, encoder)
    _follow(store, run, wait=wait)


def _follow(store: "Store", run: "RunSummary", *, wait: bool) -> None:
    """Follow a queued run to its end and tell its outcome, or say that it is queued.

    Raises:
        JobEndedError: It failed.
    """
    from workflows.training.runs import run_document, show_run

    if not wait:
        output.document(run_document(run))
        output.say(f"Run {run.id} is queued. Follow it with: ./aether run show {run.id}")
        return
    followed(store, run.job)
    run = show_run(store, run.id)
    output.document(run_document(run))
    _say_run(run)


def _say_run(run: "RunSummary") -> None:
    output.say(f"run {run.id} of {run.city}: {run.state}{': ' + run.error if run.error else ''}")
    if run.resumed_from:
        output.say(f"resumed from epoch {run.resumed_from}")
    if not run.state.is_done:
        output.say(f"{run.stage}, epoch {run.epoch} of {run.epochs}")
        if run.resumable_from:
            output.say(f"Resume it with: ./aether run resume {run.id}")
        return
    metrics: dict[str, Any] = run.metrics
    output.say(
        f"model {run.model}, epoch {metrics['kept_epoch']} of {metrics['epochs']} kept, "
        f"{metrics['seconds']:.1f} s on {metrics['device']}"
    )
    if (found := metrics["validation"]) is not None:
        rows = [
            (f"recall@{k}", found[f"recall_at_{k}"], found[f"chance_at_{k}"]) for k in (1, 5, 10)
        ]
        output.table(
            ["held-out places", "found", "chance"],
            rows,
            title=f"among {found['candidates']} candidates",
        )
        from aether_core.model.training.retrieval import measured_apart

        if not measured_apart(metrics.get("validated_on")):
            output.say(
                "These places were also used to select the epoch, so the figures are slightly "
                "optimistic."
            )


def list_all(slug: str) -> None:
    """List a city's training runs."""
    from workflows.home.store import open_store
    from workflows.training.runs import list_runs, run_document

    found = list_runs(open_store(), slug)
    output.document([run_document(run) for run in found])
    output.table(
        ["run", "recipe", "state", "epoch", "model", "created"],
        [(r.id, r.recipe, r.state, f"{r.epoch}/{r.epochs}", r.model, r.created) for r in found],
    )


def show(run_id: RunId) -> None:
    """Show one run."""
    from workflows.home.store import open_store
    from workflows.training.runs import run_document, show_run

    run = show_run(open_store(), run_id)
    output.document(run_document(run))
    _say_run(run)


def cancel(run_id: RunId) -> None:
    """Stop a run; what was stored before stays."""
    from workflows.home.store import open_store
    from workflows.training.runs import cancel_run, run_document

    run = cancel_run(open_store(), run_id)
    output.document(run_document(run))
    output.say(
        f"Run {run.id} is stopping." if not run.is_finished else f"Run {run.id} is {run.state}."
    )


def resume(run_id: RunId, wait: Wait = True) -> None:
    """Let a failed or cancelled run go on from its last epoch, with the same outcome."""
    from workflows.home.store import open_store
    from workflows.training.resume import resume_run

    store = open_store()
    _follow(store, resume_run(store, run_id), wait=wait)
