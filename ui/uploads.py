"""Files a visitor gives: uploaded, or lying on the server already."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import streamlit as st

from aether_core.files import atomic_path
from workflows.settings import read_settings

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_UPLOAD, _PATH = "Upload", "Path on the server"
_KEPT_SECONDS: Final = 24 * 3600


def choose(
    label: str,
    *,
    key: str,
    endings: Sequence[str],
    several: bool = False,
    about: str = "",
    most_mb: int | None = None,
) -> list[Path]:
    """Ask for files by upload or by server path.

    Args:
        most_mb: Largest upload in megabytes, where it is less than the settings allow.

    Returns:
        Where the files lie now; empty while nothing was given. What they hold is not checked here.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{label}**", width="stretch", help=about or None)
        way = st.segmented_control(
            f"How to give: {label}",
            [_UPLOAD, _PATH],
            default=_UPLOAD,
            required=True,
            key=f"{key}-way",
            label_visibility="collapsed",
        )
    if way == _PATH:
        hint = "one path a line" if several else "full path of the file"
        ask = st.text_area if several else st.text_input
        typed = ask(
            f"{label}: {hint}", key=f"{key}-path", label_visibility="collapsed", placeholder=hint
        )
        return [
            Path(line.strip()).expanduser() for line in (typed or "").splitlines() if line.strip()
        ]
    limit = read_settings().upload_limit_mb
    given = st.file_uploader(
        label,
        type=list(endings),
        accept_multiple_files=several,
        key=f"{key}-upload",
        label_visibility="collapsed",
        max_upload_size=limit if most_mb is None else min(limit, most_mb),
    )
    files = given if isinstance(given, list) else [given] if given is not None else []
    return [_stored(file) for file in files]


def _stored(file: "UploadedFile") -> Path:
    """Write an upload to the home once; a rerun finds it there."""
    folder = _folder() / file.file_id
    path = folder / PurePosixPath(file.name.replace("\\", "/")).name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old()
        with atomic_path(path) as target, target.open("wb") as stream:
            file.seek(0)
            shutil.copyfileobj(file, stream)
    return path


def is_upload(path: Path) -> bool:
    """Whether a visitor has uploaded this file; otherwise it lay on the server already."""
    return path.parent.parent == _folder()


def forget(paths: Sequence[Path]) -> None:
    """Remove uploads that have been taken in; files elsewhere on the server stay."""
    for path in paths:
        if is_upload(path):
            shutil.rmtree(path.parent, ignore_errors=True)


def _forget_old() -> None:
    """Remove what visitors uploaded and never used, after a day."""
    now = time.time()
    for folder in _folder().iterdir():
        if now - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    return read_settings().home / "uploads"
