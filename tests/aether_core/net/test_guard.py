"""Which numbers are public, and that names cannot change theirs between check and connection."""

import socket
from typing import Any

import httpcore2
import pytest

from aether_core.net.connection import CheckedBackend, Watch
from aether_core.net.errors import RemoteError
from aether_core.net.guard import Guard, is_public
from tests.errors import fault


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_public_numbers(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
    ],
)
def test_private_numbers(address: str) -> None:
    assert not is_public(address)


def answers(*numbers: str) -> Any:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[Any]:
        # A connection to a number passes here, too.
        found = numbers if host == "data.example.org" else (host,)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    return resolve


def test_one_private_number_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answers("8.8.8.8", "127.0.0.1"))
    backend = CheckedBackend(Guard(["https://example.org"], allow_http=False), Watch())
    with pytest.raises(
        RemoteError, check=fault("remote-in-private-network", "data.example.org:443")
    ):
        backend.connect_tcp("data.example.org", 443, 1.0)


def test_the_number_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    connected: list[object] = []

    def rebinding(host: str, port: int, **_: object) -> list[Any]:
        asked.append(host)
        return answers("8.8.8.8" if len(asked) == 1 else "127.0.0.1")(host, port)

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", connect)
    backend = CheckedBackend(Guard(["https://example.org"], allow_http=False), Watch())
    with pytest.raises(httpcore2.ConnectError):
        backend.connect_tcp("data.example.org", 443, 1.0)
    assert asked == ["data.example.org"]
    assert connected == [("8.8.8.8", 443)]


def test_a_host_with_a_dead_number_is_reached_at_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        monkeypatch.setattr(socket, "getaddrinfo", answers("127.0.0.2", "127.0.0.1"))
        guard = Guard([f"https://data.example.org:{port}"], allow_http=False)
        stream = CheckedBackend(guard, Watch()).connect_tcp("data.example.org", port, 1.0)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
        stream.close()
