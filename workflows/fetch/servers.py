"""The public servers an installation asks, as its settings name them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from aether_core.errors import AetherError, InputError
from aether_core.net import OfflineError, RemoteError, RemoteMissingError, RequestPolicy, Web
from aether_core.poi.osm.overpass import COURTESY as OVERPASS
from workflows.home.settings import Settings

T = TypeVar("T")

_GEOCODER = RequestPolicy(min_interval_s=1.0)
"""One request a second, as the rules of use of the public geocoder say."""
_HASTY = RequestPolicy(attempts=1, silence_s=2.0)
_REMEMBERED_SECONDS = 300.0
_UNUSABLE_INDEX = frozenset({"mirror-index-unreadable", "mirror-index-damaged"})
INDEX_NAME = "aef_index.parquet"
INDEX_SUFFIXES = (".parquet", ".csv")


@dataclass(frozen=True)
class MirrorState:
    """Whether an AlphaEarth mirror answers.

    Attributes:
        answers: It does.
        reason: Why it does not, in one line; empty where it does.
    """

    answers: bool
    reason: str


def open_web(settings: Settings, *, policy: RequestPolicy | None = None) -> Web:
    """The servers of the settings, and no others; to be closed by the caller.

    Args:
        settings: The installation's.
        policy: How they are asked; by default with patience, and politely where volunteers run
            the server.

    Raises:
        InputError: An address of the settings cannot be used.
    """
    token = settings.alphaearth_token
    if token and len(settings.alphaearth_mirrors) > 1:
        raise InputError(
            "a token for AlphaEarth's mirror is set, and several mirrors",
            settings.alphaearth_url,
            "set AETHER_ALPHAEARTH_URL to the one address that the token is for",
            code="token-of-several-mirrors",
        )
    # A host that has the files, too, is no volunteers' but one of the operator's own.
    mirrors, mosaics = settings.alphaearth_mirrors, settings.alphaearth_mosaics
    bulk = {urlsplit(url).netloc for url in (*mirrors, *mosaics, settings.overture_url)}
    polite = {
        url: each
        for url, each in ((settings.geocoder_url, _GEOCODER), (settings.overpass_url, OVERPASS))
        if urlsplit(url).netloc not in bulk
    }
    return Web(
        addresses=[
            *mirrors,
            *mosaics,
            settings.overture_url,
            settings.overture_catalog_url,
            settings.geocoder_url,
            settings.overpass_url,
        ],
        allow_http=settings.network_allow_http,
        connections=settings.network_connections,
        policy=policy or RequestPolicy(),
        policies=None if policy else polite,
        contact=settings.contact,
        tokens={mirrors[0]: token.get_secret_value()} if token else None,
    )


class GroundError(AetherError):
    """Streets and base map could not be had; the fetch can go on without them.

    Args:
        reason: Why.
    """

    code = "ground-not-fetched"

    def __init__(self, reason: AetherError) -> None:
        self.exit_code = reason.exit_code
        words = str(reason)
        if isinstance(reason, OfflineError):
            words = f"{reason.host} cannot be reached ({reason.reason})"
        elif isinstance(reason, RemoteError):
            words = f"Overture's server {reason.what}"
        super().__init__(
            f"streets and base map could not be downloaded: {words}; resume the fetch to try "
            "again, or resume it without streets and base map"
        )


@contextmanager
def for_the_ground() -> Iterator[None]:
    """Say of what goes wrong that the city can be had without it.

    Raises:
        GroundError: A server does not answer, or not as it should.
    """
    try:
        yield
    except (RemoteError, OfflineError, InputError) as error:
        raise GroundError(error) from error


def index_url(mirror: str) -> str:
    """Address of a mirror's list of files, which may stand in the settings itself."""
    return mirror if mirror.endswith(INDEX_SUFFIXES) else f"{mirror}/{INDEX_NAME}"


def first_that_serves(mirrors: Sequence[str], ask: Callable[[str], T]) -> T:
    """Ask the first mirror, and the next where that one is not there or not as it should be.

    That a mirror lacks an area or a year is its answer, and no reason to ask another.

    Args:
        mirrors: Their addresses, at least one.
        ask: What is asked of one.

    Returns:
        What the first that serves answered.

    Raises:
        OfflineError: None of them can be reached.
        RemoteError: None serves; the error is of the first that could be reached.
        InputError: The same, where it has nothing at the address.
    """
    failures: list[AetherError] = []
    for mirror in mirrors:
        try:
            return ask(mirror)
        except (OfflineError, RemoteError, InputError) as error:
            if not _is_the_mirrors_fault(error):
                raise
            failures.append(error)
    raise next((one for one in failures if not isinstance(one, OfflineError)), failures[0])


def _is_the_mirrors_fault(error: AetherError) -> bool:
    if isinstance(error, OfflineError | RemoteError | RemoteMissingError):
        return True
    return error.code in _UNUSABLE_INDEX


_states: dict[str, tuple[float, MirrorState]] = {}
_states_lock = threading.Lock()


def mirror_state(settings: Settings) -> MirrorState:
    """Ask whether an AlphaEarth mirror answers, two seconds each; remembered for five minutes."""
    url = settings.alphaearth_url
    with _states_lock:
        asked, state = _states.get(url, (0.0, None))
        if state is None or time.monotonic() - asked > _REMEMBERED_SECONDS:
            state = _look(settings)
            _states[url] = (time.monotonic(), state)
        return state


def _look(settings: Settings) -> MirrorState:
    try:
        with open_web(settings, policy=_HASTY) as web:
            first_that_serves(settings.alphaearth_mirrors, lambda one: web.look(index_url(one)))
    except AetherError as error:
        return MirrorState(answers=False, reason=str(error))
    return MirrorState(answers=True, reason="")
