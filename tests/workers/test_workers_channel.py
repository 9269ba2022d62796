"""Messages between two processes, over a transport that keeps what is written."""

import pytest
from twisted.internet.protocol import connectionDone
from twisted.internet.testing import StringTransport

from turngate.admin.sums import Family, Sample
from turngate.workers.channel import Channel
from turngate.workers.words import (
    Answered,
    Ask,
    Beat,
    Begin,
    Drain,
    Failed,
    Hurry,
    Line,
    Ready,
    Reload,
    What,
    of_parent,
    of_worker,
)

FAMILY = Family("turngate_turns", "counter", "Turns.", [Sample("turngate_turns_total", {"began": "spoken"}, 3.0)])


class Ends:
    """Both ends of a channel."""

    def __init__(self):
        self.heard_by_parent, self.heard_by_worker, self.ends = [], [], []
        self.parent = Channel(of_worker, self.heard_by_parent.append, lambda: self.ends.append("parent"))
        self.worker = Channel(of_parent, self.heard_by_worker.append, lambda: self.ends.append("worker"))
        for end in (self.parent, self.worker):
            end.makeConnection(StringTransport())

    def carry(self):
        """Take to each end what the other has said, a byte at a time."""
        for one, other in ((self.parent, self.worker), (self.worker, self.parent)):
            said = one.transport.value()
            one.transport.clear()
            for byte in said:
                other.dataReceived(bytes([byte]))


@pytest.mark.parametrize(
    "message",
    [
        Begin(1, 2, b"\x80\x04pickled", "ws://127.0.0.1:1/"),
        Drain(),
        Hurry(),
        Reload(),
        Reload(b"new"),
        Ask(7, What.DISMISS, "a"),
    ],
)
def test_worker_hears_what_its_parent_says(message):
    ends = Ends()
    ends.parent.tell(message)
    ends.parent.tell(Drain())
    ends.carry()
    assert [message, Drain()] == ends.heard_by_worker


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Failed("no such key"),
        Beat(3, 2, 1, "memory is short", True),
        Line("info", "session.ended seconds=1.5", "session.ended", {"seconds": 1.5, "client": None, "turns": 3}),
        Answered(7, metrics=[FAMILY], sessions=[{"session": "a", "waits_for": ["settings"], "age_s": 1.0}]),
    ],
)
def test_parent_hears_what_a_worker_says(message):
    ends = Ends()
    ends.worker.tell(message)
    ends.carry()
    assert [message] == ends.heard_by_parent


def test_end_is_told_once_and_nothing_is_said_after_it():
    """A process that has died hears nothing; whoever waits for its own last words waits no longer."""
    ends = Ends()
    closed = []
    ends.worker.close().addCallback(closed.append)
    assert [] == closed
    ends.worker.connectionLost(connectionDone)
    ends.worker.close().addCallback(closed.append)
    assert [None, None] == closed
    ends.worker.transport.clear()
    ends.worker.tell(Ready())
    assert b"" == ends.worker.transport.value()
    assert ["worker"] == ends.ends


def test_channel_that_is_full_says_so():
    """What can be left unsaid is, then."""
    ends = Ends()
    ends.worker.transport.producer.pauseProducing()
    assert ends.worker.is_congested
    ends.worker.transport.producer.resumeProducing()
    assert not ends.worker.is_congested
