"""Whether the predictions of a map of classes can be relied on; if not, why, and what to do."""

from collections.abc import Sequence
from typing import Final

from aether_core.language import _
from aether_core.tasks.kinds.class_map import part_in_words
from aether_core.tasks.kinds.classes import ClassFindings
from aether_core.tasks.labels.count import FEWEST_LABELS
from aether_core.tasks.testing.splits import SPLITS

RECOGNISED: Final = 0.3
"""F1 away from the labels below which a class is hardly recognised."""
FEW_RELIABLE: Final = 0.3
"""Part of the predicted cells below which most of what was asked for is a guess."""
BARELY: Final = 1.5
"""Macro-F1 below this multiple of what guessing reaches is no better than guessing."""
_NAMED = 4


def verdict(found: ClassFindings) -> str | None:
    """Say in one sentence why a map's predictions cannot be relied on, and what to do about it.

    Args:
        found: What was measured while the map was made.

    Returns:
        The sentence; None where the predictions can be used, or where there are none.
    """
    if found.cells is not None and not found.cells.predicted:
        return None
    test = found.test
    classes = len(found.outcomes)
    score = test.accuracy[test.hardest]["macro_f1"].mean
    split = test.calibrated_on
    weak = [one.name for one in test.per_class[split] if one.f1 < RECOGNISED]
    reliable = test.trusted if found.cells is None else found.cells.reliable_part
    where = (
        _("away from the labels") if SPLITS[split].of_blocks else _("on labels that were held out")
    )
    if score < BARELY / classes:
        why = _(
            "{where} they are hardly better than guessing (macro-F1 {score:.2f}, guessing "
            "{classes:.2f})",
            where=where,
            score=score,
            classes=1 / classes,
        )
    elif 2 * len(weak) >= classes:
        why = _(
            "{where} {weak} of {classes} classes are hardly recognised",
            where=where,
            weak=len(weak),
            classes=classes,
        )
    elif reliable < FEW_RELIABLE:
        unsure = part_in_words(1 - reliable)
        why = _(
            "{unsure} of them are unlike the labels or may be of more than two classes",
            unsure=unsure,
        )
    else:
        return None
    return _(
        "Take the predictions as hints only: {why}; {remedy}.", why=why, remedy=_remedy(found, weak)
    )


def _remedy(found: ClassFindings, weak: Sequence[str]) -> str:
    """What would help: labels where there are few, fewer classes where there are enough."""
    labels = {} if found.labels is None else found.labels.by_class
    few = {name: labels[name] for name in weak if labels.get(name, FEWEST_LABELS) < FEWEST_LABELS}
    alike = [name for name in weak if name not in few]
    advice = []
    if few:
        named = [_("{name} ({n} now)", name=name, n=n) for name, n in few.items()]
        advice.append(_("add a file with more labels of {listed}", listed=_listed(named)))
    if alike:
        advice.append(
            _(
                "merge classes that look alike, such as {listed}, or leave them out",
                listed=_listed(alike),
            )
        )
    return _(", and ").join(advice) or _("merge similar classes, or add a file with more labels")


def _listed(names: Sequence[str]) -> str:
    """At most four names, as in a sentence."""
    shown = list(names[:_NAMED])
    if len(names) > _NAMED:
        shown.append(f"{len(names) - _NAMED} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
