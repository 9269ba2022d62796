"""
Connections in memory between the real proxy and the real simulator, and what goes wrong with them.

Every frame takes :data:`LATENCY_S` and comes in a turn of its own of the one clock, in order. A :class:`Trunk` makes
the links of one session and counts the frames of all of them, so that a fault can be put at any.
"""

import base64
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from typing import Any

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from turngate.net import Limits
from turngate.proxy.ports import Closed, ConnectionEvents, DialEvents, IConnection, IDialler, IDialling, Upgrade
from turngate.simulator import Simulator
from turngate.simulator.session import Session

LATENCY_S = 0.005
CLOSE_HANDSHAKE_S = 3.0
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
ABNORMAL, TOO_LARGE = 1006, 1009
UPGRADE = Upgrade("/v1/realtime", "memory", {})


class Side(Enum):
    """Whose frames are counted."""

    SERVER = "server"
    CLIENT = "client"


class Fault(Enum):
    """What befalls a link at a frame; all but the errors take the frame with them."""

    CLOSE = "closed with 1011"
    RESET = "dropped"
    STALL = "stalled, with its pings answered"
    HOLE = "stalled, so that pings find it out"
    ERROR = "an error without event_id before it"
    ERROR_NAMED = "an error with the event_id of the latest request before it"
    EXPIRED = "session_expired, then closed with 1001"


@frozen
class At:
    """A fault, and the frame that meets it, counted from 0 in those that one side sends over all links of a session."""

    index: int
    fault: Fault
    side: Side = Side.SERVER


class Text(bytes):
    """A frame that is a text message."""


class Binary(bytes):
    """A frame that is a binary message."""


Mangle = Callable[[int, bytes], Iterable[bytes]]
"""What comes in the place of a frame, by its index."""


def error_event(code: str, event_id: str | None) -> Text:
    """An ``error`` that the simulator has not sent."""
    error = {"type": "server_error", "code": code, "message": "It failed.", "param": None, "event_id": event_id}
    return Text(json.dumps({"type": "error", "event_id": f"event_injected_{code}", "error": error}).encode())


class Lane:
    """One direction of a link."""

    def __init__(self, clock: IReactorTime, deliver: Callable[[bytes], None]) -> None:
        self._clock = clock
        self._deliver = deliver
        self._waiting: deque[tuple[float, bytes | Callable[[], None]]] = deque()
        """With the time at which each is due."""
        self._next_call: Any = None
        self._paused = False

    def put(self, what: bytes | Callable[[], None]) -> None:
        """Deliver a frame, or make a call, after all that was put before."""
        self._waiting.append((self._clock.seconds() + LATENCY_S, what))
        self._go_on()

    def pause(self) -> None:
        """Hold back what comes."""
        self._paused = True

    def resume(self) -> None:
        """Deliver what was held back."""
        self._paused = False
        self._go_on()

    def stop(self) -> None:
        """Deliver nothing more."""
        self._waiting.clear()

    def _go_on(self) -> None:
        if self._waiting and self._next_call is None:
            wait_s = max(0.0, self._waiting[0][0] - self._clock.seconds())
            self._next_call = self._clock.callLater(wait_s, self._next)

    def _next(self) -> None:
        self._next_call = None
        if not self._waiting or self._paused:
            return
        _, first = self._waiting.popleft()
        if isinstance(first, bytes):
            self._deliver(first)
        else:
            first()
        self._go_on()


@implementer(IConnection)
class End:
    """One end of a link, as its owner sees it."""

    peer = "memory"

    def __init__(self, link: "Link", side: Side) -> None:
        self._link = link
        self._side = side

    def send_text(self, payload: bytes) -> None:
        self._link.send(self._side, Text(payload))

    def send_binary(self, payload: bytes) -> None:
        self._link.send(self._side, Binary(payload))

    def pause_reading(self) -> None:
        self._link.lane_to(self._side).pause()

    def resume_reading(self) -> None:
        self._link.lane_to(self._side).resume()

    def close(self, code: int, reason: str) -> None:
        self._link.close(self._side, code, reason)

    def abort(self) -> None:
        self._link.drop(by=self._side)


