"""What a look at an installation finds: one line a check, each with its remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from workflows.home.settings import Settings

OK: Final = "ok"
WARNING: Final = "warning"
PROBLEM: Final = "problem"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: What, in one or two words.
        state: "ok"; "warning": all works, but somebody should know; "problem": something does not.
        found: What is the case.
        remedy: What to do; empty where nothing has to be.
    """

    check: str
    state: str
    found: str
    remedy: str = ""


def fine(check: str, found: str) -> Finding:
    """A finding that asks for nothing."""
    return Finding(check, OK, found)


def warning(check: str, found: str, remedy: str) -> Finding:
    """A finding that somebody should know of."""
    return Finding(check, WARNING, found, remedy)


def problem(check: str, found: str, remedy: str) -> Finding:
    """A finding because of which something does not work."""
    return Finding(check, PROBLEM, found, remedy)


@dataclass
class Patient:
    """The installation that is looked at.

    Attributes:
        settings: Its settings.
        url: Address of its database, once it answers.
        engine: Connections to it.
        current: Whether its tables are those of this version, so that rows can be read.
    """

    settings: Settings
    url: str | None = None
    engine: Engine | None = None
    current: bool = False


Look = Callable[[Patient], Iterator[Finding]]
"""One check, or several that belong together."""
