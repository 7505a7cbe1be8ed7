"""What goes wrong between this machine and a server, each named by host and path alone.

Query strings, tokens and passwords in addresses never reach a message.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aether_core.errors import AetherError, InputError


class OfflineError(AetherError):
    """No connection to a server comes about.

    Args:
        host: The server.
        reason: What happened, e.g. "its name cannot be resolved".

    Attributes:
        host: The server.
        reason: What happened.
    """

    code = "offline"

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        self.reason = reason
        super().__init__(
            f"offline: {host} cannot be reached ({reason}); the demo city and cities from your own "
            "files work without a network"
        )


@dataclass(frozen=True)
class Refusal:
    """An answer that is no success.

    Attributes:
        status: Its status, None when there was no answer.
        said: The beginning of its body, for a caller that knows the server's language. It may
            repeat what was sent and stands in no message.
    """

    status: int | None = None
    said: str = ""


class RemoteError(AetherError):
    """A server answers, but not as it should, after all attempts.

    Args:
        url: What was asked.
        what: What was wrong, without a full stop.
        remedy: What to try, without a full stop.
        answer: The last answer, where there was one.
        code: What was wrong, for programs.

    Attributes:
        what: What was wrong, for callers that name the server in their own words.
        answer: The last answer.
    """

    code = "remote"

    def __init__(
        self,
        url: str,
        what: str,
        remedy: str = "try again later",
        *,
        answer: Refusal = Refusal(),
        code: str | None = None,
    ) -> None:
        self.what = what
        self.answer = answer
        super().__init__(f"{shown(url)} {what}; {remedy}", code=code)


class ChangedError(RemoteError):
    """A file is no longer the one whose parts were read before."""

    code = "remote-changed"


class RemoteMissingError(InputError):
    """The server has nothing at this address.

    Args:
        url: What was asked.
        answer: What it said.
    """

    code = "remote-missing"
    problem = "the server does not have this file"
    remedy = "check its address in the settings"

    def __init__(self, url: str, answer: Refusal) -> None:
        self.answer = answer
        super().__init__(self.problem, shown(url), self.remedy)


class RemotePageError(RemoteMissingError):
    """The server answers with a web page: some do so for whatever they do not have."""

    code = "remote-web-page"
    problem = "the server answers with a web page instead of this file"
    remedy = "check its address in the settings, and whether this network asks to sign in first"


def shown(url: str) -> str:
    """Host and path of an address: all of it that messages may tell."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{host}:{parts.port}{parts.path}" if parts.port else f"{host}{parts.path}"
