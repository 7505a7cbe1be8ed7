"""How English asks: British and American wording and units."""

import re
from functools import partial

from aether_core.language import mark
from aether_core.search.question import markers
from aether_core.search.question.distance_words import (
    BESIDE_M,
    SHORT_WALK_M,
    WALKABLE_M,
    Measures,
)
from aether_core.search.question.grammar import Grammar
from aether_core.search.question.names import CAPITAL

_NUMBERS = {
    "a": 1.0, "an": 1.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0,
    "six": 6.0, "seven": 7.0, "eight": 8.0, "nine": 9.0, "ten": 10.0, "twelve": 12.0,
    "fifteen": 15.0, "twenty": 20.0, "thirty": 30.0, "fifty": 50.0, "a hundred": 100.0,
    "one hundred": 100.0, "two hundred": 200.0, "three hundred": 300.0, "five hundred": 500.0,
    "a thousand": 1000.0, "half a": 0.5, "half an": 0.5, "half": 0.5, "a half": 0.5, "a "
    "quarter of a": 0.25,
    "quarter of a": 0.25, "a quarter": 0.25, "quarter": 0.25, "three quarters of a": 0.75,
    "a couple of": 2.0, "one and a half": 1.5,
}  # fmt: skip
_MEASURES = Measures(
    units={
        r"km|kms|kilomet(?:re|er)s?|k": 1000.0,
        r"m|mt|mtrs?|met(?:re|er)s?": 1.0,
        r"mi|miles?": 1609.344,
        r"ft|feet|foot": 0.3048,
        r"yds?|yards?": 0.9144,
    },
    numbers=_NUMBERS,
    minutes=r"(?:-| )?(?:min|mins|minutes?)(?:['’])?",
    hours=r"(?:-| )?(?:hours?|hrs?)(?:['’]s?)?",
    on_foot=r"(?:['’]|s['’])?(?:-| )?(?:walks?|walking(?: time)?|on foot|by foot|stroll)\b",
    ridden=(
        r"(?:['’]|s['’])?(?:-| )?(?:drive|driving|by (?:car|bus|tram|bike|bicycle|train|metro|"
        r"taxi)|ride|(?:bike|bicycle|bus|tram|train|car|metro|tube|subway) (?:ride|journey|trip)|"
        r"cycl(?:e|ing)|journey|commute)\b"
    ),
    about=r"about |around |approximately |roughly |ca\.? |~ ?",
    before_time=r"(?:an? )?",
)
_DISTANCE, _RIDDEN = _MEASURES.distance, _MEASURES.ride
_relation = partial(markers.relation, _MEASURES)
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
_PHRASES = (
    "marks and spencer", "marks & spencer", "fish and chips", "fish & chips", "bed and breakfast",
    "bed & breakfast", "bread and butter", "park and ride", "park & ride", "kiss and ride",
    "near east", "near eastern", "bath and body works", "black and white", "arts and crafts",
    "arts and culture", "food and drink", "health and safety", "health and beauty", "law and order",
    "drive in", "walk in", "check in", "stand by", "mother and baby", "parent and child",
    "parent and toddler", "pick and mix", "rock and roll", "drum and bass", "cash and carry",
    "elephant and castle", "rose and crown", "fox and hounds", "coach and horses", "dog and duck",
    "research and development", "sports and leisure", "sport and leisure", "accident and emergency",
    "wine and spirits", "wines and spirits", "tea and coffee", "coffee and cake", "bar and grill",
    "fruit and veg", "fruit and vegetables", "not for profit", "doctors without borders",
    "home away from home", "hop on hop off", "pay and display", "crate and barrel",
    "barnes and noble", "barnes & noble", "dolce and gabbana", "ben and jerry's", "hide and seek",
    "ladies and gentlemen", "church in wales", "trial and error", "touch and go", "a and e",
    "house and garden", "home and garden", "hammersmith and city", "stoke by nayland",
    "around the clock", "open air", "take away", "off licence",
    "inns of court",
    "stratford upon avon", "bring and buy", "not in education", "playing out", "chapel of rest",
)  # fmt: skip
"""Fixed phrases and names of chains and places; the questions of `docs/ask.md` and common ones."""


