"""What the tests over real sockets share: the loop, raw servers, certificates, and a place to listen."""

import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest_twisted
from attrs import Factory, define
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from net_rig import PATH, Acceptance, Listener
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.protocol import Factory as ProtocolFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, ContextFactory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from certificate_rig import self_signed
from turngate.net.limits import Limits
from turngate.net.listener import ClientListener
from turngate.proxy.ports import IConnection

the_reactor: Any = reactor
async_test = pytest_twisted.ensureDeferred


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Let the network work until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await deferLater(the_reactor, 0.001, lambda: None)


def busy() -> set[object]:
    """What the reactor still has to do: timers and sockets."""
    return {*the_reactor.getDelayedCalls(), *the_reactor.getReaders(), *the_reactor.getWriters()}


class RawServer(ProtocolFactory):
    """A server that records what it is sent, and answers as it is told."""

    noisy = False
    protocol: type["RawServerConnection"]

    def __init__(self, answer: Callable[[bytes], bytes | None] = lambda _request: None) -> None:
        self.protocol = RawServerConnection
        self.answer = answer
        self.received = b""
        self.connections: list[RawServerConnection] = []
        self.gone = 0

    def buildProtocol(self, addr: object) -> Protocol:
        connection = self.protocol()
        connection.factory = self
        self.connections.append(connection)
        return connection


class RawServerConnection(Protocol):
    """One connection of a raw server."""

    factory: RawServer

    def dataReceived(self, data: bytes) -> None:
        self.factory.received += data
        if self.factory.received.endswith(b"\r\n\r\n"):
            answer = self.factory.answer(self.factory.received)
            if answer is not None:
                self.transport.write(answer)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.factory.gone += 1


class ServerTls(ContextFactory):
    """TLS with one certificate; Twisted's own options for it speak to pyOpenSSL in a way that it warns of."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.context.use_privatekey(key)
        self.context.use_certificate(certificate)

    def getContext(self) -> SSL.Context:
        return self.context


def make_certificate(*names: str) -> tuple[ServerTls, Certificate]:
    """A self-signed certificate for these names: to serve with, and to trust."""
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
    ]
    key, certificate = self_signed(
        "turngate test",
        (x509.SubjectAlternativeName(alternatives), False),
        (x509.BasicConstraints(ca=True, path_length=None), True),
    )
    return ServerTls(key, certificate), Certificate.loadPEM(certificate.public_bytes(serialization.Encoding.PEM))


@define
class Site:
    """A listening port of ours with its acceptor."""

    listener: ClientListener
    acceptance: Acceptance
    port: int

    @property
    def heard(self) -> Listener:
        return self.acceptance.listeners[0]

    @property
    def connection(self) -> IConnection:
        return self.acceptance.connections[0]


@define
class Town:
    """Everything that a test listens on; closed in the end."""

    ports: list[Any] = Factory(list)

    def site(self, limits: Limits | None = None, tls: ServerTls | None = None) -> Site:
        """A listener of ours."""
        acceptance = Acceptance()
        listener = ClientListener(
            acceptor=acceptance, paths=frozenset({PATH}), limits=limits or Limits(), reactor=the_reactor
        )
        return Site(listener, acceptance, self.listen(listener.factory, tls))

    def listen(self, factory: Any, tls: ServerTls | None = None, *, interface: str = "127.0.0.1", port: int = 0) -> int:
        """A port for any factory."""
        if tls is None:
            listening = the_reactor.listenTCP(port, factory, interface=interface)
        else:
            listening = the_reactor.listenSSL(port, factory, tls, interface=interface)
        self.ports.append(listening)
        return int(listening.getHost().port)
