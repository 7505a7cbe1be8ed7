"""`profile`: figures of areas beside the city's, and one area against another."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.maps.ask import check_output
from cli.options import FileOptions, Force, QuestionLanguage, flat

if TYPE_CHECKING:  # scipy and shapely come with it: commands that only show help do without
    from workflows.layers.profile import AreaProfile

_SHOWN_AREAS = 12
"""With more areas than this, people get a line each and no bars."""
_BAR = 20
_OF_THE_WHOLE = ("km²", "places")


@flat
def profile(
    slug: str,
    files: FileOptions,
    areas: Annotated[Path, typer.Option(help="File of polygons, in any format and CRS.")],
    name_field: Annotated[str | None, typer.Option(help="Column of the areas' names.")] = None,
    compare: Annotated[
        tuple[str, str] | None, typer.Option(help="Two of the areas, one against the other.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Kept layers to take figures of; default: the newest.")
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="Score the areas by a question, as `ask` answers it.")
    ] = None,
    language: QuestionLanguage = "en",
    target: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write every area to this file.")
    ] = None,
    force: Force = False,
) -> None:
    """Profile districts: what is in each, beside the city.

    Ground, places by group, land use, shares and scores of kept layers, with intervals;
    docs/ask.md says what they mean.
    """
    from workflows.home.store import open_store
    from workflows.layers.profile import profile_file
    from workflows.layers.scored import scored
    from workflows.search.ask import ask

    check_output(target, force)
    store = open_store()
    answer = None if question is None else ask(store, slug, question, language=language)
    with output.progress() as progress:
        found = profile_file(
            store,
            slug,
            areas,
            files.reading(),
            name_field=name_field,
            layers=only or None,
            scored=None if answer is None else scored(answer),
            progress=progress,
        )
    compared = found.profile.between(*compare) if compare is not None else None
    if target is not None:
        from workflows.layers.export import export_profile

        export_profile(found, target, force=force)
    output.document(_document(found, compared))
    _say(found, compared)
    if target is not None:
        output.say(f"{len(found.profile.ground)} areas written to {target}")


def _document(found: "AreaProfile", compared: Mapping[str, Any] | None) -> dict[str, Any]:
    from aether_core.search.profile.figures import INTERVALS

    ground = found.profile.ground
    return {
        "city": found.city,
        "areas": [found.profile.area(row) for row in range(len(ground))],
        "figures": found.profile.facts(),
        "intervals": dict(INTERVALS),
        "comparison": compared,
        "layers": list(found.layers),
        "outside": list(ground.outside),
        "overlapping": ground.overlapping,
        "notes": list(found.notes),
        "seconds": found.seconds,
        "simulated": found.simulated,
        "attribution": list(found.attribution),
        "read": None if found.read is None else {"areas": found.read.document()},
    }


def _say(found: "AreaProfile", compared: Mapping[str, Any] | None) -> None:
    if found.read is not None:
        for line in found.read.lines():
            output.say(line)
    for note in found.notes:
        output.say(f"note: {note}")
    names = {one["name"]: one for one in found.profile.facts()}
    if compared is not None:
        _say_compared(compared, names)
        return
    rows = range(len(found.profile.ground))
    shown = [found.profile.area(row) for row in rows]
    if len(shown) > _SHOWN_AREAS:
        output.table(
            ["area", "km²", "places", "what sets it apart"],
            [
                (
                    one["name"],
                    one["figures"]["area_km2"]["value"],
                    int(one["figures"]["places"]["value"]),
                    one["sentence"],
                )
                for one in shown
            ],
        )
        return
    for one in shown:
        output.say("")
        output.say(f"{one['name']}. {one['sentence']}")
        output.table(
            ["figure", "", "area", "interval", "city", "unit"],
            [
                (
                    names[name]["label"],
                    _bars(figure["value"], figure["city"], unit := names[name]["unit"]),
                    _value_text(figure["value"], unit),
                    _range(figure["lo"], figure["hi"], unit),
                    _value_text(figure["city"], unit),
                    unit,
                )
                for name, figure in one["figures"].items()
            ],
        )


def _say_compared(compared: Mapping[str, Any], names: Mapping[str, Mapping[str, Any]]) -> None:
    output.say(f"{compared['a']}. {compared['sentence']}")
    output.table(
        ["figure", compared["a"], compared["b"], "difference", "its interval", "unit"],
        [
            (
                names[name]["label"],
                _value_text(figure["a"], unit := names[name]["unit"]),
                _value_text(figure["b"], unit),
                _value_text(figure["difference"], unit),
                _range(figure["lo"], figure["hi"], unit),
                unit,
            )
            for name, figure in compared["figures"].items()
        ],
    )


def _bars(value: float | None, city: float | None, unit: str) -> str:
    """A bar for the area, with a mark where the city's ends.

    Nothing for what is below zero, and for sizes and counts: a part has less than the whole.
    """
    if value is None or city is None or unit in _OF_THE_WHOLE:
        return ""
    if value < 0 or city < 0 or value == city == 0:
        return ""
    most = max(value, city)
    length, mark = (round(_BAR * one / most) for one in (value, city))
    bar = list("█" * length + " " * (_BAR - length))
    bar[max(mark - 1, 0)] = "|"
    return "".join(bar).rstrip()


def _range(lo: float | None, hi: float | None, unit: str) -> str:
    if lo is None or hi is None or lo == hi:
        return ""
    return f"{_value_text(lo, unit)} to {_value_text(hi, unit)}"


def _value_text(value: float | None, unit: str) -> str:
    from aether_core.search.profile.figures import is_share

    if value is None:
        return ""
    if is_share(unit):
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
