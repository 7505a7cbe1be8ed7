"""Train: start a run, watch it, see what the model knows, choose the one in use."""

from typing import Any

import streamlit as st

from aether_core.language import _, figure, mark, moment
from aether_core.model.recipes import recipe, recipes
from aether_core.model.recipes.definition import Setting
from aether_core.model.training.retrieval import measured_apart
from ui.expert import charts, model_files, training_run
from ui.shell import errors, notice, page, rights, state
from ui.shell.text import count, duration, facts, plain
from workflows.accounts.acting import USE_MODEL
from workflows.cities.cities import CitySummary
from workflows.encoders.choice import EncoderChoice, encoders_here
from workflows.encoders.of_city import city_encoder
from workflows.training.job_kind import TRAIN
from workflows.training.models import ModelSummary, list_models, use_model
from workflows.training.resume import resume_run, start_again
from workflows.training.runs import RunSummary, list_runs
from workflows.training.train import start_training

LABELS = {
    "lam": mark("Weight of the two window sizes"),
    "holdout": mark("Share of places held out"),
    "block_m": mark("Block size in metres"),
    "keep": mark("Weights to keep"),
}
STATES = {
    "queued": mark("waiting"),
    "running": mark("running"),
    "done": mark("done"),
    "failed": mark("failed"),
    "cancelled": mark("stopped"),
}


def ask_setting(setting: Setting) -> str | None:
    """One setting's field; its value only where it was changed."""
    rule, key = setting.rule, f"set-{setting.key}"
    label = _(LABELS.get(setting.key, setting.key.replace("_", " ").capitalize()))
    if rule.choices:
        value: Any = st.selectbox(
            label, rule.choices, rule.choices.index(str(setting.value)), help=_(rule.help), key=key
        )
    else:
        value = st.text_input(
            label,
            f"{setting.value:g}",
            help=_(
                "{help} {minimum:g} to {maximum:g}; in commands {key}.",
                help=_(rule.help),
                minimum=rule.minimum,
                maximum=rule.maximum,
                key=setting.key,
            ),
            key=key,
        )
    unchanged = str(setting.value) if rule.choices else f"{setting.value:g}"
    return None if str(value).strip() == unchanged else str(value).strip()


def ask_encoder(usual: EncoderChoice) -> str:
    """Which text encoder reads the places and later the questions."""
    here = encoders_here(state.store().settings)
    return st.selectbox(
        _("Text encoder"),
        here,
        here.index(usual.name),
        key="encoder",
        help=_(
            "It reads the places and the questions. all-MiniLM-L6-v2 knows English only; "
            "multilingual-e5-small reads a hundred languages, at 35 to 40 places a second and core."
        ),
    )


def forget_settings() -> None:
    """Let the fields show what another recipe begins with."""
    for key in [key for key in st.session_state if str(key).startswith("set-")]:
        del st.session_state[key]


def draw_start(city: CitySummary) -> None:
    """The form that starts a run."""
    st.header(_("New run"), anchor=False)
    # Outside the form, so that a choice shows its summary and settings at once.
    name = st.selectbox(
        _("Recipe"),
        [one.name for one in recipes()],
        key="recipe",
        help=_("A recipe is a training method with all its settings."),
        on_change=forget_settings,
    )
    chosen = recipe(name)
    st.caption(plain(_(chosen.summary)))
    usual = city_encoder(state.store(), city.id)
    if usual.in_words:
        st.caption(plain(usual.in_words))
    with st.form("start", border=True):
        with st.expander(_("Settings")):
            changed = {setting.key: ask_setting(setting) for setting in chosen.describe()}
            seed = st.number_input(
                _("Seed"),
                0,
                2**31 - 1,
                42,
                key="seed",
                help=_("The same seed gives the same model."),
            )
            device = st.selectbox(
                _("Device"),
                ["auto", "cpu", "cuda"],
                key="device",
                help=_("Auto uses a GPU if there is one."),
            )
            encoder = ask_encoder(usual)
        go = st.form_submit_button(
            _("Start training"), type="primary", width="stretch", **rights.needing(TRAIN.role)
        )
        rights.note(TRAIN.role)
    if go:
        settings = {key: value for key, value in changed.items() if value is not None}
        start_training(state.store(), city.slug, name, settings, int(seed), device, encoder)
        st.rerun()


