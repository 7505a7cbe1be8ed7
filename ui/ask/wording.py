"""What criteria are called on the page, in the visitor's language.

The core's own words for them go into files, links and JSON, which are the same for everybody.
"""

from collections.abc import Mapping
from typing import Final

from aether_core.language import _, mark
from aether_core.search.question.criteria import KINDS, Criterion
from ui.shell.text import isolated, of_what
from workflows.search.ask import Part

_SENTENCES: Final[Mapping[str, str]] = {
    "like": mark("looks like a place for {words}"),
    "not_like": mark("does not look like a place for {words}"),
    "near": mark("lies within {metres:,.0f} m of {words}"),
    "not_near": mark("lies at least {metres:,.0f} m from {words}"),
    "in": mark("lies in {words}"),
}


def label_of(one: Criterion) -> str:
    """What a criterion's chip says: `near: main roads, 300 m`."""
    distance = _(", {metres:,.0f} m", metres=one.distance_m) if one.distance_m is not None else ""
    times = _(" ×{weight:g}", weight=one.weight) if one.weight != 1 else ""
    return f"{of_what(_(KINDS[one.kind].title), isolated(one.in_own_words))}{distance}{times}"


def measured(part: Part, metres: float) -> str:
    """What a criterion asks for, with what its distance is somewhere."""
    title = _(KINDS[part.criterion.kind].title)
    return _(
        "{kind} {words}: {metres:,.0f} m",
        kind=title,
        words=isolated(part.criterion.in_own_words),
        metres=metres,
    )


def sentence_of(part: Part) -> str:
    """What a criterion asks for and how that was measured, without a full stop."""
    one = part.criterion
    if one.kind not in _SENTENCES:
        return part.sentence
    said = _(_SENTENCES[one.kind], words=isolated(one.in_own_words), metres=one.distance_m or 0.0)
    return ", ".join(filter(None, [said, _(part.way)]))
