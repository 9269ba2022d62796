"""
One call of one function over HTTP.

Responsible for: connecting to addresses of the name that were checked, and to no others; one deadline over all of it; a
bound on what comes back; and an outcome that is a value, whatever happens.

Must not know: which hosts are listed, how many calls there are, what a function does, sessions.

Comes from: ``functions.py``. Goes to: ``pinned.py`` for the connection and ``function_http.py`` for what is said on it,
and back to the :class:`Owner`.
"""

from enum import Enum
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IHostnameResolver
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.internet.ssl import Certificate
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse
from zope.interface import implementer

from turngate.net.bridge import log_fault
from turngate.net.function_http import BROKEN, NOT_ALLOWED, NOT_TEXT, TIMEOUT, TOO_LARGE, UNKNOWN_HOST, asked, why
from turngate.net.function_request import FunctionRequest
from turngate.net.limits import FunctionLimits
from turngate.net.pinned import Pinned, resolve
from turngate.proxy.ports import FunctionOutcome, IPending


@frozen
class Means:
    """What every call needs."""

    reactor: Any
    resolver: IHostnameResolver
    limits: FunctionLimits
    trust_root: Certificate | None
    """Whom to trust instead of the system's certificate authorities."""


class Owner(Protocol):
    """Who began a call. Each of the two is called once."""

    def settled(self, call: "FunctionCall", outcome: FunctionOutcome | None) -> None:
        """The call is over; ``None`` if it was cancelled."""

    def released(self, call: "FunctionCall") -> None:
        """The call costs nothing any more; not later than ``settled``, but for a name that is still being resolved."""


class _Stage(Enum):
    """Where a call stands."""

    WAITING = "waiting for the reactor's next turn"
    RESOLVING = "resolving the name"
    CALLING = "connecting, sending or reading"
    SETTLED = "answered, failed or cancelled"


