"""
For tests of actors: a system that is strict at its end, and probes that stand for the actors around the tested one.

Responsible for nothing at run time. Everything here runs the real kernel; only time is not real::

    def test_greeter_when_asked_answers() -> None:
        with TestSystem(Clock()) as system:
            client = system.probe("client")
            greeter = system.spawn(Greeter(), "greeter")
            greeter.tell(Greet(reply_to=client.ref))
            client.expect(Greeting("hello"))
            system.stop(greeter)
"""

from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar, overload

from twisted.internet.task import Clock

from turngate.actors._context import Actor, Context
from turngate.actors._messages import ActorFailure, DeadLetter
from turngate.actors._ref import Ref
from turngate.actors._system import DEFAULT_BUDGET, ActorSystem

T = TypeVar("T")


def _check(holds: object, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


class Probe(Actor[Any]):
    """An actor that keeps what it is told in ``received``, oldest first; made by :meth:`TestSystem.probe`."""

    ref: Ref[Any]

    def __init__(self) -> None:
        self.received: list[Any] = []

    def on_start(self, context: Context[Any]) -> None:
        """Keep what is needed for watching."""
        self._context = context
        self.ref = context.self_ref

    def receive(self, _context: Context[Any], message: object) -> None:
        """Keep the message."""
        self.received.append(message)

    def watch(self, ref: Ref[Any]) -> None:
        """Receive the other's :class:`Ended`."""
        self._context.watch(ref, lambda ended: ended)

    @overload
    def expect(self, wanted: type[T]) -> T: ...
    @overload
    def expect(self, wanted: T) -> T: ...
    def expect(self, wanted: object) -> object:
        """Remove the oldest message and return it; it must be equal to ``wanted``, or of that type."""
        _check(self.received, f"expected {wanted!r}, and nothing was received")
        message = self.received.pop(0)
        matches = isinstance(message, wanted) if isinstance(wanted, type) else message == wanted
        _check(matches, f"expected {wanted!r}, received {message!r}")
        return message

    def expect_nothing(self) -> None:
        """Nothing must have been received since."""
        _check(not self.received, f"expected nothing, received {self.received!r}")


class TestSystem(ActorSystem):
    """
    An actor system that asserts, when its ``with`` block ends well, that it is left clean.

    That is: no dead letters and no failures but those that the test has taken; no actor alive but probes, unless
    ``may_live``; nothing left on the clock. Whoever expects otherwise empties ``dead_letters`` and ``failures`` first,
    best by :meth:`take_dead_letters` and :meth:`take_failures`.
    """

    __test__: ClassVar = False  # not for pytest to collect

    def __init__(self, clock: Clock, *, budget: int = DEFAULT_BUDGET, may_live: bool = False) -> None:
        self.dead_letters: list[DeadLetter] = []
        self.failures: list[ActorFailure] = []
        self._clock = clock
        self._may_live = may_live
        self._probes: list[Probe] = []
        super().__init__(clock, budget=budget, on_dead_letter=self.dead_letters.append, on_failure=self.failures.append)

    def probe(self, name: str) -> Probe:
        """Make a probe; it must not be asked for inside an actor."""
        probe = Probe()
        self.spawn(probe, name)
        self._probes.append(probe)
        return probe

    def take_failures(self) -> list[ActorFailure]:
        """Return the failures so far, which were expected."""
        taken, self.failures[:] = self.failures.copy(), []
        return taken

    def take_dead_letters(self) -> list[DeadLetter]:
        """Return the dead letters so far, which were expected."""
        taken, self.dead_letters[:] = self.dead_letters.copy(), []
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        self._clock.advance(0)
        for probe in self._probes:
            self.stop(probe.ref)
        self._clock.advance(0)
        alive = self.counts().alive
        _check(not self.failures, f"failures: {self.failures}")
        _check(not self.dead_letters, f"dead letters: {self.dead_letters}")
        _check(self._may_live or not alive, f"{alive} actors are still alive")
        left = self._clock.getDelayedCalls()
        _check(self._may_live or not left, f"left on the clock: {left}")
