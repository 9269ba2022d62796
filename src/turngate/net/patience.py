"""
Tries again to reach the upstream, where that may help.

Responsible for how often and how long: a few tries within a budget, at random distances, so that sessions that failed
together do not come back together; and for what the upstream asks for (``Retry-After``). It asks the circuit breaker,
which all sessions share, before each try, and tells it how each ended.

Must not know: sockets, what a failure looks like on the wire.

Comes from: the session's wish for an upstream. Goes to: a dialler of single tries, and to who asked.
"""

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from attrs import field, frozen
from attrs.validators import ge, gt
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

from turngate.net.breaker import Barred, CircuitBreaker, Pass
from turngate.net.bridge import log_fault
from turngate.proxy.log import EventLog
from turngate.proxy.ports import (
    ConnectionEvents,
    DialEvents,
    DialFailure,
    DialFault,
    IConnection,
    IDialler,
    IDialling,
    Outlook,
)

Uniform: TypeAlias = Callable[[float, float], float]
"""A random number between two."""


@frozen(kw_only=True)
class Patience:
    """How long a session tries to reach its upstream."""

    tries: int = field(default=3, validator=ge(1))
    budget_s: float = field(default=10.0, validator=gt(0))
    """No try begins later than this after the wish for an upstream."""
    total_s: float = field(default=15.0, validator=gt(0))
    """The last try ends with this."""
    least_pause_s: float = field(default=0.25, validator=gt(0))
    most_pause_s: float = field(default=5.0, validator=gt(0))
    """Between two tries; the upper end grows fourfold from the lower one with each try."""

    def pause_s(self, tries: int, uniform: Uniform) -> float:
        """How long to wait after so many tries."""
        highest_s = min(self.most_pause_s, self.least_pause_s * 4.0 ** min(tries, 32))
        return uniform(min(self.least_pause_s, highest_s), highest_s)


@implementer(IDialler)
class PatientDialler:
    """
    A dialler around one that tries once.

    Args:
        inner: Makes one try.
        breaker: Says whether the upstream is to be tried at all.
        patience: How often, and for how long.
        clock: For that.
        uniform: Where chance comes from.
        log: Has one line for each try that failed.
    """

    def __init__(
        self,
        *,
        inner: IDialler,
        breaker: CircuitBreaker,
        patience: Patience,
        clock: IReactorTime,
        uniform: Uniform,
        log: EventLog,
    ) -> None:
        self._inner = inner
        self._patience = patience
        self._clock = clock
        self._uniform = uniform
        self.breaker = breaker
        self._log = log

    def dial(self, model: str | None, events: DialEvents) -> IDialling:
        """Begin to connect; ``events`` is never called before this returns."""

        def try_once(events: DialEvents) -> IDialling:
            return self._inner.dial(model, events)

        return _Tries(try_once, events, self._patience, self.breaker, self._clock, self._uniform, self._log)

    def busy_s(self) -> float | None:
        """For how long it is of no use to come with a new session; ``None`` if it may be of use now."""
        return self.breaker.barred_s(self._patience.budget_s)


class _Stage(Enum):
    """Where a dialling stands."""

    WAITING = "between two tries"
    TRYING = "a try is under way"
    SETTLED = "dialled, failed or cancelled"


