"""What is done before anybody is let in.

Streamlit runs each visit in a thread of its own and imports what a page needs when the first
visitor comes. Two first visits at once would import the same packages side by side, and one of them
may find a package half made. And as long as nobody has come through the router, a link to a page
makes Streamlit run that page's file by itself. Both are settled here. So is what the first question
needs, unless that takes long.
"""

import ast
import gc
import logging
from pathlib import Path
from threading import Thread

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.pages_manager import PagesManager

from ui.shell import state
from workflows.accounts.acting import OPERATOR, asked_by
from workflows.search.warm import make_ready

PATIENCE_S = 10
"""So long nobody is let in while the first question is made ready; it goes on behind them."""
ROOT = Path(__file__).parents[2]


def import_all() -> None:
    """Import what the router and the pages import, in this one thread."""
    for script in (ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))):
        tree = ast.parse(script.read_text(encoding="utf-8"), str(script))
        imports: list[ast.stmt] = [
            node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        exec(compile(ast.Module(imports, []), str(script), "exec"), {})  # noqa: S102 - our own files
    PagesManager.uses_pages_directory = False  # every visit goes through the router


def say_the_theme_once() -> None:
    """Let Streamlit work out once what it says of the theme at the start of each rerun.

    It goes through its 200 settings then, which took a fifth of what the server computes under
    twenty visitors. They come from `.streamlit/config.toml` and stay.
    """
    work_out, said = app_session._populate_theme_msg, {}

    def say(msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in said:
            said[section] = CustomThemeConfig()
            work_out(said[section], section)
        if said[section].ByteSize():
            msg.MergeFrom(said[section])

    app_session._populate_theme_msg = say


def freeze() -> None:
    """Let collections pass over what was imported: it stays, and is 300,000 objects."""
    gc.collect()
    gc.freeze()


def make_first_answers() -> None:
    """Read what the first questions need, for as long as `PATIENCE_S`; the rest behind visitors."""
    reading = Thread(target=_make_ready, name="make ready", daemon=True)
    reading.start()
    reading.join(PATIENCE_S)


def _make_ready() -> None:
    try:
        with asked_by(OPERATOR):
            make_ready(state.store())
    except Exception:  # the pages say what is wrong with the store
        logging.getLogger("aether.warm").warning("nothing was made ready", exc_info=True)
