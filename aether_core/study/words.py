"""What a study found, in one sentence."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from aether_core.language import Marked, Numeral, as_marked, mark
from aether_core.study.result import StudyResult, StudySummary

_MINUS = "\N{MINUS SIGN}"
_TOLD_ALONE = 4
"""Where nothing differs, more variants than this are counted rather than named."""


_WITHIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mrr": mark("reciprocal rank"),
        "recall_at_10": mark("recall@10"),
        "mean_log_rank": mark("mean log rank"),
        "macro_f1": mark("land-use macro-F1"),
        "text_to_map_auc": mark("text-to-map AUC"),
    }
)
"""What the figures of `METRICS` are called inside a sentence."""


def number_text(value: float) -> str:
    """A figure, such as `0.214`, with a typographic minus."""
    return f"{value:.3f}".replace("-", _MINUS)


def signed(value: float) -> str:
    """A difference with its sign, such as `+0.021`, with a typographic minus."""
    return f"{value:+.3f}".replace("-", _MINUS)


def in_words(result: StudyResult, metric: str) -> Marked:
    """Say in one sentence what a study found by one metric.

    Nothing is called better or worse than the baseline where the 95 % interval of the paired
    difference holds zero.

    Args:
        result: A finished study.
        metric: Key of `METRICS`.
    """
    drawn = [one for one in result.summaries if one.metric == metric]
    called = as_marked(_WITHIN[metric])
    if not drawn:
        return mark("No results for {metric}.", metric=called)
    if max(one.n_seeds for one in drawn) < 2:
        return as_marked(
            mark(
                "One seed cannot show a difference: use at least three to separate effects from "
                "chance."
            )
        )
    if all(one.difference is None for one in drawn):
        return _spread(drawn, called)
    return _against(result.baseline, drawn, called)


def _against(baseline: str, drawn: list[StudySummary], metric: Marked) -> Marked:
    others = [one for one in drawn if one.variant != baseline]
    worse = _with_differences([one for one in others if one.better is False])
    better = _with_differences([one for one in others if one.better is True])
    same = [one.variant for one in others if one.better is None]
    found: list[Marked] = []
    if worse:
        found.append(
            mark(
                "significantly worse than “{baseline}”: {variants}",
                baseline=baseline,
                variants=_listed(worse),
            )
        )
    if better:
        found.append(
            mark(
                "significantly better: {variants}"
                if worse
                else "significantly better than “{baseline}”: {variants}",
                baseline=baseline,
                variants=_listed(better),
            )
        )
    if same:
        found.append(_same(baseline, same, alone=not found))
    if not found:
        return mark("No results for {metric}.", metric=metric)
    match found:
        case [first, second, third]:
            return mark(
                "On {metric}, {first}; {second}; {third}.",
                metric=metric,
                first=first,
                second=second,
                third=third,
            )
        case [first, second]:
            return mark(
                "On {metric}, {first}; {second}.", metric=metric, first=first, second=second
            )
    return mark("On {metric}, {first}.", metric=metric, first=found[0])


def _same(baseline: str, same: list[str], *, alone: bool) -> Marked:
    """That variants cannot be told from the baseline.

    Args:
        baseline: Named where nothing has named it before.
        same: The variants.
        alone: Whether nothing else is said.
    """
    if not alone:
        return mark("no difference can be shown for {variants}", variants=_listed(_shortened(same)))
    if len(same) <= _TOLD_ALONE:
        return mark(
            "no difference to “{baseline}” can be shown for {variants}",
            baseline=baseline,
            variants=_listed(_shortened(same)),
        )
    return mark(
        "no difference to “{baseline}” can be shown for any of the {number} variants",
        baseline=baseline,
        number=len(same),
    )


def _with_differences(found: list[StudySummary]) -> list[str]:
    """Variants with their differences, the largest first."""
    ordered = sorted(found, key=lambda one: -abs(one.difference or 0.0))
    return [
        mark("{variant} ({difference})", variant=one.variant, difference=_signed(one))
        for one in ordered
    ]


def _signed(one: StudySummary) -> Marked | Numeral:
    value = one.difference or 0.0
    if f"{value:+.3f}".startswith("-"):
        return mark("−{number}", number=Numeral(-value, ".3f"))
    return Numeral(value, "+.3f")


def _shortened(names: list[str]) -> list[str]:
    """Names that end in the same words, with these said once: `50, 25 and 10 % of the places`."""
    if len(names) < 2:
        return names
    words = [name.split() for name in names]
    shared = 0
    while all(len(one) > shared + 1 and one[-shared - 1] == words[0][-shared - 1] for one in words):
        shared += 1
    if not shared:
        return names
    return [" ".join(one[:-shared]) for one in words[:-1]] + names[-1:]


def _listed(names: Sequence[str]) -> str:
    """Names in a row, the last after *and*."""
    if len(names) == 1:
        return names[0]
    row = names[0]
    for name in names[1:-1]:
        row = mark("{several}, {next}", several=row, next=name)
    return mark("{first} and {second}", first=row, second=names[-1])


def _spread(drawn: list[StudySummary], metric: Marked) -> Marked:
    """How far single models differ by chance."""
    spreads = [
        mark("{sd:.3f} ({variant} redrawn)", sd=one.sd or 0.0, variant=one.variant) for one in drawn
    ]
    # Two single models differ by chance with sqrt(2) standard deviations, 95 % within 1.96 of them.
    least = 1.96 * math.sqrt(2) * max(one.sd or 0.0 for one in drawn)
    return mark(
        "On {metric}, models that differ only by chance vary around {mean:.3f} with a standard "
        "deviation of {spreads}; a difference of less than {least:.3f} between two single models "
        "is not meaningful.",
        metric=metric,
        mean=drawn[0].mean,
        spreads=_listed(spreads),
        least=least,
    )
