"""What a socioeconomic layer can be coloured by, cells and areas alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from aether_core.charts.class_colours import class_colours
from aether_core.language import _, figure, mark
from ui.map.cells import WORDS_LIMIT
from ui.map.coloured import Shown
from ui.maps.views import LayerView, Look, categories, difference, share_steps, units_of

FIELD, OBSERVED, ERROR, LARGEST, MIXED, WIDTH, BETWEEN = (
    mark("Predicted"),
    mark("Observed"),
    mark("Error"),
    mark("Largest group"),
    mark("Diversity"),
    mark("Interval"),
    mark("Difference"),
)
CELLS: Final = (FIELD, LARGEST, MIXED, WIDTH, BETWEEN)
AREAS: Final = (FIELD, OBSERVED, ERROR, LARGEST, MIXED, WIDTH, BETWEEN)
OF_ONE_FIELD: Final = frozenset({FIELD, OBSERVED, ERROR, WIDTH, BETWEEN})


@dataclass(frozen=True)
class Asked:
    """What of a layer is shown.

    Attributes:
        what: One of `CELLS` or `AREAS`.
        field: The field it is about.
        other: The field taken off it, for `BETWEEN`.
        level: Share of truths the intervals were made to hold.
    """

    what: str
    field: str
    other: str = ""
    level: float = 0.9


def shares(frame: pd.DataFrame, fields: Sequence[str], asked: Asked, look: Look) -> LayerView:
    """A socioeconomic layer by a share, the largest group, the mix, or how sure it is.

    Args:
        frame: `<field>`, `<field>_lo`, `<field>_hi`, `dominant`, `entropy`, `applicable`; of areas
            also `area` and `<field>_observed`.
        fields: The fields that sum to one whole.

    Raises:
        InputError: There is nothing to draw.
    """
    view = _coloured(frame, fields, asked, look)
    if len(frame) > WORDS_LIMIT:
        return view
    shown = view.shown
    titles = [shown.in_words(value) for value in shown.values.tolist()]
    if asked.what in OF_ONE_FIELD | {MIXED}:
        titles = [
            f"{shown.label} {_percent(value, signed=asked.what in {ERROR, BETWEEN})}"
            for value in shown.values.tolist()
        ]
    if "area" in frame:
        titles = [f"{area} · {title}" for area, title in zip(frame["area"], titles, strict=True)]
    return replace(view, shown=replace(shown, titles=titles, notes=_notes(frame, asked)))


def _coloured(frame: pd.DataFrame, fields: Sequence[str], asked: Asked, look: Look) -> LayerView:
    if asked.what == LARGEST:
        return LayerView(
            categories(frame["dominant"], fields, class_colours(fields)),
            _("Largest group"),
            _("largest predicted share, % of the {units_of}", units_of=units_of(frame)),
        )
    if asked.what == MIXED:
        values = _column(frame, "entropy")
        steps, names = share_steps(values, look)
        return LayerView(
            Shown(values, steps, "mix"),
            _("Diversity"),
            _("0 % one group only, 100 % all equal"),
            names,
            "entropy",
        )
    if asked.what in {ERROR, BETWEEN}:
        return _difference(frame, asked)
    return _share_of(frame, asked, look)


def _difference(frame: pd.DataFrame, asked: Asked) -> LayerView:
    field = asked.field
    if asked.what == ERROR:
        wrong = _column(frame, field) - _column(frame, f"{field}_observed")
        return difference(
            wrong,
            _("{field} error", field=field),
            field,
            _("predicted minus observed, percentage points"),
        )
    gap = _column(frame, field) - _column(frame, asked.other)
    name = _("{field} minus {other}", field=field, other=asked.other)
    return difference(gap, name, name, _("percentage points"))


def _share_of(frame: pd.DataFrame, asked: Asked, look: Look) -> LayerView:
    field = asked.field
    if asked.what == WIDTH:
        values = _column(frame, f"{field}_hi") - _column(frame, f"{field}_lo")
        return _share_view(
            values, _("{field} interval", field=field), field, _("width of the interval"), look
        )
    predicted = _column(frame, field)
    if f"{field}_observed" not in frame:
        alone = _share_view(predicted, field, field, _("predicted share"), look)
        return replace(alone, field=field)
    # One scale for both, so that going from one to the other shows the difference, not the scale.
    observed = _column(frame, f"{field}_observed")
    both = np.concatenate([predicted, observed])
    if asked.what == OBSERVED:
        label, unit = _("{field} observed", field=field), _("share in the uploaded file")
        return replace(_share_view(observed, label, field, unit, look, both), field=field)
    return replace(
        _share_view(predicted, field, field, _("predicted share"), look, both), field=field
    )


def _share_view(
    values: npt.NDArray[np.float32],
    label: str,
    title: str,
    unit: str,
    look: Look,
    scale: npt.NDArray[np.float32] | None = None,
) -> LayerView:
    """Values in classes made from them, or from a wider `scale` that holds them."""
    there = bool(np.isfinite(values).any())  # without any value the values themselves are refused
    steps, names = share_steps(values if scale is None or not there else scale, look)
    return LayerView(Shown(values, steps, label), title, unit, names)


def _notes(frame: pd.DataFrame, asked: Asked) -> list[str]:
    """Predicted share with its interval, what was observed, and where it does not hold."""
    if asked.what in OF_ONE_FIELD - {BETWEEN}:
        field = asked.field
        ends = zip(frame[field], frame[f"{field}_lo"], frame[f"{field}_hi"], strict=True)
        words = [
            _(
                "predicted {percent}, {level:.0%} interval {percent2} to {percent3}",
                percent=_percent(share),
                level=asked.level,
                percent2=_percent(low),
                percent3=_percent(high),
            )
            for share, low, high in ends
        ]
        if f"{field}_observed" in frame:
            seen = frame[f"{field}_observed"]
            words = [
                _("{word}; observed {percent}", word=word, percent=_percent(o))
                for word, o in zip(words, seen, strict=True)
            ]
    else:
        words = [_("largest group: {name}", name=name) for name in frame["dominant"]]
    outside = (~frame["applicable"].to_numpy(dtype=bool)).tolist()
    return [
        _("{word}; unlike any area used", word=word) if away else word
        for word, away in zip(words, outside, strict=True)
    ]


def _column(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float32]:
    values: npt.NDArray[np.float32] = frame[name].to_numpy(dtype=np.float32)
    return values


def _percent(share: float, *, signed: bool = False) -> str:
    return (
        _("{share:+.1f} points", share=100 * share) if signed else figure(100 * share, ".1f") + " %"
    )
