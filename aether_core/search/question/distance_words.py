"""Distances in words: British and American units, numbers in words, minutes on foot."""

import re
from dataclasses import dataclass

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

_METRES = {
    r"km|kms|kilomet(?:re|er)s?|k": 1000.0,
    r"m|mt|mtrs?|met(?:re|er)s?": 1.0,
    r"mi|miles?": 1609.344,
    r"ft|feet|foot": 0.3048,
    r"yds?|yards?": 0.9144,
}
_MINUTES = r"(?:-| )?(?:min|mins|minutes?)(?:['’])?"
_HOURS = r"(?:-| )?(?:hours?|hrs?)(?:['’]s?)?"
_SMALL = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0,
    "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "twelve": 12.0,
    "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "fifty": 50.0, "a hundred": 100.0,
    "one hundred": 100.0, "two hundred": 200.0, "three hundred": 300.0, "five hundred": 500.0,
    "a thousand": 1000.0, "half a": 0.5, "half an": 0.5, "half": 0.5, "a half": 0.5, "a "
    "quarter of a": 0.25,
    "quarter of a": 0.25, "a quarter": 0.25, "quarter": 0.25, "three quarters of a": 0.75,
    "a couple of": 2.0, "one and a half": 1.5,
}  # fmt: skip
_NUMBER = r"\d+ ?/ ?\d+|\d{1,3}(?:,\d{3})+|\d+(?:[.,]\d+)?|" + "|".join(
    re.escape(word) for word in sorted(_SMALL, key=len, reverse=True)
)
_LENGTH = rf"(?P<length>{_NUMBER})(?:-| )?(?P<unit>{'|'.join(_METRES)})\b"
_ON_FOOT = r"(?:['’]|s['’])?(?:-| )?(?:walks?|walking(?: time)?|on foot|by foot|stroll)\b"
_RIDDEN = (
    r"(?:['’]|s['’])?(?:-| )?(?:drive|driving|by (?:car|bus|tram|bike|bicycle|train|metro|taxi)|"
    r"ride|(?:bike|bicycle|bus|tram|train|car|metro|tube|subway) (?:ride|journey|trip)|"
    r"cycl(?:e|ing)|journey|commute)\b"
)
_TIME = rf"(?:an? )?(?P<time>{_NUMBER})(?P<timeunit>{_MINUTES}|{_HOURS})(?P<foot> ?{_ON_FOOT})?"

DISTANCE = rf"(?:about |around |approximately |roughly |ca\.? |~ ?)?(?:{_LENGTH}|{_TIME})"
"""A length or a time on foot, as a part of a pattern; its groups are read by `stated_distance`."""
RIDDEN = rf"(?:{_NUMBER})(?:{_MINUTES}|{_HOURS}) ?{_RIDDEN}"
"""A time by other means than on foot: no distance can be told from it."""


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


def stated_distance(found: re.Match[str]) -> StatedDistance | None:
    """The distance in a match of a pattern that holds `DISTANCE`; None where it holds none."""
    groups = found.groupdict()
    if groups.get("length") is not None:
        unit = groups["unit"].lower()
        metres = next(value for names, value in _METRES.items() if re.fullmatch(names, unit))
        return StatedDistance(_number(groups["length"]) * metres, by_time=False, on_foot=False)
    if groups.get("time") is not None:
        minutes = _number(groups["time"])
        if re.fullmatch(_HOURS, groups["timeunit"]):
            minutes *= 60
        on_foot = bool(groups.get("foot"))
        return StatedDistance(minutes * WALKING_M_A_MINUTE, by_time=True, on_foot=on_foot)
    return None


def _number(text: str) -> float:
    text = text.lower().strip()
    if text in _SMALL:
        return _SMALL[text]
    if "/" in text:
        above, below = map(float, text.split("/"))
        return above / below if below else 0.0
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))
