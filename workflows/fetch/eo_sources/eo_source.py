"""What the sources of AlphaEarth have in common: addresses, estimates, plans, and what they bring.

A source is an object that its file adds to `EO_SOURCES`; commands, pages and jobs know its name.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from shapely.geometry.base import BaseGeometry

from aether_core.eo.mirror.plan import MirrorEstimate
from aether_core.net import Web
from aether_core.progress import Progress
from aether_core.registry import Registry
from workflows.home.settings import Settings

TILES = "tiles"
"""The source of cities that were fetched before there was another."""


class SizedPlan(Protocol):
    """A year as a source has it: sizes in bytes, and what the area takes of it."""

    @property
    def year(self) -> int:
        """Of the embedding."""

    @property
    def url(self) -> str:
        """Address of the mirror."""

    @property
    def tiles(self) -> int:
        """Files that are read."""

    @property
    def bytes(self) -> int:
        """Of all that is wanted, kept already or not."""

    @property
    def kept(self) -> int:
        """Those that lie in the cache."""

    @property
    def missing(self) -> int:
        """Those still to be downloaded."""

    @property
    def disk_bytes(self) -> int:
        """Room needed while it lasts."""

    @property
    def pixels(self) -> int:
        """Of the area and its halo."""


class Bring(Protocol):
    """Downloads a year and writes its rasters; see `fetch_mirror`."""

    def __call__(
        self, web: Web, folder: Path, *, connections: int, progress: Progress
    ) -> list[Path]:
        """The rasters."""


@dataclass(frozen=True)
class PlannedYear:
    """A year to be fetched.

    Attributes:
        plan: Its sizes.
        zones: UTM zones of its rasters.
        bring: Downloads and writes it.
        facts: What the city's sources say of it besides the usual.
    """

    plan: SizedPlan
    zones: tuple[str, ...]
    bring: Bring
    facts: Mapping[str, str] = field(default_factory=dict)


class EoSource(ABC):
    """A place where AlphaEarth's years are published in one form.

    Attributes:
        name: In commands, tables and the store.
        title: In the sources of a city.
        label: On pages, marked for the catalogues.
        about: The same, what it is good for in a sentence or two.
        position: Its place among the others on pages.
    """

    name: str
    title: str
    label: str
    about: str
    position: int

    @abstractmethod
    def addresses(self, settings: Settings) -> tuple[str, ...]:
        """Its mirrors, in the order in which they are asked."""

    @abstractmethod
    def expected(self, boundary: BaseGeometry, halo_m: float) -> MirrorEstimate:
        """What a year costs by its known grid alone, without a network."""

    @abstractmethod
    def plans(
        self,
        settings: Settings,
        web: Web,
        mirror: str,
        boundary: BaseGeometry,
        years: Sequence[int],
        halo_m: float,
        progress: Progress,
    ) -> dict[int, PlannedYear]:
        """What each year takes of one mirror.

        Raises:
            InputError: The mirror does not have the area, or a year.
            RemoteError: It is not as it should be.
            OfflineError: No connection comes about.
        """


EO_SOURCES: Final[Registry[EoSource]] = Registry("workflows.fetch.eo_sources")
