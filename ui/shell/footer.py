"""What stands on every page: whose data it is, and whether the embedding is simulated."""

from collections.abc import Sequence

import streamlit as st

from aether_core.language import _, mark
from workflows.cities.cities import credit_in_words

SIMULATED = mark("Made-up satellite data")
_SIMULATED_HELP = mark(
    "This city's satellite data were simulated, not measured. The map shows how the app "
    "works, not what the real city is like."
)


def simulated_badge() -> None:
    """Mark what follows as made from a simulated embedding."""
    st.badge(_(SIMULATED), icon=":material/science:", color="orange", help=_(_SIMULATED_HELP))


def attribution(lines: Sequence[str]) -> None:
    """The credits under a page."""
    if lines:
        st.container(key="attribution").caption(
            " · ".join(map(credit_in_words, dict.fromkeys(lines)))
        )
