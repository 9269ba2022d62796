"""
The one door to Autobahn: a protocol and a factory for either leg.

Responsible for turning Autobahn's callbacks into calls of a :class:`~turngate.net.bridge.Bridge`, and for the edges of
Autobahn that nothing else may meet: it never switches Nagle off, it echoes what it refuses, it has no cap on a
handshake, it answers pings to a peer that does not read, it fails on a TLS error without arguments.

Whole data frames of an open connection pass by Autobahn (``frames.py``, ``straight.py``); whatever else comes is
Autobahn's, which finds its state as if it had read them itself.

Must not know: sessions, either wire protocol, who listens.

Comes from: the transport. Goes to: ``bridge.py``. Names in camelCase are called by Twisted or Autobahn.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from os import urandom
from typing import Any, Final, TypeAlias

from autobahn.twisted.websocket import (
    WebSocketAdapterProtocol,
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.protocol import WebSocketProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IPushProducer, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from txaio import tx
from zope.interface import implementer

from turngate.net.admission import (
    RETRY_AFTER_S,
    Accepted,
    Door,
    Offer,
    Refused,
    Verdict,
    is_opaque_origin,
    refusal_headers,
)
from turngate.net.bridge import ABNORMAL, FRAME_FLOOD, MANY_FRAGMENTS, Bridge, HttpAnswer, Life
from turngate.net.frames import Other, build, read
from turngate.net.limits import Limits, client_leg_options, upstream_leg_options
from turngate.net.share import Share
from turngate.net.straight import straight
from turngate.proxy.close_codes import POLICY_VIOLATION

END_OF_HEADER: Final = b"\r\n\r\n"
LAST_DATA_OPCODE: Final = 7
SOONEST_PING_S: Final = 3
"""Autobahn's timers fire up to a second early."""

Uniform: TypeAlias = Callable[[float, float], float]
"""A number between two."""


def latest(_least: float, most: float) -> float:
    """The greater of the two, for those who want no chance in it."""
    return most


def use_reactor(reactor: object) -> object:
    """
    Let Autobahn's timers (its pings) run on this reactor; its ``reactor=`` argument does not reach them.

    Returns:
        The one that was used before, or ``None``, so that a test can put it back.
    """
    before: object = tx.config.loop
    tx.config.loop = reactor  # type: ignore[assignment]  # txaio says only that it begins as None
    return before