def in_words(validation: dict[str, Any], validated_on: str | None) -> str:
    """What the held-out check means, for people who do not know the measure.

    Args:
        validation: The figures.
        validated_on: `apart`, or anything else where the blocks chose the epoch, too.
    """
    found = validation["text_to_place"]
    share, chance = float(found["recall_at_10"]), float(found["chance_at_10"])
    if share > 1.5 * chance:
        verdict = _(
            "That is {chance:.1f} times the chance level.", chance=share / max(chance, 1e-09)
        )
    else:
        verdict = _("That is hardly better than chance: do not rely on its maps.")
    if measured_apart(validated_on):
        place, favour = _("a place it has never seen"), ""
    else:
        place = _("a place it was not trained on")
        favour = _(
            " These places were also used to select the epoch, so the figure is slightly "
            "optimistic."
        )
    return _(
        "Recall@10 is {share:.0%} (chance: {chance:.0%}): given the text of {place}, a "
        "matching place is in the top 10 of {candidates:,} in {share:.0%} of cases. "
        "{verdict}{favour} Different kinds of places often look alike from above, so "
        "even a good model stays far below 100 %.",
        share=share,
        chance=chance,
        place=place,
        candidates=validation["candidates"],
        verdict=verdict,
        favour=favour,
    )


def draw_runs(runs: list[RunSummary]) -> None:
    """The newest run: live while it works; then the outcome of the last one that was finished."""
    newest = runs[0]
    if not newest.is_finished:
        st.header(
            _("Run {id} is {states}", id=newest.id, states=_(STATES[newest.state])), anchor=False
        )
        training_run.follow(newest)
        return
    if not newest.state.is_done:
        draw_early_end(newest)
    done = next((run for run in runs if run.state.is_done), None)
    if done is not None:
        draw_outcome(done)


def draw_early_end(run: RunSummary) -> None:
    """A run that failed or was stopped, and the two ways on from there."""
    if run.state.is_failed:
        reason = run.error or _("no reason was recorded")
        st.error(
            _("Run {id} failed: {reason}", id=run.id, reason=plain(reason)), icon=":material/error:"
        )
    else:
        kept = (
            _(
                "after epoch {resumable_from}. Its progress is saved, but there is no model yet.",
                resumable_from=run.resumable_from,
            )
            if run.resumable_from
            else _("before the first epoch finished. Nothing was saved.")
        )
        st.info(_("Run {id} was stopped {kept}", id=run.id, kept=kept), icon=":material/info:")
    with st.container(horizontal=True):
        go_on = run.resumable_from > 0 and st.button(
            _("Resume from epoch {resumable_from}", resumable_from=run.resumable_from),
            key=f"resume-{run.id}",
            type="primary",
            **rights.needing(
                TRAIN.role, help=_("The result is the same as that of an uninterrupted run.")
            ),
        )
        again = st.button(
            _("Start again"),
            key=f"again-{run.id}",
            **rights.needing(
                TRAIN.role, help=_("A new run with the same recipe, settings and seed.")
            ),
        )
    if go_on or again:
        with st.spinner(_("Checking that the inputs have not changed") if go_on else _("Starting")):
            (resume_run if go_on else start_again)(state.store(), run.id)
        st.rerun()


def draw_outcome(run: RunSummary) -> None:
    """Curves and meaning of a finished run."""
    kept: Any = run.metrics.get("kept_epoch")
    validated_on: Any = run.metrics.get("validated_on")
    validation: Any = run.metrics.get("validation")
    st.header(_("Results of run {id}", id=run.id), anchor=False)
    if validation:
        st.write(in_words(validation, validated_on))
    else:
        st.write(_("No places were held out, so the model could not be tested on unseen places."))
    left, right = st.columns(2, gap="medium")
    with left:
        charts.losses(run.history, kept_epoch=kept, key="losses")
    with right:
        if validation:
            charts.against_chance(validation["text_to_place"], key="chance")
    seconds: Any = run.metrics.get("seconds", 0.0)
    used: Any = run.metrics.get("pois_used", 0)
    held: Any = run.metrics.get("held_out", 0)
    chose: Any = run.metrics.get("chose_epoch", 0)
    st.caption(
        _(
            "{places} used, {held:,} held out in whole blocks of the city{chosen_by} · kept "
            "epoch {kept} of {epoch}{resumed} · {seconds} on {device} · seed {seed}",
            places=count(used, "place"),
            held=held,
            chosen_by=_(", {chose:,} of them to choose the epoch", chose=chose) if chose else "",
            kept=kept,
            epoch=run.epoch,
            resumed=_(", resumed from epoch {epoch}", epoch=run.resumed_from)
            if run.resumed_from
            else "",
            seconds=duration(float(seconds)),
            device=run.metrics.get("device"),
            seed=run.seed,
        )
    )


