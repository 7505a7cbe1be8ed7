"""Documents, questions and manners."""

import re
import threading
import time

import pytest

from aether_core.errors import InputError
from aether_core.net import RemoteError, RequestPolicy, Web
from tests.aether_core.net.conftest import MakeWeb
from tests.errors import fault
from tests.public_server.server import Fault, PublicServer, Reply, Request


@pytest.fixture
def questions(server: PublicServer) -> list[Request]:
    """What a service at /ask was asked; it answers with what it was sent."""
    asked: list[Request] = []

    def answer(request: Request) -> Reply:
        asked.append(request)
        return Reply(request.body or request.query.encode(), headers={"X-Quota": "9"})

    server.handle("/ask", answer)
    return asked


def test_documents_come_with_their_query(
    web: Web, server: PublicServer, questions: list[Request]
) -> None:
    answer = web.get(
        f"{server.url}/ask", limit=100, params={"q": "Zürich & more"}, accept="text/csv"
    )
    assert answer.body == b"q=Z%C3%BCrich+%26+more"
    assert answer.headers["x-quota"] == "9"
    assert questions[0].headers["Accept"] == "text/csv"


def test_questions_are_posted_and_asked_again(
    web: Web, server: PublicServer, questions: list[Request]
) -> None:
    server.misbehave("/ask", Fault("status", code=504))
    server.misbehave("/ask", Fault("cut", after=3))
    answer = web.post(
        f"{server.url}/ask", content=b"[out:json];", content_type="text/plain", limit=100
    )
    assert answer.body == b"[out:json];"
    assert [each.body for each in questions] == [b"[out:json];"] * 2
    assert questions[0].headers["Content-Type"] == "text/plain"


def test_what_a_busy_server_said_is_kept_for_who_understands_it(
    web: Web, server: PublicServer
) -> None:
    server.handle("/busy", lambda _: Reply(b"<p>runtime error: memory</p>", status=504))
    with pytest.raises(RemoteError) as raised:
        web.post(f"{server.url}/busy", content=b"x", content_type="text/plain", limit=100)
    assert raised.value.answer.status == 504
    assert raised.value.answer.said == "<p>runtime error: memory</p>"
    assert "memory" not in str(raised.value)


def test_everyone_asked_knows_who_asks(
    server: PublicServer, questions: list[Request], make_web: MakeWeb
) -> None:
    web = make_web(server.url, contact="city@example.org")
    web.get(f"{server.url}/ask", limit=100)
    agent = questions[0].headers["User-Agent"]
    assert re.fullmatch(r"Aether/[\d.]+ \(.*; city@example\.org\)", agent)
    assert questions[0].headers["Accept-Encoding"] == "identity"
    with pytest.raises(InputError, check=fault("contact-address-invalid", "X-Evil")):
        make_web(server.url, contact="a\r\nX-Evil: b")


def test_a_token_goes_to_its_host_alone(server: PublicServer, make_web: MakeWeb) -> None:
    server.handle("/ask", lambda _: Reply(b"[]"))
    other = server.url.replace("127.0.0.1", "localhost")
    web = make_web(server.url, other, tokens={f"{server.url}/base": "hush"})
    web.get(f"{server.url}/ask", limit=100)
    web.get(f"{other}/ask", limit=100)
    server.misbehave("/ask", Fault("moved", url=f"{other}/ask"))
    web.get(f"{server.url}/ask", limit=100)
    sent = [each.headers.get("Authorization") for each in server.log]
    assert sent == ["Bearer hush", None, "Bearer hush", None]
    server.misbehave("/ask", Fault("status", code=401))
    with pytest.raises(RemoteError, check=fault("remote-refuses-access", 401)) as raised:
        web.get(f"{server.url}/ask", limit=100, params={"q": "private"})
    assert "hush" not in str(raised.value)
    assert "private" not in str(raised.value)


