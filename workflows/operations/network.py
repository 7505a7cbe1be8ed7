"""What `doctor --network` asks of the servers of the settings: a little of each, timed.

What a fetch would take is estimated by `workflows/fetch/estimate.py`; here each figure it rests on
is held against what comes.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import shapely
from sqlalchemy import func, select

from aether_core.eo.mirror.index import fetch_index
from aether_core.eo.mirror.plan import TYPICAL_BLOCK_BYTES, plan
from aether_core.eo.mosaic.layout import read_layout
from aether_core.eo.mosaic.plan import TYPICAL_CHUNK_BYTES, plan_mosaic
from aether_core.errors import AetherError, InputError
from aether_core.geocoding.nominatim import geocode
from aether_core.net import RequestPolicy, Web
from aether_core.poi.overture.places import count_overture, overture_places
from aether_core.poi.overture.release import Overture, choose_release
from aether_core.poi.poi_source import NoPlacesError
from db.engine import session_scope
from db.schema import City
from workflows.fetch.servers import index_url, open_web
from workflows.home.map_style import map_style
from workflows.operations.findings import Finding, Patient, fine, problem

_KILOBYTE = 1000
_PATIENCE = RequestPolicy(attempts=2, silence_s=15.0)
_HALF_SIDE_DEGREES = 0.001
_STYLE_BYTES = 5_000_000
_NAME = "Helsinki"
_REMEDY = "check the network, the proxy and the address in the settings"


def servers(patient: Patient) -> Iterator[Finding]:
    """Ask each of them."""
    try:
        web = open_web(patient.settings, policy=_PATIENCE)
    except AetherError as error:
        yield problem("network", str(error), "correct the setting")
        return
    with web, tempfile.TemporaryDirectory() as folder:
        spot: list[shapely.Geometry] = [one for one in [_spot_of_city(patient)] if one is not None]
        for mirror in patient.settings.alphaearth_mirrors:
            ask = partial(_alphaearth, patient, web, mirror, Path(folder), spot)
            yield from _asked("AlphaEarth", ask)
        for mosaic in patient.settings.alphaearth_mosaics:
            look = partial(_mosaic, web, mosaic, Path(folder), spot)
            yield from _asked("AlphaEarth mosaic", look)
        yield from _asked("Overture", lambda: _overture(patient, web, Path(folder), spot))
        yield from _asked("geocoder", lambda: _geocoder(patient, web, Path(folder)))
    yield from _style(patient)
    yield from _encoder(patient)


def _asked(name: str, ask: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from ask()
    except AetherError as error:
        yield problem(name, str(error), _REMEDY)


class _Meter:
    """What came since it was made, and how long that took."""

    def __init__(self, web: Web) -> None:
        self._web, self._before, self._began = web, web.received, time.monotonic()

    def __str__(self) -> str:
        kilobytes = (self._web.received - self._before) / _KILOBYTE
        return f"{kilobytes:,.0f} kB in {time.monotonic() - self._began:.1f} s"


def _spot_of_city(patient: Patient) -> shapely.Geometry | None:
    """A small box in the middle of the newest city, where there is one."""
    if patient.engine is None or not patient.current:
        return None
    middle = func.ST_PointOnSurface(City.boundary)
    asked = select(func.ST_X(middle), func.ST_Y(middle)).order_by(City.id.desc()).limit(1)
    with session_scope(patient.engine) as session:
        found = session.execute(asked).first()
    return None if found is None else _box(float(found[0]), float(found[1]))


def _box(lon: float, lat: float) -> shapely.Geometry:
    side = _HALF_SIDE_DEGREES
    return shapely.box(lon - side, lat - side, lon + side, lat + side)


def _alphaearth(
    patient: Patient, web: Web, mirror: str, folder: Path, spot: list[shapely.Geometry]
) -> Iterator[Finding]:
    settings, meter = patient.settings, _Meter(web)
    cache = settings.public_cache / "alphaearth" if settings.home.is_dir() else folder
    index = fetch_index(web, mirror, cache)
    size = 0
    with suppress(AetherError):  # a mirror may have the other form
        size = web.look(index_url(mirror)).size
    yield fine(
        "AlphaEarth index",
        f"{urlsplit(mirror).netloc}: {meter}; {size / _KILOBYTE:,.0f} kB on the server, asked for "
        "again once it changes",
    )
    if not spot:
        spot.append(_box(*index.first().middle))
    meter = _Meter(web)
    years = index.years(spot[0], 0)
    if not years:
        yield problem("AlphaEarth block", "no file where the newest city is", _REMEDY)
        return
    tiles = index.tiles(spot[0], years[-1], 0)
    (tile, *_) = plan(web, tiles, spot[0], 0, folder).zones[0].tiles
    yield fine("AlphaEarth header", f"{tile.tile.path}: {meter}")
    if not tile.blocks:
        yield fine("AlphaEarth block", "the file has no data where it was asked")
        return
    band, place = tile.blocks[0]
    meter = _Meter(web)
    web.read_range(
        tile.file,
        int(tile.layout.offsets[band, place]),
        int(tile.layout.counts[band, place]),
    )
    yield fine(
        "AlphaEarth block", f"{meter}; the estimate takes {TYPICAL_BLOCK_BYTES / _KILOBYTE:,.0f} kB"
    )


def _mosaic(web: Web, mosaic: str, folder: Path, spot: list[shapely.Geometry]) -> Iterator[Finding]:
    """What the mosaic says of itself, the index of one shard, and one chunk."""
    meter = _Meter(web)
    layout = read_layout(web, mosaic)
    yield fine(
        "AlphaEarth mosaic",
        f"{urlsplit(mosaic).netloc}: years {', '.join(map(str, sorted(layout.years)))}: {meter}",
    )
    if not spot:
        return
    meter = _Meter(web)
    year = max(layout.years)
    (plan, *_) = plan_mosaic(web, layout, spot[0], (year,), 0, folder).values()
    shard = next(one for one in plan.shards if one.blocks)
    yield fine("AlphaEarth mosaic index", f"{urlsplit(shard.file.url).path}: {meter}")
    key = shard.blocks[0]
    meter = _Meter(web)
    start, length = int(shard.layout.offsets[key]), int(shard.layout.counts[key])
    if not shard.unpacks(web.read_range(shard.file, start, length)):
        yield problem("AlphaEarth mosaic chunk", "its bytes do not unpack", _REMEDY)
        return
    yield fine(
        "AlphaEarth mosaic chunk",
        f"{meter}; the estimate takes {TYPICAL_CHUNK_BYTES / _KILOBYTE:,.0f} kB",
    )


def _overture(
    patient: Patient, web: Web, folder: Path, spot: list[shapely.Geometry]
) -> Iterator[Finding]:
    settings, meter = patient.settings, _Meter(web)
    release = choose_release(web, settings.overture_catalog_url, settings.overture_release)
    yield fine("Overture release", f"{release}: {meter}")
    if not spot:
        return
    overture = Overture(release, settings.overture_url, settings.overture_catalog_url, folder)
    meter = _Meter(web)
    expected = count_overture(web, overture, spot[0])
    yield fine("Overture index", f"{meter}")
    meter = _Meter(web)
    try:
        count = len(overture_places(web, overture, spot[0]).frame)
    except NoPlacesError:
        count = 0
    yield fine(
        "Overture places",
        f"{count} places: {meter}; the estimate takes {expected.bytes / _KILOBYTE:,.0f} kB",
    )


def _geocoder(patient: Patient, web: Web, folder: Path) -> Iterator[Finding]:
    meter = _Meter(web)
    try:
        found = len(geocode(web, patient.settings.geocoder_url, _NAME, cache=folder))
    except InputError as error:
        if error.code != "place-unknown-to-geocoder":
            raise
        found = 0
    yield fine("geocoder", f"{found} answers to {_NAME}: {meter}")


def _style(patient: Patient) -> Iterator[Finding]:
    """The map style, which browsers fetch and this machine need not reach."""
    style = map_style(patient.settings)
    if style is None or not style.is_address:
        return
    try:
        with Web(addresses=[style.light], allow_http=True, policy=_PATIENCE) as web:
            meter = _Meter(web)
            web.get(style.light, limit=_STYLE_BYTES)
            yield fine("map style", f"{meter}")
    except AetherError as error:
        remedy = "correct AETHER_BASEMAP_STYLE, or set it to none: maps stand without it"
        yield problem("map style", str(error), remedy)


def _encoder(patient: Patient) -> Iterator[Finding]:
    from workflows.encoders.encoders import default_encoder

    if not patient.settings.text_encoder_url:
        return
    began = time.monotonic()
    try:
        found = default_encoder(patient.settings)
        length = found.encode(["a park"]).shape[1]
    except AetherError as error:
        yield problem("text encoder", str(error), "correct AETHER_TEXT_ENCODER_URL and its key")
        return
    took = time.monotonic() - began
    yield fine("text encoder", f"{found.name}, {length} numbers a text, {took:.1f} s")
