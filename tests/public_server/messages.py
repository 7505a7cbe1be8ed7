"""What the public servers of the tests are asked, what they answer, and how they misbehave."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Reply:
    """What a handler answers."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Request:
    """A request as it came in, and what became of it.

    Attributes:
        path: Without the query.
        method: GET, HEAD or POST.
        range: First and last byte asked for, None for the whole file.
        query: Behind the question mark.
        headers: By name as sent.
        body: What was posted.
        status: What was answered, 0 when nothing was.
        sent: Bytes of the body that went out.
        first: Which byte of the file went out first.
        fault: Which fault struck.
        begun: When it came, in seconds of the monotonic clock.
    """

    path: str
    method: str
    range: tuple[int, int] | None
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 0
    sent: int = 0
    first: int = 0
    fault: str = ""
    begun: float = 0.0


Handler = Callable[[Request], Reply]
"""Answers requests of one path."""


@dataclass(frozen=True)
class Fault:
    """One way to misbehave.

    Attributes:
        kind: `cut` closes after `after` bytes of the body; `slow` sends `rate` bytes a second;
            `status` answers `code` (with `retry_after`); `wrong_length` announces `extra` bytes
            more than it sends (fewer when negative); `flip_byte` turns one bit of the file at
            `offset`, and strikes only when that byte is sent; `missing` answers 404; `moved`
            redirects to `url`; `stall` sends the headers and `after` bytes, then nothing;
            `pause` rests `rate` milliseconds after so many, then goes on;
            `whole` ignores the range; `hang_up` closes without a word; `changed` has another
            ETag; `other_range` sends the bytes one further; `compressed` says gzip;
            `endless` announces no length and sends the body again and again; `web_page` answers
            with a page and success; `no_length` announces none.
    """

    kind: Literal[
        "pause",
        "cut",
        "slow",
        "status",
        "wrong_length",
        "flip_byte",
        "missing",
        "moved",
        "stall",
        "whole",
        "hang_up",
        "changed",
        "other_range",
        "compressed",
        "endless",
        "web_page",
        "no_length",
    ]
    after: int = 0
    rate: int = 100_000
    code: int = 503
    retry_after: str | None = None
    extra: int = 100
    offset: int = 0
    url: str = ""
