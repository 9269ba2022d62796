"""Whether traces arrive, and how often that is told."""

import pytest
from twisted.internet.task import Clock

from turngate.admin.delivery import TELL_EVERY_S, Delivery
from turngate.admin.metrics import Metrics
from turngate.ops.logging import Log


class Rig:
    """A delivery, and the lines that a log at the level info would have."""

    def __init__(self):
        self.clock, self.lines, self.metrics = Clock(), [], Metrics()
        log = Log("info", watch=self.metrics.see)
        self.delivery = Delivery(self, self.clock.seconds)
        self.log = log

    def debug(self, event, **fields):
        self.log.debug(event, **fields)

    def info(self, event, **fields):
        self.lines.append((event, fields))
        self.log.info(event, **fields)

    warn = info


@pytest.fixture
def rig():
    return Rig()


def test_collector_that_is_down_is_one_line_in_five_minutes(rig):
    """All that was lost is counted, and told with the next line."""
    for _ in range(10):
        rig.delivery.lost(3)
        rig.clock.advance(TELL_EVERY_S / 5)
    expected = [{"spans": 3, "unlogged": None}, {"spans": 3, "unlogged": 12}]
    assert [("traces.not_exported", fields) for fields in expected] == rig.lines
    assert 30 == rig.metrics.registry.get_sample_value("turngate_spans_lost_total")


def test_collector_that_is_back_is_told_once(rig):
    """With what was not told before."""
    rig.delivery.arrived()
    rig.delivery.lost(3)
    rig.delivery.lost(4)
    rig.delivery.arrived()
    rig.delivery.arrived()
    expected = [("traces.not_exported", {"spans": 3, "unlogged": None}), ("traces.exported_again", {"unlogged": 4})]
    assert expected == rig.lines


def test_collector_that_comes_and_goes_does_not_fill_the_log(rig):
    """Two lines in five minutes, whatever it does."""
    for _ in range(100):
        rig.delivery.lost(1)
        rig.delivery.arrived()
        rig.clock.advance(1.0)
    assert ["traces.not_exported", "traces.exported_again"] == [event for event, _ in rig.lines]
