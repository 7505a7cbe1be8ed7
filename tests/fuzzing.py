"""Files that are damaged at random, for whoever must read what visitors give.

Small files of every format are made, and bytes of them changed, cut, doubled and moved; text gets
numbers and signs that nobody expects, and what is packed is damaged inside, too. Whatever comes of
it, a reader reads it or says what is wrong: it never fails otherwise, crashes or hangs. A few per
format are tried in each test run; for an hour's worth, each time with other damages:

    .venv/bin/python -m tests.fuzzing --seconds 3600 [--files FOLDER]
"""

# ruff: noqa: S311 - chance decides what is damaged, nobody's secrets
# ruff: noqa: T201 - a script that prints what it finds
import argparse
import io
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from rasterio.crs import CRS
from rasterio.transform import from_origin

from aether_core.city.base_map import read_osm_base_map
from aether_core.city.boundary import read_boundary
from aether_core.city.streets import read_osm_streets
from aether_core.eo.cog.write import write_embedding_cog
from aether_core.eo.embedding import open_embedding
from aether_core.errors import AetherError
from aether_core.model.files.card import WEIGHTS_FILE
from aether_core.model.files.folder import weights_bytes
from aether_core.model.files.incoming import read_incoming
from aether_core.model.heads.heads import Heads, HeadShape
from aether_core.poi.read import read_pois
from aether_core.reading import ReadingLimits, UnreadableFileError, set_reading_limits
from aether_core.search.question.languages import GRAMMARS
from aether_core.search.question.parse import parse
from aether_core.tasks.areas.read import read_areas
from aether_core.tasks.labels.read import read_labels
from aether_core.tasks.values.raster import read_raster_values
from aether_core.tasks.values.read import read_values
from aether_core.vector.look import look_at
from tests.aether_core.vector.cells.test_workbook import xlsx

EXTRACT: Final = Path(str(find_spec("pyrosm").origin)).parent / "data" / "test.osm.pbf"  # type: ignore[union-attr]
PATIENCE_S: Final = 60.0
"""A reader that takes longer over a file of a few kilobytes hangs, however busy the machine."""
LIMITS: Final = ReadingLimits(memory_bytes=1024**3, seconds=PATIENCE_S)
BOX: Final = shapely.box(24.9, 60.1, 25.0, 60.2)


class Damage(NamedTuple):
    """One change: what is done, where (a share of the length), and with what."""

    what: str
    where: float
    drawn: int


Change = Callable[[bytearray, int, random.Random], None]


def _put(content: bytearray, at: int, new: bytes) -> None:
    content[at : at + len(new)] = new


def _number(content: bytearray, at: int, rng: random.Random) -> None:
    found = re.compile(rb"-?\d+(\.\d+)?").search(content, at)
    if found is not None:
        content[found.start() : found.end()] = rng.choice(NUMBERS)


def _move(content: bytearray, at: int, rng: random.Random) -> None:
    piece = content[at : at + rng.randrange(1, 64)]
    other = rng.randrange(len(content) + 1)
    content[other:other] = piece


NUMBERS: Final = (
    *(
        b"nan",
        b"-1",
        b"0",
        b"1e999",
        b"-1e308",
        b"99999999999999999999",
        b"1,5",
        b"",
        b"-",
        b"1e-320",
    ),
    *(b"null", b"true", b'"1"', b"[]", b"{}", b"0x10", b"180.0001", b"-90", b"2147483648"),
)
SIGNS: Final = (
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        "\u202e".encode(),
        b"'",
        b'"',
        b"<",
        b"&lol;",
        b"=1+1",
    ),
    *(b"[" * 200, b"{" * 50, b"<a>" * 50, b"../", b"\r", b"\n\n", b";", b"\t", b"%00", b"\\u0000"),
)
CHANGES: Final[dict[str, Change]] = {
    "flip": lambda content, at, rng: _put(content, at, bytes([rng.randrange(256)])),
    "high": lambda content, at, _: _put(content, at, b"\xff\xff\xff\x7f"),
    "low": lambda content, at, _: _put(content, at, bytes(4)),
    "cut": lambda content, at, _: content.__delitem__(slice(at, None)),
    "drop": lambda content, at, rng: content.__delitem__(slice(at, at + rng.randrange(1, 40))),
    "move": _move,
    "sign": lambda content, at, rng: content.__setitem__(slice(at, at), rng.choice(SIGNS)),
    "number": _number,
}


def damaged(content: bytes, damages: Sequence[Damage]) -> bytes:
    """A file's content, changed. What is packed is changed inside, at every second damage."""
    inside = zipfile.is_zipfile(io.BytesIO(content)) and len(damages) % 2 == 0
    return _repacked(content, damages) if inside else _changed(content, damages)


