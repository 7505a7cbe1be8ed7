"""What a study found, in one sentence."""

import math

from aether_core.study.result import METRICS, StudyResult, StudySummary

_MINUS = "\N{MINUS SIGN}"
_TOLD_ALONE = 4
"""Where nothing differs, more variants than this are counted rather than named."""


def metric_name(metric: str) -> str:
    """A metric's name inside a sentence."""
    title = METRICS[metric].title
    return title[:1].lower() + title[1:]


def number_text(value: float) -> str:
    """A figure, such as `0.214`, with a typographic minus."""
    return f"{value:.3f}".replace("-", _MINUS)


def signed(value: float) -> str:
    """A difference with its sign, such as `+0.021`, with a typographic minus."""
    return f"{value:+.3f}".replace("-", _MINUS)


def in_words(result: StudyResult, metric: str) -> str:
    """Say in one sentence what a study found by one metric.

    Nothing is called better or worse than the baseline where the 95 % interval of the paired
    difference holds zero.

    Args:
        result: A finished study.
        metric: Key of `METRICS`.
    """
    drawn = [one for one in result.summaries if one.metric == metric]
    if not drawn:
        return f"No results for {metric_name(metric)}."
    if max(one.n_seeds for one in drawn) < 2:
        return (
            "One seed cannot show a difference: use at least three to separate effects from chance."
        )
    if all(one.difference is None for one in drawn):
        return _spread(drawn, metric)
    return _against(result.baseline, drawn, metric)


def _against(baseline: str, drawn: list[StudySummary], metric: str) -> str:
    others = [one for one in drawn if one.variant != baseline]
    worse = _with_differences([one for one in others if one.better is False])
    better = _with_differences([one for one in others if one.better is True])
    same = [one.variant for one in others if one.better is None]
    against = f"than “{baseline}”"
    said = []
    if worse:
        said.append(f"significantly worse {against}: {_listed(worse)}")
    if better:
        said.append(f"significantly better{'' if worse else ' ' + against}: {_listed(better)}")
    if same:
        other = "" if said else f" to “{baseline}”"
        few = said or len(same) <= _TOLD_ALONE
        which = _listed(_shortened(same)) if few else f"any of the {len(same)} variants"
        said.append(f"no difference{other} can be shown for {which}")
    return f"On {metric_name(metric)}, " + "; ".join(said) + "."


def _with_differences(found: list[StudySummary]) -> list[str]:
    """Variants with their differences, the largest first."""
    ordered = sorted(found, key=lambda one: -abs(one.difference or 0.0))
    return [f"{one.variant} ({signed(one.difference or 0.0)})" for one in ordered]


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


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _spread(drawn: list[StudySummary], metric: str) -> str:
    """How far single models differ by chance."""
    spreads = [f"{one.sd or 0.0:.3f} ({one.variant} redrawn)" for one in drawn]
    # Two single models differ by chance with sqrt(2) standard deviations, 95 % within 1.96 of them.
    least = 1.96 * math.sqrt(2) * max(one.sd or 0.0 for one in drawn)
    return (
        f"On {metric_name(metric)}, models that differ only by chance vary around "
        f"{drawn[0].mean:.3f} with a standard deviation of {_listed(spreads)}; a difference of "
        f"less than {least:.3f} between two single models is not meaningful."
    )