def _away_from(found: re.Match[str]) -> markers.Marker:
    """Near for "5 minutes away from"; "500 m away from" is read as at least so far."""
    distance = _MEASURES.stated(found)
    if distance is None:
        return markers.Marker("relation", found[0], "not_near")
    if distance.by_time or not found["away"]:
        return markers.Marker("relation", found[0], "near", distance.metres, stated=True)
    note = mark(
        "“{words}” was read as at least that far; for at most, write “within”",
        words=found[0].strip(),
    )
    return markers.Marker("relation", found[0], "not_near", distance.metres, stated=True, note=note)


_TWO_DISTANCES = r"\d[\d.,]* ?[a-z]* ?(?:and|to|-|–) ?\d[\d.,]* ?[a-z]+"

_PATTERNS: tuple[tuple[str, markers.Make], ...] = (
    # What no criterion can be made of.
    (
        rf"(?:with)?in (?:an? )?{_RIDDEN}(?: {_OF})?",
        markers.unmapped(markers.NO_RIDES, "unmapped_object"),
    ),
    (rf"(?:an? )?{_RIDDEN} {_AWAY}{_OF}", markers.unmapped(markers.NO_RIDES, "unmapped_object")),
    (
        (
            r"(?:within )?(?:an? |one |two |three |a few |a couple of |\d+ )(?:city )?blocks? "
            rf"{_AWAY}{_OF}"
        ),
        markers.unmapped(markers.NO_BLOCKS, "unmapped_object"),
    ),
    (
        (
            r"(?:(?:to|in) the )?(?:north|south|east|west|north-?east|north-?west|south-?east|"
            r"south-?west) (?:side )?of"
        ),
        markers.unmapped(markers.NO_DIRECTIONS, "unmapped_object"),
    ),
    (
        (
            r"(?:for |costing )?(?:under|below|less than|up to|max(?:imum)?|cheaper than|over|"
            r"from)? ?"
            r"[£$€] ?\d[\d,.]*(?:k|m)?(?: (?:a|per) (?:month|week|night|year))?"
        ),
        markers.unmapped(markers.NO_PRICES),
    ),
    (
        (
            r"(?:that (?:is|are) )?open (?:late|now|early|24/7|all night|at night|today|"
            r"tonight|until"
            r" \w+|after \w+|on \w+days?)"
        ),
        markers.unmapped(markers.NO_TIMES),
    ),
    (
        rf"(?:within (?:an? )?|(?:at least|less than|more than) )?\d+(?:[.,]\d+)? {_AWAY}{_OF}",
        markers.unmapped(markers.NO_UNIT, "unmapped_object"),
    ),
    (
        rf"(?:between|from) {_TWO_DISTANCES} (?:away )?{_OF}",
        markers.unmapped(markers.NO_RING, "unmapped_object"),
    ),
    # A distance, and what it is measured from.
    (rf"{_NOT} within (?:an? )?{_DISTANCE} {_OF}", _relation("not_near")),
    (rf"outside (?:an? )?{_DISTANCE} {_OF}", _relation("not_near")),
    (
        (
            rf"{_NOT} (?:with)?in (?:easy )?walking distance {_OF}|beyond walking distance {_OF}|"
            rf"outside walking distance {_OF}"
        ),
        _relation("not_near", WALKABLE_M),
    ),
    (
        (
            rf"(?:(?:no|not) (?:more|further|farther) than|less than|under|up to|at most|"
            rf"fewer than|"
            rf"(?:a )?max(?:imum)?(?: of)?|below) {_DISTANCE} {_AWAY}{_OF}"
        ),
        _relation("near"),
    ),
    (
        (
            rf"(?:at least|(?:a )?min(?:imum)?(?: of)?|more than|over|further than|"
            rf"farther than|beyond|"
            rf"(?:no|not) (?:closer|nearer|less) than) {_DISTANCE} {_AWAY}{_OF}"
        ),
        _relation("not_near"),
    ),
    (r"(?:no|not) (?:closer|nearer) (?:to|than)", _relation("not_near")),
    (rf"(?:with)?in (?:an? )?(?:easy )?{_DISTANCE} {_OF}", _relation("near")),
    (rf"within (?:an? )?{_DISTANCE}", _relation("near", role="after")),
    (
        rf"(?:(?:with)?in )?(?:an? )?(?:easy |comfortable |short )?walking distance {_OF}",
        _relation("near", WALKABLE_M),
    ),
    (
        r"(?:with)?in (?:easy |comfortable )?(?:walking distance|walk)",
        _relation("near", WALKABLE_M, role="after"),
    ),
    (
        (
            rf"(?:with)?in (?:an? )?(?:short|quick) (?:walk|stroll) {_OF}|"
            rf"(?:an? )?(?:short|quick) (?:walk|stroll) {_AWAY}{_OF}"
        ),
        _relation("near", SHORT_WALK_M),
    ),
    (
        r"(?:an? )?(?:short|quick) (?:walk|stroll) away",
        _relation("near", SHORT_WALK_M, role="after"),
    ),
    (rf"walkable {_OF}|(?:with)?in (?:easy )?reach of", _relation("near", WALKABLE_M)),
    (rf"(?:an? )?{_DISTANCE} (?P<away>away )?from", _away_from),
    (
        rf"(?:at least|more than|over|further than|farther than|a minimum of) {_DISTANCE} away",
        _relation("not_near", role="after"),
    ),
    (rf"(?:an? )?{_DISTANCE} away", _relation("near", role="after")),
    (r"(?:well |far )away(?! from)", _relation("not_near", role="after")),
    (
        rf"{_NOT} on(?= (?:the|an?|any|main|busy|major) )",
        _relation("not_near", BESIDE_M),
    ),
    # Far.
    (rf"{_NOT} {_JUST}far (?:away )?from", _relation("near")),
    (
        rf"{_NOT} {_JUST}(?:next to|beside|adjacent to|alongside|opposite|bordering)",
        _relation("not_near", BESIDE_M),
    ),
    (
        (
            rf"(?:nowhere|{_NOT}(?: anywhere)?) {_JUST}(?:near(?: to)?|close to|by|around|"
            rf"along)(?! the clock)"
        ),
        _relation("not_near"),
    ),
    (
        (
            r"(?:well |far |further |safely |set )?(?:away|far|back) from|far away from|"
            r"clear of|remote from|isolated from|out of reach of|avoiding|avoid"
        ),
        _relation("not_near"),
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
        _relation("near", BESIDE_M),
    ),
    (
        r"(?:very|really|right|extremely) (?:near|close)(?: to| by)?(?= )(?! and)",
        _relation("near", BESIDE_M),
    ),
    (r"a stone['’]s throw (?:away )?from", _relation("near", BESIDE_M)),
    (r"by(?= (?:the|an?) )", _relation("near", BESIDE_M)),
    (
        (
            r"nearby|near by|close by|close at hand|around the corner|on the doorstep|"
            r"in the vicinity(?! of)|"
            r"in the neighbou?rhood(?! of)"
        ),
        _relation("near", role="after"),
    ),
    (
        (
            r"near(?:by)?(?: to)?|close to|in the (?:vicinity|neighbou?rhood) of|around|"
            r"surrounded by|"
            r"handy for|convenient for|between|not far from"
        ),
        _relation("near"),
    ),
    # Areas.
    (
        rf"(?:{_NOT} in(?:side)?|outside(?: of)?|out of)(?= {_CENTRE})",
        _relation("not_near"),
    ),
    (rf"(?:in(?:side)?|within|at)(?= {_CENTRE})", _relation("near")),
    (
        rf"(?:any ?where |somewhere )?(?:in|within|across|throughout) (?:{_EVERYWHERE})",
        markers.plain("softener"),
    ),
    (r"(?:in|inside|within)(?= (?:the )?(?-i:[A-ZÀ-ÖØ-Þ]))", _relation("in")),
    # Not.
    (r"neither", _relation("not_like")),
    (
        (
            r"(?:not (?:like|any)|not(?! necessarily)|without(?: any)?|with no|no|"
            r"except(?: for)?|excluding|other than|apart from|rather than|instead of|minus|"
            r"free (?:of|from)|"
            r"unlike|isn['’]t|aren['’]t|is not|are not|never)"
        ),
        _relation("not_like"),
    ),
    # And, or, but.
    (r"as well as|and also|and|plus|nor|&|\+", markers.plain("and")),
    (r"or else|or|either", markers.plain("or")),
    (r"but also|but|yet|though|although", markers.plain("but")),
    (
        r"with|having|which (?:has|have)|that (?:has|have)|where there (?:is|are)",
        markers.plain("with"),
    ),
    # How much.
    (markers.TIMES, markers.times),
    (
        (
            r"above all|most importantly|most of all|more importantly|especially|particularly|"
            r"primarily|"
            r"chiefly|mostly|mainly|crucially|essentially|first and foremost|it must be|must be"
        ),
        markers.weight(2.0),
    ),
    (
        (
            r"ideally|preferably|perhaps|maybe|possibly|if possible|optionally|where possible|"
            r"nice to have|as a bonus|a bonus would be"
        ),
        markers.weight(0.5),
    ),
)