@implementer(IDialling)
class _Tries:
    """The tries of one session."""

    def __init__(
        self,
        try_once: Callable[[DialEvents], IDialling],
        events: DialEvents,
        patience: Patience,
        breaker: CircuitBreaker,
        clock: IReactorTime,
        uniform: Uniform,
        log: EventLog,
    ) -> None:
        self._try_once = try_once
        self._events = events
        self._patience = patience
        self._breaker = breaker
        self._clock = clock
        self._uniform = uniform
        self._log = log
        self._stage = _Stage.WAITING
        self._begun_s = clock.seconds()
        self._tries = 0
        self._leave: Pass
        self._dialling: IDialling
        self._pause: IDelayedCall = clock.callLater(0, self._ask)
        self._end: IDelayedCall = clock.callLater(patience.total_s, self._too_late)

    def cancel(self) -> None:
        """Give up; after the end it does nothing."""
        was = self._stage
        self._settle()
        if was is _Stage.TRYING:
            self._dialling.cancel()

    # --- called by the dialler of single tries ----------------------------------------------------------------------

    def dialled(self, connection: IConnection) -> ConnectionEvents:
        """A try succeeded."""
        self._settle()
        self._breaker.answered(self._leave)
        return self._events.dialled(connection)

    def dial_failed(self, failure: DialFailure) -> None:
        """A try failed."""
        self._stage = _Stage.WAITING
        self._report(failure)
        pause_s = self._pause_s(failure)
        if pause_s is None:
            self._fail(failure)
        else:
            self._pause = self._clock.callLater(pause_s, self._ask)

    # --- inside -----------------------------------------------------------------------------------------------------

    @property
    def _left_s(self) -> float:
        """What is left of the budget."""
        return self._begun_s + self._patience.budget_s - self._clock.seconds()

    def _ask(self) -> None:
        """Ask for leave to try; it may be given for a little later."""
        answer = self._breaker.ask(max(0.0, self._left_s))
        match answer:
            case Pass(_, 0.0):
                self._try(answer)
            case Pass(_, after_s):
                self._pause = self._clock.callLater(after_s, self._take_turn, answer)
            case Barred(retry_after_s):
                detail = "the upstream is not tried for now, after too many failures"
                self._fail(DialFailure(DialFault.CIRCUIT_OPEN, detail, retry_after_s=retry_after_s))

    def _take_turn(self, leave: Pass) -> None:
        if self._breaker.holds(leave):
            self._try(leave)
        else:
            self._ask()

    def _try(self, leave: Pass) -> None:
        self._leave = leave
        self._tries += 1
        self._stage = _Stage.TRYING
        self._dialling = self._try_once(self)

    def _pause_s(self, failure: DialFailure) -> float | None:
        """How long to wait for the next try; ``None`` if there is none."""
        if failure.outlook.is_hopeless or self._tries >= self._patience.tries:
            return None
        asked_s, left_s = failure.retry_after_s or 0.0, self._left_s
        pause_s = asked_s + self._patience.pause_s(self._tries, self._uniform)
        # what the upstream asks for has to fit; what we add to it may shrink
        if asked_s:
            return min(pause_s, left_s) if asked_s <= left_s else None
        return pause_s if pause_s <= left_s else None

    def _report(self, failure: DialFailure) -> None:
        """Tell the log, and the breaker: an upstream that refuses this session clearly is not down."""
        log = self._log.error if failure.outlook is Outlook.KEY_REFUSED else self._log.info
        event = "upstream.auth_refused" if failure.outlook is Outlook.KEY_REFUSED else "upstream.try_failed"
        fault = failure.fault.name.lower()
        log(event, number=self._tries, fault=fault, detail=failure.detail, status=failure.status, code=failure.code)
        match failure:
            case DialFailure(DialFault.KEY):
                pass
            case DialFailure(DialFault.REFUSED | DialFault.IN_BAND, outlook=Outlook.REFUSED | Outlook.KEY_REFUSED):
                self._breaker.answered(self._leave)
            case _:
                self._breaker.failed(self._leave)

    def _too_late(self) -> None:
        """The end of all patience."""
        was = self._stage
        failure = DialFailure(DialFault.TIME, f"the upstream was not reached within {self._patience.total_s:g} s")
        if was is _Stage.TRYING:
            self._dialling.cancel()
            self._report(failure)
        self._fail(failure)

    def _settle(self) -> None:
        self._stage = _Stage.SETTLED
        for timer in (self._pause, self._end):
            if timer.active():
                timer.cancel()

    def _fail(self, failure: DialFailure) -> None:
        self._settle()
        try:
            self._events.dial_failed(failure)
        except Exception as error:  # noqa: BLE001 - a guard: the fault is the listener's, and the tries are over anyway
            log_fault(error, "upstream")
