"""The form that asks for a comparison: labels or areas, what to compare, how to test it."""

from typing import Final

import streamlit as st

from aether_core.tasks.comparison import representation_names
from aether_core.tasks.representations import REPRESENTATIONS
from ui import area_form, district_form, errors, fit_form, label_form, page, state, uploads, working
from workflows.areas import AreaRequest
from workflows.cities import CitySummary
from workflows.districts import DistrictFile
from workflows.evaluate import evaluate_land_use, evaluate_socioeconomic
from workflows.fit_settings import FitSettings
from workflows.labels import LabelRequest
from workflows.land_use import LandUseRequest
from workflows.socioeconomic import SocioeconomicRequest

LAND_USE, SOCIOECONOMIC = "landuse", "socioeconomic"
_HINTS: Final = {
    LAND_USE: "Give points or polygons of which you know the land use: some dozens a class to "
    "begin with, spread over the city, so that they can be tested away from each other.",
    SOCIOECONOMIC: "Give areas with shares or counts: some dozens to begin with, spread over the "
    "city, so that they can be tested away from each other.",
}
_NEEDS_MODEL: Final = ("aether", "concat")


def draw(city: CitySummary, task: str) -> bool:
    """Draw the form of a task.

    Returns:
        Whether a comparison has just been made and kept.
    """
    given, panel = st.columns([2, 1], gap="large")
    with given:
        asked = _ask(city, task)
    with panel, st.container(border=True, key="compare-settings"), errors.boxed(state.reachable):
        st.subheader("What to compare", anchor=False)
        names = _representations(city, task)
        fit = fit_form.draw(city, f"compare-{task}", with_representation=False)
        districts = district_form.draw(task)
        curve = st.checkbox(
            "Learning curve, too",
            key=f"{task}-curve",
            help="What more labels would bring. Takes about three times as long.",
        )
        missing = _missing(task, asked, names)
        if missing:
            st.caption(f"Still needed: {missing}.")
        go = st.button(
            "Compare",
            type="primary",
            key="compare-go",
            disabled=bool(missing),
            icon=":material/balance:",
            width="stretch",
        )
        working.say_stopped("compare")
        if go and asked is not None:
            _run(city, asked, fit, names, districts, with_curve=curve)
            given = (asked.file, districts.file if districts else None)
            uploads.forget([path for path in given if path is not None])
            return True
    return False


def _ask(city: CitySummary, task: str) -> LabelRequest | AreaRequest | None:
    """Labels or areas, with a look at them."""
    form = label_form if task == LAND_USE else area_form
    asked: LabelRequest | AreaRequest | None = form.draw(city, f"compare-{task}")
    if asked is None:
        st.caption(_HINTS[task])
    return asked


def _representations(city: CitySummary, task: str) -> tuple[str, ...]:
    """Ask for at least two; what needs a model is offered where there is one."""
    offered = [name for name in REPRESENTATIONS if city.model or name not in _NEEDS_MODEL]
    names = representation_names(city.embedding)
    chosen = st.multiselect(
        "Representations",
        offered,
        default=offered,
        format_func=lambda name: names.get(name, name),
        key=f"{task}-representations",
        help="What the probe sees. All of them are tested on exactly the same folds.",
    )
    if not city.model:
        st.caption("AETHER can be compared once this city has a trained model.")
        st.page_link(page.TRAIN, label="Train its model", icon=":material/arrow_forward:")
    return tuple(chosen)


def _missing(task: str, asked: object, names: tuple[str, ...]) -> str:
    wanted = {
        "labels" if task == LAND_USE else "areas with shares": asked is not None,
        "at least two representations": len(names) > 1,
    }
    return ", ".join(words for words, there in wanted.items() if not there)


def _run(
    city: CitySummary,
    asked: LabelRequest | AreaRequest,
    fit: FitSettings,
    names: tuple[str, ...],
    districts: DistrictFile | None,
    *,
    with_curve: bool,
) -> None:
    """Compare in this run of the page."""
    with working.bar("compare") as progress:
        if isinstance(asked, LabelRequest):
            labels = LandUseRequest(asked, fit, districts=districts)
            evaluate_land_use(
                state.store(), city.slug, labels, names, progress, with_curve=with_curve
            )
        else:
            areas = SocioeconomicRequest(asked, fit, districts=districts)
            evaluate_socioeconomic(
                state.store(), city.slug, areas, names, progress, with_curve=with_curve
            )
