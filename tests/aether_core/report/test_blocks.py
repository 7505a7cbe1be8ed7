"""What a report is made of."""

import pytest

from aether_core.errors import InputError
from aether_core.report.blocks import Code, Figure, Heading, Paragraph, Table
from aether_core.report.document import document_of
from tests.aether_core.report.content import little_map, report


def test_columns_of_numbers_stand_to_the_right() -> None:
    rows = (
        ("Park", "1,234", "12.3 %", "0.4 to 0.6", "–", "E01"),
        ("Water", "-3", "", "0.1", "5", "7"),
    )
    table = Table(("Class", "n", "share", "interval", "gap", "code"), rows)
    assert table.alignment() == "lrrrrl"
    assert Table(("a", "b"), ()).alignment() == "ll"
    assert Table(("a",), (("1",),), align="c").alignment() == "c"


@pytest.mark.parametrize(
    ("columns", "rows", "align"),
    [((), (), ""), (("a", "b"), (("1",),), ""), (("a",), (("1",),), "lr")],
)
def test_an_uneven_table_is_refused(
    columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], align: str
) -> None:
    with pytest.raises(InputError):
        Table(columns, rows, align=align)


def test_paragraphs_part_at_blank_lines_only() -> None:
    content = document_of(report(Paragraph("one\ntwo\n\n  \nthree"))).content
    assert content["blocks"][0]["parts"] == ["one two", "three"]


def test_pictures_are_kept_once_each_under_a_name_of_their_kind() -> None:
    document = document_of(report(Figure("<svg/>"), Figure(b"png"), little_map()))
    assert list(document.pictures) == ["picture-1.svg", "picture-2.png", "picture-3.png"]
    assert document.content["blocks"][2]["scale_label"] == "200 m"
    assert document.content["date"] == "3 June 2026"


def test_a_number_stays_beside_its_sign_but_commands_are_left_alone() -> None:
    content = document_of(
        report(Paragraph("7 % of it"), Code(("echo 7 % 2",)), Heading(" "))
    ).content
    assert content["blocks"][0]["parts"] == ["7\N{NO-BREAK SPACE}% of it"]
    assert content["blocks"][1]["lines"] == ["echo 7 % 2"]
    assert len(content["blocks"]) == 2  # a heading of nothing is left out
