"""Distances in words, as a language writes them: units, numbers in words, minutes on foot."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

WALKING_M_A_MINUTE = 80.0
"""Walking speed, 4.8 km/h: Transport for London, "Assessing transport connectivity in London"
(2015), Public Transport Access Levels."""
WALKABLE_M = 800.0
"""Walking distance where no minutes are said, ten minutes: Department for Transport, "Manual for
Streets" (2007), 4.4.1."""
SHORT_WALK_M = 400.0
"""A short walk, five minutes: Institution of Highways and Transportation, "Guidelines for Providing
for Journeys on Foot" (2000), table 3.2, desirable in other than town centres."""
BESIDE_M = 100.0
"""Next to, beside, along: the length of a street block, and about a cell's width."""


@dataclass(frozen=True)
class StatedDistance:
    """A distance somebody said.

    Attributes:
        metres: How far.
        by_time: Whether minutes were said.
        on_foot: Whether walking was said with them.
    """

    metres: float
    by_time: bool
    on_foot: bool


@dataclass(frozen=True)
class Measures:
    """How a language says distances; all are parts of patterns.

    Attributes:
        units: Metres of a unit, by its names.
        numbers: Numbers in words, as `folded` writes them.
        minutes: What minutes are called, with what stands between them and their number.
        hours: Likewise.
        on_foot: What says after a time that it is on foot.
        ridden: What says after a time that it is by other means.
        about: What may stand before a distance without changing it.
        before_time: What may stand before a time.
        thousands: What stands between thousands in digits.
        folded: Makes alike what the language writes in several ways.
        alone: Units that stand for one of themselves where no number is said.
        distance: A length or a time on foot; its groups are read by `stated`.
        ride: A time by other means than on foot: no distance can be told from it.
    """

    units: Mapping[str, float]
    numbers: Mapping[str, float]
    minutes: str
    hours: str
    on_foot: str
    ridden: str
    about: str
    before_time: str = ""
    thousands: str = ","
    folded: Callable[[str], str] = str.lower
    alone: str = "(?!)"
    distance: str = field(init=False)
    ride: str = field(init=False)

    def __post_init__(self) -> None:
        words = "|".join(re.escape(word) for word in sorted(self.numbers, key=len, reverse=True))
        # A number in words stands apart from its unit: German "einem" is not "eine m".
        digits = rf"\d+ ?/ ?\d+|\d{{1,3}}(?:{self.thousands}\d{{3}})+|\d+(?:[.,]\d+)?"
        number = rf"{digits}|(?:{words})(?=[- ])"
        length = rf"(?P<length>{number})(?:-| )?(?P<unit>{'|'.join(self.units)})\b"
        alone = rf"(?P<alone>{self.alone})\b"
        time = (
            rf"{self.before_time}(?P<time>{number})(?P<timeunit>{self.minutes}|{self.hours})"
            rf"(?P<foot> ?{self.on_foot})?"
        )
        object.__setattr__(self, "distance", rf"(?:{self.about})?(?:{length}|{alone}|{time})")
        object.__setattr__(
            self, "ride", rf"(?:{number})(?:{self.minutes}|{self.hours}) ?{self.ridden}"
        )

    def stated(self, found: re.Match[str]) -> StatedDistance | None:
        """The distance in a match of a pattern that holds `distance`; None where it holds none."""
        groups = found.groupdict()
        unit = groups.get("unit") or groups.get("alone")
        if unit is not None:
            number = 1.0 if groups["length"] is None else self._number(groups["length"])
            metres = next(m for names, m in self.units.items() if re.fullmatch(names, unit.lower()))
            return StatedDistance(number * metres, by_time=False, on_foot=False)
        if groups.get("time") is not None:
            minutes = self._number(groups["time"])
            if re.fullmatch(self.hours, groups["timeunit"], re.IGNORECASE):
                minutes *= 60
            on_foot = bool(groups.get("foot"))
            return StatedDistance(minutes * WALKING_M_A_MINUTE, by_time=True, on_foot=on_foot)
        return None

    def _number(self, text: str) -> float:
        text = self.folded(text).strip()
        if text in self.numbers:
            return self.numbers[text]
        if "/" in text:
            above, below = map(float, text.split("/"))
            return above / below if below else 0.0
        if re.fullmatch(rf"\d{{1,3}}(?:{self.thousands}\d{{3}})+", text):
            return float(re.sub(self.thousands, "", text))
        return float(text.replace(",", "."))
