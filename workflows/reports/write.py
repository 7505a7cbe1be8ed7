"""Choose what a layer's report says, and write it in the format its name asks for."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import dropwhile
from pathlib import Path
from typing import Final

from aether_core.errors import InputError
from aether_core.files import whole as files
from aether_core.language import _, speaking, tag
from aether_core.progress import Progress, silent
from aether_core.report import (
    Block,
    Heading,
    MapFigure,
    Paragraph,
    Report,
    write_html,
    write_pdf,
)
from aether_core.tasks.kinds.registry import task_of_layer
from workflows.cities.cities import credit_in_words, show_city
from workflows.home.shared_results import SharedResults
from workflows.home.store import Store
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import show_layer
from workflows.reports import tested
from workflows.reports.choices import ReportChoices, checked_choices
from workflows.reports.districts import districts_section
from workflows.reports.facts import closing, opening
from workflows.reports.subject import REPORT_BODIES, Subject

REPORT_SUFFIXES = (".pdf", ".html")
AS_IT_COMES: Final = ReportChoices()
_STEPS = 2
_KEPT = 12
_REPORTS: SharedResults[Report] = SharedResults(_KEPT)


def write_report(
    store: Store,
    slug: str,
    layer: str,
    path: Path,
    *,
    choices: ReportChoices = AS_IT_COMES,
    force: bool = False,
    progress: Progress = silent,
) -> None:
    """Write a layer's report.

    Args:
        path: Ends in .pdf or .html.
        choices: Title, own words, view and districts.
        force: Replace an existing file.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The ending is unknown, the folder does not exist, or a choice cannot be
            carried out.
        ConflictError: The file exists and `force` is not set.
    """
    suffix = path.suffix.lower()
    check_report_name(path.name)
    files.check_target(path, force=force)
    report = made_report(store, slug, layer, choices, progress)
    progress("laying out pages", 1, _STEPS)
    write = write_pdf if suffix == ".pdf" else write_html
    write(report, path, force=force)
    progress("laying out pages", _STEPS, _STEPS)


def made_report(
    store: Store,
    slug: str,
    layer: str,
    choices: ReportChoices = AS_IT_COMES,
    progress: Progress = silent,
) -> Report:
    """A layer's report as it will be laid out.

    Maps, charts and figures are made once for a view and districts, however many ask; title and
    own words are put in afterwards, so that they can be changed at once.

    Raises:
        NotFoundError: No such city or layer.
        InputError: A choice cannot be carried out.
    """
    city = show_city(store, slug)
    chosen = checked_choices(city, choices)
    summary = show_layer(store, slug, layer)
    subject = Subject(store, city, summary, chosen.view, chosen.districts)
    key = (store, city.id, summary.number, summary.changed, chosen.view, chosen.districts)
    report = _REPORTS.get(
        (*key, chosen.language), lambda: _composed(subject, chosen.language, progress)
    )
    return _titled(report, chosen.title, chosen.words)


def _composed(subject: Subject, told: str, progress: Progress) -> Report:
    with speaking(told):
        return compose(subject, progress)


def _titled(report: Report, title: str | None, words: str) -> Report:
    """A report with another title and own words under it."""
    own = (Paragraph(words),) if words else ()
    return replace(report, title=title or report.title, blocks=(*own, *report.blocks))


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


def compose(subject: Subject, progress: Progress = silent) -> Report:
    """Put a layer's report together, all but what is said in own words.

    Raises:
        InputError: The view shows nothing of the layer, or no district shares ground with the city.
    """
    progress("reading the layer", 0, _STEPS)
    layer, city = subject.layer, subject.city
    body = body_of(layer.kind)
    districts = districts_section(subject, progress)
    progress("drawing maps and charts", 1, _STEPS)
    blocks = [*opening(subject), *_after_map(list(body(subject)), districts), *closing(subject)]
    progress("drawing maps and charts", _STEPS, _STEPS)
    return Report(
        title=layer.title,
        subtitle=f"{_(layer_kind(layer.kind).title)}, {city.name}, {layer.years}",
        city=city.name,
        created=layer.created,
        simulated=layer.simulated,
        blocks=tuple(blocks),
        attribution=tuple(map(credit_in_words, layer.attribution)),
        language=tag(),
    )


def body_of(kind: str) -> Callable[[Subject], Iterable[Block]]:
    """What the report of a kind of layer says between the opening boxes and the data."""
    task = task_of_layer(kind)
    name = kind if task is None else task.name
    return tested.body if task is not None and name not in REPORT_BODIES else REPORT_BODIES[name]


def _after_map(body: list[Block], districts: list[Block]) -> list[Block]:
    """The sections of a body with that of the districts behind the one of the first map."""
    after_map = dropwhile(lambda one: not isinstance(one[1], MapFigure), enumerate(body))
    at = next((at for at, block in after_map if isinstance(block, Heading)), len(body))
    return [*body[:at], *districts, *body[at:]]
