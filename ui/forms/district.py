"""Which districts errors are told apart by."""

from typing import Final

import streamlit as st

from aether_core.language import _
from aether_core.vector import UPLOAD_SUFFIXES
from ui.shell import uploads
from workflows.tasks.districts import DistrictFile

_VECTORS: Final = tuple(sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES))


def ask_districts(key: str) -> DistrictFile | None:
    """Ask for areas to leave out one at a time; None without them.

    Args:
        key: Tells this form's widgets from those of others on the page.
    """
    with st.expander(_("Districts"), icon=":material/grid_view:"):
        files = uploads.choose(
            _("Districts, optional"),
            key=f"{key}-districts",
            endings=_VECTORS,
            about=_(
                "Areas with names: errors are broken down by district, and each district is "
                "predicted once from all the others."
            ),
        )
        field = st.text_input(
            _("Name field"),
            key=f"{key}-district-field",
            placeholder=_("default: the first text field"),
        )
    return DistrictFile(files[0], field.strip() or None) if files else None
