"""
The circuit breaker: whether the upstream is tried at all, judged by how all sessions have fared.

Responsible for leaving an upstream alone that fails everybody, for looking now and then whether it is back, and for
letting sessions return to it slowly.

Must not know: sessions, sockets, why a try failed.

Comes from: ``patience.py``, which asks before each try and reports after it. Goes to: the same, and to the listener,
which turns new clients away meanwhile.
"""

from collections import deque
from enum import Enum
from typing import Final, TypeAlias

from attrs import define, field, frozen
from attrs.validators import ge, gt, le
from twisted.internet.interfaces import IReactorTime

from turngate.proxy.log import EventLog

SLICES: Final = 10
"""Into how many parts the window is cut; the oldest is forgotten as a whole."""


@frozen(kw_only=True)
class BreakerLimits:
    """When the upstream counts as down, and how it is taken up again."""

    window_s: float = field(default=10.0, validator=gt(0))
    failures: int = field(default=5, validator=ge(1))
    """So many tries have to fail within the window, ..."""
    failing_share: float = field(default=0.5, validator=[gt(0), le(1)])
    """... and this share of all."""

    probe_s: float = field(default=5.0, validator=gt(0))
    """How often one try is let through while the upstream counts as down."""

    first_per_s: float = field(default=25.0, validator=gt(0))
    """How many tries a second begin when the upstream is back; the number doubles with each ``doubling_s``."""
    doubling_s: float = field(default=2.0, validator=gt(0))
    recovery_s: float = field(default=10.0, validator=gt(0))
    """After this time without another opening there is no such bound any more."""


class Circuit(Enum):
    """What becomes of a wish to connect."""

    CLOSED = "the upstream is tried"
    OPEN = "the upstream counts as down, and is probed"
    RECOVERING = "the upstream is back, and is tried at a growing pace"


@frozen
class Pass:
    """Leave to try, from ``after_s`` on; ``era`` says which times of the circuit it belongs to."""

    era: int
    after_s: float = 0.0


@frozen
class Barred:
    """The upstream is not to be tried; maybe after this time."""

    retry_after_s: float


Answer: TypeAlias = Pass | Barred


@define
class _Slice:
    """How tries ended within a part of the window."""

    since_s: float
    answered: int = 0
    failed: int = 0


class CircuitBreaker:
    """
    One for each upstream, shared by all who dial it.

    A try belongs to the era in which it began: what was begun before the circuit opened says nothing about the upstream
    of later.
    """

    def __init__(self, clock: IReactorTime, log: EventLog, limits: BreakerLimits | None = None) -> None:
        self._clock = clock
        self._log = log
        self._limits = limits or BreakerLimits()
        self._circuit = Circuit.CLOSED
        self._era = 0
        self._slices: deque[_Slice] = deque(maxlen=SLICES)
        self._next_probe_s = 0.0
        self._recovered_s = 0.0
        self._next_turn_s = 0.0

    @property
    def circuit(self) -> Circuit:
        """How things stand now."""
        if self._circuit is Circuit.RECOVERING and self._recovering_s >= self._limits.recovery_s:
            self._circuit = Circuit.CLOSED
        return self._circuit

    def ask(self, most_s: float) -> Answer:
        """Whether a try may begin now or within ``most_s``; a pass has to be used."""
        match self.circuit:
            case Circuit.CLOSED:
                return Pass(self._era)
            case Circuit.OPEN:
                return self._probe()
            case Circuit.RECOVERING:
                return self._turn(most_s)

    def holds(self, leave: Pass) -> bool:
        """Whether a pass that had to wait is still good."""
        return leave.era == self._era

    def barred_s(self, most_s: float) -> float | None:
        """For how long it is of no use to ask; ``None`` if it may be of use now."""
        match self.circuit:
            case Circuit.CLOSED:
                return None
            case Circuit.OPEN:
                wait_s = self._next_probe_s - self._clock.seconds()
                return wait_s if wait_s > 0 else None
            case Circuit.RECOVERING:
                wait_s = self._next_turn_s - self._clock.seconds()
                return wait_s if wait_s > most_s else None

    def answered(self, leave: Pass) -> None:
        """A try has ended with an upstream that serves, or that said clearly why it does not serve this one."""
        if leave.era != self._era:
            return
        if self.circuit is Circuit.OPEN:
            self._move(Circuit.RECOVERING)
            self._recovered_s = self._next_turn_s = self._clock.seconds()
            self._log.info("upstream.circuit_closed")
        else:
            self._slice().answered += 1

    def failed(self, leave: Pass) -> None:
        """A try has ended with an upstream that does not work."""
        if leave.era != self._era or self.circuit is Circuit.OPEN:
            return
        self._slice().failed += 1
        failed = sum(part.failed for part in self._slices)
        total = failed + sum(part.answered for part in self._slices)
        if failed >= self._limits.failures and failed >= self._limits.failing_share * total:
            self._move(Circuit.OPEN)
            self._next_probe_s = self._clock.seconds() + self._limits.probe_s
            self._log.error("upstream.circuit_open", failures=failed, tries=total)

    # --- inside -----------------------------------------------------------------------------------------------------

    @property
    def _recovering_s(self) -> float:
        return self._clock.seconds() - self._recovered_s

    def _move(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._era += 1
        self._slices.clear()

    def _probe(self) -> Answer:
        """One try in each interval, however it ends: one that nobody ends may not be waited for."""
        wait_s = self._next_probe_s - self._clock.seconds()
        if wait_s > 0:
            return Barred(wait_s)
        self._next_probe_s = self._clock.seconds() + self._limits.probe_s
        return Pass(self._era)

    def _turn(self, most_s: float) -> Answer:
        """Tries begin one after the other, at a pace that doubles again and again; a turn not taken is lost."""
        now_s = self._clock.seconds()
        due_s = max(now_s, self._next_turn_s)
        if due_s - now_s > most_s:
            return Barred(due_s - now_s)
        per_s = self._limits.first_per_s * 2 ** ((due_s - self._recovered_s) / self._limits.doubling_s)
        self._next_turn_s = due_s + 1 / per_s
        return Pass(self._era, due_s - now_s)

    def _slice(self) -> _Slice:
        """The part of the window that is now; those before the window are dropped."""
        now_s, width_s = self._clock.seconds(), self._limits.window_s / SLICES
        while self._slices and now_s - self._slices[0].since_s >= self._limits.window_s:
            self._slices.popleft()
        if not self._slices or now_s - self._slices[-1].since_s >= width_s:
            self._slices.append(_Slice(now_s))
        return self._slices[-1]
