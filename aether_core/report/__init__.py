"""A report a committee can read: blocks in, one PDF or one HTML file out."""

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
from aether_core.report.map_picture import MapPicture, draw_map
from aether_core.report.to_html import write_html
from aether_core.report.to_pdf import write_pdf

__all__ = [
    "Block",
    "Bullets",
    "Callout",
    "Code",
    "Figure",
    "FigureRow",
    "Heading",
    "KeyFigure",
    "KeyFigures",
    "LegendEntry",
    "MapFigure",
    "MapPicture",
    "PageBreak",
    "Paragraph",
    "Report",
    "Table",
    "draw_map",
    "write_html",
    "write_pdf",
]
