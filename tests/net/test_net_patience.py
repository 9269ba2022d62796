"""Trying again, with a clock and dice by hand; and two thousand sessions at one upstream."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from dial_rig import TCP, Kept, QuickClock, Trier
from hypothesis import given
from hypothesis import strategies as st
from net_rig import Dialled
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from turngate.net.breaker import Circuit, CircuitBreaker
from turngate.net.patience import Patience, PatientDialler
from turngate.proxy.ports import DialFailure, DialFault, IDialler, IDialling, Outlook


def http(status: int, outlook: Outlook = Outlook.BETTER, retry_after_s: float | None = None) -> DialFailure:
    return DialFailure(DialFault.REFUSED, "no", outlook, status, retry_after_s)


HOPELESS = [
    http(401, Outlook.KEY_REFUSED),
    http(403, Outlook.KEY_REFUSED),
    http(404, Outlook.REFUSED),
    DialFailure(DialFault.TLS, "another name", Outlook.REFUSED),
    DialFailure(DialFault.KEY, "no key", Outlook.REFUSED),
    DialFailure(DialFault.IN_BAND, "no", Outlook.SPENT),
]
WORTH_IT = [
    TCP,
    DialFailure(DialFault.NAME, "no address"),
    DialFailure(DialFault.TLS, "handshake"),
    DialFailure(DialFault.UPGRADE, "closed"),
    DialFailure(DialFault.IN_BAND, "closed"),
    DialFailure(DialFault.TIME, "slow"),
    http(500),
    http(429, Outlook.BUSY),
]


class Desk:
    """One session that wants an upstream."""

    def __init__(self, clock: Clock, patience: Patience | None = None, uniform: Callable[..., float] = max) -> None:
        self.clock = clock
        self.log = Kept()
        self.trier = Trier(clock)
        self.breaker = CircuitBreaker(clock, self.log)
        self.dialler = PatientDialler(
            inner=self.trier,
            breaker=self.breaker,
            patience=patience or Patience(),
            clock=clock,
            uniform=uniform,
            log=self.log,
        )
        self.dialled = Dialled()

    def dial(self) -> IDialling:
        dialling = self.dialler.dial("m", self.dialled)
        self.clock.advance(0)
        return dialling

    def trip(self) -> None:
        """The others' failures open the circuit."""
        leave = self.breaker.ask(60)
        for _ in range(5):
            self.breaker.failed(leave)  # type: ignore[arg-type]
        assert Circuit.OPEN is self.breaker.circuit


def test_first_try_that_succeeds_is_the_only_one(clock: Clock) -> None:
    """One try, with the model asked for, and nothing on the clock."""
    desk = Desk(clock)
    assert verifyObject(IDialler, desk.dialler)
    dialling = desk.dialler.dial("m", desk.dialled)
    assert verifyObject(IDialling, dialling)
    assert desk.trier.tries == []
    clock.advance(0)
    wire = desk.trier.last.succeed()
    assert desk.dialled.connections == [wire]
    assert desk.trier.models == ["m"]
    dialling.cancel()
    assert (wire.aborts, desk.trier.last.cancels) == (0, 0)


@pytest.mark.parametrize("failure", WORTH_IT, ids=lambda failure: failure.fault.name)
def test_failure_that_may_pass_is_tried_three_times(clock: Clock, failure: DialFailure) -> None:
    """With pauses whose upper ends are one and four seconds; the last failure is told, each is logged by its kind."""
    desk = Desk(clock)
    desk.dial()
    desk.trier.last.fail(failure)
    clock.advance(0.99)
    assert len(desk.trier.tries) == 1
    clock.advance(0.01)
    desk.trier.last.fail(failure)
    clock.advance(4)
    assert desk.dialled.failures == []
    desk.trier.last.fail(failure)
    assert [0.0, 1.0, 5.0] == [attempt.begun_s for attempt in desk.trier.tries]
    assert desk.dialled.failures == [failure]
    lines = desk.log.named("upstream.try_failed")
    assert [(1, failure.fault.name.lower()), (2, failure.fault.name.lower()), (3, failure.fault.name.lower())] == [
        (line["number"], line["fault"]) for line in lines
    ]


@pytest.mark.parametrize("failure", HOPELESS, ids=lambda failure: f"{failure.fault.name}-{failure.status}")
def test_failure_that_will_not_pass_is_told_at_once(clock: Clock, failure: DialFailure) -> None:
    """Nobody waits for a key to become right; a key that was refused is an alarm."""
    desk = Desk(clock)
    desk.dial()
    desk.trier.last.fail(failure)
    assert desk.dialled.failures == [failure]
    ((level, event, _),) = desk.log.lines
    alarm = failure.outlook is Outlook.KEY_REFUSED
    assert (("error", "upstream.auth_refused") if alarm else ("info", "upstream.try_failed")) == (level, event)


