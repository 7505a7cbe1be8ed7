"""The card of one cell: where it is, why it scored, similar places nearby, where it ranks."""

from html import escape

import numpy as np
import numpy.typing as npt
import streamlit as st

from aether_core.language import _, translated
from ui.ask import question as asking
from ui.ask.question import Found
from ui.ask.spots import bar, match_percent, spot_title
from ui.ask.sureness import SUPPORT_WORDS
from ui.ask.wording import label_of
from ui.shell import state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.search.ask import Answer
from workflows.search.explain import (
    Address,
    CellExplanation,
    CellPart,
    Nearby,
    addresses,
    explain_cell,
)
from workflows.training.representation import every_unit, model_for


def show_card(found: Found, row: int | None, sureness: npt.NDArray[np.float32] | None) -> None:
    """Draw the card.

    Args:
        found: The answer.
        row: Of the cell; None while none was chosen.
        sureness: Of each cell, 0 to 1, where it is known.
    """
    if row is None:
        if asking.looked_at():
            st.write(_("The place you chose lies outside this city."))
        st.write(_("Choose a result, or click the map, to see why a place scored as it did."))
        return
    key = ("why", row)
    if key not in found.made:
        found.made[key] = explain_cell(state.store(), found.result, row)
    here: CellExplanation = found.made[key]
    with st.container(key="why-card", border=True, gap="small"):
        title = spot_title(found.result.units, row, here.address)
        st.markdown(f"**{plain(title)}**")
        st.caption(plain(_address_line(here.address, here.lon, here.lat)))
        st.markdown(_rank(found, here))
        for one in here.parts:
            _part(one)
        if not isinstance(found.result, Answer):
            st.caption(_("Compared with the place you chose: how alike both look from above."))
        if sureness is not None:
            st.caption(
                _(
                    "How sure: {sureness:.0f} % (what it is: under How sure).",
                    sureness=100 * float(sureness[row]),
                )
            )
        show_like_this(here.lon, here.lat)


def show_like_this(lon: float, lat: float) -> None:
    """The button that asks for places like a point."""
    st.button(
        _("Find places like this"),
        icon=":material/content_copy:",
        key="like-this",
        on_click=asking.ask_like,
        args=(lon, lat),
    )


def _address_line(address: Address, lon: float, lat: float) -> str:
    known = [one for one in (address.place, address.street) if one is not None]
    return " · ".join([*map(_with_metres, known), f"{lat:.5f}, {lon:.5f}"])


def _with_metres(one: Nearby) -> str:
    return f"{translated(one.name)}, {one.metres:,.0f} m"


def _rank(found: Found, here: CellExplanation) -> str:
    if here.rank is None:
        return _("Not ranked: water, outside the chosen area, or without data.")
    match = match_percent(found.result, here.row)
    top = max(100 * here.rank / here.ranked, 0.1)
    ranked = found.result.units.kind.counted(here.ranked)
    return _(
        "Match **{match}** · rank **{rank:,}** of {ranked}, top {top:.1f} %",
        match=match,
        rank=here.rank,
        ranked=ranked,
        top=top,
    )


def _part(one: CellPart) -> None:
    part = one.part
    lines = []
    if one.nearest is not None:
        lines.append(
            _(
                "Nearest: {value}, {metres:,.0f} m {way}",
                value=one.nearest.name or part.criterion.in_own_words,
                metres=one.nearest.metres,
                way=_(part.way),
            )
        )
    if one.similar_places:
        lines.append(
            _(
                "Such places nearby: {with_metres}",
                with_metres="; ".join(map(_with_metres, one.similar_places)),
            )
        )
    if part.support is not None:
        lines.append(
            _("Likeness: {support_words}", support_words=_(SUPPORT_WORDS[part.support.level]))
        )
    if not part.used:
        lines.append(_("Does not count in the score"))
    notes = "".join(f"<small>{escape(line)}</small>" for line in lines)
    st.html(
        f'<div class="parts">{bar(label_of(part.criterion), one.value)}'
        f'<div class="part-notes">{notes}</div></div>'
    )


def show_place(city: CitySummary, cell: str) -> None:
    """The card of a cell while nothing is asked."""
    store = state.store()
    units = every_unit(store, city.id, city.created)
    middle = units.middle_of(cell)
    if middle is None:
        return
    lon, lat = middle
    address = addresses(store, model_for(store, city.slug, city.model), np.array([[lon, lat]]))[0]
    row = units.row_of(cell)
    nearest = address.nearest
    title = _("Near {name}", name=nearest.name) if nearest is not None else cell
    with st.container(key="why-card", border=True, gap="small"):
        st.markdown(f"**{plain(title if row is None else spot_title(units, row, address))}**")
        st.caption(plain(_address_line(address, lon, lat)))
        show_like_this(lon, lat)
