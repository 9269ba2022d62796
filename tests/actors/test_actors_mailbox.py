"""Bounds, and what happens at them."""

import pytest
from scripted_actors import Scripted

from turngate.actors import Ended, Mailbox, MailboxFullError, Overflow, Reason


@pytest.fixture
def busy(system, log):
    """Spawn an actor with a mailbox, and tell it messages while another is at work, so that they queue."""

    def tell_busy(mailbox: Mailbox, messages, *, starts=None) -> object:
        ref = system.spawn(Scripted(log, "busy", starts=starts), "busy", mailbox=mailbox)
        teller = system.spawn(Scripted(log, "teller"), "teller")
        log.clear()

        def tell_all(_) -> None:
            for message in messages:
                ref.tell(message)

        teller.tell(tell_all)
        return ref

    return tell_busy


def received(log) -> list[object]:
    return [message for name, message in log if name == "busy"]


def test_mailbox_when_not_asked_for_is_bounded() -> None:
    """The default is a number, and says what happens at it."""
    assert Mailbox(1_024, None, None, Overflow.FAIL) == Mailbox()


def test_mailbox_when_not_asked_for_fails_past_its_bound(system, busy, log) -> None:
    """The default bound holds."""
    probe = system.probe("probe")
    ref = busy(Mailbox(), range(1_025))
    probe.watch(ref)

    assert [Reason.FAILED] == [ended.reason for ended in probe.received]
    assert ["stop"] == received(log)
    assert 1 == system.counts().overflows
    assert 1_024 == system.counts().discarded
    (failure,) = system.take_failures()
    assert f"{MailboxFullError.__module__}.MailboxFullError" == failure.error


@pytest.mark.parametrize(
    "arguments", [{"max_messages": 0}, {"max_messages": -1}, {"max_weight": 5}, {"weigh": len}], ids=str
)
def test_mailbox_when_it_makes_no_sense_is_refused(arguments) -> None:
    """A mailbox holds at least one message, and weighs with a limit or not at all."""
    with pytest.raises(ValueError, match=r"max_messages|max_weight"):
        Mailbox(**arguments)


@pytest.mark.row(87)
def test_overflow_when_fail_fails_the_actor(system, busy, log) -> None:
    """The message without room is lost, and so is the actor."""
    probe = system.probe("probe")
    ref = busy(Mailbox(2), ["a", "b"])
    assert ["a", "b"] == received(log)

    system.stop(ref)
    assert "a" == busy_again(system, log, Mailbox(2), ["a", "b", "c"], probe)
    ended = probe.expect(Ended)
    assert Reason.FAILED == ended.reason
    assert system.take_failures() == [ended.cause]
    assert 1 == system.counts().overflows


def busy_again(system, log, mailbox, messages, probe) -> object:
    """Tell all from inside the actor itself, which finishes its message before it ends."""
    log.clear()
    ref = system.spawn(Scripted(log, "again"), "again", mailbox=mailbox)
    probe.watch(ref)

    def tell_itself(context) -> None:
        for message in messages:
            context.self_ref.tell(message)
        log.append(("again", messages[0]))

    ref.tell(tell_itself)
    assert [("again", "start"), ("again", "a"), ("again", "stop")] == log
    return log[1][1]


def test_overflow_when_drop_oldest_keeps_the_newest(system, busy, log) -> None:
    """Newer mail takes the place of older."""
    busy(Mailbox(2, overflow=Overflow.DROP_OLDEST), "abcde")
    assert ["d", "e"] == received(log)
    assert 3 == system.counts().overflows


def test_overflow_when_drop_newest_keeps_the_oldest(system, busy, log) -> None:
    """Older mail keeps its place."""
    busy(Mailbox(2, overflow=Overflow.DROP_NEWEST), "abcde")
    assert ["a", "b"] == received(log)
    assert 3 == system.counts().overflows


@pytest.mark.parametrize(
    ("overflow", "kept", "lost"),
    [
        (Overflow.DROP_OLDEST, ["cc", "dddd"], 2),
        (Overflow.DROP_NEWEST, ["aaa", "bb", "e"], 2),
    ],
)
@pytest.mark.row(87)
def test_weight_when_bounded_counts_like_number(system, busy, log, overflow, kept, lost) -> None:
    """Mail gives way by weight as it does by number."""
    messages = ["aaa", "bb", "cc", "dddd"] if overflow is Overflow.DROP_OLDEST else ["aaa", "bb", "cc", "dddd", "e"]
    busy(Mailbox(9, 6, len, overflow), messages)
    assert kept == received(log)
    assert lost == system.counts().overflows


def test_weight_when_received_makes_room_again(system, busy, log) -> None:
    """Weight leaves with its message, and with one that was dropped."""
    ref = busy(Mailbox(9, 6, len, Overflow.DROP_OLDEST), ["aaa", "bbb", "ccc"])
    ref.tell("dddddd")
    ref.tell("eeeeee")
    assert ["bbb", "ccc", "dddddd", "eeeeee"] == received(log)
    assert 1 == system.counts().overflows


@pytest.mark.parametrize("overflow", [Overflow.DROP_OLDEST, Overflow.DROP_NEWEST])
def test_overflow_when_one_message_is_too_heavy_spares_the_others(system, busy, log, overflow) -> None:
    """What could never fit drives nothing else out."""
    busy(Mailbox(9, 6, len, overflow), ["aaa", "too heavy", "bbb"])
    assert ["aaa", "bbb"] == received(log)
    assert 1 == system.counts().overflows


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize(
    ("overflow", "kept"),
    [(Overflow.DROP_OLDEST, ["ding", "dong", "c"]), (Overflow.DROP_NEWEST, ["ding", "a", "dong"])],
)
def test_due_timers_when_the_mailbox_is_full_are_kept(system, busy, clock, log, overflow, kept, weighed) -> None:
    """Timers come in the order of the mail, whatever happens to the mail around them."""
    mailbox = Mailbox(1, 1 if weighed else None, len if weighed else None, overflow)

    def arm(context) -> None:
        context.set_timer(1, 1, "ding")
        context.set_timer(2, 2, "dong")

    ref = busy(mailbox, (), starts=arm)

    def while_busy(_) -> None:
        clock.advance(1)
        ref.tell("a")
        clock.advance(1)
        ref.tell("b")
        ref.tell("c")

    system.spawn(Scripted(log, "other"), "other").tell(while_busy)

    assert kept == received(log)
    assert 2 == system.counts().overflows
