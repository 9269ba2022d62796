"""The public test doubles are strict."""

import pytest
from scripted_actors import Scripted, fails
from twisted.internet.task import Clock

from turngate.actors import Ended, Reason
from turngate.actors.testing import TestSystem


def test_probe_when_told_keeps_the_order() -> None:
    """A probe gives its messages back, oldest first, by value or by type."""
    with TestSystem(Clock()) as system:
        probe = system.probe("client")
        for message in ("hello", 7, "bye"):
            probe.ref.tell(message)
        assert ["hello", 7, "bye"] == probe.received
        assert "hello" == probe.expect("hello")
        assert 7 == probe.expect(int)
        assert "bye" == probe.expect(str)
        probe.expect_nothing()


@pytest.mark.parametrize("wanted", ["other", int, str])
def test_probe_when_the_message_is_another_complains(wanted) -> None:
    """What is expected must be next."""
    with TestSystem(Clock()) as system:
        probe = system.probe("client")
        if wanted is not str:
            probe.ref.tell("hello")
        with pytest.raises(AssertionError, match="expected"):
            probe.expect(wanted)


def test_probe_when_more_came_complains() -> None:
    """Nothing means nothing."""
    with TestSystem(Clock()) as system:
        probe = system.probe("client")
        probe.ref.tell("hello")
        with pytest.raises(AssertionError, match="expected nothing"):
            probe.expect_nothing()


def test_probe_when_watching_hears_of_the_end() -> None:
    """A probe can watch."""
    with TestSystem(Clock()) as system:
        probe = system.probe("client")
        one = system.spawn(Scripted([], "one"), "one")
        probe.watch(one)
        system.stop(one)
        probe.expect(Ended(one, Reason.STOPPED))


def dead_letter(system: TestSystem) -> None:
    one = system.spawn(Scripted([], "one"), "one")
    system.stop(one)
    one.tell("late")


FAULTS = {
    "dead letters": dead_letter,
    "failures": lambda system: system.spawn(Scripted([], "one", starts=fails), "one"),
    "alive": lambda system: system.spawn(Scripted([], "one"), "one"),
    "on the clock": lambda system: system._clock.callLater(5, print),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_system_when_left_unclean_complains(fault) -> None:
    """Each thing that a test could forget is an error, and says what it is."""
    with pytest.raises(AssertionError, match=fault), TestSystem(Clock()) as system:
        FAULTS[fault](system)


def test_system_when_the_test_has_failed_lets_that_be_seen() -> None:
    """A first error is not hidden by what follows from it."""

    def a_test() -> None:
        with TestSystem(Clock()) as system:
            dead_letter(system)
            fails()

    with pytest.raises(LookupError):
        a_test()


def test_system_when_faults_were_expected_is_content() -> None:
    """What a test has taken, or allowed, is no fault."""
    with TestSystem(Clock(), may_live=True) as system:
        dead_letter(system)
        assert 1 == len(system.take_dead_letters())
        system.spawn(Scripted([], "two", starts=fails), "two")
        assert 1 == len(system.take_failures())
        system.spawn(Scripted([], "three", starts=lambda context: context.set_timer("key", 5, "ding")), "three")
    assert 1 == system.counts().alive
