"""A whole file from a server to the disk, going on where it broke off."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from aether_core.errors import DiskFullError
from aether_core.net.asking import Opened, Requester
from aether_core.net.files import RemoteFile, size_behind, version_of
from aether_core.net.request_policy import CANCEL_CHECK_S
from aether_core.net.retrying import RetryableError
from aether_core.progress import Progress

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def download(
    requester: Requester,
    url: str,
    target: Path,
    *,
    limit: int,
    progress: Progress,
    etag: str | None,
) -> RemoteFile | None:
    """Fetch a file; see `Web.download`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target, progress):
        return _Transfer(requester, url, target, limit, progress, etag).run()


class _Transfer:
    """One file on its way: its beginning in `.part`, which version that is in `.part.json`."""

    def __init__(
        self,
        requester: Requester,
        url: str,
        target: Path,
        limit: int,
        progress: Progress,
        etag: str | None,
    ) -> None:
        self._requester = requester
        self._url = url
        self._target = target
        self._part = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self._limit = limit
        self._progress = progress
        self._held = etag if target.exists() else None
        self._stage = f"downloading {target.name}"
        self._total = 0

    def run(self) -> RemoteFile | None:
        return self._requester.with_retries(self._url, self._once, self._tell, self._have)

    def _once(self) -> RemoteFile | None:
        begun = self._begun()
        headers: dict[str, str] = {}
        good = {200}
        if begun is not None:
            headers["Range"] = f"bytes={self._have()}-"
            good |= {206, 416}
        elif self._held:
            name = "If-None-Match" if self._held.startswith('"') else "If-Modified-Since"
            headers[name] = self._held
            good.add(304)
        with self._requester.open("GET", self._url, good=good, headers=headers) as opened:
            if opened.status == 304:
                return None
            version = version_of(opened.headers)
            if begun is not None and not self._goes_on(opened, begun, version):
                self._forget()
                if opened.status != 200:
                    raise RetryableError("changed during the download", code="remote-changed")
            size = self._receive(opened, version)
        file = RemoteFile(self._url, size, version)
        self._finish()
        return file

    def _goes_on(self, opened: Opened, begun: RemoteFile, version: str) -> bool:
        """Whether an answer is the rest of what is there."""
        rest = opened.headers.get("content-range", "").startswith(f"bytes {self._have()}-")
        same = version == begun.etag and size_behind(opened.headers) == begun.size
        return opened.status == 206 and rest and same

    def _receive(self, opened: Opened, version: str) -> int:
        have = self._have() if opened.status == 206 else 0
        declared = opened.headers.get("content-length", "")
        self._total = size_behind(opened.headers) or (int(declared) if declared.isdigit() else 0)
        with self._writing(append=opened.status == 206) as file:
            # Without a version nobody could tell whether the rest belongs to the beginning.
            if opened.status == 200 and version and self._total:
                note = {"url": self._url, "size": self._total, "etag": version}
                self._note.write_text(json.dumps(note), "utf-8")
            most = self._limit if opened.status == 200 else min(self._total, self._limit)
            self._requester.body(opened, self._url, most - have, file.write)
        size = self._have()
        if self._total and size != self._total:
            raise RetryableError("sent fewer bytes than announced", code="remote-answer-cut-short")
        return size

    def _begun(self) -> RemoteFile | None:
        """What lies in the part, None when it is worth nothing."""
        try:
            begun = RemoteFile(**json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            begun = None
        if begun is None or begun.url != self._url or not 0 < self._have() <= begun.size:
            self._forget()
            return None
        if self._have() == begun.size:
            # The last byte is asked for again: its answer says whether the version still holds.
            os.truncate(self._part, begun.size - 1)
        return begun if self._have() else None

    def _have(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _tell(self) -> None:
        self._progress(self._stage, self._have(), self._total)

    def _forget(self) -> None:
        self._note.unlink(missing_ok=True)
        self._part.unlink(missing_ok=True)

    def _finish(self) -> None:
        self._part.replace(self._target)
        self._note.unlink(missing_ok=True)
        size = self._target.stat().st_size
        self._progress(self._stage, size, size)

    @contextmanager
    def _writing(self, *, append: bool) -> Iterator[BinaryIO]:
        try:
            with self._part.open("ab" if append else "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise DiskFullError(
                f"disk full while downloading {self._target.name}; free some space and resume"
            ) from error


@contextmanager
def _alone(target: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other process downloads the same file."""
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                progress(f"waiting for another download of {target.name}", 0, 0)
                time.sleep(CANCEL_CHECK_S)
        yield
