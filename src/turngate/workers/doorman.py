"""
Accepts the connections of clients, and has each handed to a worker.

Responsible for the sockets that listen, which the parent alone reads, and for a pause where the system has no more
descriptors.

Must not know: which worker gets a connection, what is said on it.

Comes from: ports that were bound already. Goes to: ``crew.py``.
"""

import errno
import socket
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

from turngate.workers.handing import Handed

AT_ONCE: Final = 32
PAUSE_S: Final = 1.0
NONE_LEFT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Place = Callable[[socket.socket, Handed], bool]
"""Finds a worker for a connection; false where there is none."""


class Doorman:
    """
    Accepts while it is told to.

    Args:
        reactor: tells when somebody comes.
        sockets: those that listen, in the order of the endpoints.
        place: finds a worker.
    """

    def __init__(self, reactor: Any, sockets: tuple[socket.socket, ...], place: Place) -> None:
        self._reactor = reactor
        self._doors = tuple(_Door(one, partial(self._came, number, one)) for number, one in enumerate(sockets))
        self._place = place
        self._is_open = False
        self._again: IDelayedCall | None = None

    def open(self) -> None:
        """Accept; those that came before have waited."""
        self.close()
        self._is_open = True
        for door in self._doors:
            self._reactor.addReader(door)

    def close(self) -> None:
        """Accept nobody for now; whoever comes waits."""
        self._is_open = False
        if self._again is not None and self._again.active():
            self._again.cancel()
        for door in self._doors:
            self._reactor.removeReader(door)

    def _came(self, number: int, listener: socket.socket) -> None:
        for _ in range(AT_ONCE):
            if not self._is_open:
                return
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in NONE_LEFT:
                    self._pause()
                    return
                continue
            with connection:
                connection.setblocking(False)
                self._place(connection, Handed(number, int(connection.family)))

    def _pause(self) -> None:
        self.close()
        self._again = self._reactor.callLater(PAUSE_S, self.open)


@implementer(IReadDescriptor)
class _Door:
    """One socket that listens, for the reactor."""

    def __init__(self, listener: socket.socket, came: Callable[[], None]) -> None:
        self._listener = listener
        self._came = came

    def fileno(self) -> int:
        return self._listener.fileno()

    def logPrefix(self) -> str:
        return "door"

    def connectionLost(self, reason: Failure) -> None:
        """The reactor's end; the port is closed by itself."""

    def doRead(self) -> None:
        self._came()
