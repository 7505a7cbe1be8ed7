"""One port, several processes behind it.

Python runs one thread at a time: twenty planners who ask at once wait for each other in one process
however many cores there are. So one process accepts, looks into the beginning of each connection
for the cookie that says where its visit lives, and hands it over; it reads nothing else. The
processes are forked from it after all was imported, so they share that memory and are there at
once. One that dies is replaced; the visits of the others go on.
"""

import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

from ui.server.handed_over import hand_over
from ui.server.sticky import Visits, process_named

HEAD_BYTES: Final = 16_384
"""A cookie beyond it is not looked for."""
HEAD_SECONDS: Final = 10
"""Who has not sent a request's head by then is let go."""
MOST_WAITING: Final = 500
"""So many connections without a head are kept at once; others wait in the system's own queue."""
LOOK_SECONDS: Final = 0.01
REST_SECONDS: Final = 0.5
STOP_SECONDS: Final = 8
SOON_SECONDS: Final = 10
MOST_SOON: Final = 3
"""So many processes that end so soon after their start, one after another, end the server."""
UNCOUNTED_SECONDS: Final = 3
"""A process at work counts a visit late: of twenty who came at once one was given eighteen."""
READY: Final = b"r"
_END_OF_HEAD: Final = b"\r\n\r\n"
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass
class _Process:
    """One process that serves.

    Attributes:
        number: Its place among them, which cookies name.
        pid: The system's number.
        channel: Where connections go, and whence it says that it is ready.
        started: By the clock that only goes forward.
        ready: Whether it serves.
        leaving: Since when its channel is closed; it is about to end, or has.
        given: When it was given new visits that it has not counted yet, as far as is known.
        begun: How many visits it had ever counted when last looked at.
    """

    number: int
    pid: int
    channel: socket.socket
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    leaving: float | None = None
    given: deque[float] = field(default_factory=deque)
    begun: int = 0

    def coming(self, now: float, begun: int) -> int:
        """How many new visits it was given so lately that it has not counted them yet.

        Args:
            now: By the clock that only goes forward.
            begun: How many visits it has ever counted.
        """
        counted, self.begun = begun - self.begun, begun
        while self.given and (counted > 0 or now - self.given[0] > UNCOUNTED_SECONDS):
            self.given.popleft()
            counted -= 1
        return len(self.given)


