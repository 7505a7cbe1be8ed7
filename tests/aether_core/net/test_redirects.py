"""Where redirects are followed to, and where not."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.net import RemoteError, Web
from tests.aether_core.net.conftest import DATA, MakeWeb
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
    ("location", "words"),
    [
        ("http://elsewhere.example/y.tiff", "redirects to plain http at elsewhere.example"),
        ("http://127.0.0.1:1/y.tiff", "redirects to plain http at 127.0.0.1"),
        ("https://127.0.0.1:1/y.tiff", "lies in a private network"),
        ("https://localhost:1/y.tiff", "lies in a private network"),
        ("https://10.0.0.1/y.tiff", "lies in a private network"),
        ("https://169.254.169.254/latest/meta-data", "lies in a private network"),
        ("https://[::1]/y.tiff", "lies in a private network"),
        ("https://[::ffff:192.168.0.1]/y.tiff", "lies in a private network"),
        ("https://2130706433/y.tiff", "lies in a private network"),
        ("https://name:word@example.org/", "redirects to no web address"),
        ("ftp://example.org/", "redirects to no web address"),
        ("file:///etc/passwd", "redirects to no web address"),
        ("https://", "redirects to no web address"),
        ("", "redirects to nowhere"),
    ],
)
def test_no_redirect_leads_into_a_private_network(
    web: Web, server: PublicServer, location: str, words: str
) -> None:
    server.misbehave("x.tiff", Fault("moved", url=location))
    with pytest.raises(RemoteError, match=re.escape(words)):
        web.get(f"{server.url}/x.tiff", limit=10)
    assert len(server.log) == 1


def test_a_private_server_is_not_even_connected_to(web: Web, server: PublicServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        port = listening.getsockname()[1]
        server.misbehave("x.tiff", Fault("moved", url=f"https://127.0.0.1:{port}/"))
        with pytest.raises(RemoteError, match="private network"):
            web.get(f"{server.url}/x.tiff", limit=10)
        with pytest.raises(TimeoutError):
            listening.accept()


def test_redirects_come_to_an_end(web: Web, server: PublicServer) -> None:
    server.misbehave("x.tiff", Fault("moved", url=f"{server.url}/x.tiff"), times=-1)
    with pytest.raises(RemoteError, match="redirects more than 5 times"):
        web.look(f"{server.url}/x.tiff")
    assert len(server.log) == 6


def test_questions_are_not_carried_elsewhere(web: Web, server: PublicServer) -> None:
    server.misbehave("x.tiff", Fault("moved", url=f"{server.url}/y"))
    with pytest.raises(RemoteError, match="redirects a question"):
        web.post(f"{server.url}/x.tiff", content=b"q", content_type="text/plain", limit=10)


def test_only_configured_servers_are_asked(server: PublicServer, make_web: MakeWeb) -> None:
    web = make_web(server.url)
    for url in ("https://example.org/x", server.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(InputError, match="this host is not asked"):
            web.get(url, limit=10)
    with pytest.raises(InputError, match="plain http is not used"):
        make_web(server.url, allow_http=False)
    for url in ("data.example.org", "ftp://example.org", "https://", "https://[", ""):
        with pytest.raises(InputError, match="no web address"):
            make_web(url)
    for url in ("https://me:hush@example.org/base", "ftp://me:hush@host", "host?key=hush"):
        with pytest.raises(InputError, match=r"name or password|no web address") as raised:
            make_web(url)
        assert "hush" not in str(raised.value)
