"""The web app's server, ready for several first visitors at once.

Started as `python -m ui.shell.server OPTIONS`.

Streamlit runs each visit in a thread of its own and imports what a page needs when the first
visitor comes. Two first visits at once would import the same packages side by side, and one of them
may find a package half made. And as long as nobody has come through the router, a link to a page
makes Streamlit run that page's file by itself. Both are settled here, before anybody is let in. So
is what the first question needs, unless that takes long.
"""

import ast
import gc
import logging
import sys
from pathlib import Path
from threading import Thread

from streamlit.runtime.pages_manager import PagesManager
from streamlit.web import cli

from ui.shell import state
from workflows.home.log_output import forgive_full_disk
from workflows.search.warm import make_ready

PATIENCE_S = 10
"""So long nobody is let in while the first question is made ready; it goes on behind them."""
ROOT = Path(__file__).parents[2]
APP, SERVED = ROOT / "app.py", Path(__file__).with_name("asgi.py")


def import_all() -> None:
    """Import what the router and the pages import, in this one thread."""
    for script in (APP, *sorted((ROOT / "pages").glob("*.py"))):
        tree = ast.parse(script.read_text(encoding="utf-8"), str(script))
        imports: list[ast.stmt] = [
            node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        exec(compile(ast.Module(imports, []), str(script), "exec"), {})  # noqa: S102 - our own files


def _make_ready() -> None:
    try:
        make_ready(state.store())
    except Exception:  # the pages say what is wrong with the store
        logging.getLogger("aether.warm").warning("nothing was made ready", exc_info=True)


def main() -> None:
    """Serve the app; takes the options of `streamlit run`."""
    forgive_full_disk()
    import_all()
    ready = Thread(target=_make_ready, name="make ready", daemon=True)
    ready.start()
    ready.join(PATIENCE_S)
    # What was imported stays: a collection need not look at its 300,000 objects each time.
    gc.collect()
    gc.freeze()
    PagesManager.uses_pages_directory = False  # every visit goes through the router
    cli.main(["run", str(SERVED), *sys.argv[1:]], prog_name="streamlit")


if __name__ == "__main__":
    main()