_PURPOSE = re.compile(
    r"^(?:(?:find|show)(?: me)? |looking for |i need |we need )?(?:somewhere|where|(?:an? |the )?"
    r"(?:good |best |suitable |right |new |possible )*(?:places?|sites?|spots?|locations?|plots?))"
    r"(?: (?:could|should|can|might|to|do))?(?: we| i| you)?"
    r" (?:for|(?P<builds>build|put|open|site|place|locate|set up))(?: an?| the| our)?"
    r"(?P<new> new| another| additional| second)? (?P<what>[^:,;.?!]{2,80}?)(?P<end>[:;–—]|"
    r" - |[,?.!]|$)",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"^(?:i['’]m looking for|i am looking for|we['’]re looking for|we are looking for|looking for|"
    r"search(?:ing)? for|show(?: me)?|find(?: me| us)?|give me|tell me|list|"
    r"i(?:['’]d| would)? (?:like|want|need|prefer)(?: to (?:find|see|live|be|have))?|"
    r"we(?:['’]d| would)? (?:like|want|need|prefer)(?: to (?:find|see|live|be|have))?|"
    r"please|can you|could you|where (?:can|could|do|should|would) (?:i|we|you) (?:find|get|"
    r"see|go for|live)|"
    r"where (?:is|are)(?: there)?|where(?: there)?['’]s|where there (?:is|are)|where|"
    r"what (?:is|are)|which|that (?:is|are|looks?|feels?)|it (?:should|must|has to) be|it is|"
    r"it['’]s|"
    r"there (?:is|are)|should be|must be|is|are|has|have|to be|"
    r"(?:some ?where|any ?where|(?:an? |the )?(?:best |good )?(?:places?|areas?|spots?|"
    r"parts? of (?:the )?"
    r"(?:city|town)|neighbou?rhoods?|locations?|something|anything|districts?|quarters?))"
    r"(?: (?:that|which) (?:is|are|looks?|feels?))?"
    r"(?: (?:like|similar to|for|where|with|of the kind of))|"
    r"some ?where(?= (?!to\b))|similar to|looks? like|feels? like|like|with|of|for|to)(?= |$)",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"^(?:some ?where|any ?where|(?:an? |the |all |any )?(?:best )?(?:places?|areas?|spots?|"
    r"locations?|sites?|"
    r"neighbou?rhoods?)|something|anything|please|it|is|are|be|the|a|an|also|too|etc|and|or|to|of|"
    r"thanks|thank you|one|ones)?$",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"^(?:many|lots of|plenty of|a lot of|a high (?:number|density) of|several|numerous|enough|few|"
    r"a few) (?=\w)",
    re.IGNORECASE,
)
_POINTED = re.compile(r"^(?:this|that|these|those) (?=\w)", re.IGNORECASE)
_ARTICLE = re.compile(
    r"^(?:an?|the|any|some|all|both|either|every|each|our|my|its|their|one) (?=\w)", re.IGNORECASE
)
_NEAREST = re.compile(r"^(?:nearest|closest) (?=\w)", re.IGNORECASE)
_GENERIC_TAIL = re.compile(
    r"(?:,? (?:please|thanks|thank you|of it|of them|there|if possible))+$", re.IGNORECASE
)
_TRAILING = re.compile(
    r"(?:(?:^| )(?:that|which|who|is|are|be|lies?|lying|located|situated|set|sited|placed|"
    r"close|also|"
    r"but|it|its|somewhere|to|of|for|a|an|the|at|in|on|so|just|only|still|far|from|has|have))+$",
    re.IGNORECASE,
)
_DEGREE = re.compile(
    r"^(?:too|very|so|really|quite|overly|much|many|lots of) (?=\w)", re.IGNORECASE
)

ENGLISH = Grammar(
    language="en",
    markers=markers.compiled(_PATTERNS),
    purpose=_PURPOSE,
    filler=_FILLER,
    empty=_EMPTY,
    many=_MANY,
    pointed=_POINTED,
    article=_ARTICLE,
    nearest=_NEAREST,
    tail=_GENERIC_TAIL,
    trailing=_TRAILING,
    degree=_DEGREE,
    phrases=_PHRASES,
    joined_name=re.compile(rf"\b{CAPITAL}(?: (?:and|&|of|of the|upon|the|de|la|le) {CAPITAL})+"),
)