class Hearing:
    """
    Stands for ``Manner.heard``: which words the server hears in a turn, by the sound that was appended since the last.

    The words are those of every utterance of which a piece from its middle is in it.
    """

    def __init__(self, vocabulary: Mapping[str, bytes]) -> None:
        self._vocabulary = vocabulary
        self._pcm = bytearray()

    def listen(self, frame: bytes) -> None:
        """Take a frame of the proxy."""
        if b'"input_audio_buffer.append"' in frame:
            self._pcm += base64.b64decode(json.loads(frame)["audio"])

    def __getitem__(self, _turn: slice) -> tuple[str, ...]:
        pcm, self._pcm = self._pcm, bytearray()
        heard = [words for words, sound in self._vocabulary.items() if middle(sound) in pcm]
        return (" ".join(heard),) if heard else ()


def middle(sound: bytes) -> bytes:
    """A piece of a sound, by which it is known again."""
    at = len(sound) // 4 * 2
    return sound[at : at + 100]


class Link:
    """One connection between the proxy (the client of it) and the simulator (the server)."""

    def __init__(self, trunk: "Trunk", clock: IReactorTime, hearing: "Hearing") -> None:
        self.hearing = hearing
        self._trunk = trunk
        self._clock = clock
        self._lanes = {
            Side.CLIENT: Lane(clock, partial(self._deliver, Side.CLIENT)),
            Side.SERVER: Lane(clock, partial(self._deliver, Side.SERVER)),
        }
        self.ends = {side: End(self, side) for side in Side}
        self.events: dict[Side, ConnectionEvents] = {}
        self._closing = False
        self._pings: Any = None
        self.is_open = True
        self.is_stalled = False

    def lane_to(self, side: Side) -> Lane:
        """What the side reads from."""
        return self._lanes[Side.SERVER if side is Side.CLIENT else Side.CLIENT]

    def send(self, side: Side, frame: bytes) -> None:
        """A side has sent a frame."""
        if self.is_open and not self._closing:
            self._lanes[side].put(frame)

    def close(self, side: Side, code: int, reason: str) -> None:
        """A side has sent a close frame, which the other answers unless nothing reaches it."""
        if not self.is_open or self._closing:
            return
        self._closing = True
        other = Side.SERVER if side is Side.CLIENT else Side.CLIENT

        def over() -> None:
            self._end({other: Closed(code, reason), side: Closed(code, reason, by_us=True)})

        if self.is_stalled:
            self._clock.callLater(CLOSE_HANDSHAKE_S, partial(self.drop, by=side))
        else:
            self._lanes[side].put(over)

    def drop(self, by: Side | None = None, code: int = ABNORMAL) -> None:
        """The connection is gone without a goodbye; ``by`` had it dropped."""
        self._end({side: Closed(code if side is Side.CLIENT else ABNORMAL, "", by_us=side is by) for side in Side})

    def lose_pings(self) -> None:
        """The proxy finds out that nothing passes, as late as may be."""
        limits = Limits()
        self._pings = self._clock.callLater(limits.ping_interval_s + limits.ping_timeout_s, self.drop)

    def _end(self, how: Mapping[Side, Closed]) -> None:
        if not self.is_open:
            return
        self.is_open = False
        if self._pings is not None and self._pings.active():
            self._pings.cancel()
        for side in Side:
            self._lanes[side].stop()
        for side, closed in how.items():
            # in a turn of its own: whoever aborts is not told from inside
            self._clock.callLater(0, self.events[side].closed, closed)

    def _deliver(self, sender: Side, frame: bytes) -> None:
        """A frame has come to the other side, unless a fault meets it."""
        if not self.is_stalled:
            for what in self._trunk.meets(self, sender, frame):
                self.hand_over(sender, what)

    def hand_over(self, sender: Side, frame: bytes) -> None:
        """The other side reads a frame."""
        if not self.is_open:
            return
        receiver = Side.SERVER if sender is Side.CLIENT else Side.CLIENT
        if receiver is Side.SERVER:
            self.hearing.listen(frame)
        if len(frame) > MAX_MESSAGE_BYTES:
            self.drop(by=receiver, code=TOO_LARGE)
        elif isinstance(frame, Binary):
            self.events[receiver].binary_received(bytes(frame))
        else:
            self.events[receiver].text_received(bytes(frame))


