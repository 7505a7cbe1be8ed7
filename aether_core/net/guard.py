"""Which servers may be asked: those of the settings, and public ones that they redirect to."""

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import httpx2

from aether_core.errors import InputError
from aether_core.net.errors import RemoteError, shown

_PORTS = {"http": 80, "https": 443}
_SITE_LOCAL = ipaddress.ip_network("fec0::/10")  # RFC 3879, which the library takes for public
_EMBEDDED = ipaddress.ip_network("64:ff9b::/96")  # IPv4 behind an IPv6-only network, RFC 6052

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port of an address."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Take them from an address.

        Raises:
            InputError: It is no http or https address, or carries a password.
        """
        remedy = "give one like https://host/path"
        named = url.rpartition("@")[2].partition("?")[0][:20]  # nothing that may be secret
        try:
            parts = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError):
            raise InputError(
                "not a web address", named, remedy, code="web-address-invalid"
            ) from None
        if parts.scheme not in _PORTS or not parts.host or "%" in parts.host:
            raise InputError("not a web address", named, remedy, code="web-address-invalid")
        if parts.userinfo:
            raise InputError(
                "the address carries a name or password",
                shown(url),
                "set a token instead",
                code="web-address-with-password",
            )
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.scheme, parts.raw_host.decode("ascii"), port)


class Guard:
    """Says no before anything is sent.

    Args:
        addresses: The configured addresses. Only their hosts are asked, plain http only of them,
            and only they may lie in a private network.
        allow_http: Plain http may be used.
    """

    def __init__(self, addresses: Collection[str], *, allow_http: bool) -> None:
        self._allow_http = allow_http
        self._origins = {self._checked(Origin.of(url)) for url in addresses}
        self._peers = {(origin.host, origin.port) for origin in self._origins}

    def trust(self, url: str) -> None:
        """Let connections to this proxy pass."""
        origin = Origin.of(url)
        self._peers.add((origin.host, origin.port))

    def check_asked(self, url: str) -> Origin:
        """Refuse an address whose host is not one of the settings."""
        origin = self._checked(Origin.of(url))
        if origin not in self._origins:
            raise InputError(
                "this host is not allowed",
                origin.host,
                "add its address to the settings",
                code="host-not-in-settings",
            )
        return origin

    def check_hop(self, url: str, location: str) -> Origin:
        """Refuse a redirect that leaves https, but for a configured address.

        Args:
            url: What was asked.
            location: Where it redirects to, in full.
        """
        try:
            origin = Origin.of(location)
        except InputError:
            raise RemoteError(
                url,
                "redirects to something that is not a web address",
                code="remote-redirects-to-no-address",
            ) from None
        plain = self._allow_http and origin in self._origins
        if origin.scheme != "https" and not plain:
            raise RemoteError(
                url,
                f"redirects to plain http at {origin.host}, which is not followed",
                code="remote-redirects-to-plain-http",
            )
        return origin

    def check_peer(self, host: str, port: int, addresses: Collection[str]) -> None:
        """Refuse a connection into a private network that no setting names.

        Args:
            host: The name or IP address that is to be connected to.
            port: And its port.
            addresses: All IP addresses it stands for.
        """
        if (host, port) in self._peers:
            return
        private = [address for address in addresses if not is_public(address)]
        if private:
            named = f"[{host}]" if ":" in host else host
            raise RemoteError(
                f"https://{named}:{port}",
                "is in a private network, where redirects are not followed",
                "set its address directly if this is intended",
                code="remote-in-private-network",
            )

    def _checked(self, origin: Origin) -> Origin:
        if origin.scheme != "https" and not self._allow_http:
            raise InputError(
                "plain http is not allowed",
                origin.host,
                "give an https address or allow http in the settings",
                code="plain-http-not-allowed",
            )
        return origin


def is_public(address: str) -> bool:
    """Anybody on the internet can reach it, and it stands for no other that nobody can."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return all(
        each.is_global and not each.is_multicast and each not in _SITE_LOCAL for each in _meant(ip)
    )


def _meant(ip: Address) -> list[Address]:
    """The address and the IPv4 addresses that are written inside it."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped:  # the same host as its IPv4 address
        return [ip.ipv4_mapped]
    inside: list[Address | None] = [ip.sixtofour, *(ip.teredo or ())]
    if ip in _EMBEDDED:
        inside.append(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    return [ip, *(each for each in inside if each is not None)]
