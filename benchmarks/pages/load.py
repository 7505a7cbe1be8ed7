"""What visitors of one server wait for and what memory it takes, on a city of 100,000 cells.

A simulated city is added to a home, a model of it trained, and `up` started as an operator would.
Then, each a row of the table in docs/operations.md: visitors who all ask at once; the same while
another model is trained; many whose pages are open and idle; and askers for as long as one likes,
with the memory of each minute.

    .venv/bin/python -m benchmarks.pages.load --home FOLDER [--only asking training idle lasting]
        [--cells 100000] [--visitors 20] [--seconds 60] [--idle 200] [--minutes 10]

The home is kept and, where it has the city, used again. Memory is that of all processes of the web
app, what they share counted once (PSS). Measure on a quiet machine, with two cores by
`taskset -c 0,1`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.simulate.grid_city import PIXEL_M, simulate_city
from benchmarks.pages.crowd import Crowd, asking, idling

ROOT: Final = Path(__file__).resolve().parents[2]
SLUG: Final = "crowded"
PLACES: Final = 20_000
_CELL_M2: Final = 238.6  # of H3's resolution 12, there
_SEED: Final = 18
ALL: Final = ("asking", "training", "idle", "lasting")


def command(home: Path, *words: str) -> Any:  # noqa: ANN401 - what the command prints
    """One command in the home, and its JSON.

    Raises:
        SystemExit: It failed.
    """
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "--json", *words],
        env={**os.environ, "AETHER_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise SystemExit(f"{' '.join(words)}: {ended.stderr or ended.stdout}")
    return json.loads(ended.stdout)


def make_city(home: Path, cells: int) -> None:
    """Add the city and train it, unless that was done before."""
    if any(city["slug"] == SLUG for city in command(home, "city", "list")):
        return
    with tempfile.TemporaryDirectory() as folder:
        embedding, pois = Path(folder, "embedding.tif"), Path(folder, "places.geojson")
        side_m = round((cells * _CELL_M2) ** 0.5 / PIXEL_M) * PIXEL_M
        city = simulate_city(_SEED, size_m=side_m, pois=PLACES)
        write_embedding_cog(embedding, city.vectors, city.transform, city.crs)
        city.pois.to_file(pois, driver="GeoJSON")
        files = ["--embedding", str(embedding), "--pois", str(pois)]
        words = ["city", "add", SLUG, "--name", "Crowded", *files, "--year", "2024", "--simulated"]
        command(home, *words)
    command(home, "train", SLUG, "--set", "epochs=3")


@contextmanager
def up(home: Path, port: int) -> Iterator[str]:
    """The address of an `up` of the home, for the block."""
    words = [sys.executable, "-m", "cli", "up", "--no-browser", "--no-demo", "--port", str(port)]
    process = subprocess.Popen(
        words,
        env={**os.environ, "AETHER_HOME": str(home), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if "http" not in process.stdout.readline():
            raise SystemExit("the app did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def training(home: Path) -> Iterator[Callable[[], float]]:
    """A model of the city is being trained for the block, which may ask for its epochs a minute."""
    words = ["--set", "keep=last", "--set", "holdout=0", "--set", "epochs=2000"]
    run = command(home, "train", SLUG, *words, "--no-wait")["run"]
    while command(home, "run", "show", str(run))["epoch"] < 1:
        time.sleep(1)
    before, began = epochs_done(home, run), time.monotonic()
    try:
        yield lambda: 60 * (epochs_done(home, run) - before) / (time.monotonic() - began)
    finally:
        command(home, "run", "cancel", str(run))


def epochs_done(home: Path, run: int) -> int:
    """How far a training is."""
    return int(command(home, "run", "show", str(run))["epoch"])


def of_the_app(home: Path, name: str) -> Iterator[str]:
    """A file of `/proc` of each process of the web app."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            of_home = f"AETHER_HOME={home}".encode()
            if b"ui.server" in words and of_home in (folder / "environ").read_bytes().split(b"\0"):
                yield (folder / name).read_text()


