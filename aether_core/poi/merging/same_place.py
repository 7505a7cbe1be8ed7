"""Which places of two sources are one place: alike in name, close by, of no contradicting kind."""

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from aether_core.poi.merging.names import PlaceName, category_kinds, place_name
from aether_core.progress import Progress, silent
from aether_core.spatial.earth import earth_centred

FAR_M = 50.0
"""Two sources put one place this far apart: its door, its middle, its postal address."""
NEAR_M = 30.0
"""As far as "Kämp" and "Hotel Kämp" are taken for one."""
GENERIC_M = 15.0
"""The next car park has the same name."""

ALIKE = 86.0
"""Of 100: a letter or two of a short name, the order of words."""
EQUAL = 97.0
"""Of 100: what differs is a space; or all words of one name are in the other."""

_SPELLING = 80.0  # of 100: two spellings of the words in which names differ

_CHUNK = 4096  # places compared at a time; bounds the memory of their pairs

_RELATED_GROUPS = tuple(
    frozenset(groups.split(", "))
    for groups in (
        "food and drink, nightlife, shop",
        "food and drink, nightlife, accommodation, tourism",
        "shop, craft, office, finance",
        "shop, health care",
        "shop, sport, leisure",
        "shop, transport",
        "office, public service, social care, club, finance",
        "health care, social care, public service",
        "education, social care, culture",
        "education, sport, leisure",
        "culture, heritage, tourism, leisure, structure, nightlife",
        "heritage, worship, tourism",
        "sport, leisure, green space, club, tourism, natural feature",
        "street furniture, structure, green space",
        "transport, structure",
        "public service, emergency service, health care",
        "public service, culture, education",
        "office, education, culture",
    )
)
"""Groups that sources confuse: one says pub, the other restaurant."""
_UNTOLD = frozenset({"", "amenity"})

Pair = tuple[int, int]


@dataclass(frozen=True)
class _Side:
    """One source's places, made ready."""

    names: list[PlaceName]
    groups: list[str]
    kinds: list[frozenset[str]]
    texts: npt.NDArray[np.object_]
    metres: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]


def same_places(
    first: gpd.GeoDataFrame, second: gpd.GeoDataFrame, *, progress: Progress = silent
) -> list[Pair]:
    """Find for each place of the second source the place of the first that it is.

    Names must be alike within 50 m, one may merely hold the other within 30 m, and a name that
    names a kind only ("Car Park") counts within 15 m. Numbers in both must be the same, kinds that
    the names or categories tell must not exclude each other, nor must the groups. A place without
    a name is nobody's double.

    Args:
        first: A POI table (`aether_core.poi.frame`).
        second: Another.
        progress: Told of the places of the second compared so far.

    Returns:
        Row of the first, row of the second; a row of the second occurs once at most, one of the
        first as often as the second repeats it.
    """
    ours, theirs = _side(first), _side(second)
    if not len(ours.rows) or not len(theirs.rows):
        return []
    tree = cKDTree(ours.metres)
    found: list[Pair] = []
    for start in range(0, len(theirs.rows), _CHUNK):
        progress("comparing places", start, len(theirs.rows))
        found += _best(ours, theirs, _close(tree, theirs.metres, start))
    return sorted((int(ours.rows[a]), int(theirs.rows[b])) for a, b in found)


def _side(places: gpd.GeoDataFrame) -> _Side:
    """Make the places that have a name and a position ready."""
    points = places.geometry.to_numpy()
    there = ~(shapely.is_missing(points) | shapely.is_empty(points))
    rows = np.flatnonzero(there & (places["name"] != "").to_numpy())
    categories = [str(text) for text in places["category"].iloc[rows]]
    # Categories are few; their words are looked up once each.
    kinds = {category: category_kinds(category) for category in set(categories)}
    pairs = zip(places["name"].iloc[rows], categories, strict=True)
    names = [place_name(name, category) for name, category in pairs]
    return _Side(
        names=names,
        groups=[str(group) for group in places["group"].iloc[rows]],
        kinds=[kinds[category] for category in categories],
        texts=np.array([name.text for name in names], dtype=object),
        metres=earth_centred(shapely.get_coordinates(points[rows])),
        rows=rows,
    )


