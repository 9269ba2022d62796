"""Telling: order, re-entrance, and mail that cannot be delivered."""

import pytest
from scripted_actors import fails

from turngate.actors import DeadLetter, Mailbox, Overflow


def test_ref_when_shown_has_its_path_only(spawn) -> None:
    """A ref shows the path of its actor."""
    parent = spawn("parent")
    assert "parent" == parent.name
    assert "<Ref parent>" == repr(parent)


def test_tell_when_outside_delivers_what_follows(spawn, log) -> None:
    """When tell returns, the message and all that it led to have been received."""
    first, second, third = (spawn(name) for name in ("first", "second", "third"))
    log.clear()

    first.tell(lambda _: second.tell(lambda _: third.tell("arrived")))

    assert [("third", "arrived")] == log


@pytest.mark.row(88)
def test_tell_when_inside_an_actor_only_queues(spawn, log) -> None:
    """An actor that tells itself, or one that answers at once, has finished before it receives the next message."""
    caller, answerer = spawn("caller"), spawn("answerer")
    log.clear()

    def call(context) -> None:
        answerer.tell(lambda _: caller.tell("answer"))
        context.self_ref.tell("to itself")
        log.append(("caller", "finished"))

    caller.tell(call)

    assert [("caller", "finished"), ("caller", "to itself"), ("caller", "answer")] == log


def test_messages_of_a_pair_when_others_interfere_keep_their_order(spawn, log) -> None:
    """What one actor tells another arrives in that order, whatever a third one tells."""
    receiver, one, two = spawn("receiver"), spawn("one"), spawn("two")
    log.clear()

    def tell_in_steps(name: str, left: int):
        def step(context) -> None:
            receiver.tell((name, left, "a"))
            receiver.tell((name, left, "b"))
            if left:
                context.self_ref.tell(tell_in_steps(name, left - 1))

        return step

    def begin(_) -> None:
        one.tell(tell_in_steps("one", 3))
        two.tell(tell_in_steps("two", 3))

    receiver.tell(begin)

    for name in ("one", "two"):
        expected = [(name, left, part) for left in (3, 2, 1, 0) for part in "ab"]
        assert expected == [message for _, message in log if message[0] == name]
    assert 16 == len(log)


def test_tell_when_it_cannot_be_delivered_raises_nothing(system, spawn) -> None:
    """A sender cannot be hurt by the state of the other: each of these is counted instead."""
    dead, failing = spawn("dead"), spawn("failing")
    full = spawn("full", mailbox=Mailbox(1, overflow=Overflow.DROP_NEWEST))
    unweighable = spawn("unweighable", mailbox=Mailbox(9, 9, fails))
    system.stop(dead)

    results = []

    def tell_full(_) -> None:
        results.extend((full.tell("fits"), full.tell("does not")))

    spawn("teller").tell(tell_full)
    results.extend((dead.tell("late"), failing.tell(fails), unweighable.tell("a message")))

    assert [None] * 5 == results
    counts = system.counts()
    assert (1, 1, 2) == (counts.dead_letters, counts.overflows, counts.failures)
    assert [DeadLetter("dead", "str")] == system.take_dead_letters()
    assert ["failing", "unweighable"] == [failure.actor for failure in system.take_failures()]


@pytest.mark.row(86)
def test_tell_when_the_other_has_ended_is_a_dead_letter(system, spawn) -> None:
    """A dead letter is reported without the message."""
    gone = spawn("gone")
    system.stop(gone)

    gone.tell({"secret": "payload"})
    gone.tell(b"payload")

    assert 2 == system.counts().dead_letters
    assert [DeadLetter("gone", "dict"), DeadLetter("gone", "bytes")] == system.take_dead_letters()
