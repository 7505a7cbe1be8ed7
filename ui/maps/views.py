"""What a layer can be coloured by: pure functions from a layer's values to colours and words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from aether_core.charts.breaks import CONFIDENCE as CONFIDENCE_BREAKS
from aether_core.charts.breaks import PERCENTILES, PROBABILITY, Breaks, share_breaks, value_breaks
from aether_core.charts.class_colours import class_colours
from aether_core.language import _, figure, mark, plural
from aether_core.tasks.kinds.class_map import OBSERVED, PREDICTED
from ui.map.cells import WORDS_LIMIT
from ui.map.coloured import Categories, Shown, rgba, untrusted
from ui.map.ramp import Colour, Steps, difference_steps, ramp, steps_of
from workflows.layers.breaks import field_breaks, numbers_of
from workflows.layers.layers import LayerSummary

CLASS, CONFIDENCE, SET_SIZE, ONE_CLASS, TRUST = (
    mark("Class"),
    mark("Confidence"),
    mark("Possible classes"),
    mark("Single class"),
    mark("Trust"),
)
LAND_USE: Final = (CLASS, CONFIDENCE, SET_SIZE, ONE_CLASS, TRUST)
_LARGEST_NAMED_SET: Final = 5
_NAMED_IN_TOOLTIP: Final = 5
_TRUST: Final = (
    ("observed", "#3b6fb6"),
    ("reliable", "#0f9d8f"),
    (mark("too many classes possible"), "#e69f00"),
    (mark("unlike the labels"), "#9b5fa5"),
)


@dataclass(frozen=True)
class Look:
    """How the page looks: colours follow it.

    Attributes:
        dark: Whether the page is dark.
        on_ground: Whether a base map lies under the data.
    """

    dark: bool
    on_ground: bool

    def steps(self, breaks: Breaks) -> Steps:
        """Classes as this page draws them."""
        return steps_of(breaks, dark=self.dark, on_ground=self.on_ground)


@dataclass(frozen=True)
class LayerView:
    """One way to look at a layer, with what its legend says.

    Attributes:
        shown: Values and colours.
        title: What is shown.
        unit: What the numbers or classes are.
        names: Names of value classes, lowest first; the limits when empty.
        field: The layer's field that is coloured, whose classes can be chosen; empty where what is
            seen is worked out from several, or is no number.
    """

    shown: Shown
    title: str
    unit: str
    names: Sequence[str] = ()
    field: str = ""

    @property
    def entries(self) -> list[tuple[Colour, str, str]]:
        """Legend of categories: colour, name and share of the map, most frequent first."""
        steps = self.shown.steps
        if not isinstance(steps, Categories):
            return []
        found = self.shown.values[np.isfinite(self.shown.values)].astype(int)
        counts = np.bincount(found, minlength=len(steps.names))
        order = [at for at in np.argsort(-counts, kind="stable").tolist() if counts[at]]
        total = max(int(counts.sum()), 1)
        return [(steps.colours[at], steps.names[at], _share(counts[at] / total)) for at in order]

    def cut(self, breaks: Breaks, look: Look) -> "LayerView":
        """The same in other colours and classes."""
        shown = replace(self.shown, steps=look.steps(breaks))
        return replace(self, shown=shown, names=breaks.names)

    def greyed(self, untrustworthy: npt.NDArray[np.bool_], look: Look) -> "LayerView":
        """The same with what is not to be trusted drawn grey."""
        shown = replace(self.shown, dimmed=untrustworthy, dim=untrusted(dark=look.dark))
        return replace(self, shown=shown)


def land_use(
    frame: pd.DataFrame, classes: Sequence[str], what: str, look: Look, *, one: str = ""
) -> LayerView:
    """A land-use layer by its class, how sure it is, or where it holds.

    Args:
        frame: `landuse`, `confidence`, `set`, `applicable`, `trusted` and `p_<class>`.
        classes: Names of all classes.
        what: One of `LAND_USE`.
        one: Class whose probability is shown, for `ONE_CLASS`.

    Raises:
        InputError: There is nothing to draw.
    """
    if what == CONFIDENCE:
        view = _cut(frame, "confidence", CONFIDENCE_BREAKS, "confidence", look)
        unit = _(
            "calibrated probability of the class{if_observed}",
            if_observed=_if_observed(frame, _("; observed ones 100 %")),
        )
        return _with_words(view, frame, _("Confidence"), unit)
    if what == SET_SIZE:
        return _with_words(
            _set_sizes(frame, len(classes), look),
            frame,
            _("Possible classes"),
            _(
                "classes in the set{if_observed}",
                if_observed=_if_observed(frame, _("; observed ones 1")),
            ),
        )
    if what == ONE_CLASS:
        view = _cut(frame, f"p_{one}", PROBABILITY, one, look)
        unit = _(
            "calibrated probability{if_observed}",
            if_observed=_if_observed(frame, _("; observed ones 0 or 100 %")),
        )
        return _with_words(view, frame, one, unit)
    if what == TRUST:
        return _with_words(
            _trust(frame),
            frame,
            _("Reliability"),
            _("share of {units_of}", units_of=units_of(frame)),
        )
    seen = sorted(frame["landuse"].dropna().unique())  # one too rare for the fit is seen, too
    names = tuple(dict.fromkeys([*classes, *seen]))
    shown = categories(frame["landuse"], names, class_colours(names))
    return _with_words(LayerView(shown, "", ""), frame, _("Land use"), _class_unit(frame))


def observed(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Where a label says what a cell is, bool `[m]`; nowhere in maps made before that was kept."""
    if "source" not in frame:
        return np.zeros(len(frame), dtype=bool)
    return np.asarray(frame["source"].eq(OBSERVED).to_numpy(dtype=bool))