@implementer(IDialling)
class Dialling:
    """An attempt to connect, which succeeds after a while."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def cancel(self) -> None:
        if self._call.active():
            self._call.cancel()


@implementer(IDialler)
class Trunk:
    """The links of one session; the dialler that the proxy is given."""

    def __init__(
        self,
        clock: IReactorTime,
        simulator: Simulator,
        hearing: Callable[[], "Hearing"],
        faults: Iterable[At] = (),
        mangle: Mangle | None = None,
        record: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._record = record
        self._clock = clock
        self._simulator = simulator
        self._hearing = hearing
        self._faults = {(at.side, at.index): at.fault for at in faults}
        self._mangle = mangle
        self.links: list[Link] = []
        self.sessions: list[Session] = []
        """The simulated sessions, as the server knows them, the latest last."""
        self.counts = {Side.SERVER: 0, Side.CLIENT: 0}
        self.sent: list[bytes] = []
        """What the server sent, as it was before any fault."""
        self.asked: list[bytes] = []
        """What the proxy sent."""
        self.happened: list[Fault] = []

    def dial(self, model: str | None, events: DialEvents) -> Dialling:
        return Dialling(self._clock.callLater(LATENCY_S, self._connect, events))

    def _connect(self, events: DialEvents) -> None:
        link = Link(self, self._clock, self._hearing())
        self.links.append(link)
        link.events[Side.CLIENT] = events.dialled(link.ends[Side.CLIENT])
        self._simulator.manner = evolve(self._simulator.manner, heard=link.hearing)
        link.events[Side.SERVER] = line = self._simulator.accept(link.ends[Side.SERVER], UPGRADE)
        self.sessions.append(line._unruly.session)

    def meets(self, link: Link, sender: Side, frame: bytes) -> Iterable[bytes]:
        """What comes to the other side in the place of a frame."""
        index = self.counts[sender]
        self.counts[sender] += 1
        (self.sent if sender is Side.SERVER else self.asked).append(frame)
        self._record(f"{'v' if sender is Side.SERVER else '^'} {kind_of(frame)}")
        fault = self._faults.get((sender, index))
        if fault is not None:
            self.happened.append(fault)
            return self._befall(link, frame, fault)
        if self._mangle is not None and sender is Side.SERVER:
            return self._mangle(index, frame)
        return (frame,)

    def _befall(self, link: Link, frame: bytes, fault: Fault) -> Iterable[bytes]:
        match fault:
            case Fault.CLOSE:
                link.drop(code=1011)
            case Fault.RESET:
                link.drop()
            case Fault.STALL:
                link.is_stalled = True
            case Fault.HOLE:
                link.is_stalled = True
                link.lose_pings()
            case Fault.EXPIRED:
                link.hand_over(Side.SERVER, error_event("session_expired", None))
                link.drop(code=1001)
            case Fault.ERROR:
                return error_event("server_error", None), frame
            case Fault.ERROR_NAMED:
                return error_event("server_error", self._latest_id()), frame
        return ()

    def _latest_id(self) -> str | None:
        ids = (json.loads(frame).get("event_id") for frame in reversed(self.asked))
        return next((event_id for event_id in ids if event_id), None)


_TYPE = re.compile(rb'"type": ?"([a-z_.]+)"')


def kind_of(frame: bytes) -> str:
    """The ``type`` of a frame of the proxy or of the simulator, which both put it first."""
    found = _TYPE.search(frame, 0, 100)
    assert found is not None, frame[:60]
    return found.group(1).decode()
