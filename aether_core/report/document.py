"""A report as plain data for the templates: numbers and strings, pictures under their names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aether_core.language import _, mark, runs_right_to_left, speaking
from aether_core.report.blocks import (
    Block,
    Bullets,
    Callout,
    Code,
    Figure,
    FigureRow,
    Heading,
    KeyFigures,
    LegendEntry,
    MapFigure,
    PageBreak,
    Paragraph,
    Report,
    Table,
)
from aether_core.report.map_picture import seen_on_land

SIMULATED: Final = mark("Made-up satellite data (demo)")
SIMULATED_MEANS: Final = mark(
    "The satellite data behind this report are made up, not measured. The report shows how the "
    "method works; it is not evidence about the city."
)


@dataclass(frozen=True)
class Document:
    """What a template fills in.

    Attributes:
        content: Strings, numbers, lists and mappings only.
        pictures: SVG or PNG bytes by the file name that `content` uses.
    """

    content: dict[str, Any]
    pictures: dict[str, bytes]


def document_of(report: Report) -> Document:
    """Lay a report out as data; characters that no document can hold are left out."""
    pictures: dict[str, bytes] = {}

    def kept(image: str | bytes) -> str:
        svg = isinstance(image, str)
        name = f"picture-{len(pictures) + 1}.{'svg' if svg else 'png'}"
        pictures[name] = image.encode() if isinstance(image, str) else image
        return name

    with speaking(report.language):
        content = _content(report, kept)
    return Document(_printable(content), pictures)


def _content(report: Report, kept: Callable[[str | bytes], str]) -> dict[str, Any]:
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "city": report.city,
        "lang": report.language,
        "dir": "rtl" if runs_right_to_left(report.language) else "ltr",
        "nothing": _("Nothing to list."),
        "figure": _("Figure"),
        "table": _("Table"),
        "of": _("of"),
        "date": report.date,
        "day": [report.created.year, report.created.month, report.created.day],
        "simulated": _(SIMULATED) if report.simulated else "",
        "simulated_means": _(SIMULATED_MEANS),
        "contents": report.contents,
        "blocks": [_data(block, kept) for block in report.blocks if not _is_blank(block)],
        "attribution": list(report.attribution),
    }


def _is_blank(block: Block) -> bool:
    return isinstance(block, Heading) and not block.text.strip()


def _data(block: Block, kept: Callable[[str | bytes], str]) -> dict[str, Any]:
    match block:
        case Figure():
            return {"kind": "figure", **_figure(block, kept)}
        case FigureRow():
            return {"kind": "figures", "figures": [_figure(one, kept) for one in block.figures]}
        case MapFigure():
            return {"kind": "map", **_map(block, kept)}
        case Table():
            return {
                "kind": "table",
                "columns": list(block.columns),
                "rows": [list(row) for row in block.rows],
                "caption": block.caption,
                "align": list(block.alignment()),
            }
        case _:
            return _words(block)


def _words(  # noqa: PLR0911 - one way out a kind of block
    block: Heading | Paragraph | Bullets | KeyFigures | Callout | Code | PageBreak,
) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "text": block.text, "level": block.level}
        case Paragraph():
            parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n", block.text)]
            return {"kind": "text", "parts": [part for part in parts if part]}
        case Bullets():
            return {"kind": "bullets", "items": list(block.items)}
        case KeyFigures():
            return {"kind": "key-figures", "figures": [vars(one) for one in block.figures]}
        case Callout():
            tone = {"tone": block.kind, "title": block.title}
            return {"kind": "callout", "text": block.text, **tone}
        case Code():
            return {"kind": "code", "lines": list(block.lines)}
        case PageBreak():
            return {"kind": "page-break"}


def _figure(figure: Figure, kept: Callable[[str | bytes], str]) -> dict[str, Any]:
    return {
        "picture": kept(figure.image),
        "caption": figure.caption,
        "alt": figure.alt or figure.caption or _("Figure"),
        "width": None if figure.width is None else min(max(figure.width, 0.05), 1.0),
    }


def _map(figure: MapFigure, kept: Callable[[str | bytes], str]) -> dict[str, Any]:
    picture = figure.picture
    return {
        "picture": kept(picture.png),
        "aspect": picture.height / picture.width,
        "scale": picture.scale_px / picture.width,
        "scale_label": _length(picture.scale_m),
        "legend": [_legend(one) for one in figure.legend],
        "tallest": figure.tallest_mm,
        "legend_title": figure.legend_title,
        "caption": figure.caption,
        "alt": figure.alt or figure.caption or _("Map"),
    }


def _legend(entry: LegendEntry) -> dict[str, Any]:
    """A line of a legend, in the colour the map has once the ground shines through."""
    if entry.outlined:
        drawn = {"colour": entry.colour, "hatched": False, "outlined": True}
        return {"label": entry.label, "note": entry.note, **drawn}
    return {
        "label": entry.label,
        "colour": seen_on_land(entry.colour, entry.strength),
        "note": entry.note,
        "hatched": entry.hatched,
        "outlined": False,
    }


def _length(metres: float) -> str:
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


_PER_CENT: Final = re.compile(r"(?<=\d) %")
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _printable(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Without characters that no file can hold; a number is kept beside its per cent sign."""
    if isinstance(value, str):
        return _PER_CENT.sub("\N{NO-BREAK SPACE}%", _UNPRINTABLE.sub("", value))
    if isinstance(value, dict):
        if value.get("kind") == "code":
            return {**value, "lines": [_UNPRINTABLE.sub("", one) for one in value["lines"]]}
        return {key: _printable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    return value
