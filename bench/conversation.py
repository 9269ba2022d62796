"""
One session of the whole proxy in memory: no sockets and no clock, so that it is the same every time.

Its ends are in the hands of whoever measures: the bytes of a client and of an upstream go in, and what the proxy writes
is counted. The proxy is the one that the plugin composes, with all that it does to a message.
"""

import json
from base64 import b64encode
from hashlib import sha1
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import globalLogBeginner, textFileLogObserver

from turngate.assembly.whole import compose
from turngate.net import BearerKey, frames, use_reactor
from turngate.ops.config import Config
from turngate.ops.loading import Survey

RATE_HZ = 16_000
SETTINGS = {
    "type": "Settings",
    "audio": {
        "input": {"encoding": "linear16", "sample_rate": RATE_HZ},
        "output": {"encoding": "linear16", "sample_rate": 24_000},
    },
    "agent": {"think": {"provider": {"type": "open_ai", "model": "gpt-realtime"}, "prompt": "Help."}},
}
UPGRADE = (
    b"GET /v1/agent/converse HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
MASK = b"\x01\x80\xfe\x33"
END_OF_HEAD = b"\r\n\r\n"


class Wire:
    """A transport that takes everything at once, and keeps nothing but what was written last."""

    disconnecting = False

    def __init__(self) -> None:
        self.last = b""
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.last = data
        self.writes += 1

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        pass

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 1)

    getHost = getPeer  # noqa: N815

    def setTcpNoDelay(self, enabled: Any) -> None:
        pass

    def loseConnection(self) -> None:
        pass

    unregisterProducer = pauseProducing = resumeProducing = abortConnection = loseConnection  # noqa: N815


class Conversation:
    """A session that serves."""

    def __init__(self) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.callWhenRunning = lambda *_: None  # nothing that goes on for ever
        use_reactor(self.reactor)
        settings = Config(upstream="ws://127.0.0.1:9/", upstream_key=BearerKey("k"), allow_anonymous=True)
        compose(self.reactor, settings, lambda: Survey({}, (), settings))
        self.client, self.client_wire = self._connected(self.reactor.tcpServers[0][1])
        self.client.dataReceived(UPGRADE)
        self.say(json.dumps(SETTINGS).encode(), is_binary=False)
        self.reactor.advance(0)
        self.upstream, self.upstream_wire = self._connected(self.reactor.tcpClients[0][2])
        self._upgrade_upstream()
        self.event("session.created", session={"type": "realtime", "id": "s", "object": "realtime.session"})
        self.event("session.updated", session={"type": "realtime", "id": "s", "object": "realtime.session"})
        if b"SettingsApplied" not in self.client_wire.last:
            raise AssertionError(self.client_wire.last)

    def _connected(self, factory: Any) -> tuple[Any, Wire]:
        wire = Wire()
        protocol = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        protocol.makeConnection(wire)
        self.reactor.advance(0)
        return protocol, wire

    def _upgrade_upstream(self) -> None:
        request = self.upstream_wire.last.decode()
        key = request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
        # RFC 6455, 4.2.2
        digest = sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode(), usedforsecurity=False).digest()
        accept = b64encode(digest).decode()
        self.upstream.dataReceived(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        self.reactor.advance(0)

    def say(self, payload: bytes, *, is_binary: bool = True) -> None:
        """One message of the client."""
        self.client.dataReceived(frames.build(payload, is_binary=is_binary, mask=MASK))

    def event(self, kind: str, **fields: Any) -> None:
        """One event of the upstream."""
        self.upstream.dataReceived(event(kind, **fields))


def pcm(count: int) -> bytes:
    """Sound that is the same every time: a saw tooth, loud enough to be speech."""
    return b"".join((at * 400 % 16_000).to_bytes(2, "little") for at in range(count // 2))


def event(kind: str, **fields: Any) -> bytes:
    """The bytes of an upstream's event."""
    payload = json.dumps({"type": kind, "event_id": "e", **fields}).encode()
    return frames.build(payload, is_binary=False)


def silence_the_log() -> None:
    """Log as a daemon does, to a file that keeps nothing."""
    nowhere = Path("/dev/null").open("w")  # noqa: SIM115 - until the end
    globalLogBeginner.beginLoggingTo([textFileLogObserver(nowhere)], redirectStandardIO=False)