def _changed(content: bytes, damages: Sequence[Damage]) -> bytes:
    changed = bytearray(content)
    for damage in damages:
        rng = random.Random(damage.drawn)
        at = int(damage.where * len(changed))
        CHANGES[damage.what](changed, min(at, max(len(changed) - 1, 0)), rng)
    return bytes(changed)


def _repacked(content: bytes, damages: Sequence[Damage]) -> bytes:
    whole, packed = io.BytesIO(content), io.BytesIO()
    with zipfile.ZipFile(whole) as given, zipfile.ZipFile(packed, "w") as made:
        members = given.infolist()
        chosen = random.Random(damages[0].drawn).choice(members) if damages else None
        for member in members:
            inner = given.read(member)
            made.writestr(member.filename, _changed(inner, damages) if member is chosen else inner)
    return packed.getvalue()


Reader = Callable[[Path], Any]
READERS: Final[dict[str, tuple[Reader, ...]]] = {
    "vector": (
        read_pois,
        look_at,
        read_boundary,
        lambda path: read_labels(path, field="category"),
        lambda path: read_values(path, field="homes"),
        lambda path: read_areas(path, fields=("homes", "work")),
    ),
    "embedding table": (lambda path: open_embedding([path]),),
    "extract": (
        read_pois,
        lambda path: read_osm_streets(path, BOX),
        lambda path: read_osm_base_map(path, BOX),
        lambda path: read_labels(path, boundary=BOX),
    ),
    "raster": (
        lambda path: open_embedding([path]),
        lambda path: read_raster_values(path, field="1", boundary=BOX, least_m=100),
    ),
    "model": (read_incoming,),
}


class Seed(NamedTuple):
    """A good file.

    Attributes:
        name: As it is called; the ending decides who reads it.
        kind: One of `READERS`.
        content: Its bytes.
    """

    name: str
    kind: str
    content: bytes


def seeds(folder: Path) -> list[Seed]:
    """A small good file of every format.

    Args:
        folder: An empty one to write them in.
    """
    rng = np.random.default_rng(5)
    points = rng.uniform((24.91, 60.11), (24.99, 60.19), (6, 2))
    facts = {
        "name": ["Café", "B", "=C()", "Ñ d", "e", ""],
        "category": ["park", "pub", "park", "school", "pub", "pub"],
        "homes": [3, 5, 8, 13, 21, 34],
        "work": [1, 2, 3, 4, 5, 6],
    }
    places = gpd.GeoDataFrame(facts, geometry=shapely.points(points), crs=4326)
    areas = places.set_geometry(
        [shapely.box(x, y, x + 0.001, y + 0.001) for x, y in points], crs=4326
    )
    places.to_file(folder / "places.gpkg")
    places.to_file(folder / "places.fgb")
    places.to_parquet(folder / "places.parquet")
    places.to_file(folder / "places.gml", driver="GML")
    for frame, stem in ((places, "places"), (areas, "areas")):
        frame.to_file(folder / f"{stem}.geojson")
        (folder / stem).mkdir()
        frame.to_file(folder / stem / "a.shp", encoding="utf-8")
        with zipfile.ZipFile(folder / f"{stem}.zip", "w") as packed:
            for part in sorted((folder / stem).iterdir()):
                packed.write(part, part.name)
    table = places.drop(columns="geometry").assign(lon=points[:, 0], lat=points[:, 1])
    table.to_csv(folder / "places.csv", index=False)
    table.to_csv(folder / "places.tsv", index=False, sep="\t", encoding="utf-16")
    xlsx(folder / "places.xlsx", {"Places": [list(table), *table.to_numpy().tolist()]})
    shutil.copyfile(EXTRACT, folder / "extract.osm.pbf")
    marks = "".join(
        f"<Placemark><name>{n}</name><Point><coordinates>{x},{y}</coordinates></Point></Placemark>"
        for n, (x, y) in enumerate(points)
    )
    kml = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>'
    (folder / "places.kml").write_text(kml, encoding="utf-8")
    vectors = rng.normal(size=(6, 64))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    bands = {f"A{band:02}": vectors[:, band] for band in range(64)}
    table.assign(**bands).to_csv(folder / "embedding table.csv", index=False)
    table.assign(**bands).to_parquet(folder / "embedding table.parquet", index=False)
    pixels = rng.normal(size=(16, 16, 64)).astype(np.float32)
    pixels /= np.linalg.norm(pixels, axis=2, keepdims=True)
    place = from_origin(385_000, 6_672_000, 10, 10)
    write_embedding_cog(folder / "raster.tif", pixels, place, CRS.from_epsg(32635))
    made = [
        Seed(path.name, _kind_of(path.name.partition(".")[0]), path.read_bytes())
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix != ".xsd"
    ]
    return [*made, *_weights()]


