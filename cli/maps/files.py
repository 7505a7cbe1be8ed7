"""How commands write layers, searches and changes: at once where they are small, else as a job."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.following import taken

if TYPE_CHECKING:  # so that other commands do not load what jobs need
    from workflows.home.store import Store
    from workflows.jobs.kind import JobKind
    from workflows.search.ask import Answer
    from workflows.search.change import CellChange
    from workflows.search.search import CellScores


def write_layer(
    store: "Store", slug: str, layer: str, target: Path, *, force: bool, field: str | None = None
) -> None:
    """Write a kept layer.

    Raises:
        AetherError: As `export_layer`.
    """
    from workflows.layers.export import check_target, export_layer
    from workflows.layers.file_kinds import LAYER_FILE, LayerFile, takes_long
    from workflows.layers.layers import show_layer

    check_target(target, force=force)
    shown = show_layer(store, slug, layer)
    if takes_long(shown.features, shown.unit):
        _as_job(store, LAYER_FILE, slug, LayerFile(layer, _ending(target), field), target, force)
    else:
        export_layer(store, slug, layer, target, force=force, only_field=field)


def write_scores(store: "Store", scores: "CellScores", target: Path, *, force: bool) -> None:
    """Write a search's cells.

    Raises:
        AetherError: As `export_scores`.
    """
    from workflows.layers.export import export_scores
    from workflows.layers.file_kinds import SEARCH_FILE, search_file, takes_long

    if takes_long(len(scores.units)):
        asked = search_file(store, scores, _ending(target))
        _as_job(store, SEARCH_FILE, scores.city, asked, target, force)
    else:
        export_scores(scores, target, force=force)


def write_answer(store: "Store", answer: "Answer", target: Path, *, force: bool) -> None:
    """Write every cell of an answer.

    Raises:
        AetherError: As `export_answer`.
    """
    from workflows.layers.export import export_answer
    from workflows.layers.file_kinds import ANSWER_FILE, answer_file, takes_long

    if takes_long(len(answer.units)):
        asked = answer_file(store, answer, _ending(target))
        _as_job(store, ANSWER_FILE, answer.city, asked, target, force)
    else:
        export_answer(answer, target, force=force)


def write_change(store: "Store", found: "CellChange", target: Path, *, force: bool) -> None:
    """Write every cell of a change.

    Raises:
        AetherError: As `export_change`.
    """
    from workflows.layers.export import export_change
    from workflows.layers.file_kinds import CHANGE_FILE, change_file, takes_long

    if takes_long(len(found.units)):
        asked = change_file(store, found, _ending(target))
        _as_job(store, CHANGE_FILE, found.city, asked, target, force)
    else:
        export_change(found, target, force=force)


def _as_job(
    store: "Store", kind: "JobKind[Any]", slug: str, asked: object, target: Path, force: bool
) -> None:
    from workflows.jobs.job import start_job

    taken(store, start_job(store, kind, slug, asked).job, target, force=force)


def _ending(target: Path) -> str:
    return target.suffix.lower()
