"""Models as files: take one away, bring in one that was trained elsewhere."""

from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.model.files.card import MAX_WEIGHTS_BYTES
from ui.shell import downloads, errors, rights, state, uploads
from ui.shell.text import plain, worded
from workflows.accounts.acting import IMPORT_MODEL
from workflows.cities.cities import CitySummary
from workflows.encoders.choice import encoders_here
from workflows.training.model_files import export_model, import_model
from workflows.training.models import ModelSummary

_FORMATS: Final = {".zip": mark("Model folder (.zip)"), ".pth": mark("Published layout (.pth)")}
_MIME: Final = {".zip": "application/zip", ".pth": "application/octet-stream"}
_ENDINGS: Final = ("zip", "pth", "pt", "safetensors")
_NOT_KNOWN: Final = mark("Unknown")
_TURN: Final = "model-import-turn"
_DONE: Final = "model-import-done"


def show_model_files(city: CitySummary, models: list[ModelSummary]) -> None:
    """Draw both ways under the city's models; there may be none to take away."""
    with st.expander(_("Model files")):
        take, bring = st.columns(2, gap="large")
        with take, errors.boxed(state.reachable):
            _draw_export(models)
        with bring, errors.boxed(state.reachable):
            _draw_import(city)


def _draw_export(models: list[ModelSummary]) -> None:
    st.markdown(_("**Export a model**"))
    if not models:
        st.caption(_("No models yet."))
        return
    name = st.selectbox(_("Model"), [model.name for model in models], key="model-export-name")
    suffix = st.selectbox(
        _("Format"),
        list(_FORMATS),
        format_func=lambda ending: _(_FORMATS[ending]),
        key="model-export-format",
        help=_(
            "The folder holds the weights and the card, and can be imported here or elsewhere. "
            "The published layout is the one the paper's code reads."
        ),
    )
    # Made before it is asked for: a model that does not fit the layout says so here.
    content = downloads.written(name + suffix, lambda path: export_model(state.store(), name, path))
    st.download_button(
        _("Download"),
        content,
        file_name=name + suffix,
        mime=_MIME[suffix],
        key="model-export",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def _draw_import(city: CitySummary) -> None:
    turn = st.session_state.setdefault(_TURN, 0)  # a new turn empties the form
    files = uploads.choose(
        _("Import a model"),
        key=f"model-import-{turn}",
        endings=_ENDINGS,
        about=_(
            "A zipped model folder, its heads.safetensors only, or a published .pth file. "
            "No code in the file is run."
        ),
        most_mb=MAX_WEIGHTS_BYTES // 1024**2,
    )
    name = st.text_input(
        _("Name"),
        key=f"model-import-name-{turn}",
        placeholder=_("its own name"),
        max_chars=80,
    )
    encoder = st.selectbox(
        _("Text encoder it was trained with"),
        [_NOT_KNOWN, *encoders_here(state.store().settings)],
        key=f"model-import-encoder-{turn}",
        help=_(
            "Only for weights without a model card. If the encoder is unknown, the model can "
            "find similar places and map land use, but not search by text."
        ),
        format_func=worded(_NOT_KNOWN),
    )
    done = st.session_state.pop(_DONE, None)
    if done:
        st.success(done, icon=":material/check:")
    go = st.button(
        _("Import"),
        key="model-import",
        width="stretch",
        **rights.needing(IMPORT_MODEL.role, disabled=not files),
    )
    rights.note(IMPORT_MODEL.role)
    if not go:
        return
    model = import_model(
        state.store(),
        files[0],
        city.slug,
        name=name.strip() or None,
        encoder=None if encoder == _NOT_KNOWN else encoder,
    )
    uploads.forget(files)
    words = _("; text search is not available with it") if model.answers_no_text else ""
    st.session_state[_DONE] = _("Imported as {name}{words}.", name=plain(model.name), words=words)
    st.session_state[_TURN] = turn + 1
    st.rerun()
