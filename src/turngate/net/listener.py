"""
Lets clients in.

Responsible for judging each request to open a WebSocket, for the count of connections and for closing them all.

Must not know: sessions, what a client says, what a credential must look like (it asks ``admit``).

Comes from: TCP connections, by way of :attr:`ClientListener.factory`. Goes to: the
:class:`~turngate.proxy.ports.Acceptor`, one call for each open connection.
"""

from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from math import ceil

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import ServerFactory

from turngate.net._autobahn import ClientLegFactory, Uniform, latest
from turngate.net.admission import (
    Accepted,
    Admit,
    Busy,
    Guest,
    Offer,
    Refused,
    Verdict,
    is_origin_allowed,
    own,
    scheme_of,
)
from turngate.net.bridge import Bridge, HttpAnswer, Life, log_fault
from turngate.net.limits import Limits
from turngate.net.pace import Pace
from turngate.proxy.ports import Acceptor, Closed, ConnectionEvents, Upgrade


class ClientListener:
    """
    The clients' side: listen with :attr:`factory`.

    Args:
        acceptor: Makes the listener of each connection that was opened.
        paths: The paths at which a WebSocket may be opened; others are 404.
        limits: What connections may cost.
        reactor: For deadlines.
        allowed_origins: Origins such as ``https://app.example.com`` beside those of the loopback.
        busy: Asks whether there is an upstream for a new session; by default there is.
        admit: Asks for credentials and quotas; ``None`` lets everybody in.
        uniform: Spreads the pings of many connections in time; by default nothing does.
    """

    def __init__(
        self,
        *,
        acceptor: Acceptor,
        paths: frozenset[str],
        limits: Limits,
        reactor: IReactorTime,
        allowed_origins: Iterable[str] = (),
        busy: Busy = lambda _offer: None,
        admit: Admit | None = None,
        uniform: Uniform = latest,
    ) -> None:
        self._factory = ClientLegFactory(self, limits, reactor, uniform)
        self.refusals: Counter[int] = Counter()
        """How many requests were refused, by HTTP status."""
        self.cut: Counter[str] = Counter()
        """How many connections were ended for what they did or left undone, by the cause in words of ours."""
        self._acceptor = acceptor
        self._paths = paths
        self._limits = limits
        self._max_connections = limits.max_connections
        self._reactor = reactor
        self._allowed_origins = normal(allowed_origins)
        self._busy = busy
        self._admit = admit
        self._connections: dict[Bridge, Upgrade | None] = {}

    @property
    def factory(self) -> ServerFactory:
        """What listens."""
        return self._factory

    def change(self, *, allowed_origins: Iterable[str], max_connections: int) -> None:
        """Let in by another list, and another number of connections, from now on; who is in stays, and counts."""
        self._allowed_origins = normal(allowed_origins)
        self._max_connections = max_connections
        self._factory.take(max_connections + self._limits.max_unopened_connections)

    @property
    def open_count(self) -> int:
        """Connections that are open now."""
        return sum(bridge.life is Life.OPEN for bridge in self._connections)

    @property
    def connection_count(self) -> int:
        """Connections in any state, those in their handshake and those that are closing too."""
        return len(self._connections)

    def close_all(self, code: int, reason: str) -> None:
        """Close every open connection, and drop those in their handshake. New ones are the listening port's affair."""
        for bridge in tuple(self._connections):
            bridge.close(code, reason)

    # --- called by the protocols ------------------------------------------------------------------------------------

    def arrived(self) -> Bridge | None:
        """A TCP connection was made; ``None`` drops it unread."""
        if len(self._connections) >= self._max_connections + self._limits.max_unopened_connections:
            return None
        pace = Pace(self._limits, self._reactor.seconds)
        bridge = Bridge(self, self._limits, self._reactor, self._limits.client_max_unsent_bytes, pace)
        self._connections[bridge] = None
        return bridge

    def judge(self, bridge: Bridge, offer: Offer) -> Verdict:
        """Whether this client may open a WebSocket; the cheap questions come first."""
        refused = self._refusal(offer)
        if refused is not None:
            return refused
        guest = self._guest(offer)
        if isinstance(guest, Refused):
            return guest
        self._connections[bridge] = Upgrade(
            offer.path, offer.peer, offer.query, own(offer.headers), guest.name, guest.leave
        )
        return Accepted(scheme_of(offer.subprotocols))

    def refused(self, status: int) -> None:
        """Count a refusal."""
        self.refusals[status] += 1

    def opened(self, bridge: Bridge) -> ConnectionEvents:
        """Hand an open connection over."""
        upgrade = self._connections[bridge]
        if upgrade is None:
            raise LookupError("opened without having been judged")
        # from here on the place is the acceptor's
        self._connections[bridge] = None
        try:
            return self._acceptor(bridge, upgrade)
        except Exception:
            upgrade.leave()
            raise

    def ended(self, bridge: Bridge, how: Closed, answer: HttpAnswer | None, error: BaseException | None) -> None:
        """Forget a connection."""
        del how, answer, error
        upgrade = self._connections.pop(bridge, None)
        if upgrade is not None:
            upgrade.leave()
        if bridge.cause:
            self.cut[bridge.cause] += 1

    def _refusal(self, offer: Offer) -> Refused | None:
        """How to refuse, if it is refused."""
        if offer.path not in self._paths:
            return Refused(HTTPStatus.NOT_FOUND)
        if offer.header_count > self._limits.handshake_max_headers:
            return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not is_origin_allowed(offer.origin, self._allowed_origins):
            return Refused(HTTPStatus.FORBIDDEN)
        if self.open_count >= self._max_connections:
            return Refused(HTTPStatus.SERVICE_UNAVAILABLE)
        return None

    def _guest(self, offer: Offer) -> Guest | Refused:
        """Who it is, if there is room for it; asked first, for who is not known shall not learn how the upstream is."""
        guest: Guest | None = None
        try:
            answer = self._admit(offer) if self._admit is not None else None
            if isinstance(answer, Refused):
                return answer
            if isinstance(answer, HTTPStatus):
                return Refused(answer)
            guest = answer if answer is not None else Guest()
            busy_s = self._busy(offer)
        except Exception as error:  # noqa: BLE001 - a guard: who cannot be judged is not let in
            log_fault(error, offer.peer)
            if guest is not None:
                guest.leave()
            return Refused(HTTPStatus.INTERNAL_SERVER_ERROR)
        if busy_s is None:
            return guest
        guest.leave()
        return Refused(HTTPStatus.SERVICE_UNAVAILABLE, max(1, ceil(busy_s)))


def normal(origins: Iterable[str]) -> frozenset[str]:
    """The origins as they are compared."""
    return frozenset(origin.lower().rstrip("/") for origin in origins)
