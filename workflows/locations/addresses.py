"""From an address, as people write it, to the location it means."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aether_core.errors import InputError
from workflows.home.settings import Settings
from workflows.locations.bucket import SCHEME, bucket_prefix
from workflows.locations.disk import DiskFolder
from workflows.locations.location import Location


def _bucket(settings: Settings, address: str) -> Location:
    return bucket_prefix(address, settings.network_allow_http)


_BY_SCHEME: Final[Mapping[str, Callable[[Settings, str], Location]]] = MappingProxyType(
    {SCHEME: _bucket}
)
"""Kinds of locations that an address names by how it begins; any other is a path of a disk."""


def location_of(settings: Settings, address: str) -> Location:
    """The location that an address means.

    Args:
        settings: Whether plain http is allowed.
        address: A path, or s3://BUCKET/PREFIX.

    Raises:
        InputError: There is no such kind of address, or it cannot be used.
        AetherError: What it needs is not installed.
    """
    for scheme, opened in _BY_SCHEME.items():
        if address.startswith(scheme):
            return opened(settings, address)
    scheme, found, _ = address.partition("://")
    if found:
        raise InputError(
            "files of this kind of address can be neither read nor written",
            f"{scheme}://",
            f"give a folder, or {SCHEME}BUCKET/PREFIX",
            code="no-such-location",
        )
    return DiskFolder(Path(address).expanduser().resolve())
