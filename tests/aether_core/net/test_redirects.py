"""Where redirects are followed to, and where not."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.net import RemoteError, Web
from tests.aether_core.net.conftest import DATA, MakeWeb
from tests.errors import fault
from tests.public_server.server import Fault, PublicServer


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[PublicServer]:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "y.tiff").write_bytes(DATA)
    with PublicServer(folder) as running:
        yield running


def test_a_moved_file_is_followed_to_a_configured_server(
    server: PublicServer, elsewhere: PublicServer, make_web: MakeWeb
) -> None:
    web = make_web(server.url, elsewhere.url)
    server.misbehave("x.tiff", Fault("moved", url=f"{elsewhere.url}/y.tiff"), times=-1)
    file = web.look(f"{server.url}/x.tiff")
    assert file.url == f"{server.url}/x.tiff"  # where the next request begins, too
    assert web.read_range(file, 10, 1_000) == DATA[10:1_010]
    assert elsewhere.bytes_of("/y.tiff") == [(10, 1_010)]


def test_a_moved_file_on_the_same_server_may_be_named_by_its_path(
    web: Web, server: PublicServer
) -> None:
    (server.folder / "new.tiff").write_bytes(b"new")
    server.misbehave("x.tiff", Fault("moved", url="new.tiff"))
    assert web.get(f"{server.url}/x.tiff", limit=10).body == b"new"


@pytest.mark.parametrize(
    ("location", "code", "named"),
    [
        ("http://elsewhere.example/y.tiff", "remote-redirects-to-plain-http", "elsewhere.example"),
        ("http://127.0.0.1:1/y.tiff", "remote-redirects-to-plain-http", "127.0.0.1"),
        ("https://127.0.0.1:1/y.tiff", "remote-in-private-network", "127.0.0.1:1"),
        ("https://localhost:1/y.tiff", "remote-in-private-network", "localhost:1"),
        ("https://10.0.0.1/y.tiff", "remote-in-private-network", "10.0.0.1"),
        (
            "https://169.254.169.254/latest/meta-data",
            "remote-in-private-network",
            "169.254.169.254",
        ),
        ("https://[::1]/y.tiff", "remote-in-private-network", "::1"),
        ("https://[::ffff:192.168.0.1]/y.tiff", "remote-in-private-network", "::ffff:"),
        ("https://2130706433/y.tiff", "remote-in-private-network", "2130706433"),
        ("https://name:word@example.org/", "remote-redirects-to-no-address", "x.tiff"),
        ("ftp://example.org/", "remote-redirects-to-no-address", "x.tiff"),
        ("file:///etc/passwd", "remote-redirects-to-no-address", "x.tiff"),
        ("https://", "remote-redirects-to-no-address", "x.tiff"),
        ("", "remote-redirects-to-no-address", "x.tiff"),
    ],
)
def test_no_redirect_leads_into_a_private_network(
    web: Web, server: PublicServer, location: str, code: str, named: str
) -> None:
    server.misbehave("x.tiff", Fault("moved", url=location))
    with pytest.raises(RemoteError, check=fault(code, named)):
        web.get(f"{server.url}/x.tiff", limit=10)
    assert len(server.log) == 1


def test_a_private_server_is_not_even_connected_to(web: Web, server: PublicServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        port = listening.getsockname()[1]
        server.misbehave("x.tiff", Fault("moved", url=f"https://127.0.0.1:{port}/"))
        with pytest.raises(RemoteError, check=fault("remote-in-private-network", port)):
            web.get(f"{server.url}/x.tiff", limit=10)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_redirects_come_to_an_end(web: Web, server: PublicServer) -> None:
    server.misbehave("x.tiff", Fault("moved", url=f"{server.url}/x.tiff"), times=-1)
    with pytest.raises(RemoteError, check=fault("remote-redirects-too-often", 5)):
        web.look(f"{server.url}/x.tiff")
    assert len(server.log) == 6


def test_questions_are_not_carried_elsewhere(web: Web, server: PublicServer) -> None:
    server.misbehave("x.tiff", Fault("moved", url=f"{server.url}/y"))
    with pytest.raises(RemoteError, check=fault("remote-redirects-question", "x.tiff")):
        web.post(f"{server.url}/x.tiff", content=b"q", content_type="text/plain", limit=10)


def test_only_configured_servers_are_asked(server: PublicServer, make_web: MakeWeb) -> None:
    web = make_web(server.url)
    for url in ("https://example.org/x", server.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(InputError, check=fault("host-not-in-settings")):
            web.get(url, limit=10)
    with pytest.raises(InputError, check=fault("plain-http-not-allowed", "127.0.0.1")):
        make_web(server.url, allow_http=False)
    for url in ("data.example.org", "ftp://example.org", "https://", "https://[", ""):
        with pytest.raises(InputError, check=fault("web-address-invalid")):
            make_web(url)
    for url, code in (
        ("https://me:hush@example.org/base", "web-address-with-password"),
        ("ftp://me:hush@host", "web-address-invalid"),
        ("host?key=hush", "web-address-invalid"),
    ):
        with pytest.raises(InputError, check=fault(code)) as raised:
            make_web(url)
        assert "hush" not in str(raised.value)
