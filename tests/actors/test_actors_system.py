"""The ready queue, its budget, and the counters."""

import pytest
from scripted_actors import Scripted, fails
from twisted.internet.task import Clock

from turngate.actors import ActorSystem, Counts, Ended, Reason
from turngate.actors.testing import TestSystem


def test_busy_actors_when_several_take_turns(spawn, log) -> None:
    """One with a lot of mail does not hold up another."""
    many, few = spawn("many"), spawn("few")
    log.clear()

    def tell_both(_) -> None:
        for number in range(3):
            many.tell(number)
        few.tell("one")

    spawn("teller").tell(tell_both)

    assert [("many", 0), ("few", "one"), ("many", 1), ("many", 2)] == [entry for entry in log if entry[0] != "teller"]


def test_drain_when_budget_is_spent_leaves_one_call(clock, log) -> None:
    """A chatty actor leaves the reactor its turn, and one call comes back for it, however much happens meanwhile."""
    with TestSystem(clock, budget=10) as system:
        chatty, witness = (system.spawn(Scripted(log, name), name) for name in ("chatty", "witness"))

        def chat(context) -> None:
            log.append(("chatty", "chat"))
            context.self_ref.tell(chat)

        log.clear()
        chatty.tell(chat)
        assert 10 == len(log)
        assert [0.0] == [call.getTime() for call in clock.getDelayedCalls()]

        witness.tell("told from outside in the same reactor turn")
        assert ("witness", "told from outside in the same reactor turn") in log
        assert 1 == len(clock.getDelayedCalls())

        # one reactor turn; Clock.advance would call whatever is due now until nothing is, which here is never
        (resume,) = clock.getDelayedCalls()
        clock.calls.remove(resume)
        before = len(log)
        resume.func(*resume.args, **resume.kw)
        assert before + 10 == len(log)
        assert 1 == len(clock.getDelayedCalls())
        system.stop_all()


def test_drain_when_anything_happens_outside_starts_itself(system, spawn, clock, log) -> None:
    """What starts outside of every actor is finished when it returns."""
    contexts = []
    keeper = spawn("keeper", starts=contexts.append)
    assert [("keeper", "start")] == log

    (context,) = contexts
    child = context.spawn(Scripted(log, "child"), "child")
    assert ("child", "start") == log[-1]
    context.stop(child)
    assert ("child", "stop") == log[-1]
    context.watch(child, lambda ended: ended)
    assert ("keeper", Ended(child, Reason.STOPPED)) == log[-1]
    context.set_timer("soon", 1, "ding")
    clock.advance(1)
    assert ("keeper", "ding") == log[-1]
    system.stop(keeper)
    assert ("keeper", "stop") == log[-1]


def test_counts_when_asked_are_a_snapshot(system, spawn) -> None:
    """Counts are values: they do not change when the system does."""
    before = system.counts()
    one = spawn("one")
    one.tell(fails)
    one.tell("late")

    assert Counts(alive=0, dead_letters=0, discarded=0, failures=0, overflows=0) == before
    assert Counts(alive=0, dead_letters=1, discarded=0, failures=1, overflows=0) == system.counts()
    assert 1 == len(system.take_failures())
    assert 1 == len(system.take_dead_letters())


@pytest.mark.row(85)
def test_reports_when_they_raise_disturb_nobody(log) -> None:
    """A callback that fails is counted, and neither the sender nor the ending notices."""
    system = ActorSystem(Clock(), on_dead_letter=fails, on_failure=fails)
    one = system.spawn(Scripted(log, "one"), "one")

    one.tell(fails)
    one.tell("late")

    assert ("one", "stop") == log[-1]
    assert Counts(alive=0, dead_letters=1, discarded=0, failures=3, overflows=0) == system.counts()


def test_reports_when_not_asked_for_are_still_counted(log) -> None:
    """A system without callbacks counts."""
    system = ActorSystem(Clock())
    one = system.spawn(Scripted(log, "one"), "one")
    one.tell(fails)
    one.tell("late")
    assert (1, 1) == (system.counts().failures, system.counts().dead_letters)


def test_budget_when_nothing_is_refused() -> None:
    """A system that could never deliver is refused."""
    with pytest.raises(ValueError, match="budget"):
        ActorSystem(Clock(), budget=0)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("moment", ["start", "message", "stop"])
def test_interrupt_when_raised_passes_through(clock, log, interrupt, moment) -> None:
    """Whoever told gets the interrupt; the actor it passed through, and all others, work on."""

    def interrupts(*_) -> None:
        raise interrupt

    with TestSystem(clock) as system:
        witness = system.spawn(Scripted(log, "witness"), "witness")
        if moment == "start":
            with pytest.raises(interrupt):
                system.spawn(Scripted(log, "one", starts=interrupts), "one")
            assert 2 == system.counts().alive
        else:
            one = system.spawn(Scripted(log, "one", stops=interrupts if moment == "stop" else None), "one")

            def tell_all(context) -> None:
                one.tell(interrupts if moment == "message" else lambda context: context.stop())
                one.tell("next")
                witness.tell("next")

            with pytest.raises(interrupt):
                witness.tell(tell_all)
            clock.advance(0)
            assert ("witness", "next") in log
            assert (moment == "message") == (("one", "next") in log)
        system.stop_all()
        assert 1 == log.count(("one", "stop"))


def test_stop_all_when_several_live_ends_the_youngest_first(system, spawn, log) -> None:
    """The whole tree can be ended at once."""
    spawn("old")
    spawn("young")
    log.clear()
    system.stop_all()
    assert [("young", "stop"), ("old", "stop")] == log
    assert 0 == system.counts().alive
