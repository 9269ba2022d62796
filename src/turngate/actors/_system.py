"""
Whose turn it is, and what has been counted.

Responsible for the ready queue, its budget, the counters, and the top of the tree of actors. Must not know: what a
turn does (``_cell.py``). Turns are asked for by cells; failures and dead letters go to the operator's callbacks.

The queue is drained in the reactor turn that filled it, by whoever tells from outside: no latency of a reactor turn
a hop, one deterministic order, and nobody can forget to deliver.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from twisted.internet.interfaces import IReactorTime

from turngate.actors._cell import Cell
from turngate.actors._context import Actor
from turngate.actors._mailbox import DEFAULT_MAILBOX, Mailbox
from turngate.actors._messages import ActorFailure, Counts, DeadLetter
from turngate.actors._ref import Ref, cell_of
from turngate.actors._supervision import WhenChildFails

M = TypeVar("M")
V = TypeVar("V")

DEFAULT_BUDGET: Final = 256
"""Turns a drain: a few milliseconds of a busy proxy, after which sockets have their turn."""


class Schedule:
    """The ready queue of one system, and its counters."""

    __slots__ = (
        "_budget", "_on_dead_letter", "_on_failure", "_resuming", "alive", "clock", "dead_letters", "discarded",
        "failures", "overflows", "ready", "running",
    )  # fmt: skip

    def __init__(
        self,
        clock: IReactorTime,
        budget: int,
        on_dead_letter: Callable[[DeadLetter], None] | None,
        on_failure: Callable[[ActorFailure], None] | None,
    ) -> None:
        if budget < 1:
            raise ValueError("a drain needs a budget of at least one turn")
        self._budget = budget
        self._on_dead_letter = on_dead_letter
        self._on_failure = on_failure
        self._resuming = False  # a call of ours is due at the clock
        self.clock = clock
        self.ready: deque[Cell[Any]] = deque()
        self.running = False
        self.alive = self.dead_letters = self.discarded = self.failures = self.overflows = 0

    def run(self) -> None:
        """Give turns, unless that is being done already, until all is quiet or the budget is spent."""
        if self.running:
            return
        self.running = True
        ready = self.ready
        left = self._budget
        try:
            while ready and left:
                left -= 1
                ready.popleft().turn()
        finally:
            self.running = False
            if ready and not self._resuming:
                self._resuming = True
                self.clock.callLater(0, self._resume)

    def _resume(self) -> None:
        self._resuming = False
        self.run()

    def count_dead_letter(self, to: str, message: object) -> None:
        """Count and report a message to an ended actor."""
        self.dead_letters += 1
        self._report(self._on_dead_letter, DeadLetter(to, type(message).__qualname__))

    def count_failure(self, failure: ActorFailure) -> None:
        """Count and report a failure."""
        self.failures += 1
        self._report(self._on_failure, failure)

    def _report(self, callback: Callable[[V], None] | None, value: V) -> None:
        if callback is not None:
            try:
                callback(value)
            except Exception:  # noqa: BLE001 - a report must not become a fault of whoever told or failed
                self.failures += 1


class ActorSystem:
    """
    A tree of actors on one clock, for the reactor's thread only.

    Args:
        clock: Timers, and the rest of a drain whose budget was spent, are scheduled here.
        budget: Turns that one drain may take.
        on_dead_letter: Called with every message to an ended actor.
        on_failure: Called with every failure. If either callback raises, that is counted as a failure.
    """

    def __init__(
        self,
        clock: IReactorTime,
        *,
        budget: int = DEFAULT_BUDGET,
        on_dead_letter: Callable[[DeadLetter], None] | None = None,
        on_failure: Callable[[ActorFailure], None] | None = None,
    ) -> None:
        self._schedule = Schedule(clock, budget, on_dead_letter, on_failure)
        self._top: dict[str, Cell[Any]] = {}

    def spawn(
        self,
        actor: Actor[M],
        name: str,
        *,
        mailbox: Mailbox = DEFAULT_MAILBOX,
        when_fails: WhenChildFails = WhenChildFails.STOP,
    ) -> Ref[M]:
        """
        Make an actor without a parent; a failure that it escalates stops it.

        Raises:
            ValueError: The name is empty, has a slash, or is that of another living actor without a parent.
        """
        ref = Cell(actor, name, None, self._top, mailbox, when_fails, self._schedule).ref
        self._schedule.run()
        return ref

    def stop(self, ref: Ref[Any]) -> None:
        """Stop an actor and all below it."""
        cell_of(ref).stop()
        self._schedule.run()

    def stop_all(self) -> None:
        """Stop every actor, the youngest first."""
        for cell in reversed(tuple(self._top.values())):
            cell.stop()
        self._schedule.run()

    def counts(self) -> Counts:
        """Return what has been counted so far."""
        counted = self._schedule
        return Counts(counted.alive, counted.dead_letters, counted.discarded, counted.failures, counted.overflows)
