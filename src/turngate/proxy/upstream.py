"""
The upstream actor: the connection to the model, in the words of the session.

Responsible for dialling when told to, for encoding what is asked for, and for decoding what the upstream says; and for
a second connection, to which it moves when told to.

Must not know: what any of it means for the session. What cannot be read is counted and dropped, and is never an error
of ours; a peer that sends hardly anything else is given up.

Comes from: the coordinator (what to ask for) and the connections (frames). Goes to: the other of the two.
"""

from collections import Counter
from typing import Final, TypeAlias

from turngate.actors import Actor, Context, Ref
from turngate.protocols import realtime
from turngate.proxy.close_codes import NORMAL, upstream_close
from turngate.proxy.first_word import problem_of
from turngate.proxy.legs import (
    BinaryFrame,
    CloseLeg,
    Congested,
    Leg,
    LegClosed,
    LegDown,
    Relieved,
    TextFrame,
)
from turngate.proxy.link import Dialled, Life, Link, LinkMessage, NotDialled, OfLink
from turngate.proxy.log import EventLog
from turngate.proxy.ports import Closed, DialFailure, IDialler
from turngate.session.messages import (
    Cause,
    DialNext,
    DialUpstream,
    Ending,
    Message,
    MoveOver,
    NextLost,
    NextReady,
    Problem,
    UpstreamCongested,
    UpstreamEffect,
    UpstreamLost,
    UpstreamReady,
    UpstreamRelieved,
)

UpstreamLegMessage: TypeAlias = OfLink | UpstreamEffect | DialUpstream | DialNext | MoveOver | CloseLeg

MAX_UNREADABLE: Final = 100
"""How many unreadable messages one upstream may send before it is given up; one that stands by, once it serves."""


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
        self._link: Link | None = None
        """The one that serves, or is to."""
        self._next: Link | None = None
        """The one to move to."""
        self._unknown: Counter[str] = Counter()

    def receive(self, context: Context[UpstreamLegMessage], message: UpstreamLegMessage) -> None:
        """One frame, one request for the upstream, or one word about a connection."""
        match message:
            case OfLink(link, what):
                if link is self._link:
                    self._happened(link, what)
                elif link is self._next:
                    self._happened_next(link, what)
                elif isinstance(what, Dialled):
                    link.open(what.connection)
            case DialUpstream(model):
                self._forsake(self._link)
                self._link = Link(self._dialler, model, context.self_ref)
            case DialNext(model):
                self._forsake(self._next)
                self._next = Link(self._dialler, model, context.self_ref)
            case MoveOver():
                self._forsake(self._link)
                self._link, self._next = self._next, None
            case CloseLeg(ending):
                self._close(ending)
            case _:
                if self._link is not None:
                    self._link.send(self._wire.to_wire(message))

    def on_stop(self, context: Context[UpstreamLegMessage]) -> None:
        """Leave no connection behind, and no attempt at one, whatever ended this actor."""
        for link in (self._link, self._next):
            if link is not None:
                link.drop()

    def _forsake(self, link: Link | None) -> None:
        if link is not None:
            link.forsake(NORMAL, "")

    # --- the connection that serves ---------------------------------------------------------------------------------

    def _happened(self, link: Link, what: LinkMessage) -> None:
        match what:
            case TextFrame(payload):
                message = self._read(link, payload)
                if message is not None:
                    self._coordinator.tell(message)
            case BinaryFrame(payload):
                self._take_audio(link, payload)
            case Congested():
                self._coordinator.tell(UpstreamCongested())
            case Relieved():
                self._coordinator.tell(UpstreamRelieved())
            case Dialled(connection):
                link.open(connection)
                self._log.debug("upstream.open")
            case NotDialled(failure):
                if link.closed() is Life.CLOSING:
                    self._guardian.tell(LegDown(Leg.UPSTREAM))
                else:
                    self._coordinator.tell(UpstreamLost(self._not_dialled(failure)))
            case LegClosed(how):
                if link.closed() is Life.CLOSING:
                    self._guardian.tell(LegDown(Leg.UPSTREAM))
                else:
                    self._coordinator.tell(UpstreamLost(self._closed(how)))

    def _read(self, link: Link, payload: bytes) -> Message | None:
        """What a message of the upstream means to the session, if it means anything."""
        if link.life is not Life.OPEN:
            return None
        event = realtime.decode_server(payload)
        match event:
            case realtime.UnknownEvent(kind):
                self._unknown["other" if len(self._unknown) > MAX_UNREADABLE else kind] += 1
                self._log.debug("upstream.unknown_event", kind=kind)
            case realtime.Malformed(reason):
                self._drop(link, reason)
            case _:
                return self._wire.to_session(event)
        return None

    def _take_audio(self, link: Link, payload: bytes) -> None:
        message = self._wire.audio_to_session(payload)
        if message is None:
            self._drop(link, "a binary message")
        elif link.life is Life.OPEN:
            self._coordinator.tell(message)

    def _drop(self, link: Link, reason: str) -> None:
        link.unreadable += 1
        if link.unreadable == 1:
            self._log.warn("upstream.unreadable", reason=reason)
        if link.unreadable >= MAX_UNREADABLE and link is self._link:
            problem = Problem(Cause.UPSTREAM_NONSENSE, "The upstream sends what cannot be read; try again later.")
            self._coordinator.tell(UpstreamLost(problem))

    def _not_dialled(self, failure: DialFailure) -> Problem:
        fault = failure.fault.name.lower()
        self._log.warn("upstream.unreachable", fault=fault, detail=failure.detail, status=failure.status)
        return problem_of(failure)

    def _closed(self, how: Closed) -> Problem:
        self._log.warn("upstream.closed", code=how.code)
        detail = f"The upstream closed the connection (code {how.code})."
        return Problem(Cause.UPSTREAM_CLOSED, detail, words=how.reason)

    # --- the connection to move to ----------------------------------------------------------------------------------

    def _happened_next(self, link: Link, what: LinkMessage) -> None:
        match what:
            case TextFrame(payload):
                if isinstance(self._read(link, payload), UpstreamReady):
                    self._coordinator.tell(NextReady())
            case Dialled(connection):
                link.open(connection)
                self._log.debug("upstream.next_open")
            case NotDialled(failure):
                self._next_lost(link, self._not_dialled(failure))
            case LegClosed(how):
                self._next_lost(link, self._closed(how))
            case BinaryFrame() | Congested() | Relieved():
                pass

    def _next_lost(self, link: Link, problem: Problem) -> None:
        link.closed()
        self._next = None
        self._coordinator.tell(NextLost(problem))

    # --- the end ----------------------------------------------------------------------------------------------------

    def _close(self, ending: Ending) -> None:
        self._forsake(self._next)
        self._next = None
        link = self._link
        if link is None or not link.close(*upstream_close(ending)):
            self._guardian.tell(LegDown(Leg.UPSTREAM))
