"""One request to a text encoder, made with the manners and bounds of `aether_core.net`."""

import json
from http import HTTPStatus
from typing import Any

from aether_core.errors import AetherError, InputError
from aether_core.net import (
    CancelCheck,
    OfflineError,
    RemoteError,
    RemoteMissingError,
    RequestPolicy,
    Web,
)
from aether_core.net.errors import Refusal

_SILENT = ("encoder-not-answering", "check that it runs and can be reached, and try again")
_FAULTS = {
    "remote-answer-encoded": ("encoder-answer-compressed", "configure it to send plain answers"),
    "remote-asks-to-wait": ("encoder-asks-to-wait", "try again after that"),
    "remote-too-long": ("encoder-answer-too-long", "check its address and model"),
}
"""Code and remedy of what `Web` finds wrong with an answer; all else means that none came."""
_REFUSALS = {"remote-redirects-question", "remote-refuses-access", "remote-wrong-status"}


class EndpointClient:
    """Posts JSON to one address. The key stands in no message, log line or representation.

    Args:
        url: The full address.
        host: How messages name the server.
        key: Sent as a bearer token where there is one.
        allow_http: Whether the address may be unencrypted.
        policy: How the server is asked.
    """

    def __init__(
        self, url: str, *, host: str, key: str | None, allow_http: bool, policy: RequestPolicy
    ) -> None:
        self._url = url
        self._host = host
        self._key = key
        tokens = {url: key} if key else {}
        self._web = Web(addresses=[url], allow_http=allow_http, policy=policy, tokens=tokens)

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
        try:
            return self._web.post(
                self._url,
                content=json.dumps(document).encode(),
                content_type="application/json",
                limit=limit,
                check_cancelled=check_cancelled,
            ).body
        except OfflineError as error:
            raise self._failed(f"cannot be reached ({error.reason})", *_SILENT) from error
        except RemoteMissingError as error:
            raise self._refused(error.answer) from error
        except RemoteError as error:
            if error.code == "certificate-not-trusted":
                raise
            if error.code in _REFUSALS:
                raise self._refused(error.answer) from error
            raise self._failed(error.what, *_FAULTS.get(error.code, _SILENT)) from error

    def _failed(self, what: str, code: str, remedy: str) -> AetherError:
        return AetherError(f"the text encoder at {self._host} {what}; {remedy}", code=code)

    def _refused(self, answer: Refusal) -> AetherError:
        status = answer.status or 0
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
            f"{self._host}, status {status}, {self._complaint(answer.said)}",
            "check its address, model and dimensions",
            code="encoder-request-refused",
        )

    def _complaint(self, body: str) -> str:
        """What the server says, without the key."""
        try:
            said = json.loads(body)["error"]
            text = str(said["message"] if isinstance(said, dict) else said)
        except (ValueError, KeyError, TypeError, RecursionError):
            text = "without a reason"
        return text.replace(self._key, "***") if self._key else text
