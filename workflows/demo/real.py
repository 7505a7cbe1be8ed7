"""The demo's next step: the same part of Helsinki with the real embedding, over the network."""

import shlex
from dataclasses import dataclass

from aether_core.errors import ConflictError
from db.cities import cities as city_rows
from workflows.demo.simulated import SLUG
from workflows.fetch.fetch import FetchCity, check_free
from workflows.fetch.servers import mirror_state
from workflows.home.store import Store

NAME = "Central Helsinki"
_SLUGS = (f"{SLUG}-real", *(f"{SLUG}-real-{number}" for number in range(2, 10)))


@dataclass(frozen=True)
class RealDemo:
    """Whether the demo city can be fetched with the real embedding.

    Attributes:
        request: What to fetch; None where that cannot be.
        reason: Why it cannot, in one line; empty where it can.
    """

    request: FetchCity | None
    reason: str = ""

    @property
    def command(self) -> str:
        """The command that does it; empty where it cannot be."""
        if self.request is None:
            return ""
        box = ",".join(f"{edge:.5f}" for edge in self.request.boundary.bounds)
        words = ["./aether", "city", "fetch", self.request.slug, "--name", self.request.name]
        words += ["--bbox", box, "--year", str(self.request.year), "--train"]
        return shlex.join(words)


def real_demo(store: Store) -> RealDemo:
    """Ask, within two seconds, whether the mirror answers, and say what would be fetched.

    Raises:
        NotFoundError: There is no demo city.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, SLUG)
        boundary, year = city_rows.boundary_of(city), city.year
    state = mirror_state(store.settings)
    if not state.answers:
        return RealDemo(None, state.reason)
    for slug in _SLUGS:
        request = FetchCity(slug=slug, name=NAME, boundary=boundary, years=(year,), train=True)
        try:
            check_free(store, request)
        except ConflictError:
            continue
        return RealDemo(request)
    return RealDemo(None, "it has already been fetched several times")
