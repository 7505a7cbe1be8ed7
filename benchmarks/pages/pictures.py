"""The README's pictures, taken of a running app that holds the demo and a map of its land use.

Run beside `./aether up`, with what `./aether test` installs: `.venv/bin/python -m
benchmarks.pages.pictures [--url http://127.0.0.1:8501] [-o docs/images]`.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from benchmarks.pages.visitor import address, answered, chromium, settled
from workflows.demo.simulated import SLUG

_COLOURS = 256
_QUESTION = "a night out within walking distance of a station"


def main(arguments: Sequence[str]) -> None:
    """Take them."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--url", default="http://127.0.0.1:8501")
    options.add_argument("-o", "--output", type=Path, default=Path("docs/images"))
    given = options.parse_args(arguments)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1010}, reduced_motion="reduce")
        for name, place, words in (
            ("search", address(given.url, "search", city=SLUG, q=_QUESTION), "night out"),
            ("land_use", address(given.url, "land_use", city=SLUG), "Land use"),
        ):
            page.goto(place)
            answered(page, words)
            settled(page)
            page.wait_for_timeout(3000)  # the map fades in
            taken = Image.open(io.BytesIO(page.screenshot()))
            few = taken.convert("RGB").quantize(_COLOURS)  # a third of the bytes, and none seen
            few.save(given.output / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
