"""The web as this program sees it: the configured servers, and nothing else."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from aether_core.errors import InputError
from aether_core.net.asking import Requester, TooLongError
from aether_core.net.download import download
from aether_core.net.errors import RemoteError
from aether_core.net.files import RemoteFile, check_part, size_behind, version_of
from aether_core.net.guard import Guard, Origin
from aether_core.net.request_policy import CancelCheck, RequestPolicy, never_cancelled
from aether_core.net.retrying import RetryableError
from aether_core.progress import Progress, silent

_AGENT = "Aether/0.1 (city embeddings from public data{})"
LONGEST_RANGE = 2_000_000
"""Bytes of one ranged answer: Source Cooperative's proxy cuts longer ones off after 2.3 MB."""
_HEAD_REFUSED = frozenset({400, 401, 403, 405, 501})


@dataclass(frozen=True)
class Answer:
    """A whole answer.

    Attributes:
        body: What was sent.
        headers: Its headers; names in any case.
        url: Who answered, after redirects.
    """

    body: bytes
    headers: Mapping[str, str]
    url: str


class Web:
    """Asks the configured servers with manners. All threads of a job share one.

    Only hosts of `addresses` are asked, by https. They may redirect, at most five times, to other
    https hosts that lie in no private network. What fails is asked again with growing pauses;
    nothing is read without a limit.

    Args:
        addresses: The configured base addresses.
        allow_http: Plain http may be used for them.
        connections: How many answers may be open at once.
        policy: How each host is asked.
        policies: How some are asked instead, by base address.
        contact: How a server's people reach whoever runs this program; part of the User-Agent.
        tokens: Bearer tokens by base address; none leaves its host.

    Raises:
        InputError: An address is not usable.
    """

    def __init__(
        self,
        *,
        addresses: Collection[str],
        allow_http: bool = False,
        connections: int = 8,
        policy: RequestPolicy = RequestPolicy(),  # noqa: B008 - frozen
        policies: Mapping[str, RequestPolicy] | None = None,
        contact: str | None = None,
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        guard = Guard(addresses, allow_http=allow_http)
        if contact and (not contact.isprintable() or not contact.isascii()):
            raise InputError(
                "no contact address",
                contact,
                "give a plain e-mail address",
                code="contact-address-invalid",
            )
        self._requester = Requester(
            guard,
            policies={Origin.of(url): each for url, each in (policies or {}).items()},
            policy=policy,
            tokens={Origin.of(url): token for url, token in (tokens or {}).items()},
            agent=_AGENT.format(f"; {contact}" if contact else ""),
            connections=connections,
        )

    @property
    def received(self) -> int:
        """Bytes of bodies received so far."""
        return self._requester.received

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._requester.close()

    def get(
        self,
        url: str,
        *,
        limit: int,
        accept: str | None = None,
        params: Mapping[str, str] | None = None,
        check_cancelled: CancelCheck = never_cancelled,
    ) -> Answer:
        """Read a whole document.

        Args:
            url: The full address.
            limit: Longest answer that is read, in bytes.
            accept: The media type that is wanted.
            params: The query, in no message.
            check_cancelled: See `aether_core.net.CancelCheck`.

        Raises:
            OfflineError: No connection comes about.
            RemoteMissingError: There is nothing at this address.
            RemoteError: The server does not answer as it should, or with more than `limit`.
        """
        full = str(httpx2.URL(url).copy_merge_params(params)) if params else url
        headers = {"Accept": accept} if accept else {}
        return self._whole("GET", full, headers, None, limit, check_cancelled)

    def post(
        self,
        url: str,
        *,
        content: bytes,
        content_type: str,
        limit: int,
        check_cancelled: CancelCheck = never_cancelled,
    ) -> Answer:
        """Ask a question that changes nothing on the server, so that it may be asked again.

        Args:
            url: The full address; redirects are not followed.
            content: The question.
            content_type: Its media type.
            limit: Longest answer that is read, in bytes.
            check_cancelled: See `aether_core.net.CancelCheck`.

        Raises:
            AetherError: As `get`.
        """
        return self._whole(
            "POST", url, {"Content-Type": content_type}, content, limit, check_cancelled
        )

    def look(self, url: str, *, check_cancelled: CancelCheck = never_cancelled) -> RemoteFile:
        """Ask how large a file is and which version.

        Args:
            url: The full address.
            check_cancelled: See `aether_core.net.CancelCheck`.

        Raises:
            AetherError: As `get`.
        """

        def once() -> RemoteFile | None:
            with self._requester.open("HEAD", url, good={200, *_HEAD_REFUSED}) as opened:
                size = opened.headers.get("content-length", "")
                if opened.status != 200 or not size.isdigit():
                    return None
                return RemoteFile(url, int(size), version_of(opened.headers))

        found = self._requester.with_retries(url, once, check_cancelled)
        return found or self._requester.with_retries(
            url, lambda: self._first_byte(url), check_cancelled
        )

    def read_range(
        self,
        file: RemoteFile,
        start: int,
        length: int,
        *,
        check_cancelled: CancelCheck = never_cancelled,
    ) -> bytes:
        """Read a part of a file; a transfer that breaks goes on where it broke.

        What is longer than `LONGEST_RANGE` comes in several answers.

        Args:
            file: The file and version, from `look`.
            start: First byte.
            length: How many bytes, all inside the file.
            check_cancelled: See `aether_core.net.CancelCheck`.

        Returns:
            Exactly `length` bytes of exactly that version.

        Raises:
            ChangedError: The file is no longer that version.
            AetherError: As `get`.
        """
        if start < 0 or length < 0 or start + length > file.size:
            raise ValueError(f"bytes {start}+{length} of {file.size}")
        got = bytearray()

        def once() -> None:
            begin = len(got)
            end = min(length, begin + LONGEST_RANGE)
            first, last = start + begin, start + end - 1
            with self._requester.open(
                "GET",
                file.url,
                good={200, 206, 416},
                headers={"Range": f"bytes={first}-{last}"},
            ) as opened:
                check_part(opened, file, first, last)
                try:
                    self._requester.body(opened, file.url, end - begin, got.extend)
                except TooLongError:
                    del got[begin:]
                    raise RetryableError(
                        "sent more bytes than requested", code="remote-part-too-long"
                    ) from None
            if len(got) < end:
                raise RetryableError(
                    "sent fewer bytes than requested", code="remote-answer-cut-short"
                )

        while len(got) < length:
            self._requester.with_retries(file.url, once, check_cancelled, lambda: len(got))
        return bytes(got)

    def download(
        self,
        url: str,
        target: Path,
        *,
        limit: int,
        progress: Progress = silent,
        etag: str | None = None,
    ) -> RemoteFile | None:
        """Fetch a whole file to the disk; what was fetched of it before is not fetched again.

        Args:
            url: The full address.
            target: Where it goes, whole or not at all. What is unfinished lies beside it.
            limit: Largest file that is taken, in bytes.
            progress: See `aether_core.progress.Progress`, in bytes.
            etag: The version that `target` holds; None fetches in any case.

        Returns:
            What was fetched; None when `etag` is still the server's version.

        Raises:
            DiskFullError: There is no room left; what was fetched is kept.
            AetherError: As `get`.
        """
        return download(self._requester, url, target, limit=limit, progress=progress, etag=etag)

    def _whole(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        limit: int,
        check_cancelled: CancelCheck,
    ) -> Answer:
        def once() -> Answer:
            body = bytearray()
            with self._requester.open(
                method, url, good={200}, headers=headers, content=content
            ) as opened:
                self._requester.body(opened, url, limit, body.extend)
                return Answer(bytes(body), opened.headers, opened.url)

        return self._requester.with_retries(url, once, check_cancelled)

    def _first_byte(self, url: str) -> RemoteFile:
        """What `look` finds where HEAD says nothing."""
        asked = {"Range": "bytes=0-0"}
        with self._requester.open("GET", url, good={200, 206, 416}, headers=asked) as opened:
            size = size_behind(opened.headers)
            if opened.status == 200 and opened.headers.get("content-length", "").isdigit():
                size = int(opened.headers["content-length"])
            if size is None:
                raise RemoteError(url, "does not report its size", code="remote-size-unknown")
            if opened.status == 206:
                self._requester.drain(opened)
            return RemoteFile(url, size, version_of(opened.headers))
