"""Figures of districts in a few characters, for pages and reports."""

from aether_core.search.profile.figures import is_share, number_in_words


def told(value: float | None, unit: str) -> str:
    """A value without its unit; shares in per cent."""
    if value is None:
        return "unknown"
    return f"{100 * value:.1f} %" if is_share(unit) else told_number(value)


def told_range(low: float | None, high: float | None, unit: str) -> str:
    """The ends of an interval; empty where there is none."""
    if low is None or high is None or low == high:
        return ""
    return f"{told(low, unit)} to {told(high, unit)}"


def told_number(value: float | None) -> str:
    """A number as `number_in_words` writes it, where it is known."""
    return "unknown" if value is None else number_in_words(value)


def short_label(label: str, title: str) -> str:
    """A figure's label without what the title above it says already."""
    for words in (f" of “{title}”", f" for “{title}”", " places"):
        label = label.removesuffix(words)
    return label
