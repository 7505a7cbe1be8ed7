"""Keep an answer as a layer, or take it away as a file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import streamlit as st

from aether_core.language import _
from ui.ask.question import Found
from ui.jobs import made_file
from ui.jobs.links import LAYER
from ui.shell import errors, page, rights, state
from ui.shell.text import plain
from workflows.accounts.acting import KEEP_MAP
from workflows.cities.cities import CitySummary
from workflows.layers.export import export_answer, export_scores
from workflows.layers.file_kinds import (
    ANSWER_FILE,
    SEARCH_FILE,
    AnswerFile,
    answer_file,
    search_file,
)
from workflows.layers.layers import (
    LayerSummary,
    default_title,
    keep_answer,
    keep_layer,
)
from workflows.search.ask import Answer
from workflows.search.search import CellScores

_FILE: Final = "answer file"
_ROOM_PX: Final = 140
"""Height of what stands behind each button."""


@dataclass(frozen=True)
class _Result:
    """What can be done with an answer of either kind."""

    title: str
    contents: str
    keep: Callable[[str], LayerSummary]
    offer: Callable[[str, dict[Any, Any]], None]


def title_of(result: Answer | CellScores) -> str:
    """What an answer is called."""
    return _result(result).title


def show_take_away(city: CitySummary, found: Found) -> None:
    """The two buttons; what is behind them is made, and asked of the store, once one is opened."""
    one = _result(found.result)
    keeping, taking = st.columns(2, gap="small")
    with keeping:
        _behind(
            _("Save to Maps"),
            ":material/bookmark_add:",
            "save-to-maps",
            lambda: _keeping(city, one),
            **rights.needing(KEEP_MAP.role),
        )
    with taking:
        _behind(
            _("Download"),
            ":material/download:",
            "take-away",
            lambda: _taking(f"{city.slug}-{one.title}", one, found.made),
        )


def _behind(
    words: str,
    icon: str,
    key: str,
    show: Callable[[], None],
    **allowed: Any,  # noqa: ANN401 - as Streamlit takes them
) -> None:
    """A button with something behind it, which is made once it is opened.

    Until then there is as much room as it will take: a popover decides as it opens whether that
    fits below.
    """
    popover = st.popover(words, icon=icon, width="stretch", key=key, on_change="rerun", **allowed)
    with popover:
        if popover.open:
            show()
        else:
            st.container(height=_ROOM_PX, border=False)


def _taking(name: str, one: _Result, made: dict[Any, Any]) -> None:
    with errors.boxed(state.reachable):
        st.caption(one.contents)
        one.offer(name, made)


def _keeping(city: CitySummary, one: _Result) -> None:
    title = st.text_input(
        _("Title of the layer"), one.title, key=f"title-{one.title}", max_chars=200
    )
    if st.button(_("Save as layer"), type="primary", key="keep"):
        with errors.boxed(state.reachable):
            layer = one.keep(title)
            st.success(_("Kept as {title}.", title=plain(layer.title)))
            there = {state.CITY: city.slug, LAYER: layer.layer}
            st.page_link(
                page.LAYERS, label=_("See it under Maps"), width="stretch", query_params=there
            )
            st.page_link(
                page.REPORTS, label=_("Make a report of it"), width="stretch", query_params=there
            )


def make_report(city: CitySummary, result: Answer | CellScores) -> None:
    """One button that keeps the answer and opens a report of it, with the visit's districts."""
    if st.button(
        _("Make a report"),
        icon=":material/description:",
        width="stretch",
        key="keep-and-report",
        **rights.needing(
            KEEP_MAP.role,
            help=_("Saves this question to Maps and compares the two areas in a report."),
        ),
    ):
        with errors.boxed(state.reachable):
            one = _result(result)
            layer = one.keep(one.title)
            st.switch_page(page.REPORTS, query_params={state.CITY: city.slug, LAYER: layer.layer})


def _offer_answer(name: str, answer: Answer, made: dict[Any, Any]) -> None:
    def asked() -> AnswerFile:
        if _FILE not in made:  # the store is asked once an answer, not at each rerun
            made[_FILE] = answer_file(state.store(), answer, "")
        file: AnswerFile = made[_FILE]
        return file

    made_file.in_a_format(
        name,
        answer.city,
        ANSWER_FILE,
        lambda suffix: replace(asked(), suffix=suffix),
        lambda path: export_answer(answer, path),
        key="search",
        features=len(answer.units),
    )


def _result(result: Answer | CellScores) -> _Result:
    if isinstance(result, Answer):
        return _Result(
            result.title[:200],
            _(
                "Every {one} with its score, its rank, each part and each distance, WGS84.",
                one=_(result.units.kind.one),
            ),
            lambda title: keep_answer(state.store(), result, title),
            lambda name, made: _offer_answer(name, result, made),
        )
    return _Result(
        default_title(result),
        _(
            "Every {one} with its score and its rank in the city, WGS84.",
            one=_(result.units.kind.one),
        ),
        lambda title: keep_layer(state.store(), result, title),
        lambda name, _made: made_file.in_a_format(
            name,
            result.city,
            SEARCH_FILE,
            lambda suffix: search_file(state.store(), result, suffix),
            lambda path: export_scores(result, path),
            key="search",
            features=len(result.units),
        ),
    )
