"""
Looks at the beginning of each connection, and passes it on if it is for another worker.

Responsible for reading no further than the end of the request's head, and for handing what was read to whoever serves.

Must not know: WebSockets, sessions, how a connection is passed on.

Comes from: the listening side, below TLS. Goes to: the listener's protocol, or to ``relays.py``.

The listener's protocol is there from the beginning, so that its limits for a handshake hold here too. Once it is known
who serves, nothing of this stands in the way of a byte any more.
"""

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from turngate.workers.owners import wanted

END_OF_HEAD: Final = b"\r\n\r\n"

PassOn = Callable[[int, Protocol, bytes], bool]
"""Have another worker serve a connection, of which so much was read; false if that cannot be."""


class Sorter(Factory):
    """
    Wraps the factory of the listener.

    Args:
        inner: makes the protocols of those who are served here.
        index: which worker this is ...
        of: ... of how many.
        max_bytes: how much is read of a head before the listener shall see to it.
        pass_on: has another worker serve a connection.
    """

    noisy = False

    def __init__(self, inner: IProtocolFactory, index: int, of: int, max_bytes: int, pass_on: PassOn) -> None:
        self.inner = inner
        self.index = index
        self.of = of
        self.max_bytes = max_bytes
        self.pass_on = pass_on

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """Twisted calls this for each connection."""
        protocol = self.inner.buildProtocol(addr)  # type: ignore[arg-type]  # as Twisted's own factories take it
        return None if protocol is None else Sorting(self, protocol)


class Sorting(Protocol):
    """One connection."""

    transport: Any

    def __init__(self, sorter: Sorter, inner: IProtocol) -> None:
        self._sorter = sorter
        self._inner = inner
        self._head = b""

    def connectionMade(self) -> None:
        """Twisted calls this."""
        self._inner.makeConnection(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """Twisted calls this with what was read, until it is known who serves."""
        # the end of the head may have come in two pieces
        begins = max(0, len(self._head) - len(END_OF_HEAD) + 1)
        self._head += data
        end = self._head.find(END_OF_HEAD, begins)
        if end < 0 and len(self._head) <= self._sorter.max_bytes:
            return
        owner = wanted(self._head[:end], self._sorter.of) if 0 <= end <= self._sorter.max_bytes else None
        if owner is None or owner == self._sorter.index or not self._passed_on(owner):
            self._serve()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted calls this."""
        self._inner.connectionLost(reason)

    def _serve(self) -> None:
        head, self._head = self._head, b""
        # Twisted finds these by their names, and is spared a call for each read
        self.dataReceived = self._inner.dataReceived  # type: ignore[method-assign]
        self.connectionLost = self._inner.connectionLost  # type: ignore[method-assign,assignment]
        self._inner.dataReceived(head)

    def _passed_on(self, owner: int) -> bool:
        if not self._sorter.pass_on(owner, self, self._head):
            return False
        # what it would do at its end it shall not do to the connection
        self._inner.connectionLost(Failure(ConnectionDone()))
        return True