def test_no_try_begins_after_the_budget(clock: Clock) -> None:
    """Two tries that took five seconds each leave no time for a third."""
    desk = Desk(clock)
    desk.dial()
    clock.advance(5)
    desk.trier.last.fail()
    clock.advance(1)
    clock.advance(4.5)
    desk.trier.last.fail()
    assert len(desk.trier.tries) == 2
    assert desk.dialled.failures == [TCP]


def test_last_try_ends_with_the_total(clock: Clock) -> None:
    """However long a try may take by itself."""
    desk = Desk(clock)
    desk.dial()
    clock.advance(14.9)
    assert desk.dialled.failures == []
    clock.advance(0.1)
    assert desk.dialled.failures == [DialFailure(DialFault.TIME, "the upstream was not reached within 15 s")]
    assert desk.trier.last.cancels == 1


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0.0, 1.0), (3.0, 4.0), (9.5, 10.0), (10.0, 10.0), (10.1, None)])
def test_retry_after_is_honoured_within_the_budget(clock: Clock, asked_s: float, waits_s: float | None) -> None:
    """And some chance is added to it, for everybody was told the same; what does not fit is a failure at once."""
    desk = Desk(clock)
    desk.dial()
    failure = http(429, Outlook.BUSY, asked_s)
    desk.trier.last.fail(failure)
    if waits_s is None:
        assert desk.dialled.failures == [failure]
        return
    clock.advance(waits_s - 0.01)
    assert len(desk.trier.tries) == 1
    clock.advance(0.01)
    desk.trier.last.succeed()
    assert len(desk.dialled.connections) == 1


def test_open_circuit_fails_at_once(clock: Clock) -> None:
    """Nothing is tried, and how long it lasts is told; an hour later it is tried."""
    desk = Desk(clock)
    desk.trip()
    desk.dial()
    detail = "the upstream is not tried for now, after too many failures"
    assert [DialFailure(DialFault.CIRCUIT_OPEN, detail, retry_after_s=5.0)] == desk.dialled.failures
    assert desk.trier.tries == []
    assert desk.dialler.busy_s() == 5.0
    clock.advance(5)
    assert desk.dialler.busy_s() is None
    desk.dial()
    desk.trier.last.succeed()
    assert Circuit.RECOVERING is desk.breaker.circuit


def test_circuit_that_opens_between_two_tries_ends_them(clock: Clock) -> None:
    """Whoever waits for the next try learns with it that there is none."""
    desk = Desk(clock)
    desk.dial()
    desk.trier.last.fail()
    desk.trip()
    clock.advance(1)
    assert [DialFault.CIRCUIT_OPEN] == [failure.fault for failure in desk.dialled.failures]


def test_turn_that_was_given_before_the_circuit_opened_is_not_taken(clock: Clock) -> None:
    """A pass for later is looked at again when its time has come."""
    desk = Desk(clock)
    desk.trip()
    clock.advance(5)
    desk.dial()
    desk.trier.last.succeed()
    for _ in range(2):
        desk.dial()
    assert len(desk.trier.tries) == 2
    desk.trip()
    clock.advance(1)
    assert len(desk.trier.tries) == 2
    assert [DialFault.CIRCUIT_OPEN] == [failure.fault for failure in desk.dialled.failures]
    desk.trier.last.succeed()


@pytest.mark.parametrize("failure", [HOPELESS[0], HOPELESS[1], HOPELESS[2], HOPELESS[4]])
def test_refusal_of_this_session_does_not_open_the_circuit(clock: Clock, failure: DialFailure) -> None:
    """An upstream that says no is there; other sessions may have other models, and the key may be changed."""
    desk = Desk(clock)
    for _ in range(20):
        desk.dial()
        desk.trier.last.fail(failure)
    assert Circuit.CLOSED is desk.breaker.circuit


@pytest.mark.parametrize("failure", [*WORTH_IT, HOPELESS[3], HOPELESS[5]], ids=lambda failure: failure.fault.name)
def test_failures_of_other_kinds_open_the_circuit(clock: Clock, failure: DialFailure) -> None:
    """In-band and HTTP alike."""
    desk = Desk(clock, Patience(tries=1))
    for _ in range(5):
        desk.dial()
        desk.trier.last.fail(failure)
    assert Circuit.OPEN is desk.breaker.circuit


@pytest.mark.parametrize("stage", ["before", "trying", "pausing", "trying again"])
def test_cancel_leaves_nothing(clock: Clock, stage: str) -> None:
    """At any point, and a second time; it says nothing about the upstream."""
    desk = Desk(clock)
    dialling = desk.dialler.dial(None, desk.dialled)
    if stage != "before":
        clock.advance(0)
    if stage in ("pausing", "trying again"):
        desk.trier.last.fail()
    if stage == "trying again":
        clock.advance(1)
    dialling.cancel()
    dialling.cancel()
    clock.advance(60)
    assert (desk.dialled.connections, desk.dialled.failures) == ([], [])
    assert (1 if stage.startswith("trying") else 0) == sum(attempt.cancels for attempt in desk.trier.tries)


