"""Timers are messages, and a cancelled one is never received."""

import math

import pytest


def test_timer_when_its_time_comes_is_received(spawn, clock, log) -> None:
    """A timer is received once, at its time."""
    one = spawn("one")
    log.clear()
    one.tell(lambda context: context.set_timer("key", 2.5, "ding"))

    clock.advance(2.4)
    assert [] == log
    clock.advance(0.1)
    assert [("one", "ding")] == log
    clock.advance(10)
    assert [("one", "ding")] == log
    assert [] == clock.getDelayedCalls()


def test_timer_when_set_again_is_replaced(spawn, clock, log) -> None:
    """A key has one message and one time, and one call of the clock however often it is set."""
    one = spawn("one")
    log.clear()
    one.tell(lambda context: context.set_timer("key", 5, "first"))
    (call,) = clock.getDelayedCalls()

    for delay_s in (9, 1, 3):
        one.tell(lambda context, delay_s=delay_s: context.set_timer("key", delay_s, delay_s))
        assert [call] == clock.getDelayedCalls()

    clock.advance(2.9)
    assert [] == log
    clock.advance(0.1)
    assert [("one", 3)] == log
    clock.advance(10)
    assert [("one", 3)] == log


def test_timer_when_set_after_it_was_received_is_new(spawn, clock, log) -> None:
    """A key can be used again and again."""
    one = spawn("one")
    log.clear()
    for number in range(3):
        one.tell(lambda context, number=number: context.set_timer("key", 1, number))
        clock.advance(1)
    assert [("one", 0), ("one", 1), ("one", 2)] == log


def test_timers_when_keys_differ_are_independent(spawn, clock, log) -> None:
    """Two keys are two timers, and cancelling one leaves the other; so does cancelling what was never set."""
    one = spawn("one")
    log.clear()

    def arm(context) -> None:
        context.set_timer(("call", 1), 1, "one")
        context.set_timer(("call", 2), 1, "two")
        context.cancel_timer(("call", 1))
        context.cancel_timer("never set")

    one.tell(arm)
    clock.advance(1)
    assert [("one", "two")] == log


@pytest.mark.parametrize("again", [False, True])
def test_timer_when_cancelled_in_the_queue_is_not_received(spawn, clock, log, again) -> None:
    """Mail that was told before a timer was due can still cancel or replace it."""
    one = spawn("one")
    log.clear()

    def cancel(context) -> None:
        context.cancel_timer("key")
        if again:
            context.set_timer("key", 1, "second")

    def while_busy(context) -> None:
        context.set_timer("key", 1, "first")
        one.tell(cancel)
        clock.advance(1)  # it is due, and queued behind the mail

    one.tell(while_busy)
    assert [] == log
    clock.advance(5)
    assert ([("one", "second")] if again else []) == log


def test_timer_when_replaced_in_the_queue_keeps_its_new_time(spawn, clock, log) -> None:
    """Setting a key whose timer is queued waits anew."""
    one = spawn("one")
    log.clear()

    def while_busy(context) -> None:
        context.set_timer("key", 1, "first")
        clock.advance(1)
        context.set_timer("key", 1, "second")

    one.tell(while_busy)
    assert [] == log
    clock.advance(1)
    assert [("one", "second")] == log


@pytest.mark.row(94)
def test_timers_when_the_actor_stops_leave_the_clock(system, spawn, clock, log) -> None:
    """Stopping disarms at once, in the message that stops, and what is queued is not received."""
    one = spawn("one")

    def arm_and_stop(context) -> None:
        context.set_timer("queued", 1, "queued")
        context.set_timer("armed", 5, "armed")
        clock.advance(1)
        context.stop()
        assert [] == clock.getDelayedCalls()

    one.tell(arm_and_stop)

    assert [("one", "start"), ("one", "stop")] == log
    assert 0 == system.counts().discarded, "a timer is not mail"


@pytest.mark.parametrize("delay_s", [-1, -0.001, math.nan])
def test_timer_when_its_delay_is_no_time_is_refused(spawn, clock, delay_s) -> None:
    """A delay in the past, or one that is no number, is the caller's fault."""
    raised = []

    def arm(context) -> None:
        try:
            context.set_timer("key", delay_s, "ding")
        except ValueError as error:
            raised.append(error)

    spawn("one").tell(arm)
    assert 1 == len(raised)
    assert [] == clock.getDelayedCalls()


def test_seconds_when_asked_is_the_injected_clock(spawn, clock) -> None:
    """Actors read no clock but the one that the system was given."""
    seconds = []
    one = spawn("one")
    for _ in range(2):
        one.tell(lambda context: seconds.append(context.seconds()))
        clock.advance(1.5)
    assert [0.0, 1.5] == seconds
