"""From what a file says to the classes of a map: crosswalks and own mappings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from aether_core.errors import InputError
from aether_core.poi.frame import plain_text
from aether_core.tasks.labels.read import Labels
from aether_core.tasks.labels.schemes import dynamic_world, osm, singapore, uk, urban_atlas

MOST_CLASSES = 60
"""More are names or numbers of features, not classes of a map one can read."""

BY_MAPPING = "dropped by the mapping"
NOT_LISTED = "not in the crosswalk"


@dataclass(frozen=True)
class Crosswalk:
    """A published scheme as classes of a city map.

    Attributes:
        name: How a user asks for it, e.g. "urban-atlas".
        title: In words.
        source: Where the scheme is published.
        mapping: Class by raw value; "" where the scheme gives none.
    """

    name: str
    title: str
    source: str
    mapping: Mapping[str, str]


CROSSWALKS: Mapping[str, Crosswalk] = MappingProxyType(
    {
        name: Crosswalk(name, scheme.TITLE, scheme.SOURCE, MappingProxyType(scheme.MAPPING))
        for name, scheme in {
            "osm": osm,
            "uk": uk,
            "singapore": singapore,
            "urban-atlas": urban_atlas,
            "dynamic-world": dynamic_world,
        }.items()
    }
)


def apply_mapping(labels: Labels, mapping: Mapping[str, str], *, strict: bool) -> Labels:
    """Rename, merge and drop labels.

    A value is looked up as written, then without regard to case and spaces. A crosswalk is also
    looked up by letters and digits alone, without what stands in brackets: publishers change the
    signs between the words from edition to edition.

    Args:
        labels: As read.
        mapping: Class by raw value; "" drops the value.
        strict: True for crosswalks: a value that is not in the mapping is dropped. False keeps it
            as it is.

    Raises:
        InputError: Nothing is left, or a mapping that is not `strict` names a value no label has.
    """
    if not strict:
        _refuse_unknown(labels, mapping)
    lookups = [dict(mapping), _folded(mapping, _caseless)]
    if strict:
        lookups.append(_folded(mapping, _letters))
    kinds = {raw: _class_of(lookups, raw) for raw in set(labels.value.tolist())}
    new = np.array(
        [raw if kinds[raw] is None and not strict else kinds[raw] for raw in labels.value],
        dtype=object,
    )
    listed = np.array([kind is not None for kind in new], dtype=bool)
    wanted = np.array([kind != "" for kind in new], dtype=bool)
    if not (listed & wanted).any():
        raise InputError(
            "the mapping leaves no labels",
            "labels are " + ", ".join(list(labels.counts)[:8]),
            "choose another mapping or another field",
            code="mapping-leaves-no-label",
        )
    named_labels = replace(labels, value=new).keep(listed, NOT_LISTED)
    return named_labels.keep(wanted[listed], BY_MAPPING)


def check_class_number(labels: Labels) -> None:
    """Refuse labels that make no map: one class, or more than a legend can hold.

    Raises:
        InputError: There are fewer than 2 or more than `MOST_CLASSES` classes.
    """
    counts = labels.counts
    if len(counts) > MOST_CLASSES:
        raise InputError(
            f"the field {labels.field} gives {len(counts)} classes; a map can show at most "
            f"{MOST_CLASSES}",
            ", ".join(list(counts)[:6]) + ", ...",
            "merge classes by a mapping or a crosswalk, or choose another field",
            code="too-many-classes",
        )
    if len(counts) < 2:
        raise InputError(
            "all labels have the same class",
            f"{next(iter(counts), 'none')} ({len(labels)} labels)",
            "give labels of at least two classes, or choose another field or mapping",
            code="labels-of-one-class",
        )


def _refuse_unknown(labels: Labels, mapping: Mapping[str, str]) -> None:
    """A user's own mapping lists what is there; a value that is not is a slip of the pen."""
    there = {_caseless(value) for value in labels.counts}
    unknown = [value for value in mapping if _caseless(value) not in there]
    if unknown:
        known = list(labels.counts)
        more = ", ..." if len(known) > 10 else ""
        raise InputError(
            "the mapping contains a value that no label has",
            ", ".join(unknown),
            f"the values are {', '.join(known[:10])}{more}",
            code="mapping-names-unknown-value",
        )


def _class_of(lookups: Sequence[Mapping[str, str]], raw: str) -> str | None:
    """Return the class of a raw value, "" when it is to be dropped, None when it is not listed."""
    for lookup, key in zip(lookups, (raw, _caseless(raw), _letters(raw)), strict=False):
        if key in lookup:
            return plain_text(lookup[key])
    return None


def _folded(mapping: Mapping[str, str], fold: Callable[[str], str]) -> dict[str, str]:
    """Return a mapping by folded keys; the first of two that fold alike counts."""
    folded: dict[str, str] = {}
    for raw, kind in mapping.items():
        folded.setdefault(fold(raw), kind)
    return folded


def _caseless(text: str) -> str:
    return " ".join(text.casefold().split())


def _letters(text: str) -> str:
    """Letters and digits outside brackets, words apart by one space."""
    outside = text.casefold().split("(")[0]
    return " ".join("".join(sign if sign.isalnum() else " " for sign in outside).split())
