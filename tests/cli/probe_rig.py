"""What the tests of the probe share: a server in the same process, at virtual time, and trials played by hand."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from turngate.cli.probing.plan import Choices, probe
from turngate.cli.probing.words import Answer, Book, End, Event, Heard, Step, Topic, Trial
from turngate.protocols.realtime.dialects import GA, Dialect
from turngate.proxy.ports import (
    Closed,
    ConnectionEvents,
    DialEvents,
    DialFailure,
    DialFault,
    IConnection,
    IDialler,
    Upgrade,
)
from turngate.simulator import Script, Simulator
from turngate.simulator.session import Manner
from turngate.simulator.stage import Pace

AS_FAST_AS_CAN_BE = Pace(speed=0)
WITHOUT_SOUND = Choices(has_sound=False)


@implementer(IConnection)
class Half:
    """One half of a connection in memory; what is sent in one turn of the clock comes in the next, in order."""

    peer = "memory"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.other: Half
        self.events: ConnectionEvents
        self.is_open = True
        self._under_way: list[Callable[[], None]] = []

    def send_text(self, payload: bytes) -> None:
        self._later(lambda: self.other.events.text_received(payload))

    def send_binary(self, payload: bytes) -> None:
        self._later(lambda: self.other.events.binary_received(payload))

    def _later(self, arrive: Callable[[], None]) -> None:
        # one call for all of a turn: the clock sorts its calls each time
        if not self._under_way:
            self._clock.callLater(0, self._arrive)
        self._under_way.append(arrive)

    def _arrive(self) -> None:
        arriving, self._under_way = self._under_way, []
        for arrive in arriving:
            if self.is_open:
                arrive()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self, code: int, reason: str) -> None:
        self._later(lambda: self._end(Closed(code, reason)))

    def abort(self) -> None:
        self._later(lambda: self._end(Closed(1006)))

    def _end(self, how: Closed) -> None:
        for half in (self, self.other):
            if half.is_open:
                half.is_open = False
                half.events.closed(how)


Accept = Callable[[IConnection, Upgrade], ConnectionEvents]


@implementer(IDialler)
class MemoryDialler:
    """Connects to an acceptor in the same process; after ``lets_in`` connections to nobody."""

    def __init__(self, clock: Clock, accept: Accept, lets_in: int = 100) -> None:
        self._clock = clock
        self._accept = accept
        self._lets_in = lets_in
        self.dialled = 0

    def dial(self, model: str | None, events: DialEvents) -> Any:
        self._clock.callLater(0, self._open, events)

    def _open(self, events: DialEvents) -> None:
        self.dialled += 1
        if self.dialled > self._lets_in:
            detail = "the upstream answered the upgrade with HTTP 429"
            events.dial_failed(DialFailure(DialFault.REFUSED, detail, status=429))
            return
        here, there = Half(self._clock), Half(self._clock)
        here.other, there.other = there, here
        here.events = events.dialled(here)
        there.events = self._accept(there, Upgrade("/v1/realtime", "memory"))


def pump(clock: Clock, waiting: "Deferred[Any]", turns: int = 200_000) -> Any:
    """Let time pass, from one thing to do to the next, until something has fired."""
    outcome: list[Any] = []
    waiting.addBoth(outcome.append)
    for _ in range(turns):
        if outcome:
            break
        due = min(call.getTime() for call in clock.getDelayedCalls())
        clock.advance(max(0.0, due - clock.seconds()))
    assert outcome, "it goes on for ever"
    if hasattr(outcome[0], "raiseException"):
        outcome[0].raiseException()
    return outcome[0]


def probed(accept: Accept, clock: Clock, choices: Choices = WITHOUT_SOUND, **how: Any) -> Book:
    """What a probe finds of a server in this process."""
    book = Book(within_s=2.0)
    pump(clock, Deferred.fromCoroutine(probe(clock, {"": MemoryDialler(clock, accept, **how)}, book, choices)))
    return book


def simulated(*rules: Any, choices: Choices = WITHOUT_SOUND, dialect: Dialect = GA, **manner: Any) -> Book:
    """What a probe finds of the simulator, with a script of faults."""
    clock = Clock()
    simulator = Simulator(clock, manner=Manner(pace=AS_FAST_AS_CAN_BE, **manner), script=Script(rules), dialect=dialect)
    return probed(simulator.accept, clock, choices)


# --- trials by hand -------------------------------------------------------------------------------------------------


def said(kind: str, after_s: float = 0.0, **body: Any) -> Event:
    """One event of a server."""
    return Event(kind, {"type": kind, **body}, after_s)


def error(event_id: str | None = None, code: str | None = "some_code", **further: Any) -> Event:
    """An error."""
    return said("error", error={"type": "invalid_request_error", "code": code, "event_id": event_id, **further})


def play(trial: Trial, *answers: "Sequence[Event] | Heard | Callable[[Step], Iterable[Event]]") -> list[Step]:
    """
    Carry a trial out with a server's answers, one for each step; after them there is silence.

    An answer is cut where the step waits for no more, as on a real line.
    """
    steps, ahead = [], list(answers)
    heard: Heard | None = None
    while True:
        try:
            step = next(trial) if heard is None else trial.send(heard)
        except StopIteration:
            assert not ahead, "the trial took fewer steps than it was given answers"
            return steps
        steps.append(step)
        json.dumps(step.send)
        given = ahead.pop(0) if ahead else ()
        heard = given if isinstance(given, Heard) else until(step, given(step) if callable(given) else given)


def until(step: Step, events: Iterable[Event]) -> Heard:
    """What a step hears of what is said."""
    heard = []
    for event in events:
        heard.append(event)
        if step.until(event):
            return Heard(tuple(heard), End.MET)
    return Heard(tuple(heard), End.SILENCE)


def answers(book: Book, *topics: Topic) -> list[Answer]:
    """What was found about each."""
    assert all(topic in book.findings for topic in topics)
    return [book.answer(topic) for topic in topics]