def _close(
    tree: cKDTree, metres: npt.NDArray[np.float64], start: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return all pairs within `FAR_M` of a chunk of places, with their distance in metres."""
    chunk = metres[start : start + _CHUNK]
    near = tree.query_ball_point(chunk, FAR_M, return_sorted=False)
    counts = np.array([len(rows) for rows in near])
    a = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in near])
    b = np.repeat(np.arange(start, start + len(chunk)), counts)
    return a, b, np.linalg.norm(tree.data[a] - metres[b], axis=1)


def _best(
    ours: _Side,
    theirs: _Side,
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]],
) -> Iterator[Pair]:
    """Yield for each of their places the one of ours that it is: most alike first, then closest."""
    a, b, apart = pairs
    left, right = list(ours.texts[a]), list(theirs.texts[b])
    alike = process.cpdist(left, right, scorer=fuzz.token_sort_ratio)
    # "Mc Donalds" and "McDonalds" share no word.
    closed = ([text.replace(" ", "") for text in side] for side in (left, right))
    alike = np.maximum(alike, process.cpdist(*closed, scorer=fuzz.ratio))
    held = process.cpdist(left, right, scorer=fuzz.token_set_ratio)
    order = np.lexsort((apart, -alike, b))
    taken = -1
    for at in order[((alike >= ALIKE) | (held >= EQUAL))[order]]:
        if b[at] == taken:
            continue
        row, other, score = int(a[at]), int(b[at]), float(alike[at])
        if apart[at] > _reach_m(ours.names[row], theirs.names[other], score):
            continue
        if _agree(ours, row, theirs, other, score):
            taken = other
            yield row, other


def _reach_m(one: PlaceName, other: PlaceName, alike: float) -> float:
    """How far apart two names as much alike may lie."""
    if one.generic or other.generic:
        return GENERIC_M if alike >= EQUAL else 0.0
    # "Red Lion" and "The Red Lion Pub" have all words of their own in common.
    return FAR_M if alike >= ALIKE or one.own == other.own else NEAR_M


def _agree(ours: _Side, a: int, theirs: _Side, b: int, alike: float) -> bool:
    """Nothing in numbers, groups and kinds says that these are two places."""
    one, other = ours.names[a], theirs.names[b]
    if one.numbers and other.numbers and one.numbers != other.numbers:
        return False
    if not _groups_agree(ours.groups[a], theirs.groups[b]):
        return False
    if alike >= EQUAL:
        return True
    if alike >= ALIKE and not _one_slip(one, other):
        return False
    return _kinds_agree(one, ours.kinds[a], other, theirs.kinds[b], alike)


def _one_slip(one: PlaceName, other: PlaceName) -> bool:
    """The words that differ are spellings of each other, or one name merely has more words.

    Long names are alike though one word differs: "Law Offices of Hill" and "Law Offices of Hall".
    """
    words, others = set(one.text.split()), set(other.text.split())
    left, right = " ".join(sorted(words - others)), " ".join(sorted(others - words))
    return not left or not right or fuzz.ratio(left, right) >= _SPELLING


def _kinds_agree(
    one: PlaceName,
    by_category: frozenset[str],
    other: PlaceName,
    others_by_category: frozenset[str],
    alike: float,
) -> bool:
    """The kinds that names and categories tell do not exclude each other."""
    if one.kinds == other.kinds:
        return True
    if by_category and others_by_category and not by_category & others_by_category:
        return False
    if one.kinds and other.kinds:
        return bool(one.kinds & other.kinds)
    # One name alone tells a kind, "IKEA Restaurant": the other's category must tell it, too, or
    # where the names are all but equal, at least no other.
    named, expected = (one.kinds, others_by_category) if one.kinds else (other.kinds, by_category)
    return bool(named & expected) or (alike >= ALIKE and not expected)


def _groups_agree(group: str, other: str) -> bool:
    """Two sources may say these two groups of one place."""
    if group == other or group in _UNTOLD or other in _UNTOLD:
        return True
    return any(group in related and other in related for related in _RELATED_GROUPS)