@implementer(IPushProducer)
class _Wire:
    """What a bridge may do to a protocol, and how the transport says that it is full."""

    def __init__(self, protocol: "_Leg", bridge: Bridge) -> None:
        self._protocol = protocol
        self._bridge = bridge

    @property
    def peer(self) -> str:
        return str(self._protocol.peer)

    def send(self, payload: bytes, *, is_binary: bool) -> None:
        # not sendMessage, which holds what we send to the limit for what we receive, and raises
        self._protocol.write(build(payload, is_binary=is_binary, mask=self._protocol.mask()))

    def send_close(self, code: int, reason: bytes) -> None:
        # not sendClose, which refuses 1001, 1008, 1009, 1011 and 1013
        self._protocol.sendCloseFrame(code=code, reasonUtf8=reason, isReply=False)

    def send_pong(self, payload: bytes) -> None:
        self._protocol.sendPong(payload)

    def pause_reading(self) -> None:
        self._protocol.transport.pauseProducing()

    def resume_reading(self) -> None:
        # what was read already comes first
        if not self._protocol.share.has_rest:
            self._protocol.transport.resumeProducing()

    def abort(self) -> None:
        self._protocol.transport.abortConnection()

    def pauseProducing(self) -> None:
        self._bridge.congested()

    def resumeProducing(self) -> None:
        self._bridge.relieved()

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` says so too."""


class _Leg(WebSocketAdapterProtocol, WebSocketProtocol):  # type: ignore[misc]  # Autobahn's halves disagree on types
    """What both legs have in common. ``bridge`` and ``share`` are ours: Autobahn has some two hundred attributes."""

    # Autobahn logs what peers send at info and above, too; all that matters comes to us as values.
    log = tx.make_logger(level="critical")  # type: ignore[no-untyped-call]  # txaio has no types
    transport: Any  # ITCPTransport, IConsumer and IPushProducer in one
    current_frame: Any  # None between two frames, which its declaration denies
    bridge: Bridge
    share: Share
    write: Callable[[bytes], None]
    # Autobahn's, which says nothing of them, or too little
    state: int
    inside_message: bool
    maxFramePayloadSize: int
    autoPingTimeoutCall: Any
    is_of_client: bool

    def mask(self) -> bytes:
        """The mask of the next frame that is sent; none where there is none."""
        return b"" if self.is_of_client else urandom(4)

    def connectionMade(self) -> None:
        super().connectionMade()
        # Autobahn's own attempt fails on an attribute that it sets later. Unix sockets have no such option.
        with suppress(AttributeError, OSError):
            self.transport.setTcpNoDelay(True)
        self.write = straight(self.transport)
        wire = _Wire(self, self.bridge)
        self.transport.registerProducer(wire, True)
        self.bridge.connected(wire)
        # the first ping comes at any time within the interval, so that those of many connections never come at once
        self.autoPingInterval = self.factory.uniform(SOONEST_PING_S, self.factory.autoPingInterval)

    def dataReceived(self, data: bytes) -> None:
        if self.state == self.STATE_CLOSED:
            return
        if self.bridge.is_deaf:
            self.data = b""
            return
        if self.state == self.STATE_CONNECTING and self._is_header_too_long(data):
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            return
        if self.share.has_rest:
            # TLS hands over what it had decrypted before it was told to wait
            self.data += data
            return
        self._take(data)

    def _take_whole(self, buffer: bytes) -> bytes:
        """Take whole data frames from the front of what was received; gives what is Autobahn's."""
        self.data = b""
        at, bridge, share = 0, self.bridge, self.share
        while at < len(buffer):
            if share.is_spent:
                self.data = buffer[at:]
                return b""
            frame = read(buffer, at, is_masked=self.is_of_client, most=self.maxFramePayloadSize)
            if frame is Other.CUT:
                self.data = buffer[at:]
                return b""
            if frame is Other.UNUSUAL:
                break
            at, is_binary, payload = frame
            share.take()
            if not bridge.frame_allowed(is_control=False):
                self._cut(FRAME_FLOOD)
                return b""
            if self.autoPingTimeoutCall is not None:
                self._cancelAutoPingTimeoutCall()
            bridge.message_received(payload, is_binary=is_binary)
            if bridge.life is not Life.OPEN or self.state != self.STATE_OPEN:
                break
        return buffer[at:]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.share.drop()
        self.bridge.lost(reason.value or ConnectionLost())
        try:
            # Autobahn takes the arguments of a TLS error for granted, and would never call onClose
            super().connectionLost(reason if reason.check(ConnectionDone) else Failure(ConnectionLost()))
        finally:
            self.bridge.closed(ABNORMAL, "")

    def onOpen(self) -> None:
        # the first is on its way
        self.autoPingInterval = self.factory.autoPingInterval
        self.bridge.opened()

    def processData(self) -> bool:
        # the rest of what was read of a peer that floods is thrown away, not taken apart
        if self.bridge.is_deaf or (self.current_frame is None and self.share.is_spent):
            return False
        return bool(super().processData())

    def onFrameBegin(self) -> None:
        super().onFrameBegin()
        self.share.take()
        if not self.bridge.frame_allowed(is_control=self.current_frame.opcode > LAST_DATA_OPCODE):
            self._cut(FRAME_FLOOD)

    def onAutoPingTimeout(self) -> None:
        if not self.bridge.is_paused:
            super().onAutoPingTimeout()
            return
        # its answer may stand unread: ask again later
        self.autoPingTimeoutCall = None
        self.autoPingPending = None
        timer = self.factory._batched_timer  # noqa: SLF001 - Autobahn's protocols use it in the same way
        self.autoPingPendingCall = timer.call_later(self.autoPingInterval, self._sendAutoPing)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        if not self.bridge.fragment_allowed(is_first=self.current_frame.opcode != 0):
            self._cut(MANY_FRAGMENTS)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        self.bridge.message_received(payload, is_binary=isBinary)

    def onPing(self, payload: bytes) -> None:
        self.bridge.ping_received(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        words = reason if wasClean else self.wasNotCleanReason
        self.bridge.closed(code, words or "", self._http_answer())

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        self.bridge.closing_began(by_us=not isReply)
        super().sendCloseFrame(code=code, reasonUtf8=reasonUtf8, isReply=isReply)

    def dropConnection(self, abort: bool = False) -> None:
        self.bridge.closing_began(by_us=True)
        super().dropConnection(abort=abort)

    def _take(self, data: bytes) -> None:
        """Take apart what was read, or a part of it, and the rest when others had their turn."""
        self.share.begin()
        try:
            is_between = self.state == self.STATE_OPEN and self.current_frame is None and not self.inside_message
            rest = self._take_whole(self.data + data if self.data else data) if is_between else data
            if rest or not is_between:
                self._dataReceived(rest)
        except Exception as error:  # noqa: BLE001 - the guard: Autobahn raises on some malformed handshakes
            if self.bridge.life is Life.CONNECTING:
                self._refuse(HTTPStatus.BAD_REQUEST)
            else:
                self.bridge.fault(error)
        if self.share.is_spent and self.data and self.state != self.STATE_CLOSED and not self.bridge.is_deaf:
            self.transport.pauseProducing()
            self.share.leave_rest(self._take_rest)
        else:
            self._read_ended()

    def _take_rest(self) -> None:
        self._take(b"")
        if not self.share.has_rest and not self.bridge.is_paused:
            self.transport.resumeProducing()

    def _read_ended(self) -> None:
        """All that was read has been taken apart."""

    def _is_header_too_long(self, data: bytes) -> bool:
        """Whether the header's end is not within the cap; frames may follow it in the same read."""
        cap = self.factory.limits.handshake_max_bytes
        return len(self.data) + len(data) > cap and END_OF_HEADER not in (self.data + data)[:cap]

    def _cut(self, why: str) -> None:
        """Close the connection of a peer that is not heard any more; its answer is not seen, and not waited for."""
        if self.bridge.life is Life.OPEN:
            self._fail_connection(POLICY_VIOLATION, why)

    def _refuse(self, status: HTTPStatus) -> None:
        """End a handshake that cannot be read."""
        raise NotImplementedError

    def _http_answer(self) -> HttpAnswer | None:
        """The upstream's answer to our request."""
        return None


class ClientLegProtocol(_Leg, WebSocketServerProtocol):  # type: ignore[misc]  # as above
    """The server end of a client's connection."""

    is_of_client = True

    def onConnect(self, request: ConnectionRequest) -> str | None:
        # Autobahn takes "//x/path" and "/path;x" for "/path"; only a whole URL has to be taken apart
        target: str = self.http_request_uri
        offer = Offer(
            path=target.partition("?")[0] if target.startswith("/") else request.path,
            peer=str(self.peer),
            origin=request.origin or "",
            header_count=len(request.headers),
            subprotocols=tuple(request.protocols),
            authorization=request.headers.get("authorization"),
            query=request.params,
            headers=request.headers,
        )
        verdict: Verdict = self.factory.door.judge(self.bridge, offer)
        match verdict:
            case Accepted(subprotocol):
                return subprotocol
            case Refused(status, retry_after_s):
                # Autobahn hands code and reason on to failHandshake, and nothing else
                raise ConnectionDeny(status.value, str(retry_after_s))

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: object = None) -> None:
        """Refuse with fixed words: Autobahn's quote the request. It refuses an opaque origin with 400 before we do."""
        status = HTTPStatus.FORBIDDEN if is_opaque_origin(getattr(self, "websocket_origin", "")) else HTTPStatus(code)
        self.factory.door.refused(status.value)
        retry_after_s = int(reason) if reason.isdecimal() else RETRY_AFTER_S
        super().failHandshake(status.phrase, status.value, refusal_headers(status, retry_after_s))

    def _read_ended(self) -> None:
        if self.state == self.STATE_OPEN:
            self.bridge.read_ended(is_midway=any((self.data, self.inside_message, self.current_frame)))

    def _refuse(self, status: HTTPStatus) -> None:
        self.failHandshake("", status)


class UpstreamLegProtocol(_Leg, WebSocketClientProtocol):  # type: ignore[misc]  # as above
    """The client end of a connection to the upstream."""

    is_of_client = False

    def failHandshake(self, reason: str) -> None:
        WebSocketClientProtocol.failHandshake(self, "the upstream's answer to the upgrade is not valid")

    def _refuse(self, status: HTTPStatus) -> None:
        self.failHandshake("")

    def _http_answer(self) -> HttpAnswer | None:
        words = getattr(self, "http_status_line", "").split()
        is_status = len(words) > 1 and len(words[1]) == 3 and words[1].isascii() and words[1].isdigit()
        headers = getattr(self, "http_headers", {})
        return HttpAnswer(int(words[1]), headers.get("retry-after", "")) if is_status else None


class ClientLegFactory(WebSocketServerFactory):
    """Makes the protocols of clients' connections, as many as the door lets in."""

    noisy = False

    def __init__(self, door: Door, limits: Limits, reactor: IReactorTime, uniform: Uniform = latest) -> None:
        WebSocketServerFactory.__init__(self, server="", reactor=reactor)
        self.setProtocolOptions(**client_leg_options(limits))
        self.door = door
        self.uniform = uniform
        self.limits = limits

    def take(self, connections: int) -> None:
        """Let Autobahn have so many at most."""
        self.setProtocolOptions(maxConnections=connections)

    def buildProtocol(self, addr: IAddress | None) -> ClientLegProtocol | None:
        bridge = self.door.arrived()
        if bridge is None:
            return None
        protocol = ClientLegProtocol()
        protocol.factory = self
        protocol.share = Share(self.reactor)
        protocol.bridge = bridge
        return protocol


class UpstreamLegFactory(WebSocketClientFactory):
    """Makes the protocol of one connection to the upstream."""

    noisy = False

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        bridge: Bridge,
        limits: Limits,
        reactor: IReactorTime,
        uniform: Uniform = latest,
    ) -> None:
        WebSocketClientFactory.__init__(self, url=url, useragent="turngate", headers=dict(headers), reactor=reactor)
        if ":" in self.host:
            # for the Host header: Autobahn forgets the brackets of an IPv6 address
            self.host = f"[{self.host}]"
        self.setProtocolOptions(**upstream_leg_options(limits))
        self.limits = limits
        self.uniform = uniform
        self.bridge = bridge

    def buildProtocol(self, addr: IAddress | None) -> UpstreamLegProtocol:
        protocol = UpstreamLegProtocol()
        protocol.factory = self
        protocol.share = Share(self.reactor)
        protocol.bridge = self.bridge
        return protocol