def predictions_of(frame: pd.DataFrame) -> pd.DataFrame:
    """A land-use layer with its predictions in place of what was observed.

    Of observed cells the layer keeps the probability of the predicted class alone; those of single
    classes are missing there.
    """
    known = observed(frame)
    single = {str(name): frame[name].mask(known) for name in frame if str(name).startswith("p_")}
    return frame.assign(
        landuse=frame["predicted"],
        confidence=frame["predicted_confidence"],
        set=frame["predicted_set"],
        trusted=frame["predicted_trusted"],
        source=PREDICTED,
        **single,
    )


def units_of(frame: pd.DataFrame) -> str:
    """What the rows of a layer are called."""
    return _("areas") if "area" in frame else _("map cells")


def _if_observed(frame: pd.DataFrame, words: str) -> str:
    return words if observed(frame).any() else ""


def _class_unit(frame: pd.DataFrame) -> str:
    """Where classes come from: the last line of the legend."""
    part = float(observed(frame).mean()) if len(frame) else 0.0
    if not part:
        return _("most probable class, share of {units_of}", units_of=units_of(frame))
    return _("{part} observed, {part2} predicted", part=_share(part), part2=_share(1 - part))


def categories(values: "pd.Series[str]", names: Sequence[str], colours: Sequence[str]) -> Shown:
    """Named classes, one a shape."""
    place = {name: at for at, name in enumerate(names)}
    positions = np.array([place.get(value, np.nan) for value in values], dtype=np.float32)
    return Shown(
        positions, Categories(tuple(names), tuple(rgba(colour) for colour in colours)), "class"
    )


def _cut(frame: pd.DataFrame, field: str, breaks: Breaks, label: str, look: Look) -> LayerView:
    shown = Shown(numbers_of(frame, field), look.steps(breaks), label)
    return LayerView(shown, "", "", breaks.names, field)


def _set_sizes(frame: pd.DataFrame, classes: int, look: Look) -> LayerView:
    sizes = frame["set"].map(len).to_numpy(dtype=np.float32)
    most = min(max(classes, 1), _LARGEST_NAMED_SET)
    edges = (*(at + 0.5 for at in range(most)), max(classes, most) + 0.5)
    names = [plural("{number} class", "{number} classes", at) for at in range(1, most + 1)]
    if classes > most:
        names[-1] = _("{most} or more", most=most)
    colours = ramp(most, dark=look.dark, on_ground=look.on_ground)
    return LayerView(Shown(sizes, Steps(edges, colours), _("possible classes")), "", "", names)


def _trust(frame: pd.DataFrame) -> LayerView:
    applicable = frame["applicable"].to_numpy(dtype=bool)
    trusted = frame["trusted"].to_numpy(dtype=bool)
    predicted = np.where(trusted, 1, np.where(applicable, 2, 3))
    kind = np.where(observed(frame), 0, predicted).astype(np.float32)
    names, colours = zip(*_TRUST, strict=True)
    steps = Categories(tuple(map(_, names)), tuple(rgba(colour) for colour in colours))
    return LayerView(Shown(kind, steps, "trust"), "", "")


