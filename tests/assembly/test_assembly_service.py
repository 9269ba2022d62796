"""How the service begins and ends."""

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.testing import MemoryReactorClock

from turngate.assembly.service import TurngateService
from turngate.ops.config import Config
from turngate.ops.drain import CLOSE_WITHIN_S, Drain
from turngate.ops.logging import Log


class ListeningPort:
    """A port that is nowhere."""

    def __init__(self, address=None):
        self.address = address or IPv4Address("TCP", "127.0.0.1", 8080)
        self.stops = 0

    def getHost(self):
        return self.address

    def stopListening(self):
        self.stops += 1


class Sessions:
    """A reception whose sessions end when the test says so."""

    sessions = 1

    def __init__(self):
        self.when_empty = None

    def leave_soon(self, when_empty):
        self.when_empty = when_empty
        return ("name",)

    def ask_to_leave(self, name):
        pass

    def shut_down(self, when_empty):
        self.when_empty = when_empty


class Stage:
    """A service with nothing real about it."""

    def __init__(self):
        self.clock = MemoryReactorClock()
        self.port = ListeningPort()
        self.reception = Sessions()
        log = Log("error")
        self.drain = Drain(self.reception, self.clock, lambda low, _high: low, log, 30.0)
        self.service = TurngateService(
            self.clock, log, Config(upstream="simulator"), (self.port,), self.reception, None, drain=self.drain
        )
        self.service.startService()

    def stop(self):
        """Stop the service, and give a list that the end is put in."""
        ends = []
        self.service.stopService().addCallback(ends.append)
        return ends


def test_stop_waits_for_the_sessions_and_listens_meanwhile():
    """Who is in is let out; who comes is told to come again, for which somebody has to listen."""
    stage = Stage()
    ends = stage.stop()
    assert ([], 0) == (ends, stage.port.stops)
    stage.reception.when_empty()
    assert ([None], 1) == (ends, stage.port.stops)
    assert [] == stage.clock.getDelayedCalls()


@pytest.mark.row(91)
def test_stop_waits_no_longer_than_its_deadline():
    """Left alone, twistd would wait for ever for a session that never ends."""
    stage = Stage()
    ends = stage.stop()
    stage.clock.advance(30.0)
    stage.clock.advance(CLOSE_WITHIN_S - 0.1)
    assert [] == ends
    stage.clock.advance(0.1)
    assert [None] == ends


def test_session_may_end_after_the_deadline():
    """The end is told once."""
    stage = Stage()
    ends = stage.stop()
    stage.clock.advance(30.0)
    stage.clock.advance(CLOSE_WITHIN_S)
    stage.reception.when_empty()
    assert [None] == ends