class SharedPort:
    """Hands the connections of one port to processes that it keeps running.

    Args:
        listener: Bound to the port; it is listened on once a process is ready.
        processes: How many.
        port: That of the app, part of the cookie's name.
        serve: What a process does, given its number, the channel its connections come by, and
            where visits are noted. The process ends with it.
    """

    def __init__(
        self,
        listener: socket.socket,
        processes: int,
        port: int,
        serve: Callable[[int, socket.socket, Visits], None],
    ) -> None:
        self._listener, self._port, self._serve = listener, port, serve
        self._count = processes
        self._visits = Visits(processes)
        self._processes: dict[int, _Process] = {}
        self._waiting: dict[socket.socket, float] = {}
        self._begun: set[socket.socket] = set()
        self._turn = 0
        self._soon = 0
        self._listening = False
        self._ending = False
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Serve until a signal ends it.

        Returns:
            The exit code: 1 where processes ended again and again.
        """
        for ending in _ENDING:
            signal.signal(ending, self._end)
        for number in range(self._count):
            self._start(number)
        while not self._ending and self._soon < MOST_SOON:
            for key, _ in self._selector.select(LOOK_SECONDS if self._is_busy() else REST_SECONDS):
                if isinstance(key.data, _Process):
                    self._hear(key.data)
                elif key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._selector.unregister(key.fileobj)
                    self._begun.add(key.fileobj)
            self._look_at_heads()
            self._let_go()
            self._replace()
        self._stop()
        return 0 if self._ending else 1

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ending = True

    def _is_busy(self) -> bool:
        """Whether something has to be looked at that tells nobody when it is over."""
        leaving = any(process.leaving is not None for process in self._processes.values())
        return leaving or bool(self._begun)

    def _start(self, number: int) -> None:
        here, there = socket.socketpair()
        self._visits.clear(number)
        pid = os.fork()
        if pid == 0:
            self._be(number, here, there)
        there.close()
        here.setblocking(False)
        process = _Process(number, pid, here)
        self._processes[number] = process
        self._selector.register(here, selectors.EVENT_READ, process)

    def _be(self, number: int, here: socket.socket, there: socket.socket) -> None:
        """What the forked process does; it never comes back from here."""
        code = 1
        try:
            for ending in _ENDING:
                signal.signal(ending, signal.SIG_DFL)
            self._selector.close()
            others = (process.channel for process in self._processes.values())
            for inherited in (here, self._listener, *others, *self._waiting):
                inherited.close()
            self._serve(number, there, self._visits)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:  # noqa: BLE001 - whatever it is, it belongs into the log
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _hear(self, process: _Process) -> None:
        """A process is ready, or its channel is closed."""
        try:
            told = process.channel.recv(len(READY))
        except OSError:
            told = b""
        if told:
            process.ready = True
            self._listen()
            return
        self._selector.unregister(process.channel)
        process.ready, process.leaving = False, time.monotonic()

    def _listen(self) -> None:
        if not self._listening:
            self._listening = True
            self._listener.listen(socket.SOMAXCONN)
            self._listener.setblocking(False)
            self._selector.register(self._listener, selectors.EVENT_READ)

    def _replace(self) -> None:
        """Start another for each process that has ended; one that hangs is made to."""
        for process in list(self._processes.values()):
            if process.leaving is None:
                continue
            if time.monotonic() - process.leaving > STOP_SECONDS:
                os.kill(process.pid, signal.SIGKILL)
            if not os.waitpid(process.pid, os.WNOHANG)[0]:
                continue
            process.channel.close()
            del self._processes[process.number]
            soon = process.leaving - process.started < SOON_SECONDS
            self._soon = self._soon + 1 if soon else 0
            if self._soon < MOST_SOON:
                self._start(process.number)

    def _accept(self) -> None:
        while len(self._waiting) < MOST_WAITING:
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError:  # it has gone away, or there are no descriptors left
                break
            connection.setblocking(False)
            self._waiting[connection] = time.monotonic() + HEAD_SECONDS
            self._selector.register(connection, selectors.EVENT_READ)
        time.sleep(LOOK_SECONDS)  # the listener goes on asking: not at every turn

    def _look_at_heads(self) -> None:
        """Hand over every connection whose request's head is there."""
        for connection in list(self._begun):
            try:
                head = connection.recv(HEAD_BYTES, socket.MSG_PEEK)
            except BlockingIOError:
                continue
            except OSError:
                head = b""
            if _END_OF_HEAD in head or len(head) in {0, HEAD_BYTES}:
                self._begun.discard(connection)
                del self._waiting[connection]
                if not head or not self._hand_over(connection, head):
                    connection.close()

    def _let_go(self) -> None:
        """Close what has not sent a head in time."""
        now = time.monotonic()
        for connection, until in list(self._waiting.items()):
            if until < now:
                del self._waiting[connection]
                if connection in self._begun:
                    self._begun.discard(connection)
                else:
                    self._selector.unregister(connection)
                connection.close()

    def _hand_over(self, connection: socket.socket, head: bytes) -> bool:
        named = process_named(head, self._port)
        for process in self._in_order(named):
            try:
                hand_over(process.channel, connection)
            except OSError:
                continue
            if process.number != named:
                process.given.append(time.monotonic())
            return True
        return False

    def _in_order(self, named: int | None) -> list[_Process]:
        """Where a connection may go: where its visit lives, else where the fewest are, in turn."""
        self._turn += 1
        return sorted(
            (process for process in self._processes.values() if process.ready),
            key=lambda one: (
                one.number != named,
                self._visits_of(one),
                (one.number - self._turn) % self._count,
            ),
        )

    def _visits_of(self, process: _Process) -> int:
        """Those it has, and those on their way to it."""
        counts = self._visits[process.number]
        return counts.now + process.coming(time.monotonic(), counts.ever)

    def _stop(self) -> None:
        """End all processes in good order, those that take too long the hard way."""
        self._listener.close()
        left = {process.pid for process in self._processes.values()}
        for pid in left:
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while left:
            left -= {pid for pid in left if os.waitpid(pid, os.WNOHANG)[0]}
            if time.monotonic() > deadline:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
