"""
Calls functions of clients, where the operator allows it.

Responsible for which calls are made and how many at once, and for the one line that the log has of each.

Must not know: sockets, what a function does, what a session is beyond its name.

Comes from: a session, by way of :class:`~turngate.proxy.ports.IFunctionCaller`. Goes to: ``function_call.py``, one
object for each call.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from attrs import frozen
from twisted.internet.interfaces import IDelayedCall, IHostnameResolver
from twisted.internet.ssl import Certificate
from zope.interface import implementer

from turngate.net.bridge import log_fault
from turngate.net.function_call import FunctionCall, Means
from turngate.net.function_hosts import FunctionHosts
from turngate.net.function_http import NOT_ALLOWED, TOO_LARGE
from turngate.net.function_request import judged
from turngate.net.limits import FunctionLimits
from turngate.proxy.log import EventLog
from turngate.proxy.ports import FunctionEndpoint, FunctionOutcome, IFunctionCaller, IPending

TOO_MANY: Final = "too many calls"

OnDone: TypeAlias = Callable[[FunctionOutcome], None]


@frozen
class _Asked:
    """Who wants a call."""

    session: str
    host: str | None
    """``None`` for one that is not listed: it is a client's word then, and not for the log."""
    on_done: OnDone


@implementer(IFunctionCaller)
class FunctionCaller:
    """
    All calls of one process.

    Args:
        hosts: Where functions may be called; none is no calls at all.
        log: Has one line for each call, with its host and its outcome.
        reactor: For names, connections and deadlines.
        limits: What calls may cost.
        resolver: Resolves names instead of the reactor's.
        trust_root: Whom to trust instead of the system's certificate authorities.
    """

    def __init__(
        self,
        *,
        hosts: FunctionHosts,
        log: EventLog,
        reactor: Any,
        limits: FunctionLimits | None = None,
        resolver: IHostnameResolver | None = None,
        trust_root: Certificate | None = None,
    ) -> None:
        self._hosts = hosts
        self._log = log
        self._reactor = reactor
        self._limits = limits or FunctionLimits()
        self._means = Means(reactor, resolver or reactor.nameResolver, self._limits, trust_root)
        self._asked: dict[FunctionCall, _Asked] = {}
        self._costly: dict[FunctionCall, str] = {}

    @property
    def call_count(self) -> int:
        """Calls that cost something now."""
        return len(self._costly)

    def allows(self, endpoint: FunctionEndpoint) -> str | None:
        """Why this endpoint is never called; ``None`` if it may be."""
        request = judged(endpoint, self._hosts)
        return request if isinstance(request, str) else None

    def call(self, session: str, endpoint: FunctionEndpoint, arguments: str, on_done: OnDone) -> IPending:
        """Begin a call; ``on_done`` is never called before this returns."""
        request = judged(endpoint, self._hosts)
        if isinstance(request, str):
            return self._refused(NOT_ALLOWED, _Asked(session, None, on_done))
        asked = _Asked(session, request.place.host, on_done)
        body = arguments.encode("utf-8", "replace")
        if len(body) > self._limits.max_arguments_bytes:
            return self._refused(TOO_LARGE, asked)
        if not self._has_room(session):
            return self._refused(TOO_MANY, asked)
        call = FunctionCall(request, body, self._means, self)
        self._asked[call] = asked
        self._costly[call] = session
        return call

    # --- called by the calls ------------------------------------------------------------------------------------------

    def settled(self, call: FunctionCall, outcome: FunctionOutcome | None) -> None:
        """Pass the outcome of a call on."""
        self._done(self._asked.pop(call), outcome)

    def released(self, call: FunctionCall) -> None:
        """Make room for another call."""
        del self._costly[call]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _has_room(self, session: str) -> bool:
        if len(self._costly) >= self._limits.max_calls:
            return False
        return sum(one == session for one in self._costly.values()) < self._limits.max_session_calls

    def _refused(self, reason: str, asked: _Asked) -> IPending:
        refusal = FunctionOutcome(failure=reason)
        return _Refusal(self._reactor.callLater(0, self._done, asked, refusal))

    def _done(self, asked: _Asked, outcome: FunctionOutcome | None) -> None:
        words = "cancelled" if outcome is None else outcome.failure or "ok"
        self._log.info("function.called", session=asked.session, host=asked.host, outcome=words)
        if outcome is None:
            return
        try:
            asked.on_done(outcome)
        except Exception as error:  # noqa: BLE001 - a guard: the fault is the asker's, and the call is over anyway
            log_fault(error, asked.host or "a function's host")


@implementer(IPending)
@frozen
class _Refusal:
    """A call that is not made, until that is told."""

    _telling: IDelayedCall

    def cancel(self) -> None:
        """Do not tell it."""
        if self._telling.active():
            self._telling.cancel()
