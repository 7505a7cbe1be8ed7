"""Whose language is spoken just now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from babel import Locale

from aether_core.language.catalogues import SOURCE, matched, parsed

_ENGLISH: Final = Locale(SOURCE)


def _nobody() -> str | None:
    return None


class _Asking:
    """Who is asked for the reader's language where nobody has said it for this thread."""

    reader: Callable[[], str | None] = staticmethod(_nobody)


def _asked_anew() -> str | None:
    return _Asking.reader()


_told: Final[ContextVar[Callable[[], str | None]]] = ContextVar("told", default=_asked_anew)


def is_told_by(reader: Callable[[], str | None]) -> None:
    """Let sentences be in the language of whoever reads them.

    Args:
        reader: Gives the reader's locale (BCP 47) for the thread that calls it; None: English.
    """
    _Asking.reader = staticmethod(reader)


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Let every sentence of this thread be in one language, within: for a document, or a job."""
    before = _told.set(lambda: tag)
    try:
        yield
    finally:
        _told.reset(before)


def speak(tag: str | None) -> None:
    """Let every sentence of this thread be in one language from now on: a page has a thousand.

    Args:
        tag: A locale (BCP 47); None where nobody has said one.
    """
    _told.set(lambda: tag)


def locale() -> Locale:
    """The reader's locale; English, as sentences are, where there is no catalogue of it."""
    tag = wanted()
    if tag is None or tag == SOURCE or matched(tag) in {None, SOURCE}:
        return _ENGLISH
    return parsed(tag) or _ENGLISH


def wanted() -> str | None:
    """The language somebody reads names in, BCP 47; None where nobody has said one.

    Unlike sentences names take no catalogue: a Swede, who reads English pages, has them in Swedish.
    """
    return _told.get()()


def spoken() -> str:
    """The reader's language, one of those there are."""
    return str(locale().language)


def tag() -> str:
    """The reader's locale as BCP 47 has it, such as `de-AT`."""
    return str(locale()).replace("_", "-")


def runs_right_to_left(tag: str) -> bool:
    """Whether a locale is written from right to left."""
    found = parsed(tag)
    return found is not None and found.text_direction == "rtl"
