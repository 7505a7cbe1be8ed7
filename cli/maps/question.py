"""`ask`: a question of several criteria, and every part of its answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from aether_core.errors import InputError
from cli import output
from cli.maps.ask import NamesIn, Output, Top, Year, check_output
from cli.maps.files import write_answer
from cli.options import FileOptions, Force, ModelName, QuestionLanguage, flat

if TYPE_CHECKING:  # torch comes with the search: commands that only show help do without
    from workflows.search.ask import Answer

_SHOWN_PARTS = 6
"""A table wider than this many parts cannot be read on a terminal."""


@flat
def ask(
    slug: str,
    files: FileOptions,
    question: Annotated[str, typer.Argument(help='In words; "" with --criteria alone.')] = "",
    criteria: Annotated[
        Path | None, typer.Option(help="JSON file of criteria, beside the question's.")
    ] = None,
    mode: Annotated[
        Literal["all", "add"] | None, typer.Option(help="All must hold, or they add up.")
    ] = None,
    area: Annotated[Path | None, typer.Option(help="Polygons to rank within.")] = None,
    model: ModelName = None,
    year: Year = None,
    top: Top = 20,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Rank water, too, which is left out otherwise.")
    ] = False,
    language: QuestionLanguage = "en",
    names_in: NamesIn = None,
    target: Output = None,
    force: Force = False,
) -> None:
    """Answer a question with near, not near, like, not and in.

    Such as "quiet streets near schools away from main roads": docs/ask.md has the grammar.
    """
    from aether_core.search.ground import Extent
    from workflows.home.store import open_store
    from workflows.search.ask import ask as answer_to
    from workflows.search.criteria_file import read_criteria
    from workflows.search.documents import answer_document, checked_names_in

    named = checked_names_in(names_in)
    check_output(target, force)
    if not question.strip() and criteria is None:
        raise InputError(
            "the question is empty",
            repr(question),
            "type what you are looking for, or give --criteria FILE.json",
            code="query-empty",
        )
    given = read_criteria(criteria) if criteria is not None else None
    store = open_store()
    answer = answer_to(
        store,
        slug,
        question,
        given.criteria if given is not None else (),
        mode=mode or (given.mode if given is not None else None) or "all",
        area=area,
        area_options=files.reading(),
        year=year,
        model=model,
        extent=Extent.EVERYWHERE if everywhere else Extent.LAND,
        language=language,
    )
    if target is not None:
        write_answer(store, answer, target, force=force)
    results = answer.best(top, named)
    output.document(answer_document(answer, results))
    _say(answer, results)
    if target is not None:
        output.say(f"{len(answer.score)} cells written to {target}")


def _say(answer: "Answer", results: list[dict[str, Any]]) -> None:
    asked = answer.question or "criteria of a file"
    output.say(f"{asked}{' (made-up satellite data)' if answer.simulated else ''}")
    output.table(
        ["criterion", "asks for", "measured to", "part"],
        [(part.criterion.label, part.sentence, part.meaning, part.name) for part in answer.parts],
    )
    for part in answer.parts:
        if part.support is not None:
            support = f"“{part.criterion.words}”: {part.support.level}. {part.support.reason}"
            output.say(f"support of {support}")
    for one in answer.unmapped:
        output.say(f"not used: “{one.words}”: {one.reason}")
    for note in answer.notes:
        output.say(f"note: {note}")
    together = {"all": "all must hold", "add": "criteria add up"}[answer.mode]
    output.say(f"{answer.ranked:,} of {len(answer.score):,} cells ranked; {together}")
    shown = answer.parts[:_SHOWN_PARTS]
    output.table(
        ["cell", "lon", "lat", "score", "percentile", *(part.name for part in shown)],
        [
            (
                row["cell"],
                f"{row['lon']:.5f}",
                f"{row['lat']:.5f}",
                row["score"],
                f"{row['percentile']:.1f}",
                *(_part_text(row, part.name) for part in shown),
            )
            for row in results
        ],
    )


def _part_text(row: dict[str, Any], part: str) -> str:
    """A part's value; of a distance also the metres and what is nearest."""
    value = row["parts"][part]
    text = "" if value is None else f"{value:.2f}"
    if part in row["metres"]:
        nearest = row["nearest"].get(part, "")
        text += f" ({row['metres'][part]:,.0f} m{f' to {nearest}' if nearest else ''})"
    return text