def _kind_of(stem: str) -> str:
    return stem if stem in READERS else "vector"


def _weights() -> Iterator[Seed]:
    """Weights alone, and a zip of them with a card of which not much is right."""
    content = weights_bytes(Heads(HeadShape()), "fuzzed")
    yield Seed("model.safetensors", "model", content)
    for name in ("model.zip", "card.zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(WEIGHTS_FILE, content)
            if name == "card.zip":
                archive.writestr("model.json", '{"format": 1, "recipe": {"name": "aether"}}')
        yield Seed(name, "model", packed.getvalue())


def tried(seed: Seed, damages: Sequence[Damage], which: int, folder: Path) -> str:
    """Have a damaged file read.

    Args:
        seed: The good file.
        damages: What is done to it.
        which: Which of its readers reads it.
        folder: Where it is written; empty again afterwards.

    Returns:
        How it ended: `read`, or the code of the error.

    Raises:
        AssertionError: The reader took too long, or crashed.
        Exception: It failed in a way it must not.
    """
    readers = READERS[seed.kind]
    path = folder / seed.name
    path.write_bytes(damaged(seed.content, damages))
    try:
        readers[which % len(readers)](path)
    except AetherError as error:
        return _code(error)
    finally:
        path.unlink()
    return "read"


def _code(error: AetherError) -> str:
    """The code of an error that tells what is wrong with a file."""
    assert error.code != "internal", getattr(error, "details", error)
    if isinstance(error, UnreadableFileError):
        assert error.reason in {"size", "depth", "memory"}, f"{error.reason}: {error}"
    return error.code


def question_of(words: Sequence[str]) -> None:
    """Have words taken for a question, in every language."""
    for language in GRAMMARS:
        try:
            parse(" ".join(words), language)
        except AetherError as error:
            _code(error)


WORDS: Final = (
    *("parks", "near", "within", "500 m", "of", "schools", "not", "and", "or", "far from", "pubs"),
    *(
        "quiet",
        "between",
        "1e999 km",
        "-5",
        "miles",
        "(",
        ")",
        '"',
        "'",
        ",",
        "no",
        "without",
        "but",
    ),
    *(
        "\u202e",
        "\x00",
        "é" * 40,
        "0 m",
        "walk",
        "minutes",
        "%",
        "people",
        "over",
        "5",
        "?",
        "\ud7ff",
    ),
    *(
        "قرب",
        "والحدائق",
        "للمدارس",
        "بالسوق",
        "على بعد",
        "٥٠٠ متر",
        "خمسمائة",
        "كيلومتر",
        "من",
        "ليس",
    ),
    *(
        "و",
        "لل",
        "ال",
        "بـ",
        "ولا",
        "،",
        "«",
        "»",
        "في",
        "وسط المدينة",
        "١٫٥",
        "هادئة",
        "\u0640\u200f",
    ),
)


def main(words: Sequence[str] | None = None) -> int:
    """Damage files until the time is over; what fails is printed, with how to do it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--files", type=Path, help="a folder with further small files")
    given = parser.parse_args(words)
    set_reading_limits(LIMITS)
    rng, ends = random.Random(given.seed), time.monotonic() + given.seconds
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        made, work = Path(temporary, "made"), Path(temporary, "work")
        made.mkdir()
        work.mkdir()
        good = [*seeds(made), *(_given(given.files) if given.files else [])]
        while time.monotonic() < ends:
            question_of(rng.choices(WORDS, k=rng.randrange(12)))
            seed = rng.choice(good)
            damages = [
                Damage(rng.choice(list(CHANGES)), rng.random(), rng.randrange(2**32))
                for _ in range(rng.choice((1, 1, 2, 3, 8)))
            ]
            which = rng.randrange(6)
            try:
                counts[f"{seed.name}: {tried(seed, damages, which, work)}"] += 1
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                name = f"{seed.name} reader {which}: {type(error).__name__}: {str(error)[-300:]}"
                if faults[name] == 0:
                    print(name, damages, traceback.format_exc()[-1500:], sep="\n", flush=True)
                faults[name] += 1
    print(f"seed {given.seed}: {sum(counts.values())} files, {len(faults)} faults")
    for name, number in counts.most_common(400):
        print(f"{number:6} {name}")
    return 1 if faults else 0


def _given(folder: Path) -> Iterator[Seed]:
    kinds = {".tif": "raster", ".tiff": "raster", ".pbf": "extract"}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size < 300_000:
            yield Seed(path.name, kinds.get(path.suffix.lower(), "vector"), path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
