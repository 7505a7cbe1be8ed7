"""The best spots of an answer: where they are, how well they match, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from aether_core.city.units import Units, title_of
from aether_core.language import _, in_order, mark, spoken, wanted
from aether_core.search.scoring import best_rows
from ui.ask import question as asking
from ui.ask.question import Found
from ui.ask.wording import label_of, measured
from ui.map.ground import name_languages
from ui.map.nearby import place_languages, spread_out
from ui.shell import state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.search.ask import Answer, Part
from workflows.search.explain import Address, addresses
from workflows.search.search import CellScores

VIEW: Final = "ask-view"
WHERE, WHY, SURE = mark("Where"), mark("Why here"), mark("How sure")
_MOST: Final = 6
_LOOKED_AT: Final = 1000
_FAR_M: Final = 1000.0
"""What is further from the middle of an area says nothing of it."""


@dataclass(frozen=True)
class Spot:
    """A good cell, named after what is nearest; WGS84.

    Attributes:
        match: How well it matches, for people.
        parts: Label and value, 0 to 1, of each criterion that counts.
    """

    cell: str
    title: str
    lon: float
    lat: float
    match: str
    parts: Sequence[tuple[str, float | None]]


def best_spots(
    city: CitySummary, found: Found, unsure: npt.NDArray[np.bool_] | None
) -> Sequence[Spot]:
    """The best cells that lie apart: within one radius they see the same surroundings.

    Args:
        city: The city.
        found: The answer.
        unsure: Cells that are left out, bool `[m]`.
    """
    languages = in_order(wanted(), place_languages(city) | name_languages(city))
    key = ("spots", spoken(), languages, None if unsure is None else unsure.tobytes())
    if key not in found.made:
        found.made[key] = _best(city, found.result, unsure)
    spots: Sequence[Spot] = found.made[key]
    return spots


def _best(
    city: CitySummary, result: Answer | CellScores, unsure: npt.NDArray[np.bool_] | None
) -> Sequence[Spot]:
    ranked = np.isfinite(result.percentile)
    if unsure is not None:
        ranked &= ~unsure
    score = np.where(ranked, result.score, np.nan)
    # Cells that lie together have numbers that do: of equals the first ones would be neighbours.
    mixed = np.random.default_rng(0).permutation(len(score))
    rows = mixed[best_rows(score[mixed], _LOOKED_AT)]
    if not len(rows):
        return []
    rows = rows[spread_out(result.lonlat[rows], city.radius_m, _MOST)]
    near = addresses(state.store(), result.in_use, result.lonlat[rows])
    spots = []
    for row, address in zip(rows.tolist(), near, strict=True):
        cell = result.units.code(row)
        spots.append(
            Spot(
                cell,
                spot_title(result.units, row, address),
                float(result.lonlat[row, 0]),
                float(result.lonlat[row, 1]),
                match_percent(result, row),
                _parts(result, row),
            )
        )
    return spots


def spot_title(units: Units, row: int, address: Address) -> str:
    """What a spot is called: an area by its name, a cell by what is near."""
    nearest = address.nearest
    is_far = nearest is not None and nearest.metres > _FAR_M
    if units.hexagons is None and (units.name(row) or nearest is None or is_far):
        return title_of(units, row)
    if nearest is None:
        return units.code(row)
    near = _("Near {name}", name=nearest.name)
    return near if units.hexagons is not None else f"{near} ({units.code(row)})"


def ranked_cells(result: Answer | CellScores) -> str:
    """How many cells are ranked, and how many share the first place."""
    score = result.score[np.isfinite(result.percentile)]
    text = _("Best of {units}, spaced apart", units=result.units.kind.counted(len(score)))
    best = int((score == score.max()).sum()) if len(score) else 0
    return text + (_("; {best:,} share the best match", best=best) if best > _MOST else "")


def match_percent(result: Answer | CellScores, row: int) -> str:
    """How well a cell matches: its score of all criteria, or its rank where there is an example."""
    value = float(result.score[row]) if isinstance(result, Answer) else result.percentile[row] / 100
    return f"{100 * value:.0f} %"


def _parts(result: Answer | CellScores, row: int) -> Sequence[tuple[str, float | None]]:
    if not isinstance(result, Answer):
        return ()
    values = [(_label(part, row), float(part.value[row])) for part in result.parts if part.used]
    return [(label, value if np.isfinite(value) else None) for label, value in values]


def _label(part: Part, row: int) -> str:
    """What is asked; of a distance what it is here, as a chip above says what it should be."""
    one = part.criterion
    if part.metres is None or not np.isfinite(part.metres[row]):
        return label_of(one)
    return measured(part, float(part.metres[row]))


def show_spots(spots: Sequence[Spot]) -> None:
    """The list; a press on one shows why."""
    with st.container(key="spots", gap=None):
        for rank, spot in enumerate(spots, start=1):
            with st.container(key=f"spot-row-{rank}", gap=None):
                st.button(
                    f"{rank}. {plain(spot.title)} · **{spot.match}**",
                    key=f"spot-{spot.cell}",
                    type="tertiary",
                    help=_("Why here?"),
                    on_click=choose,
                    args=(spot.cell,),
                )
                if len(spot.parts) > 1:  # one alone is the match itself
                    bars(spot.parts)


def choose(cell: str) -> None:
    """Look at a cell, and say why it scored."""
    asking.look_at(cell)
    st.session_state[VIEW] = WHY


def bars(parts: Sequence[tuple[str, float | None]]) -> None:
    """Parts as small bars with their percentage."""
    st.html(f'<div class="parts">{"".join(bar(label, value) for label, value in parts)}</div>')


def bar(label: str, value: float | None) -> str:
    """One part as HTML."""
    figure = _("no data") if value is None else f"{100 * value:.0f} %"
    return (
        f'<div class="part"><span class="part-label">{escape(label)}</span>'
        f'<span class="part-bar"><span style="width:{(value or 0) * 100:.0f}%"></span></span>'
        f'<span class="part-figure">{figure}</span></div>'
    )
