"""
One connection of a probe, and the driving of trials over it.

Responsible for connecting, for the time and the bytes that a server may take, and for carrying a trial's steps out.

Must not know: what any event means.

Comes from: ``plan.py``. Goes to: ``net`` below, and the trials above, as what was heard.
"""

import json
from typing import Final

from attrs import define, evolve, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from turngate.cli.probing.words import BINARY, MAX_NAMED, NONSENSE, Book, End, Event, Heard, Step, Trial
from turngate.net.limits import MIB
from turngate.proxy.ports import Closed, DialFailure, IConnection, IDialler

MAX_BYTES: Final = 32 * MIB
MAX_EVENTS: Final = 20_000
"""What one connection may send: more than a minute of speech, which is more than a probe asks for."""
LONGEST_STEP: Final = 6
"""A step ends after so many times the longest silence, however much comes."""
NO_STATUS: Final = 1005


class NoConnectionError(Exception):
    """The server could not be connected to."""

    def __init__(self, failure: DialFailure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


@define
class _Wait:
    """A step that is under way."""

    step: Step
    done: "Deferred[Heard]"
    since_s: float
    events: list[Event] = field(factory=list)


class Line:
    """One open connection; it listens from the first byte on."""

    def __init__(self, clock: IReactorTime, connection: IConnection, within_s: float, book: Book) -> None:
        self._clock = clock
        self._connection = connection
        self._within_s = within_s
        self._book = book
        self._opened_s = clock.seconds()
        self._early: list[Event] = []
        self._wait: _Wait | None = None
        self._silence: IDelayedCall | None = None
        self._limit: IDelayedCall | None = None
        self._bytes = 0
        self._events = 0
        self._over: Heard | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more can be tried on it."""
        return self._over is not None

    def take(self, step: Step) -> "Deferred[Heard]":
        """Send what a step sends, and wait; what came since the step before it is heard first."""
        for message in step.send:
            self._connection.send_text(json.dumps(message).encode())
        if not step.waits:
            return succeed(Heard())
        wait = self._wait = _Wait(step, Deferred(), self._clock.seconds())
        self._silence = self._clock.callLater(self._within_s, self._end, End.SILENCE)
        self._limit = self._clock.callLater(LONGEST_STEP * self._within_s, self._end, End.SILENCE)
        early, self._early = self._early, []
        done = wait.done
        for at, event in enumerate(early):
            if self._wait is not wait:
                self._early = early[at:]
                break
            self._hear(event)
        if self._wait is wait and self._over is not None:
            self._end(self._over.end)
        return done

    def hang_up(self) -> None:
        """End the connection; nobody waits on it any more."""
        self._over = self._over or Heard(end=End.CLOSED)
        self._connection.close(1000, "")

    def text_received(self, payload: bytes) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        try:
            body = json.loads(payload)
        except (ValueError, RecursionError):
            body = None
        kind = body.get("type") if isinstance(body, dict) else None
        self._arrived(Event(kind, body) if isinstance(kind, str) else Event(NONSENSE), len(payload))

    def binary_received(self, payload: bytes) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        self._arrived(Event(BINARY), len(payload))

    def congested(self) -> None:
        """What a probe sends is little; the transport holds it."""

    def relieved(self) -> None:
        """See ``congested``."""

    def closed(self, how: Closed) -> None:
        """See :class:`turngate.proxy.ports.ConnectionEvents`."""
        if self._over is None:
            self._over = Heard(end=End.CLOSED, close_code=how.code or NO_STATUS)
        self._end(self._over.end)

    def _arrived(self, event: Event, length: int) -> None:
        if self._over is not None:
            return
        self._bytes += length
        self._events += 1
        if self._bytes > MAX_BYTES or self._events > MAX_EVENTS:
            self._over = Heard(end=End.FLOODED)
            self._connection.abort()
            self._end(End.FLOODED)
            return
        if len(self._book.kinds) < MAX_EVENTS:
            self._book.kinds.add(event.kind[: MAX_NAMED + 1])
        event = evolve(event, after_s=self._clock.seconds() - (self._wait.since_s if self._wait else self._opened_s))
        if self._wait is None:
            self._early.append(event)
        else:
            self._hear(event)

    def _hear(self, event: Event) -> None:
        wait = self._wait
        if wait is None:
            return
        wait.events.append(event)
        if self._silence is not None and self._silence.active():
            self._silence.reset(self._within_s)
        if wait.step.until(event):
            self._end(End.MET)

    def _end(self, end: End) -> None:
        wait, self._wait = self._wait, None
        for timer in (self._silence, self._limit):
            if timer is not None and timer.active():
                timer.cancel()
        if wait is not None:
            code = self._over.close_code if self._over is not None else None
            wait.done.callback(Heard(tuple(wait.events), end, code))


class _Opening:
    """Waits for a connection."""

    def __init__(self, clock: IReactorTime, book: Book) -> None:
        self.line: Deferred[Line] = Deferred()
        self._clock = clock
        self._book = book

    def dialled(self, connection: IConnection) -> Line:
        line = Line(self._clock, connection, self._book.within_s, self._book)
        # in a turn of its own: what the server says at once is heard first
        self._clock.callLater(0, self.line.callback, line)
        return line

    def dial_failed(self, failure: DialFailure) -> None:
        self.line.errback(NoConnectionError(failure))


def open_line(clock: IReactorTime, dialler: IDialler, book: Book) -> "Deferred[Line]":
    """Connect; fails with :class:`NoConnectionError`."""
    opening = _Opening(clock, book)
    dialler.dial(None, opening)
    return opening.line


async def drive(line: Line, trial: Trial) -> None:
    """Carry out a trial, to its end whatever happens to the connection."""
    heard: Heard | None = None
    while True:
        try:
            step = next(trial) if heard is None else trial.send(heard)
        except StopIteration:
            return
        heard = await line.take(step)
