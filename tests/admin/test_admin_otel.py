"""The sending of traces: with the real SDK, to memory, to a real receiver, and to none."""

import logging
import threading

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from twisted.internet.testing import MemoryReactorClock

from otlp_receiver import Receiver
from turngate.admin.otel import MAX_WAITING, Exporting, exporting_to
from turngate.admin.traces import Span, Trace
from turngate.errors import ConfigError

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
WALL_NS = 1_795_600_000 * 10**9
TURN = Span(
    "invoke_agent",
    10.0,
    12.5,
    {"turngate.turn.number": 1},
    below=(
        Span(
            "chat gpt",
            10.5,
            12.0,
            error="failed",
            is_call=True,
            below=(Span("turngate.first_sound", 10.5, 11.0),),
        ),
    ),
)


class Reactor(MemoryReactorClock):
    """What the SDK's thread says is kept, and said by nobody."""

    def callFromThread(self, call, *arguments):
        self.said = True


class Told:
    """Takes note of what became of spans."""

    def __init__(self):
        self.lost_spans, self.times_arrived = 0, 0

    def lost(self, spans):
        self.lost_spans += spans

    def arrived(self):
        self.times_arrived += 1


class Stuck(SpanExporter):
    """A collector that takes a batch and does not answer until the test lets it."""

    def __init__(self):
        self.began, self.may_end = threading.Event(), threading.Event()

    def export(self, spans):
        self.began.set()
        self.may_end.wait()
        return SpanExportResult.FAILURE


class Rig:
    """Sends to an exporter, or to a URL."""

    def __init__(self, to):
        self.told = Told()
        if isinstance(to, str):
            self.exporting = exporting_to(to, Reactor(), self.told)
        else:
            self.exporting = Exporting(Reactor(), self.told, to, lambda: WALL_NS)

    def sent(self, *traces):
        """Begin, take these, and end."""
        self.exporting.start()
        for trace in traces:
            self.exporting.take(trace)
        self.exporting.close()


@pytest.fixture
def memory():
    return InMemorySpanExporter()


def test_turn_is_one_trace_and_its_times_are_those_of_the_wall(memory):
    """Anchored at the moment at which the turn was known to have ended."""
    Rig(memory).sent(Trace(TURN, now_s=13.0), Trace(TURN, now_s=13.0))
    spans = list(memory.get_finished_spans())
    assert 6 == len(spans)
    assert 2 == len({span.context.trace_id for span in spans})
    root, chat, sound = sorted(spans[:3], key=lambda span: -(span.end_time - span.start_time))
    assert (WALL_NS - 3 * 10**9, WALL_NS - 5 * 10**8) == (root.start_time, root.end_time)
    assert (WALL_NS - 25 * 10**8, WALL_NS - 10**9) == (chat.start_time, chat.end_time)
    assert (None, root.context.span_id, chat.context.span_id) == (
        root.parent,
        chat.parent.span_id,
        sound.parent.span_id,
    )
    assert [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.INTERNAL] == [span.kind for span in (root, chat, sound)]
    assert (StatusCode.UNSET, StatusCode.ERROR) == (root.status.status_code, chat.status.status_code)
    assert ({"turngate.turn.number": 1}, {"error.type": "failed"}) == (dict(root.attributes), dict(chat.attributes))
    assert "turngate" == root.resource.attributes["service.name"]


def test_span_of_the_client_is_linked(memory):
    """A turn is a trace of its own: a call of an hour would be one of thousands of spans."""
    Rig(memory).sent(Trace(TURN, 13.0, PARENT), Trace(TURN, 13.0))
    links = [span.links for span in memory.get_finished_spans() if span.name == "invoke_agent"]
    (link,), none = links
    assert (PARENT.split("-")[1], PARENT.split("-")[2], 1) == (
        f"{link.context.trace_id:032x}",
        f"{link.context.span_id:016x}",
        link.context.trace_flags,
    )
    assert not none


