"""
A name is resolved once, and what came of it is all that is connected to.

Responsible for the one resolution, for TCP to the addresses in their order, for TLS in the name's name, and for a gauge
on the connection.

Must not know: which addresses are good (they were checked before), HTTP, what is called.

Comes from: ``function_call.py``. Goes to: Twisted's resolver and endpoints, and back to the :class:`Gauge`.
"""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final, Protocol

from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocol,
    IProtocolFactory,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.python.failure import Failure
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

MAX_ATTEMPTS: Final = 4
"""Of a name's addresses, how many are tried."""


class Gauge(Protocol):
    """Who watches a connection from below."""

    def connected(self, transport: Any) -> None:
        """There is a TCP connection; the transport can ``abortConnection()``."""

    def received(self, count: int) -> None:
        """So many bytes came, and have been passed on."""

    def lost(self, reason: Failure) -> None:
        """The connection has ended, by this; who it is passed on to comes after."""


def resolve(resolver: IHostnameResolver, host: str, on_done: Callable[[tuple[str, ...]], None]) -> None:
    """Resolve a name, once; ``on_done`` gets its addresses, none if there are none."""
    resolver.resolveHostName(_Receiver(on_done), host)


@implementer(IResolutionReceiver)
class _Receiver:
    """Collects the addresses of one name."""

    def __init__(self, on_done: Callable[[tuple[str, ...]], None]) -> None:
        self._on_done = on_done
        self._addresses: dict[str, None] = {}

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """It cannot be stopped: Twisted's own resolver has no way to."""

    def addressResolved(self, address: IAddress) -> None:
        self._addresses[str(getattr(address, "host", ""))] = None

    def resolutionComplete(self) -> None:
        self._on_done(tuple(self._addresses))


@implementer(IStreamClientEndpoint, IAgentEndpointFactory)
@frozen
class Pinned:
    """
    The endpoint of some addresses, tried in their order; as an agent's endpoint factory, of them for any URI.

    Each attempt but the last has ``attempt_s``; the last has as long as whoever connects waits.
    """

    _addresses: Sequence[str]
    _port: int
    _tls_name: str | None
    """Who the other side must prove to be; ``None`` is no TLS."""
    _attempt_s: float
    _gauge: Gauge = field(repr=False)
    _reactor: Any = field(repr=False)
    _trust_root: Certificate | None = field(default=None, repr=False)

    def endpointForURI(self, uri: object) -> IStreamClientEndpoint:
        """This one: what the URI's host means was settled before."""
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        """A protocol of the factory's, connected to the first address that takes us."""
        return self._attempt(tuple(self._addresses[:MAX_ATTEMPTS]), protocolFactory)

    def _attempt(self, addresses: tuple[str, ...], factory: IProtocolFactory) -> "Deferred[IProtocol]":
        first, *rest = addresses
        endpoint = self._endpoint(first, self._attempt_s if rest else None)
        connecting: Deferred[Any] = endpoint.connect(_MeterFactory(factory, self._gauge))
        connecting.addCallback(lambda meter: meter.inner)
        if rest:
            connecting.addErrback(self._next, tuple(rest), factory)
        return connecting

    def _next(self, failure: Failure, rest: tuple[str, ...], factory: IProtocolFactory) -> "Deferred[IProtocol]":
        """An address that does not take us is passed over; that we gave up is none of its faults."""
        failure.trap(ConnectError)
        return self._attempt(rest, factory)

    def _endpoint(self, address: str, within_s: float | None) -> IStreamClientEndpoint:
        make: Any = TCP4ClientEndpoint if ip_address(address).version == 4 else TCP6ClientEndpoint
        endpoint: IStreamClientEndpoint = make(self._reactor, address, self._port, timeout=within_s)
        if self._tls_name is None:
            return endpoint
        wrapped: IStreamClientEndpoint = wrapClientTLS(
            optionsForClientTLS(self._tls_name, trustRoot=self._trust_root), endpoint
        )
        return wrapped


class _MeterFactory(Factory):
    """Makes meters; silent, for the inner factory would log itself and what it connects to."""

    noisy = False

    def __init__(self, inner: IProtocolFactory, gauge: Gauge) -> None:
        self._inner = inner
        self._gauge = gauge

    def buildProtocol(self, addr: Any) -> "_Meter | None":
        inner = self._inner.buildProtocol(addr)
        return None if inner is None else _Meter(inner, self._gauge)


class _Meter(TwistedProtocol):
    """Passes everything on, and tells the gauge."""

    def __init__(self, inner: IProtocol, gauge: Gauge) -> None:
        self.inner = inner
        self._gauge = gauge

    def connectionMade(self) -> None:
        transport: Any = self.transport
        self._gauge.connected(transport)
        self.inner.makeConnection(transport)

    def dataReceived(self, data: bytes) -> None:
        self.inner.dataReceived(data)
        self._gauge.received(len(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gauge.lost(reason)
        self.inner.connectionLost(reason)
