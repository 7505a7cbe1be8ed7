"""What lies under all layers of a map: the style that was set, else the page's land colour."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aether_core.language import _, mark

_VERSION: Final = 8
_MOST_BYTES: Final = 5_000_000
_FIX: Final = mark(
    "Maps are drawn without it until AETHER_BASEMAP_STYLE is set to a MapLibre style."
)


@dataclass(frozen=True)
class Basemap:
    """The background of the maps.

    Attributes:
        style: An address or a MapLibre style; None for none.
        problem: Why the style that was set is not drawn, as sentences; "" when it is.
    """

    style: str | dict[str, Any] | None
    problem: str = ""


def basemap(style: str | None) -> Basemap:
    """Return the background that a setting asks for, or none with the reason.

    Args:
        style: URL or path of a MapLibre style.
    """
    if not style:
        return Basemap(None)
    if "://" in style:
        return _address(style)
    path = Path(style).expanduser()
    try:
        facts = path.stat()
    except OSError as error:
        return _without(
            _(
                "The map style {name} cannot be read ({strerror}).",
                name=path.name,
                strerror=error.strerror,
            )
        )
    return _file(path, facts.st_mtime_ns, facts.st_size)


def _address(style: str) -> Basemap:
    try:
        parts = urlsplit(style)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        sound = False
    return (
        Basemap(style)
        if sound
        else _without(_("The address of the map style is not valid: {style}.", style=style))
    )


@lru_cache(maxsize=4)
def _file(path: Path, changed: int, size: int) -> Basemap:  # noqa: ARG001 - read anew when changed
    if size > _MOST_BYTES:
        return _without(
            _(
                "The map style {name} is larger than {most_bytes:,} bytes.",
                name=path.name,
                most_bytes=_MOST_BYTES,
            )
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
    except OSError as error:
        return _without(
            _(
                "The map style {name} cannot be read ({strerror}).",
                name=path.name,
                strerror=error.strerror,
            )
        )
    except (ValueError, RecursionError):
        return _without(_("The map style {name} is not valid JSON.", name=path.name))
    if not _is_style(found):
        return _without(
            _(
                "The file {name} is not a MapLibre style of version {version}.",
                name=path.name,
                version=_VERSION,
            )
        )
    return Basemap(found)


def _is_style(found: object) -> bool:
    """Whether a document has what MapLibre needs to draw anything at all."""
    return (
        isinstance(found, dict)
        and found.get("version") == _VERSION
        and isinstance(found.get("sources"), dict)
        and all(isinstance(source, dict) for source in found["sources"].values())
        and isinstance(found.get("layers"), list)
        and all(
            isinstance(layer, dict) and isinstance(layer.get("id"), str) and "type" in layer
            for layer in found["layers"]
        )
    )


def _no_number(name: str) -> float:
    raise ValueError(name)


def _without(why: str) -> Basemap:
    return Basemap(None, f"{why} {_(_FIX)}")
