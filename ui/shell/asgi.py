"""The web app as one ASGI application: the pages, and what their maps fetch."""

from pathlib import Path

import streamlit as st

from ui.shell.routes import routes

app = st.App(Path(__file__).parents[2] / "app.py", routes=routes())
