"""Choose what a layer's report says, and write it in the format its name asks for."""

from pathlib import Path

from aether_core.errors import InputError
from aether_core.files import whole as files
from aether_core.progress import Progress, silent
from aether_core.report import Block, Report, write_html, write_pdf
from aether_core.tasks.kinds.registry import task_of_layer
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import show_layer
from workflows.reports import tested
from workflows.reports.facts import closing, opening
from workflows.reports.subject import REPORT_BODIES, Subject

REPORT_SUFFIXES = (".pdf", ".html")
_STEPS = 3


def write_report(
    store: Store,
    slug: str,
    layer: str,
    path: Path,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> None:
    """Write a layer's report.

    Args:
        path: Ends in .pdf or .html.
        force: Replace an existing file.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The ending is unknown, or the folder does not exist.
        ConflictError: The file exists and `force` is not set.
    """
    suffix = path.suffix.lower()
    check_report_name(path.name)
    files.check_target(path, force=force)
    progress("reading the layer", 0, _STEPS)
    subject = Subject(store, show_city(store, slug), show_layer(store, slug, layer))
    progress("drawing maps and charts", 1, _STEPS)
    report = compose(subject)
    progress("laying out pages", 2, _STEPS)
    write = write_pdf if suffix == ".pdf" else write_html
    write(report, path, force=force)
    progress("laying out pages", _STEPS, _STEPS)


def check_report_name(name: str) -> None:
    """Refuse a file name that ends as no report does.

    Raises:
        InputError: It ends in none of `REPORT_SUFFIXES`.
    """
    if Path(name).suffix.lower() not in REPORT_SUFFIXES:
        raise InputError(
            "a report is a PDF or an HTML file",
            name,
            f"end its name in {' or '.join(REPORT_SUFFIXES)}",
            code="output-wrong-ending",
        )


def compose(subject: Subject) -> Report:
    """Put a layer's report together."""
    layer, city = subject.layer, subject.city
    task = task_of_layer(layer.kind)
    name = layer.kind if task is None else task.name
    body = tested.body if task is not None and name not in REPORT_BODIES else REPORT_BODIES[name]
    blocks: list[Block] = [*opening(subject), *body(subject), *closing(subject)]
    return Report(
        title=layer.title,
        subtitle=f"{layer_kind(layer.kind).title}, {city.name}, {layer.years}",
        city=city.name,
        created=layer.created,
        simulated=layer.simulated,
        blocks=tuple(blocks),
        attribution=tuple(layer.attribution),
    )
