import json

import pytest
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from turngate.proxy.ports import Closed, IConnection, Upgrade
from turngate.simulator.script import Drop, OnServer, Script
from turngate.simulator.server import PATH, Simulator
from turngate.simulator.session import Manner


@implementer(IConnection)
class Connection:
    peer = "memory"

    def __init__(self):
        self.sent = []
        self.calls = []

    def send_text(self, payload):
        self.sent.append(json.loads(payload))

    def send_binary(self, payload):
        raise AssertionError("the API has no binary frames")

    def pause_reading(self):
        self.calls.append("pause")

    def resume_reading(self):
        self.calls.append("resume")

    def close(self, code, reason):
        self.calls.append((code, reason))

    def abort(self):
        self.calls.append("abort")


def opened(simulator, **query):
    connection = Connection()
    upgrade = Upgrade(PATH, "memory", {name: [value] for name, value in query.items()})
    return connection, simulator.accept(connection, upgrade)


def event(event_type, **fields):
    return json.dumps({"type": event_type, **fields}).encode()


@pytest.fixture
def clock():
    """Time by hand."""
    return Clock()


def test_the_fake_connection_is_a_connection():
    """The double keeps to the interface."""
    assert verifyObject(IConnection, Connection())


def test_a_session_is_opened_with_the_model_of_the_url(clock):
    """``?model=`` names it, and there is a default."""
    simulator = Simulator(clock)
    named, _ = opened(simulator, model="gpt-realtime-mini")
    default, _ = opened(simulator)
    assert named.sent[0]["session"]["model"] == "gpt-realtime-mini"
    assert default.sent[0]["session"]["model"] == "gpt-realtime"
    assert named.sent[0]["session"]["id"] != default.sent[0]["session"]["id"]


def test_sessions_are_counted(clock):
    """Those begun and those open."""
    simulator = Simulator(clock)
    _, line = opened(simulator)
    opened(simulator)
    line.closed(Closed(1000))
    assert (simulator.counters.sessions, simulator.counters.open_sessions) == (2, 1)


def test_refusals_for_an_active_response_are_counted_apart(clock):
    """Updates and creates, and their sum: what a proxy's gate must keep at nothing."""
    simulator = Simulator(clock)
    _, line = opened(simulator)
    line.text_received(event("response.create"))
    line.text_received(event("response.create"))
    line.text_received(event("session.update", session={"type": "realtime"}))
    line.text_received(event("session.update", session={"type": "realtime"}))
    counters = simulator.counters
    assert (counters.creates_refused_active, counters.updates_refused_active) == (1, 2)
    assert counters.active_response_refusals == 3
    assert counters.events_received == {"response.create": 2, "session.update": 2}
    clock.pump([0.01] * 1000)
    line.text_received(event("session.update", session={"type": "realtime"}))
    assert simulator.counters.responses_completed == 1
    assert simulator.counters.updates_accepted == 1
    assert simulator.counters.events_sent["response.done"] == 1


def test_frames_are_recorded_when_that_is_asked_for(clock):
    """The latest, with the session that they came from; without asking none."""
    simulator = Simulator(clock, record_frames=2)
    silent = Simulator(clock)
    for each in (simulator, silent):
        _, line = opened(each)
        for text in ("1", "2", "3"):
            line.text_received(event("input_audio_buffer.clear", event_id=text))
    assert [frame.event["event_id"] for frame in simulator.received] == ["2", "3"]
    assert [frame.session for frame in simulator.received] == [1, 1]
    assert len(simulator.received_events("input_audio_buffer.clear")) == 2
    assert simulator.received_events("session.update") == []
    assert len(silent.received) == 0
    assert "event_id" not in repr(simulator.received)


def test_a_binary_frame_closes_the_connection(clock):
    """The API has none."""
    connection, line = opened(Simulator(clock))
    line.binary_received(b"x")
    assert connection.calls[0][0] == 1003


def test_a_client_that_does_not_read_is_sent_nothing_and_read_no_more(clock):
    """Until it reads again, and then everything comes."""
    connection, line = opened(Simulator(clock))
    line.text_received(event("response.create"))
    line.congested()
    count = len(connection.sent)
    clock.pump([0.1] * 100)
    assert len(connection.sent) == count
    line.relieved()
    clock.pump([0.1] * 100)
    assert connection.sent[-1]["type"] == "response.done"
    assert connection.calls == ["pause", "resume"]


def test_nothing_waits_when_all_connections_are_gone(clock):
    """No timer is left behind."""
    simulator = Simulator(clock, script=Script((OnServer("response.created", Drop()),)), manner=Manner())
    lines = [opened(simulator)[1] for _ in range(3)]
    for line in lines:
        line.text_received(event("response.create"))
        line.closed(Closed(1006))
    assert clock.getDelayedCalls() == []


def test_there_is_no_url_before_it_listens(clock):
    """Asking too early is a fault of the caller."""
    with pytest.raises(RuntimeError, match=r"listen\(\)"):
        Simulator(clock).url  # noqa: B018 - the property raises
