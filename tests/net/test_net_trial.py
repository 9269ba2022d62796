"""A connection on trial, until the upstream's first word."""

import pytest
from dial_rig import TCP, Trier
from net_rig import Dialled
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from turngate.net.trial import TrialDialler
from turngate.proxy.ports import Closed, DialFailure, DialFault, IDialler, IDialling, Outlook

NO = DialFailure(DialFault.IN_BAND, "no", Outlook.REFUSED)
GONE = DialFailure(DialFault.IN_BAND, "gone")


class Words:
    """Knows two words."""

    def spoken(self, payload: bytes) -> DialFailure | None:
        return NO if payload == b"no" else None

    def unspoken(self, how: Closed) -> DialFailure:
        assert how.code == 3000
        return GONE


def on_trial(clock: Clock) -> tuple[Trier, Dialled, IDialling]:
    """A dialling under way."""
    trier, dialled = Trier(clock), Dialled()
    dialler = TrialDialler(trier, Words(), 10.0, clock)
    assert verifyObject(IDialler, dialler)
    dialling = dialler.dial("m", dialled)
    assert verifyObject(IDialling, dialling)
    assert trier.models == ["m"]
    return trier, dialled, dialling


def test_connection_is_handed_over_with_the_first_word(clock: Clock) -> None:
    """Nothing that the upstream said is lost, and afterwards everything goes straight to who asked."""
    trier, dialled, dialling = on_trial(clock)
    wire = trier.last.succeed()
    assert dialled.connections == []
    trier.last.says(b"yes")
    assert dialled.connections == [wire]
    trier.last.says(b"no")
    ear = trier.last.ear
    assert ear is not None
    ear.binary_received(b"b")
    ear.congested()
    ear.relieved()
    clock.advance(60)
    dialling.cancel()
    trier.last.closes(1000, "bye")
    assert dialled.listener.calls == [
        ("text", b"yes"),
        ("text", b"no"),
        ("binary", b"b"),
        ("congested",),
        ("relieved",),
        ("closed", Closed(1000, "bye")),
    ]
    assert (dialled.failures, wire.aborts) == ([], 0)


def test_pressure_before_the_first_word_is_told_with_it(clock: Clock) -> None:
    """Who takes over knows how the connection stands."""
    trier, dialled, _ = on_trial(clock)
    trier.last.succeed()
    ear = trier.last.ear
    assert ear is not None
    ear.congested()
    ear.relieved()
    ear.congested()
    ear.binary_received(b"?")
    trier.last.says(b"yes")
    assert dialled.listener.calls == [("congested",), ("text", b"yes")]


def test_refusal_is_a_failure_and_drops_the_connection(clock: Clock) -> None:
    """The close that follows a refusal is no second failure."""
    trier, dialled, _ = on_trial(clock)
    wire = trier.last.succeed()
    trier.last.says(b"no")
    trier.last.says(b"yes")
    trier.last.closes(3000)
    assert (dialled.failures, dialled.connections, wire.aborts) == ([NO], [], 1)


def test_close_before_a_word_is_a_failure(clock: Clock) -> None:
    """101 and then nothing but the end."""
    trier, dialled, _ = on_trial(clock)
    trier.last.succeed()
    trier.last.closes(3000)
    assert dialled.failures == [GONE]


def test_silence_is_a_failure(clock: Clock) -> None:
    """A server that takes everybody in and says nothing is known by that."""
    trier, dialled, _ = on_trial(clock)
    wire = trier.last.succeed()
    clock.advance(9.9)
    assert dialled.failures == []
    clock.advance(0.1)
    assert dialled.failures == [DialFailure(DialFault.TIME, "the upstream said nothing within 10 s")]
    assert wire.aborts == 1


def test_failure_to_connect_is_passed_on(clock: Clock) -> None:
    """There was nothing to try out."""
    trier, dialled, _ = on_trial(clock)
    trier.last.fail(TCP)
    assert dialled.failures == [TCP]


@pytest.mark.parametrize("is_open", [False, True])
def test_cancel_leaves_nothing(clock: Clock, is_open: bool) -> None:
    """Neither a try nor a connection nor a timer; a second one does nothing."""
    trier, dialled, dialling = on_trial(clock)
    if is_open:
        trier.last.succeed()
    dialling.cancel()
    dialling.cancel()
    assert (1 if is_open else 0) == trier.last.wire.aborts
    assert (0 if is_open else 1) == trier.last.cancels
    if is_open:
        trier.last.says(b"yes")
        trier.last.closes(1006)
    assert (dialled.failures, dialled.connections) == ([], [])


def test_fault_of_who_asked_is_logged(clock: Clock, logged: list[str]) -> None:
    """A listener that fails on a failure costs nothing more."""

    def fail() -> None:
        raise KeyError("canary")

    trier = Trier(clock)
    TrialDialler(trier, Words(), 10.0, clock).dial(None, Dialled(notify=fail))
    trier.last.succeed()
    trier.last.says(b"no")
    assert "KeyError" in logged[0]
    assert "canary" not in logged.pop()
