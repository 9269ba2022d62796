"""
The upstream actor: one connection to the model, in the words of the session.

Responsible for dialling when told to, for encoding what is asked for, and for decoding what the upstream says.

Must not know: what any of it means for the session. What cannot be read is counted and dropped, and is never an error
of ours; a peer that sends hardly anything else is given up.

Comes from: the coordinator (what to ask for) and the connection (frames). Goes to: the other of the two.
"""

from collections import Counter
from enum import Enum
from typing import Final, TypeAlias

from attrs import field, frozen

from turngate.actors import Actor, Context, Ref
from turngate.protocols import realtime
from turngate.proxy.close_codes import upstream_close
from turngate.proxy.first_word import problem_of
from turngate.proxy.legs import (
    BinaryFrame,
    CloseLeg,
    Congested,
    Leg,
    LegClosed,
    LegDown,
    LegEvents,
    LegMessage,
    Relieved,
    TextFrame,
)
from turngate.proxy.log import EventLog
from turngate.proxy.ports import Closed, DialFailure, IConnection, IDialler, IDialling
from turngate.session.messages import (
    Cause,
    DialUpstream,
    Ending,
    Message,
    Problem,
    UpstreamCongested,
    UpstreamEffect,
    UpstreamLost,
    UpstreamRelieved,
)


@frozen
class Dialled:
    """The connection is open."""

    connection: IConnection = field(repr=False)


@frozen
class NotDialled:
    """There will be no connection."""

    failure: DialFailure


UpstreamLegMessage: TypeAlias = LegMessage | UpstreamEffect | DialUpstream | Dialled | NotDialled | CloseLeg

MAX_UNREADABLE: Final = 100
"""How many unreadable messages one upstream may send before it is given up."""


class Life(Enum):
    """How far the leg has come."""

    IDLE = "not dialled"
    DIALLING = "dialling"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class UpstreamDialEvents:
    """Tells the actor how the dialling went."""

    def __init__(self, ref: Ref[UpstreamLegMessage]) -> None:
        self._ref = ref
        self.events = LegEvents()
        self.events.attach(ref)

    def dialled(self, connection: IConnection) -> LegEvents:
        """See :class:`turngate.proxy.ports.DialEvents`."""
        self._ref.tell(Dialled(connection))
        return self.events

    def dial_failed(self, failure: DialFailure) -> None:
        """See :class:`turngate.proxy.ports.DialEvents`."""
        self._ref.tell(NotDialled(failure))


class UpstreamActor(Actor[UpstreamLegMessage]):
    """The upstream of one session."""

    def __init__(
        self,
        dialler: IDialler,
        wire: realtime.Translation,
        coordinator: Ref[Message],
        guardian: Ref[LegDown],
        log: EventLog,
    ) -> None:
        self._dialler = dialler
        self._wire = wire
        self._coordinator = coordinator
        self._guardian = guardian
        self._log = log
        self._life = Life.IDLE
        self._dialling: IDialling | None = None
        self._connection: IConnection | None = None
        self._dial_events: UpstreamDialEvents | None = None
        self._unreadable = 0
        self._unknown: Counter[str] = Counter()

    def receive(self, context: Context[UpstreamLegMessage], message: UpstreamLegMessage) -> None:
        """One frame, one request for the upstream, or one word about the connection."""
        match message:
            case TextFrame(payload):
                self._take_event(payload)
            case DialUpstream(model):
                self._life = Life.DIALLING
                self._dial_events = UpstreamDialEvents(context.self_ref)
                self._dialling = self._dialler.dial(model, self._dial_events)
            case Dialled(connection):
                self._dialled(connection)
            case NotDialled(failure):
                self._not_dialled(failure)
            case Congested():
                self._coordinator.tell(UpstreamCongested())
            case Relieved():
                self._coordinator.tell(UpstreamRelieved())
            case LegClosed(how):
                self._closed(how)
            case CloseLeg(ending):
                self._close(ending)
            case BinaryFrame(payload):
                self._take_audio(payload)
            case _:
                if self._life is Life.OPEN and self._connection is not None:
                    self._connection.send_text(self._wire.to_wire(message))

    def on_stop(self, context: Context[UpstreamLegMessage]) -> None:
        """Leave no connection behind, and no attempt at one, whatever ended this actor."""
        if self._dial_events is not None:
            self._dial_events.events.silence()
        if self._life is Life.DIALLING and self._dialling is not None:
            self._dialling.cancel()
        if self._connection is not None and self._life is not Life.CLOSED:
            self._connection.abort()

    def _take_event(self, payload: bytes) -> None:
        if self._life is not Life.OPEN:
            return
        event = realtime.decode_server(payload)
        match event:
            case realtime.UnknownEvent(kind):
                self._unknown["other" if len(self._unknown) > MAX_UNREADABLE else kind] += 1
                self._log.debug("upstream.unknown_event", kind=kind)
            case realtime.Malformed(reason):
                self._drop(reason)
            case _:
                message = self._wire.to_session(event)
                if message is not None:
                    self._coordinator.tell(message)

    def _take_audio(self, payload: bytes) -> None:
        message = self._wire.audio_to_session(payload)
        if message is None:
            self._drop("a binary message")
        elif self._life is Life.OPEN:
            self._coordinator.tell(message)

    def _drop(self, reason: str) -> None:
        self._unreadable += 1
        if self._unreadable == 1:
            self._log.warn("upstream.unreadable", reason=reason)
        if self._unreadable == MAX_UNREADABLE:
            self._lost(Problem(Cause.UPSTREAM_NONSENSE, "The upstream sends what cannot be read; try again later."))

    def _dialled(self, connection: IConnection) -> None:
        self._dialling = None
        self._connection = connection
        if self._life is Life.DIALLING:
            self._life = Life.OPEN
            self._log.debug("upstream.open")
        else:
            connection.abort()

    def _not_dialled(self, failure: DialFailure) -> None:
        fault = failure.fault.name.lower()
        self._log.warn("upstream.unreachable", fault=fault, detail=failure.detail, status=failure.status)
        was, self._life = self._life, Life.CLOSED
        self._dialling = None
        if was is Life.CLOSING:
            self._guardian.tell(LegDown(Leg.UPSTREAM))
        else:
            self._lost(problem_of(failure))

    def _closed(self, how: Closed) -> None:
        was, self._life = self._life, Life.CLOSED
        if was is Life.CLOSING:
            self._guardian.tell(LegDown(Leg.UPSTREAM))
        else:
            self._log.warn("upstream.closed", code=how.code)
            detail = f"The upstream closed the connection (code {how.code})."
            self._lost(Problem(Cause.UPSTREAM_CLOSED, detail, words=how.reason))

    def _lost(self, problem: Problem) -> None:
        self._coordinator.tell(UpstreamLost(problem))

    def _close(self, ending: Ending) -> None:
        match self._life:
            case Life.OPEN:
                self._life = Life.CLOSING
                if self._connection is not None:
                    self._connection.close(*upstream_close(ending))
            case Life.DIALLING:
                if self._dialling is not None:
                    self._dialling.cancel()
                self._life = Life.CLOSED
                self._guardian.tell(LegDown(Leg.UPSTREAM))
            case Life.IDLE | Life.CLOSED:
                self._life = Life.CLOSED
                self._guardian.tell(LegDown(Leg.UPSTREAM))
            case Life.CLOSING:
                pass
