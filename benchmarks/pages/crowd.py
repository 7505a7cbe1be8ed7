"""Many visitors of the page Ask at once, over Streamlit's own web socket and without browsers."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

BOX: Final = "What are you looking for?"
WORDS: Final = (
    "a night out",
    "park",
    "offices",
    "school",
    "church",
    "bars and pubs",
    "quiet streets",
    "shops",
    "hospital",
    "library",
    "museum",
    "hotel",
    "harbour",
    "sports",
)
PATIENCE_S: Final = 60.0
_RED: Final = 1  # Streamlit's format of an alert that says an error


@dataclass
class Crowd:
    """What visitors saw.

    Attributes:
        opened: Seconds until the page stood, one a visit.
        answers: When each answer was there, and the seconds that it took.
        troubles: What was shown instead of an answer, or ended a visit.
        broken: Visits that ended before their time.
    """

    opened: list[float] = field(default_factory=list)
    answers: list[tuple[float, float]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    broken: int = 0

    def seconds(self, share: float, *, since: float = 0.0, until: float = float("inf")) -> float:
        """The time within which this share of the answers of a span was there."""
        times = sorted(took for when, took in self.answers if since <= when < until)
        return times[min(len(times) - 1, int(share * len(times)))] if times else float("nan")


class Visitor:
    """One visit.

    Args:
        socket: Its web socket.
        page: The page it stays on.
        query: What its address says.
    """

    def __init__(self, socket: ClientConnection, page: str, query: str) -> None:
        self._socket, self._page, self._query = socket, page, query
        self._boxes: dict[str, str] = {}

    async def run(self, typed: str | None = None) -> tuple[float, str | None]:
        """Have the page drawn, with a question typed where one is given.

        Returns:
            Seconds until the server was done, and what it showed as an error.
        """
        message = BackMsg()
        message.rerun_script.query_string = self._query
        message.rerun_script.page_name = self._page
        if typed is not None:
            widget = message.rerun_script.widget_states.widgets.add()
            widget.id, widget.string_value = self._boxes[BOX], typed
        began, trouble = time.perf_counter(), None
        await self._socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(
                await asyncio.wait_for(self._socket.recv(decode=False), PATIENCE_S)
            )
            kind = answer.WhichOneof("type")
            if kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                element = answer.delta.new_element
                what = element.WhichOneof("type")
                if what == "text_input":
                    self._boxes[element.text_input.label] = element.text_input.id
                elif what == "exception":
                    trouble = element.exception.message
                elif what == "alert" and element.alert.format == _RED:
                    trouble = element.alert.body
            if kind == "script_finished":
                return time.perf_counter() - began, trouble


async def asking(
    url: str, city: str, *, visitors: int, seconds: float, pause_s: float = 1.0
) -> Crowd:
    """Visitors who each ask, look at the answer for a second or so, and ask the next.

    Args:
        url: Where the app answers.
        city: Short name of the city that is asked.
        visitors: How many there are.
        seconds: How long they stay.
        pause_s: How long each looks at an answer, half of it to one and a half.
    """
    seen, end = Crowd(), time.perf_counter() + seconds

    async def stay(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - which question, nobody's secret
        async with _socket(url) as socket:
            visitor = Visitor(socket, "search", f"city={city}")
            _note(seen, seen.opened, await visitor.run())
            while time.perf_counter() < end:
                words = chance.sample(WORDS, chance.choice([1, 2]))
                took, trouble = await visitor.run(" ".join(words))
                seen.answers.append((time.perf_counter(), took))
                if trouble:
                    seen.troubles.append(trouble)
                await asyncio.sleep(pause_s * (0.5 + chance.random()))

    _count_broken(seen, await asyncio.gather(*map(stay, range(visitors)), return_exceptions=True))
    return seen


async def idling(url: str, city: str, *, visitors: int, seconds: float) -> Crowd:
    """Visitors who each have one answer on their page and leave it open.

    Args:
        url: Where the app answers.
        city: Short name of the city that is asked.
        visitors: How many there are.
        seconds: How long their pages stay open after the last has come.
    """
    seen, all_there = Crowd(), asyncio.Event()
    doors = asyncio.Semaphore(4)  # they come one after the other, as people do

    async def stay(number: int) -> None:
        async with _socket(url) as socket:
            visitor = Visitor(socket, "search", f"city={city}")
            async with doors:
                _note(seen, seen.opened, await visitor.run())
                took, trouble = await visitor.run(WORDS[number % len(WORDS)])
            seen.answers.append((time.perf_counter(), took))
            if trouble:
                seen.troubles.append(trouble)
            if len(seen.answers) == visitors:
                all_there.set()
            await asyncio.wait_for(all_there.wait(), PATIENCE_S * 10)
            await asyncio.sleep(seconds)

    _count_broken(seen, await asyncio.gather(*map(stay, range(visitors)), return_exceptions=True))
    return seen


def _socket(url: str) -> connect:
    address = url.replace("http", "ws", 1) + "/_stcore/stream"
    protocol = [Subprotocol("streamlit")]
    return connect(address, max_size=None, subprotocols=protocol, open_timeout=PATIENCE_S)


def _note(seen: Crowd, times: list[float], run: tuple[float, str | None]) -> None:
    times.append(run[0])
    if run[1]:
        seen.troubles.append(run[1])


def _count_broken(seen: Crowd, ended: Sequence[BaseException | None]) -> None:
    for one in ended:
        if one is not None:
            seen.broken += 1
            seen.troubles.append(repr(one))
