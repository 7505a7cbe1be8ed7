"""What is drawn below the maps: a MapLibre style, for light pages and for dark ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from workflows.home.settings import Settings


@dataclass(frozen=True)
class MapStyle:
    """A style that browsers fetch, or a file.

    Attributes:
        light: Address or path of the style for light pages.
        dark: Likewise for dark pages.
        from_one_host: Tiles, fonts and signs come from the host of the style; of others nobody
            knows.
    """

    light: str
    dark: str
    from_one_host: bool = False

    def of(self, *, dark: bool) -> str:
        """Address or path for a page."""
        return self.dark if dark else self.light

    @property
    def is_address(self) -> bool:
        """Whether it is not a file."""
        return "://" in self.light

    @property
    def host(self) -> str | None:
        """Scheme and host of its address; None for a file, and for what is no sound address."""
        try:
            parts = urlsplit(self.light)
        except ValueError:
            return None
        return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else None


OPENFREEMAP: Final = MapStyle(
    "https://tiles.openfreemap.org/styles/positron",
    "https://tiles.openfreemap.org/styles/dark",
    from_one_host=True,
)
"""OpenStreetMap in OpenMapTiles' layers, without key, cookies or limits (openfreemap.org)."""
_NAMED: Final[Mapping[str, MapStyle | None]] = MappingProxyType(
    {"openfreemap": OPENFREEMAP, "none": None}
)


def map_style(settings: Settings) -> MapStyle | None:
    """The style that is set; None for none."""
    given = settings.basemap_style
    return _NAMED[given] if given in _NAMED else MapStyle(given, given)
