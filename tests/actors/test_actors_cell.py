"""An actor's life: starting, stopping, watching."""

import gc
import itertools
import weakref

import pytest
from scripted_actors import Scripted, fails

from turngate.actors import Ended, Mailbox, Reason, WhenChildFails
from turngate.actors._cell import TRANSITIONS, Life, Step, after
from turngate.errors import InternalError


def test_transitions_when_listed_are_total() -> None:
    """Every step in every life leads somewhere, or is a fault of the kernel."""
    assert set(itertools.product(Life, Step)) == set(TRANSITIONS)
    for (life, step), following in TRANSITIONS.items():
        if following is None:
            with pytest.raises(InternalError):
                after(life, step)
        else:
            assert following is after(life, step)


def test_transitions_when_followed_never_lead_back() -> None:
    """A life runs one way: who stops does not run again, and who ended stays so."""
    order = list(Life)
    assert all(order.index(to) >= order.index(life) for (life, _), to in TRANSITIONS.items() if to is not None)


# --- starting


def test_start_when_mail_waits_comes_first(system, log) -> None:
    """A child that is told at once has started before it receives, and starts after the message that made it."""

    def make(context) -> None:
        child = context.spawn(Scripted(log, "child"), "child")
        child.tell("first")
        log.append(("parent", "made it"))

    system.spawn(Scripted(log, "parent"), "parent").tell(make)

    assert [("parent", "start"), ("parent", "made it"), ("child", "start"), ("child", "first")] == log


def test_stop_when_not_started_skips_the_start(system, log) -> None:
    """Who is stopped before its first turn has nothing to start for, and still tidies up."""

    def make(context) -> None:
        child = context.spawn(Scripted(log, "child"), "child")
        child.tell("first")
        context.stop(child)

    system.spawn(Scripted(log, "parent"), "parent").tell(make)

    assert [("parent", "start"), ("child", "stop")] == log
    assert 1 == system.counts().discarded


def test_spawn_when_the_name_is_taken_is_refused(system, spawn, log) -> None:
    """A path names one living actor; once that has ended, another may have it."""
    first = spawn("one")
    with pytest.raises(ValueError, match="'one'"):
        spawn("one")
    assert 1 == system.counts().alive

    system.stop(first)
    second = spawn("one")
    second.tell("hello")
    assert ("one", "hello") == log[-1]
    assert first != second


@pytest.mark.parametrize("name", ["", "a/b", "/"])
def test_spawn_when_the_name_is_no_name_is_refused(system, spawn, name) -> None:
    """A name is one part of a path."""
    with pytest.raises(ValueError, match="slash"):
        spawn(name)
    assert 0 == system.counts().alive


# --- stopping


def test_stop_when_receiving_finishes_the_message(system, spawn, clock, log) -> None:
    """The message that stops is finished; mail, notices and timers that were queued before it are not received."""
    one, other = spawn("one"), spawn("other")
    log.clear()

    def stop_in_the_middle(context) -> None:
        context.watch(other, lambda ended: ended)
        context.set_timer("key", 1, "ding")
        one.tell("mail")
        system.stop(other)
        clock.advance(1)
        context.stop()
        log.append(("one", "finished"))

    one.tell(stop_in_the_middle)
    assert [("one", "finished"), ("one", "stop"), ("other", "stop")] == log


def test_stop_when_there_are_children_ends_them_first(system, log) -> None:
    """The youngest child stops first, every child's children before it, and the parent last."""

    def spawner(*names):
        def spawn(context) -> None:
            for name in names:
                context.spawn(
                    Scripted(log, name, starts=spawner(f"{name}.1", f"{name}.2") if len(name) < 3 else None), name
                )

        return spawn

    top = system.spawn(Scripted(log, "top", starts=spawner("a", "b")), "top")
    log.clear()
    system.stop(top)

    order = [name for name, _ in log]
    assert 7 == len(order)
    assert "top" == order[-1]
    for parent in ("a", "b"):
        assert order.index(f"{parent}.2") < order.index(f"{parent}.1") < order.index(parent)
    assert order.index("b") < order.index("a")


