"""How long a visitor waits for the page Ask, what a rerun sends, and what axe-core finds.

A headless Chromium, which draws by software, asks a city that the app at an address serves: by a
link in a new browser, then question by question, then by loading the page again; then its pointer
moves over the map. Times end once the map shows the answer with its legend, or says what the
pointer is on. Processor time tells more than the clock where other programs run beside.

Run beside a running app, with what `./aether test` installs: `.venv/bin/python -m
benchmarks.pages.times --url http://127.0.0.1:8501 --city helsinki [--pid N]`, where N is the web
app's process, for its processor time. Other questions follow `--ask`. It prints a Markdown table.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, WebSocket

from benchmarks.pages.visitor import address, answered, chromium, settled

QUESTIONS = ("a night out", "school", "clothes shop")
PAGES = ("", "search", "change", "layers", "land_use", "districts", "reports", "city", "train")


@dataclass
class Visit:
    """A page that is watched.

    Attributes:
        page: In the browser.
        pid: Of the web app; None measures no processor.
        received: Bytes of the app's messages since last asked.
        rows: What was measured: name, seconds, kilobytes, processor seconds of app and browser.
    """

    page: Page
    pid: int | None
    received: int = 0
    rows: list[tuple[str, float, float, float | None, float]] = field(default_factory=list)

    def watch(self, socket: WebSocket) -> None:
        """Count what a WebSocket brings."""
        socket.on("framereceived", self._count)

    def _count(self, content: bytes | str) -> None:
        self.received += len(content)

    def measure(self, name: str, act: Callable[[], object], words: str) -> None:
        """Do something and wait until the map answers a question that has these words."""

        def wait() -> None:
            act()
            answered(self.page, words)

        self.wait(name, wait)

    def wait(self, name: str, act: Callable[[], object]) -> None:
        """Do something, and say what it took."""
        self.received, spent, began = 0, processor_of(self.pid), time.perf_counter()
        drawing = processor_of_browsers()
        act()
        took = time.perf_counter() - began
        drawing = processor_of_browsers() - drawing
        self.page.wait_for_timeout(3000)  # what the app does after the answer counts, too
        now = processor_of(self.pid)
        used = None if now is None or spent is None else now - spent
        self.rows.append((name, took, self.received / 1000, used, drawing))


def processor_of(pid: int | None) -> float | None:
    """Seconds of processor that the web app has had: the process that accepts, and its children."""
    return None if pid is None else processor_below(pid)


def processor_of_browsers() -> float:
    """Seconds of processor that the browsers which this program started have had."""
    return processor_below(os.getpid(), itself=False)


def processor_below(top: int, *, itself: bool = True) -> float:
    """Seconds of processor of a process, with all its threads and all that it started."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            used[int(path.parent.name)] = int(fields[11]) + int(fields[12])

    def is_below(pid: int) -> bool:
        above = parents.get(pid, 0)
        return above == top or (above > 1 and is_below(above))

    counted = [pid for pid in used if is_below(pid) or (itself and pid == top)]
    return sum(used[pid] for pid in counted) / os.sysconf("SC_CLK_TCK")


def ask_all(visit: Visit, url: str, city: str, questions: Sequence[str]) -> None:
    """The questions, one after the other, in a browser that has nothing yet."""
    page, (first, *others) = visit.page, questions

    def ask(words: str) -> None:
        box = page.get_by_label("What are you looking for?")
        box.fill(words)
        box.press("Enter")

    link = address(url, "search", city=city, q=first)
    visit.measure("first visit, by a link", partial(page.goto, link), first.split()[-1])
    for words in others:
        visit.measure(f"asked: {words}", partial(ask, words), words.split()[-1])
    visit.measure("page loaded again", page.reload, others[-1].split()[-1])
    point(visit, "pointer on the map")
    point(visit, "pointer on another cell")


def point(visit: Visit, name: str) -> None:
    """Move the pointer until the map says what it is on."""
    tip, stage = visit.page.locator(".city-map .tip"), visit.page.locator(".city-map .stage")
    box = stage.bounding_box()
    assert box is not None
    visit.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    middle = box["y"] + box["height"] / 2 + 20 * len(visit.rows)

    def move() -> None:
        visit.page.mouse.move(box["x"] + box["width"] / 2, middle)
        tip.wait_for(state="visible")

    visit.wait(name, move)


def findings(page: Page, url: str, city: str) -> list[str]:
    """Serious and critical findings of axe-core on every page, by day and in the dark."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for name in PAGES:
            page.goto(address(url, name, city=city))
            settled(page)
            page.wait_for_timeout(1500)
            violations = Axe().run(page, options={"resultTypes": ["violations"]}).response
            found += [
                f"{scheme} {name or 'home'}: {one['id']} ({len(one['nodes'])})"
                for one in violations["violations"]
                if one["impact"] in {"serious", "critical"}
            ]
    return found


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--url", default="http://127.0.0.1:8501")
    options.add_argument("--city", required=True)
    options.add_argument("--pid", type=int)
    options.add_argument("--ask", nargs="+", default=QUESTIONS)
    options.add_argument("--without-axe", action="store_true")
    given = options.parse_args(arguments)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        visit = Visit(page, given.pid)
        page.on("websocket", visit.watch)
        ask_all(visit, given.url, given.city, given.ask)
        columns = ("step", "seen after, s", "messages, KB", "processor of the app, s")
        print(f"| {' | '.join([*columns, 'of the browser, s'])} |")
        print("| --- | --- | --- | --- | --- |")
        for name, took, kilobytes, used, drawing in visit.rows:
            spent = "-" if used is None else f"{used:.2f}"
            print(f"| {name} | {took:.2f} | {kilobytes:.0f} | {spent} | {drawing:.2f} |")
        if given.without_axe:
            return
        found = findings(page, given.url, given.city)
        print(f"\naxe-core, serious or critical: {'; '.join(found) or 'none'}")


if __name__ == "__main__":
    main(sys.argv[1:])