@pytest.mark.parametrize("announced", [True, False])
def test_nothing_is_read_without_a_limit(
    web: Web, server: PublicServer, *, announced: bool
) -> None:
    if not announced:
        server.misbehave("x.tiff", Fault("endless"))
    with pytest.raises(RemoteError, check=fault("remote-too-long", "1,000")):
        web.get(f"{server.url}/x.tiff", limit=1_000)
    assert web.received < 200_000


@pytest.mark.parametrize(
    "misdeed",
    [*(Fault("status", code=code) for code in (403, 405, 501)), Fault("no_length")],
    ids=lambda fault: f"{fault.kind}-{fault.code}",
)
def test_a_file_is_looked_at_where_head_says_nothing(
    web: Web, server: PublicServer, misdeed: Fault
) -> None:
    usual = web.look(f"{server.url}/x.tiff")
    server.misbehave("x.tiff", misdeed, method="HEAD", times=-1)
    assert web.look(f"{server.url}/x.tiff") == usual
    assert server.log[-1].range == (0, 0)
    server.misbehave("x.tiff", Fault("whole"), method="GET")
    assert web.look(f"{server.url}/x.tiff") == usual


def test_weak_tags_and_dates_tell_versions_too(web: Web, server: PublicServer) -> None:
    weak = {"ETag": 'W/"one"'}
    server.handle("/weak", lambda _: Reply(b"", headers=weak))
    assert web.look(f"{server.url}/weak").etag == '"one"'
    dated = {"Last-Modified": "Tue, 24 Nov 2026 00:00:00 GMT"}
    server.handle("/dated", lambda _: Reply(b"", headers=dated))
    assert web.look(f"{server.url}/dated").etag == dated["Last-Modified"]


def test_a_server_is_asked_no_faster_than_it_wants(
    server: PublicServer, questions: list[Request], make_web: MakeWeb
) -> None:
    slow = RequestPolicy(min_interval_s=0.15)
    web = make_web(server.url, policies={f"{server.url}/search": slow})
    threads = [
        threading.Thread(target=web.get, args=(f"{server.url}/ask",), kwargs={"limit": 100})
        for _ in range(4)
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(questions) == 4
    # Not between two arrivals: on a busy machine a request may arrive late.
    assert max(each.begun for each in questions) - started >= 3 * 0.15


def test_a_server_that_asks_for_peace_has_it(
    web: Web, server: PublicServer, questions: list[Request]
) -> None:
    server.misbehave("/ask", Fault("status", code=429, retry_after="0.4"))
    web.get(f"{server.url}/ask", limit=100)
    assert len(questions) == 1
    assert server.log[1].begun - server.log[0].begun >= 0.4


def test_one_that_was_asked_too_often_has_the_peace_its_rules_ask_for(
    server: PublicServer, make_web: MakeWeb
) -> None:
    policy = RequestPolicy(attempts=2, first_s=0.01, too_many_s=0.4)
    web = make_web(server.url, policy=policy)
    for misdeed, least in (
        (Fault("status", code=429), 0.4),
        (Fault("status", code=429, retry_after="0.1"), 0.4),
        (Fault("status", code=503), 0.0),
    ):
        server.log.clear()
        server.misbehave("x.tiff", misdeed)
        web.get(f"{server.url}/x.tiff", limit=10**6)
        first, second = (each.begun for each in server.log)
        assert second - first >= least
        assert (second - first < 0.3) is (least == 0)


def test_a_server_that_asks_for_no_time_is_not_rushed(
    server: PublicServer, make_web: MakeWeb
) -> None:
    web = make_web(server.url, policy=RequestPolicy(attempts=3, first_s=0.1))
    server.misbehave("x.tiff", Fault("status", code=429, retry_after="0"), times=-1)
    with pytest.raises(RemoteError, check=fault("remote-busy-or-broken", 429)):
        web.get(f"{server.url}/x.tiff", limit=10**6)
    first, second, third = (each.begun for each in server.log)
    assert second - first >= 0.05
    assert third - second >= 0.1
