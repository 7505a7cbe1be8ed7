"""The words of a question that relate others: near, not near, not, in, and, or, how much."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aether_core.search.question.distance_words import (
    BESIDE_M,
    DISTANCE,
    RIDDEN,
    SHORT_WALK_M,
    WALKABLE_M,
    stated_distance,
)

Role = Literal[
    "relation",
    "after",
    "and",
    "or",
    "comma",
    "stop",
    "but",
    "with",
    "weight",
    "times",
    "unmapped",
    "unmapped_object",
    "softener",
]
"""What a marker does: `relation` begins a criterion, `after` ends one ("a school nearby")."""


@dataclass(frozen=True)
class Marker:
    """Words that relate others.

    Attributes:
        role: What they do.
        text: The words.
        kind: Kind of the criterion that a relation makes.
        distance_m: Its distance, where they say one.
        stated: Whether that distance was said as a number.
        weight: Of the criterion after it.
        note: What to tell of how they were read.
    """

    role: Role
    text: str
    kind: str = ""
    distance_m: float | None = None
    stated: bool = False
    weight: float = 1.0
    note: str = ""


Make = Callable[[re.Match[str]], Marker]
_OF = r"(?:of|from|to)"
_AWAY = r"(?:away )?"
_JUST = r"(?:very |quite |really |right |so |just |directly |immediately |too |that )*"
_NOT = (
    r"(?:not|nor|never|nowhere|isn['’]t|aren['’]t|don['’]t want (?:to be )?|without being|neither)"
)
_CENTRE = (
    r"(?:(?:the )?(?:very )?(?:(?:city|town|urban|historic(?:al)?) )?"
    r"(?:centre|center|core)(?! for)\b|"
    r"(?:the )?(?:downtown|inner city|cbd|central business district)\b)"
)
_EVERYWHERE = (
    r"(?:(?:this|the|my|our) )?(?:city|town|area|whole city|whole town)\b(?! \w*hall)|here\b"
)


def _distance(
    kind: str, default: float | None = None, *, note: str = "", role: Role = "relation"
) -> Make:
    def make(found: re.Match[str]) -> Marker:
        distance = stated_distance(found)
        metres, stated = (distance.metres, True) if distance is not None else (default, False)
        return Marker(role, found[0], kind, metres, stated, note=note)

    return make


def _away_from(found: re.Match[str]) -> Marker:
    """Near for "5 minutes away from"; "500 m away from" is read as at least so far."""
    distance = stated_distance(found)
    if distance is None:
        return Marker("relation", found[0], "not_near")
    if distance.by_time or not found["away"]:
        return Marker("relation", found[0], "near", distance.metres, stated=True)
    note = f"“{found[0].strip()}” was read as at least that far; for at most, write “within”"
    return Marker("relation", found[0], "not_near", distance.metres, stated=True, note=note)


def _plain(role: Role) -> Make:
    return lambda found: Marker(role, found[0])


def _weight(weight: float, role: Role = "weight") -> Make:
    return lambda found: Marker(role, found[0], weight=weight)


def _times(found: re.Match[str]) -> Marker:
    return Marker("times", found[0], weight=float(found["times"].replace(",", ".")))


def _unmapped(note: str, role: Role = "unmapped") -> Make:
    return lambda found: Marker(role, found[0], note=note)


NO_TIMES = "opening hours are not in the city's data"
NO_PRICES = "prices and rents are not in the city's data"
NO_RIDES = "time by car, bike or public transport is not known here; give metres"
NO_BLOCKS = "a block has no fixed length; give metres"
NO_UNIT = "a distance needs a unit, such as m, km, miles or minutes' walk"
NO_DIRECTIONS = "compass directions are not understood; give an area"

NO_RING = "two distances at once; write “at least 200 m from it and within 500 m of it”"
_TWO_DISTANCES = r"\d[\d.,]* ?[a-z]* ?(?:and|to|-|–) ?\d[\d.,]* ?[a-z]+"

_PATTERNS: tuple[tuple[str, Make], ...] = (
    # What no criterion can be made of.
    (rf"(?:with)?in (?:an? )?{RIDDEN}(?: {_OF})?", _unmapped(NO_RIDES, "unmapped_object")),
    (rf"(?:an? )?{RIDDEN} {_AWAY}{_OF}", _unmapped(NO_RIDES, "unmapped_object")),
    (
        (
            r"(?:within )?(?:an? |one |two |three |a few |a couple of |\d+ )(?:city )?blocks? "
            rf"{_AWAY}{_OF}"
        ),
        _unmapped(NO_BLOCKS, "unmapped_object"),
    ),
    (
        (
            r"(?:(?:to|in) the )?(?:north|south|east|west|north-?east|north-?west|south-?east|"
            r"south-?west) (?:side )?of"
        ),
        _unmapped(NO_DIRECTIONS, "unmapped_object"),
    ),
    (
        (
            r"(?:for |costing )?(?:under|below|less than|up to|max(?:imum)?|cheaper than|over|"
            r"from)? ?"
            r"[£$€] ?\d[\d,.]*(?:k|m)?(?: (?:a|per) (?:month|week|night|year))?"
        ),
        _unmapped(NO_PRICES),
    ),
    (
        (
            r"(?:that (?:is|are) )?open (?:late|now|early|24/7|all night|at night|today|"
            r"tonight|until"
            r" \w+|after \w+|on \w+days?)"
        ),
        _unmapped(NO_TIMES),
    ),
    (
        rf"(?:within (?:an? )?|(?:at least|less than|more than) )?\d+(?:[.,]\d+)? {_AWAY}{_OF}",
        _unmapped(NO_UNIT, "unmapped_object"),
    ),
    (
        rf"(?:between|from) {_TWO_DISTANCES} (?:away )?{_OF}",
        _unmapped(NO_RING, "unmapped_object"),
    ),
    # A distance, and what it is measured from.
    (rf"{_NOT} within (?:an? )?{DISTANCE} {_OF}", _distance("not_near")),
    (rf"outside (?:an? )?{DISTANCE} {_OF}", _distance("not_near")),
    (
        (
            rf"{_NOT} (?:with)?in (?:easy )?walking distance {_OF}|beyond walking distance {_OF}|"
            rf"outside walking distance {_OF}"
        ),
        _distance("not_near", WALKABLE_M),
    ),
    (
        (
            rf"(?:(?:no|not) (?:more|further|farther) than|less than|under|up to|at most|"
            rf"fewer than|"
            rf"(?:a )?max(?:imum)?(?: of)?|below) {DISTANCE} {_AWAY}{_OF}"
        ),
        _distance("near"),
    ),
    (
        (
            rf"(?:at least|(?:a )?min(?:imum)?(?: of)?|more than|over|further than|"
            rf"farther than|beyond|"
            rf"(?:no|not) (?:closer|nearer|less) than) {DISTANCE} {_AWAY}{_OF}"
        ),
        _distance("not_near"),
    ),
    (r"(?:no|not) (?:closer|nearer) (?:to|than)", _distance("not_near")),
    (rf"(?:with)?in (?:an? )?(?:easy )?{DISTANCE} {_OF}", _distance("near")),
    (rf"within (?:an? )?{DISTANCE}", _distance("near", role="after")),
    (
        rf"(?:(?:with)?in )?(?:an? )?(?:easy |comfortable |short )?walking distance {_OF}",
        _distance("near", WALKABLE_M),
    ),
    (
        r"(?:with)?in (?:easy |comfortable )?(?:walking distance|walk)",
        _distance("near", WALKABLE_M, role="after"),
    ),
    (
        (
            rf"(?:with)?in (?:an? )?(?:short|quick) (?:walk|stroll) {_OF}|"
            rf"(?:an? )?(?:short|quick) (?:walk|stroll) {_AWAY}{_OF}"
        ),
        _distance("near", SHORT_WALK_M),
    ),
    (
        r"(?:an? )?(?:short|quick) (?:walk|stroll) away",
        _distance("near", SHORT_WALK_M, role="after"),
    ),
    (rf"walkable {_OF}|(?:with)?in (?:easy )?reach of", _distance("near", WALKABLE_M)),
    (rf"(?:an? )?{DISTANCE} (?P<away>away )?from", _away_from),
    (
        rf"(?:at least|more than|over|further than|farther than|a minimum of) {DISTANCE} away",
        _distance("not_near", role="after"),
    ),
    (rf"(?:an? )?{DISTANCE} away", _distance("near", role="after")),
    (r"(?:well |far )away(?! from)", _distance("not_near", role="after")),
    (
        rf"{_NOT} on(?= (?:the|an?|any|main|busy|major) )",
        _distance("not_near", BESIDE_M),
    ),
    # Far.
    (rf"{_NOT} {_JUST}far (?:away )?from", _distance("near")),
    (
        rf"{_NOT} {_JUST}(?:next to|beside|adjacent to|alongside|opposite|bordering)",
        _distance("not_near", BESIDE_M),
    ),
    (
        (
            rf"(?:nowhere|{_NOT}(?: anywhere)?) {_JUST}(?:near(?: to)?|close to|by|around|"
            rf"along)(?! the clock)"
        ),
        _distance("not_near"),
    ),
    (
        (
            r"(?:well |far |further |safely |set )?(?:away|far|back) from|far away from|"
            r"clear of|remote from|isolated from|out of reach of|avoiding|avoid"
        ),
        _distance("not_near"),
    ),
    # Near.
    (
        (
            r"(?:right |immediately |directly |just )*(?:next to|next door to|beside|"
            r"adjacent to|adjoining|"
            r"alongside|opposite(?: to)?|across from|bordering|overlooking|facing|along|"
            r"on the edge of|"
            r"at the edge of)"
        ),
        _distance("near", BESIDE_M),
    ),
    (
        r"(?:very|really|right|extremely) (?:near|close)(?: to| by)?(?= )(?! and)",
        _distance("near", BESIDE_M),
    ),
    (r"a stone['’]s throw (?:away )?from", _distance("near", BESIDE_M)),
    (r"by(?= (?:the|an?) )", _distance("near", BESIDE_M)),
    (
        (
            r"nearby|near by|close by|close at hand|around the corner|on the doorstep|"
            r"in the vicinity(?! of)|"
            r"in the neighbou?rhood(?! of)"
        ),
        _distance("near", role="after"),
    ),
    (
        (
            r"near(?:by)?(?: to)?|close to|in the (?:vicinity|neighbou?rhood) of|around|"
            r"surrounded by|"
            r"handy for|convenient for|between|not far from"
        ),
        _distance("near"),
    ),
    # Areas.
    (
        rf"(?:{_NOT} in(?:side)?|outside(?: of)?|out of)(?= {_CENTRE})",
        _distance("not_near"),
    ),
    (rf"(?:in(?:side)?|within|at)(?= {_CENTRE})", _distance("near")),
    (
        rf"(?:any ?where |somewhere )?(?:in|within|across|throughout) (?:{_EVERYWHERE})",
        _plain("softener"),
    ),
    (r"(?:in|inside|within)(?= (?:the )?(?-i:[A-ZÀ-ÖØ-Þ]))", _distance("in")),
    # Not.
    (r"neither", _distance("not_like")),
    (
        (
            r"(?:not (?:like|any)|not(?! necessarily)|without(?: any)?|with no|no|"
            r"except(?: for)?|excluding|other than|apart from|rather than|instead of|minus|"
            r"free (?:of|from)|"
            r"unlike|isn['’]t|aren['’]t|is not|are not|never)"
        ),
        _distance("not_like"),
    ),
    # And, or, but.
    (r"as well as|and also|and|plus|nor|&|\+", _plain("and")),
    (r"or else|or|either", _plain("or")),
    (r"but also|but|yet|though|although", _plain("but")),
    (r"with|having|which (?:has|have)|that (?:has|have)|where there (?:is|are)", _plain("with")),
    # How much.
    (r"\(?[x×*] ?(?P<times>\d+(?:[.,]\d+)?)\)?", _times),
    (
        (
            r"above all|most importantly|most of all|more importantly|especially|particularly|"
            r"primarily|"
            r"chiefly|mostly|mainly|crucially|essentially|first and foremost|it must be|must be"
        ),
        _weight(2.0),
    ),
    (
        (
            r"ideally|preferably|perhaps|maybe|possibly|if possible|optionally|where possible|"
            r"nice to have|as a bonus|a bonus would be"
        ),
        _weight(0.5),
    ),
)
_COMPILED = tuple(
    (re.compile(rf"(?:{pattern})(?![\w-])", re.IGNORECASE), make) for pattern, make in _PATTERNS
)


def marker_at(text: str, at: int) -> tuple[Marker, int] | None:
    """The marker that begins at a word's first letter, and where it ends; None where none does."""
    for pattern, make in _COMPILED:
        found = pattern.match(text, at)
        if found is not None:
            return make(found), found.end()
    return None
