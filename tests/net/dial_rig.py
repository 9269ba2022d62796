"""What the tests of dialling share: a dialler that the test makes succeed or fail, and a log that keeps its lines."""

import heapq
from collections.abc import Callable
from typing import Any

from attrs import Factory, define
from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from turngate.proxy.ports import (
    Closed,
    ConnectionEvents,
    DialEvents,
    DialFailure,
    DialFault,
    IConnection,
    IDialler,
    IDialling,
)

TCP = DialFailure(DialFault.TCP, "refused")


class QuickClock(Clock):
    """A clock for thousands of calls at once: Twisted's sorts all of them with each."""

    def __init__(self) -> None:
        super().__init__()
        self._heap: list[tuple[float, int, DelayedCall]] = []
        self._count = 0

    def callLater(self, delay: float, callable: Any, *args: object, **kw: object) -> DelayedCall:  # noqa: A002
        call = DelayedCall(self.rightNow + delay, callable, args, kw, lambda _call: None, lambda _call: None)
        self._count += 1
        heapq.heappush(self._heap, (call.getTime(), self._count, call))
        return call

    def run_until(self, end_s: float) -> None:
        """Make every call that is due by then, at its time."""
        while self._heap and self._heap[0][0] <= end_s:
            self.rightNow, _, call = heapq.heappop(self._heap)
            if call.active():
                call.called = 1
                call.func(*call.args, **call.kw)
        self.rightNow = end_s


class Kept:
    """A log that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def debug(self, event: str, **fields: Any) -> None:
        self.lines.append(("debug", event, fields))

    def info(self, event: str, **fields: Any) -> None:
        self.lines.append(("info", event, fields))

    def warn(self, event: str, **fields: Any) -> None:
        self.lines.append(("warn", event, fields))

    def error(self, event: str, **fields: Any) -> None:
        self.lines.append(("error", event, fields))

    def bound(self, **fields: Any) -> "Kept":
        return self

    def named(self, event: str) -> list[dict[str, Any]]:
        """The fields of all lines of an event."""
        return [fields for _level, name, fields in self.lines if name == event]


@implementer(IConnection)
@define(eq=False)
class Wire:
    """A connection that does nothing but be dropped."""

    peer: str = "tcp4:192.0.2.1:443"
    sent: list[bytes] = Factory(list)
    aborts: int = 0

    def send_text(self, payload: bytes) -> None:
        self.sent.append(payload)

    def send_binary(self, payload: bytes) -> None:
        self.sent.append(payload)

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self, code: int, reason: str) -> None:
        self.aborts += 1

    def abort(self) -> None:
        self.aborts += 1


@implementer(IDialling)
@define(eq=False)
class Try:
    """One try, which the test lets end."""

    events: DialEvents
    begun_s: float
    is_over: bool = False
    cancels: int = 0
    wire: Wire = Factory(Wire)
    ear: ConnectionEvents | None = None

    def cancel(self) -> None:
        self.cancels += 1
        self.is_over = True

    def succeed(self) -> Wire:
        """The connection is open."""
        assert not self.is_over
        self.is_over = True
        self.ear = self.events.dialled(self.wire)
        return self.wire

    def fail(self, failure: DialFailure = TCP) -> None:
        """There is none."""
        assert not self.is_over
        self.is_over = True
        self.events.dial_failed(failure)

    def says(self, payload: bytes) -> None:
        """A text message comes."""
        assert self.ear is not None
        self.ear.text_received(payload)

    def closes(self, code: int, reason: str = "") -> None:
        """The upstream closes."""
        assert self.ear is not None
        self.ear.closed(Closed(code, reason))


@implementer(IDialler)
class Trier:
    """A dialler of single tries in the test's hands; with ``outcome`` each ends by itself, after so many seconds."""

    def __init__(
        self, clock: IReactorTime, outcome: Callable[[float], tuple[float, DialFailure | None]] | None = None
    ) -> None:
        self.clock = clock
        self.tries: list[Try] = []
        self.models: list[str | None] = []
        self._outcome = outcome

    def dial(self, model: str | None, events: DialEvents) -> Try:
        attempt = Try(events, self.clock.seconds())
        self.tries.append(attempt)
        self.models.append(model)
        if self._outcome is not None:
            self.clock.callLater(*self._end(attempt, *self._outcome(attempt.begun_s)))
        return attempt

    @property
    def last(self) -> Try:
        return self.tries[-1]

    def _end(self, attempt: Try, after_s: float, failure: DialFailure | None) -> Any:
        def end() -> None:
            if not attempt.is_over:
                attempt.succeed() if failure is None else attempt.fail(failure)

        return after_s, end