def test_stop_when_children_take_longer_waits_for_them(clock, log) -> None:
    """An actor whose children are still ending has not ended: they go first even if the drain is cut short."""
    from turngate.actors.testing import TestSystem

    with TestSystem(clock, budget=1) as system:
        top = system.spawn(
            Scripted(log, "top", starts=lambda context: context.spawn(Scripted(log, "child"), "child")), "top"
        )
        clock.advance(0)
        system.stop(top)
        clock.advance(0)
        assert [("top", "start"), ("child", "start"), ("child", "stop"), ("top", "stop")] == log


ENDINGS = {
    "stopped": lambda system, ref: system.stop(ref),
    "stopped twice": lambda system, ref: (system.stop(ref), system.stop(ref)),
    "stopped itself": lambda system, ref: ref.tell(lambda context: context.stop()),
    "stopped itself twice": lambda system, ref: ref.tell(lambda context: (context.stop(), context.stop())),
    "failed": lambda system, ref: ref.tell(fails),
    "stopped itself and failed": lambda system, ref: ref.tell(lambda context: (context.stop(), fails())),
    "overflowed": lambda system, ref: ref.tell(lambda _: [ref.tell("more") for _ in range(5)]),
}


@pytest.mark.parametrize("policy", [WhenChildFails.STOP, WhenChildFails.ESCALATE])
@pytest.mark.parametrize("stops", [None, fails])
@pytest.mark.parametrize("starts", [None, fails])
@pytest.mark.parametrize("ending", ENDINGS)
def test_on_stop_when_ending_any_way_runs_once(system, spawn, log, ending, starts, stops, policy) -> None:
    """However an actor ends, on_stop runs, and runs once."""
    one = spawn("one", starts=starts, stops=stops, mailbox=Mailbox(4), when_fails=policy)
    ENDINGS[ending](system, one)
    one.tell("late")

    assert 1 == log.count(("one", "stop"))
    assert ("one", "stop") == log[-1]
    assert 0 == system.counts().alive
    system.take_failures()
    system.take_dead_letters()


def test_stop_when_mail_waits_discards_it(system, spawn, log) -> None:
    """What waits when the stop comes, and what is told until the end, is discarded; after it, it is a dead letter."""
    one = spawn("one", stops=lambda context: context.self_ref.tell("in on_stop"))
    log.clear()

    def stop_with_mail(context) -> None:
        one.tell("before")
        one.tell("before")
        context.stop()
        one.tell("after")

    one.tell(stop_with_mail)
    assert [("one", "stop")] == log
    assert (4, 0) == (system.counts().discarded, system.counts().dead_letters)

    one.tell("late")
    assert (4, 1) == (system.counts().discarded, system.counts().dead_letters)
    assert 1 == len(system.take_dead_letters())


@pytest.mark.row(94)
def test_ended_actor_when_only_its_ref_is_left_is_freed(system, log) -> None:
    """An ended actor, its children, and what they held are freed without the collector; nothing watched keeps them."""
    kept = system.probe("kept")
    held = []

    def busy_start(context) -> None:
        context.set_timer("key", 60, "ding")
        context.watch(kept.ref, lambda ended: ended)
        child = Scripted(log, "child")
        held.append(weakref.ref(child))
        context.spawn(child, "child")

    gc.disable()
    try:
        actor = Scripted([], "one", starts=busy_start)
        held.append(weakref.ref(actor))
        one = system.spawn(actor, "one")
        del actor
        kept.watch(one)
        assert [True] * 2 == [reference() is not None for reference in held]
        system.stop(one)
        assert [None] * len(held) == [reference() for reference in held]
    finally:
        gc.enable()
    kept.expect(Ended(one, Reason.STOPPED))


