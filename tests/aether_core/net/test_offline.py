"""No network, a network behind a proxy, and secure connections."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from aether_core.errors import CancelledError, InputError
from aether_core.net import OfflineError, RemoteError, RequestPolicy
from tests.aether_core.net.conftest import DATA, QUICK, MakeWeb
from tests.errors import fault
from tests.public_server.server import Fault, PublicServer


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def no_names(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def test_without_a_network_one_line_says_so(
    make_web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    web = make_web("https://data.example.org/base")
    with pytest.raises(OfflineError, check=fault("offline", "data.example.org")) as raised:
        web.look("https://data.example.org/base/index?key=hush")
    assert "hush" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_server_that_is_not_there_is_soon_given_up(make_web: MakeWeb) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    tried: list[int] = []
    web = make_web(url, policy=replace(QUICK, attempts=100))
    with pytest.raises(OfflineError, check=fault("offline", "127.0.0.1")):
        web.get(url, limit=10, check_cancelled=lambda: tried.append(1))
    assert len(tried) < 10


def test_a_server_that_was_there_is_waited_for(server: PublicServer, make_web: MakeWeb) -> None:
    web = make_web(server.url, policy=replace(QUICK, attempts=4))
    web.look(f"{server.url}/x.tiff")
    server.stop()
    waits: list[int] = []
    with pytest.raises(OfflineError):
        web.get(f"{server.url}/x.tiff", limit=10, check_cancelled=lambda: waits.append(1))
    assert len(waits) >= 4


def test_the_user_need_not_wait_for_a_name(
    make_web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(30))
    web = make_web("https://data.example.org")
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > 2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        web.get("https://data.example.org", limit=10, check_cancelled=stop)
    never.set()


def test_a_header_that_never_ends_is_given_up(make_web: MakeWeb) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        done = threading.Event()

        def drip() -> None:
            client, _ = listening.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
                with suppress(OSError):  # the other side hangs up
                    while not done.wait(0.05):
                        client.sendall(b"a")

        dripping = threading.Thread(target=drip)
        dripping.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        web = make_web(url, policy=RequestPolicy(attempts=1, silence_s=0.4))
        with pytest.raises(RemoteError, check=fault("remote-answer-too-late", "127.0.0.1")):
            web.get(url, limit=10)
        done.set()
        dripping.join()


def test_a_body_that_drips_is_given_up(server: PublicServer, make_web: MakeWeb) -> None:
    web = make_web(server.url, policy=RequestPolicy(attempts=1, silence_s=0.4))
    server.misbehave("x.tiff", Fault("slow", rate=100), times=-1)
    with pytest.raises(RemoteError, check=fault("remote-too-slow", "x.tiff")):
        web.get(f"{server.url}/x.tiff", limit=10**6)


def test_a_proxy_of_the_environment_is_used_but_not_for_private_hosts(
    server: PublicServer, make_web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = server.url.replace("http://", "http://me:word@")
    monkeypatch.setenv("http_proxy", proxy)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *a, **k: no_names() if "example" in str(host) else real(host, *a, **k),
    )
    web = make_web("http://data.example.org", server.url)
    assert web.get("http://data.example.org/x.tiff", limit=10**6).body == DATA
    assert server.log[-1].headers["Host"] == "data.example.org"
    assert server.log[-1].headers["Proxy-Authorization"].startswith("Basic ")
    web.look(f"{server.url}/x.tiff")
    assert "Proxy-Authorization" not in server.log[-1].headers
    monkeypatch.setenv("no_proxy", "example.org")
    with pytest.raises(OfflineError, check=fault("offline", "data.example.org")):
        make_web("http://data.example.org").get("http://data.example.org/x.tiff", limit=10)
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.delenv("no_proxy")
    with pytest.raises(InputError, check=fault("proxy-not-supported", "socks5")):
        make_web("http://data.example.org").get("http://data.example.org/x.tiff", limit=10)


def test_a_proxy_is_not_asked_for_a_private_host_by_a_redirect(
    server: PublicServer, make_web: MakeWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("https_proxy", server.url)
    real = socket.getaddrinfo
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *a, **k: inside if host == "wiki.corp.example" else real(host, *a, **k),
    )
    server.misbehave("x.tiff", Fault("moved", url="https://wiki.corp.example/secret"))
    with pytest.raises(RemoteError, check=fault("remote-in-private-network", "wiki.corp.example")):
        make_web(server.url).get(f"{server.url}/x.tiff", limit=10)
    assert len(server.log) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and a certificate of 127.0.0.1 that nobody else trusts."""
    folder = tmp_path_factory.mktemp("tls")
    key, chain = folder / "key.pem", folder / "chain.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    try:
        subprocess.run(
            ["openssl", "req", "-x509", *made, *subject, "-keyout", key, "-out", chain],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed: no certificate can be made")
    return key, chain


@pytest.fixture
def secure(server: PublicServer, certificate: tuple[Path, Path]) -> Iterator[PublicServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    with PublicServer(server.folder, tls=context) as running:
        yield running


def test_only_trusted_servers_are_believed(
    secure: PublicServer,
    make_web: MakeWeb,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"{secure.url}/x.tiff"
    assert url.startswith("https://")
    with pytest.raises(
        RemoteError, check=fault("certificate-not-trusted", "127.0.0.1", "SSL_CERT_FILE")
    ):
        make_web(secure.url, allow_http=False).look(url)
    assert not secure.log
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    web = make_web(secure.url, allow_http=False)
    file = web.look(url)
    secure.misbehave("x.tiff", Fault("cut", after=100_000), times=2)
    assert web.read_range(file, 0, len(DATA)) == DATA
    assert [end - start for start, end in secure.bytes_of("/x.tiff")] == [100_000, 100_000, 400_000]
    plain = secure.url.replace("https", "http")
    secure.misbehave("x.tiff", Fault("moved", url=f"{plain}/x.tiff"))
    with pytest.raises(RemoteError, check=fault("remote-redirects-to-plain-http", "127.0.0.1")):
        web.look(url)


def test_a_secure_connection_may_pause_and_be_stopped(
    secure: PublicServer,
    make_web: MakeWeb,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    web = make_web(secure.url, allow_http=False, policy=replace(QUICK, attempts=1))
    file = web.look(f"{secure.url}/x.tiff")
    # Longer than one look at the user: reading goes on in the same connection.
    secure.misbehave("x.tiff", Fault("pause", after=1_000, rate=700))
    assert web.read_range(file, 0, 50_000) == DATA[:50_000]
    assert secure.bytes_of("/x.tiff") == [(0, 50_000)]
    secure.misbehave("x.tiff", Fault("stall", after=1_000))
    calls: list[int] = []

    def stop() -> None:
        calls.append(1)
        if len(calls) > 3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        web.read_range(file, 0, 50_000, check_cancelled=stop)
