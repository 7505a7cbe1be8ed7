"""A visit as a browser makes it: over the web socket of a real server."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import SHUT_RDWR

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol


@dataclass
class Shown:
    """What a visitor's page came to show.

    Attributes:
        titles: Headings, as written.
        boxes: Labels of text boxes.
        navigations: Pages offered in the sidebar, each time they were sent.
        problems: Errors and warnings.
        session: Name of the visit at the server.
    """

    titles: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    navigations: list[list[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    session: str = ""

    def take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.titles, self.boxes, self.problems = [], [], []
            self.session = message.new_session.initialize.session_id
        elif kind == "navigation":
            self.navigations.append([page.page_name for page in message.navigation.app_pages])
        elif kind == "page_not_found":
            self.problems.append("page not found")
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            what = element.WhichOneof("type")
            if what == "heading":
                self.titles.append(element.heading.body)
            elif what == "text_input":
                self.boxes.append(element.text_input.label)
            elif what == "alert":
                self.problems.append(element.alert.body)
            elif what == "exception":
                self.problems.append(element.exception.message)


def visit(
    port: int,
    page: str,
    *,
    query: str = "",
    origin: str | None = None,
    patience_s: float = 60,
    cookie: str = "",
    before: str | None = None,
    meanwhile: Callable[[Shown], None] = lambda _: None,
) -> Shown:
    """Open a page by its link and stay until the server has drawn it.

    Args:
        page: Its path, empty for the first page.
        query: What stands behind the question mark.
        origin: The page that asks, as a browser names it.
        cookie: As the server set it.
        before: The visit that is gone on with, where its connection was lost.
        meanwhile: Done before the page is left.
    """
    shown = Shown()
    deadline = time.monotonic() + patience_s
    again = () if before is None else ("unused", before)
    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        subprotocols=[Subprotocol(one) for one in ("streamlit", *again)],
        additional_headers={"Cookie": cookie},
        max_size=None,
        origin=None if origin is None else Origin(origin),
    ) as socket:
        state = ClientState(query_string=query, page_name=page)
        socket.send(BackMsg(rerun_script=state).SerializeToString())
        while True:
            raw = socket.recv(timeout=max(deadline - time.monotonic(), 0.1))
            message = ForwardMsg.FromString(raw)
            shown.take(message)
            if message.WhichOneof("type") == "script_finished" and (
                message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                meanwhile(shown)
                socket.socket.shutdown(SHUT_RDWR)  # without a word, as a proxy that is ended does
                return shown