def draw_models(city: CitySummary, models: list[ModelSummary]) -> None:
    """The city's models and which one searches use."""
    current = next((model.name for model in models if model.in_use), None)
    names = [model.name for model in models]
    picker, table = st.columns([1, 2], gap="medium")
    with picker:
        st.header(_("Models"), anchor=False)
        chosen = st.selectbox(
            _("In use for searches"),
            names,
            names.index(current) if current in names else None,
            key=f"use-{city.slug}-{current}",
            **rights.needing(USE_MODEL.role),
        )
    if chosen is not None and chosen != current:
        use_model(state.store(), city.slug, chosen)
        notice.say(_("Searches now use {chosen}.", chosen=chosen))
        st.rerun()
    with table:
        st.dataframe([row_of(model) for model in models], hide_index=True, key="models")


def row_of(model: ModelSummary) -> dict[str, object]:
    """A model as a table's row."""
    validation: Any = model.card.get("validation") or {}
    recall = validation.get("text_to_place", {}).get("recall_at_10")
    return {
        _("Model"): model.name,
        _("Recipe"): model.recipe,
        _("Origin"): model.origin,
        "Recall@10": figure(recall, ".1%") if recall is not None else _("not tested"),
        _("Created"): moment(model.created),
    }


def draw_history(runs: list[RunSummary]) -> None:
    """Earlier runs, newest first."""
    with st.expander(_("All runs ({runs})", runs=len(runs))):
        st.dataframe(
            [
                {
                    _("Run"): run.id,
                    _("State"): _(STATES[run.state]),
                    _("Recipe"): run.recipe,
                    _("Changed settings"): ", ".join(
                        f"{key}={value}" for key, value in run.settings.items()
                    ),
                    _("Seed"): run.seed,
                    _("Started"): moment(run.created),
                    _("Problem"): run.error or "",
                }
                for run in runs
            ],
            hide_index=True,
            key="runs",
        )


def draw_request(run: RunSummary) -> None:
    """What the working run was asked to do."""
    facts({_("Recipe"): run.recipe, _("Seed"): run.seed, _("Device"): run.device, **run.settings})
    st.caption(_("One run per city at a time. It continues when you leave this page."))


def draw_invitation(city: CitySummary) -> None:
    """What training is, for a city that has none yet."""
    st.header(_("No model trained yet"), anchor=False)
    st.write(
        _(
            "Training teaches a small model what the city's {places} look like from above. "
            "After that, you can search the city in plain words. It takes from under a "
            "minute to a few minutes.",
            places=count(city.pois, "place"),
        )
    )


def draw() -> None:
    """The page."""
    city = page.with_city(_("Train"))
    if city is None:
        return
    if not city.pois and city.model is None:
        page.needs_model(city, _("Places are what training is about"))
        return
    runs = list_runs(state.store(), city.slug)
    working = next((run for run in runs if not run.is_finished), None)
    left, right = st.columns([1, 2.4], gap="large")
    with left, errors.boxed(state.reachable):
        if working is None:
            draw_start(city)
        else:
            draw_request(working)
    with right, errors.boxed(state.reachable):
        if runs:
            draw_runs([working, *runs] if working else runs)
        else:
            draw_invitation(city)
        models = list_models(state.store(), city.slug)
        if models:
            draw_models(city, models)
        model_files.show_model_files(city, models)
        if runs:
            draw_history(runs)


page.through_router()
with errors.boxed(state.reachable):
    draw()
