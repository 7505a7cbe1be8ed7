"""Texts in tables that a spreadsheet opens: none of them may run as a formula.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break for a formula,
whatever a CSV file says, and a formula can send the sheet's content away. As OWASP advises, such a
text gets an apostrophe in front. Texts that have apostrophes and such a sign after them get one
more, so that what was written can be told again.
"""

import re

APOSTROPHE_NOTE = "texts that begin with = + - or @ have an apostrophe in front"
"""Said in a table in which a text was changed; a table that says so is read back as it was."""

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MADE_HARMLESS = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def without_formula(value: object) -> object:
    """Return a cell as it may stand in a table: a text that could run gets an apostrophe in front.

    Numbers, also those written as text, and whatever is no text stay as they are.
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def with_formula(value: object) -> object:
    """Return the cell that `without_formula` was given."""
    if isinstance(value, str) and _MADE_HARMLESS.match(value):
        return value[1:]
    return value
