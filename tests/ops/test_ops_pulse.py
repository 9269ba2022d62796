"""The pulse: how late the reactor is, and what is said of it; time by hand."""

import pytest
from twisted.internet.task import Clock

from turngate.ops.logging import Log
from turngate.ops.pulse import PERIOD_S, QUIET_S, STALL_S, Pulse


class Patient:
    def __init__(self):
        self.clock, self.lags, self.lines = Clock(), [], []
        log = Log("error", watch=lambda event, fields: self.lines.append((event, fields)))
        self.pulse = Pulse(self.clock, log, self.lags.append)
        self.pulse.start()


def test_pulse_when_the_reactor_keeps_up_says_nothing():
    """It is measured all the time, and there is nothing to tell."""
    patient = Patient()
    for _ in range(3):
        patient.clock.advance(PERIOD_S)
    assert [0.0, 0.0, 0.0] == patient.lags
    assert [] == patient.lines
    patient.pulse.stop()
    assert [] == patient.clock.getDelayedCalls()


@pytest.mark.row(61)
def test_pulse_when_the_reactor_stalls_is_one_line_and_then_one_in_a_while():
    """A proxy in trouble does not fill its log besides; the worst is told, and how often."""
    patient = Patient()
    patient.clock.advance(PERIOD_S + STALL_S)
    assert [("reactor.stalled", {"seconds": STALL_S, "times": 1})] == patient.lines
    patient.clock.advance(PERIOD_S + 2.0)
    patient.clock.advance(PERIOD_S + 1.0)
    assert 1 == len(patient.lines)
    for _ in range(int(QUIET_S / PERIOD_S)):
        patient.clock.advance(PERIOD_S)
    assert ("reactor.stalled", {"seconds": 2.0, "times": 2}) == patient.lines[-1]
    assert 2 == len(patient.lines)
    assert max(patient.lags) == 2.0


@pytest.mark.row(89)
def test_pulse_when_who_counts_fails_goes_on():
    """The next appointment is made before anybody is told of this one."""
    clock = Clock()

    def fail(lag_s):
        raise RuntimeError

    Pulse(clock, Log("error"), fail).start()
    with pytest.raises(RuntimeError):
        clock.advance(PERIOD_S)
    assert 1 == len(clock.getDelayedCalls())
