"""One port, several processes behind it: who is answered by whom, and what becomes of them."""

import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.forks import Forked
from tests.ui.server.serving import PROCESSES, serve
from tests.workflows.up.up_home import free_port, soon
from ui.server.shared_port import UNCOUNTED_SECONDS
from ui.server.sticky import cookie_name, process_named


class Told(NamedTuple):
    """What an answer says: which process gave it, and whose connection it saw."""

    number: int
    pid: int
    peer: int
    cookie: str


def ask(port: int, cookie: str = "", path: str = "/", **headers: str) -> Told:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Cookie": cookie, **headers}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        number, pid, peer = map(int, response.read().split())
        return Told(number, pid, peer, response.headers["Set-Cookie"].split(";")[0])


@contextmanager
def serving(*, fails: bool = False, head_seconds: float = 10) -> Iterator[tuple[int, Forked]]:
    port = free_port()
    server = Forked(serve, port, fails, head_seconds)
    try:
        yield port, server
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port that is served while the tests of this file run."""
    with serving(head_seconds=HEAD_SECONDS) as (port, _):
        settle(port)
        yield port


HEAD_SECONDS = 0.4


def settle(port: int) -> None:
    """Wait until every process answers, and none is thought to expect a visit.

    A request that one had to take in another's place may begin a visit, as far as is known.
    """
    assert soon(lambda: answers(port), 10)
    time.sleep(UNCOUNTED_SECONDS)


def answers(port: int) -> bool:
    """Whether every process does."""
    try:
        named = [ask(port, f"{cookie_name(port)}={number}").number for number in range(PROCESSES)]
    except OSError:
        return False
    return named == list(range(PROCESSES))


def visit(port: int) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}/visit")


def test_visits_are_spread_and_stay_where_they_began(port: int) -> None:
    with ExitStack() as visits:
        first = {number: ask(port, f"{cookie_name(port)}={number}") for number in range(PROCESSES)}
        assert {number: told.number for number, told in first.items()} == {0: 0, 1: 1}
        assert first[0].pid != first[1].pid
        for told in first.values():
            again = [ask(port, f"other=1; {told.cookie}; more=2") for _ in range(3)]
            assert {one.pid for one in again} == {told.pid}
        began = [visits.enter_context(visit(port)).recv() for _ in range(6)]
        assert sorted(began) == ["0", "0", "0", "1", "1", "1"]


def test_visits_that_come_at_once_are_spread_before_they_are_counted() -> None:
    with serving() as (port, _), ExitStack() as visits:
        settle(port)
        with ThreadPoolExecutor(6) as threads:
            came = []
            for _ in range(6):
                came.append(threads.submit(connect, f"ws://127.0.0.1:{port}/visit?late"))
                time.sleep(0.05)  # the second process has counted one meanwhile
        began = [visits.enter_context(one.result()).recv() for one in came]
        assert sorted(began) == ["0", "0", "0", "1", "1", "1"]


def test_the_visitors_own_address_is_seen(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        plain.sendall(b"Connection: close\r\n\r\n")  # a head in two pieces
        answer = plain.makefile("rb").read()
        assert int(answer.split()[-1]) == plain.getsockname()[1]


def test_a_proxy_gets_a_connection_for_each_request(port: int) -> None:
    """It would put another visitor's request into one that was handed to this process."""
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.1.2.3\r\n\r\n")
        assert b"connection: close" in plain.makefile("rb").read().lower()


def test_a_process_that_dies_is_replaced_and_the_others_go_on() -> None:
    with serving() as (port, _):
        assert soon(lambda: answers(port), 10)
        lost, kept = (ask(port, f"{cookie_name(port)}={number}") for number in (0, 1))
        with visit(port), ExitStack() as stays:
            other = stays.enter_context(connect_to(port, kept.cookie))
            os.kill(lost.pid, signal.SIGKILL)
            assert soon(lambda: is_replaced(port, lost, kept), 10)
            assert ask(port, kept.cookie).pid == kept.pid
            other.ping().wait(5)


def is_replaced(port: int, lost: Told, kept: Told) -> bool:
    """Whether a new process has a lost one's place; who asks just then may be cut off."""
    try:
        return ask(port, lost.cookie).pid not in {lost.pid, kept.pid}
    except OSError:
        return False


def connect_to(port: int, cookie: str) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{port}/visit", additional_headers={"Cookie": cookie})


def test_a_request_under_way_is_answered_before_the_end_and_none_is_left() -> None:
    with serving() as (port, server):
        assert soon(lambda: answers(port), 10)
        pids = {ask(port, f"{cookie_name(port)}={number}").pid for number in range(PROCESSES)}
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"GET /?slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert answers(port)  # the other has been taken by now
            server.terminate()
            assert b"200 OK" in slow.makefile("rb").read()
        assert server.wait(10) == 0
        assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)  # noqa: PTH110


def test_none_outlives_the_one_that_accepts() -> None:
    with serving() as (port, server):
        assert soon(lambda: answers(port), 10)
        pids = {ask(port, f"{cookie_name(port)}={number}").pid for number in range(PROCESSES)}
        server.kill()
        assert soon(lambda: not any(is_running(pid) for pid in pids), 10)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_who_sends_no_request_is_let_go_and_holds_nobody_up(port: int) -> None:
    with ExitStack() as idle:
        silent = idle.enter_context(socket.create_connection(("127.0.0.1", port)))
        halting = idle.enter_context(socket.create_connection(("127.0.0.1", port)))
        halting.sendall(b"GET / HTTP/1.1\r\nCookie: a")
        assert answers(port)
        for connection in (silent, halting):
            connection.settimeout(5)
            with pytest.raises(ConnectionResetError) if connection is halting else ExitStack():
                assert connection.recv(1) == b""


def test_processes_that_end_again_and_again_end_the_server() -> None:
    with serving(fails=True) as (_, server):
        assert server.wait(10) == 1


@pytest.mark.parametrize(
    ("head", "process"),
    [
        (b"GET / HTTP/1.1\r\nCookie: aether_process_8501=3\r\n\r\n", 3),
        (b"GET / HTTP/1.1\r\ncookie: a=b; aether_process_8501=12; c=d\r\n\r\n", 12),
        (b"GET / HTTP/1.1\r\nCookie: aether_process_8502=3\r\n\r\n", None),
        (b"GET /?aether_process_8501=3 HTTP/1.1\r\nHost: a\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nCookie: aether_process_8501=x\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nCookie: aether_process_8501=9999\r\n\r\n", None),
        (b"\x16\x03\x01\x02\x00", None),
    ],
)
def test_the_process_is_read_from_its_own_cookie_alone(head: bytes, process: int | None) -> None:
    assert process_named(head, 8501) == process
