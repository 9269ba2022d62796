"""
Connects to the upstream.

Responsible for one attempt at a time: name, TCP, TLS that is always verified, upgrade, all within one deadline.

Must not know: sessions, what is said on the connection, when to try again.

Comes from: the session's wish for an upstream. Goes to: :class:`~turngate.proxy.ports.DialEvents`.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTime, IStreamClientEndpoint
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.python.failure import Failure
from zope.interface import implementer

from turngate.net import faults
from turngate.net._autobahn import Uniform, UpstreamLegFactory, latest
from turngate.net.bridge import Bridge, HttpAnswer, log_fault
from turngate.net.limits import Limits
from turngate.net.upstream import AUTHORIZATION, Target, UpstreamAddress, checked_headers, key_value
from turngate.proxy.ports import Closed, ConnectionEvents, DialEvents, DialFailure, IDialler, IDialling

MakeEndpoint: TypeAlias = Callable[[Target], IStreamClientEndpoint]


@implementer(IDialler)
class UpstreamDialler:
    """
    Dials the configured upstream, and nothing else.

    Args:
        url: ``ws://`` or ``wss://``, with ``{model}`` where the model's name goes.
        model: The configured model.
        key: Called for each attempt, such as a :class:`~turngate.net.upstream.BearerKey`; ``None`` sends no
            ``Authorization``.
        limits: What a connection may cost.
        reactor: For deadlines; for connecting too, unless ``make_endpoint`` does that.
        may_choose: Whether a client may have this model; by default it may choose none.
        headers: Further fixed headers.
        key_header: The header that shows the key: as ``Bearer KEY`` in ``Authorization``, alone in any other.
        dialect_headers: What the upstream's dialect has sent with every request.
        trust_root: Whom to trust instead of the system's certificate authorities.
        make_endpoint: Makes the endpoint for a target; tests use it.
        now_s: The time of day, since 1970; without it a ``Retry-After`` that is a date says nothing.
        uniform: Spreads the pings of many connections in time; by default nothing does.

    Raises:
        ConfigError: If the URL or a header cannot be used.
    """

    def __init__(
        self,
        *,
        url: str,
        model: str,
        key: Callable[[], str | None],
        limits: Limits,
        reactor: IReactorTime,
        may_choose: Callable[[str], bool] = lambda _model: False,
        headers: Mapping[str, str] | None = None,
        trust_root: Certificate | None = None,
        make_endpoint: MakeEndpoint | None = None,
        key_header: str = AUTHORIZATION,
        dialect_headers: Mapping[str, str] | None = None,
        now_s: Callable[[], float] | None = None,
        uniform: Uniform = latest,
    ) -> None:
        self._uniform = uniform
        self._address = UpstreamAddress(url, model)
        self._key = key
        self._limits = limits
        self._reactor = reactor
        self._may_choose = may_choose
        self._headers = {**checked_headers(headers or {}), **(dialect_headers or {})}
        self._key_header = key_header
        self._trust_root = trust_root
        self._make_endpoint = make_endpoint or self._endpoint
        self._now_s = now_s

    def dial(self, model: str | None, events: DialEvents) -> IDialling:
        """Begin to connect; ``events`` is never called before this returns."""
        chosen = model if model is not None and self._may_choose(model) else None
        target = self._address.target(chosen)
        headers = self._authorized(target)
        return _Attempt(
            target, headers, self._make_endpoint, self._limits, self._reactor, events, self._now_s, self._uniform
        )

    def _authorized(self, target: Target) -> dict[str, str] | DialFailure:
        """The headers with the key, or why it cannot be shown there."""
        try:
            key = self._key()
        except Exception as error:  # noqa: BLE001 - a guard: the key may come from a file that is not there just now
            log_fault(error, target.host)
            return faults.not_shown("the upstream key cannot be read")
        if key is None:
            return self._headers
        if not target.may_see_key:
            return faults.not_shown("the upstream key is sent over TLS only; use wss://")
        value = key_value(key, self._key_header)
        if value is None:
            return faults.not_shown("the upstream key must be visible ASCII without spaces")
        return {**self._headers, self._key_header: value}

    def _endpoint(self, target: Target) -> IStreamClientEndpoint:
        """TCP by any address of the host; TLS that checks certificate and name before a byte of ours is sent."""
        endpoint = HostnameEndpoint(self._reactor, target.host, target.port)
        if not target.is_secure:
            return endpoint
        options = optionsForClientTLS(target.host, trustRoot=self._trust_root)
        wrapped: IStreamClientEndpoint = wrapClientTLS(options, endpoint)
        return wrapped


class _Stage(Enum):
    """Where an attempt stands."""

    WAITING = "waiting for the reactor's next turn"
    CONNECTING = "connecting"
    SETTLED = "dialled, failed or cancelled"


@implementer(IDialling)
class _Attempt:
    """One attempt; it owns the connection until the connection is open."""

    def __init__(
        self,
        target: Target,
        headers: dict[str, str] | DialFailure,
        make_endpoint: MakeEndpoint,
        limits: Limits,
        reactor: IReactorTime,
        events: DialEvents,
        now_s: Callable[[], float] | None,
        uniform: Uniform,
    ) -> None:
        self._uniform = uniform
        self._stage = _Stage.WAITING
        self._make_endpoint = make_endpoint
        self._limits = limits
        self._reactor = reactor
        self._events = events
        self._now_s = now_s
        self._bridge = Bridge(self, limits, reactor, limits.upstream_max_unsent_bytes)
        self._connecting: Deferred[IProtocol] | None = None
        self._timer: IDelayedCall = reactor.callLater(0, self._begin, target, headers)

    def cancel(self) -> None:
        """Give up; after the end it does nothing."""
        if self._stage is _Stage.SETTLED:
            return
        self._settle()
        self._bridge.abort()
        if self._connecting is not None:
            self._connecting.cancel()

    # --- called by the bridge ---------------------------------------------------------------------------------------

    def opened(self, bridge: Bridge) -> ConnectionEvents:
        """The upgrade succeeded."""
        self._settle()
        return self._events.dialled(bridge)

    def ended(self, bridge: Bridge, how: Closed, answer: HttpAnswer | None, error: BaseException | None) -> None:
        """The connection is over; a failure, if it was never open."""
        del bridge
        if self._stage is not _Stage.SETTLED:
            self._fail(faults.never_open(how, answer, error, self._now_s))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _begin(self, target: Target, headers: dict[str, str] | DialFailure) -> None:
        """Connect, one turn after the wish for it."""
        if isinstance(headers, DialFailure):
            self._fail(headers)
            return
        self._stage = _Stage.CONNECTING
        self._timer = self._reactor.callLater(self._limits.dial_s, self._too_late)
        factory = UpstreamLegFactory(target.url, headers, self._bridge, self._limits, self._reactor, self._uniform)
        self._connecting = self._make_endpoint(target).connect(factory)
        _ = self._connecting.addErrback(self._not_connected)

    def _not_connected(self, failure: Failure) -> None:
        """There is no TCP connection, for instance because we cancelled."""
        self._fail(faults.not_connected(failure))

    def _too_late(self) -> None:
        connecting = self._connecting
        self._fail(faults.too_late(self._limits.dial_s, self._bridge.peer))
        self._bridge.abort()
        if connecting is not None:
            connecting.cancel()

    def _settle(self) -> None:
        self._stage = _Stage.SETTLED
        if self._timer.active():
            self._timer.cancel()

    def _fail(self, failure: DialFailure) -> None:
        """Report a failure, unless the attempt is settled."""
        if self._stage is _Stage.SETTLED:
            return
        self._settle()
        try:
            self._events.dial_failed(failure)
        except Exception as error:  # noqa: BLE001 - a guard: the fault is the listener's, and the attempt is over anyway
            log_fault(error, self._bridge.peer)
