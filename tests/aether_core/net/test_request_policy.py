"""How long a server is left alone."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from aether_core.net import request_policy
from aether_core.net.request_policy import (
    RateLimiter,
    RequestPolicy,
    never_cancelled,
    retry_after_s,
)


def test_pauses_double_up_to_the_longest_and_are_drawn() -> None:
    kind = RequestPolicy(first_s=1.0, longest_s=10.0)
    for failed, longest in ((1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0), (10_000, 10.0)):
        drawn = [kind.pause_s(failed) for _ in range(100)]
        assert longest / 2 <= min(drawn) < max(drawn) <= longest
        assert len(set(drawn)) > 50


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
    ],
)
def test_seconds_that_a_server_asks_for(header: str, seconds: float | None) -> None:
    assert retry_after_s(header) == seconds
    assert retry_after_s(None) is None


def test_a_server_may_name_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    asked = retry_after_s(format_datetime(later, usegmt=True))
    assert asked is not None
    assert 60 < asked <= 90
    assert retry_after_s(format_datetime(later - timedelta(days=2), usegmt=True)) == 0
    without_zone = later.strftime("%a, %d %b %Y %H:%M:%S -0000")
    assert retry_after_s(without_zone) == pytest.approx(asked, abs=5)


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_turns_come_no_closer_than_they_should(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(request_policy, "time", clock)
    limiter = request_policy.RateLimiter(1.0)
    begun = []
    for work_s in (0.25, 3.0, 0.0, 0.0):
        limiter.wait(request_policy.never_cancelled)
        begun.append(clock.now)
        clock.now += work_s
    assert begun == pytest.approx([100.0, 101.0, 104.0, 105.0])


def test_a_server_that_asks_for_peace_has_it_from_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(request_policy, "time", clock)
    limiter = request_policy.RateLimiter(0.0)
    limiter.hold(7.0)
    looks: list[float] = []
    for _ in range(3):  # as many threads as there are
        limiter.wait(lambda: looks.append(clock.now))
        assert clock.now == pytest.approx(107.0)
    assert len(looks) == 14  # twice a second somebody may stop it


def test_nobody_has_a_turn_while_a_server_wants_peace() -> None:
    limiter = RateLimiter(min_interval_s=0.0)
    begun = time.monotonic()
    limiter.hold(0.2)
    limiter.hold(0.1)  # a shorter wish does not end a longer one
    for _ in range(2):
        limiter.wait(never_cancelled)
        assert time.monotonic() - begun >= 0.2