def test_fault_of_who_asked_is_logged(clock: Clock, logged: list[str]) -> None:
    """A listener that fails on a failure costs nothing more."""

    def fail() -> None:
        raise KeyError("canary")

    desk = Desk(clock)
    desk.dialled = Dialled(notify=fail)
    desk.dial()
    desk.trier.last.fail(HOPELESS[0])
    assert "KeyError" in logged[0]
    assert "canary" not in logged.pop()


outcomes = st.tuples(st.floats(0, 6), st.sampled_from([None, *WORTH_IT, *HOPELESS, http(429, Outlook.BUSY, 2.0)]))
patiences = st.builds(
    Patience,
    tries=st.integers(1, 6),
    budget_s=st.floats(0.1, 12),
    total_s=st.floats(0.1, 20),
    least_pause_s=st.floats(0.01, 2),
    most_pause_s=st.floats(0.01, 8),
)


@given(st.lists(outcomes, min_size=6, max_size=6), patiences, st.integers(), st.none() | st.floats(0, 20))
def test_tries_keep_their_promises(
    ends: list[tuple[float, DialFailure | None]], patience: Patience, seed: int, cancelled_at_s: float | None
) -> None:
    """Whatever happens: no more tries and no more time than allowed, one answer or none after a cancel, no leftover."""
    clock = Clock()
    desk = Desk(clock, patience, Random(seed).uniform)
    upcoming = iter(ends)
    desk.trier = desk.dialler._inner = Trier(clock, lambda _now: next(upcoming))  # type: ignore[assignment]
    answered: list[float] = []
    desk.dialled = Dialled(notify=lambda: answered.append(clock.seconds()))
    dialling = desk.dialler.dial(None, desk.dialled)
    if cancelled_at_s is not None:
        clock.callLater(cancelled_at_s, dialling.cancel)
    while calls := clock.getDelayedCalls():
        clock.advance(max(0.0, min(call.getTime() for call in calls) - clock.seconds()))
    answers = len(desk.dialled.connections) + len(desk.dialled.failures)
    assert len(answered) == answers <= 1
    assert cancelled_at_s is not None or answers == 1
    assert len(desk.trier.tries) <= patience.tries
    assert all(attempt.begun_s <= patience.budget_s + 1e-6 for attempt in desk.trier.tries)
    assert all(attempt.is_over for attempt in desk.trier.tries)
    assert all(second <= patience.total_s + 1e-6 for second in answered)
    before_the_last = [failure for _after, failure in ends[: max(0, len(desk.trier.tries) - 1)]]
    assert not any(failure is None or failure.outlook.is_hopeless for failure in before_the_last)


# --- two thousand sessions ------------------------------------------------------------------------------------------


def test_two_thousand_sessions_through_an_outage() -> None:
    """
    All of them come back again and again while the upstream is away, as impatient clients do.

    Until the circuit opens some tries are lost; then one in five seconds is made, and when the upstream is back they
    return at a pace that it can follow, and none is left out.
    """
    clock, dice, log = QuickClock(), Random(4), Kept()
    down_s, sessions = (10.0, 40.0), 2000

    def outcome(now_s: float) -> tuple[float, DialFailure | None]:
        return (0.05, TCP if down_s[0] <= now_s < down_s[1] else None)

    trier = Trier(clock, outcome)
    breaker = CircuitBreaker(clock, log)
    dialler = PatientDialler(
        inner=trier, breaker=breaker, patience=Patience(), clock=clock, uniform=dice.uniform, log=log
    )
    served: set[int] = set()
    turned_away: Counter[int] = Counter()

    class Session:
        """A client that comes back after every failure, in two seconds or three, whatever it is told."""

        def __init__(self, number: int) -> None:
            self.number = number

        def come(self) -> None:
            if dialler.busy_s() is None:
                dialler.dial(None, self)  # type: ignore[arg-type]
            else:
                turned_away[int(clock.seconds())] += 1
                clock.callLater(dice.uniform(2, 3), self.come)

        def dialled(self, _connection: object) -> object:
            served.add(self.number)
            return self

        def dial_failed(self, _failure: DialFailure) -> None:
            clock.callLater(dice.uniform(2, 3), self.come)

    for number in range(sessions):
        clock.callLater(down_s[0] + dice.uniform(0, 1), Session(number).come)
    clock.run_until(80)
    connects = Counter(int(attempt.begun_s) for attempt in trier.tries)
    assert len(served) == sessions
    outage = {second: count for second, count in connects.items() if 12 <= second < 40}
    assert set(outage.values()) == {1}
    assert len(outage) == pytest.approx(5, abs=1)
    back = min(second for second in connects if connects[second] > 1 and second > 12)
    paced = [connects[second] for second in range(back, back + 12)]
    assert all(count <= 26 * 2 ** ((second + 1) / 2) for second, count in enumerate(paced))
    assert paced[0] <= 40
    assert breaker.circuit is Circuit.CLOSED
    assert [1, 1] == [len(log.named(f"upstream.circuit_{word}")) for word in ("open", "closed")]
    assert sum(turned_away[second] for second in range(12, 40)) > 15_000