def _with_words(view: LayerView, frame: pd.DataFrame, title: str, unit: str) -> LayerView:
    """Give a land-use view its title and, where each cell has one, its tooltips."""
    shown = view.shown
    if len(frame) <= WORDS_LIMIT:
        titles = frame["landuse"].fillna(_("no class")).astype(str).tolist()
        if title not in (_("Land use"), _("Confidence"), _("Reliability")):
            titles = [
                f"{name} · {shown.in_words(value)}"
                for name, value in zip(titles, shown.values.tolist(), strict=True)
            ]
        shown = replace(shown, titles=titles, notes=land_use_notes(frame))
    return replace(view, shown=shown, title=title, unit=unit)


def land_use_notes(frame: pd.DataFrame) -> list[str]:
    """Where each cell's class comes from, how sure it is and what else it may be, in words."""
    known = observed(frame).tolist()
    said = _("predicted, ") if "source" in frame else ""
    otherwise = frame["predicted"] if "predicted" in frame else frame["landuse"]
    return [
        _observed_words(name, guess)
        if seen
        else said
        + _(
            "{share} confidence; {others}",
            share=_share(confidence),
            others=_set_words(possible, name),
        )
        + ("" if applicable else _("; unlike the labels"))
        for seen, guess, confidence, possible, name, applicable in zip(
            known,
            otherwise,
            frame["confidence"],
            frame["set"],
            frame["landuse"],
            frame["applicable"],
            strict=True,
        )
    ]


def _observed_words(name: str, guess: str) -> str:
    return (
        _("observed") if guess == name else _("observed; predicted would be {guess}", guess=guess)
    )


def _set_words(possible: Sequence[str], name: str) -> str:
    others = [one for one in possible if one != name]
    if not others:
        return _("no other class possible")
    more = len(others) - _NAMED_IN_TOOLTIP
    listed = ", ".join(others[:_NAMED_IN_TOOLTIP]) + (
        _(" and {more} more", more=more) if more > 0 else ""
    )
    return _("also possible: {listed}", listed=listed)


def numbers(frame: pd.DataFrame, name: str, unit: str, title: str, look: Look) -> LayerView:
    """Any number of a layer; percentiles of a search keep most of the ramp for the best tenth.

    Raises:
        InputError: There is nothing to draw.
    """
    values = numbers_of(frame, name)
    breaks = PERCENTILES if name == "percentile" else value_breaks(values)
    shown = Shown(values, look.steps(breaks), name)
    if name == "percentile":
        shown = replace(shown, label=_("ranks above"), suffix=_(" % of the city"))
    return LayerView(shown, title, unit, breaks.names, name)


def in_own_classes(
    view: LayerView, layer: LayerSummary, frame: pd.DataFrame, look: Look
) -> LayerView:
    """A view of a layer in the colours and classes that somebody chose for it, if anybody did.

    Args:
        view: One of its views.
        layer: The layer.
        frame: All of its values.
        look: How the page looks.
    """
    if not view.field or not layer.own_classes:
        return view
    return view.cut(field_breaks(layer, frame, view.field), look)


def same_scale(
    values: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
    labels: tuple[str, str],
    titles: tuple[str, str],
    unit: str,
    look: Look,
) -> tuple[LayerView, LayerView]:
    """Two numbers of one unit in the same colours.

    Args:
        values: One number a shape each, float32 `[m]`.
        labels: What a value is called in a tooltip; `percentile` has classes of its own.
        titles: What is shown.
        unit: Of both.
        look: How the page looks.

    Raises:
        InputError: There is nothing to draw.
    """
    of_ranks = set(labels) == {"percentile"}
    breaks = PERCENTILES if of_ranks else value_breaks(np.concatenate(values))
    first, second = (
        LayerView(Shown(one, look.steps(breaks), label), title, unit, breaks.names)
        for one, label, title in zip(values, labels, titles, strict=True)
    )
    return first, second


def share_steps(values: npt.NDArray[np.float32], look: Look) -> tuple[Steps, list[str]]:
    """Even classes of shares with their names in per cent.

    Raises:
        InputError: No value is finite.
    """
    breaks = share_breaks(values)
    return look.steps(breaks), list(breaks.names)


def difference(
    values: npt.NDArray[np.float32], label: str, title: str, unit: str, factor: float = 100
) -> LayerView:
    """A difference, even to both sides of zero.

    Args:
        factor: What values are multiplied by in the legend; 100 for points of a per cent.

    Raises:
        InputError: No value is finite.
    """
    steps = difference_steps(values)
    names = [
        _("{low:+.3g} to {high:+.3g}", low=factor * low, high=factor * high)
        for low, high in pairwise(steps.edges)
    ]
    return LayerView(Shown(values, steps, label), title, unit, names)


def _share(part: float) -> str:
    """A share in words, never `0 %` for something that is there."""
    return "< 1 %" if 0 < part < 0.005 else figure(100 * part, ".0f") + " %"
