"""Ask for the coordinate system of a file that does not say its own."""

import streamlit as st


def ask(key: str) -> str | None:
    """The text typed; None when the field was left empty."""
    typed = st.text_input(
        "Coordinate system",
        key=key,
        placeholder="from the file",
        help="Only for files that do not state one, e.g. EPSG:27700. GeoJSON and tables with "
        "longitude and latitude need none.",
    )
    return (typed or "").strip() or None
