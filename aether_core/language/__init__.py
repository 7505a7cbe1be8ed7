"""The words people read, in their language: English sentences are the keys of the catalogues.

Whoever writes a sentence for people asks for it where it is shown: `_("Add a city")`, with values
by name, `_("{places} in {city}", places=..., city=...)`, and by number with `plural`. A sentence
that stands where no reader is known yet, such as a constant, is noted with `mark` and asked for
later.
"""

from aether_core.language.catalogues import LANGUAGES, SOURCE, damaged, first_matched, matched
from aether_core.language.figures import date, day_in_full, figure, in_charts, localised, moment
from aether_core.language.names import (
    OTHER_NAMES,
    PlaceName,
    all_of,
    in_order,
    language_tag,
    names_kept,
    other_names,
    place_names,
    said_in,
)
from aether_core.language.reader import (
    is_told_by,
    locale,
    runs_right_to_left,
    speak,
    speaking,
    spoken,
    tag,
    wanted,
)
from aether_core.language.speech import (
    Marked,
    Numeral,
    _,
    as_marked,
    capitalised,
    mark,
    plural,
    translated,
)

__all__ = [
    "LANGUAGES",
    "OTHER_NAMES",
    "SOURCE",
    "Marked",
    "Numeral",
    "PlaceName",
    "_",
    "all_of",
    "as_marked",
    "capitalised",
    "damaged",
    "date",
    "day_in_full",
    "figure",
    "first_matched",
    "in_charts",
    "in_order",
    "is_told_by",
    "language_tag",
    "locale",
    "localised",
    "mark",
    "matched",
    "moment",
    "names_kept",
    "other_names",
    "place_names",
    "plural",
    "runs_right_to_left",
    "said_in",
    "speak",
    "speaking",
    "spoken",
    "tag",
    "translated",
    "wanted",
]
