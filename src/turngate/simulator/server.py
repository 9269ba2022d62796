"""
A Realtime server that listens: binds sessions to connections.

Responsible for one session for each connection, for back-pressure, for what is counted and recorded, and for listening.

Must not know: the rules of the API, Autobahn.

Comes from: ``simulator/__main__.py``, the composition root (``--upstream simulator``), tests.
Goes to: ``net.ClientListener`` below, ``simulator/unruly.py`` above.
"""

from collections import deque
from http import HTTPStatus
from typing import Final

import msgspec
from attrs import evolve, field, frozen
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorTime,
    IStreamServerEndpoint,
)

from turngate.net.admission import Offer
from turngate.net.limits import MIB, Limits
from turngate.net.listener import ClientListener
from turngate.protocols.realtime.dialects import BEARER, GA, Dialect
from turngate.proxy.ports import Closed, ConnectionEvents, IConnection, Upgrade
from turngate.simulator.config import DEFAULT_MODEL
from turngate.simulator.edge import Edge
from turngate.simulator.ids import Ids
from turngate.simulator.script import Script
from turngate.simulator.session import Manner
from turngate.simulator.tally import Counters, Tally
from turngate.simulator.unruly import Unruly, Wire

PATH: Final = "/v1/realtime"

SIMULATOR_LIMITS: Final = Limits(client_max_message_bytes=21 * MIB)
"""Room for the largest append: 15 MiB of audio are 20 MiB of base64."""

MAX_MODEL_CHARACTERS: Final = 100
BETA_HEADER: Final = "openai-beta"
UNSUPPORTED_DATA: Final = 1003
GOING_AWAY: Final = 1001


@frozen
class Received:
    """One frame that a client sent; ``session`` counts from 1."""

    session: int
    payload: bytes = field(repr=False)

    @property
    def event(self) -> dict[str, object]:
        """The frame as a JSON object."""
        return msgspec.json.decode(self.payload, type=dict[str, object])


class Simulator:
    """
    A server of the Realtime API. Listen with :meth:`listen`, or hand :meth:`accept` connections of your own.

    Args:
        reactor: For all waits.
        manner: How strict, fast and patient it is.
        script: What goes wrong in every session.
        seed: Decides all ids and all chances, together with the number of the session.
        limits: What connections may cost.
        record_frames: How many of the clients' latest frames are kept in :attr:`received`.
        dialect: Whose server it plays.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        *,
        manner: Manner | None = None,
        script: Script | None = None,
        seed: str = "0",
        limits: Limits = SIMULATOR_LIMITS,
        record_frames: int = 0,
        dialect: Dialect = GA,
    ) -> None:
        self.dialect = dialect
        self.manner = evolve(manner or Manner(), second_create=dialect.capabilities.second_create)
        self.path = dialect.path.partition("?")[0]
        self.script = script or Script()
        self.received: deque[Received] = deque(maxlen=record_frames)
        self._reactor = reactor
        self._seed = seed
        self._tally = Tally()
        self._ports: list[IListeningPort] = []
        self._listener = ClientListener(
            acceptor=self.accept, paths=frozenset({self.path}), limits=limits, reactor=reactor, admit=self._admit
        )

    @property
    def counters(self) -> Counters:
        """What was counted until now."""
        return self._tally.counters()

    @property
    def factory(self) -> IProtocolFactory:
        """What to listen with."""
        return self._listener.factory

    @property
    def url(self) -> str:
        """Where to dial; listen first."""
        if not self._ports:
            raise RuntimeError("The simulator does not listen yet: wait for listen().")
        return url_of(self._ports[0], self.path)

    def listen(self, endpoint: IStreamServerEndpoint) -> Deferred[IListeningPort]:
        """Listen; fires with the port, or fails with ``CannotListenError``."""

        def listening(port: IListeningPort) -> IListeningPort:
            self._ports.append(port)
            return port

        return endpoint.listen(self.factory).addCallback(listening)

    def stop(self) -> Deferred[None]:
        """Listen no more and close every connection (code 1001); fires when no port listens."""
        ports, self._ports = self._ports, []
        waiting = [maybeDeferred(port.stopListening) for port in ports]
        self._listener.close_all(GOING_AWAY, "The simulator stops.")
        return gatherResults(waiting).addCallback(lambda _: None)

    def received_events(self, event_type: str | None = None) -> list[dict[str, object]]:
        """Give the recorded frames, decoded; those of one type where it is given."""
        events = [received.event for received in self.received]
        return [event for event in events if event_type in {None, event.get("type")}]

    def accept(self, connection: IConnection, upgrade: Upgrade) -> ConnectionEvents:
        """Begin a session on an open connection."""
        self._tally.sessions += 1
        self._tally.open_sessions += 1
        number = self._tally.sessions
        named = upgrade.query.get("model") or upgrade.query.get("deployment") or [DEFAULT_MODEL]
        model = named[0][:MAX_MODEL_CHARACTERS]
        unruly = Unruly(
            Wire(connection.send_text, connection.close, connection.abort),
            self._reactor,
            Ids(f"{self._seed}/{number}"),
            script=self.script,
            tally=self._tally,
            model=model,
            manner=self.manner,
            edge=Edge(self.dialect),
        )
        unruly.open()
        return _Line(self, number, connection, unruly)

    def _admit(self, offer: Offer) -> HTTPStatus | None:
        """
        Whether a client shows what this server wants to see: the headers of its dialect, and no other dialect's.

        A key is asked for only where it has a header of its own, and any will do.
        """
        wanted = {name.lower(): value for name, value in self.dialect.headers}
        if offer.headers.get(BETA_HEADER) != wanted.get(BETA_HEADER):
            return HTTPStatus.BAD_REQUEST
        if self.dialect.key_header != BEARER and not offer.headers.get(self.dialect.key_header):
            return HTTPStatus.UNAUTHORIZED
        return None

    def ended(self) -> None:
        """Count a session out."""
        self._tally.open_sessions -= 1


class _Line:
    """What listens to one connection."""

    def __init__(self, simulator: Simulator, number: int, connection: IConnection, unruly: Unruly) -> None:
        self._simulator = simulator
        self._number = number
        self._connection = connection
        self._unruly = unruly

    def text_received(self, payload: bytes) -> None:
        """Take one client event."""
        self._simulator.received.append(Received(self._number, payload))
        self._unruly.frame(payload)

    def binary_received(self, payload: bytes) -> None:
        """Refuse what the protocol does not have: all its frames are text."""
        del payload
        self._connection.close(UNSUPPORTED_DATA, "Binary frames are not part of this API; send JSON text.")

    def congested(self) -> None:
        """The client does not read: stream nothing, and take nothing that would make more to send."""
        self._unruly.session.pause()
        self._connection.pause_reading()

    def relieved(self) -> None:
        """The client reads again."""
        self._connection.resume_reading()
        self._unruly.session.resume()

    def closed(self, how: Closed) -> None:
        """End the session."""
        del how
        self._unruly.stop()
        self._simulator.ended()


def url_of(port: IListeningPort, path: str = PATH) -> str:
    """Give the URL at which a port is reached."""
    address = port.getHost()
    host, number = getattr(address, "host", None), getattr(address, "port", None)
    if host is None or number is None:
        return f"unix:{getattr(address, 'name', b'').decode()}"
    return f"ws://{f'[{host}]' if ':' in host else host}:{number}{path}"