def test_name_of_the_service_is_the_operators(memory, monkeypatch):
    """As OpenTelemetry's own variables say."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-line")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    Rig(memory).sent(Trace(TURN, 13.0))
    attributes = memory.get_finished_spans()[0].resource.attributes
    assert ("shop-line", "test") == (attributes["service.name"], attributes["deployment.environment.name"])


def test_turn_that_is_not_sampled_is_neither_sent_nor_lost(memory, monkeypatch):
    """The SDK's own variable says which are; those take no room."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    rig = Rig(memory)
    rig.sent(*[Trace(TURN, 13.0)] * MAX_WAITING)
    assert ((), 0, 0) == (memory.get_finished_spans(), rig.told.lost_spans, rig.exporting._handed)


def test_turns_when_the_collector_is_stuck_wait_up_to_a_bound_and_the_end_does_not_wait_for_it():
    """Whole turns are dropped, and counted; nobody is held up."""
    stuck = Stuck()
    rig = Rig(stuck)
    rig.exporting.start()
    try:
        for _ in range(MAX_WAITING // 3 + 5):
            rig.exporting.take(Trace(TURN, 13.0))
        assert 15 == rig.told.lost_spans
        assert stuck.began.wait(10)
        rig.exporting.close(within_s=0.01)
        assert 15 + MAX_WAITING // 3 * 3 == rig.told.lost_spans
        # who waits for it is left behind
        assert "last traces" in {thread.name for thread in threading.enumerate()}
    finally:
        stuck.may_end.set()


def test_exporter_that_breaks_loses_the_spans_and_nothing_else():
    """The SDK's thread goes on."""

    class Broken(SpanExporter):
        def export(self, spans):
            raise ZeroDivisionError

    rig = Rig(Broken())
    rig.sent(Trace(TURN, 13.0))
    assert (3, 0) == (rig.told.lost_spans, rig.exporting._waiting)


def test_turn_when_nothing_was_begun_is_lost(memory):
    """Or when it has ended."""
    rig = Rig(memory)
    rig.exporting.close()
    rig.exporting.take(Trace(TURN, 13.0))
    assert (3, ()) == (rig.told.lost_spans, memory.get_finished_spans())


def test_bytes_arrive_at_a_collector(monkeypatch):
    """By OTLP over HTTP, with what the operator's variable says to show."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-secret=s3")
    with Receiver() as receiver:
        rig = Rig(f"{receiver.url}/v1/traces")
        rig.sent(Trace(TURN, 13.0))
        ((path, headers, _),) = receiver.requests
    assert {"invoke_agent", "chat gpt", "turngate.first_sound"} == {span.name for span in receiver.spans}
    assert ("/v1/traces", "s3") == (path, headers["x-secret"])
    assert (0, 1) == (rig.told.lost_spans, rig.told.times_arrived)


def test_collector_that_refuses_is_told_by_a_count_and_by_no_words():
    """What the SDK has to say of it may hold anything, and stays out of whatever log the process has."""
    records = []
    everybody = logging.Handler()
    everybody.emit = records.append
    logging.getLogger().addHandler(everybody)
    try:
        with Receiver(status=401) as receiver:
            rig = Rig(f"{receiver.url}/v1/traces")
            rig.sent(Trace(TURN, 13.0))
    finally:
        logging.getLogger().removeHandler(everybody)
    assert (3, 1) == (rig.told.lost_spans, len(receiver.requests))
    assert [] == records


def test_collector_that_is_not_there_holds_nothing_up():
    """The SDK tries again for a while, and is left to it."""
    rig = Rig("http://127.0.0.1:1/v1/traces")
    rig.exporting.start()
    rig.exporting.take(Trace(TURN, 13.0))
    rig.exporting.close(within_s=0.01)
    assert (3, 0) == (rig.told.lost_spans, rig.told.times_arrived)


def test_variable_that_cannot_be_used_is_one_line(monkeypatch):
    """At the start, and not at the first turn."""
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many")
    with pytest.raises(ConfigError, match=r"variables OTEL_\.\.\."):
        exporting_to("http://localhost:4318/v1/traces", Reactor(), Told())