@implementer(IPending)
class FunctionCall:
    """One call; it owns its connection, and leaves none behind. Also the :class:`~turngate.net.pinned.Gauge` of it."""

    def __init__(self, request: FunctionRequest, arguments: bytes, means: Means, owner: Owner) -> None:
        self.response: IResponse | None = None
        """The answer's head, when there is one that is good; for an owner that asks for more than the outcome."""
        self._stage = _Stage.WAITING
        self._request = request
        self._arguments = arguments
        self._means = means
        self._limits = means.limits
        self._owner = owner
        self._is_resolving = False
        self._answer: Deferred[Any] | None = None
        self._transport: Any = None
        self._lost: Failure | None = None
        self._head_bytes: int | None = 0
        self._body = bytearray()
        self._timers: tuple[IDelayedCall, ...] = (
            means.reactor.callLater(0, self._begin),
            means.reactor.callLater(self._limits.call_s, self._fail, TIMEOUT),
        )

    def cancel(self) -> None:
        """Give up; after the end it does nothing."""
        self._settle(None)

    # --- called by the meter on the connection ------------------------------------------------------------------------

    def connected(self, transport: Any) -> None:
        """Keep hold of the connection, which can be dropped at any stage by this alone."""
        self._transport = transport

    def received(self, count: int) -> None:
        """Bound what comes before the body."""
        if self._head_bytes is not None:
            self._head_bytes += count
            if self._head_bytes > self._limits.max_head_bytes:
                self._fail(TOO_LARGE)

    def lost(self, reason: Failure) -> None:
        """Remember why; what HTTP makes of it says less. There is nothing left to drop."""
        self._lost = reason
        self._transport = None

    # --- called by the reader of the body -----------------------------------------------------------------------------

    def body_received(self, data: bytes) -> None:
        """Keep a piece, up to the bound."""
        if self._stage is _Stage.SETTLED:
            return
        if len(self._body) + len(data) > self._limits.max_output_bytes:
            self._fail(TOO_LARGE)
            return
        self._body += data

    def body_ended(self, reason: Failure) -> None:
        """
        The body is whole, or will never be.

        One without a length ends with the connection. Over TLS that end is signed; one that is not may be anybody's.
        """
        if self._stage is _Stage.SETTLED:
            return
        has_ended_well = self._lost is not None and self._lost.check(ConnectionDone) is not None
        if not reason.check(ResponseDone) and not (reason.check(PotentialDataLoss) and has_ended_well):
            self._fail(BROKEN)
            return
        try:
            output = self._body.decode("utf-8")
        except UnicodeDecodeError:
            self._fail(NOT_TEXT)
            return
        self._settle(FunctionOutcome(output=output))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Look for the address, one turn after the wish for the call."""
        place = self._request.place
        if place.is_address:
            self._resolved((place.host,))
            return
        self._stage = _Stage.RESOLVING
        self._is_resolving = True
        try:
            resolve(self._means.resolver, place.host, self._resolved)
        except Exception as error:  # noqa: BLE001 - a guard: a resolver that fails is a call that fails
            log_fault(error, place.host)
            self._is_resolving = False
            self._fail(UNKNOWN_HOST)

    def _resolved(self, addresses: tuple[str, ...]) -> None:
        """Connect, if every address is one that may be; a name with one bad address is not trusted with the others."""
        self._is_resolving = False
        if self._stage is _Stage.SETTLED:
            self._owner.released(self)
        elif not addresses:
            self._fail(UNKNOWN_HOST)
        elif not all(self._request.place.reach.covers(address) for address in addresses):
            self._fail(NOT_ALLOWED)
        else:
            self._connect(addresses)

    def _connect(self, addresses: tuple[str, ...]) -> None:
        """Send the request, over a connection of its own."""
        self._stage = _Stage.CALLING
        place, means = self._request.place, self._means
        tls_name = place.host if place.is_secure else None
        attempt_s = self._limits.attempt_s
        pinned = Pinned(addresses, place.port, tls_name, attempt_s, self, means.reactor, means.trust_root)
        self._answer = asked(self._request, self._arguments, pinned, means.reactor)
        self._answer.addCallbacks(self._answered, self._not_answered)
        self._answer.addErrback(self._fault)

    def _answered(self, response: IResponse) -> None:
        """The head of the answer is there. A redirect is a failure like another: where it leads was not checked."""
        self._head_bytes = None
        status = int(response.code)
        if not 200 <= status < 300:
            self._fail(f"status {status}" if 300 <= status < 600 else BROKEN)
        elif response.length is not UNKNOWN_LENGTH and response.length > self._limits.max_output_bytes:
            self._fail(TOO_LARGE)
        else:
            self.response = response
            response.deliverBody(_Body(self))

    def _not_answered(self, failure: Failure) -> None:
        """There will be no answer, for instance because we cancelled."""
        self._fail(why(self._lost or failure))

    def _fault(self, failure: Failure) -> None:
        """Something of ours raised; its words may quote the answer."""
        if failure.value is not None:
            log_fault(failure.value, self._request.place.host)
        self._fail(BROKEN)

    def _fail(self, reason: str) -> None:
        self._settle(FunctionOutcome(failure=reason))

    def _settle(self, outcome: FunctionOutcome | None) -> None:
        """Leave nothing behind, and say how it went; once."""
        if self._stage is _Stage.SETTLED:
            return
        self._stage = _Stage.SETTLED
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        if self._transport is not None:
            self._transport.abortConnection()
        if self._answer is not None:
            self._answer.cancel()
        self._body.clear()
        if not self._is_resolving:
            self._owner.released(self)
        self._owner.settled(self, outcome)


class _Body(TwistedProtocol):
    """Reads the body for a call."""

    def __init__(self, call: FunctionCall) -> None:
        self._call = call

    def dataReceived(self, data: bytes) -> None:
        self._call.body_received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._call.body_ended(reason)