# --- watching


def test_watch_when_the_other_ends_tells_once(system, spawn) -> None:
    """Every watcher hears of the end, once."""
    watchers = [system.probe("one"), system.probe("two")]
    stopped, failed = spawn("stopped"), spawn("failed")
    for watcher in watchers:
        watcher.watch(stopped)
        watcher.watch(failed)

    system.stop(stopped)
    system.stop(stopped)
    failed.tell(fails)

    (failure,) = system.take_failures()
    for watcher in watchers:
        assert [Ended(stopped, Reason.STOPPED), Ended(failed, Reason.FAILED, failure)] == watcher.received


def test_watch_when_the_other_has_ended_still_tells(system, spawn) -> None:
    """Who comes late hears the same."""
    watcher, failed = system.probe("watcher"), spawn("failed")
    failed.tell(fails)
    (failure,) = system.take_failures()

    watcher.watch(failed)

    watcher.expect(Ended(failed, Reason.FAILED, failure))
    watcher.expect_nothing()


def test_watch_when_the_other_is_stopping_tells_when_it_has_ended(system, spawn) -> None:
    """A notice means that on_stop has run."""
    watcher = system.probe("watcher")
    heard = []
    one = spawn("one", stops=lambda _: heard.extend(watcher.received))

    def stop_and_be_watched(context) -> None:
        context.stop()
        watcher.watch(one)

    one.tell(stop_and_be_watched)
    assert [] == heard
    watcher.expect(Ended(one, Reason.STOPPED))


def test_unwatch_when_the_notice_is_queued_cancels_it(system, spawn, log) -> None:
    """Nothing is heard after unwatch, whether the other ends later, has ended, or was never watched."""
    watcher, ended, later, stranger = (spawn(name) for name in ("watcher", "ended", "later", "stranger"))
    system.stop(ended)

    def watch_and_unwatch(context) -> None:
        context.watch(ended, lambda ended: ended)
        context.watch(later, lambda ended: ended)
        context.unwatch(ended)
        context.unwatch(later)
        context.unwatch(stranger)

    log.clear()
    watcher.tell(watch_and_unwatch)
    system.stop(later)
    system.stop(stranger)
    assert [("later", "stop"), ("stranger", "stop")] == log


def test_watch_when_repeated_replaces_the_message(system, spawn, log) -> None:
    """Only the last message is received, whether the other ends later or has ended."""
    watcher, ended, later = spawn("watcher"), spawn("ended"), spawn("later")
    system.stop(ended)
    log.clear()

    def watch_again(context) -> None:
        for number in (1, 2, 3):
            context.watch(ended, lambda _, number=number: ("ended", number))
            context.watch(later, lambda _, number=number: ("later", number))

    watcher.tell(watch_again)
    assert [("watcher", ("ended", 3))] == log
    system.stop(later)
    assert ("watcher", ("later", 3)) == log[-1]
    assert 3 == len(log)


def test_notices_when_mail_waits_come_first(system, spawn, log) -> None:
    """What an actor hears of others' ends is not held up by its mail."""
    watcher, one = spawn("watcher"), spawn("one")
    watcher.tell(lambda context: context.watch(one, lambda _: "notice"))
    log.clear()

    def fill_and_stop(_) -> None:
        system.stop(one)
        watcher.tell("mail 1")
        watcher.tell("mail 2")
        watcher.tell("mail 3")

    one.tell(fill_and_stop)
    received = [message for name, message in log if name == "watcher"]
    assert "notice" in received[:2], "only a message whose turn came before the end may be first"

    log.clear()
    two = spawn("two")
    system.stop(two)

    def watch_the_dead(context) -> None:
        watcher.tell("mail")
        context.watch(two, lambda _: "notice")

    watcher.tell(watch_the_dead)
    assert ["notice", "mail"] == [message for name, message in log if name == "watcher"]
    system.take_dead_letters()
