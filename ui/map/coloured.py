"""What a map colours, whatever its shapes are: values, classes, tooltips, what is greyed out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from aether_core.charts.breaks import number_text
from aether_core.language import _
from ui.map.ramp import Colour

CLASS_ALPHA: Final = 205
_UNTRUSTED: Final = {False: (138, 146, 152, 150), True: (112, 122, 130, 165)}


class Scale(Protocol):
    """Cuts values into classes with a colour each."""

    @property
    def colours(self) -> tuple[Colour, ...]:
        """One RGBA colour a class."""
        ...

    def classes(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
        """Class of each value; NaN gives -1."""
        ...


@dataclass(frozen=True)
class Categories:
    """Named classes without an order; a value is the position of its name.

    Attributes:
        names: Class names.
        colours: One RGBA colour a name.
    """

    names: tuple[str, ...]
    colours: tuple[Colour, ...]

    def classes(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
        """The position itself; NaN gives -1."""
        missing = np.isnan(values)
        return np.where(missing, -1, np.where(missing, 0, values)).astype(np.int16)


@dataclass(frozen=True)
class Shown:
    """One field of a layer, ready to be drawn on cells or areas.

    Attributes:
        values: One number a shape, NaN where there is none; positions of names for categories.
        steps: Classes and colours.
        label: What a value is called in a tooltip, such as `percentile`.
        suffix: What follows the value there, such as ` m`.
        titles: First line of each shape's tooltip; the label and the value when empty.
        notes: Second line of each; `note` for all when empty.
        note: Second line of all.
        dimmed: Shapes drawn grey because they are not to be trusted, bool `[m]`; none when None.
        dim: The grey.
    """

    values: npt.NDArray[np.float32]
    steps: Scale
    label: str
    titles: Sequence[str] = field(default_factory=tuple)
    notes: Sequence[str] = field(default_factory=tuple)
    note: str = ""
    suffix: str = ""
    dimmed: npt.NDArray[np.bool_] | None = None
    dim: Colour = _UNTRUSTED[False]

    @property
    def palette(self) -> list[Colour]:
        """The colours by index, the grey of what is not trusted last."""
        return [*self.steps.colours, self.dim]

    @property
    def indices(self) -> npt.NDArray[np.int16]:
        """Position of each shape's colour in `palette`; -1 is not drawn."""
        classes = self.steps.classes(self.values)
        if self.dimmed is None:
            return classes
        grey = np.int16(len(self.steps.colours))
        return np.where(self.dimmed & (classes >= 0), grey, classes)

    @property
    def names(self) -> tuple[str, ...]:
        """What values are positions of; empty where they are numbers."""
        return self.steps.names if isinstance(self.steps, Categories) else ()

    def called(self, codes: Sequence[str]) -> "Shown":
        """The same with what each shape is called before its value, where that is not said yet."""
        titles = [self.title(at) for at in range(len(codes))]
        if titles and titles[0].startswith(codes[0]):
            return self
        return replace(
            self, titles=[f"{code} · {title}" for code, title in zip(codes, titles, strict=True)]
        )

    def title(self, at: int) -> str:
        """First line of a shape's tooltip; the page escapes it."""
        return self.titles[at] if self.titles else self.in_words(float(self.values[at]))

    def second(self, at: int) -> str:
        """Second line of a shape's tooltip; the page escapes it."""
        return self.notes[at] if self.notes else self.note

    def in_words(self, value: float) -> str:
        """A value in words."""
        if not math.isfinite(value):
            return _("no {label}", label=self.label)
        if isinstance(self.steps, Categories):
            return self.steps.names[int(value)]
        return f"{self.label} {number_text(value)}{self.suffix}"

    def records(self, names: Sequence[tuple[int, str, Any]]) -> list[dict[str, Any]]:
        """One record a drawn shape: `name: shape`, colour `c`, tooltip `t` and `n`.

        Args:
            names: Position, field name and content of each shape.
        """
        indices, palette = self.indices, [list(colour) for colour in self.palette]
        return [
            {name: shape, "c": palette[indices[at]], "t": self.title(at), "n": self.second(at)}
            for at, name, shape in names
            if indices[at] >= 0
        ]


def untrusted(*, dark: bool) -> Colour:
    """The grey of what is not to be trusted."""
    return _UNTRUSTED[dark]


def rgba(colour: str, alpha: int = CLASS_ALPHA) -> Colour:
    """`#rrggbb` with an opacity."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue, alpha
