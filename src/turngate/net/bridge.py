"""
One connection's life, and the guard between Autobahn and whoever listens.

Responsible for: the four named states of a connection; its deadlines; that a listener's fault is logged once and ends
that connection alone; that ``closed`` comes exactly once and last; that nothing sent to a peer that does not read grows
without bound.

Must not know: Autobahn (it sees a :class:`Wire`), what a message means, who its owner is.

Comes from: Autobahn's callbacks, by way of ``_autobahn.py``. Goes to: the
:class:`~turngate.proxy.ports.ConnectionEvents` that the owner named, and back by way of
:class:`~turngate.proxy.ports.IConnection`.
"""

from collections.abc import Callable
from enum import Enum
from traceback import walk_tb
from typing import Final, ParamSpec, Protocol

from attrs import field, frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from turngate.net.limits import Limits
from turngate.net.pace import Pace
from turngate.proxy.close_codes import INTERNAL_ERROR, POLICY_VIOLATION, may_be_sent
from turngate.proxy.ports import Closed, ConnectionEvents, IConnection

MAX_REASON_BYTES: Final = 123
"""Of a close frame's 125, two are the code (RFC 6455, 5.5)."""

MANY_FRAGMENTS: Final = "too many fragments"
FRAME_FLOOD: Final = "too many frames"
UNFINISHED: Final = "the message does not end"
"""Why a peer is let go, as it is told."""

NO_STATUS: Final = 1005
ABNORMAL: Final = 1006

_P = ParamSpec("_P")
_log = Logger()


class Life(Enum):
    """Where a connection stands; it only ever moves down this list."""

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


@frozen
class HttpAnswer:
    """What matters of the upstream's answer to our request for an upgrade; ``retry_after`` is a header as it came."""

    status: int
    retry_after: str = field(default="", repr=False)


class Wire(Protocol):
    """What a bridge asks of the protocol below it."""

    @property
    def peer(self) -> str:
        """The address of the other end."""

    def send(self, payload: bytes, *, is_binary: bool) -> None:
        """Send one message."""

    def send_close(self, code: int, reason: bytes) -> None:
        """Send a close frame."""

    def send_pong(self, payload: bytes) -> None:
        """Answer a ping."""

    def pause_reading(self) -> None:
        """Stop reading the socket."""

    def resume_reading(self) -> None:
        """Read the socket again."""

    def abort(self) -> None:
        """Drop the TCP connection."""


class Owner(Protocol):
    """Who made the connection, or let it in."""

    def opened(self, bridge: "Bridge") -> ConnectionEvents:
        """The connection is open; the answer listens to it."""

    def ended(self, bridge: "Bridge", how: Closed, answer: "HttpAnswer | None", error: BaseException | None) -> None:
        """
        The connection is over, whether or not it was ever open; the last call.

        ``answer`` is the HTTP one where we asked for the upgrade; ``error`` is what ended the transport.
        """


