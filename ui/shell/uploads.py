"""Files a visitor gives: uploaded, or lying on the server already."""

import hashlib
import shutil
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from aether_core.errors import InputError
from aether_core.files.whole import atomic_path
from aether_core.language import _, mark
from workflows.accounts.acting import OPERATOR, asking
from workflows.accounts.quotas import QuotaError, check_upload
from workflows.home.server_paths import allowed_path
from workflows.home.settings import read_settings

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

_UPLOAD, _PATH = mark("Upload"), mark("Path on the server")
_KEPT_SECONDS: Final = 24 * 3600
_ON_DISK: Final = "application/x-aether-on-disk"


def choose(
    label: str,
    *,
    key: str,
    endings: Sequence[str],
    several: bool = False,
    about: str = "",
    most_mb: int | None = None,
) -> list[Path]:
    """Ask for files by upload, or by a path of the server where an operator allows some.

    Args:
        most_mb: Largest upload in megabytes, where it is less than the settings allow.

    Returns:
        Where the files lie now; empty while nothing was given. What they hold is not checked here.

    Raises:
        InputError: A path lies outside the folders that are allowed.
    """
    settings = read_settings()
    way = _UPLOAD
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{label}**", width="stretch", help=about or None)
        if settings.server_paths:
            way = st.segmented_control(
                _("Source of: {label}", label=label),
                [_UPLOAD, _PATH],
                default=_UPLOAD,
                required=True,
                key=f"{key}-way",
                label_visibility="collapsed",
                format_func=_,
            )
    if way == _PATH:
        hint = _("one path per line") if several else _("full path of the file")
        ask = st.text_area if several else st.text_input
        typed = ask(
            f"{label}: {hint}", key=f"{key}-path", label_visibility="collapsed", placeholder=hint
        )
        lines = [line for line in (typed or "").splitlines() if line.strip()]
        return [allowed_path(settings, line) for line in lines]
    limit = settings.upload_limit_mb
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
    """Write an upload to the home once, and let go of the copy in memory; a rerun finds it there.

    Raises:
        InputError: It was removed from the home meanwhile.
        QuotaError: This account has uploaded as much as it may.
    """
    whose = _whose()
    folder = _folder() / f"{file.file_id}{whose}"
    path = folder / PurePosixPath(file.name.replace("\\", "/")).name
    if not path.exists():
        if file.type == _ON_DISK:
            raise InputError(
                "the upload is no longer kept", path.name, "upload it again", code="upload-gone"
            )
        _folder().mkdir(parents=True, exist_ok=True)
        _forget_old()
        if whose:
            try:
                check_upload(read_settings(), _kept_bytes(whose), file.size)
            except QuotaError:
                _let_go(file)  # nor is it kept in memory
                raise
        folder.mkdir(exist_ok=True)
        with atomic_path(path) as target, target.open("wb") as stream:
            file.seek(0)
            shutil.copyfileobj(file, stream)
    if file.type != _ON_DISK:
        _let_go(file)
    return path


def _whose() -> str:
    """What the folders of a visitor's uploads end in; empty where nobody signs in."""
    person = asking()
    return "" if person is OPERATOR else f"-{hashlib.sha256(person.name.encode()).hexdigest()[:16]}"


def _kept_bytes(whose: str) -> int:
    return sum(file.stat().st_size for file in _folder().glob(f"*{whose}/*"))


def keep(name: str, content: bytes) -> Path:
    """Keep what a page has made as if it had been uploaded: for a day, or until it is used."""
    folder = _folder() / hashlib.sha256(content).hexdigest()[:32]
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.touch()
    _forget_old()
    with atomic_path(path) as target:
        target.write_bytes(content)
    return path


def _let_go(file: "UploadedFile") -> None:
    """Leave Streamlit the name of an upload: it would keep its bytes while a visit lasts."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        emptied = UploadedFileRec(file.file_id, file.name, _ON_DISK, b"")
        context.uploaded_file_mgr.add_file(context.session_id, emptied)


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
