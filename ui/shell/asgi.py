"""The web app as one ASGI application: the pages, and what their maps fetch."""

import sys
from contextlib import suppress
from pathlib import Path

import streamlit as st

from ui.shell.routes import routes

with suppress(ValueError):  # Streamlit puts the folder of what it runs on the path
    sys.path.remove(str(Path(__file__).parent))

app = st.App(Path(__file__).parents[2] / "app.py", routes=routes())
