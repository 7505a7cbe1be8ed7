"""Connections kept for the next request, straight or through the proxy of the environment."""

import ipaddress
import os
import ssl
import threading
import urllib.request
from functools import cache

import httpcore2
import httpx2

from aether_core.errors import InputError
from aether_core.net.connection import CheckedBackend, UnresolvedError, Watch, resolve
from aether_core.net.guard import Guard, Origin

_KEPT_S = 30.0  # idle connections are closed after so long


class Pools:
    """The connections of a `Web`.

    Args:
        guard: Checks what is connected to.
        watch: Of the threads that ask.
        connections: How many there are at most.
    """

    def __init__(self, guard: Guard, watch: Watch, connections: int) -> None:
        self._guard = guard
        self._watch = watch
        self._connections = connections
        self._made: dict[str | None, httpcore2.ConnectionPool] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for pool in self._made.values():
                pool.close()
            self._made.clear()

    def of(self, origin: Origin) -> httpcore2.ConnectionPool:
        """The connections to a host: straight, or through the proxy of the environment."""
        proxy = proxy_of(origin)
        if proxy is not None:
            self._check_beyond(origin)
        with self._lock:
            if proxy not in self._made:
                self._made[proxy] = self._make(proxy)
            return self._made[proxy]

    def _check_beyond(self, origin: Origin) -> None:
        """Refuse what a proxy must not be asked for; a name that only it knows is left to it."""
        try:
            addresses = resolve(origin.host, origin.port)
        except UnresolvedError:
            return
        self._guard.check_peer(origin.host, origin.port, addresses)

    def _make(self, proxy: str | None) -> httpcore2.ConnectionPool:
        backend = CheckedBackend(self._guard, self._watch)
        context = _trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        if proxy is None:
            return httpcore2.ConnectionPool(
                ssl_context=context,
                max_connections=self._connections,
                keepalive_expiry=_KEPT_S,
                network_backend=backend,
            )
        through = httpx2.Proxy(proxy)
        self._guard.trust(str(through.url))
        return httpcore2.HTTPProxy(
            proxy_url=str(through.url),
            proxy_auth=through.raw_auth,
            ssl_context=context,
            max_connections=self._connections,
            keepalive_expiry=_KEPT_S,
            network_backend=backend,
        )


@cache
def _trusting(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Trusts the authorities these variables name, else those of certifi, read once (20 ms)."""
    return httpx2.create_ssl_context()


def proxy_of(origin: Origin) -> str | None:
    """The proxy that the environment names for a host, None for hosts of a private network.

    Raises:
        InputError: It is of a kind that is not spoken here.
    """
    if _is_near(origin.host) or urllib.request.proxy_bypass(origin.host):
        return None
    found = urllib.request.getproxies()
    proxy = found.get(origin.scheme) or found.get("all")
    if not proxy:
        return None
    full = proxy if "://" in proxy else f"http://{proxy}"
    scheme = full.partition("://")[0]
    if scheme not in {"http", "https"}:
        raise InputError(
            "this kind of proxy is not supported",
            scheme,
            "name an http proxy in HTTPS_PROXY",
            code="proxy-not-supported",
        )
    return full


def _is_near(host: str) -> bool:
    """Whether a host lies on this machine or in a private network, as far as its name says."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
