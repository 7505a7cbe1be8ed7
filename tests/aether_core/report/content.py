"""A report that holds every kind of block, and texts that try to break it."""

import datetime as dt

import numpy as np
import shapely

from aether_core.charts import class_counts, to_svg
from aether_core.report.blocks import (
    Block,
    Bullets,
    Callout,
    Code,
    Figure,
    FigureRow,
    Heading,
    KeyFigure,
    KeyFigures,
    LegendEntry,
    MapFigure,
    PageBreak,
    Paragraph,
    Report,
    Table,
)
from aether_core.report.map_picture import draw_map

MARKUP = (
    "#panic() $x^2$ *bold* <script>alert('x')</script> {{ 7 * 7 }} {% if %} @ref \\ // end & co"
)
NO_BREAK = "a" * 400
SIGNED = "/srv/a_long_path" * 30
CITY = shapely.box(24.93, 60.16, 24.95, 60.17)


def report(*blocks: Block, simulated: bool = True, **more: object) -> Report:
    given: dict[str, object] = {
        "title": "Land use of Central Helsinki",
        "subtitle": "Linear probe, 2024",
        "city": "Central Helsinki (demo)",
        "created": dt.datetime(2026, 6, 3, 12, 0, tzinfo=dt.UTC),
        "simulated": simulated,
        "blocks": blocks,
        "attribution": ("© OpenStreetMap contributors", NO_BREAK),
    }
    return Report(**{**given, **more})  # type: ignore[arg-type]


def chart() -> str:
    return to_svg(class_counts({"Park": 30, "Κατοικία": 20, "Жилая": 10}))


def little_map(entries: int = 3) -> MapFigure:
    halves = np.array(
        [shapely.box(24.93, 60.16, 24.94, 60.17), shapely.box(24.94, 60.16, 24.95, 60.17)]
    )
    picture = draw_map(
        halves,
        np.array([[200, 30, 30], [30, 30, 200]], np.uint8),
        boundary=CITY,
        trusted=np.array([True, False]),
        width_px=400,
    )
    legend = tuple(
        LegendEntry(f"class {n} {'long ' * n}", "#ba2f0b", f"{n} %") for n in range(entries)
    )
    return MapFigure(
        picture, (*legend, LegendEntry(NO_BREAK, hatched=True)), "Use", "A map.", "Map"
    )


def every_block() -> tuple[Block, ...]:
    figure = Figure(chart(), "Labels of each class.", "Bars")
    texts = (MARKUP, NO_BREAK, SIGNED, "Ελληνικά, Кириллица, żółć ≥ ± ×", "")
    return (
        KeyFigures(
            tuple(
                KeyFigure(NO_BREAK[:60], value, "note")
                for value in ("4,980", "0.66 to 0.69 nats", NO_BREAK[:50])
            )
        ),
        little_map(),
        *(Heading(text, 1) for text in texts),
        *(Heading(text, 2) for text in texts),
        *(Paragraph(text) for text in texts),
        Bullets(texts),
        *(Callout("caution", text, text) for text in texts),
        Callout("note", "n"),
        Callout("good", "g"),
        Code(
            (
                *texts,
                "  ./aether landuse helsinki --labels labels.gpkg --field landuse --seed 42 " * 3,
            )
        ),
        Table(("Text", "Number"), tuple((text, "1.0") for text in texts), MARKUP),
        Table(tuple(f"column_{n}_with_a_name" for n in range(14)), (("0.123",) * 14,), "Wide."),
        Table(("Area", "Share"), tuple((f"E0100{n}", f"{n} %") for n in range(60)), "Sixty rows."),
        Table(("Nothing",), (), "Empty."),
        figure,
        FigureRow((figure, figure)),
        PageBreak(),
        little_map(45),
    )
