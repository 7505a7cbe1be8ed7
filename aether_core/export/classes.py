"""The classes of a layer: numbers, names and colours, as metadata tells them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aether_core.errors import InputError

UNTRUSTED_NAME: Final = "unreliable here"
UNTRUSTED_COLOUR: Final = "#b8b8b8"
"""Of what is not to be trusted, whatever its class."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MOST = 255


@dataclass(frozen=True)
class ClassEntry:
    """One class.

    Attributes:
        value: Its number in rasters, 1 to 255.
        name: What the layer's features call it.
        colour: `#rrggbb`.
    """

    value: int
    name: str
    colour: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return red, green, blue


def class_entries(metadata: Mapping[str, object]) -> list[ClassEntry]:
    """Return the classes of a layer whose metadata has `classes` and `class_field`, else none.

    Raises:
        InputError: There are more classes than a byte can number.
        ValueError: A class lacks its name or colour, or two share a number or name.
    """
    listed = metadata.get("classes")
    if not isinstance(listed, Sequence) or not metadata.get("class_field"):
        return []
    return entries(listed)


def entries(classes: Sequence[Mapping[str, object]]) -> list[ClassEntry]:
    """Return classes given as `{value, name, colour}`; the value may be left out: 1, 2, ...

    Raises:
        InputError: There are more classes than a byte can number.
        ValueError: A class lacks its name or colour, or two share a number or name.
    """
    if len(classes) > _MOST:
        raise InputError(
            "too many classes",
            len(classes),
            f"merge them into at most {_MOST}",
            code="too-many-classes",
        )
    found = []
    for at, entry in enumerate(classes, start=1):
        value, colour = entry.get("value", at), str(entry.get("colour", ""))
        if not isinstance(value, int) or not 1 <= value <= _MOST:
            raise ValueError(f"a class's number must be 1 to {_MOST}, not {value}")
        if not _COLOUR.fullmatch(colour):
            raise ValueError(f"a class's colour must be #rrggbb, not {colour!r}")
        found.append(ClassEntry(value, str(entry["name"]), colour.lower()))
    for kind in ("value", "name"):
        if len({getattr(entry, kind) for entry in found}) < len(found):
            raise ValueError(f"two classes have the same {kind}")
    return found
