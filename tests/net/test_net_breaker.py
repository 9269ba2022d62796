"""The circuit breaker, with a clock by hand."""

import pytest
from dial_rig import Kept
from twisted.internet.task import Clock

from turngate.net.breaker import Barred, BreakerLimits, Circuit, CircuitBreaker, Pass


class Power:
    """A breaker, and what happens at it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.log = Kept()
        self.breaker = CircuitBreaker(clock, self.log)

    def leave(self) -> Pass:
        answer = self.breaker.ask(0)
        assert isinstance(answer, Pass)
        return answer

    def fail(self, times: int = 1) -> None:
        for leave in [self.leave() for _ in range(times)]:
            self.breaker.failed(leave)

    def answer(self, times: int = 1) -> None:
        for leave in [self.leave() for _ in range(times)]:
            self.breaker.answered(leave)

    def open(self) -> None:
        self.fail(5)
        assert Circuit.OPEN is self.breaker.circuit


@pytest.fixture
def power(clock: Clock) -> Power:
    return Power(clock)


def test_opens_at_five_failures(power: Power) -> None:
    """Four say nothing yet; the operator is told when it happens."""
    power.fail(4)
    assert Circuit.CLOSED is power.breaker.circuit
    assert power.breaker.barred_s(10) is None
    power.fail()
    assert Circuit.OPEN is power.breaker.circuit
    assert [("error", "upstream.circuit_open", {"failures": 5, "tries": 5})] == power.log.lines


def test_stays_closed_while_most_succeed(power: Power) -> None:
    """Five failures of eleven are fewer than half; one more is half."""
    power.answer(6)
    power.fail(5)
    assert Circuit.CLOSED is power.breaker.circuit
    power.fail()
    assert Circuit.OPEN is power.breaker.circuit


def test_forgets_what_is_older_than_the_window(power: Power) -> None:
    """Five failures in a minute are no outage; nor do old successes hide one."""
    for _ in range(10):
        power.fail()
        power.clock.advance(3)
    assert Circuit.CLOSED is power.breaker.circuit
    power.answer(1000)
    power.clock.advance(10)
    power.fail(5)
    assert Circuit.OPEN is power.breaker.circuit


def test_keeps_a_bounded_memory(power: Power) -> None:
    """However many tries there are."""
    for _ in range(1000):
        power.answer(3)
        power.clock.advance(0.01)
    assert len(power.breaker._slices) <= 10


def test_open_lets_one_probe_through_every_five_seconds(power: Power) -> None:
    """The first five seconds after it opened; a probe that nobody ends is not waited for."""
    power.open()
    power.clock.advance(2)
    assert Barred(3.0) == power.breaker.ask(60)
    assert power.breaker.barred_s(60) == 3.0
    power.clock.advance(3)
    assert power.breaker.barred_s(60) is None
    assert isinstance(power.breaker.ask(0), Pass)
    assert Barred(5.0) == power.breaker.ask(60)
    power.clock.advance(5)
    assert isinstance(power.breaker.ask(0), Pass)


def test_failed_probe_leaves_it_open(power: Power) -> None:
    """And a probe's success closes it."""
    power.open()
    power.clock.advance(5)
    power.fail()
    assert Circuit.OPEN is power.breaker.circuit
    power.clock.advance(5)
    power.answer()
    assert Circuit.RECOVERING is power.breaker.circuit
    assert power.log.named("upstream.circuit_closed") == [{}]


def test_late_ends_of_tries_from_before_say_nothing(power: Power) -> None:
    """A connection that was slow to come is no sign that the upstream is back; a pass from before is not good now."""
    before = power.leave()
    power.open()
    power.breaker.answered(before)
    assert Circuit.OPEN is power.breaker.circuit
    assert not power.breaker.holds(before)
    power.clock.advance(5)
    power.answer()
    for _ in range(9):
        power.breaker.failed(before)
    assert Circuit.RECOVERING is power.breaker.circuit


def test_recovery_has_a_pace_that_grows(power: Power) -> None:
    """Tries begin one by one, twenty-five in the first second; a turn that nobody took is not made up for."""
    power.open()
    power.clock.advance(5)
    power.answer()
    power.clock.advance(2)
    turns = []
    while isinstance(answer := power.breaker.ask(3), Pass):
        assert power.breaker.holds(answer)
        turns.append(answer.after_s)
    assert isinstance(answer, Barred)
    assert power.breaker.barred_s(3) == pytest.approx(answer.retry_after_s)
    assert power.breaker.barred_s(60) is None
    assert sum(turn <= 0.02 for turn in turns) == 2
    assert 50 <= sum(turn < 1 for turn in turns) < 75
    assert 100 < sum(2 <= turn < 3 for turn in turns) < 150


def test_recovery_ends(power: Power) -> None:
    """After ten seconds everything is as before, and it may open again meanwhile."""
    power.open()
    power.clock.advance(5)
    power.answer()
    power.clock.advance(9.9)
    assert Circuit.RECOVERING is power.breaker.circuit
    power.clock.advance(0.1)
    assert Circuit.CLOSED is power.breaker.circuit
    assert [Pass(2, 0.0)] * 100 == [power.breaker.ask(0) for _ in range(100)]
    power.open()


def test_recovery_that_fails_opens_again(power: Power) -> None:
    """The upstream was not back after all."""
    power.open()
    power.clock.advance(5)
    power.answer()
    for _ in range(5):
        power.fail()
        power.clock.advance(0.5)
    assert Circuit.OPEN is power.breaker.circuit


@pytest.mark.parametrize("wrong", [{"window_s": 0}, {"failures": 0}, {"failing_share": 0}, {"failing_share": 1.1}])
def test_limits_cannot_be_switched_off(wrong: dict[str, float]) -> None:
    """A breaker that never opens, or always, is none."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BreakerLimits(**wrong)  # type: ignore[arg-type]