@implementer(IConnection)
class Bridge:
    """
    An :class:`~turngate.proxy.ports.IConnection` over a :class:`Wire`.

    ``congested`` may reach the listener from inside one of its own calls to ``send_text`` or ``send_binary``.
    """

    def __init__(
        self, owner: Owner, limits: Limits, reactor: IReactorTime, max_unsent_bytes: int, pace: Pace | None = None
    ) -> None:
        self.life = Life.CONNECTING
        self.peer = ""
        self._owner = owner
        self._limits = limits
        self._reactor = reactor
        self._max_unsent_bytes = max_unsent_bytes
        self._pace = pace
        self._wire: Wire | None = None
        self._listener: ConnectionEvents | None = None
        self._deadline: IDelayedCall | None = None
        self._is_congested = False
        self._unsent_bytes = 0
        self._fragments = 0
        self._progress = 0
        self._progress_then = 0
        self._unfinished: IDelayedCall | None = None
        self.is_paused = False
        """Whether nothing is read, so that the peer may have answered what it seems not to have."""
        self.is_deaf = False
        """Whether the peer sends so much that nothing of it is read any more."""
        self._owed_pong: bytes | None = None
        self._by_us = False
        self.cause = ""
        """Why we ended it, in words of ours; empty where the peer did, or where there was nothing to say."""
        self._error: BaseException | None = None
        self._fault_logged = False

    # --- IConnection ------------------------------------------------------------------------------------------------

    def send_text(self, payload: bytes) -> None:
        """Send one text message, unless the connection is over."""
        self._send(payload, is_binary=False)

    def send_binary(self, payload: bytes) -> None:
        """Send one binary message, unless the connection is over."""
        self._send(payload, is_binary=True)

    def pause_reading(self) -> None:
        """Stop reading. Pongs and closes wait too, and are not missed meanwhile."""
        if self._wire is not None and self.life is Life.OPEN:
            self.is_paused = True
            self._wire.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._wire is not None and self.life is Life.OPEN:
            self.is_paused = False
            self._wire.resume_reading()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; a code that may not be sent becomes 1011. Before the connection is open, drop it."""
        match self.life:
            case Life.CONNECTING:
                self.abort()
            case Life.OPEN:
                self.closing_began(by_us=True)
                if self._wire is not None:
                    self._wire.send_close(code if may_be_sent(code) else INTERNAL_ERROR, cut_reason(reason))
            case Life.CLOSING | Life.CLOSED:
                pass

    def abort(self) -> None:
        """Drop the TCP connection, and what is not sent yet with it."""
        if self._wire is None:
            self.life = Life.CLOSING
        elif self.life is not Life.CLOSED:
            self.closing_began(by_us=True)
            self._wire.abort()

    # --- what the protocol below reports ----------------------------------------------------------------------------

    def connected(self, wire: Wire) -> None:
        """The TCP connection exists; the handshake begins, unless the connection was given up before."""
        self._wire = wire
        self.peer = wire.peer
        if self.life is not Life.CONNECTING:
            wire.abort()
            return
        self._arm(self._limits.handshake_s, "the handshake took too long")

    def opened(self) -> None:
        """The WebSocket is open. A late one, after the end, is ignored."""
        if self.life is not Life.CONNECTING:
            return
        self._disarm()
        self.life = Life.OPEN
        try:
            self._listener = self._owner.opened(self)
        except Exception as error:  # noqa: BLE001 - the guard: whatever it is, it ends this connection and no other
            self.fault(error)
            return
        if self._is_congested:
            self._tell(self._listener.congested)

    def message_received(self, payload: bytes, *, is_binary: bool) -> None:
        """A whole message; after the first sign of closing nobody waits for it."""
        if self.life is not Life.OPEN or self._listener is None:
            return
        self._progress += 1
        try:
            if is_binary:
                self._listener.binary_received(payload)
            else:
                self._listener.text_received(payload)
        except Exception as error:  # noqa: BLE001 - the guard, written out where every message passes
            self.fault(error)

    def fragment_allowed(self, *, is_first: bool) -> bool:
        """Count a frame of a message; false is one too many."""
        self._fragments = 1 if is_first else self._fragments + 1
        return self._fragments <= self._limits.max_fragments or self._is_cut(MANY_FRAGMENTS)

    def frame_allowed(self, *, is_control: bool) -> bool:
        """Count a frame of any kind; false is one too many in a short time."""
        return self._pace is None or self._pace.allows(is_control=is_control) or self._is_cut(FRAME_FLOOD)

    def read_ended(self, *, is_midway: bool) -> None:
        """All that was read of a client has been taken apart, to within a message or to the end of one."""
        if not is_midway:
            self._progress += 1
        elif self._unfinished is None and self.life is Life.OPEN:
            self._expect_end()

    def ping_received(self, payload: bytes) -> None:
        """Answer a ping; while the peer does not read, only the last of them, later (RFC 6455, 5.5.3)."""
        if self._is_congested:
            self._owed_pong = payload
        elif self._wire is not None and self.life is Life.OPEN:
            self._wire.send_pong(payload)

    def congested(self) -> None:
        """The transport holds more than its mark."""
        if self._is_congested:
            return
        self._is_congested = True
        self._unsent_bytes = 0
        if self.life is Life.OPEN and self._listener is not None:
            self._tell(self._listener.congested)

    def relieved(self) -> None:
        """The transport is empty again."""
        if not self._is_congested:
            return
        self._is_congested = False
        owed, self._owed_pong = self._owed_pong, None
        if owed is not None:
            self.ping_received(owed)
        if self.life is Life.OPEN and self._listener is not None:
            self._tell(self._listener.relieved)

    def closing_began(self, *, by_us: bool, cause: str = "") -> None:
        """Either side has begun to close, or dropped the connection; from here on the end is a matter of time."""
        if self.life in (Life.CLOSING, Life.CLOSED):
            return
        if self.life is Life.OPEN:
            # the peer's close frame is to be seen, also behind messages that were paused
            self.resume_reading()
        self.life = Life.CLOSING
        self._by_us = by_us
        self.cause = self.cause or cause
        self._arm(self._limits.close_handshake_s, "the peer did not finish closing")

    def lost(self, error: BaseException) -> None:
        """The transport has ended, by this; ``closed`` follows."""
        self._error = error

    def closed(self, code: int | None, reason: str, answer: HttpAnswer | None = None) -> None:
        """The connection is over. A second call is ignored."""
        if self.life is Life.CLOSED:
            return
        self._disarm()
        if self._unfinished is not None and self._unfinished.active():
            self._unfinished.cancel()
        self.life = Life.CLOSED
        words = (self.cause or reason) if self._by_us else reason
        how = Closed(NO_STATUS if code is None else code, words, self._by_us)
        if self._listener is not None:
            self._tell(self._listener.closed, how)
        self._tell(self._owner.ended, self, how, answer, self._error)

    def fault(self, error: BaseException) -> None:
        """Something above or below raised: log it once, by type and place, and close this connection with 1011."""
        if not self._fault_logged:
            self._fault_logged = True
            log_fault(error, self.peer)
        self.cause = self.cause or "a fault of the proxy"
        self.close(INTERNAL_ERROR, "internal error")

    # --- inside -----------------------------------------------------------------------------------------------------

    def _send(self, payload: bytes, *, is_binary: bool) -> None:
        """Send while open; drop the connection of a peer that has stopped reading for good."""
        if self._wire is None or self.life is not Life.OPEN:
            return
        if self._is_congested:
            self._unsent_bytes += len(payload)
            if self._unsent_bytes > self._max_unsent_bytes:
                self.cause = "the peer does not read"
                self.abort()
                return
        self._wire.send(payload, is_binary=is_binary)

    def _expect_end(self) -> None:
        """Look again later: one call for a connection and not for a message, since most end in the next read."""
        self._progress_then = self._progress
        self._unfinished = self._reactor.callLater(self._limits.client_message_s, self._check_end)

    def _check_end(self) -> None:
        self._unfinished = None
        if self.is_paused:
            self._expect_end()
        elif self._progress == self._progress_then:
            self.cause = self.cause or UNFINISHED
            self.close(POLICY_VIOLATION, UNFINISHED)

    def _is_cut(self, cause: str) -> bool:
        """Hear nothing more of this peer, for this; never true, as an answer to whether it may go on."""
        self.is_deaf = True
        self.cause = self.cause or cause
        return False

    def _tell(self, call: Callable[_P, None], *args: _P.args, **kwargs: _P.kwargs) -> None:
        """Call out, guarded."""
        try:
            call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the guard: whatever it is, it ends this connection and no other
            self.fault(error)

    def _arm(self, delay_s: float, cause: str) -> None:
        """Drop the connection at the end of a wait; one wait at a time."""
        self._disarm()
        self._deadline = self._reactor.callLater(delay_s, self._too_late, cause)

    def _disarm(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def _too_late(self, cause: str) -> None:
        self.cause = self.cause or cause
        self.abort()


def cut_reason(reason: str) -> bytes:
    """The reason in UTF-8, cut to what a close frame holds, between two characters."""
    return reason.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore").encode("utf-8")


def log_fault(error: BaseException, peer: str) -> None:
    """Log a fault by its type and its place: its words may quote a payload or a secret."""
    place = "unknown"
    for frame, line in walk_tb(error.__traceback__):
        place = f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"
    _log.error(
        "net.fault: {error_type} at {place}, connection {peer}", error_type=type(error).__name__, place=place, peer=peer
    )
