"""Sessions that crash one after the other; time by hand."""

import pytest
from twisted.internet.task import Clock

from turngate.admin.storm import MANY, WITHIN_S, Storm


@pytest.mark.row(90)
def test_storm_rages_when_many_sessions_crash_and_is_over_after_a_while():
    """One fewer is none, other events are none, and old crashes are forgotten."""
    clock = Clock()
    storm = Storm(clock.seconds)
    for _ in range(MANY - 1):
        storm.see("session.crashed")
        storm.see("session.ended")
    assert not storm.rages
    storm.see("session.crashed")
    assert storm.rages
    clock.advance(WITHIN_S)
    assert not storm.rages
    storm.see("session.crashed")
    assert not storm.rages
