"""
Carries out the faults of a script between a session and its connection.

Responsible for every frame in both directions: decoding what came, asking the script what goes wrong, and doing that.
Without a script it passes events on and counts them.

Must not know: the rules of the API (the session does), sockets.

Comes from: ``simulator/server.py``, with each text frame; the session, with each event.
Goes to: the session, event by event; the connection, frame by frame.
"""

from collections.abc import Callable
from functools import partial

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from turngate.protocols.realtime.client_events import ClientEvent
from turngate.protocols.realtime.codec import Malformed
from turngate.protocols.realtime.dialects import GA
from turngate.protocols.realtime.server_events import ServerEvent
from turngate.session.messages import ResponseStatus
from turngate.simulator.dispatch import given, receive
from turngate.simulator.edge import Edge
from turngate.simulator.ids import Ids
from turngate.simulator.items import Refusal
from turngate.simulator.lanes import Lane
from turngate.simulator.responses import Ending
from turngate.simulator.script import (
    Abort,
    Close,
    Delay,
    Direction,
    Drop,
    Duplicate,
    FailResponse,
    Fault,
    Faults,
    MakeResponse,
    RawText,
    Reorder,
    ReplaceWithError,
    Script,
    Stall,
    StripMetadata,
)
from turngate.simulator.session import Manner, Session
from turngate.simulator.tally import Tally
from turngate.simulator.timers import Timers
from turngate.simulator.wire import Out, event_type, without_metadata


@frozen
class Wire:
    """What a connection can do."""

    send: Callable[[bytes], None]
    close: Callable[[int, str], None]
    abort: Callable[[], None]


class Unruly:
    """
    One connection's session, behind its script.

    Call :meth:`open` once, :meth:`frame` for each text frame of the client, and :meth:`stop` when it is gone.
    """

    def __init__(
        self,
        wire: Wire,
        clock: IReactorTime,
        ids: Ids,
        *,
        script: Script,
        tally: Tally,
        model: str,
        manner: Manner,
        edge: Edge | None = None,
    ) -> None:
        self._wire = wire
        self._edge = edge or Edge(GA)
        self._tally = tally
        self._faults = Faults(script, ids)
        self._timers = Timers(clock)
        self._inward = Lane(self._timers)
        self._outward = Lane(self._timers)
        self._stalled = False
        self._direct = Out(self._deliver, ids)
        self.session = Session(
            Out(self._say, ids), clock, ids, close=wire.close, tally=tally, model=model, manner=manner
        )

    def open(self) -> None:
        """Begin the session."""
        self.session.open()

    def stop(self) -> None:
        """End everything that waits."""
        self._timers.stop()
        self.session.stop()

    def frame(self, payload: bytes) -> None:
        """Take one text frame of the client."""
        event = self._edge.heard(payload)
        if isinstance(event, Malformed):
            self._tally.malformed += 1
            self._inward.put(partial(self._refuse_malformed, event))
            return
        name = event_type(event)
        self._tally.events_received[name] += 1
        if not self._stalled:
            self._meet_client(event, self._faults.next(Direction.CLIENT, name))

    def _meet_client(self, event: ClientEvent, fault: Fault | None) -> None:
        act = partial(receive, self.session, event)
        match fault:
            case None | StripMetadata():
                self._inward.put(act)
            case Delay():
                self._inward.put(act, fault.seconds)
            case Duplicate():
                self._inward.put(act)
                self._inward.put(act)
            case Reorder():
                self._inward.put_after_next(act)
            case ReplaceWithError():
                self._inward.put(partial(self._error, fault, given(event.event_id)))
            case RawText():
                self._inward.put(act)
                self._inward.put(partial(self._wire.send, fault.text.encode()))
            case MakeResponse():
                self._inward.put(self.session.make_response)
                self._inward.put(act)
            case FailResponse():
                self._inward.put(act)
                self._inward.put(partial(self.session.end_response, _ending(fault)))
            case Drop() | Close() | Abort() | Stall():
                self._end(self._inward, fault)

    def _say(self, event: ServerEvent) -> None:
        if not self._stalled:
            self._meet_server(event, self._faults.next(Direction.SERVER, event_type(event)))

    def _meet_server(self, event: ServerEvent, fault: Fault | None) -> None:
        deliver = partial(self._deliver, event)
        match fault:
            case None:
                self._outward.put(deliver)
            case Delay():
                self._outward.put(deliver, fault.seconds)
            case Duplicate():
                self._outward.put(deliver)
                self._outward.put(deliver)
            case Reorder():
                self._outward.put_after_next(deliver)
            case ReplaceWithError():
                self._outward.put(partial(self._error, fault, None))
            case RawText():
                self._outward.put(partial(self._wire.send, fault.text.encode()))
            case StripMetadata():
                self._outward.put(partial(self._deliver, without_metadata(event)))
            case MakeResponse():
                self._outward.put(deliver)
                # in a turn of its own: the session is in the middle of what this event is a part of
                self._timers.after(0, self.session.make_response)
            case FailResponse():
                self._outward.put(deliver)
                self._timers.after(0, self.session.end_response, _ending(fault))
            case Drop() | Close() | Abort() | Stall():
                self._end(self._outward, fault)

    def _end(self, lane: Lane, fault: Drop | Close | Abort | Stall) -> None:
        match fault:
            case Drop():
                pass
            case Close():
                lane.put(partial(self._wire.close, fault.code, fault.reason))
            case Abort():
                lane.put(self._wire.abort)
            case Stall():
                self._stalled = True

    def _deliver(self, event: ServerEvent) -> None:
        self._tally.events_sent[event_type(event)] += 1
        for payload in self._edge.said(event):
            self._wire.send(payload)

    def _error(self, fault: ReplaceWithError, event_id: str | None) -> None:
        self._direct.error(Refusal(fault.code, fault.message), event_id if fault.with_event_id else None)

    def _refuse_malformed(self, malformed: Malformed) -> None:
        self.session.refuse(Refusal(malformed.code, malformed.reason, malformed.param), malformed.event_id)


def _ending(fault: FailResponse) -> Ending:
    status = ResponseStatus(fault.status)
    match status:
        case ResponseStatus.FAILED:
            return Ending(status, code=fault.code)
        case ResponseStatus.INCOMPLETE:
            return Ending(status, "content_filter")
        case ResponseStatus.CANCELLED:
            return Ending(status, "client_cancelled")
        case ResponseStatus.COMPLETED:
            return Ending(status)
