"""Connections that another process has accepted, taken by a server as if it had done so itself."""

import os
import signal
import socket
from typing import Any


class HandedOver(socket.socket):
    """A listener whose connections come as file descriptors through a Unix socket.

    To asyncio and uvicorn it is a socket that listens. No byte passes through the process that
    accepted, and the visitor's address stays what it is.

    Args:
        channel: The end of a `socketpair` into which `hand_over` writes at the other end; it is
            taken over.
    """

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(fileno=channel.detach())

    def listen(self, backlog: int = 0) -> None:
        """Nothing to do: who accepts listens."""

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection and its peer's address.

        Raises:
            BlockingIOError: None has come.
            ConnectionAbortedError: It was closed meanwhile, or who hands over has ended; then this
                process ends in good order, too.
        """
        told, descriptors, _, _ = socket.recv_fds(self, 1, 1)
        if not told:
            os.kill(os.getpid(), signal.SIGTERM)
            raise ConnectionAbortedError("who hands over has ended")
        connection = socket.socket(fileno=descriptors[0])
        try:
            return connection, connection.getpeername()
        except OSError as error:
            connection.close()
            raise ConnectionAbortedError("closed before it was taken") from error


def hand_over(channel: socket.socket, connection: socket.socket) -> None:
    """Give a connection to the process at the other end, and let go of it here.

    Raises:
        BlockingIOError: As many wait there as the system keeps.
        OSError: The process is gone.
    """
    socket.send_fds(channel, [b"."], [connection.fileno()])
    connection.close()
