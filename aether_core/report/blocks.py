"""What a report is made of. Every text is plain: nothing in it is taken for markup."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Literal

from aether_core.errors import InputError
from aether_core.language import SOURCE, day_in_full, speaking
from aether_core.report.map_picture import MapPicture

CalloutKind = Literal["note", "caution", "good"]


@dataclass(frozen=True)
class Heading:
    """A heading.

    Attributes:
        text: Its words.
        level: 1 for a section, 2 for a part of one.
    """

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Paragraph:
    """Running text; each blank line starts a new paragraph."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of short points."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class KeyFigure:
    """One number to remember.

    Attributes:
        label: What it is.
        value: The number with its unit, a few characters.
        note: What it rests on, such as an interval.
    """

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class KeyFigures:
    """Numbers side by side, up to four a row."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Table:
    """A table whose head is repeated on each page.

    Attributes:
        columns: Heads.
        rows: As many cells each as there are columns.
        caption: Stands above it.
        align: One of `l`, `r`, `c` a column; empty sets columns of numbers to the right.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    align: str = ""

    def __post_init__(self) -> None:
        if not self.columns:
            raise InputError(
                "a table needs columns",
                self.caption or "table",
                "name its columns",
                code="table-without-columns",
            )
        uneven = [row for row in self.rows if len(row) != len(self.columns)]
        if uneven or (self.align and len(self.align) != len(self.columns)):
            raise InputError(
                "a table's rows must have as many cells as it has columns",
                uneven[0] if uneven else self.align,
                f"give {len(self.columns)}",
                code="table-rows-uneven",
            )

    def alignment(self) -> str:
        """One of `l`, `r`, `c` a column."""
        if self.align:
            return self.align
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        return "".join("r" if _all_numbers(cells) else "l" for cells in columns)


@dataclass(frozen=True)
class Figure:
    """A picture with its caption.

    Attributes:
        image: SVG text as `aether_core.charts.to_svg` gives it, or the bytes of a PNG.
        caption: Stands below it.
        alt: What it shows, for readers who cannot see it.
        width: Share of the text's width, above 0 to 1; None keeps the picture's own size (627 CSS
            pixels are the text's width), so that the type of all charts is alike.
    """

    image: str | bytes
    caption: str = ""
    alt: str = ""
    width: float | None = None


@dataclass(frozen=True)
class FigureRow:
    """Two or three figures side by side; their widths are their parts of it."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class LegendEntry:
    """One line of a legend.

    Attributes:
        label: What the colour means.
        colour: `#rrggbb`.
        note: More about it, such as its share of the city.
        hatched: Drawn as the cells that are not to be trusted.
        outlined: Drawn as an area that the map marks by its edge.
        strength: How much of the colour the map lays on, 0 to 1.
    """

    label: str
    colour: str = "#b4b8ba"
    note: str = ""
    hatched: bool = False
    outlined: bool = False
    strength: float = 1.0


@dataclass(frozen=True)
class MapFigure:
    """A map with its legend and scale bar.

    Attributes:
        picture: What `draw_map` drew.
        legend: Its colours.
        legend_title: What the colours show, with the unit.
        caption: Stands below it.
        alt: What it shows, for readers who cannot see it.
        tallest_mm: Most height on paper: less lets it share a page with other things.
    """

    picture: MapPicture
    legend: tuple[LegendEntry, ...] = ()
    legend_title: str = ""
    caption: str = ""
    alt: str = ""
    tallest_mm: float = 165.0


@dataclass(frozen=True)
class Callout:
    """A box that must not be missed: `note`, `caution` or `good`."""

    kind: CalloutKind
    text: str
    title: str = ""


@dataclass(frozen=True)
class Code:
    """Commands, one a line; long ones are wrapped without a character added."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class PageBreak:
    """What follows starts on a new page."""


Block = (
    Heading
    | Paragraph
    | Bullets
    | KeyFigures
    | Table
    | Figure
    | FigureRow
    | MapFigure
    | Callout
    | Code
    | PageBreak
)


@dataclass(frozen=True)
class Report:
    """A document.

    Attributes:
        title: What it is about.
        subtitle: One line more.
        city: Named at the head of each page.
        created: When it was made.
        simulated: Whether the embedding is simulated; then every page says so.
        blocks: The content.
        attribution: Credits of the data, at the foot of the last page.
        contents: Whether a table of contents follows the title.
        language: Locale (BCP 47) of its words.
    """

    title: str
    subtitle: str
    city: str
    created: dt.datetime
    simulated: bool
    blocks: tuple[Block, ...]
    attribution: tuple[str, ...] = ()
    contents: bool = False
    language: str = SOURCE

    @property
    def date(self) -> str:
        """The day it was made, such as `3 June 2026`."""
        with speaking(self.language):
            return day_in_full(self.created)


_NUMBER: Final = re.compile(r"^[<>±+\-−–]?\s?\d[\d\s,. ]*(%|\s%|[a-z]{0,3}²?)?$")

_RANGE: Final = re.compile(r"^[^\s\d]?[\d.,]+(\s%)?\s\w+\s[^\s\d]?[\d.,]+(\s%)?$")


def _all_numbers(cells: tuple[str, ...]) -> bool:
    """Whether a column holds numbers, missing ones (an empty cell or a dash) aside."""
    filled = [cell.strip() for cell in cells if cell.strip() not in {"", "-", "–", "—"}]
    return bool(filled) and all(_NUMBER.match(cell) or _RANGE.match(cell) for cell in filled)
