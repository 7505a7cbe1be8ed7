"""What a report says of one or two districts: the figures of the Districts page."""

from collections.abc import Mapping, Sequence
from typing import Any

from aether_core import charts
from aether_core.charts.districts import Bar, bars_height, profile_bars
from aether_core.language import _, mark, translated
from aether_core.progress import Progress
from aether_core.report import Block, Figure, Heading, Paragraph, Table
from aether_core.search.profile.figures import GROUND, INTERVALS, PLACES
from aether_core.search.profile.words import told, told_range, told_unit
from workflows.layers.layers import list_layers
from workflows.layers.profile import AreaProfile, profile_shapes
from workflows.reports.subject import Subject

_CITY = mark("Whole city")
_CHART_PX = 620
_FIRST_GROUPS = 8
_MOST_ROWS = 24
_RANK = "percentile"
_ENDS = ("value", "lo", "hi")


def districts_section(subject: Subject, progress: Progress) -> list[Block]:
    """Sentences, bars and a table of the chosen districts; nothing without any.

    Raises:
        InputError: No district shares ground with the city.
    """
    if not subject.districts:
        return []
    shapes = {one.name: one.geometry for one in subject.districts}
    layers = _cells_layers(subject)
    slug = subject.city.slug
    found = profile_shapes(subject.store, slug, shapes, layers=layers, progress=progress)
    profile = found.profile
    names = profile.ground.name.tolist()
    blocks: list[Block] = [
        Heading(_("Districts") if len(names) > 1 else _("District: {names}", names=names[0])),
        *(
            Paragraph(f"{name}. {translated(profile.sentence(profile.row_of(name)))}")
            for name in names
        ),
    ]
    if len(names) > 1:
        between = profile.between(names[0], names[1])
        blocks.append(
            Paragraph(
                _(
                    "{names} beside {names2}. {sentence}",
                    names=names[0],
                    names2=names[1],
                    sentence=translated(between["sentence"]),
                )
            )
        )
    blocks += _bars(subject, found)
    blocks.append(_table(found))
    notes = map(translated, found.notes)
    blocks += [Paragraph(f"{note[:1].upper()}{note[1:]}.") for note in notes]
    return blocks


def _cells_layers(subject: Subject) -> list[str]:
    """The report's layer of cells, also where the report is about the areas made with it."""
    layer = subject.layer
    if not layer.by_area:
        return [layer.layer]
    every = list_layers(subject.store, subject.city.slug)
    return [one.layer for one in every if one.number == layer.cells_layer]


def _columns(found: AreaProfile) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Who is compared, the city last, and of each value and interval by figure."""
    profile = found.profile
    names = profile.ground.name.tolist()
    figures = [profile.area(row)["figures"] for row in range(len(names))]
    city = {
        one["name"]: {"value": one["city"], "lo": one["city_lo"], "hi": one["city_hi"]}
        for one in profile.facts()
    }
    return [*names, _(_CITY)], [*figures, city]


def _bars(subject: Subject, found: AreaProfile) -> list[Block]:
    """A chart of what the map shows, and one of the commonest kinds of place."""
    who, columns = _columns(found)
    facts = [one for one in found.profile.facts() if one["unit"] != _RANK]
    blocks: list[Block] = []
    for source, title in (("", subject.layer.title), (PLACES, _("Places by kind"))):
        of_source = [one for one in facts if _is_of(one, source)]
        for unit in dict.fromkeys(one["unit"] for one in of_source):
            shown = [one for one in of_source if one["unit"] == unit][:_FIRST_GROUPS]
            bars = [
                Bar(
                    translated(one["label"]),
                    name,
                    *(column[one["name"]][key] for key in ("value", "lo", "hi")),
                )
                for one in shown
                for name, column in zip(who, columns, strict=True)
            ]
            if not any(bar.value for bar in bars):
                continue
            named = told_unit(unit)
            blocks.append(
                Figure(
                    charts.to_svg(
                        profile_bars(bars, who, title="", unit=unit),
                        width=_CHART_PX,
                        height=bars_height(bars, who),
                    ),
                    caption=_("{title}, {unit}. Lines: intervals.", title=title, unit=named),
                    alt=f"{title}, {named}: {', '.join(who)}",
                )
            )
    return blocks


def _is_of(fact: Mapping[str, Any], source: str) -> bool:
    """Whether a figure belongs to places by kind, or, without a source, to the layer."""
    of, name = str(fact["source"]), str(fact["name"])
    if source == PLACES:
        return of == PLACES and name.startswith("places_per_km2_")
    return of not in (GROUND, PLACES)


def _table(found: AreaProfile) -> Table:
    who, columns = _columns(found)
    facts = _first(found.profile.facts())
    kinds = dict.fromkeys(one["interval"] for one in facts)
    rows = tuple(
        (
            translated(one["label"]),
            *(_cell(column[one["name"]], one["unit"]) for column in columns),
            told_unit(one["unit"]),
        )
        for one in facts
    )
    return Table(
        (_("Figure"), *who, _("Unit")),
        rows,
        caption=_("With intervals in brackets. ")
        + " ".join(f"{_(kind).capitalize()}: {_(INTERVALS[kind])}." for kind in kinds),
        align="l" + "r" * len(who) + "l",
    )


def _first(facts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Ground, the layer, and the commonest kinds of place: what fits on a page."""
    of_places = [one for one in facts if one["source"] == PLACES]
    others = [one for one in facts if one["source"] != PLACES]
    return [*others, *of_places[: 2 + _FIRST_GROUPS]][:_MOST_ROWS]


def _cell(figure: Mapping[str, float | None], unit: str) -> str:
    value = told(figure["value"], unit)
    ends = told_range(figure["lo"], figure["hi"], unit)
    return f"{value} ({ends})" if ends else value
