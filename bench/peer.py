"""
A WebSocket client that costs little: what it sends was built before, what it gets is taken apart once.

A thousand of these and their frames are to leave the processor to the proxy, which is what is measured. It is for
servers that keep the rules: it looks at nothing that it has no use for.
"""

import base64
import itertools
import json
import os
from collections.abc import Callable

from attrs import field, frozen
from twisted.internet.protocol import ClientFactory, Protocol

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
MASK = os.urandom(4)
END_OF_HEADER = b"\r\n\r\n"
LOST = 1006


def frame(opcode: int, payload: bytes = b"") -> bytes:
    """Build a masked frame."""
    length = len(payload)
    if length < 126:
        head = bytes([0x80 | opcode, 0x80 | length])
    elif length < 65536:
        head = bytes([0x80 | opcode, 0x80 | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + length.to_bytes(8, "big")
    mask = (MASK * (length // 4 + 1))[:length]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(length, "big")
    return head + MASK + masked


def text_frame(message: dict) -> bytes:
    """Build the frame of a JSON message."""
    return frame(TEXT, json.dumps(message).encode())


@frozen
class Place:
    """Where to connect, and as whom."""

    port: int
    path: str
    headers: dict[str, str] = field(factory=dict)

    def request(self) -> bytes:
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Peer(Protocol):
    """One connection; who uses it gives it functions, or overrides what it hears."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.status = 0
        """Of the answer to the upgrade; 0 before."""
        self.code = LOST
        """How the server closed."""
        self.pings: dict[bytes, Callable[[], None]] = {}
        self._numbers = itertools.count()
        self._data = bytearray()

    # --- to be overridden -------------------------------------------------------------------------------------------

    def opened(self) -> None:
        """The WebSocket is open."""

    def refused(self) -> None:
        """The upgrade was refused, with ``status``."""

    def heard(self, message: dict) -> None:
        """A JSON message came."""

    def heard_audio(self, pcm: bytes) -> None:
        """A binary message came."""

    def ended(self) -> None:
        """The connection is gone; ``code`` says how."""

    # --- to be called -----------------------------------------------------------------------------------------------

    def say(self, message: dict) -> None:
        self.write(text_frame(message))

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def ping(self, answered: Callable[[], None]) -> None:
        payload = str(next(self._numbers)).encode()
        self.pings[payload] = answered
        self.write(frame(PING, payload))

    def hang_up(self) -> None:
        self.write(frame(CLOSE, (1000).to_bytes(2, "big")))

    # --- called by Twisted ------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.write(self.place.request())

    def connectionLost(self, reason: object = None) -> None:
        self.ended()

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if self.status == 0:
            end = self._data.find(END_OF_HEADER)
            if end < 0:
                return
            self.status = int(self._data[9:12])
            del self._data[: end + len(END_OF_HEADER)]
            if self.status != 101:
                self.refused()
                self.transport.loseConnection()
                return
            self.opened()
        self._take_frames()

    def _take_frames(self) -> None:
        data, at = self._data, 0
        while len(data) - at >= 2:
            length, start = data[at + 1] & 0x7F, at + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                if len(data) < start + size:
                    break
                length, start = int.from_bytes(data[start : start + size], "big"), start + size
            if len(data) < start + length:
                break
            self._frame(data[at] & 0x0F, bytes(data[start : start + length]))
            at = start + length
        del data[:at]

    def _frame(self, opcode: int, payload: bytes) -> None:
        if opcode == TEXT:
            self.heard(json.loads(payload))
        elif opcode == BINARY:
            self.heard_audio(payload)
        elif opcode == PING:
            self.write(frame(PONG, payload))
        elif opcode == PONG:
            self.pings.pop(payload, lambda: None)()
        elif opcode == CLOSE:
            self.code = int.from_bytes(payload[:2], "big") if payload else 1005
            # an answer to the server's, or the server's to ours; either way it is over
            self.write(frame(CLOSE, payload[:2]))
            self.transport.loseConnection()


class Caller(ClientFactory):
    """Connects one peer, and tells it when there is nobody."""

    noisy = False

    def __init__(self, peer: Protocol) -> None:
        self.peer = peer

    def buildProtocol(self, addr: object) -> Protocol:
        return self.peer

    def clientConnectionFailed(self, connector: object, reason: object) -> None:
        self.peer.connectionLost(reason)


def connect(reactor, peer: Peer) -> Peer:
    """Begin to connect."""
    reactor.connectTCP("127.0.0.1", peer.place.port, Caller(peer))
    return peer
