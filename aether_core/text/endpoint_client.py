"""One HTTP request to a text encoder, asked again while there is hope, and never without bounds."""

import json
import random
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx2

from aether_core.errors import AetherError, InputError
from aether_core.net.request_policy import CancelCheck, retry_after_s, sleep

_ASK_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_LONGEST_COMPLAINT = 65_536  # bytes read of an answer that is no success


@dataclass(frozen=True)
class RetryLimits:
    """How long a server is waited for.

    Attributes:
        attempts: How often a request is made at most.
        first_s: Longest pause after the first failure; it doubles with every further one, and the
            pause itself is drawn between half of it and all of it.
        longest_s: No pause is longer; a server that asks for a longer one is given up.
        silence_s: Longest time without a byte.
        answer_s: Longest time for one whole answer.
    """

    attempts: int = 6
    first_s: float = 1.0
    longest_s: float = 60.0
    silence_s: float = 30.0
    answer_s: float = 120.0


class EndpointClient:
    """Posts JSON to one address. The key stands in no message, log line or representation.

    Args:
        url: The full address.
        host: How messages name the server.
        key: Sent as a bearer token where there is one.
        direct: Ask past any proxy of the environment.
        limits: How long it is waited for.
    """

    def __init__(
        self, url: str, *, host: str, key: str | None, direct: bool, limits: RetryLimits
    ) -> None:
        self._url = url
        self._host = host
        self._key = key
        self._limits = limits
        bearer = {"Authorization": f"Bearer {key}"} if key else {}
        # Nothing compressed: a small answer could unpack to any size.
        headers = {"Accept-Encoding": "identity", "Content-Type": "application/json", **bearer}
        self._client = httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(limits.silence_s),
            follow_redirects=False,  # the key goes nowhere else
            trust_env=not direct,
        )

    def post(self, document: dict[str, Any], *, limit: int, check_cancelled: CancelCheck) -> bytes:
        """Ask until there is an answer.

        Args:
            document: What is sent.
            limit: Longest answer that is read, in bytes.
            check_cancelled: See `aether_core.net.CancelCheck`.

        Returns:
            The answer's body.

        Raises:
            InputError: The server refuses the request, or redirects it.
            AetherError: The server does not answer, or with more than `limit`.
        """
        content = json.dumps(document).encode()
        failure = ""
        asked: float | None = None
        for attempt in range(self._limits.attempts):
            if attempt:
                self._pause(attempt, failure, asked, check_cancelled)
            try:
                status, headers, body = self._once(content, limit)
            except httpx2.TransportError as error:
                failure, asked = type(error).__name__, None
                continue
            if status == HTTPStatus.OK:
                return body
            if status not in _ASK_AGAIN:
                raise self._refused(status, body)
            failure, asked = f"status {status}", retry_after_s(headers.get("retry-after"))
        raise AetherError(
            f"the text encoder at {self._host} did not answer in {self._limits.attempts} "
            f"attempts ({failure}); check that it runs and can be reached, and try again",
            code="encoder-not-answering",
        )

    def _once(self, content: bytes, limit: int) -> tuple[int, httpx2.Headers, bytes]:
        deadline = time.monotonic() + self._limits.answer_s
        with self._client.stream("POST", self._url, content=content) as answer:
            good = answer.status_code == HTTPStatus.OK
            if good and answer.headers.get("content-encoding", "identity") != "identity":
                raise AetherError(
                    f"the text encoder at {self._host} sends compressed answers despite the "
                    "request; configure it to send plain ones",
                    code="encoder-answer-compressed",
                )
            body = bytearray()
            for part in answer.iter_raw():
                body += part
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("the query timed out")
                if not good and len(body) > _LONGEST_COMPLAINT:
                    break
                if len(body) > limit:
                    raise AetherError(
                        f"the text encoder at {self._host} sent more than {limit:,} bytes, more "
                        "than its vectors can take; check its address and model",
                        code="encoder-answer-too-long",
                    )
            return answer.status_code, answer.headers, bytes(body)

    def _pause(
        self, attempt: int, failure: str, asked: float | None, check_cancelled: CancelCheck
    ) -> None:
        """Wait as long as the server asked, or longer from one failure to the next."""
        limits = self._limits
        if asked is not None and asked > limits.longest_s:
            raise AetherError(
                f"the text encoder at {self._host} asks to wait {asked:,.0f} seconds ({failure}); "
                "try again after that",
                code="encoder-asks-to-wait",
            )
        grown = min(limits.longest_s, limits.first_s * 2 ** (attempt - 1))
        # Drawn, so that several workers that failed together do not come back together.
        drawn = grown * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it
        sleep(drawn if asked is None else asked, check_cancelled)

    def _refused(self, status: int, body: bytes) -> AetherError:
        if 300 <= status < 400:
            return InputError(
                "the text encoder's address redirects, which is not followed",
                f"{self._host}, status {status}",
                "set the address it redirects to",
                code="encoder-address-redirects",
            )
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            # Servers like to repeat the key in this answer: none of it is shown.
            return InputError(
                "the text encoder refuses the key",
                f"{self._host}, status {status}",
                "set its key",
                code="encoder-key-refused",
            )
        return InputError(
            "the text encoder refuses the request",
            f"{self._host}, status {status}, {self._complaint(body)}",
            "check its address, model and dimensions",
            code="encoder-request-refused",
        )

    def _complaint(self, body: bytes) -> str:
        """What the server says, without the key."""
        try:
            said = json.loads(body)["error"]
            text = str(said["message"] if isinstance(said, dict) else said)
        except (ValueError, KeyError, TypeError, RecursionError):
            text = "without a reason"
        return text.replace(self._key, "***") if self._key else text
