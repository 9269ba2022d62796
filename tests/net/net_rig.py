"""What the tests of net/ share: a transport with a buffer, a WebSocket peer written by hand, and recorders."""

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import NamedTuple

from attrs import Factory, define, field
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITCPTransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from turngate.net._autobahn import ClientLegProtocol, UpstreamLegProtocol
from turngate.net.bridge import Bridge
from turngate.net.limits import Limits
from turngate.net.listener import ClientListener
from turngate.proxy.ports import Closed, ConnectionEvents, DialFailure, IConnection, Upgrade

PATH = "/v1/agent/converse"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(b"0123456789abcdef")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Frame(NamedTuple):
    """One frame as it was on the wire."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int:
        """The code of a close frame."""
        return int(struct.unpack("!H", self.payload[:2])[0])

    @property
    def close_reason(self) -> str:
        """The reason of a close frame."""
        return self.payload[2:].decode()


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, claimed: int | None = None
) -> bytes:
    """Build a frame; ``claimed`` lies about its length."""
    length = len(payload) if claimed is None else claimed
    first = (0x80 if fin else 0) | opcode
    bit = 0x80 if masked else 0
    if length < 126:
        head = bytes([first, bit | length])
    elif length < 65536:
        head = bytes([first, bit | 126]) + struct.pack("!H", length)
    else:
        head = bytes([first, bit | 127]) + struct.pack("!Q", length)
    # a mask of zeros is a mask
    return head + (b"\0\0\0\0" if masked else b"") + payload


def close_frame(code: int, reason: str = "", *, masked: bool = True) -> bytes:
    """Build a close frame."""
    return frame(CLOSE, struct.pack("!H", code) + reason.encode(), masked=masked)


def read_frames(wire: bytes) -> tuple[list[Frame], bytes]:
    """Take whole frames from the front of what was received; returns them and the rest."""
    frames = []
    while len(wire) >= 2:
        length, start = wire[1] & 0x7F, 2
        if length == 126:
            length, start = struct.unpack("!H", wire[2:4])[0], 4
        elif length == 127:
            length, start = struct.unpack("!Q", wire[2:10])[0], 10
        mask = b"\0\0\0\0"
        if wire[1] & 0x80:
            mask, start = wire[start : start + 4], start + 4
        if len(wire) < start + length:
            break
        payload = wire[start : start + length]
        if mask != b"\0\0\0\0":
            payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        frames.append(Frame(wire[0] & 0x0F, payload))
        wire = wire[start + length :]
    return frames, wire


def upgrade_request(target: str = PATH, *headers: str, method: str = "GET") -> bytes:
    """Build a client's request to open a WebSocket."""
    lines = [
        f"{method} {target} HTTP/1.1",
        "Host: localhost:8080",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {KEY.decode()}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def upgrade_answer(request: bytes) -> bytes:
    """Build a server's answer to a request for a WebSocket."""
    key = next(line for line in request.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: ")).split(b": ")[1]
    accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


@define
class Listener(ConnectionEvents):
    """Records what a connection tells; ``on_text`` may misbehave."""

    calls: list[tuple[object, ...]] = Factory(list)
    on_text: Callable[[bytes], None] | None = None
    on_closed: Callable[[Closed], None] | None = None

    def text_received(self, payload: bytes) -> None:
        self.calls.append(("text", payload))
        if self.on_text is not None:
            self.on_text(payload)

    def binary_received(self, payload: bytes) -> None:
        self.calls.append(("binary", payload))

    def congested(self) -> None:
        self.calls.append(("congested",))

    def relieved(self) -> None:
        self.calls.append(("relieved",))

    def closed(self, how: Closed) -> None:
        self.calls.append(("closed", how))
        if self.on_closed is not None:
            self.on_closed(how)

    @property
    def messages(self) -> list[tuple[object, ...]]:
        """What the peer said, without what the transport said."""
        return [call for call in self.calls if call[0] in {"text", "binary"}]

    @property
    def ends(self) -> list[Closed]:
        """Every ``closed`` that came."""
        return [call[1] for call in self.calls if isinstance(call[1:2], tuple) and call[0] == "closed"]  # type: ignore[misc]


@define
class Acceptance:
    """An acceptor that records whom it let in."""

    connections: list[IConnection] = Factory(list)
    upgrades: list[Upgrade] = Factory(list)
    listeners: list[Listener] = Factory(list)
    make: Callable[[], Listener] = Listener

    def __call__(self, connection: IConnection, upgrade: Upgrade) -> Listener:
        listener = self.make()
        self.connections.append(connection)
        self.upgrades.append(upgrade)
        self.listeners.append(listener)
        return listener


@define
class Dialled:
    """Records how a dialling went."""

    connections: list[IConnection] = Factory(list)
    failures: list[DialFailure] = Factory(list)
    listener: Listener = Factory(Listener)
    notify: Callable[[], None] = lambda: None

    def dialled(self, connection: IConnection) -> Listener:
        self.connections.append(connection)
        self.notify()
        return self.listener

    def dial_failed(self, failure: DialFailure) -> None:
        self.failures.append(failure)
        self.notify()


@implementer(ITCPTransport, IConsumer, IPushProducer)
@define(eq=False)
class BoundedTransport:
    """A TCP transport in memory, which applies pressure as Twisted's does and loses what an abort loses."""

    clock: Clock
    protocol: object = None
    unsent: bytes = b""
    sent: bytes = b""
    is_reading: bool = True
    is_writable: bool = True
    no_delay: bool = False
    ending: str = ""
    mark: int = 65536
    _producer: object = None
    _is_paused: bool = False
    _lost: bool = field(default=False)

    def write(self, data: bytes) -> None:
        if self._lost or self.ending:
            return
        self.unsent += data
        if self._producer is not None and len(self.unsent) > self.mark and not self._is_paused:
            self._is_paused = True
            self._producer.pauseProducing()  # type: ignore[attr-defined]
        if self.is_writable:
            self.clock.callLater(0, self.flush)

    def writeSequence(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def flush(self) -> None:
        """The kernel takes everything."""
        if not self.is_writable or self._lost:
            return
        self.sent += self.unsent
        self.unsent = b""
        if self._is_paused and self._producer is not None:
            self._is_paused = False
            self._producer.resumeProducing()  # type: ignore[attr-defined]
        if self.ending == "lose" and not self.unsent:
            self.lose(ConnectionDone())

    def loseConnection(self) -> None:
        if not self.ending:
            self.ending = "lose"
            self.clock.callLater(0, self.flush)

    def abortConnection(self) -> None:
        if self.ending != "abort":
            self.ending = "abort"
            self.unsent = b""
            self.clock.callLater(0, self.lose, ConnectionAborted())

    def lose(self, error: BaseException | None = None) -> None:
        """The connection ends."""
        if not self._lost:
            self._lost = True
            self.protocol.connectionLost(Failure(error or ConnectionLost()))  # type: ignore[attr-defined]

    def loseWriteConnection(self) -> None:
        raise NotImplementedError

    def registerProducer(self, producer: object, streaming: bool) -> None:
        assert streaming
        if self._producer is not None:
            raise RuntimeError("one producer at a time")
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def pauseProducing(self) -> None:
        self.is_reading = False

    def resumeProducing(self) -> None:
        self.is_reading = True

    def stopProducing(self) -> None:
        self.loseConnection()

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.1", 4000)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.2", 80)

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = bool(enabled)

    def getTcpNoDelay(self) -> bool:
        return self.no_delay

    def setTcpKeepAlive(self, enabled: bool) -> None:
        raise NotImplementedError

    def getTcpKeepAlive(self) -> bool:
        raise NotImplementedError

    @property
    def is_lost(self) -> bool:
        """Whether the protocol was told of the end."""
        return self._lost


@define(eq=False)
class Leg:
    """One of our protocols on a transport in memory, with the test as its peer."""

    clock: Clock
    protocol: ClientLegProtocol | UpstreamLegProtocol
    transport: BoundedTransport
    masked: bool
    _seen: int = 0

    def receive(self, *pieces: bytes) -> None:
        """Bytes come from the peer, each piece when the transport is read."""
        for piece in pieces:
            self.read(piece)
            self.settle()

    def read(self, piece: bytes) -> None:
        """Bytes come from the peer in one read, and the reactor's turn is not over."""
        if not self.transport.is_lost:
            self.protocol.dataReceived(piece)

    def settle(self) -> None:
        """Let everything happen that is due now."""
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)

    def answer(self) -> bytes:
        """What was sent since the last look."""
        new = self.transport.sent[self._seen :]
        self._seen = len(self.transport.sent)
        return new

    def frames(self) -> list[Frame]:
        """The frames sent since the last look."""
        frames, rest = read_frames(self.answer())
        assert rest == b""
        return frames

    def frame(self, opcode: int, payload: bytes = b"", **options: object) -> bytes:
        """A frame as the peer would send it."""
        return frame(opcode, payload, masked=self.masked, **options)  # type: ignore[arg-type]

    @property
    def bridge(self) -> Bridge:
        return self.protocol.bridge


@define
class Gate:
    """A listener and its acceptor in memory."""

    clock: Clock
    listener: ClientListener
    acceptance: Acceptance

    def connect(self, *, is_writable: bool = True) -> Leg | None:
        """A client makes a TCP connection; ``None`` if it was dropped."""
        protocol = self.listener.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 4000))
        if protocol is None:
            return None
        assert isinstance(protocol, ClientLegProtocol)
        transport = BoundedTransport(self.clock, protocol, is_writable=is_writable)
        protocol.makeConnection(transport)
        return Leg(self.clock, protocol, transport, masked=True)

    def open(self, target: str = PATH, *headers: str) -> Leg:
        """A client opens a WebSocket."""
        leg = self.connect()
        assert leg is not None
        leg.receive(upgrade_request(target, *headers))
        assert leg.answer().startswith(b"HTTP/1.1 101 ")
        return leg


def make_gate(
    clock: Clock, limits: Limits | None = None, make: Callable[[], Listener] = Listener, **options: object
) -> Gate:
    """A listener for the usual path."""
    acceptance = Acceptance(make=make)
    listener = ClientListener(
        acceptor=acceptance,
        paths=frozenset({PATH}),
        limits=limits or Limits(),
        reactor=clock,
        **options,  # type: ignore[arg-type]
    )
    return Gate(clock, listener, acceptance)
