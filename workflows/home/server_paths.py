"""Files of the server that pages may be told by path: those in folders an operator has named."""

import os
from pathlib import Path

from aether_core.errors import InputError
from workflows.home.settings import Settings


def allowed_path(settings: Settings, typed: str) -> Path:
    """The file or folder that a visitor names by its path.

    Args:
        settings: The installation; `server_paths` are the folders it may lie in.
        typed: Its full path.

    Returns:
        The path without links. Whether something is there is not looked at.

    Raises:
        InputError: It lies elsewhere, also by a link or `..`. What is there, if anything, is not
            told.
    """
    named = typed.strip()
    if named.startswith(os.sep) and "\0" not in named:
        path = Path(os.path.realpath(named))
        if any(path.is_relative_to(os.path.realpath(one)) for one in settings.server_paths):
            return path
    folders = ", ".join(map(str, settings.server_paths))
    raise InputError(
        "this path of the server is not open to pages",
        typed,
        f"give the full path of a file in {folders}" if folders else "upload the file",
        code="server-path-not-allowed",
    )