def memory_mb(home: Path) -> float:
    """What the processes of the web app take, what they share counted once."""
    lines = [line for text in of_the_app(home, "smaps_rollup") for line in text.splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def processor_s(home: Path) -> float:
    """Seconds of processor that the processes of the web app have had."""
    fields = [text.rpartition(")")[2].split() for text in of_the_app(home, "stat")]
    ticks = sum(int(one[11]) + int(one[12]) for one in fields)
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What came of a load.

    Attributes:
        seen: What the visitors saw.
        memory: Of the web app, MB, now and then.
        processor: Seconds of it that the web app had.
    """

    seen: Crowd
    memory: list[float]
    processor: float

    def row(self, name: str, *, each: bool = False) -> str:
        """A line of the table.

        Args:
            name: What the load was.
            each: Show the memory of each time it was looked at, not the most alone.
        """
        for trouble in sorted(set(self.seen.troubles))[:3]:
            print(f"shown: {trouble[:300]}", file=sys.stderr)
        seen = self.seen
        figures = [
            name,
            f"{len(seen.answers):,}",
            f"{seen.broken}",
            f"{len(seen.troubles)}",
            *(f"{seen.seconds(share):.2f}" for share in (0.5, 0.95, 1)),
            f"{1000 * self.processor / max(len(seen.answers), 1):.0f}",
            " ".join(f"{one:.0f}" for one in (self.memory if each else [max(self.memory)])),
        ]
        return f"| {' | '.join(figures)} |"


async def watched(home: Path, visits: Coroutine[None, None, Crowd], every_s: float) -> Load:
    """Visits, with the memory of the web app looked at every so many seconds, and at their end."""
    task, memory, before = asyncio.create_task(visits), [], processor_s(home)
    while not task.done():
        await asyncio.wait([task], timeout=every_s)
        memory.append(await asyncio.to_thread(memory_mb, home))
    return Load(await task, memory, processor_s(home) - before)


def measure(home: Path, url: str, options: argparse.Namespace) -> None:
    """Measure what was asked for and print the table."""
    columns = [
        "load",
        "answers",
        "visits broken",
        "errors shown",
        "half within, s",
        "95 % within, s",
        "slowest, s",
        "processor each, ms",
        "memory, MB",
    ]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}", flush=True)

    def ask(seconds: float, every_s: float = 5.0) -> Load:
        visits = asking(url, SLUG, visitors=options.visitors, seconds=seconds)
        return asyncio.run(watched(home, visits, every_s))

    crowd = f"{options.visitors} who ask"
    ask(5.0)  # the first answers read the model
    if "asking" in options.only:
        print(ask(options.seconds).row(crowd), flush=True)
    if "training" in options.only:
        with training(home) as epochs:
            load = ask(options.seconds)
            while_training = f"{crowd}, while a model is trained ({epochs():.1f} epochs a minute)"
        print(load.row(while_training), flush=True)
    if "idle" in options.only:
        visits = idling(url, SLUG, visitors=options.idle, seconds=options.rest)
        load = asyncio.run(watched(home, visits, 2.0))
        print(load.row(f"{options.idle} who ask once and leave the page open"), flush=True)
    if "lasting" in options.only:
        load = ask(60 * options.minutes, 60.0)
        print(load.row(f"{crowd}, for {options.minutes:g} minutes", each=True), flush=True)


def main(arguments: Sequence[str]) -> None:
    """Make the city, start the app, measure, and stop it."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--home", type=Path, required=True)
    options.add_argument("--only", nargs="+", choices=ALL, default=ALL)
    options.add_argument("--cells", type=int, default=100_000)
    options.add_argument("--visitors", type=int, default=20)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--idle", type=int, default=200)
    options.add_argument("--rest", type=float, default=10)
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--port", type=int, default=8601)
    given = options.parse_args(arguments)
    home = given.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    make_city(home, given.cells)
    with up(home, given.port) as url:
        measure(home, url, given)


if __name__ == "__main__":
    main(sys.argv[1:])
