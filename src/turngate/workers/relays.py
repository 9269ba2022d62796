"""
Connections that end here and are served by another worker: bytes go through, both ways.

Responsible for the pipe to the other worker, for its pace, which is that of the slower side, and for the end of both
sides when one has ended.

Must not know: what the bytes are, why another worker serves.

Comes from: ``sorting.py``. Goes to: the parent, with one end of a pair of sockets, and from there to the other worker.

It works for TLS as for TCP, because what goes through was decrypted here; a connection could be handed on whole only
before its first byte was read.
"""

import socket
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IDelayedCall, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

from turngate.workers.handing import Handed, adopted

CLOSE_S: Final = 5.0
"""How long a client may take for what is left to be sent to it, when the other side has ended."""

Send = Callable[[socket.socket, Handed], bool]
"""Send a connection to the parent; false where that cannot be."""


class Relays:
    """All of one worker."""

    def __init__(self, reactor: Any, send: Send) -> None:
        self.open: set[Relay] = set()
        self._reactor = reactor
        self._send = send
        self._when_none: Callable[[], None] = lambda: None

    def begin(self, to: int, near: Protocol, head: bytes) -> bool:
        """Have a worker serve a connection, of which so much was read; false if that cannot be."""
        ours, theirs = socket.socketpair()
        with theirs:
            for end in (ours, theirs):
                end.setblocking(False)
            handed = Handed(0, int(theirs.family), to, source_of(near.transport), head)
            if not self._send(theirs, handed):
                ours.close()
                return False
        relay = Relay(self._reactor, near, self._ended)
        self.open.add(relay)
        adopted(self._reactor, ours, Factory.forProtocol(lambda: relay.far))
        return True

    def cut(self) -> None:
        """End all of them."""
        for relay in tuple(self.open):
            relay.near.transport.abortConnection()

    def when_none(self, call: Callable[[], None]) -> None:
        """Call once when none is left, which may be at once."""
        self._when_none = call
        self._check()

    def _ended(self, relay: "Relay") -> None:
        self.open.discard(relay)
        self._check()

    def _check(self) -> None:
        if not self.open:
            call, self._when_none = self._when_none, lambda: None
            call()


class Relay:
    """One connection: the near side is the client's, the far side the other worker's."""

    def __init__(self, reactor: Any, near: Protocol, on_end: Callable[["Relay"], None]) -> None:
        self.near: Any = near
        self.far = _Far(self)
        self._reactor = reactor
        self._on_end = on_end
        self._last: IDelayedCall | None = None
        self._has_near = True

    def connected(self) -> None:
        """The far side is there."""
        near, far = self.near, self.far
        # whoever would have served has been its producer
        near.transport.unregisterProducer()
        near.transport.registerProducer(far.transport, True)
        far.transport.registerProducer(near.transport, True)
        near.dataReceived, near.connectionLost = far.transport.write, self.near_lost

    def near_lost(self, _reason: Failure = connectionDone) -> None:
        """The client has gone."""
        self._has_near = False
        if self._last is not None and self._last.active():
            self._last.cancel()
        self.far.transport.unregisterProducer()
        self.far.transport.loseConnection()
        self._on_end(self)

    def far_lost(self) -> None:
        """The other worker has closed it, or is no more."""
        if self._has_near:
            self.near.transport.unregisterProducer()
            self.near.transport.loseConnection()
            self._last = self._reactor.callLater(CLOSE_S, self.near.transport.abortConnection)


class _Far(Protocol):
    transport: Any

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def connectionMade(self) -> None:
        self._relay.connected()

    def dataReceived(self, data: bytes) -> None:
        self._relay.near.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._relay.far_lost()


def source_of(transport: Any) -> tuple[str, int] | None:
    """Where a client is; ``None`` where it is a socket of the file system."""
    peer = transport.getPeer()
    return (peer.host, peer.port) if isinstance(peer, IPv4Address | IPv6Address) else None


class Arrivals(WrappingFactory["Arrival"]):
    """What another worker has passed on, for the factory of the listener."""

    noisy = False

    def __init__(self, inner: IProtocolFactory, handed: Handed) -> None:
        super().__init__(inner)
        self.handed = handed

    def buildProtocol(self, addr: Any) -> Any:
        """Twisted calls this for the connection."""
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else Arrival(self, inner)


class Arrival(ProtocolWrapper):
    """A pipe from another worker, which passes for the connection of its client; it begins with what was read there."""

    factory: Arrivals

    def makeConnection(self, transport: Any) -> None:
        """Twisted calls this."""
        super().makeConnection(transport)
        self.dataReceived(self.factory.handed.head)

    def getPeer(self) -> Any:
        """Where the client is."""
        source = self.factory.handed.source
        if source is None:
            return super().getPeer()
        host, port = source
        return IPv6Address("TCP", host, port) if ":" in host else IPv4Address("TCP", host, port)
