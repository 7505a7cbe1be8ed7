"""A simulated city whose truth is known everywhere, to measure what a trained model can find.

Streets form a grid; districts of a few blocks carry one land-use zone each. The embedding shows the
*physical form* of a place (surface mix of the zone, a signature of the zone along genuine
within-class directions, slow and fast variation that has nothing to do with the zone, pixel noise);
places carry *use*: their categories are drawn from the zone's typical categories or, with a given
chance, from the city as a whole, and their names are mostly personal names that say nothing. So the
link between form and text is statistical, as in a real city, and a model can learn the noise by
heart. Means and directions come from `surface_statistics`.

Everything is simulated: use it in benchmarks and tests only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import geopandas as gpd
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

from aether_core.simulate.surface import BANDS, surface_statistics

CRS = "EPSG:32635"
PIXEL_M = 10.0
_ORIGIN = (385_000.0, 6_675_000.0)  # upper left corner, a whole number of pixels, inside UTM 35N
_BLOCK_PX = 12
_DISTRICT_M = 330.0


@dataclass(frozen=True)
class Zone:
    """One land-use zone.

    Attributes:
        share: Part of the city's districts, before rounding.
        places: Density of places relative to the other zones.
        surfaces: Surface class to share of the zone's area inside the blocks.
        group: Group word of the typical categories.
        categories: Typical categories.
        name_words: Words that names of such places may end in.
        query: What a planner would ask to find the zone; "" when nobody asks.
    """

    share: float
    places: float
    surfaces: Mapping[str, float]
    group: str
    categories: tuple[str, ...]
    name_words: tuple[str, ...]
    query: str


ZONES: Mapping[str, Zone] = MappingProxyType(
    {
        "water": Zone(
            0.08, 0.05, {"water": 1.0}, "leisure", ("marina", "slipway", "pier"), ("Pier",), ""
        ),
        "park": Zone(
            0.12,
            0.5,
            {"trees": 0.5, "grass": 0.45, "bare": 0.05},
            "leisure",
            ("park", "playground", "garden", "picnic site", "dog park", "viewpoint"),
            ("Park", "Gardens", "Green", "Meadow"),
            "parks and gardens for a walk in the green",
        ),
        "homes": Zone(
            0.26,
            0.8,
            {"built": 0.6, "trees": 0.2, "grass": 0.2},
            "amenity",
            ("kindergarten", "school", "dentist", "hairdresser", "playground", "convenience store"),
            ("School", "Kindergarten", "Dental", "Corner Shop"),
            "schools and kindergartens for families",
        ),
        "shopping": Zone(
            0.1,
            2.6,
            {"built": 0.95, "trees": 0.05},
            "shop",
            ("clothes shop", "shoe shop", "jeweller", "department store", "bookshop", "cosmetics"),
            ("Fashion", "Boutique", "Shoes", "Store"),
            "shopping for clothes and shoes",
        ),
        "nightlife": Zone(
            0.07,
            2.6,
            {"built": 0.97, "trees": 0.03},
            "amenity",
            ("bar", "pub", "nightclub", "cocktail bar", "restaurant", "karaoke bar"),
            ("Bar", "Tavern", "Club", "Lounge"),
            "a night out in bars and clubs",
        ),
        "offices": Zone(
            0.11,
            1.6,
            {"built": 0.9, "trees": 0.05, "grass": 0.05},
            "office",
            ("company office", "lawyer", "accountant", "insurance office", "consulting", "bank"),
            ("Consulting", "Partners", "Group", "Holdings"),
            "offices and business services",
        ),
        "industry": Zone(
            0.11,
            0.7,
            {"built": 0.7, "bare": 0.25, "grass": 0.05},
            "industrial",
            ("warehouse", "factory", "car repair", "wholesale", "depot", "scrap yard"),
            ("Logistics", "Works", "Steel", "Motors"),
            "factories and warehouses",
        ),
        "campus": Zone(
            0.08,
            1.0,
            {"built": 0.5, "grass": 0.3, "trees": 0.2},
            "amenity",
            ("university", "college", "library", "student housing", "laboratory", "copy shop"),
            ("Institute", "Hall", "Faculty", "Library"),
            "university and student life",
        ),
        "culture": Zone(
            0.07,
            1.8,
            {"built": 0.8, "trees": 0.1, "bare": 0.1},
            "tourism",
            ("museum", "theatre", "gallery", "hotel", "monument", "souvenir shop"),
            ("Museum", "Theatre", "Gallery", "Hotel"),
            "museums and theatres for visitors",
        ),
    }
)
"""The zones in the order of their class ids: `truth == k` means the k-th zone."""

_FIRST_NAMES = (
    "Aino,Otto,Elsa,Leo,Saga,Nils,Vera,Emil,Ida,Hugo,Alma,Oskar,Lilja,Toivo,Hilda,Felix,Siiri,"
    "Aaro,Nelli,Viktor,Greta,Anton,Maja,Elias,Selma,Kaarlo,Tilda,Vilho,Martta,Axel"
)
_LAST_NAMES = (
    "Berg,Lind,Salo,Koski,Holm,Niemi,Strand,Laine,Dahl,Virta,Ek,Mattila,Sund,Ranta,Nord,Kallio,"
    "Wik,Harju,Fors,Lehto,Bro,Oja,Sten,Palo,Vik,Manner,Ros,Saari,Lund,Halla"
)


@dataclass(frozen=True)
class Noise:
    """How loosely form, use and words hang together.

    Attributes:
        stray: Chance that a place's category comes from the whole city, not from its zone.
        telling: Chance that a name holds one of the zone's words.
        nameless: Chance that a place has no name.
        signature: Size of a zone's own signature, in standard deviations of the within-class
            directions.
        slow: Size of the variation over about 150 m that says nothing of the zone, same unit.
        fast: Size of the variation over about 30 m, same unit.
        pixel: Size of the noise of single pixels, same unit.
    """

    stray: float = 0.25
    telling: float = 0.3
    nameless: float = 0.15
    signature: float = 0.9
    slow: float = 0.8
    fast: float = 0.5
    pixel: float = 1.0


@dataclass(frozen=True)
class SimulatedCity:
    """A city with its truth.

    Attributes:
        vectors: Unit AlphaEarth-like vectors, float32 `[h, w, 64]`, row 0 in the north, no nodata.
        transform: Affine transform of the upper left corner, metres in `crs`.
        crs: EPSG code of the raster.
        pois: Places in WGS84: source, source_id, name, category, group, geometry.
        truth: Zone id of each pixel (streets belong to their zone), int64 `[h, w]`.
        queries: Query text to the zone ids that answer it.
    """

    vectors: NDArray[np.float32]
    transform: Affine
    crs: str
    pois: gpd.GeoDataFrame
    truth: NDArray[np.int64]
    queries: Mapping[str, tuple[int, ...]]


def simulate_city(
    seed: int, *, size_m: float = 3000, pois: int = 5000, noise: Noise | None = None
) -> SimulatedCity:
    """Simulate a square city.

    Args:
        seed: Decides everything; equal seeds give equal cities.
        size_m: Side length in metres.
        pois: Number of places.
        noise: How loosely form, use and words hang together.
    """
    rng = np.random.default_rng(seed)
    noise = noise or Noise()
    side = round(size_m / PIXEL_M)
    truth = _districts(rng, side)
    transform = Affine(PIXEL_M, 0, _ORIGIN[0], 0, -PIXEL_M, _ORIGIN[1])
    return SimulatedCity(
        vectors=_embedding(rng, truth, noise),
        transform=transform,
        crs=CRS,
        pois=_places(rng, truth, transform, pois, noise),
        truth=truth,
        queries=MappingProxyType(
            {zone.query: (k,) for k, zone in enumerate(ZONES.values()) if zone.query}
        ),
    )


def embedding_of(
    seed: int, truth: NDArray[np.int64], noise: Noise | None = None
) -> NDArray[np.float32]:
    """The embedding of the city of this seed if its blocks had these zones.

    Everything that does not hang on the zones is drawn as for `simulate_city`: with that city's own
    truth the vectors are its own.

    Args:
        seed: As given to `simulate_city`.
        truth: Zone id of each pixel, int64 `[h, h]`, of the size of that city.
        noise: As given to `simulate_city`.

    Returns:
        Unit vectors, float32 `[h, h, 64]`.
    """
    rng = np.random.default_rng(seed)
    _districts(rng, len(truth))  # drawn and left: what follows must come from the same numbers
    return _embedding(rng, truth, noise or Noise())


def _districts(rng: np.random.Generator, side: int) -> NDArray[np.int64]:
    """Give each city block the zone of its nearest district centre; every zone occurs."""
    count = max(3 * len(ZONES), round((side * PIXEL_M / _DISTRICT_M) ** 2))
    shares = np.array([zone.share for zone in ZONES.values()])
    zone_of = rng.choice(len(ZONES), size=count, p=shares / shares.sum())
    zone_of[: len(ZONES)] = np.arange(len(ZONES))
    centres = rng.uniform(0, side, size=(count, 2))
    rows, columns = np.divmod(np.arange(side * side), side)
    blocks = np.stack([rows // _BLOCK_PX, columns // _BLOCK_PX], axis=1) * _BLOCK_PX
    nearest = cKDTree(centres).query(blocks + _BLOCK_PX / 2)[1]
    return np.asarray(zone_of[nearest].reshape(side, side), dtype=np.int64)


def _embedding(
    rng: np.random.Generator, truth: NDArray[np.int64], noise: Noise
) -> NDArray[np.float32]:
    """Draw the physical form of every pixel and bring it to unit length."""
    figures = surface_statistics()
    names = list(figures.means)
    means = np.stack([figures.means[name] for name in names])
    spread = figures.standard_deviations[:, None] * figures.directions
    signatures = rng.standard_normal((len(ZONES), len(spread))) * noise.signature
    surface = _surfaces(rng, truth, names)
    vectors = means[surface] + (signatures @ spread)[truth]
    for size, sigma_px in ((noise.slow, 15.0), (noise.fast, 3.0)):
        field = _smooth(rng, truth.shape, len(spread), sigma_px) * size
        vectors += field @ spread
        rest = _smooth(rng, truth.shape, BANDS, sigma_px) * size
        vectors += rest * (figures.residual_standard_deviation * 0.5)
    pixel = rng.standard_normal((*truth.shape, BANDS)) * noise.pixel
    vectors += pixel * figures.residual_standard_deviation
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors, dtype=np.float32)


def _surfaces(
    rng: np.random.Generator, truth: NDArray[np.int64], names: list[str]
) -> NDArray[np.int64]:
    """Draw the surface class of each pixel in patches, with streets along the blocks."""
    levels = _smooth(rng, truth.shape, 1, 2.0)[..., 0]
    ranks = np.empty(truth.shape)
    ranks.flat[np.argsort(levels, axis=None)] = np.arange(truth.size) / truth.size
    surface = np.empty(truth.shape, dtype=np.int64)
    for k, zone in enumerate(ZONES.values()):
        here = truth == k
        edges = np.cumsum(list(zone.surfaces.values()))
        ids = np.array([names.index(name) for name in zone.surfaces])
        surface[here] = ids[np.minimum(np.searchsorted(edges, ranks[here]), len(ids) - 1)]
    rows, columns = np.indices(truth.shape)
    street = (rows % _BLOCK_PX == 0) | (columns % _BLOCK_PX == 0)
    surface[street & (truth != list(ZONES).index("water"))] = names.index("built")
    return surface


def _smooth(
    rng: np.random.Generator, shape: tuple[int, ...], bands: int, sigma_px: float
) -> NDArray[np.float64]:
    """Smooth noise of mean 0 and standard deviation 1 in each of `bands` bands."""
    field = np.stack(
        [gaussian_filter(rng.standard_normal(shape), sigma_px, mode="wrap") for _ in range(bands)],
        axis=-1,
    )
    return np.asarray(field / field.std(axis=(0, 1)), dtype=np.float64)


def _places(
    rng: np.random.Generator,
    truth: NDArray[np.int64],
    transform: Affine,
    count: int,
    noise: Noise,
) -> gpd.GeoDataFrame:
    """Draw places: where by the zones' densities, what by the zone or by the whole city."""
    zones = list(ZONES.values())
    density = np.array([zone.places for zone in zones])[truth].ravel()
    pixels = rng.choice(truth.size, size=count, p=density / density.sum())
    rows, columns = np.divmod(pixels, truth.shape[1])
    x, y = transform @ (columns + rng.uniform(size=count), rows + rng.uniform(size=count))
    here = truth[rows, columns]
    stray = rng.uniform(size=count) < noise.stray
    kind = np.where(stray, rng.permutation(here), here)
    category = [str(rng.choice(zones[k].categories)) for k in kind]
    frame = gpd.GeoDataFrame(
        {
            "source": "simulated",
            "source_id": [str(i) for i in range(count)],
            "name": [_name(rng, zones[k], noise) for k in kind],
            "category": category,
            "group": [zones[k].group for k in kind],
        },
        geometry=gpd.points_from_xy(x, y),
        crs=CRS,
    )
    return frame.to_crs("EPSG:4326")


def _name(rng: np.random.Generator, zone: Zone, noise: Noise) -> str:
    """Make a name: nothing, a person's, or a person's with a word that tells the zone."""
    if rng.uniform() < noise.nameless:
        return ""
    parts = [str(rng.choice(_FIRST_NAMES.split(","))), str(rng.choice(_LAST_NAMES.split(",")))]
    if rng.uniform() < noise.telling:
        parts[0] = str(rng.choice(zone.name_words))
        parts.reverse()
    return " ".join(parts)
